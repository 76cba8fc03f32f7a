"""Vehicles: cars, lorries, buses, trams, caravans and trailers.

A vehicle is made of parts, each a :class:`~bisenet_lib.data.minicity.geometry.Model` around a
centre of its own, so that its hidden faces are known from their normals. In a part ``z`` runs to
the front.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from bisenet_lib.data.minicity.colour import Colour, mixed, pick, rgb, shade, tinted
from bisenet_lib.data.minicity.geometry import Face, Model, Outline, Points, Thing, disc, rect

_FINEST = 60.0
"""Metres ahead beyond which small parts are never drawn."""

_TYRE: Colour = (24, 24, 26)
_DARK: Colour = (18, 18, 20)
_TRIM: Colour = (40, 41, 44)
_SKY: Colour = (214, 224, 234)
_DUST: Colour = (104, 98, 88)

_COMMON: tuple[Colour, ...] = (
    (236, 236, 234),
    (24, 25, 28),
    (92, 95, 99),
    (172, 175, 178),
    (46, 49, 54),
    (134, 136, 138),
    (226, 224, 216),
    (196, 198, 200),
)
_BRIGHT: tuple[Colour, ...] = (
    (150, 28, 30),
    (196, 34, 32),
    (30, 52, 110),
    (48, 92, 160),
    (110, 150, 186),
    (36, 74, 56),
    (148, 164, 60),
    (206, 168, 52),
    (214, 110, 36),
    (104, 78, 58),
    (170, 154, 126),
    (92, 36, 60),
)
_RIMS: tuple[Colour, ...] = ((150, 152, 156), (182, 184, 188), (108, 110, 114), (56, 57, 60))
_TAXI: tuple[Colour, ...] = ((236, 224, 178), (240, 184, 24), (26, 26, 28), (120, 186, 70))


class _Shades(NamedTuple):
    """One paint from the sill up: dirty, side, shoulder, and what mirrors the sky."""

    low: Colour
    side: Colour
    shoulder: Colour
    top: Colour


def _pick(rng: np.random.Generator, colours: tuple[Colour, ...], spread: float = 8) -> Colour:
    return tinted(rng, colours, spread, (10, 246))


def _paint(rng: np.random.Generator) -> Colour:
    return _pick(rng, _COMMON, 5) if rng.random() < 0.75 else _pick(rng, _BRIGHT, 7)


def _shades(rng: np.random.Generator, colour: Colour) -> _Shades:
    dirt, gloss = rng.uniform(0.05, 0.45), rng.uniform(0.05, 0.3)
    return _Shades(
        mixed(shade(colour, rng.uniform(0.5, 0.75)), _DUST, dirt),
        shade(colour, rng.uniform(0.78, 0.95)),
        mixed(colour, _SKY, 0.5 * gloss),
        mixed(colour, _SKY, gloss),
    )


class _Glass(NamedTuple):
    """The colours of a pane: below, above, and of the seats behind it."""

    low: Colour
    high: Colour
    seats: Colour


def _glass(rng: np.random.Generator) -> _Glass:
    tone = rng.normal(0, 6)
    kind = rng.random()
    if kind < 0.45:
        low, high = (24, 28, 33), (46, 54, 62)
    elif kind < 0.8:
        low, high = (58, 68, 78), (150, 168, 186)
    else:
        low, high = (92, 98, 98), (140, 148, 150)
    dark, light = (rgb(max(value + tone, 8) for value in colour) for colour in (low, high))
    return _Glass(dark, light, shade(dark, 0.6))


@cache
def _weights(outline: tuple[tuple[float, float], ...]) -> np.ndarray:
    u, v = np.asarray(outline, np.float64).T
    return np.column_stack(((1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v))


def _on(quad: Points, outline: Outline) -> Points:
    """An outline of (u, v) shares laid on a (4, 3) quad whose first corner is (0, 0)."""
    return _weights(tuple(outline)) @ quad


def _loft(
    model: Model,
    stations: Sequence[tuple[float, float, float, float]],
    ring: Outline,
    colours: Sequence[Colour],
) -> None:
    """Draw a cross-section out along ``z``.

    Args:
        model: gets the faces.
        stations: from back to front: z, half width, lower and upper height in metres.
        ring: right half of the section from below: shares of half width and of height.
        colours: of each band between two points of the ring, then of the top.
    """
    z, half, low, top = np.asarray(stations, np.float64).T[:, :, None]
    wide, high = np.asarray(ring, np.float64).T
    grid = np.empty((2, len(stations), len(ring), 3))
    grid[0, :, :, 0], grid[:, :, :, 1], grid[:, :, :, 2] = half * wide, low + (top - low) * high, z
    grid[1, :, :, 0] = -grid[0, :, :, 0]
    back, front = grid[:, :-1], grid[:, 1:]
    around = np.stack((back[:, :, :-1], back[:, :, 1:], front[:, :, 1:], front[:, :, :-1]), 3)
    lids = np.stack((back[0, :, -1], back[1, :, -1], front[1, :, -1], front[0, :, -1]), 1)
    ends = grid[:, [0, -1]]
    caps = np.stack((ends[0, :, :-1], ends[1, :, :-1], ends[1, :, 1:], ends[0, :, 1:]), 2)
    add, count = model.faces.append, len(ring) - 1
    for number, quad in enumerate(around.reshape(-1, 4, 3)):
        add(Face(quad, colours[number % count], None))
    for quad in lids:
        add(Face(quad, colours[-1], None))
    for number, quad in enumerate(caps.reshape(-1, 4, 3)):
        add(Face(quad, colours[number % count], None))


def _merged(label: str, parts: Sequence[Model], x: float, z: float, heading: float) -> Thing:
    """Parts as one thing, the first below all, of the others the farthest drawn first."""
    first, *rest = parts
    ahead = np.cos(heading)
    order = [first, *sorted(rest, key=lambda part: -ahead * part.centre[2])]
    placed = [part.placed(label, x, z, heading) for part in order]
    return Thing(label, z, tuple(face for part in placed for face in part.faces))


_ARCH = np.linspace(0, np.pi, 9)


def _wheels(
    model: Model,
    half: float,
    at: Sequence[float],
    radius: float,
    rim: Colour = (140, 142, 146),
    *,
    fine: bool = True,
    spokes: int = 5,
) -> None:
    """Wheels on both sides, in dark arches."""
    for z in at:
        reach = 1.2 * radius
        arch = np.column_stack((z + reach * np.cos(_ARCH), radius + reach * np.sin(_ARCH)))
        if fine:
            model.sides(arch.tolist(), half + 0.005, _DARK)
        count = 14 if fine else 8
        model.sides(disc(z, radius, radius, count=count), half + 0.01, _TYRE, solid=True)
        model.sides(disc(z, radius, radius * 0.64, count=count), half + 0.02, rim)
        if fine:
            gaps = [(z + radius * a, radius + radius * b) for a, b in _gaps(spokes)]
            model.sides(gaps, half + 0.025, shade(rim, 0.35))


@cache
def _gaps(spokes: int) -> list[tuple[float, float]]:
    """The star of the gaps between a wheel's spokes, in shares of its radius."""
    angles = (
        np.arange(spokes)[:, None] * 2 * np.pi / spokes + np.array((-0.75, 0.75, np.pi)) / spokes
    )
    reach = np.broadcast_to((0.56, 0.56, 0.14), angles.shape)
    star = np.stack((reach * np.cos(angles), reach * np.sin(angles)), -1)
    return [(a, b) for a, b in star.reshape(-1, 2).tolist()]


def _tyres(
    model: Model, half: float, ends: tuple[float, float], radius: float, wide: float = 0.22
) -> None:
    """What is seen of the tyres from behind and from the front."""
    for end in ends:
        for side in (-1, 1):
            inner, outer = sorted((side * half * 0.97, side * (half - wide)))
            model.end(rect(inner, outer, 0, radius), end, _TYRE, solid=True)


def _plate(rng: np.random.Generator, x: float, z: float, heading: float, reach: float) -> Thing:
    plate = Model((0, 0.5, 0))
    wide, low = (0.26, 0.5) if rng.random() < 0.7 else (0.16, 0.62)
    colour = (226, 226, 216) if rng.random() < 0.8 else (220, 190, 70)
    for end in (-reach - 0.03, reach + 0.03):
        plate.end(rect(-wide, wide, low, low + 0.12), end, colour, solid=True)
    return plate.placed("license plate", x, z, heading)


@dataclass(frozen=True)
class _Body:
    """The shape of a car.

    Attributes:
        long: least and greatest half length, metres.
        half: half width, metres.
        tall: least and greatest height, metres.
        belt: height of the windows' lower edge, as a share of the height.
        along: where windscreen and roof begin, where the roof and the rear window end: shares of
            the half length.
        panes: number of side windows; 0 is one in front only.
        share: of all cars.
    """

    long: tuple[float, float]
    half: tuple[float, float]
    tall: tuple[float, float]
    belt: float
    along: tuple[float, float, float, float]
    panes: int
    share: float


_BODIES: dict[str, _Body] = {
    "hatch": _Body((1.8, 2.15), (0.83, 0.9), (1.4, 1.55), 0.62, (0.5, 0.12, -0.72, -0.95), 2, 0.22),
    "saloon": _Body(
        (2.2, 2.5), (0.88, 0.94), (1.38, 1.5), 0.63, (0.42, 0.08, -0.42, -0.7), 2, 0.24
    ),
    "estate": _Body(
        (2.2, 2.45), (0.88, 0.94), (1.42, 1.55), 0.62, (0.44, 0.1, -0.78, -0.96), 3, 0.1
    ),
    "suv": _Body((2.15, 2.5), (0.92, 1.0), (1.62, 1.85), 0.61, (0.46, 0.18, -0.8, -0.95), 3, 0.19),
    "family": _Body(
        (2.1, 2.45), (0.9, 0.98), (1.68, 1.9), 0.54, (0.66, 0.3, -0.86, -0.97), 3, 0.09
    ),
    "van": _Body((2.4, 3.0), (0.95, 1.02), (1.95, 2.6), 0.5, (0.74, 0.5, -0.97, -0.99), 0, 0.07),
    "sports": _Body(
        (2.05, 2.25), (0.9, 0.97), (1.2, 1.3), 0.66, (0.3, -0.05, -0.4, -0.85), 1, 0.04
    ),
    "taxi": _Body((2.2, 2.45), (0.88, 0.93), (1.42, 1.6), 0.62, (0.44, 0.1, -0.5, -0.78), 2, 0.05),
}
_COARSE = ((0.97, 0.0), (1.0, 0.5), (0.92, 1.0))
_RING = ((0.93, 0.0), (1.0, 0.32), (0.985, 0.72), (0.9, 1.0))


def car(
    rng: np.random.Generator,
    x: float,
    z: float,
    heading: float = 0.0,
    *,
    lit: bool = False,
    fine: bool = True,
) -> list[Thing]:
    """A car and its licence plate.

    Args:
        rng: draws its shape and paint.
        x: metres to the right.
        z: metres ahead.
        heading: radians; 0 drives away from the camera.
        lit: lamps are on.
        fine: draw what is too small to be seen from afar; never drawn beyond 60 m.

    Returns:
        The car, then the plate.
    """
    fine = fine and z < _FINEST
    names = list(_BODIES)
    kind = names[int(rng.choice(len(names), p=[body.share for body in _BODIES.values()]))]
    body = _BODIES[kind]
    long, half, tall = (rng.uniform(*span) for span in (body.long, body.half, body.tall))
    belt = body.belt * tall
    colour = _pick(rng, _TAXI) if kind == "taxi" else _paint(rng)
    shades = _shades(rng, colour)
    roof = _shades(rng, _paint(rng)) if rng.random() < 0.08 else shades
    black = rng.random() < (0.55 if kind in ("suv", "van") else 0.25)
    low = _Shades(_TRIM, *shades[1:]) if black else shades
    model = Model((0, 0.5 * belt, 0))
    radius = rng.uniform(0.3, 0.34) * (1.12 if kind in ("suv", "van") else 1)
    _underside(model, half, long, radius)
    nose = belt * rng.uniform(0.72, 0.84)
    shell = _shell(body, long, half, belt, nose)
    if fine:
        _loft(model, shell, _RING, low)
    else:
        _loft(model, [shell[0], *shell[2:4], shell[5]], _COARSE, (low.low, low.side, low.top))
    wheels = (-rng.uniform(0.56, 0.64) * long, rng.uniform(0.6, 0.66) * long)
    rim = _pick(rng, _RIMS, 0)
    _wheels(model, half, wheels, radius, rim, fine=fine, spokes=int(rng.integers(4, 8)))
    _wings(rng, model, half, body.along[0] * long - 0.25, belt, shades.side)
    _cabin(rng, model, body, (long, half, belt, tall), (shades, roof), fine=fine)
    _face_and_tail(rng, model, shell, shades, kind, lit=lit)
    if fine:
        _fittings(rng, model, (long, half, belt), body, shades)
    if kind == "taxi" or rng.random() < 0.02:
        model.end(rect(-0.3, 0.3, tall, tall + 0.16), 0.0, (250, 220, 90), glow=True, solid=True)
    return [model.placed("car", x, z, heading), _plate(rng, x, z, heading, long)]


def _underside(model: Model, half: float, long: float, radius: float) -> None:
    _tyres(model, half, (-0.72 * long, 0.78 * long), radius)
    profile = [(-0.9 * long, 0.15), (-0.92 * long, 0.34), (0.92 * long, 0.34), (0.9 * long, 0.15)]
    model.prism(profile, half * 0.86, _DARK)


def _shell(
    body: _Body, long: float, half: float, belt: float, nose: float
) -> list[tuple[float, float, float, float]]:
    """The stations of a car's lower body, see :func:`_loft`."""
    cowl, deck, sill = body.along[0] * long, body.along[3] * long, 0.24
    tail = belt * (0.98 if deck < -0.9 * long else 0.92)
    return [
        (-long, 0.84 * half, sill + 0.08, tail - 0.03),
        (-long + 0.14, 0.96 * half, sill, tail),
        (max(deck, -long + 0.3), half, sill, belt),
        (cowl, half, sill, belt),
        (max(long - 0.3, cowl + 0.1), 0.95 * half, sill, nose + 0.04),
        (long, 0.78 * half, sill + 0.06, nose - 0.1),
    ]


def _cabin(
    rng: np.random.Generator,
    model: Model,
    body: _Body,
    size: tuple[float, float, float, float],
    shades: tuple[_Shades, _Shades],
    *,
    fine: bool,
) -> None:
    """Roof, pillars and windows; ``size`` is half length, half width, belt and height."""
    long, half, belt, tall = size
    cowl, front, back, deck = (share * long for share in body.along)
    foot, top = 0.92 * half, (0.76 if body.panes else 0.84) * half
    glass, lower = _glass(rng), belt - 0.02

    def quad(x0: float, x1: float, z0: float, z1: float) -> Points:
        """From the belt at (x0, z0) up to the roof at (x1, z1)."""
        return np.array(
            [(-x0, lower, z0), (x0, lower, z0), (x1, tall - 0.05, z1), (-x1, tall - 0.05, z1)]
        )

    for side in (-1, 1):
        flank = np.array(
            [
                (side * foot, lower, deck),
                (side * foot, lower, cowl),
                (side * top, tall - 0.05, front),
                (side * top, tall - 0.05, back),
            ]
        )
        model.faces.append(Face(flank, shades[0].shoulder, None))
        _side_windows(model, flank, glass, body.panes, shades[0].side)
    for z0, z1, ahead in ((deck, back, False), (cowl, front, True)):
        screen = quad(foot, top, z0, z1)
        model.faces.append(Face(screen, shades[1].shoulder, None))
        if ahead or body.panes:
            _screen(model, screen, glass, fine=fine)
    crown = [(back, top, tall - 0.06, tall - 0.01), (back + 0.2, top, tall - 0.06, tall)]
    crown += [(front - 0.15, top, tall - 0.06, tall), (front, top, tall - 0.06, tall - 0.02)]
    crown = crown if fine else [crown[0], crown[-1]]
    _loft(model, crown, ((1.0, 0.0), (0.9, 1.0)), (shades[1].shoulder, shades[1].top))


def _side_windows(model: Model, flank: Points, glass: _Glass, panes: int, post: Colour) -> None:
    """Windows along one flank of a cabin."""
    add = model.faces.append
    if not panes:
        pane = [(0.7, 0.08), (0.95, 0.08), (0.95, 0.82), (0.7, 0.82)]
        add(Face(_on(flank, pane), glass.low, None, solid=False))
        return
    low, high = 0.1, 0.86
    ends = np.linspace(0.06, 0.95, panes + 1)
    pane = [(0.06, low), (0.95, low), (0.95, high), (0.06, high)]
    add(Face(_on(flank, pane), glass.low, None, solid=False))
    shine = [(0.06, 0.5), (0.95, 0.42), (0.95, high), (0.06, high)]
    add(Face(_on(flank, shine), glass.high, None, solid=False))
    for at in ends[1:-1].tolist():
        pillar = [(at - 0.015, low), (at + 0.02, low), (at + 0.02, high), (at - 0.015, high)]
        add(Face(_on(flank, pillar), shade(post, 0.6), None, solid=False))


def _screen(model: Model, screen: Points, glass: _Glass, *, fine: bool) -> None:
    """A windscreen or rear window, darker below, with seats behind it."""
    add = model.faces.append
    pane = [(0.06, 0.08), (0.94, 0.08), (0.92, 0.9), (0.08, 0.9)]
    add(Face(_on(screen, pane), glass.low, None, solid=False))
    shine = [(0.07, 0.42), (0.93, 0.5), (0.92, 0.9), (0.08, 0.9)]
    add(Face(_on(screen, shine), glass.high, None, solid=False))
    if fine:
        for u in (0.2, 0.62):
            seat = [(u, 0.08), (u + 0.2, 0.08), (u + 0.16, 0.55), (u + 0.04, 0.55)]
            add(Face(_on(screen, seat), glass.seats, None, solid=False))


_LAMPS: dict[str, tuple[float, float, float, float]] = {
    "block": (0.55, 1.0, 0.62, 0.84),
    "strip": (0.1, 1.0, 0.72, 0.82),
    "upright": (0.82, 1.0, 0.5, 1.0),
    "small": (0.78, 0.97, 0.6, 0.78),
}
"""Rear lamps: shares of half width, and of the tail's height, that they cover."""


def _face_and_tail(
    rng: np.random.Generator,
    model: Model,
    shell: Sequence[tuple[float, float, float, float]],
    shades: _Shades,
    kind: str,
    *,
    lit: bool,
) -> None:
    """Lamps, grille and bumpers."""
    lamps = "upright" if kind in ("family", "van") else list(_LAMPS)[int(rng.integers(4))]
    brakes = lit or rng.random() < 0.2
    red = (255, 62, 46) if brakes else _pick(rng, ((150, 22, 22), (112, 18, 22), (176, 40, 36)))
    u0, u1, v0, v1 = _LAMPS[lamps]
    tail = _ends(shell[0], shell[1])
    for quad in tail[1:]:
        _lay(model, quad, rect(0.0, 0.85, v0, v1), red, glow=brakes)
    for sign in (-1, 1):
        x0, x1 = sorted((0.5 + 0.5 * sign * u0, 0.5 + 0.5 * sign * u1))
        _lay(model, tail[0], rect(x0, x1, v0, v1), red, glow=brakes)
    _lay(model, tail[0], rect(0.0, 1.0, 0.36, 0.39), shade(shades.low, 0.6))
    _lay(model, tail[0], rect(0.1, 0.9, 0.0, 0.14), _DARK)
    _lay(model, tail[0], rect(0.3, 0.7, 0.44, 0.62), shade(shades.side, 0.7))
    nose = _ends(shell[-1], shell[-2])
    lamp, deep = (255, 250, 226) if lit else _pick(rng, ((214, 218, 220), (170, 176, 180))), 0.6
    for quad in nose[1:]:
        _lay(model, quad, rect(0.0, 0.7, deep + 0.02, 0.92), lamp, glow=lit)
    for sign in (-1, 1):
        x0, x1 = sorted((0.5 + 0.5 * sign * 0.58, 0.5 + 0.5 * sign * 1.0))
        _lay(model, nose[0], rect(x0, x1, deep, 0.92), lamp, glow=lit)
    grille = _pick(rng, ((20, 20, 22), (34, 35, 38), (120, 122, 126)))
    _lay(model, nose[0], rect(0.24, 0.76, deep - 0.06, 0.88), grille)
    _lay(model, nose[0], rect(0.1, 0.9, 0.06, 0.3), _DARK)
    _lay(model, nose[0], rect(0.45, 0.55, 0.66, 0.8), (186, 188, 190))


def _ends(
    end: tuple[float, float, float, float], inner: tuple[float, float, float, float]
) -> list[Points]:
    """The quad across an end of a shell, then those around its two corners."""
    z, half, low, top = end
    z1, half1, low1, top1 = inner
    across = np.array([(-half, low, z), (half, low, z), (half, top, z), (-half, top, z)])
    quads = [across]
    for side in (-1, 1):
        quad = [(half, low, z), (half1, low1, z1), (half1, top1, z1), (half, top, z)]
        quads.append(np.array(quad) * (side, 1, 1))
    return quads


def _lay(
    model: Model, quad: Points, outline: Outline, colour: Colour, *, glow: bool = False
) -> None:
    model.faces.append(Face(_on(quad, outline), colour, None, solid=False, glow=glow))


def _wings(
    rng: np.random.Generator, model: Model, half: float, z: float, belt: float, colour: Colour
) -> None:
    """Mirrors at ``z``; drawn before the cabin, which hides the farther one."""
    shell = _TRIM if rng.random() < 0.3 else colour
    for side in (-1, 1):
        x0, x1 = sorted((side * half * 0.95, side * (half + 0.17)))
        model.end(rect(x0, x1, belt, belt + 0.15), z, shell, facing=0.4, solid=True)


def _fittings(
    rng: np.random.Generator,
    model: Model,
    size: tuple[float, float, float],
    body: _Body,
    shades: _Shades,
) -> None:
    """Door lines, handles, side mouldings and roof rails; ``size`` as in _cabin."""
    long, half, belt = size
    cowl, front, back, _ = (share * long for share in body.along)
    line = shade(shades.side, 0.45)
    for at in (cowl - 0.15, (front + back) / 2, back * 0.9)[: 1 + max(body.panes, 1)]:
        model.sides(rect(at - 0.012, at + 0.012, 0.34, belt * 0.94), half + 0.004, line)
        model.sides(rect(at + 0.08, at + 0.24, belt * 0.8, belt * 0.84), half + 0.006, line)
    if rng.random() < 0.25:
        model.sides(rect(-0.5 * long, 0.5 * long, 0.42, 0.5), half + 0.008, _TRIM)
    if body.panes == 3 and rng.random() < 0.6:
        tall = belt / body.belt
        rail = rect(back + 0.1, front - 0.1, tall + 0.01, tall + 0.06)
        model.sides(rail, 0.66 * half, _TRIM, facing=0.4)


def _mirrors(model: Model, half: float, z: float, span: tuple[float, float]) -> None:
    """Outer mirrors of a lorry or bus; drawn before its body, which hides the farther one."""
    for side in (-1, 1):
        x0, x1 = sorted((side * half * 0.98, side * (half + 0.24)))
        model.end(rect(x0, x1, *span), z, _DARK, facing=0.3, solid=True)


_CRATE = ((1.0, 0.0), (1.0, 0.3), (1.0, 0.8), (0.98, 1.0))
_ROUND = ((0.6, 0.0), (0.96, 0.22), (1.0, 0.5), (0.86, 0.82), (0.5, 1.0))
_LIVERY: tuple[Colour, ...] = ((230, 230, 226), (240, 190, 40), (100, 62, 34), (52, 96, 160))


def _crate(
    rear: float,
    front: float,
    half: float,
    span: tuple[float, float],
    shades: _Shades,
    ring: Outline = _CRATE,
) -> Model:
    """A box from ``rear`` to ``front``, between the two heights of ``span``, metres."""
    part = Model((0, sum(span) / 2, (rear + front) / 2))
    bands = (*shades[:3], shades.top) if ring is _CRATE else (shades.low, *shades)
    _loft(part, [(rear, half, *span), (front, half, *span)], ring, bands)
    return part


def _chassis(long: float, half: float, axles: Sequence[float], *, fine: bool) -> Model:
    """Frame, wheels and what hangs below a lorry."""
    part = Model((0, 0.5, 0))
    _tyres(part, half, (-0.84 * long, 0.82 * long), 0.55, 0.45)
    frame = [(-long, 0.5), (-long, 0.95), (long - 0.3, 0.95), (long - 0.3, 0.5)]
    part.prism(frame, half * 0.8, _TRIM)
    part.sides(rect(-0.2 * long, 0.35 * long, 0.4, 0.95), half * 0.92, (74, 76, 80), solid=True)
    _wheels(part, half * 0.96, axles, 0.5, (120, 122, 126), fine=fine, spokes=6)
    part.end(rect(-half * 0.95, half * 0.95, 0.42, 0.54), -long, _TRIM, solid=True)
    for side in (-1, 1):
        x0, x1 = sorted((side * half * 0.6, side * half * 0.92))
        part.end(rect(x0, x1, 0.58, 0.72), -long - 0.01, (170, 28, 26))
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
    """The cab of a lorry, with a bonnet before it if ``nosed``."""
    shades, glass = _shades(rng, _paint(rng)), _glass(rng)
    wall = front - (1.2 if nosed else 0.0)
    part = Model((0, 0.8 if nosed else tall / 2, (rear + front) / 2))
    _mirrors(part, half, wall - 0.1, (0.58 * tall, 0.76 * tall))
    if nosed:
        hood = [(wall, half * 0.9, 0.5, 1.55), (front, half * 0.75, 0.5, 1.35)]
        _loft(part, hood, _RING, shades)
    stations = [(rear, half, 0.5, tall), (wall - 0.3, half, 0.5, tall)]
    stations.append((wall, half * 0.93, 0.5, tall - 0.25))
    _loft(part, stations, _CRATE, shades)
    side = rect(wall - 0.95, wall - 0.2, 0.52 * tall + 0.1, 0.82 * tall)
    part.sides(side, half + 0.01, glass.low)
    part.sides([(a, 0.5 * (b + 0.82 * tall)) for a, b in side], half + 0.012, glass.high)
    low = 1.5 if nosed else 0.5 * tall
    part.end(rect(-half * 0.86, half * 0.86, low, 0.85 * tall), wall + 0.01, glass.low)
    middle = (low + 0.85 * tall) / 2
    part.end(rect(-half * 0.84, half * 0.84, middle, 0.84 * tall), wall + 0.015, glass.high)
    part.end(rect(-half * 0.55, half * 0.55, 0.75, 1.2), front + 0.01, _DARK)
    part.end(rect(-half * 0.8, half * 0.8, 0.4, 0.6), front + 0.01, shades.low, solid=True)
    for sign in (-1, 1):
        x0, x1 = sorted((sign * half * 0.55, sign * half * 0.78))
        part.end(rect(x0, x1, 0.64, 0.82), front + 0.02, (216, 218, 216))
    return part


def truck(
    rng: np.random.Generator, x: float, z: float, heading: float = 0.0, *, fine: bool = True
) -> list[Thing]:
    """A lorry or a pick-up; arguments and result as in :func:`car`."""
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
    return [_merged("truck", parts, x, z, heading), _plate(rng, x, z, heading, long)]


def _closed(
    rng: np.random.Generator, rear: float, front: float, half: float, tall: float
) -> list[Model]:
    """A box body with rear doors, and writing on its sides."""
    shades = _shades(rng, _pick(rng, _LIVERY) if rng.random() < 0.6 else _paint(rng))
    part = _crate(rear, front, half, (0.9, tall), shades)
    line, ink = shade(shades.side, 0.7), _pick(rng, _BRIGHT)
    for at in (0.02, 0.5, 0.98):
        middle = half * (2 * at - 1)
        part.end(rect(middle - 0.02, middle + 0.02, 0.98, tall - 0.06), rear - 0.01, line)
    part.end(rect(-half, half, 0.9, 1.0), rear - 0.01, _TRIM)
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
    shades = _shades(rng, _pick(rng, _BRIGHT))
    part = _crate(rear, front, half, (1.0, tall), shades)
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
    shades, rim = _shades(rng, _paint(rng)), rng.uniform(1.7, 2.3)
    heap = Model((0, 0.0, (rear + front) / 2))
    tone = _pick(rng, ((120, 100, 76), (96, 92, 88), (150, 140, 120)))
    middle = (rear + front) / 2
    top = [(rear + 0.1, half * 0.9, 1.2, rim), (middle, half * 0.7, 1.2, rim + 0.5)]
    top.append((front, half * 0.9, 1.2, rim))
    _loft(heap, top, ((1.0, 0.0), (1.0, 0.6), (0.3, 1.0)), (tone, tone, mixed(tone, _SKY, 0.1)))
    part = _crate(rear, front, half, (0.95, rim), shades)
    for at in np.linspace(rear + 0.1, front - 0.2, 5).tolist():
        part.sides(rect(at, at + 0.12, 1.0, rim), half + 0.01, shade(shades.side, 0.75))
    return [heap, part]


def _flatbed(
    rng: np.random.Generator, rear: float, front: float, half: float, tall: float
) -> list[Model]:
    """A flat bed with crates, timber or nothing on it."""
    bed = _shades(rng, _pick(rng, ((110, 84, 58), (90, 92, 96), (60, 90, 60))))
    parts = [_crate(rear, front, half, (0.9, 1.2), bed)]
    at = rear + 0.1
    while at < front - 0.7:
        end = min(at + rng.uniform(0.7, 2.2), front)
        if rng.random() < 0.75:
            load = _shades(rng, _pick(rng, ((168, 132, 88), *_BRIGHT), 14))
            top = rng.uniform(1.5, 2.4)
            parts.append(_crate(at, end - 0.1, half * rng.uniform(0.6, 0.95), (1.2, top), load))
        at = end
    return parts


def _tanker(
    rng: np.random.Generator, rear: float, front: float, half: float, tall: float
) -> list[Model]:
    """A round tank."""
    shades = _shades(rng, _pick(rng, ((186, 188, 190), (230, 230, 226), *_BRIGHT[:4])))
    part = _crate(rear, front, half * 0.98, (0.95, min(tall, 2.9)), shades, _ROUND)
    part.end(disc(0, 1.9, half * 0.6, 0.7), rear - 0.01, shades.low)
    part.end(rect(-0.25, 0.25, 1.8, 2.1), rear - 0.02, (230, 130, 30))
    return [part]


_LOADS = (_closed, _closed, _container, _tipper, _flatbed)


def pickup(
    rng: np.random.Generator, x: float, z: float, heading: float = 0.0, *, fine: bool = True
) -> list[Thing]:
    """A pick-up, which Cityscapes counts among lorries; arguments and result as :func:`car`."""
    long, half, tall = rng.uniform(2.5, 2.9), rng.uniform(0.93, 1.02), rng.uniform(1.68, 1.9)
    cab = rng.uniform(-0.3, -0.1)
    body = _Body((long, long), (half, half), (tall, tall), 0.6, (0.4, 0.2, cab + 0.03, cab), 2, 0)
    belt, shades = body.belt * tall, _shades(rng, _paint(rng))
    model = Model((0, 0.5 * belt, 0))
    _underside(model, half, long, 0.37)
    shell = [
        (-long, 0.97 * half, 0.42, belt),
        (-long + 0.05, half, 0.36, belt),
        (0.4 * long, half, 0.36, belt),
        (0.93 * long, 0.96 * half, 0.36, belt * 0.9),
        (long, 0.84 * half, 0.42, belt * 0.8),
    ]
    _loft(model, shell, _RING, shades)
    bed = [(-0.9, -long + 0.08), (0.9, -long + 0.08), (0.9, cab * long), (-0.9, cab * long)]
    model.face([(half * px, belt + 0.01, pz) for px, pz in bed], shade(shades.low, 0.5))
    rim = _pick(rng, _RIMS, 0)
    _wheels(model, half, (-0.6 * long, 0.62 * long), 0.37, rim, fine=fine)
    _wings(rng, model, half, 0.4 * long - 0.25, belt, shades.side)
    _cabin(rng, model, body, (long, half, belt, tall), (shades, shades), fine=fine)
    _face_and_tail(rng, model, shell, shades, "van", lit=False)
    if fine:
        _fittings(rng, model, (long, half, belt), body, shades)
    return [model.placed("truck", x, z, heading), _plate(rng, x, z, heading, long)]


_BUSES: tuple[tuple[Colour, Colour], ...] = (
    ((232, 232, 230), (40, 80, 160)),
    ((234, 234, 230), (150, 30, 40)),
    ((60, 62, 68), (200, 160, 60)),
    ((190, 34, 32), (236, 232, 226)),
    ((70, 140, 80), (232, 232, 226)),
)


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
    low, glass = 0.34, _glass(rng)
    shades, trim = _shades(rng, colours[0]), _shades(rng, colours[1])
    model = Model((0, tall / 2, 0))
    _tyres(model, half, (-0.9 * long, 0.9 * long), 0.5, 0.4)
    stations = [(-long, 0.9 * half, low, tall - 0.12), (-long + 0.25, half, low, tall)]
    stations += [(long - 0.3, half, low, tall), (long, 0.9 * half, low, tall - 0.15)]
    ring = ((1.0, 0.0), (1.0, 0.14), (1.0, 0.9), (0.86, 1.0))
    _loft(model, stations, ring, (trim.low, shades.side, shades.shoulder, shades.top))
    count = int(long * rng.uniform(0.9, 1.5))
    step = 2 * (long - 0.35) / count
    post = _pick(rng, (_DARK, shades.side))
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
    shades: _Shades,
    top: float,
) -> None:
    """Lamps, display and engine grille of a coach whose windows end at ``top``."""
    long, half, tall = size
    lit = bool(rng.random() < 0.4)
    sign = _pick(rng, ((250, 170, 40), (240, 240, 220), (24, 24, 26)))
    display = rect(-half * 0.6, half * 0.6, top + 0.03, min(top + 0.3, tall - 0.05))
    model.end(display, long + 0.02, _DARK)
    model.end([(0.85 * px, py) for px, py in display], long + 0.03, sign, glow=sum(sign) > 200)
    model.end(rect(-half * 0.5, half * 0.5, 0.55, 1.0), -long - 0.02, shade(shades.low, 0.5))
    for side in (-1, 1):
        x0, x1 = sorted((side * half * 0.6, side * half * 0.86))
        white = (250, 246, 226) if lit else (206, 210, 212)
        model.end(rect(x0, x1, 0.6, 0.8), long + 0.02, white, glow=lit)
        x0, x1 = sorted((side * half * 0.74, side * half * 0.88))
        red = (250, 60, 44) if lit else (150, 24, 24)
        model.end(rect(x0, x1, 0.7, 1.15), -long - 0.02, red, glow=lit)


def bus(
    rng: np.random.Generator,
    x: float,
    z: float,
    heading: float,
    colours: tuple[Colour, Colour],
    *,
    fine: bool = True,
) -> list[Thing]:
    """A bus, often in the city's ``colours``; else as in :func:`car`."""
    kind = str(rng.choice(["town", "coach", "double", "school"], p=(0.55, 0.2, 0.12, 0.13)))
    long, tall = rng.uniform(4.6, 6.0), rng.uniform(2.85, 3.2)
    rows: tuple[tuple[float, float], ...] = ((0.46 * tall, tall - 0.4),)
    if (kind != "town" and rng.random() < 0.8) or rng.random() < 0.4:
        colours = pick(rng, _BUSES)
    parts = [Model((0, 0.4, 0))]
    parts[0].prism(
        [(-long + 0.2, 0.2), (-long + 0.2, 0.5), (long - 0.2, 0.5), (long, 0.2)], 1.1, _DARK
    )
    if kind == "coach":
        tall = rng.uniform(3.3, 3.7)
        rows = ((1.75, tall - 0.35),)
    elif kind == "double":
        tall = rng.uniform(4.0, 4.3)
        rows = ((1.2, 1.95), (2.75, 3.6))
    elif kind == "school":
        long, colours = rng.uniform(3.6, 5.0), ((244, 178, 24), (28, 28, 30))
        hood = _shades(rng, colours[0])
        parts.append(_crate(long - 0.1, long + 1.1, 1.0, (0.5, 1.5), hood))
        parts[-1].end(rect(-0.6, 0.6, 0.7, 1.3), long + 1.11, _DARK)
    _mirrors(parts[0], 1.25, long - 0.05, (rows[0][1] - 0.7, rows[0][1] - 0.15))
    doors = int(rng.integers(1, 4)) if kind in ("town", "double") else 1
    body = _coach(rng, (long, 1.25, tall), colours, rows, doors=doors)
    _wheels(body, 1.26, (-0.55 * long, 0.62 * long), 0.48, fine=fine)
    return [
        _merged("bus", [*parts, body], x, z, heading),
        _plate(rng, x, z, heading, long),
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
    """A tram (``train`` in Cityscapes) of one to three cars; else as in :func:`bus`."""
    count, half = int(rng.integers(1, 4)), rng.uniform(1.15, 1.25)
    long, tall = rng.uniform(8.0, 11.0), rng.uniform(3.2, 3.5)
    step = 2 * long / count
    below = Model((0, 0.3, 0))
    below.prism([(-long, 0.1), (-long, 0.5), (long, 0.5), (long, 0.1)], half * 0.9, _TRIM)
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
        top.sides(arms, 0.5, _DARK, facing=0.3, solid=True)
        top.end(rect(-0.8, 0.8, tall + 1.18, tall + 1.26), -0.3, _DARK, facing=0.3, solid=True)
    return [_merged("train", [*parts, top], x, z, heading)]


def caravan(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """A parked caravan; result as in :func:`car`."""
    model = Model((0, 1.3, 0))
    shades, glass = _shades(rng, rgb(rng.uniform(210, 240, 3).tolist())), _glass(rng)
    profile = [(-2.4, 0.36), (-2.5, 1.4), (-2.2, 2.5), (2.2, 2.5), (2.5, 1.4), (2.4, 0.36)]
    _tyres(model, 1.1, (-0.5, 0.5), 0.6)
    model.prism(profile, 1.1, shades.side)
    model.sides(rect(-2.35, 2.35, 0.36, 0.8), 1.105, shades.low)
    model.sides(rect(-1.4, 0.2, 1.3, 1.95), 1.11, glass.low)
    model.end(rect(-0.8, 0.8, 1.4, 2.0), -2.5, glass.high)
    model.sides(rect(-2.4, 2.4, 0.9, 1.0), 1.12, _paint(rng))
    _wheels(model, 1.1, (-0.2,), 0.32)
    return [model.placed("caravan", x, z), _plate(rng, x, z, 0.0, 2.5)]


def trailer(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """A parked trailer; result as in :func:`car`."""
    shades, top = _shades(rng, _paint(rng)), rng.uniform(0.9, 1.7)
    model = _crate(-1.4, 1.4, 0.8, (0.4, top), shades)
    _tyres(model, 0.8, (-0.3, 0.3), 0.6)
    _wheels(model, 0.81, (0.0,), 0.3)
    for side in (-1, 1):
        x0, x1 = sorted((side * 0.5, side * 0.75))
        model.end(rect(x0, x1, 0.5, 0.66), -1.42, (170, 28, 26))
    return [model.placed("trailer", x, z), _plate(rng, x, z, 0.0, 1.4)]
