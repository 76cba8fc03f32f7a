"""The moving picture at the top of the README: ``python tools/publish/teaser.py [FILE]``.

A drive through MiniCity, half of it under what the shipped network makes of it. The same versions
make the same file again.
"""

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from tqdm.auto import tqdm

from bisenet_lib.course import notebook
from bisenet_lib.data import film_io
from bisenet_lib.data.minicity.drive import FPS, Street
from bisenet_lib.deployment.predictor import Predictor

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "notebooks" / "images" / "drive.webp"
SHIPPED = ROOT / "data" / "checkpoints" / "bisenetv2_minicity"
SEED, FIRST, FRAMES = 8, 84, 70
SIZE, TRAINED = (800, 400), (512, 256)
"""Width and height of the street, and of the images the network was trained on."""
KEY = ("road", "sidewalk", "building", "vegetation", "sky", "car", "person", "traffic sign")
"""Classes that the line below the street explains."""
LINE = 30
"""Its height in pixels."""


def frames(predict: Predictor, numbers: range) -> Iterator[np.ndarray]:
    """Draw frames of the picture.

    Args:
        predict: the network.
        numbers: of the frames, from 0.

    Yields:
        (H, W, 3) uint8, RGB.
    """
    street, key = Street(SEED, SIZE), legend(predict)
    width, height = SIZE
    for number in numbers:
        image = street.shot(FIRST + number).image
        classes = predict.segment(predict.prepare(image, TRAINED), (height, width))
        split = round(width * (0.5 - 0.42 * math.sin(2 * math.pi * number / FRAMES)))
        picture = image.copy()
        picture[:, split:] = predict.draw(image, classes)[:, split:]
        picture[:, split - 1 : split + 2] = 255
        yield np.vstack([picture, key])


def legend(predict: Predictor) -> np.ndarray:
    """The line below the street: colours and names of :data:`KEY`."""
    line = Image.new("RGB", (SIZE[0], LINE), "white")
    draw, font = ImageDraw.Draw(line), ImageFont.load_default(14)
    widths = [draw.textlength(name, font) + 20 for name in KEY]
    gap = (SIZE[0] - 16 - sum(widths)) / (len(KEY) - 1)
    x, middle = 8.0, LINE / 2
    for name, width in zip(KEY, widths, strict=True):
        colour = tuple(predict.colours[predict.names.index(name)].tolist())
        draw.rectangle((x, middle - 6, x + 14, middle + 6), fill=colour)
        draw.text((x + 19, middle), name, "black", font, anchor="lm")
        x += width + gap
    return np.asarray(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", default=PICTURE)
    path = parser.parse_args().file
    predict = notebook.open_network(SHIPPED)
    with film_io.film_writer(path, FPS, (SIZE[0], SIZE[1] + LINE)) as write:
        for picture in tqdm(frames(predict, range(FRAMES)), total=FRAMES, unit="frame"):
            write(picture)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
