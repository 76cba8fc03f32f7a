"""Lorries with their loads, caravans and trailers."""

from collections.abc import Sequence

import numpy as np

from bisenet_lib.data.minicity.cars import pickup
from bisenet_lib.data.minicity.colour import Colour, mixed, rgb, shade
from bisenet_lib.data.minicity.geometry import Model, Thing, rect
from bisenet_lib.data.minicity.vehicle_parts import (
    BOXED,
    BRIGHT,
    DARK,
    ROUNDED,
    SKY,
    TRIM,
    add_mirrors,
    add_tyres,
    add_wheels,
    both_sides,
    coat,
    crate,
    draw_glass,
    draw_paint,
    draw_shades,
    licence_plate,
    loft,
    merged,
)

_LIVERIES: tuple[Colour, ...] = ((230, 230, 226), (240, 190, 40), (100, 62, 34), (52, 96, 160))
"""Paints of box bodies."""


def _chassis(long: float, half: float, axles: Sequence[float], *, fine: bool) -> Model:
    """Frame, wheels and what hangs below a lorry.

    Args:
        long: half length, metres.
        half: half width, metres.
        axles: z of each axle, metres.
        fine: draw arches and spokes.

    Returns:
        A part of a vehicle.
    """
    part = Model((0, 0.5, 0))
    add_tyres(part, half, (-0.84 * long, 0.82 * long), 0.55, 0.45)
    frame = [(-long, 0.5), (-long, 0.95), (long - 0.3, 0.95), (long - 0.3, 0.5)]
    part.prism(frame, half * 0.8, TRIM)
    part.sides(rect(-0.2 * long, 0.35 * long, 0.4, 0.95), half * 0.92, (74, 76, 80), solid=True)
    add_wheels(part, half * 0.96, axles, 0.5, (120, 122, 126), fine=fine, spokes=6)
    part.end(rect(-half * 0.95, half * 0.95, 0.42, 0.54), -long, TRIM, solid=True)
    for outline in both_sides(half * 0.6, half * 0.92, 0.58, 0.72):
        part.end(outline, -long - 0.01, (170, 28, 26))
    return part


def _cab(
    rng: np.random.Generator,
    rear: float,
    front: float,
    half: float,
    tall: float,
    *,
    nosed: bool = False,
) -> Model:
    """The cab of a lorry.

    Args:
        rng: draws paint and glass.
        rear: z of its back, metres.
        front: z of its front, metres.
        half: half width, metres.
        tall: height, metres.
        nosed: a bonnet stands before it.

    Returns:
        A part of a vehicle.
    """
    shades, glass = draw_shades(rng, draw_paint(rng)), draw_glass(rng)
    wall = front - (1.2 if nosed else 0.0)
    part = Model((0, 0.8 if nosed else tall / 2, (rear + front) / 2))
    add_mirrors(part, half, wall - 0.1, (0.58 * tall, 0.76 * tall))
    if nosed:
        hood = [(wall, half * 0.9, 0.5, 1.55), (front, half * 0.75, 0.5, 1.35)]
        loft(part, hood, ROUNDED, shades)
    stations = [(rear, half, 0.5, tall), (wall - 0.3, half, 0.5, tall)]
    stations.append((wall, half * 0.93, 0.5, tall - 0.25))
    loft(part, stations, BOXED, shades)
    side = rect(wall - 0.95, wall - 0.2, 0.52 * tall + 0.1, 0.82 * tall)
    part.sides(side, half + 0.01, glass.low)
    part.sides([(a, 0.5 * (b + 0.82 * tall)) for a, b in side], half + 0.012, glass.high)
    low = 1.5 if nosed else 0.5 * tall
    part.end(rect(-half * 0.86, half * 0.86, low, 0.85 * tall), wall + 0.01, glass.low)
    middle = (low + 0.85 * tall) / 2
    part.end(rect(-half * 0.84, half * 0.84, middle, 0.84 * tall), wall + 0.015, glass.high)
    part.end(rect(-half * 0.55, half * 0.55, 0.75, 1.2), front + 0.01, DARK)
    part.end(rect(-half * 0.8, half * 0.8, 0.4, 0.6), front + 0.01, shades.low, solid=True)
    for outline in both_sides(half * 0.55, half * 0.78, 0.64, 0.82):
        part.end(outline, front + 0.02, (216, 218, 216))
    return part


def truck(
    rng: np.random.Generator, x: float, z: float, heading: float = 0.0, *, fine: bool = True
) -> list[Thing]:
    """A lorry or a pick-up.

    Args:
        rng: draws it.
        x: metres to the right.
        z: metres ahead.
        heading: radians; 0 drives away from the camera.
        fine: draw what is too small to be seen from afar.

    Returns:
        The lorry, then its licence plate.
    """
    kind = int(rng.choice(len(_LOADS) + 1, p=(0.25, 0.27, 0.1, 0.12, 0.12, 0.14)))
    if kind == len(_LOADS):
        return pickup(rng, x, z, heading, fine=fine)
    half, tall = rng.uniform(1.1, 1.25), rng.uniform(2.8, 3.7)
    long = rng.uniform(3.0, 4.6) if kind else rng.uniform(2.8, 3.6)
    cab = rng.uniform(2.2, min(tall, 2.9))
    axles = [-0.6 * long, long - 0.9]
    if long > 3.6:
        axles.insert(1, -0.6 * long + 1.15)
    parts = [_chassis(long, half, axles, fine=fine)]
    nosed = bool(rng.random() < 0.2)
    wall = long - (2.6 if nosed else 1.8)
    parts.append(_cab(rng, wall + 0.1, long, half, cab, nosed=nosed))
    parts += _LOADS[kind](rng, -long, wall - 0.05, half, tall)
    return [merged("truck", parts, x, z, heading), licence_plate(rng, x, z, heading, long)]


def _closed(
    rng: np.random.Generator, rear: float, front: float, half: float, tall: float
) -> list[Model]:
    """A box body with rear doors, and writing on its sides."""
    shades = draw_shades(rng, coat(rng, _LIVERIES) if rng.random() < 0.6 else draw_paint(rng))
    part = crate(rear, front, half, (0.9, tall), shades)
    line, ink = shade(shades.side, 0.7), coat(rng, BRIGHT)
    for at in (0.02, 0.5, 0.98):
        middle = half * (2 * at - 1)
        part.end(rect(middle - 0.02, middle + 0.02, 0.98, tall - 0.06), rear - 0.01, line)
    part.end(rect(-half, half, 0.9, 1.0), rear - 0.01, TRIM)
    if rng.random() < 0.3:
        for at in np.linspace(1.2, tall - 0.2, 6).tolist():
            part.end(rect(-half * 0.95, half * 0.95, at, at + 0.04), rear - 0.012, line)
    if rng.random() < 0.6:
        z0, z1 = sorted(rng.uniform(rear + 0.2, front - 0.2, 2))
        low = rng.uniform(1.2, tall - 0.9)
        part.sides(rect(z0, z1, low, low + rng.uniform(0.2, 0.7)), half + 0.01, ink)
    return [part]


def _container(
    rng: np.random.Generator, rear: float, front: float, half: float, tall: float
) -> list[Model]:
    """A ribbed container."""
    shades = draw_shades(rng, coat(rng, BRIGHT))
    part = crate(rear, front, half, (1.0, tall), shades)
    line = shade(shades.side, 0.72)
    for at in np.arange(rear + 0.1, front - 0.1, 0.45).tolist():
        part.sides(rect(at, at + 0.14, 1.1, tall - 0.1), half + 0.01, line)
    for at in (-0.5, -0.08, 0.08, 0.5):
        bar = rect(half * at - 0.03, half * at + 0.03, 1.05, tall - 0.08)
        part.end(bar, rear - 0.01, (176, 178, 180))
    return [part]


def _tipper(
    rng: np.random.Generator, rear: float, front: float, half: float, tall: float
) -> list[Model]:
    """An open skip with a heap in it."""
    shades, rim = draw_shades(rng, draw_paint(rng)), rng.uniform(1.7, 2.3)
    heap = Model((0, 0.0, (rear + front) / 2))
    tone = coat(rng, ((120, 100, 76), (96, 92, 88), (150, 140, 120)))
    middle = (rear + front) / 2
    top = [(rear + 0.1, half * 0.9, 1.2, rim), (middle, half * 0.7, 1.2, rim + 0.5)]
    top.append((front, half * 0.9, 1.2, rim))
    loft(heap, top, ((1.0, 0.0), (1.0, 0.6), (0.3, 1.0)), (tone, tone, mixed(tone, SKY, 0.1)))
    part = crate(rear, front, half, (0.95, rim), shades)
    for at in np.linspace(rear + 0.1, front - 0.2, 5).tolist():
        part.sides(rect(at, at + 0.12, 1.0, rim), half + 0.01, shade(shades.side, 0.75))
    return [heap, part]


def _flatbed(
    rng: np.random.Generator, rear: float, front: float, half: float, tall: float
) -> list[Model]:
    """A flat bed with crates, timber or nothing on it."""
    bed = draw_shades(rng, coat(rng, ((110, 84, 58), (90, 92, 96), (60, 90, 60))))
    parts = [crate(rear, front, half, (0.9, 1.2), bed)]
    at = rear + 0.1
    while at < front - 0.7:
        end = min(at + rng.uniform(0.7, 2.2), front)
        if rng.random() < 0.75:
            load = draw_shades(rng, coat(rng, ((168, 132, 88), *BRIGHT), 14))
            top = rng.uniform(1.5, 2.4)
            parts.append(crate(at, end - 0.1, half * rng.uniform(0.6, 0.95), (1.2, top), load))
        at = end
    return parts


_LOADS = (_closed, _closed, _container, _tipper, _flatbed)
"""What lorries carry; each is built from rear, front, half width and height in metres."""


def caravan(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """A parked caravan, then its licence plate."""
    model = Model((0, 1.3, 0))
    shades, glass = draw_shades(rng, rgb(rng.uniform(210, 240, 3).tolist())), draw_glass(rng)
    profile = [(-2.4, 0.36), (-2.5, 1.4), (-2.2, 2.5), (2.2, 2.5), (2.5, 1.4), (2.4, 0.36)]
    add_tyres(model, 1.1, (-0.5, 0.5), 0.6)
    model.prism(profile, 1.1, shades.side)
    model.sides(rect(-2.35, 2.35, 0.36, 0.8), 1.105, shades.low)
    model.sides(rect(-1.4, 0.2, 1.3, 1.95), 1.11, glass.low)
    model.end(rect(-0.8, 0.8, 1.4, 2.0), -2.5, glass.high)
    model.sides(rect(-2.4, 2.4, 0.9, 1.0), 1.12, draw_paint(rng))
    add_wheels(model, 1.1, (-0.2,), 0.32)
    return [model.placed("caravan", x, z), licence_plate(rng, x, z, 0.0, 2.5)]


def trailer(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """A parked trailer, then its licence plate."""
    shades, top = draw_shades(rng, draw_paint(rng)), rng.uniform(0.9, 1.7)
    model = crate(-1.4, 1.4, 0.8, (0.4, top), shades)
    add_tyres(model, 0.8, (-0.3, 0.3), 0.6)
    add_wheels(model, 0.81, (0.0,), 0.3)
    for outline in both_sides(0.5, 0.75, 0.5, 0.66):
        model.end(outline, -1.42, (170, 28, 26))
    return [model.placed("trailer", x, z), licence_plate(rng, x, z, 0.0, 1.4)]
