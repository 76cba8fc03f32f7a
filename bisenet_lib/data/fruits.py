"""A small generated data set without streets: fruit on a table, seen from above.

Its masks come in two of the formats that annotation programs save. Taught in
``07_your_own_data``.
"""

import colorsys
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from bisenet_lib.common.atomic_files import folder_written_whole, write_text
from bisenet_lib.errors import InputError

SIZE = (240, 160)
COLOURS = {
    "table": (150, 100, 60),
    "plate": (230, 230, 240),
    "apple": (220, 30, 40),
    "pear": (160, 200, 40),
    "banana": (250, 220, 50),
    "leaf": (30, 120, 50),
}
"""The classes, and their colours in the colour masks."""
SCALE = 2
"""Pictures are painted larger by this factor and then reduced: soft edges, as in a photograph."""
SHADOW = np.array((5, 6))
MARGIN = 16
"""Pixels around a thing, for its shadow."""

Points = np.ndarray
"""(N, 2) float64: the corners of a polygon, x and y in pixels."""


@dataclass(frozen=True)
class FruitShape:
    """An object on the table.

    Attributes:
        name: its class.
        outline: its polygon.
        colour: RGB, 0 to 255.
    """

    name: str
    outline: Points
    colour: tuple[float, float, float]


def generate(folder: Path, *, pictures: int = 60, seed: int = 0) -> Path:
    """Write the data set as an annotator would leave it, whole or not at all.

    Args:
        folder: a new or empty folder, for ``images/*.jpg``, ``labelme/*.json``,
            ``colours/*.png`` (the same masks) and ``colours.csv``.
        pictures: how many.
        seed: one seed gives one data set.

    Returns:
        The folder.

    Raises:
        InputError: it holds files already, or cannot be written; or ``seed`` is no whole number
            from 0.
    """
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed is {seed!r}; give a whole number from 0")
    with folder_written_whole(folder) as part:
        for name in ("images", "labelme", "colours"):
            (part / name).mkdir()
        for number in range(pictures):
            rng = np.random.default_rng((seed, number))
            things = list(_things(rng))
            stem = f"fruit_{number + 1}"  # 10 comes before 2 in a sorted list, as it often does
            _paint(things, rng).save(part / "images" / f"{stem}.jpg", quality=92)
            _mask(things).save(part / "colours" / f"{stem}.png")
            write_text(part / "labelme" / f"{stem}.json", _annotation(things, f"{stem}.jpg"))
        rows = (f"{name},{r},{g},{b}\n" for name, (r, g, b) in COLOURS.items())
        write_text(part / "colours.csv", "name,r,g,b\n" + "".join(rows))
    return Path(folder)


def _things(rng: np.random.Generator) -> Iterator[FruitShape]:
    """The objects on one table, in painting order."""
    width, height = SIZE
    if rng.random() < 0.7:
        place = rng.uniform((60, 50), (width - 60, height - 50))
        outline = _placed(_round(rng, 0), place, rng.uniform(45, 65), 0)
        yield FruitShape("plate", outline, (rng.uniform(200, 250),) * 3)
    for _ in range(rng.integers(4, 9)):
        name = rng.choice(list(_FRUIT), p=[0.3, 0.25, 0.2, 0.25])
        hues, sizes, draw = _FRUIT[name]
        hue = rng.uniform(*hues[rng.integers(len(hues))])
        red, green, blue = colorsys.hsv_to_rgb(hue % 1, rng.uniform(0.6, 0.95), rng.uniform(0.7, 1))
        place = rng.uniform((8, 8), (width - 8, height - 8))
        outline = _placed(draw(rng), place, rng.uniform(*sizes), rng.uniform(0, 2 * np.pi))
        yield FruitShape(name, outline, (255 * red, 255 * green, 255 * blue))


def _placed(outline: Points, place: Points, size: float, turned: float) -> Points:
    cos, sin = np.cos(turned), np.sin(turned)
    return (size * outline @ np.array([[cos, sin], [-sin, cos]]) + place).round(1)


def _round(rng: np.random.Generator, dent: float = 0.18) -> Points:
    """An apple; without the dent a plate."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = 1 - dent * np.exp(-(((angle - np.pi / 2) / 0.35) ** 2))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)


def _pear(rng: np.random.Generator) -> Points:
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    along = np.cos(angle)
    return np.stack([1.15 * along, np.sin(angle) * (0.62 - 0.24 * along)], 1)


def _banana(rng: np.random.Generator) -> Points:
    angle = np.linspace(-1.1, 1.1, 20)
    thick = 0.25 * np.cos(angle / 1.1 * np.pi / 2) ** 0.6 + 0.03
    bend = np.stack([np.sin(angle), 1 - np.cos(angle)], 1)
    across = np.stack([-np.sin(angle), np.cos(angle)], 1) * thick[:, None]
    return np.concatenate([bend + across, (bend - across)[::-1]]) * 1.15


def _leaf(rng: np.random.Generator) -> Points:
    along = np.linspace(-1, 1, 20)
    wide = rng.uniform(0.3, 0.5) * (1 - along**2)
    return np.concatenate([np.stack([along, wide], 1), np.stack([along, -wide], 1)[::-1]])


_GREEN = (0.22, 0.33)
_FRUIT = {
    "apple": ([(-0.04, 0.03), _GREEN], (20, 30), _round),
    "pear": ([(0.14, 0.2), _GREEN], (28, 38), _pear),
    "banana": ([(0.12, 0.18)], (30, 40), _banana),
    "leaf": ([(0.25, 0.38)], (24, 34), _leaf),
}
"""Ranges of hue, range of the radius in pixels, outline. A green apple, a green pear and a leaf
differ in shape only, and so do a yellow pear and a banana."""


def _paint(things: list[FruitShape], rng: np.random.Generator) -> Image.Image:
    """The photograph."""
    canvas = _table(rng)
    for thing in things:
        corners = SCALE * thing.outline
        left, top = (corners.min(0) - MARGIN).astype(int)
        size = tuple((np.ptp(corners, axis=0) + 2 * MARGIN).astype(int))
        inside, shadow = Image.new("L", size), Image.new("L", size)
        within = corners - (left, top)
        ImageDraw.Draw(inside).polygon([tuple(point) for point in within], fill=255)
        ImageDraw.Draw(shadow).polygon([tuple(point) for point in within + SHADOW], fill=110)
        dark = Image.new("RGB", size, (20, 15, 10))
        canvas.paste(dark, (left, top), shadow.filter(ImageFilter.GaussianBlur(5)))
        canvas.paste(_shaded(thing, rng, size), (left, top), inside)
    canvas = canvas.resize(SIZE, Image.Resampling.BOX)
    light = np.linspace(rng.uniform(0.7, 1), rng.uniform(0.7, 1.1), SIZE[0])[None, :, None]
    return _image(np.asarray(canvas) * light + rng.normal(0, 5, (SIZE[1], SIZE[0], 3)))


def _table(rng: np.random.Generator) -> Image.Image:
    """Planks: streaks along the grain, and a different tone for each plank."""
    width, height = (SCALE * side for side in SIZE)
    grain = cv2.resize(rng.normal(0, 1, (height // 2, 6)), (width, height))
    tones = rng.normal(0, 8, 5)[np.arange(height) * 5 // height][:, None]
    wood = np.array(colorsys.hsv_to_rgb(rng.uniform(0.04, 0.12), 0.55, rng.uniform(0.35, 0.8)))
    return _image(255 * wood + (9 * grain + tones)[..., None])


def _shaded(thing: FruitShape, rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """The thing's colour, lighter towards the upper left."""
    flat = thing.name == "plate"
    across, up = np.meshgrid(*(np.linspace(-1, 1, side) for side in size))
    light = 1 - (0.04 if flat else 0.3) * np.hypot(across + 0.3, up + 0.3)
    spots = cv2.resize(rng.normal(0, 0.01 if flat else 0.06, (8, 8)), size)
    return _image(np.array(thing.colour) * (light + spots)[..., None])


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _mask(things: list[FruitShape]) -> Image.Image:
    canvas = Image.new("RGB", SIZE, COLOURS["table"])
    for thing in things:
        corners = [tuple(point) for point in thing.outline.tolist()]
        ImageDraw.Draw(canvas).polygon(corners, fill=COLOURS[thing.name])
    return canvas


def _annotation(things: list[FruitShape], image: str) -> str:
    """The file LabelMe would save."""
    shapes = [
        {"label": thing.name, "points": thing.outline.tolist(), "shape_type": "polygon"}
        for thing in things
    ]
    return json.dumps(
        {"imagePath": image, "imageWidth": SIZE[0], "imageHeight": SIZE[1], "shapes": shapes}
    )
