"""Real faults in a real tree, met by the real command line."""

import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from PIL import Image

from bisenet_lib.data.cityscapes import Frame, find_frames
from bisenet_lib.data.conversion import convert
from bisenet_lib.data.file_lists import check_pairs, read_list

COMMAND = [sys.executable, "-m", "bisenet_lib.cli"]

Fault = Callable[[Frame], Path]
"""Spoils a frame and gives the path the message must name."""


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )


def only(frame: Frame, kind: str) -> Path:
    """Leave a frame one annotation file."""
    for other in ("label_ids", "instance_ids", "polygons"):
        if other != kind:
            getattr(frame, other).unlink()
    return getattr(frame, kind)


def cut(path: Path, keep: float = 0.5) -> Path:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    return path


def saved(path: Path, image: Image.Image) -> Path:
    image.save(path)
    return path


def renamed(path: Path, name: str) -> Path:
    return path.rename(path.with_name(name))


def declared_huge(path: Path) -> Path:
    """A PNG whose header says 100000x100000."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def twelve_bits(path: Path) -> Path:
    """A photograph whose values a camera of 12 bits gave, in a PNG of 16 bits."""
    values = np.random.default_rng(0).integers(0, 4096, (32, 64, 3))
    values[0, 0] = 4095
    cv2.imwrite(str(path), values.astype(np.uint16))
    return path


def with_value(path: Path, value: int) -> Path:
    values = np.array(Image.open(path))
    values[5, 7] = value
    return saved(path, Image.fromarray(values))


def annotation(change: Callable[[dict], object]) -> Fault:
    def spoil(frame: Frame) -> Path:
        path = only(frame, "polygons")
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))
        return path

    return spoil


def missing_image(frame: Frame) -> Path:
    frame.image.unlink()
    return frame.label_ids


def missing_label(frame: Frame) -> Path:
    only(frame, "label_ids").unlink()
    return frame.label_ids


def wrong_size_image(frame: Frame) -> Path:
    Image.new("RGB", (32, 16)).save(frame.image)
    return frame.label_ids


def triangle(data: dict, **changes: object) -> None:
    data["objects"].append({"label": "car", "polygon": [[0, 0], [9, 0], [9, 9]]} | changes)


FAULTS: dict[str, tuple[Fault, str]] = {
    "image missing": (missing_image, "orphaned: no image"),
    "image truncated": (lambda f: cut(f.image), "truncated"),
    "image empty": (lambda f: cut(f.image, 0), "0 bytes"),
    "image wrong size": (wrong_size_image, "64x32 pixels, its image has 32x16"),
    "image palette": (lambda f: saved(f.image, Image.new("P", (64, 32))), "mode P (palette)"),
    "image 12 bits": (
        lambda f: twelve_bits(f.image),
        "16 bits, and no value above 4095: the network would see black",
    ),
    "image misnamed": (lambda f: renamed(f.image, "aachen_1_leftImg8bit.png"), "misnamed"),
    "image huge": (lambda f: declared_huge(f.image), "huge size"),
    "label missing": (missing_label, "missing"),
    "label truncated": (lambda f: cut(f.label_ids), "truncated"),
    "label damaged": (
        lambda f: f.label_ids.write_bytes(b"x" * 300) and f.label_ids,
        "no image (300 bytes)",
    ),
    "label wrong size": (
        lambda f: saved(f.label_ids, Image.new("L", (31, 17))),
        "31x17 pixels, its image has 64x32",
    ),
    "label palette": (lambda f: saved(f.label_ids, Image.new("P", (64, 32))), "mode P (palette)"),
    "label colours": (lambda f: saved(f.label_ids, Image.new("RGB", (64, 32))), "mode RGB"),
    "label misnamed": (
        lambda f: renamed(f.label_ids, "aachen_1_gtFine_labelIds.png"),
        "misnamed",
    ),
    "label huge": (lambda f: declared_huge(f.label_ids), "huge size"),
    "label value": (lambda f: with_value(f.label_ids, 77), "value 77 outside the classes"),
    "label value at": (lambda f: with_value(f.label_ids, 34), "row 5, column 7"),
    "instance value": (lambda f: with_value(only(f, "instance_ids"), 40_001), "value 40 outside"),
    "instance mode": (
        lambda f: saved(only(f, "instance_ids"), Image.new("L", (64, 32))),
        "mode L",
    ),
    "json cut": (lambda f: cut(only(f, "polygons")), "no readable JSON"),
    "json list": (
        lambda f: only(f, "polygons").write_text("[]") and f.polygons,
        "no list 'objects'",
    ),
    "json unknown label": (
        annotation(lambda data: triangle(data, label="tram")),
        "('tram'): unknown label",
    ),
    "json two points": (
        annotation(lambda data: triangle(data, polygon=[[0, 0], [9, 9]])),
        "('car'): a polygon of 2 points",
    ),
    "json no points": (annotation(lambda data: triangle(data, polygon=[])), "of 0 points"),
    "json ragged": (
        annotation(lambda data: triangle(data, polygon=[[0, 0], [1], [2, 2]])),
        "not x, y pairs",
    ),
    "json words": (
        annotation(lambda data: triangle(data, polygon=[["a", "b"]] * 3)),
        "not pairs of numbers",
    ),
    "json nan": (
        annotation(lambda data: triangle(data, polygon=[[0, 0], [float("nan"), 1], [2, 2]])),
        "a point at nan",
    ),
    "json huge": (
        annotation(lambda data: data.update(imgWidth=10**9, imgHeight=10**9)),
        "1000000000x1000000000 pixels, its image has 64x32",
    ),
    "json size": (annotation(lambda data: data.update(imgWidth="64")), "('64', 32)"),
    "output in the way": (
        lambda f: f.label_train_ids.mkdir() or f.label_train_ids,
        "cannot be written",
    ),
}

CONVERTED_ALL_THE_SAME = {"label misnamed"}  # from instanceIds


def assert_clear(result: subprocess.CompletedProcess[str], *said: object) -> None:
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    for text in said:
        assert str(text) in result.stderr


def assert_whole(frame: Frame) -> None:
    with Image.open(frame.label_train_ids) as image:
        assert (image.mode, image.size) == ("L", (64, 32))
        assert np.isin(np.asarray(image), [*range(19), 255]).all()


@dataclass(frozen=True)
class Outcome:
    frames: dict[str, Frame]
    spoilt: dict[str, Path]
    ended: dict[str, subprocess.CompletedProcess[str]]
    problems: dict[str, list[str]]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory, frame_maker) -> Outcome:
    """One frame for every fault, and a good one after each; all in one run of the command."""
    folder = tmp_path_factory.mktemp("faults")
    root = folder / "cityscapes"
    for number in range(2 * len(FAULTS)):
        frame_maker(root, "train", f"aachen_{number:06}_000019")
    frames = dict(zip(FAULTS, find_frames(root)[::2], strict=True))
    spoilt = {name: spoil(frames[name]) for name, (spoil, _) in FAULTS.items()}
    ended, problems = {}, {}
    for command in ("inspect", "convert"):
        report = folder / f"{command}.json"
        ended[command] = run(command, root, "--json", report)
        problems[command] = json.loads(report.read_text())["problems"]
    return Outcome(frames, spoilt, ended, problems)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("command", ["inspect", "convert"])
def test_the_file_and_the_value_are_named(outcome, command, name):
    spoilt, said = outcome.spoilt[name], FAULTS[name][1]
    if (command, name) == ("inspect", "output in the way"):
        said = "Is a directory"
    about = [text for text in outcome.problems[command] if text.startswith(f"{spoilt}: ")]
    assert any(said in text for text in about), outcome.problems[command]


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_written_for_the_bad_frame_and_all_for_the_next(outcome, name):
    bad = outcome.frames[name]
    listed = (bad.root / "train.txt").read_text()
    converted = name in CONVERTED_ALL_THE_SAME
    assert bad.label_train_ids.is_file() == (bad.stem in listed) == converted
    number = int(bad.stem.split("_")[1]) + 1
    good = Frame(bad.root, "train", "aachen", f"aachen_{number:06}_000019")
    assert_whole(good)
    assert good.stem in listed


@pytest.mark.parametrize("command", ["inspect", "convert"])
def test_the_command_ends_with_an_error_and_no_traceback(outcome, command):
    problems = outcome.problems[command]
    assert_clear(
        outcome.ended[command],
        *problems[:20],
        f"... and {len(problems) - 20} more; --json FILE",
        f"{len(problems)} problem(s)",
    )
    assert not list(next(iter(outcome.frames.values())).root.rglob(".*"))


def test_inspect_command(tree, tmp_path):
    frame = find_frames(tree)[0]
    path = cut(frame.label_ids)
    before = {file: file.read_bytes() for file in tree.rglob("*") if file.is_file()}
    result = run("inspect", tree, "--json", tmp_path / "report.json", "--workers", 2)
    assert_clear(result, f"{path}: truncated", "1 problem")
    report = json.loads((tmp_path / "report.json").read_text())
    assert len(report["problems"]) == 1 and report["frames"]["val"] == {
        "frankfurt": 1,
        "munster": 1,
    }
    assert {file: file.read_bytes() for file in tree.rglob("*") if file.is_file()} == before
    path.unlink()
    assert run("inspect", tree).returncode == 0


def test_many_faults_in_two_processes_are_all_reported(tree, tmp_path):
    frames = find_frames(tree)
    paths = [cut(frame.label_ids) for frame in frames[:4]]
    result = run("convert", tree, "-j", 2, "--json", tmp_path / "report.json")
    assert_clear(result, *paths, "4 problem")
    assert json.loads((tmp_path / "report.json").read_text())["sources"] == {
        frame.stem: "labelIds" for frame in frames[4:]
    }


def test_a_fault_leaves_an_earlier_result_as_it_was(tree):
    frame = find_frames(tree)[0]
    convert(tree)
    before = frame.label_train_ids.read_bytes()
    with_value(frame.label_ids, 77)
    assert_clear(run("convert", tree, "--force"), frame.label_ids, "value 77")
    assert frame.label_train_ids.read_bytes() == before


@pytest.mark.parametrize("command", ["inspect", "convert"])
def test_no_data_set_there(tmp_path, command):
    assert_clear(run(command, tmp_path / "nowhere"), tmp_path / "nowhere", "no folder leftImg8bit")


def test_empty_split(tree):
    for frame in find_frames(tree, "val"):
        frame.image.unlink()
    result = run("convert", tree)
    assert_clear(result, f"{tree / 'leftImg8bit' / 'val'}: empty split")
    assert not (tree / "val.txt").exists() and (tree / "train.txt").exists()


def test_no_image_at_all(tree):
    for frame in find_frames(tree):
        frame.image.unlink()
    assert_clear(run("convert", tree), f"{tree}: no frame")


def test_a_list_in_the_way(tree):
    (tree / "val.txt").mkdir()
    path = cut(find_frames(tree)[0].label_ids)
    assert_clear(run("convert", tree), f"{path}: trunc", f"{tree / 'val.txt'}: cannot be written")


def test_a_report_that_cannot_be_written(tree):
    bad = tree / "train.txt" / "report.json"
    convert(tree)
    assert_clear(run("convert", tree, "--json", bad), f"{bad}: cannot be written")


@pytest.mark.parametrize("command", ["inspect", "convert"])
def test_zero_workers(tree, command):
    assert_clear(run(command, tree, "--workers", 0), "workers is 0; give 1 or more")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_folder_one_may_not_write(tree, workers, unwritable):
    frame = find_frames(tree)[0]
    with unwritable(frame.label_ids.parent):
        result = run("convert", tree, "-j", workers)
    assert_clear(result, f"{frame.label_ids.parent}: may not be written to", "permi")
    assert f"bisenet convert {tree} --output DIR" in result.stderr
    assert_whole(find_frames(tree, "val")[0])
    assert not frame.label_train_ids.exists() and not list(tree.rglob(".*"))


def test_a_full_disk(tree, mount_disk):
    small_disk = mount_disk("1m")
    root = shutil.copytree(tree, small_disk / "cityscapes")
    frame = find_frames(root)[0]
    with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"x" * 512):
            pass
    result = run("convert", root)
    assert_clear(result, f"{frame.label_train_ids}: cannot be written (No space left on device)")
    assert not list(root.rglob("*labelTrainIds*")) and not list(root.rglob(".*"))
    (small_disk / "filler").unlink()
    assert run("convert", root).returncode == 0


def test_a_data_set_one_may_not_write_is_fine_once_converted(tree, unwritable):
    convert(tree)
    with unwritable(tree), unwritable(find_frames(tree)[0].label_ids.parent):
        assert run("convert", tree).returncode == 0


def test_a_data_set_one_may_not_write_is_converted_elsewhere(tree, tmp_path, unwritable):
    before = sorted(tree.rglob("*"))
    folders = {frame.label_ids.parent for frame in find_frames(tree)}
    elsewhere = tmp_path / "elsewhere"
    with ExitStack() as stack:
        for folder in folders | {tree}:
            stack.enter_context(unwritable(folder))
        result = run("convert", tree)
        assert_clear(result, f"{tree}: may not be written to", f"{tree} --output DIR")
        assert "delete" not in result.stderr.lower()
        assert "error: 1 problem(s)" in result.stderr
        for _ in range(2):
            assert run("convert", tree, "--output", elsewhere).returncode == 0
        assert sorted(tree.rglob("*")) == before
        for frame in find_frames(elsewhere):
            assert_whole(frame)
        pairs = read_list(elsewhere / "train.txt", elsewhere)
        assert len(check_pairs(pairs, 19)) == 19
        assert run("inspect", elsewhere).returncode == 0
    convert(tree)
    for split in ("train", "val", "test"):
        assert (elsewhere / f"{split}.txt").read_text() == (tree / f"{split}.txt").read_text()


def test_an_output_that_is_none(tree, tmp_path):
    inside = run("convert", tree, "--output", tree / "gtFine" / "out")
    assert_clear(inside, "out: lies inside the data set")
    (tmp_path / "file").touch()
    assert_clear(run("convert", tree, "--output", tmp_path / "file"), "cannot be made")
    assert_clear(run("convert", tmp_path, "--output", tmp_path / "out"), "no folder leftImg8bit")
    other = shutil.copytree(tree, tmp_path / "other")
    assert_clear(run("convert", tree, "--output", other), f"{other / 'leftImg8bit'}: belongs to")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def many(tree) -> list[Frame]:
    """Enough frames, of one image and label, that conversion can be stopped in the middle."""
    first = find_frames(tree)[0]
    Image.new("RGB", (1024, 512)).save(first.image)
    ids = np.random.default_rng(0).integers(0, 34, (64, 128), np.uint8).repeat(8, 0).repeat(8, 1)
    Image.fromarray(ids).save(first.label_ids)
    for number in range(100):
        frame = Frame(tree, "train", "aachen", f"aachen_{number:06}_000099")
        os.link(first.image, frame.image)
        os.link(first.label_ids, frame.label_ids)
    return find_frames(tree, "train")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_conversion_goes_on_to_the_same_result(tree, many, workers):
    process = psutil.Popen(
        [*COMMAND, "convert", tree, "-j", str(workers)], stderr=subprocess.DEVNULL
    )
    while sum(frame.label_train_ids.exists() for frame in many) < 5:
        assert process.poll() is None
    children = process.children()
    process.kill()
    process.wait()
    psutil.wait_procs(children, timeout=20)
    written = [frame for frame in many if frame.label_train_ids.exists()]
    assert 5 <= len(written) < len(many)
    assert not (tree / "train.txt").exists()

    assert run("convert", tree, "-j", workers).returncode == 0
    assert not list(tree.rglob(".*"))
    resumed = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    assert all(frame.label_train_ids in resumed for frame in many)
    convert(tree, force=True)
    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == resumed
