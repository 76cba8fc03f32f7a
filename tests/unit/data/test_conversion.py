import json
import os
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.preparation import createTrainIdLabelImgs
from cityscapesscripts.preparation.json2labelImg import json2labelImg
from PIL import Image, ImageOps

from bisenet_lib.data.cityscapes import find_frames
from bisenet_lib.data.conversion import convert, convert_frame, prepare
from bisenet_lib.data.file_lists import check_pairs, read_list
from bisenet_lib.data.image_io import check_image, read_pixels
from bisenet_lib.data.label_io import read_label
from bisenet_lib.errors import InputError

from paddleseg.transforms import Compose  # isort: skip

GONE = {
    "labelIds": [],
    "instanceIds": ["label_ids"],
    "polygons": ["label_ids", "instance_ids"],
}


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_hand_worked_three_by_three(tree):
    frame = find_frames(tree)[0]
    Image.new("RGB", (3, 3)).save(frame.image)
    ids = np.array([[7, 8, 11], [26, 33, 0], [1, 29, 23]], np.uint8)
    Image.fromarray(ids).save(frame.label_ids)
    assert convert_frame(frame) == "labelIds"
    expected = [[0, 1, 2], [13, 18, 255], [255, 255, 10]]
    assert pixels(frame.label_train_ids).tolist() == expected


def test_instance_ids_three_by_three(tree):
    frame = find_frames(tree)[0]
    frame.label_ids.unlink()
    Image.new("RGB", (3, 3)).save(frame.image)
    ids = np.array([[7, 8, 11], [26000, 33012, 0], [26, 29001, 24999]], np.uint16)
    Image.fromarray(ids).save(frame.instance_ids)
    assert convert_frame(frame) == "instanceIds"
    expected = [[0, 1, 2], [13, 18, 255], [13, 255, 11]]
    assert pixels(frame.label_train_ids).tolist() == expected


@pytest.mark.parametrize("source", GONE)
@pytest.mark.parametrize("workers", [1, 2])
def test_every_source_gives_what_cityscapesscripts_draws(tree, tmp_path, source, workers):
    frames = find_frames(tree)
    for frame in frames:
        for kind in GONE[source]:
            getattr(frame, kind).unlink()
    done = convert(tree, workers=workers)
    assert done.sources == {frame.stem: source for frame in frames}
    assert done.counts() == {source: 6} and done.problems == ()
    for frame in frames:
        json2labelImg(str(frame.polygons), str(tmp_path / "theirs.png"), "trainIds")
        with Image.open(frame.label_train_ids) as made:
            assert made.mode == "L" and made.format == "PNG"
            assert (np.asarray(made) == pixels(tmp_path / "theirs.png")).all()


def test_cityscapesscripts_own_conversion_writes_the_same_files(tree, monkeypatch):
    convert(tree)
    ours = {frame.stem: pixels(frame.label_train_ids) for frame in find_frames(tree)}
    monkeypatch.setenv("CITYSCAPES_DATASET", str(tree))
    createTrainIdLabelImgs.main()
    for frame in find_frames(tree):
        assert (pixels(frame.label_train_ids) == ours[frame.stem]).all()


def test_what_is_current_is_kept(tree):
    convert(tree)
    written = {path: path.stat().st_mtime_ns for path in tree.rglob("*") if path.is_file()}
    done = convert(tree)
    assert done.counts() == {"kept": 6} and done.lists == {"train": 3, "val": 2, "test": 1}
    assert {p: p.stat().st_mtime_ns for p in tree.rglob("*") if p.is_file()} == written


def test_what_is_old_broken_or_forced_is_made_again(tree):
    convert(tree)
    old, broken, empty, *_ = frames = find_frames(tree)
    expected = [pixels(frame.label_train_ids) for frame in frames]
    os.utime(old.label_train_ids, (0, 0))
    broken.label_train_ids.write_bytes(broken.label_train_ids.read_bytes()[:-20])
    empty.label_train_ids.write_bytes(b"")
    assert convert(tree).counts() == {"kept": 3, "labelIds": 3}
    assert convert(tree, force=True).counts() == {"labelIds": 6}
    for frame, values in zip(frames, expected, strict=True):
        assert (pixels(frame.label_train_ids) == values).all()


def test_lists_pair_by_name_and_are_sorted(tree):
    convert(tree)
    assert (tree / "val.txt").read_text() == (
        "leftImg8bit/val/frankfurt/frankfurt_000000_000294_leftImg8bit.png,"
        "gtFine/val/frankfurt/frankfurt_000000_000294_gtFine_labelTrainIds.png\n"
        "leftImg8bit/val/munster/munster_000000_000019_leftImg8bit.png,"
        "gtFine/val/munster/munster_000000_000019_gtFine_labelTrainIds.png\n"
    )
    assert read_list(tree / "train.txt", tree) == [
        (frame.image, frame.label_train_ids) for frame in find_frames(tree, "train")
    ]


def test_a_test_image_without_annotation_is_listed_alone(tree):
    (frame,) = find_frames(tree, "test")
    for path in frame.label_ids.parent.iterdir():
        path.unlink()
    done = convert(tree)
    assert done.problems == () and done.sources[frame.stem] == "none"
    assert (tree / "test.txt").read_text() == f"{frame.image.relative_to(tree)}\n"
    with pytest.raises(InputError, match=r"test\.txt, line 1: .*not an image,label pair"):
        read_list(tree / "test.txt", tree)


def test_a_frame_with_a_fault_is_in_no_list(tree):
    bad = find_frames(tree, "train")[1]
    bad.label_ids.write_bytes(b"no image")
    done = convert(tree)
    assert [problem.partition(": ")[0] for problem in done.problems] == [str(bad.label_ids)]
    assert done.lists == {"train": 2, "val": 2, "test": 1}
    assert bad.stem not in (tree / "train.txt").read_text() and bad.stem not in done.sources
    assert json.dumps(done.as_dict())


def test_the_list_of_a_split_without_a_good_frame_is_deleted(tree):
    convert(tree)
    for frame in find_frames(tree, "val"):
        frame.label_ids.write_bytes(b"no image")
    done = convert(tree)
    assert len(done.problems) == 2 and done.lists == {"train": 3, "test": 1}
    assert not (tree / "val.txt").exists() and (tree / "train.txt").exists()


def test_the_list_of_a_split_that_is_not_in_the_tree_stays(tree):
    for frame in find_frames(tree, "val"):
        frame.image.unlink()
    (tree / "val.txt").write_text("other/a.png,other/b.png\n")
    assert "val" not in convert(tree).lists
    assert (tree / "val.txt").read_text() == "other/a.png,other/b.png\n"


def test_prepare_gives_the_lists_or_names_the_fault(tree):
    assert prepare(tree) == {split: tree / f"{split}.txt" for split in ("train", "val", "test")}
    bad = find_frames(tree, "val")[0].image
    bad.unlink()
    with pytest.raises(InputError, match=f"orphaned: no image {bad.name}"):
        prepare(tree)


def test_paddleseg_reads_the_tree_and_the_lists_unchanged(tree):
    pytest.importorskip("bisenet_lib.runtime.paddleseg_compat")
    from paddleseg.datasets import Cityscapes, Dataset

    prepare(tree)
    for split, count in {"train": 3, "val": 2, "test": 1}.items():
        lists = {f"{split}_path": str(tree / f"{split}.txt")}
        listed = Dataset(split, str(tree), [], 19, separator=",", **lists)
        globbed = Cityscapes([], str(tree), mode=split)
        pairs = [[str(f.image), str(f.label_train_ids)] for f in find_frames(tree, split)]
        assert listed.file_list == globbed.file_list == pairs and len(pairs) == count
    item = Dataset("val", str(tree), [], 19, val_path=str(tree / "val.txt"), separator=",")[0]
    assert (item["label"][0] == pixels(find_frames(tree, "val")[0].label_train_ids)).all()


@pytest.fixture
def pairs(tmp_path: Path) -> list[tuple[Path, Path]]:
    """Two JPEG images with palette labels of three classes, as other data sets have them."""
    made = []
    for number in range(2):
        image, label = tmp_path / f"{number}.jpg", tmp_path / f"{number}.png"
        Image.new("RGB", (4, 3), (9, 9, 9)).save(image)
        indices = np.full((3, 4), number, np.uint8)
        indices[0] = 2
        indices[1] = 255
        palette = Image.fromarray(indices).convert("P")
        palette.putdata(indices.ravel().tolist())
        palette.putpalette(list(range(255, -1, -1)) * 3)
        palette.save(label)
        made.append((image, label))
    return made


def test_a_palette_label_is_read_by_index_as_paddleseg_reads_it(pairs):
    values = read_label(pairs[1][1])
    assert values.tolist() == [[2] * 4, [255] * 4, [1] * 4] and values.dtype == np.uint8
    assert (values == np.asarray(Image.open(pairs[1][1]))).all()


@pytest.mark.parametrize("workers", [1, 2])
def test_check_pairs_counts_any_data_set(pairs, workers):
    assert check_pairs(pairs, 3, workers=workers).tolist() == [4, 4, 8]
    assert check_pairs([*pairs, pairs[0]], 3).tolist() == [4, 4, 8]


def test_check_pairs_names_every_bad_file_and_value(pairs):
    (_, label), (other_image, other_label) = pairs
    with pytest.raises(InputError) as error:
        check_pairs(pairs, 2)
    for path in (label, other_label):
        assert f"{path}: value 2 outside the classes (first at row 0, column 0" in str(error.value)
    Image.open(label).convert("RGB").save(label)
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    Image.fromarray(noise).save(other_image)
    other_image.write_bytes(other_image.read_bytes()[:-60])
    with pytest.raises(InputError) as error:
        check_pairs(pairs, 3)
    assert f"{label}: mode RGB" in str(error.value)
    assert f"{other_image}: unreadable (image file is truncated" in str(error.value)


def test_check_pairs_of_another_size_void_or_lossy(pairs, tmp_path):
    image, label = pairs[0]
    Image.new("L", (5, 3), 0).save(label)
    with pytest.raises(InputError, match="5x3 pixels, its image has 4x3"):
        check_pairs(pairs, 3)
    Image.new("L", (4, 3), 255).save(label)
    with pytest.raises(InputError, match="not one labelled pixel"):
        check_pairs([pairs[0]], 3)
    with pytest.raises(InputError, match="a JPEG changes label values"):
        Image.new("L", (4, 3)).save(tmp_path / "l.jpg")
        check_pairs([(image, tmp_path / "l.jpg")], 3)
    with pytest.raises(InputError, match="not one labelled pixel"):
        check_pairs([], 3)


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif"])
def test_image_and_label_are_turned_as_the_image_says(tmp_path, kind, orientation):
    image, label = tmp_path / f"image.{kind}", tmp_path / "label.png"
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 3), np.uint8)
    photograph = Image.fromarray(pixels).resize((40, 20), Image.Resampling.NEAREST)
    photograph.save(image, exif=exif, quality=95)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(image)))
    assert np.abs(read_pixels(image)[..., ::-1].astype(int) - upright).max() < 20
    height, width = upright.shape[:2]
    assert check_image(image) == (width, height)
    Image.new("L", (width, height)).save(label)
    assert check_pairs([(image, label)], 1).tolist() == [800]
    Image.new("L", (height, width)).save(label)
    with pytest.raises(InputError, match=f"its image has {width}x{height}"):
        check_pairs([(image, label)], 1)


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff", b"no exif"])
def test_damaged_exif_turns_no_image(tmp_path, exif):
    image = tmp_path / "image.jpg"
    Image.new("RGB", (40, 20)).save(image, exif=exif)
    assert check_image(image) == (40, 20) == read_pixels(image).shape[1::-1]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_label_is_turned_as_it_says_itself(tmp_path, orientation):
    label = tmp_path / "label.png"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3)).save(label, exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(label)))
    assert np.array_equal(read_label(label), upright)
    read = Compose([])({"img": np.zeros((2, 3, 3), np.float32), "label": str(label)})
    assert np.array_equal(read["label"], upright)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no such list. Make it with: bisenet convert"),
        ("", "an empty list"),
        ("a.png b.png\n", "line 1: 'a.png b.png', not an image,label pair"),
        ("a.png,b.png\n\nc.png,d.png\n", "line 2: ''"),
        ("a.png,b.png,c.png\n", "line 1"),
        ("a.png,\n", "line 1"),
        ("a.png\0b.png\n", "it holds zero bytes"),
    ],
)
def test_read_list_names_the_line(tmp_path, text, said):
    if text is not None:
        (tmp_path / "train.txt").write_text(text)
    with pytest.raises(InputError, match=said) as error:
        read_list(tmp_path / "train.txt", tmp_path)
    assert str(tmp_path / "train.txt") in str(error.value)


def test_read_list_passes_over_what_editors_add(tmp_path):
    (tmp_path / "train.txt").write_bytes(b"\xef\xbb\xbfa.png,b.png\r\nc.png,d.png\r\n\r\n \n")
    pairs = read_list(tmp_path / "train.txt", Path("root"))
    assert pairs == [
        (Path("root/a.png"), Path("root/b.png")),
        (Path("root/c.png"), Path("root/d.png")),
    ]


def test_read_list_of_another_separator(tmp_path):
    (tmp_path / "train.txt").write_text("a.jpg a.png\n")
    pairs = read_list(tmp_path / "train.txt", Path("root"), separator=" ")
    assert pairs == [(Path("root/a.jpg"), Path("root/a.png"))]
