"""Label Studio's JSON, and its "Brush labels to PNG".

The JSON is written with the keys of the export of Label Studio 1.x (https://labelstud.io/guide/
export and the results of its tags' pages), the names of the masks as ``brush.py`` of
label-studio-sdk makes them. The run lengths come from an encoder of this file, after the
description of thi-ng's rle-pack; the encoder of the SDK writes one value a block, the editor's
several, and both are tried. label-studio-converter 0.0.59 decodes what this encoder writes, and
what it encodes and saves is read here alike (compared once, when this was written).
"""

import json
import pickle
from itertools import groupby

import numpy as np
import pytest
from PIL import Image

from bisenet_lib.errors import InputError
from bisenet_lib.importers.annotations import LEFT_OUT
from bisenet_lib.importers.exports import drawn_pairs
from bisenet_lib.importers.label_studio import find
from bisenet_lib.importers.label_studio_brush import brush_pixels

SIZE = (8, 4)
_ = 255


# Run lengths


def in_bits(number, bits):
    return format(number, f"0{bits}b")


def blocks_of(values, longest_literal):
    """Runs of equal values, and literals of values that differ from their neighbours."""
    literal = []
    for value, group in groupby(values):
        length = len(list(group))
        if length > 1 or len(literal) == longest_literal:
            if literal:
                yield False, literal
            literal = []
        if length == 1:
            literal.append(value)
            continue
        for start in range(0, length, 65536):
            yield True, [value] * min(65536, length - start)
    if literal:
        yield False, literal


def encoded(mask, grey=255, longest_literal=16, sizes=(3, 4, 8, 16)):
    """The bytes that the editor writes for a mask, (H, W) bool: grey where it is painted."""
    values = np.repeat(np.asarray(mask, int).ravel() * grey, 4).tolist()
    return pack(values, longest_literal, sizes)


def pack(values, longest_literal=16, sizes=(3, 4, 8, 16)):
    parts = [in_bits(len(values), 32), in_bits(7, 5), *(in_bits(size - 1, 4) for size in sizes)]
    for is_run, block in blocks_of(values, longest_literal):
        which = next(i for i, bits in enumerate(sizes) if len(block) <= 1 << bits)
        parts += [str(int(is_run)), in_bits(which, 2), in_bits(len(block) - 1, sizes[which])]
        parts += [in_bits(value, 8) for value in (block[:1] if is_run else block)]
    text = "".join(parts)
    text += "0" * (-len(text) % 8)
    return [int(text[at : at + 8], 2) for at in range(0, len(text), 8)]


def test_run_lengths_worked_by_hand():
    """Two pixels: the first 7,7,7,255, the second 1,2,3,0."""
    text = (
        "00000000000000000000000000001000"  # 8 values
        "00111"  # of 7 + 1 bits
        "0010001101111111"  # counts of 3, 4, 8 or 16 bits
        "1" "00" "010" "00000111"  # a run, count of 3 bits, 2 + 1 times, 7
        "0" "01" "0100"  # no run, count of 4 bits, 4 + 1 values
        "11111111" "00000001" "00000010" "00000011" "00000000"
    )  # fmt: skip
    text += "0" * (-len(text) % 8)
    data = int(text, 2).to_bytes(len(text) // 8)
    np.testing.assert_array_equal(brush_pixels(data, (2, 1)), [[True, False]])


@pytest.mark.parametrize("longest_literal", [1, 16])
@pytest.mark.parametrize("sizes", [(3, 4, 8, 16), (1, 2, 5, 16)])
def test_run_lengths_of_any_picture(longest_literal, sizes):
    numbers = np.random.default_rng(0)
    for width, height in ((1, 1), (7, 5), (60, 40)):
        smooth = np.kron(numbers.integers(0, 2, (height // 4 + 1, width // 4 + 1)), np.ones((4, 4)))
        values = numbers.integers(0, 3, (height, width, 4)) * 127
        values[..., 3] = numbers.integers(0, 3, (height, width)) * smooth[:height, :width]
        data = bytes(pack(values.ravel().tolist(), longest_literal, sizes))
        np.testing.assert_array_equal(brush_pixels(data, (width, height)), values[..., 3] > 0)


def test_a_picture_of_one_colour_is_longer_than_one_run():
    mask = np.ones((200, 500), bool)
    assert brush_pixels(bytes(encoded(mask)), (500, 200)).all()


# The JSON export


def region(kind, number="r1", **value):
    return {
        "original_width": SIZE[0],
        "original_height": SIZE[1],
        "image_rotation": 0,
        "value": value,
        "id": number,
        "from_name": "tag",
        "to_name": "image",
        "type": kind,
        "origin": "manual",
    }


def brush(mask, label="apple", **options):
    return region("brushlabels", format="rle", rle=encoded(mask, **options), brushlabels=[label])


def polygon(points, label="pear"):
    return region("polygonlabels", points=points, closed=True, polygonlabels=[label])


def box(x, y, width, height, label="table", rotation=0):
    sides = {"x": x, "y": y, "width": width, "height": height}
    return region("rectanglelabels", **sides, rotation=rotation, rectanglelabels=[label])


def annotation(*results, number=5, **more):
    return {
        "id": number,
        "completed_by": 1,
        "result": list(results),
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2024-03-09T22:16:08.728353Z",
        "updated_at": "2024-03-09T22:16:08.728378Z",
        "lead_time": 4.288,
        "prediction": {},
        "result_count": len(results),
        "task": 3,
        "project": 1,
    } | more


def task(number, image, *annotations, **more):
    return {
        "id": number,
        "annotations": list(annotations),
        "drafts": [],
        "predictions": [],
        "data": {"image": image},
        "meta": {},
        "inner_id": 1,
        "project": 1,
    } | more


def save_image(path, size=SIZE, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(path, **options)


def save_export(folder, *tasks, name="project-1-at-2024-03-09-22-20-5b8d7102.json"):
    (folder / name).write_text(json.dumps(tasks))


def drawn(tmp_path, *results, size=SIZE, **options):
    save_image(tmp_path / "a.png", size, **options)
    save_export(tmp_path, task(3, "/data/upload/1/1a2b3c4d-a.png", annotation(*results)))
    return find(tmp_path).images[0].draw(size)


LEFT = np.arange(8) < 4
LEFT_HALF = np.broadcast_to(LEFT, (4, 8))


def test_an_export_is_read_with_the_images_beside_it(tmp_path):
    save_image(tmp_path / "photos" / "a.jpg")
    save_image(tmp_path / "photos" / "b (1) [é].JPG")
    save_image(tmp_path / "photos" / "other.jpg")
    save_export(
        tmp_path,
        task(3, "/data/upload/1/1a2b3c4d-a.jpg", annotation(brush(LEFT_HALF))),
        task(4, "/data/upload/1/0e2b3c4d-b_1_%C3%A9.JPG", annotation(polygon([[0, 0]] * 3))),
        task(5, "/data/upload/1/0e2b3c4d-missing.jpg"),
        task(6, "/data/upload/1/0e2b3c4d-skipped.jpg", annotation(was_cancelled=True)),
    )
    found = find(tmp_path)
    assert found.tool == "Label Studio JSON"
    assert found.reason.startswith("project-1-at-2024-03-09-22-20-5b8d7102.json with tasks")
    assert found.names == ("apple", "pear")
    assert found.colours is None
    assert found.outlines
    assert [(image.name, image.split) for image in found.images] == [
        ("photos/a", None),
        ("photos/b (1) [é]", None),
    ]
    assert found.images[0].source.suffix == ".json"
    assert found.remarks == (
        "Tasks without an annotation, or with a skipped one, left out: 2.",
        f"Images without an annotation, left out: 1, as {tmp_path}/photos/other.jpg.",
    )
    label = pickle.loads(pickle.dumps(found.images[0].draw))(SIZE)
    np.testing.assert_array_equal(label, np.where(LEFT_HALF, 0, 255))
    assert label.dtype == np.uint8


def test_regions_are_drawn_in_their_order(tmp_path):
    """apple 0, pear 1, table 2; 12.5 % is a pixel of the width, 25 % one of the height."""
    dot = np.zeros((4, 8), bool)
    dot[2, 5:7] = True
    label = drawn(
        tmp_path,
        box(0, 0, 87.5, 75),
        polygon([[0, 0], [37.5, 0], [37.5, 25], [0, 25]]),
        brush(dot, grey=3),
    )
    expected = [
        [1, 1, 1, 1, 2, 2, 2, 2],
        [1, 1, 1, 1, 2, 2, 2, 2],
        [2, 2, 2, 2, 2, 0, 0, 2],
        [2, 2, 2, 2, 2, 2, 2, 2],
    ]
    np.testing.assert_array_equal(label, expected)


def test_a_rectangle_turns_around_its_corner_and_an_ellipse_around_its_centre(tmp_path):
    label = drawn(tmp_path, box(50, 0, 37.5, 25, rotation=90))  # 3 wide, 1 high, turned clockwise
    expected = [[_, _, _, 0, 0, _, _, _]] * 4
    np.testing.assert_array_equal(label, expected)
    ellipse = {"x": 50, "y": 50, "radiusX": 36, "radiusY": 24, "ellipselabels": ["apple"]}
    expected = np.full((4, 8), 255)
    expected[1:3, 1:7] = 0  # the pixels that x from 1.12 to 6.88 and y from 1.04 to 2.96 touch
    np.testing.assert_array_equal(drawn(tmp_path, region("ellipselabels", **ellipse)), expected)
    expected = np.full((4, 8), 255)
    expected[:, 3:5] = 0  # after a quarter turn: x from 3.04 to 4.96, y from -0.88 to 4.88
    turned = drawn(tmp_path, region("ellipselabels", rotation=90, **ellipse))
    np.testing.assert_array_equal(turned, expected)


def test_brush_with_labels_and_answers_about_the_image(tmp_path):
    """Brush and Labels as two tags give the region twice; Choices are not about pixels."""
    rle = encoded(LEFT_HALF)
    label = drawn(
        tmp_path,
        region("brush", format="rle", rle=rle),
        region("labels", format="rle", rle=rle, labels=["apple"]),
        region("choices", "r2", choices=["sunny"]),
        {"from_id": "r1", "to_id": "r2", "type": "relation", "direction": "right"},
    )
    np.testing.assert_array_equal(label, np.where(LEFT_HALF, 0, 255))


def test_an_image_without_objects_an_empty_brush_and_a_class_called_ignore(tmp_path):
    save_image(tmp_path / "a.png")
    save_image(tmp_path / "b.png")
    nothing = region("brushlabels", format="rle", rle=[], brushlabels=["apple"])
    save_export(
        tmp_path,
        task(3, "a.png", annotation(nothing, brush(LEFT_HALF, " ignore"))),
        task(4, "b.png", annotation()),
    )
    found = find(tmp_path)
    assert found.names == ("apple",)
    expected = np.where(LEFT_HALF, LEFT_OUT, 255)
    np.testing.assert_array_equal(found.images[0].draw(SIZE), expected)
    assert (found.images[1].draw(SIZE) == 255).all()


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("/data/upload/7/1a2b3c4d-my_photo_1.png", "my photo (1).png"),
        ("/data/upload/7/1a2b3c4d-my_photo_1.png", "1a2b3c4d-my_photo_1.png"),
        ("/data/local-files/?d=set/one/a%20b.png", "a b.png"),
        ("/data/local-files/?d=C:\\set\\one\\a.png", "a.png"),
        ("https://example.com/x/a%20b.png?X-Amz-Signature=1", "a b.png"),
        ("s3://bucket/x/Ä.PNG", "Ä.PNG"),
        ("../../../etc/a.png", "a.png"),
    ],
)
def test_the_image_is_found_by_name_whatever_the_address(tmp_path, address, file):
    save_image(tmp_path / "in" / "deep" / file)
    save_export(tmp_path / "in", task(3, address, annotation(brush(LEFT_HALF))))
    assert find(tmp_path / "in").images[0].image == tmp_path / "in" / "deep" / file


def test_of_images_of_one_name_the_folders_decide(tmp_path):
    for folder in ("one", "two"):
        save_image(tmp_path / folder / "a.png")
    address = "/data/local-files/?d=photos/{}/a.png"
    save_export(
        tmp_path,
        task(3, address.format("one"), annotation(brush(LEFT_HALF))),
        task(4, address.format("two"), annotation()),
    )
    assert [image.name for image in find(tmp_path).images] == ["one/a", "two/a"]
    save_export(tmp_path, task(3, address.format("three"), annotation(brush(LEFT_HALF))))
    with pytest.raises(InputError, match=r"task 3: a\.png fits .*one/a\.png and .*two/a\.png"):
        find(tmp_path)


def test_a_missing_image_is_named_by_the_path_where_it_should_be(tmp_path):
    save_export(
        tmp_path,
        task(3, "/data/upload/1/1a2b3c4d-a.png", annotation(brush(LEFT_HALF))),
        task(4, "../b.png", annotation(brush(LEFT_HALF))),
    )
    with pytest.raises(InputError, match=r"not one of its 2 images is here, as .*/a\.png\. The"):
        find(tmp_path)
    save_image(tmp_path / "a.png")
    assert [image.image for image in find(tmp_path).images] == [
        tmp_path / "a.png",
        tmp_path / "b.png",
    ]


def test_a_file_for_each_task_as_cloud_storage_has_them(tmp_path):
    save_image(tmp_path / "a.png")
    save_image(tmp_path / "b.png")
    for number, name in ((3, "a.png"), (4, "b.png")):
        content = task(number, f"s3://bucket/{name}", annotation(brush(LEFT_HALF)))
        (tmp_path / f"{number}.json").write_text(json.dumps(content))
    assert [image.name for image in find(tmp_path).images] == ["a", "b"]


SQUARE = [[0, 0], [50, 0], [50, 50], [0, 50]]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (region("keypointlabels", x=1, y=1, width=1, keypointlabels=["a"]), "without an area"),
        (region("vectorlabels", vertices=[], vectorlabels=["a"]), "without an area, or one that"),
        (region("polygon", points=SQUARE), "has no labels; one is needed"),
        (region("brushlabels", format="rle", rle=[1]), "has no labels; one is needed"),
        (region("polygonlabels", points=SQUARE, polygonlabels=["a", "b"]), "has 2 labels; one"),
        (polygon(SQUARE[:2]), "2 points; needs 3 or more"),
        (polygon([[0, 0], [float("nan"), 1], [1, 1]]), "a point at nan"),
        (polygon([[0, 0], ["x", 1], [1, 1]]), "not pairs of numbers"),
        (polygon(7), "not pairs of numbers"),
        (polygon([[150, 0], [200, 0], [200, 90]]), "outside its image, from 12,0 to 16,3.6"),
        (box(0, -50, 10, 20), "outside its image, from 0,-2 to 0.8,-1.2"),
        (box(None, 0, 10, 20), "a point at nan|not pairs of numbers"),
        (box(0, 0, 10, 20, rotation="x"), "not pairs of numbers"),
        (polygon(SQUARE) | {"image_rotation": 90}, "while the image was turned by 90 degrees"),
        (polygon(SQUARE) | {"item_index": 1}, "of a task with several images"),
        (polygon(SQUARE) | {"original_width": None}, "original_width and original_height are No"),
        (polygon(SQUARE) | {"value": None}, "has no 'value'"),
        (brush(LEFT_HALF) | {"original_width": 9}, "drawn on an image of 9x4 pixels, and the on"),
        (brush(np.ones((3, 8))), "run lengths are damaged .96 values, and 8x4 pixels have 4"),
        (
            region("brushlabels", rle=encoded(LEFT_HALF)[:-4], brushlabels=["a"]),
            "run lengths are damaged .they are cut off",
        ),
        (region("brushlabels", rle=[1, 256], brushlabels=["a"]), "'rle' is no list of bytes"),
        (region("brushlabels", rle="eJw", brushlabels=["a"]), "'rle' is no list of bytes"),
        (polygon(SQUARE, " "), "the class '': it is empty"),
    ],
)
def test_a_bad_region_is_named(tmp_path, result, message):
    where = r"\.json: (task 3, region r1 \(\w+(, '.*')?\): )?"
    with pytest.raises(InputError, match=f"{where}.*{message}"):
        drawn(tmp_path, result)


def test_damaged_run_lengths_are_refused():
    whole = bytes(encoded(LEFT_HALF))
    with pytest.raises(ValueError, match="cut off"):
        brush_pixels(whole[:3], SIZE)
    with pytest.raises(ValueError, match="of 16 bits instead of 8"):
        brush_pixels(whole[:4] + bytes([0b01111000 | whole[4] & 7]) + whole[5:], SIZE)
    longer = encoded(np.ones((4, 9)))
    longer[3] = 4 * 8 * 4  # says 32 pixels and has 36
    with pytest.raises(ValueError, match="more than 128 values"):
        brush_pixels(bytes(longer), SIZE)


def test_a_photograph_that_is_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    with pytest.raises(InputError, match="has 4x8, turned as its EXIF orientation says"):
        drawn(tmp_path, brush(LEFT_HALF), size=(4, 8), exif=exif)


def test_bad_tasks_are_refused_all_at_once(tmp_path):
    save_image(tmp_path / "a.png")
    save_image(tmp_path / "b.png")
    save_export(
        tmp_path,
        task(1, "a.png", annotation(brush(LEFT_HALF)), annotation(number=8)),
        task(3, "a.png", annotation(brush(LEFT_HALF))),
        task(4, "/data/upload/a.png", annotation(brush(LEFT_HALF))),
        task(5, "a text", annotation(brush(LEFT_HALF))),
        task(6, "b.png", annotation(result=None)),
        task(7, "a.png", annotation()) | {"data": {"left": "a.png", "right": "b.png"}},
    )
    with pytest.raises(InputError) as caught:
        find(tmp_path)
    lines = [line.partition(": ")[2] for line in str(caught.value).splitlines()]
    assert lines[0].startswith("task 1: 2 annotations (5, 8): as many labels for one image.")
    assert lines[1].startswith(f"task 4: a.png is the image of {tmp_path}/project-1-at-")
    assert lines[2].startswith("task 5: its 'data' name 0 images: a text.")
    assert lines[3].startswith("task 6: its annotation has no list 'result'")
    assert lines[4].startswith("task 7: its 'data' name 2 images: a.png, b.png.")


def test_broken_exports_and_other_kinds_are_refused(tmp_path):
    save_image(tmp_path / "a.png")
    save_export(tmp_path, task(3, "a.png", annotation()), name="x.json")
    with pytest.raises(InputError, match=r"x\.json: no region with a label in 1 tasks"):
        find(tmp_path)
    whole = (tmp_path / "x.json").read_text()
    (tmp_path / "x.json").write_text(whole[:-5])
    with pytest.raises(InputError, match=r"x\.json: no readable JSON"):
        find(tmp_path)
    save_export(tmp_path, task(3, "a.png", annotation()), {"id": 4}, name="x.json")
    with pytest.raises(InputError, match=r"x\.json: entry 1 is no task"):
        find(tmp_path)
    short = {"image": "a.png", "id": 3, "tag": [], "annotator": 1, "annotation_id": 5}
    save_export(tmp_path, short, name="x.json")
    with pytest.raises(InputError, match=r"x\.json: is of Label Studio's export 'JSON-MIN'"):
        find(tmp_path)
    (tmp_path / "x.json").unlink()
    (tmp_path / "task-3-annotation-5-by-1-tag-apple-0.npy").write_bytes(b"")
    with pytest.raises(InputError, match="export 'Brush labels to NumPy', which is not read"):
        find(tmp_path)


def test_images_of_other_kinds_and_of_one_stem_are_refused(tmp_path):
    for name in ("a.png", "a.jpg", "b.webp"):
        save_image(tmp_path / name)
    names = enumerate(("a.png", "a.jpg", "b.webp"))
    save_export(tmp_path, *(task(n, name, annotation(brush(LEFT_HALF))) for n, name in names))
    with pytest.raises(InputError) as caught:
        drawn_pairs(find(tmp_path))
    assert f"{tmp_path}/a.png: has the name of a.jpg" in str(caught.value)
    assert f"{tmp_path}/b.webp: images are PNG or JPEG" in str(caught.value)


def test_other_formats_are_left_to_others(tmp_path):
    assert find(tmp_path) is None
    (tmp_path / "labelme.json").write_text('{"shapes": [], "imageData": null}')
    (tmp_path / "coco.json").write_text('{"images": [], "annotations": [], "categories": []}')
    (tmp_path / "list.json").write_text('[{"data": 1, "annotations": []}]')
    (tmp_path / "broken.json").write_text("[")
    assert find(tmp_path) is None


# The masks


def save_mask(folder, name, mask, grey=255):
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(mask).astype(np.uint8) * grey).save(folder / name)


TOP_HALF = np.broadcast_to(np.arange(4)[:, None] < 2, (4, 8))


def test_masks_with_images_that_are_called_by_their_task(tmp_path):
    save_image(tmp_path / "images" / "task-3.jpg")
    save_image(tmp_path / "images" / "04.png")
    masks = tmp_path / "project-1"
    save_mask(masks, "task-3-annotation-5-by-1-tag-apple-0.png", LEFT_HALF & TOP_HALF, 9)
    save_mask(masks, "task-3-annotation-5-by-1-tag-apple-1.png", LEFT_HALF & ~TOP_HALF)
    save_mask(masks, "task-3-annotation-5-by-1-tag-red-pear-0.png", ~TOP_HALF)
    save_mask(masks, "task-4-annotation-6-by-me@x.org-tag-red-pear-0.png", TOP_HALF)
    found = find(tmp_path)
    assert found.tool == "Label Studio, 'Brush labels to PNG'"
    assert found.reason == "task-3-annotation-5-by-1-tag-apple-0.png"
    assert found.names == ("apple", "red-pear")
    assert found.outlines
    assert "put it beside the images" in found.remarks[0]
    assert [image.name for image in found.images] == ["images/04", "images/task-3"]
    np.testing.assert_array_equal(found.images[0].draw(SIZE), np.where(TOP_HALF, 1, 255))
    expected = np.full((4, 8), 255)
    expected[:2, :4], expected[2:, :4], expected[2:, 4:] = 0, LEFT_OUT, 1
    draw = pickle.loads(pickle.dumps(found.images[1].draw))
    np.testing.assert_array_equal(draw(SIZE), expected)


def test_masks_with_the_json_that_names_the_images_and_the_order(tmp_path):
    save_image(tmp_path / "a.png")
    save_mask(tmp_path, "task-3-annotation-5-by-1-tag-apple-0.png", LEFT_HALF)
    save_mask(tmp_path, "task-3-annotation-5-by-1-tag-pear-0.png", TOP_HALF)
    both = annotation(brush(LEFT_HALF), brush(TOP_HALF, "pear"))
    save_export(tmp_path, task(3, "/data/upload/1/1a2b3c4d-a.png", both))
    found = find(tmp_path)
    assert found.tool == "Label Studio JSON"
    assert found.remarks == ()
    expected = np.where(TOP_HALF, 1, np.where(LEFT_HALF, 0, 255))
    np.testing.assert_array_equal(found.images[0].draw(SIZE), expected)
    save_mask(tmp_path, "task-3-annotation-7-by-1-tag-pear-0.png", TOP_HALF)
    with pytest.raises(InputError, match=r"annotation-7-.*: its annotation is not in .*\.json"):
        find(tmp_path)


def test_masks_without_their_images_or_of_two_annotations_are_refused(tmp_path):
    save_image(tmp_path / "holiday.jpg")
    save_mask(tmp_path, "task-3-annotation-5-by-1-tag-apple-0.png", LEFT_HALF)
    message = r"tag-apple-0\.png: 0 images of task 3\. Press Export once more, choose 'JSON'.*k-3"
    with pytest.raises(InputError, match=message):
        find(tmp_path)
    save_image(tmp_path / "3.jpg")
    save_image(tmp_path / "task_3.jpg")
    with pytest.raises(InputError, match=r"2 images of task 3\."):
        find(tmp_path)
    (tmp_path / "3.jpg").unlink()
    save_mask(tmp_path, "task-3-annotation-6-by-1-tag-apple-0.png", LEFT_HALF)
    with pytest.raises(InputError, match=r"task 3 has several annotations"):
        find(tmp_path)


def test_a_mask_that_does_not_fit_is_refused_when_it_is_drawn(tmp_path):
    save_image(tmp_path / "3.png")
    name = "task-3-annotation-5-by-1-tag-apple-0.png"
    save_mask(tmp_path, name, LEFT_HALF)
    draw = find(tmp_path).images[0].draw
    with pytest.raises(InputError, match=rf"{name}: 8x4 pixels, its image has 9x4"):
        draw((9, 4))
    Image.fromarray(LEFT_HALF.astype(np.uint8)).save(tmp_path / name, format="JPEG")
    with pytest.raises(InputError, match=rf"{name}: a JPEG, not a PNG"):
        draw(SIZE)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:50])
    with pytest.raises(InputError, match=rf"{name}: "):
        draw(SIZE)
