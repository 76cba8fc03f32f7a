"""From metres to pixels: projection, light on faces, and the outline of a thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import cv2
import numpy as np

from bisenet_lib.data.minicity.colour import Colour
from bisenet_lib.data.minicity.geometry import NEAR, Camera, Face, Points, Thing, normals
from bisenet_lib.data.minicity.weather import Weather

SHIFT = 4
"""Bits of sub-pixel precision in OpenCV's polygon drawing."""


class Patch(NamedTuple):
    """A face as the camera sees it: pixels and the colour after light and haze.

    ``clear`` is the share of its contrast that the haze leaves, 0..1.
    """

    points: Points
    colour: Colour
    face: Face
    pixels_per_metre: float
    clear: float


def seen(
    things: Sequence[Thing], camera: Camera, weather: Weather, *, haze: bool = True
) -> list[list[Patch]]:
    """Project things and light them.

    Args:
        things: in metres.
        camera: projects.
        weather: lights.
        haze: mix the distance's colour in.

    Returns:
        Of each thing, the faces turned to the camera, in painting order.
    """
    solids = Solids.of(things)
    return solids.seen(solids.points, camera, weather, haze=haze)


@dataclass(frozen=True)
class Solids:
    """Many things as a few arrays, which is much faster to project.

    Attributes:
        faces: of all things, one after the other.
        owners: (F,) the thing of each face.
        count: number of things.
        points: (P, 3) metres, the corners of all faces.
        starts: (F,) where each face begins in ``points``.
        counts: (F,) corners of each face.
        colours: (F, 3) RGB before light.
        facing: (F,) share of sunlight; nan where it follows from the normal.
    """

    faces: tuple[Face, ...]
    owners: np.ndarray
    count: int
    points: Points
    starts: np.ndarray
    counts: np.ndarray
    colours: np.ndarray
    facing: np.ndarray

    @classmethod
    def of(cls, things: Sequence[Thing]) -> "Solids":
        """Gather the faces of things."""
        faces = tuple(face for thing in things for face in thing.faces)
        counts = np.array([len(face.points) for face in faces], int)
        polygons = [face.points for face in faces]
        return cls(
            faces,
            np.repeat(np.arange(len(things)), [len(thing.faces) for thing in things]),
            len(things),
            np.concatenate(polygons) if polygons else np.empty((0, 3)),
            np.cumsum(counts) - counts,
            counts,
            np.array([face.colour for face in faces], np.float64).reshape(-1, 3),
            np.array([np.nan if face.facing is None else face.facing for face in faces]),
        )

    def moved(self, ahead: np.ndarray) -> Points:
        """The corners with each thing moved further ahead.

        Args:
            ahead: (count,) metres for each thing.
        """
        points = self.points.copy()
        points[:, 2] += np.repeat(ahead[self.owners], self.counts)
        return points

    def seen(
        self, points: Points, camera: Camera, weather: Weather, *, haze: bool = True
    ) -> list[list[Patch]]:
        """Project and light.

        Args:
            points: (P, 3) metres, where the corners are now, in front of the camera.
            camera: projects.
            weather: lights.
            haze: mix the distance's colour in.

        Returns:
            As :func:`seen`.
        """
        patches: list[list[Patch]] = [[] for _ in range(self.count)]
        if not self.faces:
            return patches
        bent = camera.bent(points)
        pixels = camera.project(bent)
        depth = np.add.reduceat(bent[:, 2], self.starts) / self.counts
        hidden = _outside(pixels, self.starts, camera)
        hidden |= np.maximum.reduceat(points[:, 2], self.starts) <= NEAR
        facing, turned = self.facing.copy(), np.isnan(self.facing)
        if turned.any():
            normal = normals(bent, self.starts)
            away = (normal * (bent[self.starts] - (0, camera.eye, 0))).sum(1) >= 0
            hidden |= turned & away
            length = np.maximum(np.sqrt((normal**2).sum(1)), 1e-9)
            facing[turned] = np.maximum(normal @ weather.sun / length, 0)[turned]
        reach = depth if haze else 0 * depth
        colours = weather.light(self.colours, facing, reach).tolist()
        clear = np.exp(-reach / weather.haze).tolist()
        scales = (camera.focal / np.maximum(depth, 1)).tolist()
        ends = (self.starts + self.counts).tolist()
        starts, owners = self.starts.tolist(), self.owners.tolist()
        for index in np.flatnonzero(~hidden).tolist():
            face = self.faces[index]
            patches[owners[index]].append(
                Patch(
                    pixels[starts[index] : ends[index]],
                    face.colour if face.glow else tuple(colours[index]),
                    face,
                    scales[index],
                    clear[index],
                )
            )
        return patches


def _outside(pixels: Points, starts: np.ndarray, camera: Camera) -> np.ndarray:
    low, high = np.minimum.reduceat(pixels, starts), np.maximum.reduceat(pixels, starts)
    return np.any(high < 0, axis=1) | np.any(low > (camera.width, camera.height), axis=1)


def fixed(points: Points, scale: float = 1.0) -> np.ndarray:
    """Pixels as the fixed-point numbers OpenCV draws with; pixel centres are whole."""
    limit = 1 << 24
    fine = np.rint((points * scale - 0.5) * (1 << SHIFT))
    return np.minimum(np.maximum(fine, -limit), limit).astype(np.int32)


def fixed_each(polygons: list[Points], scale: float = 1.0) -> list[np.ndarray]:
    """:func:`fixed` of several polygons at once, which is faster."""
    corners = fixed(np.concatenate(polygons), scale)
    ends = list(accumulate(len(points) for points in polygons))
    return [corners[start:end] for start, end in zip([0, *ends], ends, strict=False)]


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
    points = np.concatenate(solid)
    low = np.clip(np.floor(points.min(0)) - 1, 0, (width, height)).astype(int)
    high = np.clip(np.ceil(points.max(0)) + 2, 0, (width, height)).astype(int)
    if (high <= low).any():
        return []
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    for polygon in fixed_each(solid):
        cv2.fillPoly(mask, [polygon - (low << SHIFT)], 1, cv2.LINE_8, SHIFT)
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
