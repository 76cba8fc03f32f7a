"""COCO's JSON as COCO, Roboflow, CVAT and Label Studio write it: every pixel of the label."""

import json
import pickle
import unicodedata

import numpy as np
import pytest
from PIL import Image

from bisenet_lib.errors import InputError
from bisenet_lib.importers import coco
from bisenet_lib.importers.annotations import LEFT_OUT
from bisenet_lib.importers.coco_masks import decode, run_lengths
from bisenet_lib.importers.importing import import_folder

SIZE = (8, 6)
SQUARE = [1, 1, 3, 1, 3, 3, 1, 3]
"""Pillow fills it with its edge: columns and rows 1 to 3."""


def photo(path, size=SIZE, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 120, 30)).save(path, **options)
    return path


def entry(number, name, size=SIZE):
    return {"id": number, "file_name": name, "width": size[0], "height": size[1]}


def shape(number, image, category, segmentation, **changes):
    """An annotation as cocodataset.org/#format-data describes it."""
    box = {"area": 9.0, "bbox": [1, 1, 3, 3], "iscrowd": 0}
    own = {"id": number, "image_id": image, "category_id": category, "segmentation": segmentation}
    return own | box | changes


CATEGORIES = [{"id": 1, "name": "apple"}, {"id": 3, "name": "pear"}]
"""With a gap, as COCO's own."""


def write(path, images, annotations, categories=CATEGORIES, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"images": images, "annotations": annotations, "categories": categories}
    path.write_text(json.dumps(more | data), encoding="utf-8")
    return path


def only(folder, **changes):
    """One photograph and its file."""
    photo(folder / "images" / "a.png")
    given = {
        "path": folder / "annotations" / "instances_default.json",
        "images": [entry(1, "a.png")],
        "annotations": [shape(7, 1, 1, [SQUARE])],
    }
    return write(**(given | changes))


def label(folder, number=0, size=SIZE):
    return coco.find(folder).images[number].draw(size)


def rectangle(left, top, right, bottom, value, canvas=None):
    canvas = np.full(SIZE[::-1], 255, np.uint8) if canvas is None else canvas
    canvas[top : bottom + 1, left : right + 1] = value
    return canvas


# Run lengths


def test_run_lengths_by_hand():
    """Down the columns; the string's 1 is the difference between 3 and the 2 before the 6."""
    expected = np.array([[0, 0, 0, 1], [1, 0, 0, 1], [1, 0, 0, 1]], bool)
    for counts in ([1, 2, 6, 3], "1261"):
        np.testing.assert_array_equal(decode(counts, [3, 4], (4, 3)), expected)
    assert run_lengths("d0") == [20], "5 bits: 10100, more to come; then 00000"
    assert run_lengths("222M") == [2, 2, 2, -1], "M is 29, in two's complement -3"


def compressed(counts):
    """The string of run lengths, by text of bits: written apart from the decoder."""
    text = ""
    for place, count in enumerate(counts):
        number = count - (counts[place - 2] if place > 2 else 0)
        width = 5
        while not -(1 << width - 1) <= number < 1 << width - 1:
            width += 5
        bits = format(number % (1 << width), f"0{width}b")
        groups = [bits[end - 5 : end] for end in range(width, 0, -5)]
        text += "".join(
            chr(48 + int(("1" if more else "0") + group, 2))
            for group, more in zip(groups, [True] * (len(groups) - 1) + [False], strict=True)
        )
    return text


@pytest.mark.parametrize("seed", range(4))
def test_masks_return_from_run_lengths(seed):
    random = np.random.default_rng(seed)
    mask = np.kron(random.integers(0, 2, (5, 7)), np.ones((1 + 40 * (seed % 2), 9))).astype(bool)
    flat = mask.T.ravel()
    edges = [0, *(np.flatnonzero(np.diff(flat)) + 1).tolist(), flat.size]
    counts = [0] * int(flat[0]) + np.diff(edges).tolist()
    for written in (counts, compressed(counts)):
        read = decode(written, list(mask.shape), mask.shape[::-1])
        np.testing.assert_array_equal(read, mask)


# What the label holds


def test_polygons_of_one_object_and_a_later_object_over_it(tmp_path):
    other = [5, 4, 6, 4, 6, 5, 5, 5]
    annotations = [shape(1, 1, 1, [SQUARE, other]), shape(2, 1, 3, [[3, 3, 5, 3, 5, 4, 3, 4]])]
    only(tmp_path, annotations=annotations)
    expected = rectangle(5, 4, 6, 5, 0, rectangle(1, 1, 3, 3, 0))
    np.testing.assert_array_equal(label(tmp_path), rectangle(3, 3, 5, 4, 1, expected))


def test_a_polygon_that_reaches_out_is_cut_off(tmp_path):
    only(tmp_path, annotations=[shape(1, 1, 3, [[-4, -4, 1.2, -4, 1.2, 2, -4, 2]])])
    np.testing.assert_array_equal(label(tmp_path), rectangle(0, 0, 1, 2, 1))


def test_crowds_and_boxes_are_left_out_below_other_objects(tmp_path):
    crowd = {"size": [6, 8], "counts": [0, 12, 36]}  # the first two columns
    annotations = [
        shape(1, 1, 1, [SQUARE]),
        shape(2, 1, 1, crowd, iscrowd=1),
        shape(3, 1, 3, [], bbox=[5, 0, 1, 2]),
    ]
    only(tmp_path, annotations=annotations)
    expected = rectangle(5, 0, 6, 2, LEFT_OUT, rectangle(0, 0, 1, 5, LEFT_OUT))
    np.testing.assert_array_equal(label(tmp_path), rectangle(1, 1, 3, 3, 0, expected))
    remarks = " ".join(coco.find(tmp_path).remarks)
    assert "1 crowds" in remarks
    assert "1 boxes without an outline" in remarks


def test_an_image_without_objects_is_ignored_as_a_whole(tmp_path):
    photo(tmp_path / "images" / "b.png")
    only(tmp_path, images=[entry(1, "a.png"), entry(2, "b.png")])
    assert (label(tmp_path, 1) == 255).all()


def test_it_can_be_pickled(tmp_path):
    only(tmp_path)
    draw = pickle.loads(pickle.dumps(coco.find(tmp_path).images[0].draw))
    np.testing.assert_array_equal(draw(SIZE), rectangle(1, 1, 3, 3, 0))


# Where each tool puts what


def test_cocos_own_folders(tmp_path):
    """annotations/instances_train2017.json beside captions and keypoints; images in train2017/."""
    for split, name in (("train", "000000000009.jpg"), ("val", "000000000139.jpg")):
        photo(tmp_path / f"{split}2017" / name)
        folder = tmp_path / "annotations"
        write(folder / f"instances_{split}2017.json", [entry(9, name)], [shape(1, 9, 1, [SQUARE])])
        keypoints = shape(1, 9, 1, [SQUARE], keypoints=[1, 1, 2])
        write(folder / f"person_keypoints_{split}2017.json", [entry(9, name)], [keypoints])
        captions = {"images": [entry(9, name)], "annotations": [{"image_id": 9, "caption": "it"}]}
        (folder / f"captions_{split}2017.json").write_text(json.dumps(captions))
    annotations = coco.find(tmp_path)
    assert annotations.names == ("apple", "pear")
    assert annotations.colours is None
    assert annotations.reason == "annotations/instances_train2017.json and 1 more"
    assert [(image.name, image.split) for image in annotations.images] == [
        ("train2017/000000000009", "train"),
        ("val2017/000000000139", "val"),
    ]


def roboflow(folder, background=()):
    """Its first category is the project; file names end in .rf. and a hash."""
    categories = [
        {"id": 0, "name": "fruit-Kx2b", "supercategory": "none"},
        {"id": 1, "name": "apple", "supercategory": "fruit-Kx2b"},
        {"id": 2, "name": "pear", "supercategory": "fruit-Kx2b"},
    ]
    info = {"year": "2024", "description": "Exported from roboflow.com"}
    for split, count in (("train", 3), ("valid", 1), ("test", 1)):
        names = [f"IMG_{number}_jpg.rf.0a{number}.jpg" for number in range(count)]
        for number, name in enumerate(names):
            photo(folder / split / f"{split[0]}{name}", (64, 32), quality=90 - number)
        images = [entry(number, f"{split[0]}{name}", (64, 32)) for number, name in enumerate(names)]
        shapes = [
            shape(number, number, 1 + number % 2, [[2, 2, 20, 2, 20, 20, 2, 20]])
            for number in range(count)
        ]
        write(folder / split / "_annotations.coco.json", images, shapes, categories, info=info)


def test_roboflows_folders_become_a_data_set_with_its_split(tmp_path):
    roboflow(tmp_path / "in")
    made = import_folder(tmp_path / "in", tmp_path / "out")
    assert made.names == ("apple", "pear"), "the project's name is no class"
    assert {key: len(examples) for key, examples in made.splits.items()} == {"train": 3, "val": 1}
    notes = "\n".join(made.notes())
    assert "Recognised as COCO JSON, by _annotations.coco.json in test, train, valid." in notes
    assert "The split is that of the export: 3 to train, 1 to val." in notes
    assert "as test images: 1." in notes
    assert "--background NAME" in notes
    expected = np.full((32, 64), 255, np.uint8)
    expected[2:21, 2:21] = 0
    pixels = np.asarray(Image.open(made.root / made.splits["val"][0].label))
    np.testing.assert_array_equal(pixels, expected)


def test_a_background_is_a_class_and_a_crowd_is_not(tmp_path):
    roboflow(tmp_path / "in")
    path = tmp_path / "in" / "valid" / "_annotations.coco.json"
    data = json.loads(path.read_text())
    data["annotations"].append(shape(9, 0, 1, [[40, 0, 63, 0, 63, 31, 40, 31]], iscrowd=1))
    path.write_text(json.dumps(data))
    made = import_folder(tmp_path / "in", tmp_path / "out", background="table")
    assert made.names == ("table", "apple", "pear")
    expected = np.zeros((32, 64), np.uint8)
    expected[2:21, 2:21] = 1
    expected[:, 40:] = 255
    pixels = np.asarray(Image.open(made.root / made.splits["val"][0].label))
    np.testing.assert_array_equal(pixels, expected)


def test_classes_in_another_order(tmp_path):
    roboflow(tmp_path / "in")
    made = import_folder(tmp_path / "in", tmp_path / "out", classes="pear,plum,apple")
    pixels = np.asarray(Image.open(made.root / made.splits["val"][0].label))
    assert np.unique(pixels).tolist() == [2, 255]
    with pytest.raises(InputError, match=r"the class 'pear' of COCO JSON is unknown"):
        import_folder(tmp_path / "in", tmp_path / "no", classes="apple,plum")


def test_cvats_brush_masks_are_objects_though_marked_as_crowds(tmp_path):
    """Datumaro writes them as uncompressed run lengths with iscrowd 1, and empty licenses."""
    photo(tmp_path / "images" / "default" / "left" / "a 1.PNG")
    annotations = [
        shape(1, 1, 2, {"counts": [6, 12, 30], "size": [6, 8]}, iscrowd=1, attributes={}),
    ]
    categories = [
        {"id": 1, "name": "apple", "supercategory": ""},
        {"id": 2, "name": "pear", "supercategory": ""},
    ]
    write(
        tmp_path / "annotations" / "instances_default.json",
        [entry(1, "left/a 1.PNG") | {"license": 0, "flickr_url": "", "date_captured": 0}],
        annotations,
        categories,
        licenses=[{"name": "", "id": 0, "url": ""}],
        info={"contributor": "", "date_created": "", "version": "", "year": ""},
    )
    np.testing.assert_array_equal(label(tmp_path), rectangle(1, 0, 2, 5, 1))
    assert "as CVAT marks all brush masks" in coco.find(tmp_path).remarks[0]


@pytest.mark.parametrize(
    "file_name",
    [
        "images/1a2b-a [1] é.png",
        "images\\1a2b-a [1] é.png",
        "/data/upload/3/1a2b-a [1] é.png",
        "/data/local-files/?d=photos/1a2b-a%20%5B1%5D%20%C3%A9.png",
        "http://localhost:8080/data/upload/3/1a2b-a%20%5B1%5D%20%C3%A9.png",
        "../../media/upload/3/1a2b-a [1] é.png",
        "C:\\media\\1a2b-a [1] é.png",
    ],
)
def test_label_studio_and_its_paths(tmp_path, file_name):
    """result.json beside images/; of brushes with colours, drawn at random; categories from 0."""
    photo(tmp_path / "images" / unicodedata.normalize("NFD", "1a2b-a [1] é.png"))
    categories = [
        {"id": 0, "name": "apple", "color": "#ff8000"},
        {"id": 1, "name": "pear", "color": "#00ff10"},
    ]
    annotations = [shape(0, 0, 1, [SQUARE], ignore=0)]
    write(tmp_path / "result.json", [entry(0, file_name)], annotations, categories)
    np.testing.assert_array_equal(label(tmp_path), rectangle(1, 1, 3, 3, 1))
    assert coco.find(tmp_path).colours == ((255, 128, 0), (0, 255, 16))


def test_the_tools_colours_are_those_of_the_labels(tmp_path):
    categories = [
        {"id": 0, "name": "apple", "color": [255, 128, 0]},
        {"id": 1, "name": "pear", "color": [0, 255, 16]},
    ]
    for name in "ab":
        photo(tmp_path / "in" / "images" / f"{name}.png")
    images = [entry(number, f"images/{name}.png") for number, name in enumerate("ab")]
    annotations = [shape(number, number, number, [SQUARE]) for number in range(2)]
    write(tmp_path / "in" / "result.json", images, annotations, categories)
    made = import_folder(tmp_path / "in", tmp_path / "out", background="table")
    palette = Image.open(made.root / "labels" / "a.png").getpalette()
    assert palette[:9] == [0, 0, 0, 255, 128, 0, 0, 255, 16]
    assert (made.root / "images" / "a.png").is_file(), "without the folder that all stand in"


def test_no_other_json_is_taken_for_it(tmp_path):
    for name, data in (
        ("labelme", {"shapes": [], "imagePath": "a.png"}),
        ("list", [{"images": []}]),
        ("captions", {"images": [{"id": 1}], "annotations": [{"caption": "it"}]}),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(data))
    assert coco.find(tmp_path) is None


# Bad files


def cut_off(folder):
    path = only(folder)
    path.write_text(path.read_text()[:-9])
    return [f"{path}: no readable JSON"]


def unknown_category(folder):
    path = only(folder, annotations=[shape(7, 1, 2, [SQUARE])])
    return [f"{path}: annotation 7: unknown category_id 2; known are 1 apple, 3 pear"]


def unknown_image(folder):
    path = only(folder, annotations=[shape(7, 4, 1, [SQUARE])])
    return [f"{path}: annotation 7 ('apple'): belongs to the image id 4"]


def twice_the_name(folder):
    categories = [{"id": 1, "name": "apple"}, {"id": 2, "name": "apple"}]
    path = only(folder, categories=categories)
    return [f"{path}: category 2 ('apple'): its name is there twice"]


def twice_the_id(folder):
    path = only(folder, images=[entry(1, "a.png"), entry(1, "b.png")])
    return [f"{path}: image id 1 is there twice"]


def an_empty_name(folder):
    path = only(folder, categories=[{"id": 1, "name": " "}])
    return [f"{path}: category 1: the name '': it is empty"]


def no_category(folder):
    path = only(folder, categories=[], annotations=[])
    return [f"{path}: no category"]


def no_object(folder):
    path = only(folder, annotations=[])
    return [f"{path}: COCO JSON without an object"]


def boxes_only(folder):
    path = only(folder, annotations=[shape(1, 1, 1, [])])
    return [f"{path}: COCO JSON with boxes only (1)", "'COCO Segmentation'"]


def two_labels(folder):
    path = only(folder)
    other = write(folder / "annotations" / "instances_b.json", [entry(1, "a.png")], [])
    return [f"{other} and {path}: two labels for {folder}/images/a.png"]


def two_images(folder):
    photo(folder / "more" / "a.png")
    path = only(folder)
    return [f"{path}: the file_name 'a.png' fits {folder}/images/a.png and {folder}/more/a.png"]


def panoptic(folder):
    path = only(folder, annotations=[{"image_id": 1, "file_name": "a.png", "segments_info": []}])
    return [f"{path}: COCO's panoptic annotation"]


def no_id(folder):
    path = only(folder, images=[{"file_name": "a.png"}])
    return [f"{path}: images[0]: has no id and file_name"]


@pytest.mark.parametrize(
    "fault",
    [
        cut_off, unknown_category, unknown_image, twice_the_name, twice_the_id, an_empty_name,
        no_category, no_object, boxes_only, two_labels, two_images, panoptic, no_id,
    ],
)  # fmt: skip
def test_a_broken_file_is_named(tmp_path, fault):
    expected = fault(tmp_path)
    with pytest.raises(InputError) as caught:
        coco.find(tmp_path)
    assert all(part in str(caught.value) for part in expected), caught.value


@pytest.mark.parametrize(
    ("segmentation", "expected"),
    [
        ([[9, 9, 12, 9, 12, 12]], "it lies outside the image of 8x6"),
        ([[1, 1, float("nan"), 1, 3, 3]], "it has a point at nan"),
        ([[1, 1, 1e9, 1, 3, 3]], "it has a point at 1e+09"),
        ([[1, 1, 3, 3]], "its polygon has 4 numbers"),
        ([[1, 1, 3, 1, 3, 3, 1]], "its polygon has 7 numbers"),
        ([["a", 1, 3, 1, 3, 3]], "its polygon is not a list of numbers"),
        ([1, 1, 3, 1, 3, 3], "its polygon is not a list of numbers"),
        ({"size": [8, 6], "counts": [48]}, "its mask has the size [8, 6], height first"),
        ({"size": [6, 8], "counts": [40]}, "its run lengths add up to 40, not to 48 pixels"),
        ({"size": [6, 8], "counts": [50, -2]}, "one of its run lengths is -2"),
        ({"size": [6, 8], "counts": "`1~"}, "the character '~'"),
        ({"size": [6, 8], "counts": "`"}, "are cut off"),
        ({"size": [6, 8]}, "'counts', are neither whole numbers nor a string"),
    ],
)
def test_an_object_that_cannot_be_drawn_is_named(tmp_path, segmentation, expected):
    path = only(tmp_path, annotations=[shape(7, 1, 1, segmentation)])
    with pytest.raises(InputError) as caught:
        label(tmp_path)
    assert str(caught.value).startswith(f"{path}: annotation 7 ('apple'): cannot be drawn")
    assert expected in str(caught.value)


def test_another_size_and_a_turned_photograph_are_named(tmp_path):
    only(tmp_path)
    with pytest.raises(InputError, match=r"the size 8x6, its image has 9x6\. Export"):
        label(tmp_path, size=(9, 6))
    with pytest.raises(InputError, match=r"its image has 6x8\. .* EXIF orientation"):
        label(tmp_path, size=(6, 8))


def test_a_missing_image_is_named_or_left_out(tmp_path):
    roboflow(tmp_path / "in")
    missing = tmp_path / "in" / "train" / "tIMG_1_jpg.rf.0a1.jpg"
    missing.unlink()
    with pytest.raises(InputError) as caught:
        import_folder(tmp_path / "in", tmp_path / "out")
    assert f"{missing}: missing, and annotated in {missing.parent}/_annot" in str(caught.value)
    assert "--skip-unpaired" in str(caught.value)
    made = import_folder(tmp_path / "in", tmp_path / "out", skip_unpaired=True)
    assert len(made.splits["train"]) == 2
    assert any("Files left out: 1." in note for note in made.notes())


def test_nothing_outside_the_folder_is_read(tmp_path):
    photo(tmp_path / "secret.png")
    only(tmp_path / "in", images=[entry(1, "../../secret.png")])
    image = coco.find(tmp_path / "in").images[0].image
    assert image == tmp_path / "in" / "annotations" / "secret.png"
    assert not image.exists()


def test_pictures_that_no_file_lists_are_counted(tmp_path):
    only(tmp_path)
    photo(tmp_path / "images" / "z.png")
    assert coco.find(tmp_path).remarks == (
        f"Images that no COCO JSON lists, left out: 1, as {tmp_path}/images/z.png.",
    )


def test_images_of_one_name_in_two_splits(tmp_path):
    """Each JSON file means the image of its own split: COCO's layout, and Datumaro's."""
    for split in ("train", "val"):
        photo(tmp_path / "images" / split / "a.png")
        path = tmp_path / "annotations" / f"instances_{split}.json"
        write(path, [entry(1, "a.png")], [shape(1, 1, 1, [SQUARE])])
    images = coco.find(tmp_path).images
    assert [(image.split, image.image.parent.name) for image in images] == [
        ("train", "train"),
        ("val", "val"),
    ]


def test_the_image_at_the_path_goes_before_one_below_it(tmp_path):
    photo(tmp_path / "a.png")
    photo(tmp_path / "old" / "a.png")
    write(tmp_path / "result.json", [entry(1, "a.png")], [shape(1, 1, 1, [SQUARE])])
    assert coco.find(tmp_path).images[0].image == tmp_path / "a.png"


def test_a_turned_photograph_and_its_label_stand_upright(tmp_path):
    """Annotation tools show it turned, and give that size: 32x64, though 64x32 are stored."""
    exif = Image.Exif()
    exif[0x0112] = 6
    roboflow(tmp_path / "in")
    path = tmp_path / "in" / "valid" / "_annotations.coco.json"
    data = json.loads(path.read_text())
    photo(path.parent / data["images"][0]["file_name"], (64, 32), exif=exif)
    data["images"][0] |= {"width": 32, "height": 64}
    data["annotations"][0]["segmentation"] = [[0, 40, 31, 40, 31, 63, 0, 63]]
    path.write_text(json.dumps(data))
    made = import_folder(tmp_path / "in", tmp_path / "out")
    expected = np.full((64, 32), 255, np.uint8)
    expected[40:] = 0
    example = made.splits["val"][0]
    np.testing.assert_array_equal(np.asarray(Image.open(made.root / example.label)), expected)
    assert Image.open(made.root / example.image).size == (32, 64)
