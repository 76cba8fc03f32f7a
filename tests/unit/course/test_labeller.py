"""The labeller without a page: shapes, their file, a folder of photographs, and its messages."""

import io
import json

import numpy as np
import pytest
from IPython.display import HTML
from IPython.display import Image as Shown
from PIL import Image, ImageDraw

from bisenet_lib.course.labeller import widget
from bisenet_lib.course.labeller.outlines import Outlines
from bisenet_lib.course.labeller.session import Session
from bisenet_lib.errors import InputError
from bisenet_lib.importers.importing import import_folder

SIZE = (60, 40)
SQUARE = [[10, 5], [30, 5], [30, 25], [10, 25]]
CLASSES = ["plate", "apple"]


@pytest.fixture
def folder(tmp_path):
    """Three photographs, without labels."""
    for name in ("a", "b c", "d"):
        pixels = np.random.default_rng(len(name)).integers(0, 256, (*SIZE[::-1], 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    return tmp_path


@pytest.fixture
def outlines(folder):
    return Outlines(folder / "a.png")


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def points(outlines):
    return [shape["points"] for shape in outlines.shapes]


def test_edits_can_all_be_undone(outlines):
    edits = (
        lambda: outlines.add("apple", SQUARE),
        lambda: outlines.add("plate", SQUARE[:3]),
        lambda: outlines.reshape(0, [*SQUARE, [5, 15]]),
        lambda: outlines.rename(0, "plate"),
        lambda: outlines.delete(0),
    )
    states = []
    for edit in edits:
        states.append(json.dumps(outlines.shapes))
        edit()
    assert points(outlines) == [SQUARE[:3]]
    for state in reversed(states):
        outlines.undo()
        assert json.dumps(outlines.shapes) == state
    outlines.undo()  # there is nothing left, and nothing happens
    assert outlines.shapes == []


def test_corners_outside_the_photograph_come_to_its_edge(outlines):
    outlines.add("apple", [[-5, 3.14159], [99, 3], [30, 99]])
    assert points(outlines) == [[[0, 3.14], [60, 3], [30, 40]]]


def test_the_file_is_what_labelme_writes(outlines):
    outlines.add("apple", SQUARE)
    assert not outlines.saved and not outlines.path.exists()
    outlines.save()
    data = read(outlines.path)
    # The keys of labelme/_label_file.py, LabelFile.save and its shapes.
    assert set(data) == {
        *("version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth")
    }
    assert set(data["shapes"][0]) == {
        *("label", "points", "group_id", "description", "shape_type", "flags", "mask")
    }
    assert (data["imagePath"], data["imageWidth"], data["imageHeight"]) == ("a.png", *SIZE)
    again = Outlines(outlines.image)
    assert again.saved and again.shapes == outlines.shapes


def test_what_is_not_edited_stays_as_labelme_wrote_it(outlines):
    kinds = {"rectangle": 2, "circle": 2, "line": 2, "linestrip": 3, "point": 1, "mask": 2}
    shapes = [
        {"label": "Birne 🍐", "shape_type": kind, "points": SQUARE[:number], "group_id": 7}
        for kind, number in kinds.items()
    ]
    shapes[-1]["mask"] = "iVBORw0KGgo="
    data = {"version": "4.5.6", "shapes": shapes, "imagePath": "a.png", "imageData": "eHl6"}
    data |= {"imageHeight": 40, "imageWidth": 60, "flags": {"blurred": True}, "reviewer": "Zoë"}
    outlines.path.write_text(json.dumps(data), encoding="utf-8-sig")
    opened = Outlines(outlines.image)
    opened.add("apple", SQUARE)
    opened.reshape(0, [[1, 1], [9, 9]])
    opened.save()
    written = read(outlines.path)
    shapes[0]["points"] = [[1, 1], [9, 9]]
    assert written["shapes"][:-1] == shapes
    assert {**written, "shapes": shapes} == data
    for number in (0, 1, 5):
        with pytest.raises(InputError, match=r"points|mask of pixels"):
            opened.reshape(number, SQUARE[:3])


@pytest.mark.parametrize(
    "content, why",
    [
        ("{", "no readable JSON"),
        ('{"shapes": 3}', "not from LabelMe"),
        ('{"shapes": [{"points": []}]}', "no label"),
        ('{"shapes": [{"label": "a", "points": "x"}]}', "shape 0"),
        ('{"shapes": [{"label": "a", "points": []}]}', "0 points"),
        ('{"shapes": [], "imageWidth": 3, "imageHeight": 2}', "3x2 pixels"),
        ('{"shapes": [], "imagePath": "d.png"}', "belongs|imagePath is d.png"),
    ],
)
def test_a_damaged_file_is_named_and_never_overwritten(folder, content, why):
    path = folder / "a.json"
    path.write_text(content)
    session = Session(folder, CLASSES)
    session.do("go", {"number": 0})
    assert str(path) in session.problem
    with pytest.raises(InputError, match=why):
        Outlines(folder / "a.png")
    session.do("add", {"label": "apple", "points": SQUARE})
    session.do("save", {})
    session.do("go", {"number": 1})
    assert (session.number, session.problem, path.read_text()) == (1, "", content)


def test_a_file_that_another_program_changed_is_not_overwritten(outlines):
    outlines.add("apple", SQUARE)
    outlines.path.write_text('{"shapes": []}')
    with pytest.raises(InputError, match="another program"):
        outlines.save()
    assert outlines.path.read_text() == '{"shapes": []}'


def test_moving_on_saves_and_counts(folder):
    session = Session(folder, CLASSES)
    session.do("go", {"number": 1})
    assert not list(folder.glob("*.json")), "a photograph that was only looked at has no file"
    session.do("add", {"label": "apple", "points": SQUARE})
    assert not session.state()["saved"]
    session.do("go", {"number": 2})
    assert session.state()["progress"] == "1 of 3 labelled"
    session.do("save", {})  # nothing in it: a label as well
    assert read(folder / "d.json")["shapes"] == []
    session.do("go", {"number": 3})
    assert (session.number, session.labelled()) == (0, [False, True, True])
    assert Session(folder, CLASSES).number == 0
    (folder / "a.json").write_text("{}")
    assert Session(folder, CLASSES).state()["progress"] == "3 of 3 labelled"


def test_labels_of_opened_files_join_the_classes(folder):
    (folder / "a.json").write_text(
        json.dumps({"shapes": [{"label": "leaf", "points": SQUARE}], "imagePath": "a.png"})
    )
    session = Session(folder, "plate,apple")
    assert session.names == ["plate", "apple"]
    session.do("go", {"number": 0})
    state = session.state()
    assert [name for name, _ in state["classes"]] == ["plate", "apple", "leaf"]
    assert state["shapes"] == [{"label": "leaf", "points": SQUARE, "kind": "polygon"}]


@pytest.mark.parametrize("action", ["_change", "__init__", "shapes", "nothing"])
def test_the_page_can_ask_for_nothing_else(folder, action):
    session = Session(folder, CLASSES)
    session.do(action, {"shapes": 3})
    assert session.outlines.shapes == [] and session.outlines.saved


def test_bad_folders_and_classes_are_refused(folder, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        Session(folder / "none", CLASSES)
    with pytest.raises(InputError, match="twice"):
        Session(folder, ["a", "a"])
    (folder / "a.jpg").write_bytes((folder / "a.png").read_bytes())
    with pytest.raises(InputError, match=r"a\.jpg: two photographs of one name"):
        Session(folder, CLASSES)


def test_a_photograph_that_cannot_be_opened_stops_nobody(folder):
    (folder / "a.png").write_bytes(b"no image")
    session = Session(folder, CLASSES)
    assert "a.png" in session.problem and session.state()["size"] is None
    assert Image.open(io.BytesIO(session.jpeg())).size
    session.do("go", {"number": 1})
    assert not session.problem and session.state()["size"] == SIZE


def test_what_is_saved_is_imported_pixel_by_pixel(folder, tmp_path_factory):
    session = Session(folder, CLASSES)
    for number in range(3):
        session.do("go", {"number": number})
        session.do("add", {"label": "plate", "points": [[2, 2], [50, 3], [40, 35 + number]]})
        session.do("add", {"label": "apple", "points": SQUARE})
        session.do("save", {})
    made = import_folder(
        folder,
        tmp_path_factory.mktemp("set") / "mine",
        classes=["table", *CLASSES],
        background="table",
    )
    assert made.kind == "labelme" and made.names == ("table", *CLASSES)
    for number, name in enumerate(("a", "b c", "d")):
        canvas = Image.new("L", SIZE)
        drawing = ImageDraw.Draw(canvas)
        drawing.polygon([(2, 2), (50, 3), (40, 35 + number)], fill=1)
        drawing.polygon([tuple(corner) for corner in SQUARE], fill=2)
        label = np.asarray(Image.open(made.root / "labels" / f"{name}.png"))
        assert np.array_equal(label, np.asarray(canvas))


def test_a_photograph_taken_on_its_side_is_labelled_upright(tmp_path, tmp_path_factory):
    for name in ("a", "b"):
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", SIZE, "peru").save(tmp_path / f"{name}.jpg", exif=exif)
        outlines = Outlines(tmp_path / f"{name}.jpg")
        assert outlines.size == SIZE[::-1]
        outlines.add("apple", [[0, 30], [40, 30], [40, 60], [0, 60]])
        outlines.save()
    made = import_folder(tmp_path, tmp_path_factory.mktemp("set") / "mine", background="table")
    label = np.asarray(Image.open(made.root / "labels" / "a.png"))
    assert label.shape == SIZE
    assert (label[31:] != label[0, 0]).all() and (label[:30] == label[0, 0]).all()


def still(folder):
    """The picture of a page without a kernel."""
    return np.asarray(Image.open(io.BytesIO(Session(folder, CLASSES).picture())), int)


def test_the_static_picture_is_of_the_first_photograph_with_shapes(folder):
    for name in ("a", "b c", "d"):
        Image.new("RGB", SIZE, "gray").save(folder / f"{name}.png")
    plain = still(folder)
    assert plain.shape == (320, 480, 3) and abs(plain - 128).max() < 3
    (folder / "a.json").write_text("damaged")
    Outlines(folder / "b c.png").save()
    labelled = Outlines(folder / "d.png")
    labelled.add("pear", SQUARE)
    labelled.save()
    drawn = abs(still(folder) - plain).max(axis=2)
    zoomed = np.array(SQUARE) * 8
    (left, top), (right, bottom) = zoomed.min(0).astype(int), zoomed.max(0).astype(int)
    inside = drawn[top + 20 : bottom - 20, left + 20 : right - 20]
    outside = np.concatenate([drawn[:, : left - 30].ravel(), drawn[:, right + 30 :].ravel()])
    assert inside.min() > 20 and outside.max() < 10
    assert drawn[top + 50 : bottom - 50, left].mean() > 1.5 * inside.mean()  # its outline


def test_the_widget_answers_with_state_and_photograph(folder, monkeypatch):
    shown, sent = [], []

    class Place:
        update = staticmethod(shown.append)

    monkeypatch.setattr(
        widget, "display", lambda what, display_id=None: shown.append(what) or Place
    )
    labeller = widget.Labeller(Session(folder, CLASSES))
    assert labeller in shown and isinstance(shown[-1], Shown)
    labeller._view_count = 1  # a page shows it: the picture is not needed
    assert isinstance(shown[-1], HTML)
    monkeypatch.setattr(labeller, "send", lambda *message: sent.append(message))
    labeller._answer(labeller, {"do": "show"}, [])
    labeller._answer(labeller, {"do": "add", "label": "apple", "points": SQUARE}, [])
    labeller._answer(labeller, {"do": "add", "label": "apple", "points": SQUARE[:2]}, [])
    (first, [jpeg]), (second, none), (third, _) = sent
    assert json.loads(json.dumps(first))["shapes"] == [] and none is None
    assert Image.open(io.BytesIO(jpeg)).size == SIZE
    assert [shape["label"] for shape in second["shapes"]] == ["apple"]
    assert third["shapes"] == second["shapes"] and "3 or more" in third["problem"]
