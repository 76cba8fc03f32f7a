"""Photographs segmented by a network one can do by hand: what is read, written and counted."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from bisenet_lib.data import labels
from bisenet_lib.data.image_files import find_images, output_names
from bisenet_lib.data.image_io import check_photograph, read_image
from bisenet_lib.deployment import photographs
from bisenet_lib.errors import InputError

RED, GREEN, BLUE = (250, 0, 0), (0, 250, 0), (0, 0, 250)


@pytest.fixture
def network(tmp_path, colour_network):
    colour_network(tmp_path / "model.onnx")
    return photographs.open_predictor(tmp_path / "model.onnx")


def photo(path, left=RED, right=BLUE, size=(40, 24), **options):
    """A picture of two halves; the left one is the first to be read."""
    pixels = np.full((size[1], size[0], 3), right, np.uint8)
    pixels[:, : size[0] // 2] = left
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def files(folder):
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def test_a_folder_and_those_below_it(network, tmp_path):
    source, output = tmp_path / "photos", tmp_path / "out"
    photo(source / "a.png")
    photo(source / "below" / "b.PNG", GREEN, GREEN, (10, 31))
    photo(source / ".hidden.png")
    (source / "notes.txt").write_text("no image")
    tally = photographs.predict_images(network, source, output)
    expected = ["labels/a.png", "labels/below/b.png", "overlays/a.jpg", "overlays/below/b.jpg"]
    assert files(output) == expected
    label = Image.open(output / "labels" / "a.png")
    assert (label.mode, label.size) == ("P", (40, 24))
    assert (np.asarray(label) == np.repeat([[0] * 20 + [2] * 20], 24, axis=0)).all()
    overlay = np.asarray(Image.open(output / "overlays" / "a.jpg"))
    mixed = [0.45 * 250 + 0.55 * 255, 0, 0]
    assert np.abs(overlay[:, :16].astype(int) - mixed).max() < 6
    assert tally.frames == 2
    assert tally.problems == []
    total = 40 * 24 + 10 * 31
    shares = {"red": 480 / total, "blue": 480 / total, "green": 310 / total}
    assert tally.shares() == pytest.approx(shares)
    assert list(tally.shares()) == ["red", "blue", "green"]
    assert 0 < tally.network_seconds < tally.seconds


def test_two_files_of_one_name_stay_apart(network, tmp_path):
    photo(tmp_path / "photos" / "a.png", RED, RED)
    photo(tmp_path / "photos" / "a.bmp", GREEN, GREEN)
    photographs.predict_images(network, tmp_path / "photos", tmp_path / "out")
    found = {
        name: int(np.asarray(Image.open(tmp_path / "out" / name)).max())
        for name in files(tmp_path / "out")
        if name.startswith("labels")
    }
    assert found == {"labels/a.bmp.png": 1, "labels/a.png.png": 0}


def test_one_image_is_called_as_among_those_beside_it(network, tmp_path):
    """Whichever order they are given in, the second writes over nothing."""
    colours = {"x.png": RED, "x.jpg": GREEN, "x.png.jpg": BLUE, "y.png": RED}
    for name, colour in colours.items():
        photo(tmp_path / "photos" / name, colour, colour)
    for name in colours:
        photographs.predict_images(network, tmp_path / "photos" / name, tmp_path / "single")
    photographs.predict_images(network, tmp_path / "photos", tmp_path / "all")
    expected = [f"{kind}/{name}" for kind in ("labels", "overlays") for name in colours]
    for folder in ("single", "all"):
        assert len(files(tmp_path / folder)) == len(expected)
        label = np.asarray(Image.open(tmp_path / folder / "labels" / "x.jpg.png"))
        assert (label == 1).all()
    assert files(tmp_path / "single") == files(tmp_path / "all")


def test_names_that_only_some_disks_tell_apart(tmp_path):
    inside = ["a/x.jpg", "a/X.png", "b/x.jpg", "b/stra\u00dfe.png", "b/y.png"]
    names = output_names([tmp_path / name for name in inside], tmp_path)
    assert names == ["a/x.jpg", "a/X.png", "b/x", "b/stra\u00dfe", "b/y"]


def test_an_output_inside_the_input_is_not_read_again(network, tmp_path):
    source = tmp_path / "photos"
    photo(source / "a.png")
    for _ in range(2):
        assert photographs.predict_images(network, source, source / "out").frames == 1


def test_a_photograph_is_turned_as_its_exif_says(network, tmp_path):
    """Orientation 6: the camera was held on its side, the file's left is the picture's top."""
    exif = Image.Exif()
    exif[0x0112] = 6
    photo(tmp_path / "a.jpg", exif=exif, quality=95)
    assert read_image(tmp_path / "a.jpg").shape == (40, 24, 3)
    photographs.predict_images(network, tmp_path / "a.jpg", tmp_path / "out")
    label = np.asarray(Image.open(tmp_path / "out" / "labels" / "a.png"))
    assert label.shape == (40, 24)
    assert (label[:16] == 0).all()
    assert (label[24:] == 2).all()
    assert Image.open(tmp_path / "out" / "overlays" / "a.jpg").size == (24, 40)


def said(tmp_path, colour_network, sizes, source=None, **options):
    """What is said of photographs of some sizes, by a network that was trained for 64x32."""
    colour_network(tmp_path / "sized.onnx", size=[64, 32])
    for number, size in enumerate(sizes):
        photo(tmp_path / "photos" / f"{number}.png", size=size)
    predictor = photographs.open_predictor(tmp_path / "sized.onnx", **options)
    source = tmp_path / "photos" / (source or "")
    tally = photographs.predict_images(predictor, source, tmp_path / "out")
    assert tally.problems == []
    for number, size in enumerate(sizes):
        label = tmp_path / "out" / "labels" / f"{number}.png"
        assert Image.open(label).size == size
    return tally.seen(source), tally.as_dict()


def test_a_photograph_is_brought_to_the_size_trained_for_and_its_labels_back(
    tmp_path, colour_network
):
    sentences, report = said(tmp_path, colour_network, [(1280, 720)], "0.png")
    assert sentences == [
        "0.png: 1280x720, seen by the network at 64x32, as it was trained for 64x32; "
        "--size photo for its own"
    ]
    assert report["trained_size"] == (64, 32)
    assert report["sizes"] == [{"size": (1280, 720), "seen": (64, 32), "frames": 1}]


def test_the_folder_one_is_in_has_a_name(tmp_path, colour_network, monkeypatch):
    colour_network(tmp_path / "sized.onnx", size=[64, 32])
    tally = photographs.Tally(photographs.open_predictor(tmp_path / "sized.onnx"))
    tally.segment(np.zeros((32, 64, 3), np.uint8))
    monkeypatch.chdir(tmp_path)
    assert tally.seen(Path())[0].startswith(f"{tmp_path.name}: 64x32")


def test_another_size_is_taken_on_demand(tmp_path, colour_network):
    sentences, _ = said(tmp_path, colour_network, [(1280, 720)], "0.png", size="photo")
    assert sentences == ["0.png: 1280x720, seen by the network at its own size, as was asked for"]
    sentences, _ = said(tmp_path, colour_network, [(1280, 720)], "0.png", size=(512, 256))
    assert sentences == ["0.png: 1280x720, seen by the network at 480x256, as was asked for"]
    with pytest.raises(InputError, match=r"--size is \(0, 9\); give width and height, 1 to 8192"):
        photographs.open_predictor(tmp_path / "sized.onnx", size=(0, 9))


def test_panorama_portrait_and_tiny_photographs_together(tmp_path, colour_network):
    """A sentence for each of the commonest sizes."""
    sizes = [(900, 30), (30, 90), (30, 90), (3, 2), (64, 32)]
    sentences, report = said(tmp_path, colour_network, sizes)
    assert sentences[0].startswith("2 of 5: 30x90, seen by the network at 32x64, as it was")
    assert len(sentences) == 4
    assert sentences[-1] == "and 1 other size in the same way"
    assert {one["size"]: one["seen"] for one in report["sizes"]} == {
        (900, 30): (64, 32),
        (30, 90): (32, 64),
        (3, 2): (32, 32),
        (64, 32): (64, 32),
    }


def test_a_photograph_turned_by_its_exif_is_sized_as_it_is_seen(tmp_path, colour_network):
    colour_network(tmp_path / "sized.onnx", size=[64, 32])
    exif = Image.Exif()
    exif[0x0112] = 6
    photo(tmp_path / "a.jpg", size=(400, 200), exif=exif, quality=95)
    predictor = photographs.open_predictor(tmp_path / "sized.onnx")
    tally = photographs.predict_images(predictor, tmp_path / "a.jpg", tmp_path / "out")
    assert tally.as_dict()["sizes"] == [{"size": (200, 400), "seen": (32, 64), "frames": 1}]


@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_grey_and_deep_photographs_are_sized_as_others(tmp_path, colour_network, mode):
    colour_network(tmp_path / "sized.onnx", size=[64, 32])
    values = np.full((200, 400), 60_000 if mode == "I;16" else 230)
    Image.fromarray(values.astype(np.uint16 if mode == "I;16" else np.uint8)).save(
        tmp_path / "a.png"
    )
    predictor = photographs.open_predictor(tmp_path / "sized.onnx")
    tally = photographs.predict_images(predictor, tmp_path / "a.png", tmp_path / "out")
    assert tally.problems == []
    assert tally.as_dict()["sizes"] == [{"size": (400, 200), "seen": (64, 32), "frames": 1}]
    assert list(tally.shares()) == ["red"]


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_grey_transparent_and_palette_images_are_photographs_too(network, tmp_path, mode):
    Image.new("RGB", (8, 6), GREEN).convert(mode).save(tmp_path / "a.png")
    tally = photographs.predict_images(network, tmp_path / "a.png", tmp_path / "out")
    assert list(tally.shares()) == (["red"] if mode == "L" else ["green"])


def save_deep(path, bits, shape=(40, 60, 3)):
    """A file of 16 bits whose values fill only so many."""
    values = np.random.default_rng(0).integers(0, 1 << bits, shape)
    values.flat[0] = (1 << bits) - 1
    cv2.imwrite(str(path), values.astype(np.uint16))
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 3)])
def test_values_that_do_not_fill_16_bits_are_refused(tmp_path, name, bits, shape):
    """OpenCV would take the upper 8 of them, which are next to nothing."""
    path = save_deep(tmp_path / name, bits, shape)
    assert cv2.imread(str(path)).max() <= 64
    with pytest.raises(InputError, match=f"{name}: 16 bits, and no value above {(1 << bits) - 1}"):
        read_image(path)
    full = save_deep(tmp_path / name, 16, shape)
    assert read_image(full).max() == 255


def test_values_of_32_bits_are_refused(tmp_path):
    Image.fromarray(np.ones((4, 6), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match=r"a\.tif: values of 32 bits: the network would see black"):
        read_image(tmp_path / "a.tif")


def test_the_largest_photograph(tmp_path, png_maker):
    """Stated in `bisenet predict --help`: up to 200 million pixels."""
    for size in ((12_000, 9_000), (16_320, 12_240)):
        png_maker(tmp_path / "a.png", *size)
        assert check_photograph(tmp_path / "a.png") == size
    for size in ((16_320, 12_260), (20_000, 20_000), (32_000, 32_000), (65_600, 8)):
        png_maker(tmp_path / "a.png", *size)
        with pytest.raises(InputError, match=r"a\.png: .*huge size; at most 200 million pixels"):
            check_photograph(tmp_path / "a.png")


@pytest.mark.slow
def test_a_photograph_of_a_hundred_million_pixels_is_scaled_down(network, tmp_path, png_maker):
    png_maker(tmp_path / "a.png", 12_000, 9_000, whole=True)
    image = read_image(tmp_path / "a.png")
    assert network.prepare(image).shape == (1, 3, 1536, 2048)


def test_a_bad_file_stops_no_other(network, tmp_path):
    source = tmp_path / "photos"
    photo(source / "a.png")
    (source / "b.jpg").write_text("not an image")
    photo(source / "c.png")
    content = (source / "c.png").read_bytes()
    (source / "c.png").write_bytes(content[: len(content) // 2])
    photo(source / "d.png")
    tally = photographs.predict_images(network, source, tmp_path / "out")
    assert files(tmp_path / "out" / "labels") == ["a.png", "d.png"]
    assert [one.split(": ")[0] for one in tally.problems] == [
        str(source / "b.jpg"),
        str(source / "c.png"),
    ]
    assert tally.as_dict()["frames"] == 2


def test_colours_for_every_vision_are_of_cityscapes(tmp_path, colour_network):
    path = tmp_path / "model.onnx"
    colour_network(path, labels.CLASS_NAMES)
    chosen = photographs.open_predictor(path, colour_blind=True).colours
    assert np.array_equal(chosen, labels.colour_table("colour-blind")[:19])
    colour_network(path)
    with pytest.raises(InputError, match="has 3 classes of its own"):
        photographs.open_predictor(path, colour_blind=True)


def test_a_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(InputError, match="no image in it or below"):
        find_images(tmp_path)
