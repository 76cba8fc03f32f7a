"""Solid geometry of a scene: faces in metres, things made of faces, and the camera.

World axes: ``x`` to the right, ``y`` up from the ground, ``z`` ahead of the camera, metres.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np

from bisenet_lib.data.minicity.colour import Colour

Points = np.ndarray
"""(N, 3) metres, or (N, 2) pixels."""
Outline = Sequence[tuple[float, float]]
"""The corners of a polygon in a plane, metres."""

NEAR = 0.4
"""Metres ahead of the camera at which points are clamped, so that projection stays finite."""


class Face(NamedTuple):
    """One flat polygon.

    Attributes:
        points: (N, 3) metres.
        colour: RGB 0..255, before light.
        facing: share of sunlight it gets; None computes it from the face's normal and hides
            the face when that normal points away from the camera.
        texture: name of a texture in :mod:`bisenet_lib.data.minicity.texture`, or empty.
        solid: whether the face is part of the thing's labelled silhouette.
        alpha: opacity; 0 is labelled but not painted (the gaps of a fence).
        glow: the colour is light given off, so weather does not darken it.
    """

    points: Points
    colour: Colour
    facing: float | None = 0.6
    texture: str = ""
    solid: bool = True
    alpha: float = 1.0
    glow: bool = False


@dataclass(frozen=True)
class Thing:
    """One annotated object.

    Attributes:
        label: a Cityscapes label, or one with ``group`` appended.
        depth: metres; things are drawn from the deepest to the nearest.
        faces: painted in this order.
        deleted: marked ``"deleted": 1`` in the annotation and not painted.
    """

    label: str
    depth: float
    faces: tuple[Face, ...]
    deleted: bool = False


@dataclass(frozen=True)
class Camera:
    """A pinhole camera at (0, ``eye``, 0) looking along ``z``.

    Attributes:
        width: pixels.
        height: pixels.
        horizon: row of the horizon as a share of the height.
        centre: column of the vanishing point as a share of the width.
        eye: metres above the ground.
        bend: curvature of the street; ``x`` is shifted by ``bend * z**2``.
        gone: metres the camera has moved; they shift the grain of the ground.
        zoom: focal length as a share of the width; 1.1 is Cityscapes' field of about 50 degrees.
        roll: radians by which the camera is turned clockwise about its axis.
    """

    width: int
    height: int
    horizon: float = 0.42
    centre: float = 0.5
    eye: float = 1.3
    bend: float = 0.0
    gone: float = 0.0
    zoom: float = 1.1
    roll: float = 0.0

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.zoom * self.width

    @property
    def rolling(self) -> np.ndarray:
        """(2, 3): turns pixels (x, y, 1) of a level camera about the middle of the image."""
        cos, sin = math.cos(self.roll), math.sin(self.roll)
        x, y = self.width / 2, self.height / 2
        return np.array([(cos, -sin, x - cos * x + sin * y), (sin, cos, y - sin * x - cos * y)])

    def horizon_at(self, x: float) -> float:
        """Row of the horizon in column ``x``, in pixels."""
        level = self.horizon * self.height - self.height / 2
        return self.height / 2 + (level + (x - self.width / 2) * math.sin(self.roll)) / math.cos(
            self.roll
        )

    def bent(self, points: Points) -> Points:
        """Bend straight-street coordinates (N, 3) into the curved street."""
        out = np.array(points, np.float64)
        out[:, 2] = np.maximum(out[:, 2], NEAR)
        out[:, 0] += self.bend * out[:, 2] ** 2
        return out

    def project(self, bent: Points) -> Points:
        """Project bent points (N, 3) in metres to pixels (N, 2), x then y."""
        scale = self.focal / bent[:, 2]
        level = np.column_stack(
            (
                self.centre * self.width + bent[:, 0] * scale,
                self.horizon * self.height + (self.eye - bent[:, 1]) * scale,
            )
        )
        return level @ self.rolling[:, :2].T + self.rolling[:, 2] if self.roll else level


def turned(points: Points, heading: float, x: float, z: float) -> Points:
    """Rotate local points about the vertical by ``heading`` (radians) and move to (x, z)."""
    cos, sin = np.cos(heading), np.sin(heading)
    out = points.copy()
    out[:, 0] = x + points[:, 0] * cos + points[:, 2] * sin
    out[:, 2] = z - points[:, 0] * sin + points[:, 2] * cos
    return out


def normals(points: Points, starts: np.ndarray) -> Points:
    """The (unnormalised) normals of the faces that begin at ``starts`` in one list of points."""
    along, across = points[starts + 1] - points[starts], points[starts + 2] - points[starts + 1]
    x, y, z = along.T
    u, v, w = across.T
    return np.column_stack((y * w - z * v, z * u - x * w, x * v - y * u))


def upright(points: Points | Sequence[tuple[float, float]], x: float, z: float) -> Points:
    """A polygon of (dx, y) metres standing at (x, z), seen flat on."""
    flat = np.asarray(points, np.float64)
    out = np.empty((len(flat), 3))
    out[:, 0], out[:, 1], out[:, 2] = x + flat[:, 0], flat[:, 1], z
    return out


@cache
def circle(count: int) -> Points:
    """The (count, 2) points of the unit circle."""
    angles = 2 * np.pi * np.arange(count) / count
    return np.column_stack((np.cos(angles), np.sin(angles)))


def disc(
    cx: float, cy: float, rx: float, ry: float | None = None, count: int = 12
) -> list[tuple[float, float]]:
    """The (dx, y) points of an ellipse."""
    ry = rx if ry is None else ry
    return [(cx + rx * x, cy + ry * y) for x, y in circle(count).tolist()]


def _there_and_back(z: Points, out: tuple[float, float], back: tuple[float, float]) -> Points:
    points = np.empty((2 * len(z), 3))
    points[: len(z), :2], points[len(z) :, :2] = out, back
    points[: len(z), 2], points[len(z) :, 2] = z, z[::-1]
    return points


def strip(x0: float, x1: float, z0: float, z1: float, y: float = 0.0) -> Points:
    """A flat band of the ground between two lateral positions, following the street."""
    steps = max(2, int(math.log2(z1 / z0) * 4) + 1)
    z = z0 * (z1 / z0) ** (np.arange(steps) / (steps - 1))
    return _there_and_back(z, (x0, y), (x1, y))


def curtain(x: float, z0: float, z1: float, y0: float, y1: float) -> Points:
    """A vertical band along the street at lateral position ``x``."""
    steps = max(2, int((z1 - z0) / 12) + 2)
    z = z0 + (z1 - z0) * (np.arange(steps) / (steps - 1))
    return _there_and_back(z, (x, y0), (x, y1))


@dataclass
class Model:
    """Faces of a thing under construction, in its own axes (``z`` is its front)."""

    centre: tuple[float, float, float]
    faces: list[Face] = field(default_factory=list)

    def face(
        self,
        points: Sequence[Sequence[float]],
        colour: Colour,
        *,
        facing: float | None = None,
        solid: bool = True,
        alpha: float = 1.0,
        glow: bool = False,
    ) -> None:
        """Add a :class:`Face`; without ``facing``, its normal decides light and visibility."""
        corners = np.asarray(points, np.float64)
        self.faces.append(Face(corners, colour, facing, "", solid, alpha, glow))

    def prism(self, profile: Sequence[tuple[float, float]], half: float, colour: Colour) -> None:
        """Add a (z, y) profile drawn out to ``half`` metres on either side."""
        for side in (-half, half):
            self.face([(side, y, z) for z, y in profile], colour)
        for (z0, y0), (z1, y1) in zip(profile, [*profile[1:], profile[0]], strict=True):
            self.face([(-half, y0, z0), (half, y0, z0), (half, y1, z1), (-half, y1, z1)], colour)

    def sides(
        self,
        points: Sequence[tuple[float, float]],
        half: float,
        colour: Colour,
        *,
        facing: float | None = None,
        solid: bool = False,
    ) -> None:
        """Add a (z, y) polygon to both sides."""
        for side in (-half, half):
            self.face([(side, y, z) for z, y in points], colour, facing=facing, solid=solid)

    def end(
        self,
        points: Sequence[tuple[float, float]],
        z: float,
        colour: Colour,
        *,
        facing: float | None = None,
        solid: bool = False,
        alpha: float = 1.0,
        glow: bool = False,
    ) -> None:
        """Add an (x, y) polygon to the end at ``z``."""
        corners = [(x, y, z) for x, y in points]
        self.face(corners, colour, facing=facing, solid=solid, alpha=alpha, glow=glow)

    def placed(self, label: str, x: float, z: float, heading: float = 0.0) -> Thing:
        """The finished thing, standing at (x, z), every normal pointing away from the centre."""
        counts = np.array([len(face.points) for face in self.faces])
        ends = np.cumsum(counts)
        starts = ends - counts
        points = np.concatenate([face.points for face in self.faces])
        middles = np.add.reduceat(points, starts) / counts[:, None] - self.centre
        inward = (normals(points, starts) * middles).sum(1) < 0
        points = turned(points, heading, x, z)
        faces = [
            face._replace(points=points[start:end][:: -1 if flip else 1])
            for face, start, end, flip in zip(self.faces, starts, ends, inward, strict=True)
        ]
        return Thing(label, z, tuple(faces))


def rect(x0: float, x1: float, y0: float, y1: float) -> list[tuple[float, float]]:
    """The four corners of an axis-parallel rectangle."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def bridged(polygons: Sequence[Points]) -> Points:
    """Several polygons as one, joined by lines without area.

    Args:
        polygons: each (N, 3) metres; where two overlap, a hole is left.

    Returns:
        (M, 3) metres.
    """
    rings = [part for points in polygons for part in (points, points[:1])]
    return np.concatenate([*rings, *(points[:1] for points in polygons[-2::-1])])


@cache
def _half_circle(count: int) -> list[tuple[float, float]]:
    angles = np.linspace(0, math.pi, count).tolist()
    return [(math.cos(angle), math.sin(angle)) for angle in angles]


def dome(cx: float, cy: float, rx: float, ry: float, count: int = 8) -> list[tuple[float, float]]:
    """The (dx, y) points of the upper half of an ellipse, from the right to the left."""
    return [(cx + rx * x, cy + ry * y) for x, y in _half_circle(count)]


def ring(cx: float, cy: float, radius: float, wide: float) -> list[tuple[float, float]]:
    """The (dx, y) points of a ring; ``radius`` is its outer one, ``wide`` its thickness."""
    outer, inner = disc(cx, cy, radius, count=16), disc(cx, cy, radius - wide, count=16)
    return [*outer, outer[0], inner[0], *inner[::-1]]


def limb(
    x0: float, y0: float, x1: float, y1: float, half0: float, half1: float
) -> list[tuple[float, float]]:
    """A tapered bar from (x0, y0) to (x1, y1), of half widths ``half0`` and ``half1``, metres."""
    length = max(math.hypot(x1 - x0, y1 - y0), 1e-6)
    nx, ny = (y0 - y1) / length, (x1 - x0) / length
    return [
        (x0 + nx * half0, y0 + ny * half0),
        (x1 + nx * half1, y1 + ny * half1),
        (x1 - nx * half1, y1 - ny * half1),
        (x0 - nx * half0, y0 - ny * half0),
    ]
