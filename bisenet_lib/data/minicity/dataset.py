"""Writing MiniCity to disk as a Cityscapes tree."""

import json
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
from cityscapesscripts.preparation.json2labelImg import createLabelImage
from PIL import Image

from bisenet_lib.common.atomic_files import clear_leftovers, write_text, written_whole
from bisenet_lib.common.parallel import each
from bisenet_lib.data.minicity.city import CITIES
from bisenet_lib.data.minicity.frame import check_frame_size, parsed, render
from bisenet_lib.errors import InputError

VERSION = 3
"""The generator's version; a new one whenever the same seed would give other bytes."""

SETTINGS = "minicity.json"

RLE = 3
"""zlib's run-length strategy: the fastest for noisy photographs and flat labels alike."""


GOLDEN = (5**0.5 - 1) / 2
"""Multiples of it spread evenly between whole numbers, however many there are."""


@dataclass(frozen=True)
class Made:
    """What :func:`generate` did.

    Attributes:
        root: the data set.
        made: frames written now.
        kept: frames that were there already.
        seconds: time taken.
    """

    root: Path
    made: int
    kept: int
    seconds: float

    def __str__(self) -> str:
        """One line: what was made, where, how fast."""
        kept = f", {self.kept} kept" if self.kept else ""
        speed = f" ({self.made / self.seconds:.1f} frames/s)" if self.made else ""
        return f"{self.made} frames made{kept} in {self.seconds:.0f} s{speed}: {self.root}"


def generate(
    root: Path,
    *,
    train: int = 160,
    val: int = 40,
    test: int = 8,
    size: tuple[int, int] = (512, 256),
    seed: int = 0,
    varied: float = 0,
    workers: int = 1,
) -> Made:
    """Write MiniCity, generated street scenes in the exact Cityscapes format.

    Frames whose five files all exist are kept, so that a stopped run continues; a later call
    may ask for more frames. Nothing is deleted but the unfinished files of killed runs.

    Taught in ``01_dataset``.

    Args:
        root: folder to write to; made when missing.
        train: number of training frames.
        val: number of validation frames, from cities that are not in training.
        test: number of test frames, whose labels are void as in Cityscapes.
        size: width and height in pixels, from 64x32 to 2048x1024.
        seed: 0 or more; one seed gives one data set, byte for byte, with any ``workers``.
        varied: the share of the frames, 0 to 1, that show any camera in any light; see
            :func:`bisenet_lib.data.minicity.render`.
        workers: processes.

    Returns:
        What was made.

    Raises:
        InputError: a parameter out of range; ``root`` holds something else, or a MiniCity
            of another size, seed, version or of more frames; a file cannot be written.
    """
    root, started = Path(root), time.monotonic()
    counts = {"train": train, "val": val, "test": test}
    check_frame_size(size)
    least = {"workers": 1}
    for name, value in {**counts, "seed": seed, "workers": workers}.items():
        if value < least.get(name, 0):
            raise InputError(f"{name} is {value}; give {least.get(name, 0)} or more")
    if not 0 <= varied <= 1:
        raise InputError(f"varied is {varied}; give a share of the frames, from 0 to 1")
    if not sum(counts.values()):
        raise InputError("train, val and test are all 0; ask for at least one frame")
    world = {"version": VERSION, "seed": seed, "size": list(size), "varied": varied}
    _settle(root, {**world, **counts})
    frames = [(split, number) for split, count in counts.items() for number in range(count)]
    files = {frame: paths(root, *frame) for frame in frames}
    missing = [frame for frame in frames if not all(path.is_file() for path in files[frame])]
    for folder in sorted({path.parent for frame in frames for path in files[frame]} | {root}):
        clear_leftovers(folder)
    write = partial(_write, root, seed, size, varied)
    for _, result in each(write, missing, workers=workers, title="MiniCity"):
        if isinstance(result, InputError):
            raise result
    return Made(root, len(missing), len(frames) - len(missing), time.monotonic() - started)


def _settle(root: Path, wanted: dict[str, Any]) -> None:
    """Write the settings of a new data set, or check that those of an older call agree."""
    file = root / SETTINGS
    if not file.exists():
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise InputError(
                f"{root}: is not an empty folder and holds no {SETTINGS}; "
                "give a new or empty folder"
            )
        write_text(file, json.dumps(wanted) + "\n")
        return
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        if stored["version"] != VERSION:
            raise InputError(
                f"{file}: made by version {stored['version']} of the generator; this is version "
                f"{VERSION}. Delete {root} and run the command again, or give another folder"
            )
        for name in ("seed", "size", "varied"):
            if stored[name] != wanted[name]:
                raise InputError(
                    f"{file}: made with {name} {stored[name]}, not {wanted[name]}; "
                    f"ask for {name} {stored[name]}, or give another folder"
                )
        fewer = [name for name in CITIES if wanted[name] < stored[name]]
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file}: is damaged ({error!r}); give another folder") from error
    if fewer:
        raise InputError(
            f"{file}: {fewer[0]} is {wanted[fewer[0]]} but {stored[fewer[0]]} frames were asked "
            f"for before; ask for {stored[fewer[0]]} or more, or give another folder"
        )
    if stored != wanted:
        write_text(file, json.dumps(wanted) + "\n")


def paths(root: Path, split: str, number: int) -> tuple[Path, Path, Path, Path, Path]:
    """The five files of a frame.

    Args:
        root: the data set.
        split: ``train``, ``val`` or ``test``.
        number: the frame's place in its split, from 0.

    Returns:
        Image, polygons, label ids, instance ids, colours.
    """
    names = CITIES[split]
    city = names[number % len(names)]
    stem = f"{city}_{number // len(names):06d}_000019"
    fine = root / "gtFine" / split / city
    image = root / "leftImg8bit" / split / city / f"{stem}_leftImg8bit.png"
    kinds = ("polygons.json", "labelIds.png", "instanceIds.png", "color.png")
    polygons, ids, instances, colours = (fine / f"{stem}_gtFine_{kind}" for kind in kinds)
    return image, polygons, ids, instances, colours


def is_varied(number: int, share: float) -> bool:
    """Whether this frame is one of the share that is varied; a larger share only adds frames."""
    return (number * GOLDEN) % 1 < share


def _write(
    root: Path, seed: int, size: tuple[int, int], share: float, frame: tuple[str, int]
) -> None:
    image, annotation = render(seed, *frame, size, varied=is_varied(frame[1], share))
    text = json.dumps(annotation)
    objects = parsed(text)
    photo, polygons, ids, instances, colour = paths(root, *frame)
    save(ids, createLabelImage(objects, "ids"))
    numbers = np.asarray(createInstanceImage(objects, "ids")).astype(np.uint16)
    save(instances, Image.fromarray(numbers))
    save(colour, createLabelImage(objects, "color"))
    write_text(polygons, text)
    save(photo, Image.fromarray(image))


def save(path: Path, picture: Image.Image) -> None:
    """Write a PNG, whole or not at all."""
    with written_whole(path) as part:
        picture.save(part, compress_level=1, compress_type=RLE)
