"""A drive written to disk: as a film, or frame by frame in the Cityscapes format.

Taught in ``06_deployment``.
"""

import json
import time
from pathlib import Path

import numpy as np
from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
from PIL import Image
from tqdm.auto import tqdm

from bisenet_lib.common.atomic_files import folder_written_whole, write_text, written_whole
from bisenet_lib.data import film_io
from bisenet_lib.data.minicity.dataset import Made, save
from bisenet_lib.data.minicity.drive import FPS, Shot, drive
from bisenet_lib.data.minicity.frame import parsed
from bisenet_lib.errors import InputError

CITY = "drive"


def film(
    target: Path, *, frames: int = 200, size: tuple[int, int] = (512, 256), seed: int = 0
) -> Made:
    """Write a drive.

    Args:
        target: a film, by its suffix (:data:`bisenet_lib.data.film_io.FILM_SUFFIXES`); else a new
            or empty folder, which becomes a data set whose validation split is the drive.
        frames: how many; 10 are a second.
        size: width and height in pixels.
        seed: decides street, weather and traffic.

    Returns:
        What was made.

    Raises:
        InputError: a parameter out of range, a file of another kind, or nothing can be written.
    """
    target, started = Path(target), time.monotonic()
    is_film = target.suffix.lower() in film_io.FILM_SUFFIXES
    if target.suffix and not is_film and not target.is_dir():
        raise InputError(
            f"{target}: give a folder for frames, or a film: a name that ends in "
            f"{', '.join(film_io.FILM_SUFFIXES)}"
        )
    shots = tqdm(drive(seed, size, frames), "drive", frames, unit="frame")
    if is_film:
        with written_whole(target) as part, film_io.film_writer(part, FPS, size) as write:
            for shot in shots:
                write(shot.image)
    else:
        with folder_written_whole(target) as part:
            for shot in shots:
                _write(part, shot)
    return Made(target, frames, 0, time.monotonic() - started)


def _write(root: Path, shot: Shot) -> None:
    stem = f"{CITY}_000000_{shot.number:06d}"
    image = root / "leftImg8bit" / "val" / CITY / f"{stem}_leftImg8bit.png"
    fine = root / "gtFine" / "val" / CITY
    write_text(fine / f"{stem}_gtFine_polygons.json", json.dumps(shot.annotation))
    save(fine / f"{stem}_gtFine_labelIds.png", shot.labels("ids"))
    instances = createInstanceImage(parsed(json.dumps(shot.annotation)), "ids")
    instances = Image.fromarray(np.asarray(instances).astype(np.uint16))
    save(fine / f"{stem}_gtFine_instanceIds.png", instances)
    save(fine / f"{stem}_gtFine_color.png", shot.labels("color"))
    save(image, Image.fromarray(shot.image))
