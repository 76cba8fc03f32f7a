"""A tiny data set in the Cityscapes layout, made with cityscapesscripts' own tools."""

import json
import os
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import onnx
import pytest
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
from cityscapesscripts.preparation.json2labelImg import json2labelImg
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

# A process begun in the background (`make test &`) ignores Ctrl-C, and so would all it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

SIZE = (64, 32)
STEMS = {
    "train": ["aachen_000000_000019", "aachen_000001_000019", "bochum_000000_000313"],
    "val": ["frankfurt_000000_000294", "munster_000000_000019"],
    "test": ["berlin_000000_000019"],
}


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory) -> Iterator[Path]:
    """A cache folder for the time of the tests: the user's own networks stay what they are."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


def polygons(seed: int, size: tuple[int, int] = SIZE) -> dict:
    """An annotation with a group, a deleted object, a licence plate and random polygons."""
    width, height = size
    rng = np.random.default_rng(seed)
    whole = [[0, 0], [width, 0], [width, height], [0, height]]
    low = [[-3, height // 2], [width + 2, height // 2 - 2], [width, height], [0, height]]
    objects = [("sky", whole), ("road", low), ("ego vehicle", [[0, 28], [64, 28], [64, 32]])]
    for label in ("car", "persongroup", "pole", "parking", "license plate", "bicycle"):
        centre = rng.uniform((0, 0), size)
        objects.append((label, (centre + rng.uniform(-9, 9, (5, 2))).round().astype(int).tolist()))
    return {
        "imgWidth": width,
        "imgHeight": height,
        "objects": [{"label": label, "polygon": points} for label, points in objects]
        + [{"label": "bus", "polygon": whole, "deleted": 1}],
    }


def add_frame(root: Path, split: str, stem: str, size: tuple[int, int] = SIZE) -> None:
    """Add an image and its polygons, labelIds, instanceIds and colours."""
    city, seed = stem.split("_")[0], sum(stem.encode())
    image = root / "leftImg8bit" / split / city / f"{stem}_leftImg8bit.png"
    annotation = root / "gtFine" / split / city / f"{stem}_gtFine_polygons.json"
    for path in (image, annotation):
        path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(image)
    annotation.write_text(json.dumps(polygons(seed, size)))
    name = str(annotation).removesuffix("polygons.json")
    json2labelImg(str(annotation), f"{name}labelIds.png")
    json2labelImg(str(annotation), f"{name}color.png", "color")
    # json2instanceImg itself ends in "cannot write mode I as PNG" with today's Pillow.
    drawn = Annotation()
    drawn.fromJsonFile(str(annotation))
    instances = np.asarray(createInstanceImage(drawn, "ids"), np.uint16)
    Image.fromarray(instances).save(f"{name}instanceIds.png")


@pytest.fixture(scope="session")
def frame_maker() -> Callable[..., None]:
    """:func:`add_frame`, for trees of another shape."""
    return add_frame


def write_notebook(path: Path, cells: list[str], parameters: str) -> None:
    """A notebook of code cells, the first of them tagged ``parameters``."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    notebook.cells = [tagged, *map(nbformat.v4.new_code_cell, cells)]
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)


@pytest.fixture(scope="session")
def notebook_writer() -> Callable[..., None]:
    """:func:`write_notebook`."""
    return write_notebook


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Six frames of 64x32 in three splits, not converted."""
    for split, stems in STEMS.items():
        for stem in stems:
            add_frame(tmp_path / "cityscapes", split, stem)
    return tmp_path / "cityscapes"


@pytest.fixture
def tiny(tree: Path, tmp_path: Path) -> Path:
    """The laptop configuration as a file, on 64x32 images, two a batch, four iterations."""
    from bisenet_lib.config import configuration
    from bisenet_lib.data import conversion

    conversion.prepare(tree)
    values = configuration.load_config("laptop", dataset=tree, iters=4, batch_size=2)
    for section in ("train_dataset", "val_dataset"):
        for transform in values[section]["transforms"]:
            for key in ("target_size", "crop_size"):
                if key in transform:
                    transform[key] = [64, 32]
    path = tmp_path / "tiny.yml"
    configuration.save_config(values, path)
    return path


@pytest.fixture(scope="session")
def png_maker() -> Callable[..., None]:
    """Write a black grey PNG of any size, quickly; or one that only declares its size."""

    def write(path: Path, width: int, height: int, *, whole: bool = False) -> None:
        packer, row = zlib.compressobj(1), bytes(1 + width)
        rows = [packer.compress(row) for _ in range(height if whole else 1)]
        header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
        chunks = {b"IHDR": header, b"IDAT": b"".join([*rows, packer.flush()]), b"IEND": b""}
        with path.open("wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
            for kind, data in chunks.items():
                file.write(struct.pack(">I", len(data)) + kind + data)
                file.write(struct.pack(">I", zlib.crc32(kind + data)))

    return write


@pytest.fixture(scope="session")
def colour_network() -> Callable[..., None]:
    """Write a network as `bisenet export` does, that one can do by hand.

    Its logits are the red, green and blue of a pixel, and 0 for every further class.
    """

    def write(path: Path, names: Sequence[str] = ("red", "green", "blue"), **other: Any) -> None:
        weights = np.eye(len(names), 3, dtype=np.float32)[..., np.newaxis, np.newaxis]
        nodes = [
            helper.make_node("Conv", ["image", "weights"], ["logits"]),
            helper.make_node("ArgMax", ["logits"], ["index"], axis=1, keepdims=0),
            helper.make_node("Cast", ["index"], ["classes"], to=TensorProto.UINT8),
        ]
        ends = {
            "image": (TensorProto.FLOAT, ["n", 3, "h", "w"]),
            "logits": (TensorProto.FLOAT, ["n", len(names), "h", "w"]),
            "classes": (TensorProto.UINT8, ["n", "h", "w"]),
        }
        image, *outputs = (helper.make_tensor_value_info(key, *one) for key, one in ends.items())
        weights = numpy_helper.from_array(weights, "weights")
        graph = helper.make_graph(nodes, "colours", [image], outputs, [weights])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        colours = (255 * np.eye(len(names), 3)).astype(int).tolist()
        about = {"mean": [0.5] * 3, "std": [0.5] * 3, "size": None, "names": list(names)}
        about |= {"colours": colours, **other}
        helper.set_model_props(model, {key: json.dumps(value) for key, value in about.items()})
        onnx.save(model, path)

    return write


@pytest.fixture(scope="session")
def unwritable() -> Callable[[Path], AbstractContextManager[None]]:
    """Forbid writing in a folder: by its mode, or for root by the immutable flag."""

    @contextmanager
    def locked(folder: Path) -> Iterator[None]:
        root = os.geteuid() == 0
        lock, free = (
            (["chattr", "+i"], ["chattr", "-i"]) if root else (["chmod", "555"], ["chmod", "755"])
        )
        try:
            done = subprocess.run([*lock, folder], capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            done = False
        if not done:
            pytest.skip("this file system knows no way to forbid root to write")
        try:
            yield
        finally:
            subprocess.run([*free, folder], check=True)

    return locked


@pytest.fixture
def mount_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount file systems of a given size (``1m``), to be filled to the brim."""
    mounted = []

    def mount(size: str) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder]
        root = os.geteuid() == 0
        if not root or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small file system needs root")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def command(monkeypatch, capsys):
    """The command in this process: exit code and what it printed."""
    from bisenet_lib.cli.main import main

    def run(*arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["bisenet", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return ended.value.code or 0, printed.out + printed.err

    return run
