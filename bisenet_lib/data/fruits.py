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
from PIL import Image, ImageDraw

from bisenet_lib.common.atomic_files import folder_written_whole, write_text
from bisenet_lib.errors import InputError

SIZE = (480, 320)
COLOURS = {
    "table": (150, 100, 60),
    "plate": (230, 230, 240),
    "apple": (220, 30, 40),
    "pear": (160, 200, 40),
    "banana": (250, 220, 50),
    "leaf": (30, 120, 50),
}
"""The classes, and their colours in the colour masks."""
SHADOW = np.array((5, 6))
MARGIN = 16
"""Pixels around a thing, for its shadow."""

Points = np.ndarray
"""(N, 2) float64: the corners of a polygon, x and y in pixels, or in radii of the thing."""


@dataclass(frozen=True)
class FruitShape:
    """An object on the table.

    Attributes:
        name: its class.
        drawn: its polygon around the origin, in radii.
        place: where its origin lies, in pixels.
        radius: in pixels.
        turned: in radians.
        colour: (3,) float64, RGB, 0 to 255.
    """

    name: str
    drawn: Points
    place: Points
    radius: float
    turned: float
    colour: np.ndarray

    @property
    def outline(self) -> Points:
        """Its polygon in the picture."""
        return (self.radius * self.drawn @ self._turn() + self.place).round(1)

    def own(self, pixels: np.ndarray) -> np.ndarray:
        """Positions (..., 2) in the picture, in pixels, to those of ``drawn``, in radii."""
        return (pixels - self.place) @ self._turn().T / self.radius

    def _turn(self) -> np.ndarray:
        cos, sin = np.cos(self.turned), np.sin(self.turned)
        return np.array([[cos, sin], [-sin, cos]])


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
        place = rng.uniform((120, 100), (width - 120, height - 100))
        white = np.full(3, rng.uniform(200, 250))
        yield FruitShape("plate", _round(rng, 0), place, rng.uniform(90, 130), 0, white)
    for _ in range(rng.integers(4, 9)):
        name = rng.choice(list(_FRUIT), p=[0.3, 0.25, 0.2, 0.25])
        hues, bright, sizes, draw, _ = _FRUIT[name]
        hue = rng.uniform(*hues[rng.integers(len(hues))])
        colour = colorsys.hsv_to_rgb(hue % 1, rng.uniform(0.55, 0.85), rng.uniform(*bright))
        place = rng.uniform((16, 16), (width - 16, height - 16))
        yield FruitShape(
            name,
            draw(rng),
            place,
            rng.uniform(*sizes),
            rng.uniform(0, 2 * np.pi),
            255 * np.array(colour),
        )


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


Skin = tuple[np.ndarray, np.ndarray]
"""How far each pixel is lighter (float64, 0: as the colour), and how far it is brown (0 to 1)."""


def _apple_skin(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> Skin:
    """Streaks that run from the hollow of the stem, and the stem."""
    angle = np.arctan2(v - 0.7, u)
    streaks = np.interp(angle, np.linspace(-np.pi, np.pi, 60), rng.normal(0, 0.09, 60))
    hollow = np.exp(-((u**2 + (v - 0.7) ** 2) / 0.05))
    stem = (abs(u) < 0.06) & (v > 0.55) & (v < 1)
    return streaks - 0.45 * hollow, 0.9 * stem


def _pear_skin(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> Skin:
    """Brown dots, one in each square of a grid, and a stem at the narrow end."""
    cell, places = 0.2, rng.uniform(0.2, 0.8, (2, 16, 16))
    column, row = ((side / cell + 8).clip(0, 15.99) for side in (u, v))
    x, y = places[:, column.astype(int), row.astype(int)]
    dots = (column % 1 - x) ** 2 + (row % 1 - y) ** 2 < 0.025
    stem = (u > 0.95) & (abs(v) < 0.07)
    return np.zeros(u.shape), np.maximum(0.5 * dots, 0.9 * stem)


def _banana_skin(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> Skin:
    """Two edges along its back, and brown ends."""
    along, across = np.arctan2(u, 1.15 - v), np.hypot(u, 1.15 - v) - 1.15
    edges = np.exp(-(((abs(across) - 0.12) / 0.035) ** 2))
    return -0.2 * edges, 0.85 * (abs(along) > 0.97)


def _leaf_skin(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> Skin:
    """Its ribs, and one half darker than the other."""
    ribs = (abs(v) < 0.03) | ((u - 0.8 * abs(v)) % 0.24 < 0.035)
    return 0.3 * ribs - 0.15 * (v > 0), np.zeros(u.shape)


def _plate_skin(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> Skin:
    """The line where its rim begins."""
    radius = np.hypot(u, v)
    rim = np.exp(-(((radius - 0.7) / 0.03) ** 2))
    return np.where(u + v > 0, 0.12, -0.18) * rim, np.zeros(u.shape)


_GREEN = (0.2, 0.3)
_FRUIT = {
    "apple": ([(-0.04, 0.03), _GREEN], (0.7, 1), (44, 64), _round, _apple_skin),
    "pear": ([(0.14, 0.2), _GREEN], (0.7, 1), (56, 78), _pear, _pear_skin),
    "banana": ([(0.12, 0.18)], (0.7, 1), (64, 84), _banana, _banana_skin),
    "leaf": ([(0.25, 0.38)], (0.35, 0.65), (52, 70), _leaf, _leaf_skin),
}
"""Ranges of hue, brightness and radius in pixels; outline; skin. A green apple and a green pear
differ in shape and skin only, and so do a yellow pear and a banana."""
_SHINE = {"apple": 0.5, "pear": 0.12, "banana": 0.12}
"""How strongly a skin mirrors the window."""
_BROWN = np.array((70, 45, 25))


def _paint(things: list[FruitShape], rng: np.random.Generator) -> Image.Image:
    """The photograph."""
    canvas = _table(rng)
    for thing in things:
        left_top = (thing.outline.min(0) - MARGIN).astype(int)
        size = np.ptp(thing.outline, axis=0).astype(int) + 2 * MARGIN
        inside = _filled(thing.outline - left_top, size)
        shadow = cv2.blur(_filled(thing.outline - left_top + SHADOW, size) // 2, (9, 9))
        place = tuple(left_top.tolist())
        canvas.paste((20, 15, 10), place, Image.fromarray(shadow))
        canvas.paste(_skin(thing, inside, left_top, rng), place, Image.fromarray(inside))
    light = np.linspace(rng.uniform(0.7, 1), rng.uniform(0.7, 1.1), SIZE[0])[None, :, None]
    return _image(np.asarray(canvas) * light + rng.normal(0, 5, (SIZE[1], SIZE[0], 3)))


def _filled(corners: Points, size: np.ndarray) -> np.ndarray:
    """255 inside of a polygon, with soft edges: (height, width) uint8."""
    canvas = np.zeros(size[::-1], np.uint8)
    return cv2.fillPoly(canvas, [(16 * corners).astype(np.int32)], 255, cv2.LINE_AA, shift=4)


def _table(rng: np.random.Generator) -> Image.Image:
    """Planks: streaks along the grain, and a different tone for each plank."""
    width, height = SIZE
    grain = cv2.resize(rng.normal(0, 1, (height // 2, 6)), (width, height))
    tones = rng.normal(0, 8, 5)[np.arange(height) * 5 // height][:, None]
    wood = np.array(colorsys.hsv_to_rgb(rng.uniform(0.04, 0.12), 0.55, rng.uniform(0.35, 0.8)))
    return _image(255 * wood + (9 * grain + tones)[..., None])


def _skin(
    thing: FruitShape, inside: np.ndarray, left_top: Points, rng: np.random.Generator
) -> Image.Image:
    """The thing in the light of a window at the upper left."""
    down, right = np.indices(inside.shape, np.float32)
    u, v = np.moveaxis(thing.own(np.stack([right, down], -1) + left_top), -1, 0)
    draw = _plate_skin if thing.name == "plate" else _FRUIT[thing.name][-1]
    lighter, brown = draw(u, v, rng)
    spots = cv2.resize(rng.normal(0, 0.05, (8, 8)), inside.shape[::-1])
    pixels = thing.colour * (1 + lighter + spots)[..., None]
    pixels = pixels + brown[..., None] * (_BROWN - pixels)
    if thing.name in ("plate", "leaf"):
        return _image(pixels)
    # A body as round as it is wide: its height follows from the distance to its outline.
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    height = cv2.GaussianBlur(np.sqrt(depth * (2 * depth.max() - depth)), (0, 0), 1.5)
    slope = np.gradient(height)
    facing = (1 + 0.7 * (slope[0] + slope[1])) / np.sqrt(1 + slope[0] ** 2 + slope[1] ** 2) / 1.41
    shine = 255 * _SHINE[thing.name] * facing.clip(0) ** 24
    return _image(pixels * (0.45 + 0.65 * facing.clip(0))[..., None] + shine[..., None])


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
