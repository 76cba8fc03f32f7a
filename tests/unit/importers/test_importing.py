"""Import of one's own data: masks read as they were drawn, pairs by name, a config that trains."""

import base64
import io
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.preparation.json2labelImg import createLabelImage
from PIL import Image, ImageDraw, ImageFilter

from bisenet_lib.common import array_files
from bisenet_lib.config import configuration
from bisenet_lib.config.adapting import network_size
from bisenet_lib.config.class_names import class_names, read_names
from bisenet_lib.data.file_lists import check_pairs, read_list
from bisenet_lib.data.image_files import files_below
from bisenet_lib.data.labels import name2label
from bisenet_lib.errors import InputError
from bisenet_lib.importers.colour_table import ColourTable, read_table
from bisenet_lib.importers.examples import Imported
from bisenet_lib.importers.importing import import_folder
from bisenet_lib.importers.labelme import draw
from bisenet_lib.importers.masks import Picture, read_colours, read_indices
from bisenet_lib.importers.pairing import find_pairs, split
from bisenet_lib.importers.smoothing import edges_of
from bisenet_lib.network import checkpoint
from bisenet_lib.training import trainer

SHIPPED = Path(__file__).parents[3] / "data" / "checkpoints" / "bisenetv2_minicity"
SIZE = (64, 32)
NAMES = ("table", "apple", "pear")
COLOURS = {"table": (120, 80, 40), "apple": (220, 20, 30), "pear": (90, 200, 60)}


def classes_of(seed, size=SIZE):
    """A mask of three classes and, in a corner, of ignored pixels."""
    values = np.random.default_rng(seed).integers(0, 3, (size[1], size[0]), np.uint8)
    values[0, :3] = (0, 1, 2)
    values[-4:, -4:] = 255
    return values


def save_image(path, seed=0, size=SIZE, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path, **options)


def save_mask(path, values, palette=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values)
    if palette is not None:
        image.putpalette(palette)
    image.save(path)


@pytest.fixture
def folder(tmp_path):
    """Five images, a to e, and grey index masks."""
    for seed, name in enumerate("abcde"):
        save_image(tmp_path / "photos" / "images" / f"{name}.png", seed)
        save_mask(tmp_path / "photos" / "masks" / f"{name}.png", classes_of(seed))
    return tmp_path / "photos"


def flat_of(colours):
    """The colours as a palette of 256, black after them."""
    return [*(channel for colour in colours.values() for channel in colour), *[0] * 3 * 253]


def labels_of(made: Imported) -> dict[str, np.ndarray]:
    examples = [one for those in made.splits.values() for one in those]
    return {one.name: np.asarray(Image.open(made.root / one.label)) for one in examples}


def test_a_folder_becomes_a_data_set_of_the_courses_contract(folder, tmp_path):
    target = tmp_path / "set"
    made = import_folder(folder, target, classes=NAMES)
    assert {path.name for path in target.iterdir()} == {
        "images", "labels", "train.txt", "val.txt", "classes.txt", "config.yml",
    }  # fmt: skip
    assert class_names(target) == NAMES
    pairs = {key: read_list(target / f"{key}.txt", target) for key in ("train", "val")}
    assert [len(those) for those in pairs.values()] == [4, 1]
    counts = sum(check_pairs(those, 3) for those in pairs.values())
    expected = np.concatenate([classes_of(seed).ravel() for seed in range(5)])
    np.testing.assert_array_equal(counts, np.bincount(expected, minlength=256)[:3])
    for seed, name in enumerate("abcde"):
        np.testing.assert_array_equal(labels_of(made)[name], classes_of(seed))
        copied = (target / "images" / f"{name}.png").read_bytes()
        assert copied == (folder / "images" / f"{name}.png").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"photos", "set"}, "a part was left"


def test_the_report_counts_what_is_there(folder, tmp_path):
    values = np.zeros((32, 64), np.uint8)
    values[:8] = 1
    for name in "abcde":
        save_mask(folder / "masks" / f"{name}.png", values)
    values[0, 0] = 2
    save_mask(folder / "masks" / "b.png", values)
    (tmp_path / "val.txt").write_text("images/e.png\n")
    made = import_folder(folder, tmp_path / "set", val=tmp_path / "val.txt")
    assert made.names == ("class 0", "class 1", "class 2")
    np.testing.assert_array_equal(made.images("train"), [4, 4, 1])
    np.testing.assert_allclose(made.shares("val"), [0.75, 0.25, 0])
    np.testing.assert_allclose(made.shares("train")[2], 1 / (4 * 32 * 64))
    assert made.absent("val") == ["class 2"]
    assert made.absent("train") == []
    assert made.notes() == ["In no validation image, so it is not scored: class 2."]
    assert "| 1 | class 1 | 24.99 | 25.00 | 4 | 1 |" in made.table()
    assert json.loads(json.dumps(made.as_dict()))["splits"]["val"]["images"] == ["e"]


@pytest.mark.slow
def test_two_workers_write_the_same(folder, tmp_path):
    one = import_folder(folder, tmp_path / "one")
    two = import_folder(folder, tmp_path / "two", workers=2)
    assert one.table() == two.table()
    files = [path.relative_to(one.root) for path in one.root.rglob("*.*") if path.suffix != ".yml"]
    assert len(files) == 13
    assert all((one.root / file).read_bytes() == (two.root / file).read_bytes() for file in files)


def test_the_configuration_trains_from_the_shipped_checkpoint(folder, tmp_path):
    import_folder(folder, tmp_path / "set", classes=NAMES, val=0.4)
    settings = configuration.load_config(tmp_path / "set" / "config.yml", iters=2, batch_size=2)
    transforms = settings["train_dataset"]["transforms"]
    assert transforms[0] == {"type": "Resize", "target_size": [64, 32]}
    result = trainer.fit(settings, tmp_path / "run", init_model=SHIPPED)
    assert result.scores.matrix.shape == (3, 3)
    assert result.scores.names == NAMES
    head = array_files.read_arrays(checkpoint.weights_file(tmp_path / "run"))[
        "head.conv_1x1.weight"
    ]
    assert head.shape[0] == 3


# How masks are read


def test_of_a_palette_the_index_counts_and_not_the_colour(tmp_path):
    values = classes_of(1)
    for palette in (None, [9, 9, 9] * 256, list(range(255, -1, -1)) * 3):
        save_mask(tmp_path / "mask.png", values, palette)
        found = read_indices(tmp_path / "mask.png", Picture(SIZE), num_classes=3)
        np.testing.assert_array_equal(found, values)


def test_palettes_that_disagree_are_refused(folder, tmp_path):
    """A program that numbers the colours of each file anew: the index says nothing."""
    other = dict(reversed(COLOURS.items()))
    for seed, name in enumerate("abcde"):
        palette = flat_of(other if name == "d" else COLOURS)
        save_mask(folder / "masks" / f"{name}.png", classes_of(seed), palette)
    with pytest.raises(InputError, match=r"d.png: value 0 has the colour 90,200,60, elsewhere 120"):
        import_folder(folder, tmp_path / "set")
    table = tmp_path / "colours.csv"
    rows = ["ignore,0,0,0", *(f"{name},{r},{g},{b}" for name, (r, g, b) in COLOURS.items())]
    table.write_text("\n".join(rows))
    save_mask(folder / "masks" / "d.png", classes_of(3), flat_of(COLOURS))
    assert import_folder(folder, tmp_path / "set", colours=table).names == tuple(COLOURS)
    table.write_text("\n".join(rows[::-1]))
    with pytest.raises(InputError, match=r"value 0 has the colour 120,80,40, elsewhere 90,200,60"):
        import_folder(folder, tmp_path / "two", colours=table)
    made = import_folder(folder, tmp_path / "two", colours=table, kind="colour")
    np.testing.assert_array_equal(labels_of(made)["a"][0, :3], [2, 1, 0])


@pytest.mark.parametrize("first", ["palette", "grey"])
def test_palettes_are_compared_in_all_masks_not_with_the_first_alone(folder, tmp_path, first):
    """The first mask has no pear, or no palette at all; two others disagree about pears."""
    other = COLOURS | {"pear": (255, 255, 0)}
    for seed, name in enumerate("abcde"):
        values = classes_of(seed) % 2 if name == "a" else classes_of(seed)
        palette = flat_of(other if name == "d" else COLOURS)
        save_mask(folder / "masks" / f"{name}.png", values, palette)
    if first == "grey":
        save_mask(folder / "masks" / "a.png", classes_of(0))
    expected = r"in 1 of 5\..*--kind index\.\n.*d.png: value 2 has the colour 255,255,0, elsewhere"
    with pytest.raises(InputError, match=expected):
        import_folder(folder, tmp_path / "set")
    made = import_folder(folder, tmp_path / "set", kind="index")
    np.testing.assert_array_equal(labels_of(made)["d"], classes_of(3))


def test_sixteen_and_one_bit_masks(tmp_path):
    values = classes_of(1)
    Image.fromarray(values.astype(np.uint16)).save(tmp_path / "wide.png")
    np.testing.assert_array_equal(read_indices(tmp_path / "wide.png", Picture(SIZE)), values)
    Image.fromarray(values == 1).save(tmp_path / "bit.png")
    np.testing.assert_array_equal(read_indices(tmp_path / "bit.png", Picture(SIZE)), values == 1)


def test_an_ignored_value_is_left_out_of_the_numbering(tmp_path):
    Image.fromarray(np.array([[0, 1, 2], [3, 255, 0]], np.uint8)).save(tmp_path / "m.png")
    read = lambda ignore: read_indices(
        tmp_path / "m.png", Picture((3, 2)), num_classes=3, ignore=ignore
    )
    np.testing.assert_array_equal(read(0), [[255, 0, 1], [2, 255, 255]])
    np.testing.assert_array_equal(read(2), [[0, 1, 255], [2, 255, 0]])
    with pytest.raises(InputError, match=r"value 3 outside .*row 1, column 0, 1 pixels"):
        read(255)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colours_are_looked_up_in_the_table(tmp_path, mode):
    (tmp_path / "colours.csv").write_text(
        "name,r,g,b\n# fruit\npear,90,200,60\ntable, 120, 80, 40\nignore,0,0,0\n"
        "pear,91,201,61\napple,220,20,30\n"
    )
    table = read_table(tmp_path / "colours.csv")
    assert table.names == ("pear", "table", "apple")
    drawn = [[(90, 200, 60), (120, 80, 40), (0, 0, 0)], [(91, 201, 61), (220, 20, 30), (0, 0, 0)]]
    image = Image.fromarray(np.array(drawn, np.uint8))
    (image.quantize(5) if mode == "P" else image.convert(mode)).save(tmp_path / "mask.png")
    found = read_colours(tmp_path / "mask.png", Picture((3, 2)), table=table)
    np.testing.assert_array_equal(found, [[0, 1, 255], [0, 2, 255]])
    assert read_table(tmp_path / "colours.csv", ["apple", "pear", "plum", "table"]).indices == (
        *(1, 3, 255, 1, 0),
    )


def test_colour_masks_make_the_same_labels_as_index_masks(folder, tmp_path):
    by_index = labels_of(import_folder(folder, tmp_path / "one"))
    colours = np.array([*COLOURS.values(), *[(0, 0, 0)] * 253], np.uint8)
    for seed, name in enumerate("abcde"):
        save_mask(folder / "masks" / f"{name}.png", colours[classes_of(seed)])
    rows = [f"{name},{r},{g},{b}" for name, (r, g, b) in COLOURS.items()]
    (tmp_path / "colours.txt").write_text("\n".join([*rows, "ignore,0,0,0"]))
    made = import_folder(folder, tmp_path / "two", colours=tmp_path / "colours.txt")
    assert (made.kind, made.names) == ("colour", tuple(COLOURS))
    for name, values in labels_of(made).items():
        np.testing.assert_array_equal(values, by_index[name])


def test_one_strange_colour_among_many_pixels_is_found(tmp_path):
    pixels = np.full((50, 70, 3), 10, np.uint8)
    pixels[31, 12] = (10, 10, 11)
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    table = ColourTable(("grey", "red"), ((10, 10, 10), (255, 0, 0)), (0, 1))
    with pytest.raises(InputError, match=r"1 colours .*: 10,10,11 \(first at row 31, column 12, 1"):
        read_colours(tmp_path / "mask.png", Picture((70, 50)), table=table)


# LabelMe


def annotation(path, shapes, size=SIZE, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"version": "5.5.0", "flags": {}, "imageData": None, "shapes": shapes}
    data |= {"imageWidth": size[0], "imageHeight": size[1], "imagePath": f"{path.stem}.jpg"}
    path.write_text(json.dumps(data | more))


def shape(label, points, kind="polygon", **more):
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, **more}


def drawn(tmp_path, shapes, size=SIZE, unlabelled=0):
    annotation(tmp_path / "a.json", shapes, size)
    values = {"one": 1, "two": 2, "ignore": 255}
    return draw(
        tmp_path / "a.json",
        Picture(size),
        values=values,
        unlabelled=unlabelled,
        image=tmp_path / "a.jpg",
    )


def test_polygons_are_drawn_in_order_as_cityscapesscripts_draws_them(tmp_path):
    rng = np.random.default_rng(5)
    names = ["car", "road", "person", "sky", "car", "bicycle"]
    shapes = [shape(name, rng.integers(-5, 70, (7, 2)).tolist()) for name in names]
    annotation(tmp_path / "a.json", shapes)
    theirs = Annotation()
    theirs.fromJsonText(json.dumps({
        "imgWidth": SIZE[0], "imgHeight": SIZE[1],
        "objects": [{"label": one["label"], "polygon": one["points"]} for one in shapes],
    }))  # fmt: skip
    values = {name: name2label[name].id for name in names}
    found = draw(
        tmp_path / "a.json", Picture(SIZE), values=values, unlabelled=0, image=tmp_path / "a.jpg"
    )
    np.testing.assert_array_equal(found, np.asarray(createLabelImage(theirs, "ids")))
    assert len(np.unique(found)) > 4


def test_rectangles_circles_and_small_masks(tmp_path):
    found = drawn(tmp_path, [shape("one", [[5, 3], [2, 1]], "rectangle")], (8, 5))
    expected = np.zeros((5, 8), int)
    expected[1:4, 2:6] = 1
    np.testing.assert_array_equal(found, expected)

    found = drawn(tmp_path, [shape("two", [[30, 15], [30, 25]], "circle")], unlabelled=255)
    across, up = np.meshgrid(np.arange(64), np.arange(32))
    distance = np.hypot(across - 30, up - 15)
    assert (found[distance <= 9.5] == 2).all()
    assert (found[distance >= 10.8] == 255).all()

    inside = io.BytesIO()
    Image.fromarray(np.array([[1, 0, 1], [0, 1, 1]], np.uint8)).save(inside, "png")
    small = base64.b64encode(inside.getvalue()).decode()
    whole = shape("one", [[0, 0], [8, 0], [8, 5], [0, 5]])
    found = drawn(tmp_path, [whole, shape("two", [[2, 1], [4, 2]], "mask", mask=small)], (8, 5))
    np.testing.assert_array_equal(found[1:3, 1:6], [[1, 2, 1, 2, 1], [1, 1, 2, 2, 1]])
    assert np.delete(found, (1, 2), 0).max() == 1


@pytest.fixture
def labelme(tmp_path):
    """Three photographs with their annotations beside them, as LabelMe leaves them."""
    for seed, name in enumerate(("x", "y", "z")):
        save_image(tmp_path / "work" / f"{name}.jpg", seed)
        box = [[4, 4], [20, 4], [20, 20], [4, 20]]
        shapes = [shape("pear", box), shape("apple", [[30, 2], [50, 20]], "rectangle")]
        annotation(tmp_path / "work" / f"{name}.json", shapes)
    return tmp_path / "work"


def test_labelme_files_beside_their_photographs(labelme, tmp_path):
    made = import_folder(labelme, tmp_path / "set")
    assert (made.kind, made.names) == ("labelme", ("apple", "pear"))
    label = labels_of(made)["x"]
    assert (label[10, 10], label[10, 40], label[30, 60]) == (1, 0, 255)
    share = 100 * (1 - (17 * 17 + 21 * 19) / (64 * 32))
    assert made.notes()[0].startswith(f"{share:.1f} % of the pixels are in no shape and ignored")

    made = import_folder(labelme, tmp_path / "table", background="table")
    assert made.names == ("table", "apple", "pear")
    label = labels_of(made)["x"]
    assert (label[10, 10], label[10, 40], label[30, 60]) == (2, 1, 0)
    assert made.notes() == []


def test_labels_that_differ_in_outer_spaces_are_one_class(labelme, tmp_path):
    annotation(labelme / "x.json", [shape("pear ", [[4, 4], [20, 4], [20, 20], [4, 20]])])
    made = import_folder(labelme, tmp_path / "set", background=" table ")
    assert class_names(made.root) == ("table", "apple", "pear")
    assert labels_of(made)["x"][10, 10] == labels_of(made)["y"][10, 10] == 2


def test_labelmes_own_file_of_labels(labelme, tmp_path):
    annotation(labelme / "x.json", [shape("__ignore__", [[0, 0], [9, 0], [9, 9]])])
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\npear\napple\n")
    made = import_folder(labelme, tmp_path / "set", classes=tmp_path / "labels.txt")
    assert made.names == ("_background_", "pear", "apple")
    assert set(np.unique(labels_of(made)["x"])) == {0, 255}
    assert set(np.unique(labels_of(made)["y"])) == {0, 1, 2}


# Photographs that lie on their side


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_label_and_photograph_stand_the_same_way_for_every_reader(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    for seed, name in enumerate("ab"):
        photo = tmp_path / "in" / "images" / f"{name}.jpg"
        save_image(photo, seed, exif=exif, quality=95)
        upright = cv2.imread(str(photo))
        bright = (upright.mean(axis=2) > 128).astype(np.uint8)
        save_mask(tmp_path / "in" / "masks" / f"{name}.png", bright)
    made = import_folder(tmp_path / "in", tmp_path / "set")
    for image, label in read_list(tmp_path / "set" / "train.txt", tmp_path / "set"):
        by_cv2 = cv2.imread(str(image))
        by_pillow = np.asarray(Image.open(image).convert("RGB"))[..., ::-1]
        truth = np.asarray(Image.open(label))
        for pixels in (by_cv2, by_pillow):
            assert pixels.shape[:2] == truth.shape
            agreeing = ((pixels.mean(axis=2) > 128) == truth).mean()
            assert agreeing > 0.99
    turned = "Photographs turned as their EXIF orientation says: 2."
    assert (turned in made.notes()) == (orientation != 1)


# Pairs, splits, sizes


def test_pairs_are_made_by_name_also_in_folders_and_with_suffixes(tmp_path):
    for name in ("x/1.jpg", "x/10.jpg", "y/1.PNG", "2.v1.jpeg"):
        save_image(tmp_path / "i" / name)
        bare = name.rpartition(".")[0]
        save_mask(tmp_path / "m" / f"{bare}_mask.png", classes_of(0))
    save_mask(tmp_path / "m" / "x" / "1.png", classes_of(0))
    found = find_pairs(tmp_path / "i", tmp_path / "m", "_mask.png")
    assert [pair.name for pair in found.pairs] == ["2.v1", "x/1", "x/10", "y/1"]
    assert all(pair.mask.name == f"{pair.image.stem}_mask.png" for pair in found.pairs)
    assert found.unpaired == ()


def test_what_lacks_its_half_is_left_out_and_named(folder, tmp_path):
    (folder / "masks" / "b.png").unlink()
    save_mask(folder / "masks" / "bb.png", classes_of(9))
    made = import_folder(folder, tmp_path / "set", skip_unpaired=True)
    for seed, name in zip((0, 2, 3, 4), "acde", strict=True):
        np.testing.assert_array_equal(labels_of(made)[name], classes_of(seed))
    assert len(made.unpaired) == 2
    assert "Files left out: 2." in made.notes()[-1]
    assert "b.png: no mask b.png" in made.notes()[-1]


def test_masks_in_the_images_own_folder(folder, tmp_path):
    for name in "abcde":
        (folder / "masks" / f"{name}.png").rename(folder / "images" / f"{name}_seg.png")
    (folder / "masks").rmdir()
    made = import_folder(folder, tmp_path / "set", mask_suffix="_seg")
    np.testing.assert_array_equal(labels_of(made)["c"], classes_of(2))
    assert len(labels_of(made)) == 5


def test_the_drawing_of_validation_images():
    names = [f"{number:03}" for number in range(200)]
    parts = split(names, 0.25, 0)
    assert len(parts["val"]) == 50
    assert sorted(parts["train"] + parts["val"]) == names
    assert split(names[::-1], 0.25, 0) == parts
    assert split(names, 0.25, 1) != parts
    assert not set(parts["val"]) - set(split(names[:100], 0.5, 0)["val"]) & set(names[:100])
    more = set(split([*names, *(f"x{number}" for number in range(20))], 0.25, 0)["val"])
    assert len(more & set(parts["val"])) >= 45, "most stay where they are"
    assert {key: len(those) for key, those in split(["a", "b"], 0.01, 0).items()} == {
        "train": 1,
        "val": 1,
    }


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        ("train", "val", "test"),
        ("train", "valid", "test"),
        ("Train", "Val", "Test"),
        ("train2017", "val2017", "test2017"),
        ("train", "dev", "test"),
        ("training", "validation", "testing"),
        ("train_set", "val_set", "test_set"),
        ("city/train", "city/val", "other/test"),
    ],
)
def test_folders_say_the_split_and_test_images_are_left_out(train, val, test):
    names = [f"{train}/a", f"{train}/b", f"{val}/a", f"{test}/a", f"{test}/val_1"]
    assert split(names, None, 0) == {"train": [f"{train}/a", f"{train}/b"], "val": [f"{val}/a"]}
    drawn = split(names, 0.5, 0)
    assert sorted(drawn["train"] + drawn["val"]) == sorted(names[:3])


def test_a_folder_of_one_split_alone_says_none(tmp_path):
    for folder in ("test", "val", "train"):
        parts = split([f"{folder}/{number}" for number in range(10)], None, 0)
        assert {key: len(those) for key, those in parts.items()} == {"train": 8, "val": 2}
    parts = split([f"train/{n}" for n in range(10)] + [f"test/{n}" for n in range(10)], None, 0)
    assert {key: len(those) for key, those in parts.items()} == {"train": 8, "val": 2}
    assert not any(name.startswith("test/") for those in parts.values() for name in those)


def test_test_images_alone_have_masks(tmp_path):
    save_image(tmp_path / "images" / "train" / "a.png")
    save_image(tmp_path / "images" / "test" / "b.png")
    save_mask(tmp_path / "masks" / "test" / "b.png", classes_of(0))
    with pytest.raises(InputError, match="no two of one name outside test folders"):
        find_pairs(tmp_path / "images", tmp_path / "masks", ".png")


def test_images_beside_the_folders_of_a_split_are_not_shared_out(tmp_path):
    names = ["train/a", "train/b", "val/a", "more/d"]
    with pytest.raises(InputError, match=r"val/ holds validation images, and 1 .*\nmore/d"):
        split(names, None, 0)
    assert len(split(names, 0.25, 0)["val"]) == 1


def test_a_list_may_say_the_split(tmp_path):
    names = ["train/a", "train/b", "val/a", "val/c", "test/d"]
    path = tmp_path / "list.txt"
    path.write_text("images/val/a.jpg,labels/val/a.png\nb\n\n")
    assert split(names, path, 0) == {"train": ["train/a", "val/c"], "val": ["train/b", "val/a"]}
    path.write_text("test/d\n")
    assert split(names, path, 0)["val"] == ["test/d"]
    path.write_text("a.jpg\nq\n")
    with pytest.raises(InputError, match=r"line 1: 'a.jpg': fits 2 images.*\n.*line 2.*no such"):
        split(names, path, 0)


def test_a_list_that_was_not_asked_for_is_named(folder, tmp_path):
    (folder / "lists").mkdir()
    (folder / "lists" / "val.txt").write_text("images/c.png,masks/c.png\n")
    made = import_folder(folder, tmp_path / "one")
    listed = folder / "lists" / "val.txt"
    assert made.notes()[0] == f"The split was drawn. --val {listed} takes the one of that list."
    made = import_folder(folder, tmp_path / "two", val=listed)
    assert [one.name for one in made.splits["val"]] == ["c"]
    assert not made.remarks


def test_a_split_of_three_folders_is_kept_and_what_was_used_is_told(tmp_path):
    """As Roboflow exports: the masks stand beside the images, and test has no masks here."""
    for number, place in enumerate(("train/a", "train/b", "valid/c", "test/d", "test/e")):
        save_image(tmp_path / "in" / f"{place}.jpg", number)
        if place != "test/e":
            mask = classes_of(number) if place != "test/d" else np.full((32, 64), 9, np.uint8)
            save_mask(tmp_path / "in" / f"{place}_mask.png", mask)
    table = tmp_path / "in" / "train" / "_classes.csv"
    table.write_text("Pixel Value, Class\n0, table\n1, apple\n2, pear\n")
    made = import_folder(tmp_path / "in", tmp_path / "set", mask_suffix="_mask", classes=table)
    assert made.names == NAMES
    assert (tmp_path / "set" / "train.txt").read_text().splitlines() == [
        "images/train/a.jpg,labels/train/a.png",
        "images/train/b.jpg,labels/train/b.png",
    ]
    assert "valid/c" in (tmp_path / "set" / "val.txt").read_text()
    assert not (tmp_path / "set" / "images" / "test").exists()
    assert made.notes() == [
        "The split is that of the folders: 2 to train, 1 to val.",
        "Left out of training and validation, as test images: 2. test/d; test/e",
    ]


def test_the_networks_input_has_the_shape_of_the_images():
    laptop = configuration.load_config("laptop")
    assert network_size(laptop, [(1280, 720)] * 3) == (256, 128)
    assert network_size(laptop, [(640, 480)]) == (224, 160)
    assert network_size(laptop, [(3000, 4000), (4000, 3000), (3000, 4000)]) == (160, 224)
    assert network_size(laptop, [(100, 90)]) == (96, 96)
    assert network_size(configuration.load_config("cityscapes"), [(640, 480)]) is None


def test_size_and_configuration_may_be_chosen(folder, tmp_path):
    import_folder(folder, tmp_path / "set", size=(96, 64), config="smoke")
    settings = configuration.load_config(tmp_path / "set" / "config.yml")
    assert (settings["iters"], settings["model"]["num_classes"]) == (6, 3)
    for key in ("train_dataset", "val_dataset"):
        transforms = settings[key]["transforms"]
        assert transforms[0]["target_size"] == [96, 64]
        assert all(one.get("crop_size") in (None, [96, 64]) for one in transforms)


def test_a_configuration_that_resizes_nothing_is_for_images_of_the_median_size(folder, tmp_path):
    made = import_folder(folder, tmp_path / "set", config="cityscapes")
    settings = configuration.load_config(tmp_path / "set" / "config.yml")
    assert made.size is None
    assert settings["image_size"] == [64, 32]
    import_folder(folder, tmp_path / "small", size=(96, 64))
    settings = configuration.load_config(tmp_path / "small" / "config.yml")
    assert configuration.trained_size(settings) == (96, 64)


def test_rare_classes_of_another_data_set_are_left_behind(folder, tmp_path):
    """Their train ids are other classes here, or none."""
    base = configuration.load_config("minicity_checkpoint")
    rare = {"type": "PasteObjects", "classes": [11, 17]}
    base["train_dataset"]["transforms"].insert(0, rare)
    configuration.save_config(base, tmp_path / "mine.yml")
    import_folder(folder, tmp_path / "set", config=str(tmp_path / "mine.yml"))
    settings = configuration.load_config(tmp_path / "set" / "config.yml")
    transforms = settings["train_dataset"]["transforms"]
    assert not any("classes" in one for one in transforms)
    assert {"type": "RandomPaddingCrop", "crop_size": [256, 256]} in transforms


def test_class_names_of_a_data_set(tmp_path):
    assert class_names(tmp_path) is None
    (tmp_path / "classes.txt").write_text("a\nb\n")
    assert class_names(tmp_path, 2) == ("a", "b")
    for content, message in (
        ("a\nb\nc\n", "3 names, and the configuration has num_classes 2"),
        ("a\n\nb\n", "name 2: it is empty"),
        ("a\na\n", "name 2: 'a' is there twice"),
    ):
        (tmp_path / "classes.txt").write_text(content)
        with pytest.raises(InputError, match=message):
            class_names(tmp_path, 2)


@pytest.mark.parametrize(
    "content",
    [
        "Pixel Value, Class\n0, table\n1, apple\n2, pear\n",
        "0,table\n1,apple\n2,pear\n",
        "id;name\n2;pear\n1;apple\n0;table\n255;ignore\n",
        "0: table\n1: apple\n2: pear",
        "0 table\n1 apple\n2 pear",
        'value,name\n0,"table"\n1,"apple"\n2,"pear"\n',
        "\ufefftable\napple\npear\n\n",
    ],
)
def test_class_names_with_their_pixel_values(tmp_path, content):
    path = tmp_path / "classes.csv"
    path.write_text(content, encoding="utf-8")
    assert read_names(path) == NAMES


def test_class_names_with_pixel_values_and_one_that_is_ignored(tmp_path):
    path = tmp_path / "classes.csv"
    path.write_text("Pixel Value, Class\n0, unlabeled\n1, 2-wheeler\n2, bus (long)\n")
    assert read_names(path, ignore=0) == ("2-wheeler", "bus (long)")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "1,table\n2,apple\n", "a table of the values 1, 2, without 0"),
        ("a.csv", "0,table\n2,apple\n", "a table of the values 0, 2, without 1"),
        ("a.csv", "0,table\n0,apple\n", "the value 0 is there twice"),
        ("a.csv", "name,r,g,b\ntable,1,2,3\n", "line 2: 'table,1,2,3' is a row.*--colours"),
        ("a.txt", "table\nhalf\x0bhalf\n", "name 3: 'half' is there twice"),
        ("data.yaml", "names: [a, b]\ntrain: x\n", "no list of names(.|\n)*in YOLO's format"),
        ("meta.json", '{"classes": [{"shape": "bitmap"}]}', "no list of names(.|\n)*Supervisely"),
        ("labelmap.txt", "# label:color_rgb\nroad:1,2,3::\n", "line 2: .*is a row(.|\n)*CVAT's"),
    ],
)
def test_files_that_are_no_list_of_class_names(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        read_names(tmp_path / name)


# Masks that were smoothed


def test_jumps_and_ramps_along_rows_and_columns():
    mask = np.array([[0, 0, 2, 2, 2], [0, 1, 2, 2, 2], [9, 9, 9, 9, 9]], np.uint8)
    edges = edges_of(mask)  # rows: 0|0|2, 0|2|2, 0|1|2; columns: five times x|y|9
    assert (edges.jumps, edges.ramps) == (3 + 5, 1 + 1)
    assert np.flatnonzero(edges.solid).tolist() == [2]
    assert edges.solid[2] == 2, "in the upper right corner; what is outside the mask is no other"
    tiny = edges_of(np.zeros((1, 1), np.uint8))
    assert (tiny.jumps, tiny.ramps, tiny.solid[0]) == (0, 0, 1)


def blobs(seed, values, size=(256, 192)):
    """Four ellipses of these values in turn on 0, as an annotator draws them."""
    rng = np.random.default_rng(seed)
    canvas = Image.new("L", size)
    for number in range(4):
        x, y = rng.uniform((30, 30), np.subtract(size, 30))
        box = (x - 25, y - 20, x + 25, y + 20)
        ImageDraw.Draw(canvas).ellipse(box, fill=values[number % len(values)])
    return canvas


def as_jpeg(mask, quality=90):
    inside = io.BytesIO()
    mask.save(inside, "jpeg", quality=quality)
    return Image.open(inside)


def resized(mask):
    width, height = mask.size
    small = mask.resize((width // 2, height // 2), Image.Resampling.BILINEAR)
    return small.resize(mask.size, Image.Resampling.BILINEAR)


@pytest.fixture
def drawn_masks(tmp_path):
    """Write eight photographs and their masks, changed by a function."""

    def write(values, change):
        for seed in range(8):
            save_image(tmp_path / "in" / "images" / f"{seed}.jpg", seed, (256, 192))
            path = tmp_path / "in" / "masks" / f"{seed}.png"
            path.parent.mkdir(exist_ok=True)
            change(blobs(seed, values)).save(path)
        return tmp_path / "in"

    return write


def blurred(mask):
    return mask.filter(ImageFilter.GaussianBlur(6))


@pytest.mark.parametrize("values", [(1,), (1, 2), (1, 2, 3, 4)])
def test_masks_as_they_were_drawn_are_taken_without_a_word(drawn_masks, tmp_path, values):
    made = import_folder(drawn_masks(values, lambda mask: mask), tmp_path / "set")
    assert len(made.names) == max(values) + 1
    assert made.notes() == []


def test_thin_borders_that_are_ignored_are_not_smoothed(drawn_masks, tmp_path):
    """As in Pascal VOC."""

    def bordered(mask):
        values = np.array(mask)
        inside = values == np.asarray(mask.filter(ImageFilter.MinFilter(3)))
        return Image.fromarray(np.where(inside, values, 255).astype(np.uint8))

    made = import_folder(drawn_masks((1, 2), bordered), tmp_path / "set")
    assert 0 < made.ignored() < 0.05
    assert made.notes() == []


@pytest.mark.parametrize(
    ("values", "change"),
    [((2,), as_jpeg), ((2,), resized), ((255,), as_jpeg), ((255,), resized), ((255,), blurred)],
)
def test_smoothed_masks_are_refused_where_their_values_alone_are_to_say_the_classes(
    drawn_masks, tmp_path, values, change
):
    source = drawn_masks(values, change)
    there = np.unique([np.asarray(Image.open(path)) for path in (source / "masks").iterdir()])
    contiguous = there.tolist() == list(range(len(there)))
    assert contiguous or values == (255,), "or another refusal would do"
    if change is blurred and values == (255,):
        assert len(there) == 256
    with pytest.raises(InputError, match=r"only in specks and thin lines.*(JPEG.*|\n)*--classes"):
        import_folder(source, tmp_path / "set")


@pytest.mark.parametrize("change", [as_jpeg, resized])
def test_smoothed_masks_of_named_classes_are_taken_with_a_word(drawn_masks, tmp_path, change):
    names = tuple("abcdefgh")
    made = import_folder(drawn_masks((1, 4), change), tmp_path / "set", classes=names)
    assert made.names == names
    notes = " ".join(made.notes())
    assert re.search(r"\d\d % of the boundaries between classes pass through the indices", notes)


def test_shades_are_not_taken_for_classes(tmp_path):
    """All values in broad stripes: nothing looks smoothed, but nobody names 200 classes."""
    stripes = np.repeat(np.arange(200, dtype=np.uint8), 4)[None].repeat(16, 0)
    for name in "ab":
        save_image(tmp_path / "in" / "images" / f"{name}.png", 0, (800, 16))
        save_mask(tmp_path / "in" / "masks" / f"{name}.png", stripes)
    with pytest.raises(InputError, match="all values from 0 to 199: rather shades"):
        import_folder(tmp_path / "in", tmp_path / "set")
    names = [f"n{number}" for number in range(200)]
    assert import_folder(tmp_path / "in", tmp_path / "set", classes=names).names == tuple(names)


def test_masks_of_one_value_are_no_classes(folder, tmp_path):
    for name in "abcde":
        save_mask(folder / "masks" / f"{name}.png", np.zeros((32, 64), np.uint8))
    with pytest.raises(InputError, match=r"1 class\(es\): class 0"):
        import_folder(folder, tmp_path / "set")


# Folders behind links


def test_images_behind_links_are_imported_and_loops_end(folder, tmp_path):
    for place in ("images", "masks"):
        (tmp_path / "elsewhere" / place).mkdir(parents=True)
        for name in "cd":
            file = folder / place / f"{name}.png"
            file.rename(tmp_path / "elsewhere" / place / f"{name}.png")
        (folder / place / "linked").symlink_to(tmp_path / "elsewhere" / place)
        (folder / place / "linked" / "round").symlink_to(folder / place)
        (folder / place / "up").symlink_to(folder)
    made = import_folder(folder, tmp_path / "set")
    labels = labels_of(made)
    assert sorted(labels) == ["a", "b", "e", "linked/c", "linked/d"]
    np.testing.assert_array_equal(labels["linked/d"], classes_of(3))


def test_two_links_to_one_folder_are_two_folders(tmp_path):
    save_image(tmp_path / "there" / "a.png")
    for name in ("one", "two"):
        (tmp_path / "here" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "here" / name).symlink_to(tmp_path / "there")
    (tmp_path / "here" / ".hidden").mkdir()
    save_image(tmp_path / "here" / ".hidden" / "b.png")
    found = [str(path.relative_to(tmp_path / "here")) for path in files_below(tmp_path / "here")]
    assert found == ["one/a.png", "two/a.png"]


def test_a_link_to_a_file_that_is_gone_is_named(folder, tmp_path):
    (folder / "images" / "c.png").unlink()
    (folder / "images" / "c.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(InputError, match=r"c\.png: missing"):
        import_folder(folder, tmp_path / "set")


def test_a_video_among_the_images_is_named(folder, tmp_path):
    (folder / "images" / "clip.MP4").write_bytes(b"")
    made = import_folder(folder, tmp_path / "set")
    assert made.notes()[0].startswith("Videos, whose frames are not read, left out: 1. ")
    assert made.notes()[0].endswith("clip.MP4")
