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
from bisenet_lib.data.fruit_kinds import KINDS
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
_SHADOW = np.array((5, 6))
_MARGIN = 16
"""Pixels around a thing, for its shadow."""
_FINER = 4
"""Outlines are filled so many times larger, and then reduced."""
_LIGHT = np.array((0.7, 0.7, 1)) / np.linalg.norm((0.7, 0.7, 1))
"""The direction of the window: down the picture, to the right, up from the table."""
_BROWN = np.array((70, 45, 25))


@dataclass(frozen=True)
class Thing:
    """An object on the table.

    Attributes:
        name: its class.
        drawn: (N, 2) float64, its polygon around the origin, in radii.
        place: (2,) float64, where its origin lies, in pixels.
        radius: in pixels.
        turned: in radians.
        colour: (3,) float64, RGB, 0 to 255.
    """

    name: str
    drawn: np.ndarray
    place: np.ndarray
    radius: float
    turned: float
    colour: np.ndarray

    @property
    def outline(self) -> np.ndarray:
        """(N, 2) float64: its polygon in the picture, in pixels."""
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
        pictures: how many, at least 1.
        seed: one seed gives one data set.

    Returns:
        The folder.

    Raises:
        InputError: it holds files already, or cannot be written; or ``seed`` is no whole number
            from 0, or ``pictures`` none from 1.
    """
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed is {seed!r}; give a whole number from 0")
    if not isinstance(pictures, int) or pictures < 1:
        raise InputError(f"pictures is {pictures!r}; give a whole number from 1")
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


def _things(rng: np.random.Generator) -> Iterator[Thing]:
    """The objects on one table, in painting order."""
    width, height = SIZE
    if rng.random() < 0.7:
        yield _thing("plate", rng.uniform((120, 100), (width - 120, height - 100)), rng)
    shares = [kind.share for kind in KINDS.values()]
    for _ in range(rng.integers(4, 9)):
        name = str(rng.choice(list(KINDS), p=shares))
        yield _thing(name, rng.uniform((16, 16), (width - 16, height - 16)), rng)


def _thing(name: str, place: np.ndarray, rng: np.random.Generator) -> Thing:
    kind = KINDS[name]
    hue = rng.uniform(*kind.hues[rng.integers(len(kind.hues))])
    colour = colorsys.hsv_to_rgb(
        hue % 1, rng.uniform(*kind.saturation), rng.uniform(*kind.brightness)
    )
    drawn = kind.outline * (1, rng.uniform(*kind.width))
    radius, turned = rng.uniform(*kind.radius), rng.uniform(0, 2 * np.pi)
    return Thing(name, drawn, place, radius, turned, 255 * np.array(colour))


def _paint(things: list[Thing], rng: np.random.Generator) -> Image.Image:
    """The photograph."""
    canvas = _table(rng)
    for thing in things:
        outline = thing.outline
        left_top = (outline.min(0) - _MARGIN).astype(int)
        size = np.ptp(outline, axis=0).astype(int) + 2 * _MARGIN
        inside = filled(outline - left_top, size)
        shadow = cv2.blur(filled(outline - left_top + _SHADOW, size) // 2, (9, 9))
        place = tuple(left_top.tolist())
        canvas.paste((20, 15, 10), place, Image.fromarray(shadow))
        canvas.paste(_skin(thing, inside, left_top, rng), place, Image.fromarray(inside))
    light = np.linspace(rng.uniform(0.7, 1), rng.uniform(0.7, 1.1), SIZE[0])[None, :, None]
    return _image(np.asarray(canvas) * light + rng.normal(0, 5, (SIZE[1], SIZE[0], 3)))


def filled(corners: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Draw a polygon with soft edges.

    Args:
        corners: (N, 2) float64, x and y in pixels; (0, 0) is the corner of the first pixel.
        size: (2,) int, width and height.

    Returns:
        (height, width) uint8, 255 inside.
    """
    finer = np.zeros(_FINER * size[::-1], np.uint8)
    places = _FINER * corners - 0.5  # for OpenCV, (0, 0) is the middle of the first pixel
    cv2.fillPoly(finer, [(16 * places).round().astype(np.int32)], 255, shift=4)
    return cv2.resize(finer, size.tolist(), interpolation=cv2.INTER_AREA)


def _table(rng: np.random.Generator) -> Image.Image:
    """Planks: streaks along the grain, and a different tone for each plank."""
    width, height = SIZE
    grain = cv2.resize(rng.normal(0, 1, (height // 2, 6)), (width, height))
    tones = rng.normal(0, 8, 5)[np.arange(height) * 5 // height][:, None]
    wood = np.array(colorsys.hsv_to_rgb(rng.uniform(0.04, 0.12), 0.55, rng.uniform(0.35, 0.8)))
    return _image(255 * wood + (9 * grain + tones)[..., None])


def _skin(
    thing: Thing, inside: np.ndarray, left_top: np.ndarray, rng: np.random.Generator
) -> Image.Image:
    """The thing in the light of a window at the upper left."""
    kind = KINDS[thing.name]
    down, right = np.indices(inside.shape, np.float32)
    u, v = np.moveaxis(thing.own(np.stack([right, down], -1) + left_top), -1, 0)
    lighter, brown = kind.skin(u, v, rng)
    spots = cv2.resize(
        rng.normal(0, 0.05, (8, 8)), inside.shape[::-1], interpolation=cv2.INTER_CUBIC
    )
    pixels = thing.colour * (1 + lighter + spots)[..., None]
    pixels = pixels + brown[..., None] * (_BROWN - pixels)
    if kind.shine is None:
        return _image(pixels)
    # A body as round as it is wide: its height follows from the distance to its outline.
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    height = cv2.GaussianBlur(np.sqrt(depth * (2 * depth.max() - depth)), (0, 0), 1.5)
    normal = np.stack([*np.gradient(height), np.ones(height.shape)], -1)
    facing = (normal @ _LIGHT / np.linalg.norm(normal, axis=-1)).clip(0)
    shine = 255 * kind.shine * facing**24
    return _image(pixels * (0.45 + 0.65 * facing)[..., None] + shine[..., None])


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _mask(things: list[Thing]) -> Image.Image:
    canvas = Image.new("RGB", SIZE, COLOURS["table"])
    for thing in things:
        corners = [tuple(point) for point in thing.outline.tolist()]
        ImageDraw.Draw(canvas).polygon(corners, fill=COLOURS[thing.name])
    return canvas


def _annotation(things: list[Thing], image: str) -> str:
    """The file LabelMe would save."""
    shapes = [
        {"label": thing.name, "points": thing.outline.tolist(), "shape_type": "polygon"}
        for thing in things
    ]
    about: dict[str, object] = {"version": "5.5.0", "flags": {}, "shapes": shapes}
    about |= {"imagePath": image, "imageData": None}
    return json.dumps({**about, "imageWidth": SIZE[0], "imageHeight": SIZE[1]})
