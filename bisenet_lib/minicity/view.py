"""From metres to pixels: projection, light on faces, and the outline of a thing."""

from itertools import accumulate
from typing import NamedTuple

import cv2
import numpy as np

from bisenet_lib.minicity.geometry import Camera, Colour, Face, Points, Thing, normals
from bisenet_lib.minicity.weather import Weather

SHIFT = 4
"""Bits of sub-pixel precision in OpenCV's polygon drawing."""


class Patch(NamedTuple):
    """A face as the camera sees it: pixels and the colour after light and haze."""

    points: Points
    colour: Colour
    face: Face
    pixels_per_metre: float


def seen(thing: Thing, camera: Camera, weather: Weather, *, haze: bool = True) -> list[Patch]:
    """Project a thing and light it.

    Args:
        thing: in metres.
        camera: projects.
        weather: lights.
        haze: mix the distance's colour in.

    Returns:
        The faces turned to the camera, in painting order.
    """
    if not thing.faces:
        return []
    counts = [len(face.points) for face in thing.faces]
    ends = np.cumsum(counts)
    starts = ends - counts
    bent = camera.bent(np.concatenate([face.points for face in thing.faces]))
    pixels = camera.project(bent)
    depth = np.add.reduceat(bent[:, 2], starts) / counts
    hidden = _outside(pixels, starts, camera)
    facing = np.array([np.nan if face.facing is None else face.facing for face in thing.faces])
    turned = np.isnan(facing)
    if turned.any():
        normal = normals(bent, starts)
        hidden |= turned & ((normal * (bent[starts] - (0, camera.eye, 0))).sum(1) >= 0)
        length = np.maximum(np.sqrt((normal**2).sum(1)), 1e-9)
        facing[turned] = np.maximum(normal @ weather.sun / length, 0)[turned]
    colours = weather.light(
        np.array([face.colour for face in thing.faces], np.float64),
        facing,
        depth if haze else 0 * depth,
    )
    return [
        Patch(
            pixels[starts[one] : ends[one]],
            face.colour if face.glow else tuple(colours[one].tolist()),
            face,
            camera.focal / max(depth[one], 1),
        )
        for one, face in enumerate(thing.faces)
        if not hidden[one]
    ]


def _outside(pixels: Points, starts: np.ndarray, camera: Camera) -> np.ndarray:
    low, high = np.minimum.reduceat(pixels, starts), np.maximum.reduceat(pixels, starts)
    return (high < 0).any(1) | (low > (camera.width, camera.height)).any(1)


def fixed(points: Points, scale: float = 1.0) -> np.ndarray:
    """Pixels as the fixed-point numbers OpenCV draws with; pixel centres are whole."""
    limit = 1 << 24
    fine = np.rint((points * scale - 0.5) * (1 << SHIFT))
    return np.minimum(np.maximum(fine, -limit), limit).astype(np.int32)


def fixed_each(polygons: list[Points], scale: float = 1.0) -> list[np.ndarray]:
    """:func:`fixed` of several polygons at once, which is faster."""
    every = fixed(np.concatenate(polygons), scale)
    ends = list(accumulate(len(points) for points in polygons))
    return [every[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def outline(patches: list[Patch], width: int, height: int) -> list[list[int]]:
    """The polygon around a thing's solid faces.

    Args:
        patches: from :func:`seen`.
        width: of the image in pixels.
        height: of the image in pixels.

    Returns:
        Whole-pixel [x, y] corners of its largest connected part inside the frame; empty
        when no pixel of it is in the frame.
    """
    solid = [patch.points for patch in patches if patch.face.solid]
    if not solid:
        return []
    every = np.concatenate(solid)
    low = np.clip(np.floor(every.min(0)) - 1, 0, (width, height)).astype(int)
    high = np.clip(np.ceil(every.max(0)) + 2, 0, (width, height)).astype(int)
    if (high <= low).any():
        return []
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    for points in fixed_each(solid):
        cv2.fillPoly(mask, [points - (low << SHIFT)], 1, cv2.LINE_8, SHIFT)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return []
    largest = max(contours, key=cv2.contourArea)
    if len(largest) > 4:
        largest = cv2.approxPolyDP(largest, 0.6, True)
    corners = largest.reshape(-1, 2)
    if len(corners) < 3:
        corners = np.concatenate((corners, corners[::-1]))[: max(3, 2 * len(corners))]
        corners = np.resize(corners, (max(3, len(corners)), 2))
    return (corners + low).tolist()
