"""Buses, coaches and trams."""

from collections.abc import Sequence

import numpy as np

from bisenet_lib.data.minicity.colour import Colour, pick, shade
from bisenet_lib.data.minicity.geometry import Model, Thing, rect
from bisenet_lib.data.minicity.vehicle_parts import (
    DARK,
    TRIM,
    Shades,
    add_mirrors,
    add_tyres,
    add_wheels,
    both_sides,
    coat,
    crate,
    draw_glass,
    draw_shades,
    licence_plate,
    loft,
    merged,
)

_LIVERIES: tuple[tuple[Colour, Colour], ...] = (
    ((232, 232, 230), (40, 80, 160)),
    ((234, 234, 230), (150, 30, 40)),
    ((60, 62, 68), (200, 160, 60)),
    ((190, 34, 32), (236, 232, 226)),
    ((70, 140, 80), (232, 232, 226)),
)
"""Body and trim of buses that are not the city's own."""


def _coach(
    rng: np.random.Generator,
    size: tuple[float, float, float],
    colours: tuple[Colour, Colour],
    rows: Sequence[tuple[float, float]],
    *,
    doors: int,
) -> Model:
    """A body with rows of windows.

    Args:
        rng: draws glass, posts and displays.
        size: half length, half width and height, metres.
        colours: body and trim.
        rows: lower and upper edge of each row of windows, metres.
        doors: on the right side.
    """
    long, half, tall = size
    low, glass = 0.34, draw_glass(rng)
    shades, trim = draw_shades(rng, colours[0]), draw_shades(rng, colours[1])
    model = Model((0, tall / 2, 0))
    add_tyres(model, half, (-0.9 * long, 0.9 * long), 0.5, 0.4)
    stations = [(-long, 0.9 * half, low, tall - 0.12), (-long + 0.25, half, low, tall)]
    stations += [(long - 0.3, half, low, tall), (long, 0.9 * half, low, tall - 0.15)]
    ring = ((1.0, 0.0), (1.0, 0.14), (1.0, 0.9), (0.86, 1.0))
    loft(model, stations, ring, (trim.low, shades.side, shades.shoulder, shades.top))
    count = int(long * rng.uniform(0.9, 1.5))
    step = 2 * (long - 0.35) / count
    post = coat(rng, (DARK, shades.side))
    for bottom, top in rows:
        model.sides(rect(-long + 0.3, long - 0.32, bottom, top), half + 0.01, glass.low)
        shine = [(-long + 0.3, (bottom + top) / 2), (long - 0.32, 0.6 * bottom + 0.4 * top)]
        shine += [(long - 0.32, top), (-long + 0.3, top)]
        model.sides(shine, half + 0.012, glass.high)
        for at in (-long + 0.35 + step * np.arange(1, count)).tolist():
            model.sides(rect(at - 0.05, at + 0.05, bottom, top), half + 0.014, post)
    bottom, top = rows[0][0], rows[-1][1]
    for end in (-long - 0.01, long + 0.01):
        pane = rows if len(rows) > 1 else ((bottom - 0.25 * (end > 0), top),)
        for y0, y1 in pane:
            model.end(rect(-half * 0.82, half * 0.82, y0, y1), end, glass.low)
            model.end(rect(-half * 0.8, half * 0.8, (y0 + y1) / 2, y1), end, glass.high)
    _coach_ends(rng, model, size, shades, top)
    for at in np.linspace(-0.5, 0.82, doors).tolist() if doors else ():
        door = [(half + 0.02, y, at * long + dz) for dz, y in rect(-0.6, 0.6, 0.38, top)]
        model.face(door, glass.low, solid=False)
        bar = [(half + 0.025, y, at * long + dz) for dz, y in rect(-0.03, 0.03, 0.38, top)]
        model.face(bar, trim.side, solid=False)
    return model


def _coach_ends(
    rng: np.random.Generator,
    model: Model,
    size: tuple[float, float, float],
    shades: Shades,
    top: float,
) -> None:
    """Lamps, display and engine grille of a coach.

    Args:
        rng: draws them.
        model: gets the faces.
        size: half length, half width and height, metres.
        shades: the paint.
        top: upper edge of the windows, metres.
    """
    long, half, tall = size
    lit = bool(rng.random() < 0.4)
    sign = coat(rng, ((250, 170, 40), (240, 240, 220), (24, 24, 26)))
    display = rect(-half * 0.6, half * 0.6, top + 0.03, min(top + 0.3, tall - 0.05))
    model.end(display, long + 0.02, DARK)
    model.end([(0.85 * px, py) for px, py in display], long + 0.03, sign, glow=sum(sign) > 200)
    model.end(rect(-half * 0.5, half * 0.5, 0.55, 1.0), -long - 0.02, shade(shades.low, 0.5))
    white = (250, 246, 226) if lit else (206, 210, 212)
    red = (250, 60, 44) if lit else (150, 24, 24)
    head_lamps = both_sides(half * 0.6, half * 0.86, 0.6, 0.8)
    tail_lamps = both_sides(half * 0.74, half * 0.88, 0.7, 1.15)
    for head_lamp, tail_lamp in zip(head_lamps, tail_lamps, strict=True):
        model.end(head_lamp, long + 0.02, white, glow=lit)
        model.end(tail_lamp, -long - 0.02, red, glow=lit)


def bus(
    rng: np.random.Generator,
    x: float,
    z: float,
    heading: float,
    colours: tuple[Colour, Colour],
    *,
    fine: bool = True,
) -> list[Thing]:
    """A bus, a coach, a double-decker or a school bus.

    Args:
        rng: draws it.
        x: metres to the right.
        z: metres ahead.
        heading: radians; 0 drives away from the camera.
        colours: body and trim of the city's buses; not all buses have them.
        fine: draw what is too small to be seen from afar.

    Returns:
        The bus, then its licence plate.
    """
    kind = str(rng.choice(["town", "coach", "double", "school"], p=(0.55, 0.2, 0.12, 0.13)))
    long, tall = rng.uniform(4.6, 6.0), rng.uniform(2.85, 3.2)
    rows: tuple[tuple[float, float], ...] = ((0.46 * tall, tall - 0.4),)
    if (kind != "town" and rng.random() < 0.8) or rng.random() < 0.4:
        colours = pick(rng, _LIVERIES)
    parts = [Model((0, 0.4, 0))]
    parts[0].prism(
        [(-long + 0.2, 0.2), (-long + 0.2, 0.5), (long - 0.2, 0.5), (long, 0.2)], 1.1, DARK
    )
    if kind == "coach":
        tall = rng.uniform(3.3, 3.7)
        rows = ((1.75, tall - 0.35),)
    elif kind == "double":
        tall = rng.uniform(4.0, 4.3)
        rows = ((1.2, 1.95), (2.75, 3.6))
    elif kind == "school":
        long, colours = rng.uniform(3.6, 5.0), ((244, 178, 24), (28, 28, 30))
        hood = draw_shades(rng, colours[0])
        parts.append(crate(long - 0.1, long + 1.1, 1.0, (0.5, 1.5), hood))
        parts[-1].end(rect(-0.6, 0.6, 0.7, 1.3), long + 1.11, DARK)
    add_mirrors(parts[0], 1.25, long - 0.05, (rows[0][1] - 0.7, rows[0][1] - 0.15))
    doors = int(rng.integers(1, 4)) if kind in ("town", "double") else 1
    body = _coach(rng, (long, 1.25, tall), colours, rows, doors=doors)
    add_wheels(body, 1.26, (-0.55 * long, 0.62 * long), 0.48, fine=fine)
    return [
        merged("bus", [*parts, body], x, z, heading),
        licence_plate(rng, x, z, heading, long),
    ]


def tram(
    rng: np.random.Generator,
    x: float,
    z: float,
    heading: float,
    colours: tuple[Colour, Colour],
    *,
    fine: bool = True,
) -> list[Thing]:
    """A tram (``train`` in Cityscapes) of one to three cars; arguments as in :func:`bus`."""
    count, half = int(rng.integers(1, 4)), rng.uniform(1.15, 1.25)
    long, tall = rng.uniform(8.0, 11.0), rng.uniform(3.2, 3.5)
    step = 2 * long / count
    below = Model((0, 0.3, 0))
    below.prism([(-long, 0.1), (-long, 0.5), (long, 0.5), (long, 0.1)], half * 0.9, TRIM)
    parts, rows = [below], ((0.42 * tall, tall - 0.55),)
    for number in range(count):
        middle = -long + step * (number + 0.5)
        body = _coach(rng, (step / 2 - 0.2, half, tall), colours, rows, doors=2)
        stripe = rect(-step / 2 + 0.3, step / 2 - 0.3, tall * 0.34, tall * 0.4)
        body.sides(stripe, half + 0.01, colours[1])
        faces = [
            face._replace(points=face.points + np.array((0, 0, middle))) for face in body.faces
        ]
        parts.append(Model((0, tall / 2, middle), faces))
    top = Model((0, tall - 1, 0))
    top.prism(
        [(-1.5, tall), (-1.4, tall + 0.3), (1.4, tall + 0.3), (1.5, tall)], 0.7, (96, 98, 102)
    )
    if fine:
        arms = [(-0.6, tall + 0.3), (0.4, tall + 0.75), (-0.3, tall + 1.2), (0.3, tall + 0.75)]
        top.sides(arms, 0.5, DARK, facing=0.3, solid=True)
        top.end(rect(-0.8, 0.8, tall + 1.18, tall + 1.26), -0.3, DARK, facing=0.3, solid=True)
    return [merged("train", [*parts, top], x, z, heading)]
