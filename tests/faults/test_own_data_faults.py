"""A user's mistakes in importing and fine-tuning, met by the real command."""

import json
import os
import pickle
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from processes import start, wait_until

from bisenet_lib.data import conversion

SIZE = (64, 32)
TABLE = "table,120,80,40\napple,220,20,30\n"


def save(path, values, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path, **options)
    return path


def noise(seed, size=SIZE):
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)


def halves():
    values = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    values[:10] = 1
    return values


@pytest.fixture
def folder(tmp_path):
    """Four images with grey index masks of two classes."""
    for seed, name in enumerate("abcd"):
        save(tmp_path / "in" / "images" / f"{name}.png", noise(seed))
        save(tmp_path / "in" / "masks" / f"{name}.png", halves())
    return tmp_path / "in"


def in_colours(folder):
    """Turn the masks into colour masks."""
    for path in (folder / "masks").iterdir():
        save(path, np.array([[120, 80, 40], [220, 20, 30]], np.uint8)[halves()])


def annotate(path, **changes):
    box = {"label": "apple", "points": [[2, 2], [30, 2], [30, 20]], "shape_type": "polygon"}
    data = {"shapes": [box], "imageWidth": SIZE[0], "imageHeight": SIZE[1], "imagePath": ""}
    path.write_text(json.dumps(data | changes))
    return path


def in_labelme(folder):
    """Turn the masks into LabelMe files."""
    for path in list((folder / "masks").iterdir()):
        annotate(path.with_suffix(".json"))
        path.unlink()


def refused(command, folder, *options, target=None):
    """Import, expect a refusal, and find nothing written; what was printed."""
    target = target or folder.parent / "out"
    before = sorted(folder.parent.rglob("*"))
    code, printed = command("import", folder, target, *options)
    assert code == 1, printed
    assert "Traceback" not in printed
    assert sorted(folder.parent.rglob("*")) == before, "something was written"
    return printed.partition("error: ")[2]


# Index masks


def no_image(folder):
    path = folder / "images" / "b.png"
    path.write_text("a shopping list")
    return [str(path), "no image"]


def truncated_image(folder):
    path = folder / "images" / "c.png"
    path.write_bytes(path.read_bytes()[:-300])
    return [str(path), "truncated"]


def damaged_in_the_middle(folder):
    path = folder / "images" / "c.png"
    content = bytearray(path.read_bytes())
    content[100:-100] = bytes(len(content) - 200)
    path.write_bytes(content)
    return [str(path), "unreadable"]


def no_mask(folder):
    (folder / "masks" / "b.png").unlink()
    return ["other half: 1", "--skip-unpaired", f"{folder}/images/b.png: no mask b.png"]


def no_photograph(folder):
    (folder / "images" / "b.png").rename(folder / "images" / "bb.png")
    return ["other half: 2", f"{folder}/images/bb.png: no mask", f"{folder}/masks/b.png: no imag"]


def another_size(folder):
    path = save(folder / "masks" / "d.png", halves()[:, :60])
    return [f"{path}: 60x32 pixels, its image has 64x32"]


def mask_of_the_photograph_as_it_lay(folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    (folder / "images" / "d.png").unlink()
    save(folder / "images" / "d.jpg", noise(0), exif=exif)
    return [f"{folder}/masks/d.png: 64x32", "its image has 32x64, turned as its EXIF"]


def outside_the_classes(folder):
    values = halves()
    values[17, 5:9] = 2
    path = save(folder / "masks" / "a.png", values)
    return [f"{path}: value 2 outside the classes (first at row 17, column 5, 4 pixels)"]


def a_jpeg_for_a_mask(folder):
    path = (folder / "masks" / "a.png").rename(folder / "masks" / "a.jpg")
    Image.open(path).convert("L").save(path)
    return [f"{path}: masks are PNG"]


def a_jpeg_called_png(folder):
    path = save(folder / "masks" / "b.png", halves(), format="jpeg")
    return [f"{path}: a JPEG changes values"]


def one_mask_of_colours(folder):
    path = save(folder / "masks" / "b.png", noise(3))
    return [f"{path}: mode RGB"]


def two_images_of_one_name(folder):
    save(folder / "images" / "a.jpg", noise(0))
    return ["images/a.png: has the name of a.jpg"]


def a_comma_in_a_name(folder):
    for place in ("images", "masks"):
        (folder / place / "a.png").rename(folder / place / "a,1.png")
    return [f"{folder}/images/a,1.png: a comma"]


def a_tiff(folder):
    path = save(folder / "images" / "e.tif", noise(0))
    return [f"{path}: images are PNG or JPEG"]


INDEX_FAULTS = [
    no_image, truncated_image, damaged_in_the_middle, no_mask, no_photograph, another_size,
    mask_of_the_photograph_as_it_lay, outside_the_classes, a_jpeg_for_a_mask, a_jpeg_called_png,
    one_mask_of_colours, two_images_of_one_name, a_comma_in_a_name, a_tiff,
]  # fmt: skip


@pytest.mark.parametrize("fault", INDEX_FAULTS)
def test_bad_files_are_named_and_nothing_is_written(folder, command, fault):
    expected = fault(folder)
    printed = refused(command, folder, "--classes", "table,apple")
    assert all(part in printed for part in expected), printed


# Colour masks


def strange_colour(folder):
    pixels = np.array(Image.open(folder / "masks" / "c.png"))
    pixels[20, 3:8] = (220, 20, 31)
    path = save(folder / "masks" / "c.png", pixels)
    return [
        f"{path}: 1 colours not in the table: 220,20,31 (first at row 20, column 3, 5 pixels)",
        "nearest to 220,20,31 is 'apple', 220,20,30",
    ]


def smoothed_edges(folder):
    path = folder / "masks" / "c.png"
    image = Image.open(path)
    image.resize((23, 11)).resize(SIZE, Image.Resampling.BILINEAR).save(path)
    return [f"{path}: ", "colours not in the table", "smoothed edges"]


def transparent(folder):
    pixels = np.dstack([np.array(Image.open(folder / "masks" / "c.png")), 255 - 9 * halves()])
    path = save(folder / "masks" / "c.png", pixels)
    return [f"{path}: transparent pixels", "first at row 0, column 0, 640 pixels"]


@pytest.mark.parametrize("fault", [strange_colour, smoothed_edges, transparent])
def test_a_colour_that_means_nothing(folder, tmp_path, command, fault):
    in_colours(folder)
    expected = fault(folder)
    (tmp_path / "colours.csv").write_text(TABLE)
    printed = refused(command, folder, "--colours", tmp_path / "colours.csv")
    assert all(part in printed for part in expected), printed


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("table,120,80\n", "line 1: 'table,120,80'; write name,r,g,b"),
        ("name,r,g,b\ntable,120,80,400\n", "line 2: a colour is three numbers"),
        ("a,1,2,3\nb,1,2,3\n", "line 2: the colour 1,2,3 is 'a' already"),
        ("# nothing\n", "no class in it"),
        ("table,120,80,40\n", "1 class(es): table"),
        ('"ta\nble",120,80,40\n', "the name 'ta\\nble': it holds a line break"),
    ],
)
def test_a_table_that_is_none(folder, tmp_path, command, content, expected):
    in_colours(folder)
    (tmp_path / "colours.csv").write_text(content)
    assert expected in refused(command, folder, "--colours", tmp_path / "colours.csv")


def test_colours_without_a_table_are_shown(folder, command):
    in_colours(folder)
    printed = refused(command, folder)
    assert "--colours TABLE" in printed
    assert "120,80,40; 220,20,30" in printed


# LabelMe


def its_image_is_missing(folder):
    (folder / "images" / "b.png").unlink()
    return [f"{folder}/masks/b.json: no image b in {folder}/images"]


def damaged_json(folder):
    path = folder / "masks" / "b.json"
    path.write_text(path.read_text()[:-9])
    return [f"{path}: no readable JSON"]


def other_json(folder):
    path = folder / "masks" / "b.json"
    path.write_text('{"objects": []}')
    return [f"{path}: not from LabelMe"]


def unknown_label(folder):
    shapes = [{"label": "aple", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon"}]
    path = annotate(folder / "masks" / "c.json", shapes=shapes)
    return [f"{path}: shape 0 ('aple', polygon): unknown label (did you mean 'apple'?); known are"]


def a_line(folder):
    shapes = [{"label": "apple", "points": [[1, 1], [9, 9]], "shape_type": "line"}]
    path = annotate(folder / "masks" / "c.json", shapes=shapes)
    return [f"{path}: shape 0 ('apple', line): a 'line' has no area"]


def too_few_points(folder):
    shapes = [{"label": "apple", "points": [[1, 1], [9, 9]]}]
    path = annotate(folder / "masks" / "c.json", shapes=shapes)
    return [f"{path}: shape 0 ('apple', polygon): needs 3 or more points"]


def of_another_size(folder):
    path = annotate(folder / "masks" / "c.json", imageWidth=640)
    return [f"{path}: 640x32 pixels, its image has 64x32"]


def an_empty_label(folder):
    box = {"label": " ", "points": [[2, 2], [30, 2], [30, 20]]}
    path = annotate(folder / "masks" / "c.json", shapes=[box])
    return [f"{path}: shape 0: the label '': it is empty"]


def a_line_break_in_a_label(folder):
    box = {"label": "red\napple", "points": [[2, 2], [30, 2], [30, 20]]}
    path = annotate(folder / "masks" / "c.json", shapes=[box])
    return [f"{path}: shape 0: the label 'red\\napple': it holds a line break"]


def of_another_image(folder):
    path = annotate(folder / "masks" / "c.json", imagePath="..\\images\\a.png")
    return [f"{path}: is named like c.png, and its imagePath is a.png"]


@pytest.mark.parametrize(
    "fault",
    [
        its_image_is_missing,
        damaged_json,
        other_json,
        unknown_label,
        a_line,
        too_few_points,
        of_another_size,
        of_another_image,
        an_empty_label,
        a_line_break_in_a_label,
    ],
)
def test_bad_annotations_are_named(folder, command, fault):
    in_labelme(folder)
    expected = fault(folder)
    printed = refused(command, folder, "--classes", "table,apple", "--background", "table")
    assert all(part in printed for part in expected), printed


@pytest.mark.parametrize(
    ("encoding", "options", "expected"),
    [
        ("gbk", [], "a.json: not in UTF-8 (invalid"),
        ("gbk", ["--encoding", "gbk"], None),
        ("gbk", ["--encoding", "gbq"], "--encoding is 'gbq'; give one such as gbk"),
        ("utf-8", ["--encoding", "gbk"], None),
        ("utf-8-sig", [], None),
    ],
)
def test_annotations_in_other_encodings(folder, command, encoding, options, expected):
    in_labelme(folder)
    for path in (folder / "masks").iterdir():
        content = json.loads(path.read_text())
        content["shapes"][0]["label"] = "树"
        path.write_bytes(json.dumps(content, ensure_ascii=False).encode(encoding))
    options = ["--background", "table", *options]
    if expected is not None:
        assert expected in refused(command, folder, *options)
        return
    code, printed = command("import", folder, folder.parent / "out", *options)
    assert code == 0, printed
    names = (folder.parent / "out" / "classes.txt").read_text(encoding="utf-8")
    assert names == "table\n树\n"


# Options and folders


def test_of_many_bad_files_ten_are_named_and_the_rest_counted(folder, command):
    for number in range(12):
        (folder / "images" / f"x{number}.png").write_text("no")
        save(folder / "masks" / f"x{number}.png", halves())
    printed = refused(command, folder)
    assert printed.count(": no image") == 10
    assert "... and 2 more of 16" in printed


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ["--kind", "yol"],
            "--kind is 'yol'; choose one of auto, index, colour, labelme, coco, yolo",
        ),
        (["--kind", "coco"], "holds no such export. Leave out --kind"),
        (["--kind", "coco", "--masks", "masks"], "--masks masks: means nothing for --kind coco"),
        (["--background", "table"], "--background table: means nothing for index masks"),
        (["--masks", "nowhere"], "--masks nowhere: no such folder"),
        (["--mask-suffix", "_m"], "4 images, 0 masks (*_m.png)"),
        (["--val", "1.5"], "--val is 1.5"),
        (["--val", "list.txt"], "list.txt: unreadable"),
        (["--size", "100x64"], "--size is 100x64; give multiples of 32"),
        (["--size", "big"], "--size is 'big'"),
        (["--classes", "names.txt"], "--classes names.txt: no such file"),
        (["--classes", "a,b,a"], "name 3: 'a' is there twice"),
        (["--classes", "a,ignore"], "'ignore' cannot be a class"),
        (["--ignore", "300"], "--ignore is 300"),
        (["--config", "labtop"], "did you mean 'laptop'"),
        (["--workers", "0"], "workers is 0"),
    ],
)
def test_bad_options_are_named(folder, command, options, expected):
    assert expected in refused(command, folder, *options)


def test_a_tree_of_cityscapes_needs_no_import(folder, command):
    (folder / "leftImg8bit").mkdir()
    (folder / "images").rename(folder / "leftImg8bit" / "train")
    printed = refused(command, folder)
    assert f"needs no import. Run: bisenet convert {folder}" in " ".join(printed.split())


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        (255 * halves(), "hold the values 0 and 255 only"),
        (50 * halves() + 50, "2 values, the highest 100, but no 0"),
        (halves() // 2 + 255, "not one labelled pixel"),
    ],
)
def test_masks_numbered_in_another_way(folder, command, masks, expected):
    for name in "abcd":
        save(folder / "masks" / f"{name}.png", masks)
    assert expected in refused(command, folder)


def test_one_image_is_too_few(folder, command):
    for name in "bcd":
        for place in ("images", "masks"):
            (folder / place / f"{name}.png").unlink()
    assert "1 image with a mask; training and validation need one each" in refused(command, folder)


def test_a_target_that_cannot_be(folder, tmp_path, command):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").write_text("mine")
    for target, expected in (
        ("full", "holds files already"),
        ("file", "cannot be written"),
        ("file/below", "cannot be written"),
        ("in/images/set", "stands among the files to import"),
    ):
        assert expected in refused(command, folder, target=tmp_path / target)
    assert (tmp_path / "full" / "kept").read_text() == "mine"


def test_no_source(tmp_path, command):
    code, printed = command("import", tmp_path / "nowhere", tmp_path / "out")
    assert code == 1
    assert "nowhere: no such folder" in printed


def test_an_archive_has_to_be_unpacked(folder, tmp_path, command):
    archive = shutil.make_archive(str(tmp_path / "export"), "zip", folder)
    assert f"{archive}: a file. Unpack it" in refused(command, Path(archive))


def test_a_full_disk_leaves_nothing(folder, command, mount_disk):
    for number in range(12):
        save(folder / "images" / f"n{number}.png", noise(number, (256, 256)))
        save(folder / "masks" / f"n{number}.png", np.tile(halves(), (8, 4)))
    disk = mount_disk("1m")
    printed = refused(command, folder, target=disk / "out")
    assert f"{disk}/out: cannot be written (No space left on device)" in printed
    assert not list(disk.iterdir())


def test_a_killed_import_leaves_no_target_and_the_next_one_cleans_up(folder, tmp_path, command):
    for number in range(300):
        save(folder / "images" / f"n{number}.png", np.tile(noise(number), (6, 6, 1)))
        save(folder / "masks" / f"n{number}.png", np.tile(halves(), (6, 6)))
    process = start("import", folder, tmp_path / "out")
    wait_until(lambda: len(list(tmp_path.glob(".out.*.part/labels/*"))) > 3, "the first labels")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.glob(".out.*.part"))
    code, printed = command("import", folder, tmp_path / "out")
    assert code == 0, printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


# Class names that do not fit are found before the first iteration


@pytest.fixture
def imported(folder, tmp_path, command):
    code, printed = command("import", folder, tmp_path / "set", "--classes", "table,apple")
    assert code == 0, printed
    return tmp_path / "set"


@pytest.mark.parametrize(
    ("config", "names", "expected"),
    [
        ("smoke", "table\napple\n", "num_classes 19. Give the configuration that was made for "),
        ("own", "table\n\n", "1 names, and the configuration has num_classes 2"),
        ("own", "table\ntable \n", "name 2: 'table' is there twice"),
        ("own", "\napple\n", "name 1: it is empty"),
        ("own", "table\nred\napple\n", "3 names, and the configuration has num_classes 2"),
    ],
)
@pytest.mark.parametrize("do_eval", [["--do-eval"], []])
def test_class_names_that_do_not_fit(imported, tmp_path, command, config, names, expected, do_eval):
    (imported / "classes.txt").write_text(names)
    config = imported / "config.yml" if config == "own" else config
    code, printed = command(
        "train", "--config", config, "--dataset", imported, "--save-dir", tmp_path / "run", *do_eval
    )
    assert code == 1
    assert f"{imported / 'classes.txt'}: " in printed
    assert expected in printed
    assert ("Give the configuration" in printed) == (config == "smoke"), "it was given"
    assert not (tmp_path / "run").exists()


# Exports of annotation tools


def in_coco(folder):
    shutil.rmtree(folder / "masks")
    path = folder / "annotations" / "instances_train2017.json"
    path.parent.mkdir()
    filler = [{"id": number, "file_name": f"{number}.png"} for number in range(9000)]
    path.write_text(json.dumps({"images": filler, "annotations": [], "categories": []}))
    return f"{path}: no category"


def in_supervisely(folder):
    shutil.rmtree(folder / "masks")
    (folder / "images").rename(folder / "img")
    (folder / "ann").mkdir()
    shape = {"classTitle": "apple", "geometryType": "polygon", "points": {"exterior": [[1, 2]]}}
    for name in "abcd":
        text = json.dumps({"size": {"height": 32, "width": 64}, "objects": [shape]})
        (folder / "ann" / f"{name}.png.json").write_text(text)
    return f"{folder / 'ann' / 'a.png.json'}: is of Supervisely, and meta.json"


def in_yolo(folder, row="0 0.1 0.2 0.5 0.25 0.3 0.75"):
    (folder / "masks").rename(folder / "labels")
    for path in list((folder / "labels").iterdir()):
        path.with_suffix(".txt").write_text(f"{row}\n")
        path.unlink()
    return f"{folder / 'labels' / 'a.txt'} is in YOLO's format. It is read with its data.yaml"


def in_yolos_boxes(folder):
    in_yolo(folder, "0 0.5 0.5 0.25 0.3")
    return f"{folder / 'labels' / 'a.txt'} holds YOLO's boxes."


def in_cvat(folder):
    in_colours(folder)
    (folder / "masks").rename(folder / "SegmentationClass")
    (folder / "images").rename(folder / "JPEGImages")
    path = folder / "labelmap.txt"
    path.write_text("# label:color_rgb:parts:actions\ntable:120,80,40::\napple:220,20,30::\n")
    return path


def in_cvat_with_its_folders_named(folder):
    path = in_cvat(folder)
    (folder / "SegmentationClass").rename(folder / "masks")
    (folder / "JPEGImages").rename(folder / "images")
    return f"{path.parent}: CVAT's labelmap.txt, but no folder SegmentationClass"


def in_label_studio(folder):
    for number, path in enumerate(sorted((folder / "masks").iterdir())):
        for name in ("table", "apple"):
            brush = f"task-{number}-annotation-{number}-by-1-tag-{name}-0.png"
            save(folder / "masks" / brush, 255 * halves())
        path.unlink()
    return f"{folder}/masks/task-0-annotation-0-by-1-tag-apple-0.png"


def in_label_studios_json(folder):
    shutil.rmtree(folder / "masks")
    task = {"data": {"image": "a.png"}, "annotations": [{"result": [{"from_name": "tag"}]}]}
    path = folder / "project-1.json"
    path.write_text(json.dumps([task]))
    return f"{path}: no region with a label"


def in_one_file(folder, name, content):
    """Photographs and one file of annotations, as the tool writes it."""
    shutil.rmtree(folder / "masks")
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def in_labelbox(folder):
    """docs.labelbox.com: one object a line."""
    row = {"data_row": {"id": "c1", "external_id": "a.png"}, "media_attributes": {}, "projects": {}}
    return f"{in_one_file(folder, 'export.ndjson', row)} is Labelbox's export, which is not read"


def in_v7(folder):
    """docs.v7labs.com/reference/darwin-json."""
    item = {"name": "a.png", "path": "/", "slots": [{"slot_name": "0", "width": 64, "height": 32}]}
    data = {"version": "2.0", "schema_ref": "https://darwin", "item": item, "annotations": []}
    return f"{in_one_file(folder, 'a.json', data)} is V7's Darwin JSON, which is not read"


def in_via(folder):
    """The project of VIA 2, by File, Save."""
    polygon = {"name": "polygon", "all_points_x": [1, 9, 9], "all_points_y": [1, 1, 9]}
    region = {"shape_attributes": polygon, "region_attributes": {"kind": "apple"}}
    images = {"a.png123": {"filename": "a.png", "size": 123, "regions": [region]}}
    data = {"_via_settings": {}, "_via_img_metadata": images, "_via_attributes": {}}
    path = in_one_file(folder, "via_project.json", data)
    return f"{path} is of VIA (VGG Image Annotator) and not read"


def in_vocs_boxes(folder):
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    text = f"<annotation><object><name>apple</name>{box}</object></annotation>"
    return f"{in_one_file(folder, 'Annotations/a.xml', text)} holds Pascal VOC's boxes."


def in_cvats_xml(folder):
    text = '<?xml version="1.0"?><annotations><version>1.1</version><image id="0"/></annotations>'
    return f"{in_one_file(folder, 'annotations.xml', text)} is CVAT's own XML, which is not read"


@pytest.mark.parametrize(
    "export",
    [
        in_coco,
        in_supervisely,
        in_yolo,
        in_yolos_boxes,
        in_cvat_with_its_folders_named,
        in_label_studio,
        in_label_studios_json,
        in_labelbox,
        in_v7,
        in_via,
        in_vocs_boxes,
        in_cvats_xml,
    ],
)
def test_a_refusal_names_the_tool_whose_export_it_is(folder, command, export):
    expected = export(folder)
    printed = refused(command, folder)
    assert expected in printed, printed


def test_an_export_is_recognised_by_itself(folder, tmp_path, command):
    in_cvat(folder)
    code, printed = command("import", folder, tmp_path / "out")
    assert code == 0, printed
    assert "Recognised as CVAT, 'Segmentation mask 1.1', by labelmap.txt" in printed
    assert (tmp_path / "out" / "classes.txt").read_text() == "table\napple\n"
    label = Image.open(tmp_path / "out" / "labels" / "a.png")
    np.testing.assert_array_equal(np.asarray(label), halves())
    assert label.getpalette()[:6] == [120, 80, 40, 220, 20, 30]


def test_an_export_does_not_hold_the_data_set_made_from_it(folder, command):
    in_cvat(folder)
    printed = refused(command, folder, target=folder / "set")
    assert "stands among the files to import" in printed


def test_an_export_of_masks_has_no_background_to_name(folder, command):
    in_cvat(folder)
    assert "--background sky: means nothing for CVAT" in refused(
        command, folder, "--background", "sky"
    )


@pytest.mark.parametrize("option", ["--colours", "--classes"])
def test_cvats_labelmap_as_a_table(folder, command, option):
    in_cvat_with_its_folders_named(folder)
    table = folder / "labelmap.txt"
    printed = refused(command, folder, "--kind", "colour", option, table)
    assert "line 2: 'table:120,80,40::'" in printed
    assert printed.count(f"{table} is of CVAT's export 'Segmentation mask'") == 1


def test_a_refusal_names_no_tool_where_there_is_none(folder, command):
    in_labelme(folder)
    (folder / "masks" / "b.json").write_text("{")
    printed = refused(command, folder)
    assert len(printed.strip().splitlines()) == 1


# Fine-tuning


class Harm:
    def __reduce__(self):
        return os.mkdir, ("harmed",)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "no weights there"),
        (pickle.dumps({"weight": np.zeros(3)}), "weights of another network"),
        (pickle.dumps({"weight": Harm()}), "would run posix.mkdir"),
        (b"cut", "not a checkpoint of arrays"),
    ],
)
def test_weights_that_cannot_be_begun_with(tree, tmp_path, command, content, expected):
    conversion.prepare(tree)
    if content:
        (tmp_path / "model.pdparams").write_bytes(content)
    code, printed = command(
        "train", "--config", "smoke", "--dataset", tree, "--init-model",
        tmp_path / ("model.pdparams" if content else "nowhere"), "--save-dir", tmp_path / "run",
    )  # fmt: skip
    assert code == 1
    assert expected in printed
    assert not (tmp_path / "run").exists()
    assert not Path("harmed").exists()


def test_a_run_either_begins_or_goes_on(tree, tmp_path, command):
    conversion.prepare(tree)
    code, printed = command(
        "train", "--config", "smoke", "--dataset", tree, "--init-model", "one",
        "--resume-model", "two", "--save-dir", tmp_path / "run",
    )  # fmt: skip
    assert code == 1
    assert "--init-model one begins a run, --resume-model two goes on with one" in printed
