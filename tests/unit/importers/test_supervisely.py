"""Supervisely's own format.

The files are written as its developer portal shows them (``project-structure.md``, ``images.md``,
``objects.md``): ``meta.json``, ``DATASET/img/NAME.jpg``, ``DATASET/ann/NAME.jpg.json`` and, beside
them, ``img_info`` and ``meta`` with other JSON files. A bitmap is written as that page says: a
palette PNG whose index 0 is transparent, compressed with zlib, in base64.
supervisely 6.74 decodes the bitmaps written here, and its own are read alike (compared once, when
this was written).
"""

import base64
import io
import json
import pickle
import zlib

import numpy as np
import pytest
from PIL import Image

from bisenet_lib.errors import InputError
from bisenet_lib.importers.annotations import LEFT_OUT
from bisenet_lib.importers.supervisely import find

SIZE = (6, 4)
_ = 255


def class_of(title, shape, color, number):
    return {
        "title": title,
        "shape": shape,
        "color": color,
        "geometry_config": {},
        "id": number,
        "hotkey": "",
    }


CLASSES = [
    class_of("apple", "bitmap", "#D0021B", 1),
    class_of("red pear", "polygon", "#50E3C2", 2),
    class_of("table", "any", "#000080", 3),
]


def png_of(rows, **options):
    image = Image.fromarray(np.array(rows, np.uint8))
    image.putpalette([0, 0, 0, 255, 255, 255])
    file = io.BytesIO()
    image.save(file, format="PNG", **options)
    return file.getvalue()


def bitmap(rows, origin, title="apple", content=None):
    content = zlib.compress(png_of(rows, transparency=0)) if content is None else content
    data = base64.b64encode(content).decode()
    return thing(title, "bitmap", bitmap={"data": data, "origin": origin})


def thing(title, kind, exterior=(), interior=(), **more):
    points = {"points": {"exterior": exterior, "interior": interior}} if not more else {}
    return {
        "id": 503004154,
        "classId": 1693021,
        "labelerLogin": "alexxx",
        "createdAt": "2020-08-21T15:15:28.092Z",
        "updatedAt": "2020-08-21T15:15:37.687Z",
        "description": "",
        "geometryType": kind,
        "tags": [],
        "classTitle": title,
        **points,
        **more,
    }


WHOLE = thing("table", "rectangle", [[0, 0], [5, 3]])


def save(project, name, objects, dataset="ds0", size=SIZE, declared=None, **options):
    folder = project / dataset
    for part in ("img", "ann", "img_info", "meta"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(folder / "img" / name, **options)
    width, height = declared or size
    data = {
        "description": "",
        "tags": [],
        "size": {"height": height, "width": width},
        "objects": objects,
    }
    (folder / "ann" / f"{name}.json").write_text(json.dumps(data))
    (folder / "img_info" / f"{name}.json").write_text(json.dumps({"id": 5, "name": name}))
    (folder / "meta" / f"{name}.json").write_text("{}")


def save_meta(project, classes=None, **more):
    project.mkdir(parents=True, exist_ok=True)
    meta = {"classes": CLASSES if classes is None else classes, "tags": [], "projectType": "images"}
    (project / "meta.json").write_text(json.dumps(meta | more))


def drawn(tmp_path, *objects, classes=None, size=SIZE, **options):
    save_meta(tmp_path / "project", classes)
    save(tmp_path / "project", "a.jpg", list(objects), size=size, **options)
    return find(tmp_path / "project").images[0].draw(size)


def test_a_project_is_read_with_classes_colours_and_data_sets(tmp_path):
    project = tmp_path / "fruit"
    save_meta(project)
    save(project, "b (1) [é].JPG", [WHOLE], dataset="train")
    save(project, "a.png", [WHOLE], dataset="val")
    save(project, "a.png", [], dataset="val/datasets/inner")
    found = find(project)
    assert found.tool == "Supervisely JSON"
    assert found.reason == "meta.json above folders ann and img"
    assert found.names == ("apple", "red pear", "table")
    assert found.colours == ((208, 2, 27), (80, 227, 194), (0, 0, 128))
    assert found.outlines
    assert [(image.name, image.split) for image in found.images] == [
        ("train/img/b (1) [é]", "train"),
        ("val/datasets/inner/img/a", "val"),
        ("val/img/a", "val"),
    ]
    assert found.images[0].image == project / "train" / "img" / "b (1) [é].JPG"
    assert found.images[0].source == project / "train" / "ann" / "b (1) [é].JPG.json"
    labels = [pickle.loads(pickle.dumps(image.draw))(SIZE) for image in found.images]
    assert [np.unique(label).tolist() for label in labels] == [[2], [255], [2]]
    assert find(tmp_path).reason == "fruit/meta.json above folders ann and img"


def test_shapes_are_drawn_one_over_the_other(tmp_path):
    """A hole shows what is below it; the corners of rectangles and polygons belong to them."""
    outline = [[0, 0], [4, 0], [4, 3], [0, 3]]
    hole = [[1, 1], [2, 1], [2, 2], [1, 2]]
    label = drawn(
        tmp_path,
        thing("table", "rectangle", [[1, 1], [5, 3]]),
        thing("red pear", "polygon", outline, [hole]),
        bitmap([[1, 1], [0, 1]], [4, 0]),
    )
    expected = [
        [1, 1, 1, 1, 0, 0],
        [1, 2, 2, 1, 1, 0],
        [1, 2, 2, 1, 1, 2],
        [1, 1, 1, 1, 1, 2],
    ]
    np.testing.assert_array_equal(label, expected)
    assert label.dtype == np.uint8


def test_parts_of_a_multipolygon(tmp_path):
    parts = [
        {"exterior": [[0, 0], [1, 0], [1, 1], [0, 1]], "interior": []},
        {"exterior": [[3, 1], [5, 1], [5, 3], [3, 3]], "interior": [[[4, 2], [4, 2], [4, 2]]]},
    ]
    expected = [
        [2, 2, _, _, _, _],
        [2, 2, _, 2, 2, 2],
        [_, _, _, 2, _, 2],
        [_, _, _, 2, 2, 2],
    ]
    label = drawn(tmp_path, thing("table", "multipolygon", parts=parts))
    np.testing.assert_array_equal(label, expected)


def test_every_encoding_of_a_bitmap(tmp_path):
    """With a transparent colour, as grey, of one bit, with an alpha channel, and not compressed."""
    rows = np.array([[1, 0, 1], [1, 1, 1]], np.uint8)
    grey, bit, alpha = (io.BytesIO() for _ in range(3))
    Image.fromarray(rows * 255).save(grey, format="PNG")
    Image.fromarray(rows.astype(bool)).save(bit, format="PNG")
    Image.fromarray(np.dstack([rows * 0] * 3 + [rows * 255])).save(alpha, format="PNG")
    expected = np.full((4, 6), 255)
    expected[1:3, 2:5] = np.where(rows, 0, 255)
    for content in (png_of(rows, transparency=0), *(f.getvalue() for f in (grey, bit, alpha))):
        for packed in (content, zlib.compress(content)):
            label = drawn(tmp_path, bitmap(rows, [2, 1], content=packed))
            np.testing.assert_array_equal(label, expected)


def test_shapes_that_reach_out_of_the_image_are_clipped(tmp_path):
    label = drawn(
        tmp_path,
        bitmap(np.ones((3, 3)), [-2, -2]),
        bitmap(np.ones((3, 3)), [5, 3]),
        thing("table", "rectangle", [[4.6, -7], [90, 0.4]]),
    )
    expected = [
        [0, _, _, _, _, 2],
        [_, _, _, _, _, _],
        [_, _, _, _, _, _],
        [_, _, _, _, _, 0],
    ]
    np.testing.assert_array_equal(label, expected)


def test_old_projects_without_suffix_and_without_geometry_type(tmp_path):
    save_meta(tmp_path)
    item = thing("red pear", "polygon", [[0, 0], [5, 0], [5, 3], [0, 3]])
    del item["geometryType"]
    save(tmp_path, "a.jpg", [item])
    (tmp_path / "ds0" / "ann" / "a.jpg.json").rename(tmp_path / "ds0" / "ann" / "a.json")
    assert (find(tmp_path).images[0].draw(SIZE) == 1).all()


def test_a_class_called_ignore_and_classes_without_area(tmp_path):
    classes = [
        *CLASSES,
        class_of("ignore", "bitmap", "#808080", 4),
        class_of("x", "point", "#f00", 5),
    ]
    label = drawn(tmp_path, bitmap(np.ones((4, 6)), [0, 0], "ignore"), classes=classes)
    assert (label == LEFT_OUT).all()
    found = find(tmp_path / "project")
    assert found.names == ("apple", "red pear", "table")
    assert len(found.colours) == 3


def test_a_class_without_a_colour(tmp_path):
    save_meta(tmp_path, [CLASSES[0], {"title": "pear", "shape": "polygon"}])
    save(tmp_path, "a.jpg", [])
    assert find(tmp_path).colours is None


def test_other_formats_are_left_to_others(tmp_path):
    assert find(tmp_path) is None
    (tmp_path / "meta.json").write_text('{"classes": [], "tags": []}')
    assert find(tmp_path) is None
    save(tmp_path, "a.jpg", [])
    (tmp_path / "meta.json").write_text('{"author": "me"}')
    (tmp_path / "ds0" / "ann" / "a.jpg.json").write_text('{"shapes": []}')
    assert find(tmp_path) is None


SQUARE = [[0, 0], [3, 0], [3, 3], [0, 3]]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            thing("ttable", "polygon", SQUARE),
            r"\('ttable', polygon\): unknown class \(did you mean 'table'",
        ),
        (thing("table", "line", SQUARE), r"\('table', line\): a shape without an area"),
        (thing("table", "alpha_mask", SQUARE), r"\('table', alpha_mask\): a shape without an a"),
        (thing("table", None, SQUARE), r"\('table', any\): a shape without an area"),
        (thing("table", "polygon", SQUARE[:2]), r"2 points; needs 3 or more"),
        (thing("table", "polygon", SQUARE, [SQUARE[:1]]), r"1 points; needs 3 or more"),
        (thing("table", "polygon", SQUARE, 7), r"no 'exterior' and 'interior'"),
        (thing("table", "rectangle", [[1, 2]]), r"1 points; needs 2 or more"),
        (thing("table", "polygon", [[0, 0], [1, float("nan")], [2, 2]]), r"a point at nan"),
        (thing("table", "polygon", [[0, 0], [1, "x"], [2, 2]]), r"not pairs of numbers"),
        (thing("table", "polygon", [[0, 0], [1, 1e9], [2, 2]]), r"a point at 1e\+09"),
        (
            thing("table", "polygon", [[6, 0], [9, 0], [9, 3]]),
            r"outside its image, from 6,0 to 9,3; the image has 6x4 pixels",
        ),
        (thing("table", "rectangle", [[-4, 0], [-1, 3]]), r"outside its image, from -4,0 to -1,3"),
        (bitmap([[1, 1]], [6, 0]), r"outside its image, from 6,0 to 7,0"),
        (bitmap([[1, 1]], None), r"not pairs of numbers"),
        (bitmap([[1]], [0, 0], content=b"no picture"), r"bitmap is damaged"),
        (bitmap([[1]], [0, 0], content=zlib.compress(b"no")), r"bitmap is damaged"),
        (
            bitmap([[1]], [0, 0], content=zlib.compress(png_of([[1]], transparency=0))[:-9]),
            r"bitmap is damaged \(its compressed data are cut off",
        ),
        (thing("table", "bitmap", bitmap=7), r"no 'bitmap' with 'data' and 'origin'"),
        (thing("table", "multipolygon", parts=7), r"no list 'parts'"),
        ({"geometryType": "polygon"}, r"has no classTitle"),
    ],
)
def test_a_bad_object_is_named(tmp_path, item, message):
    with pytest.raises(InputError, match=rf"project/ds0/ann/a\.jpg\.json: object 0.*{message}"):
        drawn(tmp_path, item)


def test_a_broken_or_foreign_annotation_is_refused_when_it_is_drawn(tmp_path):
    with pytest.raises(
        InputError, match=r"a\.jpg\.json: drawn on an image of 8x8 pixels, and the one here has 6x4"
    ):
        drawn(tmp_path, declared=(8, 8))
    exif = Image.Exif()
    exif[0x0112] = 6
    save(tmp_path / "project", "a.jpg", [], declared=(6, 4), exif=exif)
    image = find(tmp_path / "project").images[0]
    with pytest.raises(InputError, match=r"the one here has 4x6, turned as its EXIF orientation"):
        image.draw((4, 6))
    image.source.write_text('{"size": {"width": 6')
    with pytest.raises(InputError, match=r"a\.jpg\.json: no readable JSON"):
        image.draw(SIZE)
    image.source.write_text("[]")
    with pytest.raises(InputError, match=r"a\.jpg\.json: not from Supervisely"):
        image.draw(SIZE)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([], "0 classes; 1 to 254"),
        ([CLASSES[0], CLASSES[0]], "the class 'apple' is there 2 times"),
        ([CLASSES[0] | {"title": " "}], "the class '': it is empty"),
        ([CLASSES[0] | {"color": "reddish"}], "'apple': the colour 'reddish' is not #RRGGBB"),
        ([CLASSES[0] | {"color": 7}], "'apple': the colour 7 is not #RRGGBB"),
        ([CLASSES[0] | {"shape": "graph"}], "no class has an area; its shapes are graph"),
        ([{"shape": "polygon"}], "no list 'classes' of objects with a 'title'"),
        ("apple", "no list 'classes' of objects with a 'title'"),
    ],
)
def test_bad_classes_are_refused(tmp_path, classes, message):
    save_meta(tmp_path, classes)
    save(tmp_path, "a.jpg", [])
    with pytest.raises(InputError, match=rf"meta\.json: .*{message}"):
        find(tmp_path)


def test_a_project_that_is_not_whole_is_refused(tmp_path):
    save(tmp_path / "one", "a.jpg", [])
    with pytest.raises(InputError, match=r"is of Supervisely, and meta\.json, in which its class"):
        find(tmp_path)
    save_meta(tmp_path / "one", projectType="videos")
    with pytest.raises(InputError, match="a project of videos"):
        find(tmp_path)
    (tmp_path / "one" / "meta.json").write_text('{"classes": [')
    with pytest.raises(InputError, match=r"meta\.json: no readable JSON"):
        find(tmp_path)
    save_meta(tmp_path / "one")
    save_meta(tmp_path / "two")
    save(tmp_path / "two", "a.jpg", [])
    with pytest.raises(InputError, match=r"two/meta\.json: a second Supervisely project"):
        find(tmp_path)


def test_missing_halves_and_double_ones_are_refused(tmp_path):
    save_meta(tmp_path)
    for name in ("a.jpg", "b.jpg", "c.jpg", "c.png", "d.jpg", "e.webp"):
        save(tmp_path, name, [])
    folder = tmp_path / "ds0"
    (folder / "ann" / "b.jpg.json").unlink()
    (folder / "ann" / "d.json").write_text((folder / "ann" / "d.jpg.json").read_text())
    with pytest.raises(InputError) as caught:
        find(tmp_path)
    message = str(caught.value)
    assert f"{folder}/img/b.jpg: no annotation b.jpg.json" in message
    assert f"{folder}/img/c.png: has the name of c.jpg" in message
    assert f"{folder}/ann/d.json: d.jpg has the label d.jpg.json too" in message
    assert f"{folder}/img/e.webp: images are PNG or JPEG" in message
    assert len(message.splitlines()) == 4


def test_a_missing_image_is_named_by_the_path_where_it_should_be(tmp_path):
    save_meta(tmp_path)
    save(tmp_path, "a.jpg", [])
    save(tmp_path, "b.jpg", [])
    folder = tmp_path / "ds0" / "img"
    (folder / "a.jpg").unlink()
    assert [image.image for image in find(tmp_path).images] == [folder / "a.jpg", folder / "b.jpg"]
    (folder / "b.jpg").unlink()
    with pytest.raises(InputError, match=r"a\.jpg\.json: no image .*/img/\w\.jpg, nor any other"):
        find(tmp_path)


def test_images_without_any_annotation_are_refused(tmp_path):
    save_meta(tmp_path)
    save(tmp_path, "a.jpg", [])
    (tmp_path / "ds0" / "ann" / "a.jpg.json").unlink()
    with pytest.raises(InputError, match=r"img/a\.jpg: no annotation a\.jpg\.json\. Export the"):
        find(tmp_path)
