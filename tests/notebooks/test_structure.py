"""Every notebook has the shape of a lesson, and its kept outputs come from one clean run."""

import json
import re

import nbformat
import papermill
import pytest
from ipykernel.ipkernel import IPythonKernel
from jupyter_client.kernelspec import KernelSpecManager
from lessons import FOLDER, PATHS, cells, tags, text

from bisenet_lib.course.pages import HEADLINE, WIDGET

TAGS = {"parameters", "nbval-ignore-output", HEADLINE}

pytestmark = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def test_begins_with_title_picture_and_goals(path):
    head = cells(path)[0].source
    assert head.startswith(f"# {path.stem[:2]} ")
    assert re.search(r"!\[[^\]]{20,}\]\(images/\w+\.png\)", head), "no picture with alt text"
    goals = head.split("**Goals**")[1]
    assert 3 <= len(re.findall(r"^> \d\. ", goals, re.M)) <= 5
    assert "**You need**" in goals
    assert "**Works offline:** yes" in goals


def test_header_tells_measured_time_and_memory_of_each_profile(path):
    line = cells(path)[0].source.split("**Time and memory**")[1].split("\n>\n")[0]
    for profile in ("smoke", "laptop"):
        assert re.search(rf"{profile} \d+ s, \d+(\.\d)? GB", line), line
    assert "cityscapes" in line


def test_parameters_have_types_help_and_the_laptop_defaults(path):
    tagged = [cell for cell in cells(path, "code") if "parameters" in tags(cell)]
    assert len(tagged) == 1
    found = papermill.inspect_notebook(str(path))
    assert list(found)[:3] == ["profile", "dataset", "run_dir"]
    assert found["profile"]["default"] == '"laptop"'
    assert found["run_dir"]["default"] == f'"../runs/laptop/{path.stem}"'
    for name, one in found.items():
        assert one["inferred_type_name"] in ("str", "int", "float", "bool"), name
        assert one["help"], f"{name} has no comment"


def test_ends_with_recap_command_line_and_next_link(path):
    end = cells(path)[-1].source
    recap = end.split("## Recap")[1]
    assert len(re.findall(r"^- ", recap, re.M)) == 5
    assert "```" in recap
    link = re.search(r"(?:Next: |Back to the )\[[\w ]+\]\((\w+\.ipynb)\)\.", end)
    assert (FOLDER / link[1]).is_file()


def test_predict_before_run_and_something_goes_wrong_on_purpose(path):
    prose = text(path)
    assert "**Predict" in prose
    assert re.search(r"^#+ .*(broken|disappointing)|\*\*A broken", prose, re.M | re.I)


def test_reports_its_result(path):
    assert any("notebook.report_result(" in cell.source for cell in cells(path, "code"))


def test_one_cell_makes_the_figure_that_stands_for_the_notebook(path):
    (tagged,) = [cell for cell in cells(path) if HEADLINE in tags(cell)]
    kinds = [kind for output in tagged.outputs for kind in output.get("data", {})]
    assert kinds.count("image/png") == 1


def test_cells_are_short_and_prose_is_between_them(path):
    code = [cell.source.splitlines() for cell in cells(path, "code")]
    assert max(map(len, code)) <= 30
    assert sorted(map(len, code))[len(code) // 2] <= 12
    assert len(cells(path, "markdown")) >= len(code) / 2


def test_outputs_come_from_one_clean_run_in_order(path):
    counts = [cell.execution_count for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1))
    for cell in cells(path, "code"):
        kinds = {output.output_type for output in cell.outputs}
        assert "error" not in kinds, cell.source
        streams = [one for one in cell.outputs if one.get("name") == "stderr"]
        assert not streams, streams


def test_metadata_are_those_that_jupyterlab_writes(path):
    """Others mark a notebook as changed when it is opened; the version is set as it is read."""
    metadata = nbformat.read(path, as_version=4).metadata
    spec = KernelSpecManager(kernel_dirs=[]).get_kernel_spec("python3")
    assert metadata.kernelspec == {
        "name": "python3",
        "display_name": spec.display_name,
        "language": spec.language,
    }
    version = {"version": metadata.language_info.version}
    assert metadata.language_info == {**IPythonKernel.language_info, **version}


def test_no_text_stands_where_a_widget_cannot_be_shown(path):
    """Such as ``HBox(children=(IntSlider(...`` on GitHub: ``make outputs`` takes it out."""
    bundles = [out.get("data", {}) for cell in cells(path, "code") for out in cell.outputs]
    widgets = [bundle for bundle in bundles if WIDGET in bundle]
    assert widgets
    assert all("text/plain" not in bundle for bundle in widgets)


def test_strict_cells_were_executed(path):
    strict = [cell for cell in cells(path, "code") if "nbval-ignore-output" not in tags(cell)]
    checked = [cell for cell in strict if cell.outputs and cell.execution_count]
    assert len(checked) >= (1 if path.stem == "00_start_here" else 4)


def test_only_known_tags(path):
    assert set().union(*map(tags, cells(path))) <= TAGS


def test_no_machine_paths_and_no_downloads(path):
    raw = json.dumps(json.loads(path.read_text())["cells"])
    assert not re.findall(r"/(?:root|home|work|tmp|Users)/[\w./-]+", raw)
    source = "\n".join(cell.source for cell in cells(path, "code"))
    assert not re.search(r"https?://|urlopen|requests\.", source)


def test_links_and_pictures_resolve(path):
    for target in re.findall(r"\]\(([^)]+)\)", text(path)):
        if not target.startswith("http"):
            assert (FOLDER / target).is_file(), target


def test_every_picture_has_alt_text(path):
    assert all(len(alt) >= 20 for alt in re.findall(r"!\[([^\]]*)\]", text(path)))
