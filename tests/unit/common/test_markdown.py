from bisenet_lib.common.markdown import markdown_table


def test_a_table_and_its_columns():
    assert markdown_table(["class", "IoU %"], [("road", 97.5), ("pole", "absent")], "lr") == (
        "| class | IoU % |\n|---|--:|\n| road | 97.5 |\n| pole | absent |"
    )
    assert markdown_table(["a", "b"], []).splitlines()[1] == "|---|---|"
