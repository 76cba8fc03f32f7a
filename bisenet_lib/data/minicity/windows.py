"""Windows of a wall and what belongs to them: frames, blinds, sills, balconies, fire escapes."""

import numpy as np

from bisenet_lib.data.minicity.colour import Colour, pick, rgb, shade
from bisenet_lib.data.minicity.facades import GLASS, SHADOW, Plane, Style
from bisenet_lib.data.minicity.geometry import Face, Points, bridged

_Box = tuple[float, float, float, float, float]
"""A window: left, right, foot, top, and how far it stands out of the wall; metres."""
_NEAR = 28.0
"""Metres ahead up to which windows have details."""


def mirrored(colour: Colour) -> Colour:
    """The colour of glass where it mirrors the sky."""
    return rgb(0.78 * value + 44 for value in colour)


def opening(
    plane: Plane, u0: float, u1: float, y0: float, y1: float, out: float = 0.0, *, arched: bool
) -> Points:
    """A window's outline, from its lower left corner on.

    Args:
        plane: its wall.
        u0: left edge, metres along the wall.
        u1: right edge.
        y0: foot, metres above the ground.
        y1: top.
        out: metres in front of the wall.
        arched: the top is round.

    Returns:
        (4, 3) metres, or (7, 3) if arched.
    """
    if not arched:
        return plane.rect(u0, u1, y0, y1, out)
    rise, middle = min(0.4 * (u1 - u0), 0.3 * (y1 - y0)), (u0 + u1) / 2
    top = [(u1, y1 - rise), (0.3 * middle + 0.7 * u1, y1 - 0.25 * rise), (middle, y1)]
    return plane.polygon(
        [(u0, y0), (u1, y0), *top, (0.3 * middle + 0.7 * u0, y1 - 0.25 * rise), (u0, y1 - rise)],
        out,
    )


def storey_rows(rng: np.random.Generator, style: Style, plane: Plane, first: int) -> list[Face]:
    """The windows of a wall and what goes with them.

    Args:
        rng: draws panes and details.
        style: of the house.
        plane: the wall; the farther, the fewer details.
        first: the floor at which they begin, 0 for the ground floor.

    Returns:
        Faces, those of one floor after those of the floor below.
    """
    bay = style.bay if plane.z < 60 else max(style.bay, 3.5)
    count = max(1, round(plane.long / bay))
    edges = np.linspace(0, plane.long, count + 1)
    outs = np.zeros(count)
    faces = []
    if "bays" in style.extras and not plane.gable and plane.z < 60:
        outs[:: 1 if count < 3 else 2] = 0.8
        for left, right in zip(edges[:-1][outs > 0], edges[1:][outs > 0], strict=True):
            foot, top = style.storey * max(first, 1) - 0.3, style.tall - 0.5
            inset = 0.1 * (right - left)
            box = plane.rect(left + inset, right - inset, foot, top, 0.8)
            faces.append(Face(box, shade(style.wall, 1.05), plane.light, style.texture))
            cheek = plane.across(left + inset, foot, top, 0.8)
            faces.append(Face(cheek, shade(style.wall, 0.85), 0.25, style.texture))
    for storey in range(first, style.storeys):
        faces += _row(rng, style, plane, edges, outs, storey * style.storey)
    if "cornice" in style.extras:
        ledge = plane.rect(0, plane.long, style.tall - 0.35, style.tall + 0.1, 0.25)
        faces.append(Face(ledge, shade(style.trim, 1.05), 0.6))
    if "escape" in style.extras and not plane.gable and plane.z < 40 and style.storeys > 2:
        faces += _fire_escape(rng, style, plane)
    return faces


def _row(
    rng: np.random.Generator,
    style: Style,
    plane: Plane,
    edges: np.ndarray,
    outs: np.ndarray,
    foot: float,
) -> list[Face]:
    """One floor's windows, those of one colour in one face.

    Args:
        rng: draws panes and details.
        style: of the house.
        plane: the wall.
        edges: (B + 1,) metres along the wall, between which the B bays lie.
        outs: (B,) metres by which each bay stands out of the wall.
        foot: of the floor, metres above the ground.

    Returns:
        Faces.
    """
    near = plane.z < _NEAR
    share, low, high = style.window
    y0, y1 = foot + low * style.storey, foot + high * style.storey
    inset = (1 - share) / 2 * (edges[1] - edges[0])
    boxes = [
        (left + inset, right - inset, y0, y1, out)
        for left, right, out in zip(
            edges[:-1].tolist(), edges[1:].tolist(), outs.tolist(), strict=True
        )
    ]
    faces = []
    if "bands" in style.extras and plane.z < 60:
        band = plane.rect(0, plane.long, foot - 0.1, foot + 0.15)
        faces.append(Face(band, style.trim, plane.light, solid=False))
    if near and "frames" in style.extras:
        rims = [
            opening(
                plane, left - 0.12, right + 0.12, low - 0.12, top + 0.14, out, arched=style.arched
            )
            for left, right, low, top, out in boxes
        ]
        faces.append(Face(bridged(rims), style.trim, plane.light, solid=False))
    faces += _glazing(rng, style, plane, boxes)
    return faces + (_window_details(rng, style, plane, boxes) if near else [])


def _glazing(rng: np.random.Generator, style: Style, plane: Plane, boxes: list[_Box]) -> list[Face]:
    """The panes of one floor; near ones mirror the sky in their upper part."""
    near = plane.z < _NEAR
    _, _, y0, y1, _ = boxes[0]
    faces = []
    taken = rng.integers(len(style.panes), size=len(boxes))
    if not near:
        taken = taken // 2 * 2 % len(style.panes)
    for number in np.unique(taken).tolist():
        colour, lit = style.panes[number]
        panes = [
            opening(plane, *box, arched=style.arched)
            for box, which in zip(boxes, taken.tolist(), strict=True)
            if which == number
        ]
        faces.append(Face(bridged(panes), colour, 0.4, solid=False, glow=lit))
        if near and not style.arched and not lit:
            upper = [pane.copy() for pane in panes]
            for pane in upper:
                pane[:2, 1] += rng.uniform(0.2, 0.8) * (y1 - y0)
            faces.append(Face(bridged(upper), mirrored(colour), 0.35, solid=False))
    return faces


def _window_details(
    rng: np.random.Generator, style: Style, plane: Plane, boxes: list[_Box]
) -> list[Face]:
    """Bars, blinds, sills, shutters, balconies and coolers of one floor."""
    faces = []

    def add(parts: list[Points], colour: Colour, light: float, alpha: float = 1.0) -> None:
        if parts:
            faces.append(Face(bridged(parts), colour, light, solid=False, alpha=alpha))

    u0, u1, y0, y1, _ = boxes[0]
    tall, wide = y1 - y0, u1 - u0
    blinds = [
        plane.rect(left, right, top - 0.4 * tall, top, out)
        for left, right, _, top, out in boxes
        if rng.random() < 0.2
    ]
    add(blinds, (214, 208, 194), 0.5)
    if "bars" in style.extras:
        at, half = pick(rng, (0.5, 0.35)), 0.035 + 0.01 * wide
        middles = [left + at * wide for left, *_ in boxes]
        bars = [
            plane.rect(middle - half, middle + half, low, top, out)
            for middle, (_, _, low, top, out) in zip(middles, boxes, strict=True)
        ]
        add(bars, style.trim, plane.light)
    if "sills" in style.extras:
        sills = [
            plane.rect(left - 0.1, right + 0.1, low - 0.16, low, out + 0.1)
            for left, right, low, _, out in boxes
        ]
        add(sills, shade(style.trim, 1.1), 0.7)
    if "shutters" in style.extras and wide < 2:
        leaves = [
            plane.rect(left - 0.4 * wide, left, low, top, out) for left, _, low, top, out in boxes
        ]
        leaves += [
            plane.rect(right, right + 0.4 * wide, low, top, out)
            for _, right, low, top, out in reversed(boxes)
        ]
        add(leaves, shade(style.trim, 0.55), plane.light)
    if "coolers" in style.extras:
        cooled = [box for box in boxes if rng.random() < 0.3]
        add(
            [
                plane.rect(left, left + 0.6, low - 0.1, low + 0.35, 0.4)
                for left, _, low, _, _ in cooled
            ],
            (188, 186, 180),
            0.6,
        )
        add(
            [plane.across(left, low - 0.1, low + 0.35, 0.4) for left, _, low, _, _ in cooled],
            (96, 96, 94),
            0.3,
        )
    if "balconies" in style.extras and not plane.gable and y0 > 3:
        faces += _balconies(style, plane, boxes[:: 1 if len(boxes) < 4 else 2])
    return faces


def _balconies(style: Style, plane: Plane, boxes: list[_Box]) -> list[Face]:
    """A balcony before each of some windows, with the shadow below it."""
    foot = boxes[0][2] - 0.5
    fronts = [
        plane.rect(left - 0.3, right + 0.3, foot, foot + 1.0, 1.1) for left, right, *_ in boxes
    ]
    cheeks = [plane.across(left - 0.3, foot, foot + 1.0, 1.1) for left, *_ in boxes]
    below = [plane.rect(left - 0.3, right + 0.3, foot - 0.9, foot) for left, right, *_ in boxes]
    return [
        Face(bridged(below), SHADOW, 0.2, solid=False, alpha=0.35),
        Face(bridged(cheeks), shade(style.trim, 0.7), 0.3),
        Face(bridged(fronts), shade(style.trim, 0.95), plane.light),
    ]


def _fire_escape(rng: np.random.Generator, style: Style, plane: Plane) -> list[Face]:
    """Iron landings and ladders in front of a wall."""
    u = rng.uniform(0.15, 0.5) * plane.long
    wide, colour = min(4.0, plane.long - u), shade(pick(rng, GLASS), 0.6)
    bars = []
    for storey in range(1, style.storeys):
        y = storey * style.storey + 0.2
        bars += [
            plane.rect(u, u + wide, y, y + 0.12, 1.0),
            plane.rect(u, u + wide, y + 0.9, y + 1, 1.0),
        ]
        bars += [
            plane.rect(at, at + 0.05, y, y + 1, 1.0) for at in np.arange(u, u + wide, 0.5).tolist()
        ]
        bars.append(plane.across(u, y, y + 0.12, 1.0))
        run = [(u + 0.4, y), (u + 0.7, y), (u + wide - 0.2, y + style.storey)]
        bars.append(plane.polygon([*run, (u + wide - 0.5, y + style.storey)], 0.8))
    return [Face(bar, colour, 0.3) for bar in bars]
