"""One frame: the image and its annotation in the form of ``_polygons.json``."""

import json
import math
from typing import Any

import numpy as np
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.preparation.json2labelImg import createLabelImage
from PIL import Image

from bisenet_lib.data.labels import name2label
from bisenet_lib.data.minicity.city import CITIES, city_of
from bisenet_lib.data.minicity.ego import void_objects
from bisenet_lib.data.minicity.geometry import Camera
from bisenet_lib.data.minicity.paint import Look, paint
from bisenet_lib.data.minicity.plan import RARITY, plan
from bisenet_lib.data.minicity.scene import Scene, compose
from bisenet_lib.data.minicity.view import Patch, outline, seen
from bisenet_lib.errors import InputError

SMALLEST = (64, 32)
LARGEST = (2048, 1024)


def check_frame_size(size: tuple[int, int]) -> None:
    """Refuse a size that cannot be drawn.

    Args:
        size: width and height in pixels.

    Raises:
        InputError: smaller than 64x32, larger than 2048x1024, or not two whole numbers.
    """
    whole = len(size) == 2 and all(isinstance(side, int) for side in size)
    if not whole or not all(
        low <= side <= high for side, low, high in zip(size, SMALLEST, LARGEST, strict=True)
    ):
        given = "x".join(str(side) for side in size)
        raise InputError(
            f"size is {given}; give width x height in whole pixels "
            f"from {SMALLEST[0]}x{SMALLEST[1]} to {LARGEST[0]}x{LARGEST[1]}"
        )


def size_of(text: str) -> tuple[int, int]:
    """Read a size such as ``512x256``.

    Taught in ``01_dataset``.

    Args:
        text: width, ``x``, height.

    Returns:
        Width and height in pixels.

    Raises:
        InputError: not of that form, or a size that cannot be drawn.
    """
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.strip().isdecimal() for side in sides):
        raise InputError(f"size is {text!r}; give width x height in pixels, for example 512x256")
    size = (int(sides[0]), int(sides[1]))
    check_frame_size(size)
    return size


def render(
    seed: int = 0,
    split: str = "train",
    number: int = 0,
    size: tuple[int, int] = (512, 256),
    *,
    varied: bool = False,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Make one frame in memory.

    Taught in ``01_dataset``.

    Args:
        seed: of the whole data set.
        split: ``train``, ``val`` or ``test``; decides the cities.
        number: the frame's place in its split, from 0.
        size: width and height in pixels.
        varied: any camera in any light, at night and on open roads too, so that what a network
            learns carries over to photographs; else one good camera in town, as in Cityscapes.

    Returns:
        The image, (height, width, 3) uint8 RGB, and its annotation: a dictionary with
        ``imgHeight``, ``imgWidth`` and ``objects`` in drawing order, each with a ``label``, a
        ``polygon`` of [x, y] and a ``deleted`` flag.

    Raises:
        InputError: an unknown split, a negative seed or number, or an impossible size.
    """
    check_frame_size(size)
    if split not in CITIES:
        raise InputError(f"split is {split!r}; choose one of {', '.join(CITIES)}")
    for name, value in (("seed", seed), ("number", number)):
        if value < 0:
            raise InputError(f"{name} is {value}; give 0 or more")
    which = list(CITIES).index(split)
    names = CITIES[split]
    start = np.random.default_rng([seed, which]).random(len(RARITY))
    rng = np.random.default_rng([seed, which, number % len(names), number // len(names)])
    city = city_of(names[number % len(names)], seed)
    scene = compose(rng, city, size, plan(start, number), varied=varied)
    flats = seen(scene.flats, scene.camera, scene.weather, haze=False)
    things = seen(scene.things, scene.camera, scene.weather)
    annotation = annotate(scene, flats, things)
    painted = [
        patches for thing, patches in zip(scene.things, things, strict=True) if not thing.deleted
    ]
    draw_look = Look.random if varied else Look.usual
    look = draw_look(rng, scene.camera, scene.weather)
    image = paint(scene, flats, painted, lambda: road_of(annotation), look)
    if split == "test":
        annotation["objects"] = void_objects(*size, whole=True)
    return image, annotation


def road_of(annotation: dict[str, Any]) -> np.ndarray:
    """(H, W) bool: the pixels labelled road."""
    return np.asarray(drawn(annotation, "ids")) == name2label["road"].id


def drawn(annotation: dict[str, Any], kind: str) -> Image.Image:
    """The label image of an annotation, as cityscapesscripts draws it.

    Args:
        annotation: see :func:`render`.
        kind: ``ids``, ``trainIds`` or ``color``.
    """
    return createLabelImage(parsed(json.dumps(annotation)), kind)


def parsed(text: str) -> Annotation:
    """The text of a ``_polygons.json`` as cityscapesscripts reads it."""
    annotation = Annotation()
    annotation.fromJsonText(text)
    return annotation


def annotate(scene: Scene, flats: list[list[Patch]], things: list[list[Patch]]) -> dict[str, Any]:
    """The annotation of a scene.

    Args:
        scene: its camera, flats and things.
        flats: the visible faces of each flat thing.
        things: the visible faces of each standing thing.

    Returns:
        See :func:`render`.
    """
    width, height = scene.camera.width, scene.camera.height
    objects: list[dict[str, Any]] = []
    if sky := _sky(scene.camera):
        objects.append({"label": "sky", "polygon": sky, "deleted": 0})
    for thing, patches in zip([*scene.flats, *scene.things], [*flats, *things], strict=True):
        polygon = outline(patches, width, height)
        if polygon:
            deleted = int(thing.deleted)
            objects.append({"label": thing.label, "polygon": polygon, "deleted": deleted})
    objects += void_objects(width, height, scene.ego, whole=False)
    return {"imgHeight": height, "imgWidth": width, "objects": objects}


def _sky(camera: Camera) -> list[list[int]]:
    """The polygon of the sky, [x, y] pixels; empty when the horizon is above the frame.

    The horizon of a wide frame from a rolled camera may leave it above and below.
    """
    right, lowest = camera.width - 1, camera.height - 1
    ends = [camera.horizon_at(x) + camera.focal / 250 for x in (0, right)]
    if max(ends) < 0:
        return []
    columns = [0.0, float(right)]
    if ends[0] != ends[1]:
        crossings = [right * (row - ends[0]) / (ends[1] - ends[0]) for row in (0, lowest)]
        columns += [column for column in crossings if 0 < column < right]
    edge = [
        [round(column), min(max(math.ceil(np.interp(column, (0, right), ends)), 0), lowest)]
        for column in sorted(columns, reverse=True)
    ]
    return [[0, 0], [right, 0], *edge]
