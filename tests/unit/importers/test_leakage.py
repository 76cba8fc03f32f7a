"""Validation images that training knows: copies of its images, and frames of its videos."""

import time

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from bisenet_lib.data import fruits
from bisenet_lib.importers.importing import import_folder
from bisenet_lib.importers.leakage import distances, fingerprint, near_duplicates, warnings

SIZE = (96, 64)


def scene(seed):
    """A photograph of a few soft shapes."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8)
    return Image.fromarray(small).resize(SIZE, Image.Resampling.BICUBIC)


def look(image):
    return fingerprint(image.copy())


def looks(images):
    return {name: look(image) for name, image in images.items()}


CHANGES = {
    "smaller": lambda image: image.resize((40, 30)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "one line cut off": lambda image: image.crop((0, 0, SIZE[0], SIZE[1] - 1)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_copy_is_found_and_other_images_are_not(change):
    train = looks({f"t{seed}": scene(seed) for seed in range(20)})
    val = looks({f"v{seed}": scene(seed) for seed in range(20, 30)})
    val["copy"] = look(change(scene(7)))
    assert near_duplicates(train, val) == [("t7", "copy")]
    assert near_duplicates(val, train) == [("copy", "t7")]
    assert len(list(warnings({"train": train, "val": val}))) == 1


def test_a_jpeg_looks_as_its_png(tmp_path):
    scene(3).resize((960, 640)).save(tmp_path / "a.jpg", quality=60)
    with Image.open(tmp_path / "a.jpg") as opened:
        assert distances(fingerprint(opened), look(scene(3))) <= 4


def test_plain_surfaces_are_like_no_other_image():
    white, black = (look(Image.new("RGB", SIZE, colour)) for colour in ("white", "black"))
    assert near_duplicates({"white": white}, {"black": black}) == []


def film(count, step, start=0):
    """A camera that moves over a large scene: each frame is a step further."""
    width = SIZE[0] + count * step
    wide = np.random.default_rng(9).integers(0, 256, (3, width // 30, 3), np.uint8)
    scenery = Image.fromarray(wide).resize((width, SIZE[1]), Image.Resampling.BICUBIC)
    return [scenery.crop((x, 0, x + SIZE[0], SIZE[1])) for x in range(0, count * step, step)]


def divided(frames, names, in_val):
    prints = looks(dict(zip(names, frames, strict=True)))
    val = {name for number, name in enumerate(names) if in_val(number)}
    return list(
        warnings(
            {
                "train": {name: one for name, one in prints.items() if name not in val},
                "val": {name: one for name, one in prints.items() if name in val},
            }
        )
    )


NAMES = {
    "plain": "ride_{:04d}",
    "each in its folder": "{split}/ride_{:d}",
    "Roboflow's": "ride-{:d}_jpg.rf.4e1a0b{:02x}",
    "every fifth": "ride_{fifth:d}_left",
}


@pytest.mark.parametrize("pattern", NAMES.values(), ids=NAMES)
def test_a_video_in_both_splits_is_found(pattern):
    def in_val(number):
        return number % 5 == 4

    names = [
        pattern.format(n, n, fifth=5 * n, split="valid" if in_val(n) else "train")
        for n in range(30)
    ]
    found = divided(film(30, 5), names, in_val)
    assert [note[:22] for note in found] == ["Frames of one video in"]
    assert "11 neighbours" in found[0]
    assert f"{names[3]} and {names[4]}" in found[0]


def test_what_only_counts_up_is_no_video_and_one_cut_is_no_leak():
    names = [f"IMG_{number:04d}" for number in range(30)]
    assert divided([scene(seed) for seed in range(30)], names, lambda n: n % 5 == 4) == []
    assert divided(film(30, 5), names, lambda n: n >= 24) == []
    assert divided(film(30, 5), [f"x{n}y{n}" for n in range(30)], lambda n: n % 5 == 4) == []


def test_ten_thousand_images_are_compared_at_once():
    rng = np.random.default_rng(0)
    prints = rng.integers(0, 2**63, (10_000, 2), dtype=np.uint64)
    named = {str(number): one for number, one in enumerate(prints)}
    train, val = ({k: v for k, v in named.items() if (int(k) < 8000) == first} for first in (1, 0))
    val["copy"] = train["77"] ^ np.uint64(1)
    began = time.process_time()
    assert near_duplicates(train, val) == [("77", "copy")]
    assert time.process_time() - began < 30  # one by one it takes minutes


def test_the_import_says_it(tmp_path):
    source = fruits.generate(tmp_path / "fruit", pictures=10)
    clean = import_folder(source, tmp_path / "clean", masks="labelme", background="table")
    assert not any("Nearly the same" in note for note in clean.notes())
    train, val = (clean.splits[key][0].name for key in ("train", "val"))
    for folder, suffix in (("images", ".jpg"), ("colours", ".png")):
        content = (source / folder / f"{train}{suffix}").read_bytes()
        (source / folder / f"{val}{suffix}").write_bytes(content)
    leaking = import_folder(
        source, tmp_path / "leaking", masks="colours", colours=source / "colours.csv"
    )
    (note,) = (note for note in leaking.notes() if "Nearly the same" in note)
    assert f"1. {train} and {val}." in note and "--val" in note
