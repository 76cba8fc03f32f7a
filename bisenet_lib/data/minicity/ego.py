"""What the camera's own car adds to a frame: bonnet or dashboard, and the rectification border."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from bisenet_lib.data.minicity.colour import Colour, rgb
from bisenet_lib.data.minicity.geometry import Points


@dataclass(frozen=True)
class Ego:
    """The part of the camera's own car that is in the picture.

    Attributes:
        tall: its height in the middle, as a share of the image's; 0 when nothing is seen.
        reach: columns from which to which it reaches, as shares of the width.
        power: how flat its upper edge is; 2 is round, 12 a dashboard's straight line.
        colour: RGB of the paint.
        shine: how much of the street it mirrors, 0..1.
    """

    tall: float = 0.085
    reach: tuple[float, float] = (0.06, 0.94)
    power: float = 4.0
    colour: Colour = (58, 62, 68)
    shine: float = 0.3

    def outline(self, width: int, height: int) -> Points:
        """(N, 2) pixels along the lower edge of the frame."""
        left, right = self.reach
        across = np.linspace(max(left, 0), min(right, 1), 15)
        from_middle = (2 * across - left - right) / (right - left)
        rise = self.tall * height * (1 - np.abs(from_middle) ** self.power)
        x = np.minimum(across * width, width - 1)
        arc = np.column_stack((x, height - 1 - rise))
        return np.rint(np.vstack((arc, [(x[-1], height - 1), (x[0], height - 1)])))


def random_ego(rng: np.random.Generator) -> Ego:
    """Draw what is seen of the camera's own car: nothing, a bonnet or a dashboard."""
    tall, left, right = rng.uniform(0.03, 0.14), rng.uniform(-0.3, 0.12), rng.uniform(0.88, 1.3)
    bright = rng.choice([24, 60, 110, 200], p=[0.5, 0.25, 0.15, 0.1]) * rng.uniform(0.8, 1.2)
    colour = rgb(np.clip(bright * rng.normal(1, 0.12, 3), 8, 235))
    ego = Ego(tall, (left, right), rng.uniform(2.5, 5), colour, rng.uniform(0.15, 0.5))
    chance = rng.random()
    if chance < 0.3:
        return replace(ego, tall=0.0)
    if chance < 0.45:
        return Ego(rng.uniform(0.05, 0.22), (-0.4, 1.4), 12, (20, 20, 22), rng.uniform(0.02, 0.2))
    return ego


def _ring(width: int, height: int, thick: int) -> list[list[int]]:
    right, low = width - 1, height - 1
    outer = [[0, 0], [right, 0], [right, low], [0, low], [0, 0]]
    near = thick - 1
    inner = [[near, near], [near, low - near], [right - near, low - near], [right - near, near]]
    return [*outer, *inner, [near, near]]


def border(width: int) -> int:
    """Thickness of the rectification border in pixels."""
    return max(1, round(width / 400))


def void_objects(
    width: int, height: int, ego: Ego | None = None, *, whole: bool
) -> list[dict[str, Any]]:
    """The void objects that end every annotation.

    Args:
        width: of the frame.
        height: of the frame.
        ego: the camera's own car; one of the usual form by default.
        whole: the whole frame is out of the region of interest, as in the test split, whose
            labels Cityscapes withholds.

    Returns:
        Objects in the form of ``_polygons.json``.
    """
    right, low = width - 1, height - 1
    rim = border(width)
    everything = [[0, 0], [right, 0], [right, low], [0, low]]
    roi = {"label": "out of roi", "polygon": everything if whole else _ring(width, height, rim)}
    ego = Ego() if ego is None else ego
    corners = ego.outline(width, height).astype(int).tolist()
    own = [{"label": "ego vehicle", "polygon": corners}] if ego.tall else []
    rectified = {"label": "rectification border", "polygon": _ring(width, height, rim + 1)}
    order = [roi, *own, rectified] if whole else [*own, rectified, roi]
    return [{**item, "deleted": 0} for item in order]


def paint_ego(image: np.ndarray, ego: Ego) -> None:
    """Paint the camera's own car into a float image, mirroring a little of the street."""
    height, width = image.shape[:2]
    outline = ego.outline(width, height)
    top = int(outline[:, 1].min())
    rows = np.arange(top, height)
    if not ego.tall or not len(rows):
        return
    mask = np.zeros((height, width), np.float32)
    cv2.fillPoly(mask, [outline.astype(np.int32)], 1.0)
    fade = np.linspace(ego.shine, ego.shine / 6, len(rows), dtype=np.float32)[:, None, None]
    source = np.clip(height // 2 - 2 * (rows - top), 0, height - 1)
    mirrored = cv2.blur(image[source], (9, 3)).reshape(len(rows), width, 3)
    curve = 1.15 - 0.5 * np.abs(np.linspace(-1, 1, width, dtype=np.float32))[None, :, None]
    paint = np.asarray(ego.colour, np.float32) * curve * (1 - fade) + mirrored * fade
    part = mask[top:, :, None]
    image[top:] = image[top:] * (1 - part) + paint * part


def paint_border(image: np.ndarray) -> None:
    """Blacken the outermost pixels, which rectification leaves without a source."""
    rim = border(image.shape[1]) + 1
    for edge in (image[:rim], image[-rim:], image[:, :rim], image[:, -rim:]):
        edge[:] = edge // 6
