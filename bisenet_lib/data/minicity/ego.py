"""What the camera's own car adds to a frame: its bonnet and the rectification border."""

from typing import Any

import cv2
import numpy as np

from bisenet_lib.data.minicity.geometry import Points

_BONNET = (58, 62, 68)


def bonnet(width: int, height: int) -> Points:
    """The outline of the bonnet: (N, 2) pixels along the lower edge of the frame."""
    across = np.linspace(0.06, 0.94, 15)
    rise = 0.085 * height * np.clip(1 - ((across - 0.5) / 0.44) ** 4, 0, 1)
    arc = np.column_stack((across * width, height - 1 - rise))
    return np.rint(arc)


def _ring(width: int, height: int, thick: int) -> list[list[int]]:
    right, low = width - 1, height - 1
    outer = [[0, 0], [right, 0], [right, low], [0, low], [0, 0]]
    near = thick - 1
    inner = [[near, near], [near, low - near], [right - near, low - near], [right - near, near]]
    return [*outer, *inner, [near, near]]


def border(width: int) -> int:
    """Thickness of the rectification border in pixels."""
    return max(1, round(width / 400))


def void_objects(width: int, height: int, *, whole: bool) -> list[dict[str, Any]]:
    """The void objects that end every annotation.

    Args:
        width: of the frame.
        height: of the frame.
        whole: the whole frame is out of the region of interest, as in the test split, whose
            labels Cityscapes withholds.

    Returns:
        Objects in the form of ``_polygons.json``.
    """
    right, low = width - 1, height - 1
    rim = border(width)
    everything = [[0, 0], [right, 0], [right, low], [0, low]]
    roi = {"label": "out of roi", "polygon": everything if whole else _ring(width, height, rim)}
    ego = {
        "label": "ego vehicle",
        "polygon": [*bonnet(width, height).astype(int).tolist()],
    }
    rectified = {"label": "rectification border", "polygon": _ring(width, height, rim + 1)}
    order = [roi, ego, rectified] if whole else [ego, rectified, roi]
    return [{**item, "deleted": 0} for item in order]


def paint_bonnet(image: np.ndarray) -> None:
    """Paint the bonnet into a float image, mirroring a little of the street."""
    height, width = image.shape[:2]
    outline = bonnet(width, height)
    mask = np.zeros((height, width), np.float32)
    cv2.fillPoly(mask, [outline.astype(np.int32)], 1.0)
    top = int(outline[:, 1].min())
    rows = np.arange(top, height)
    fade = np.linspace(0.30, 0.05, len(rows), dtype=np.float32)[:, None, None]
    source = np.clip(height // 2 - 2 * (rows - top), 0, height - 1)
    shine = cv2.blur(image[source], (9, 3)).reshape(len(rows), width, 3)
    curve = 1.15 - 0.5 * np.abs(np.linspace(-1, 1, width, dtype=np.float32))[None, :, None]
    paint = np.asarray(_BONNET, np.float32) * curve * (1 - fade) + shine * fade
    part = mask[top:, :, None]
    image[top:] = image[top:] * (1 - part) + paint * part


def paint_border(image: np.ndarray) -> None:
    """Blacken the outermost pixels, which rectification leaves without a source."""
    rim = border(image.shape[1]) + 1
    for edge in (image[:rim], image[-rim:], image[:, :rim], image[:, -rim:]):
        edge[:] = edge // 6
