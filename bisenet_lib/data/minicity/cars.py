"""Cars of several bodies, and pick-ups."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bisenet_lib.data.minicity.colour import Colour, shade
from bisenet_lib.data.minicity.geometry import Face, Model, Outline, Points, Thing, rect
from bisenet_lib.data.minicity.vehicle_parts import (
    DARK,
    ROUNDED,
    TRIM,
    Glass,
    Shades,
    Station,
    add_tyres,
    add_wheels,
    both_sides,
    coat,
    draw_glass,
    draw_paint,
    draw_shades,
    laid_on,
    licence_plate,
    loft,
)

_FINEST = 60.0
"""Metres ahead beyond which small parts are never drawn."""

_RIMS: tuple[Colour, ...] = ((150, 152, 156), (182, 184, 188), (108, 110, 114), (56, 57, 60))
"""Wheels."""
_TAXI: tuple[Colour, ...] = ((236, 224, 178), (240, 184, 24), (26, 26, 28), (120, 186, 70))


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
    colour = coat(rng, _TAXI) if kind == "taxi" else draw_paint(rng)
    shades = draw_shades(rng, colour)
    roof = draw_shades(rng, draw_paint(rng)) if rng.random() < 0.08 else shades
    black = rng.random() < (0.55 if kind in ("suv", "van") else 0.25)
    low = Shades(TRIM, *shades[1:]) if black else shades
    model = Model((0, 0.5 * belt, 0))
    radius = rng.uniform(0.3, 0.34) * (1.12 if kind in ("suv", "van") else 1)
    _underside(model, half, long, radius)
    nose = belt * rng.uniform(0.72, 0.84)
    shell = _shell(body, long, half, belt, nose)
    if fine:
        loft(model, shell, ROUNDED, low)
    else:
        loft(model, [shell[0], *shell[2:4], shell[5]], _COARSE, (low.low, low.side, low.top))
    wheels = (-rng.uniform(0.56, 0.64) * long, rng.uniform(0.6, 0.66) * long)
    rim = coat(rng, _RIMS, 0)
    add_wheels(model, half, wheels, radius, rim, fine=fine, spokes=int(rng.integers(4, 8)))
    _wings(rng, model, half, body.along[0] * long - 0.25, belt, shades.side)
    _cabin(rng, model, body, (long, half, belt, tall), (shades, roof), fine=fine)
    _face_and_tail(rng, model, shell, shades, kind, lit=lit)
    if fine:
        _fittings(rng, model, (long, half, belt), body, shades)
    if kind == "taxi" or rng.random() < 0.02:
        model.end(rect(-0.3, 0.3, tall, tall + 0.16), 0.0, (250, 220, 90), glow=True, solid=True)
    return [model.placed("car", x, z, heading), licence_plate(rng, x, z, heading, long)]


def _underside(model: Model, half: float, long: float, radius: float) -> None:
    """Tyres and the dark floor; ``half`` width, half length and wheel ``radius`` in metres."""
    add_tyres(model, half, (-0.72 * long, 0.78 * long), radius)
    profile = [(-0.9 * long, 0.15), (-0.92 * long, 0.34), (0.92 * long, 0.34), (0.9 * long, 0.15)]
    model.prism(profile, half * 0.86, DARK)


def _shell(body: _Body, long: float, half: float, belt: float, nose: float) -> list[Station]:
    """The stations of a car's lower body, see :func:`loft`."""
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
    shades: tuple[Shades, Shades],
    *,
    fine: bool,
) -> None:
    """Roof, pillars and windows.

    Args:
        rng: draws the glass.
        model: gets the faces.
        body: the shape of the car.
        size: half length, half width, belt and height, metres.
        shades: the paint of the car and that of its roof.
        fine: draw what is too small to be seen from afar.
    """
    long, half, belt, tall = size
    cowl, front, back, deck = (share * long for share in body.along)
    foot, top = 0.92 * half, (0.76 if body.panes else 0.84) * half
    glass, lower = draw_glass(rng), belt - 0.02

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
    loft(model, crown, ((1.0, 0.0), (0.9, 1.0)), (shades[1].shoulder, shades[1].top))


def _side_windows(model: Model, flank: Points, glass: Glass, panes: int, post: Colour) -> None:
    """Windows along one flank (4, 3) of a cabin, with posts between them; see :func:`laid_on`."""
    add = model.faces.append
    if not panes:
        pane = [(0.7, 0.08), (0.95, 0.08), (0.95, 0.82), (0.7, 0.82)]
        add(Face(laid_on(flank, pane), glass.low, None, solid=False))
        return
    low, high = 0.1, 0.86
    ends = np.linspace(0.06, 0.95, panes + 1)
    pane = [(0.06, low), (0.95, low), (0.95, high), (0.06, high)]
    add(Face(laid_on(flank, pane), glass.low, None, solid=False))
    shine = [(0.06, 0.5), (0.95, 0.42), (0.95, high), (0.06, high)]
    add(Face(laid_on(flank, shine), glass.high, None, solid=False))
    for at in ends[1:-1].tolist():
        pillar = [(at - 0.015, low), (at + 0.02, low), (at + 0.02, high), (at - 0.015, high)]
        add(Face(laid_on(flank, pillar), shade(post, 0.6), None, solid=False))


def _screen(model: Model, screen: Points, glass: Glass, *, fine: bool) -> None:
    """A windscreen or rear window (4, 3), darker below, with seats behind it."""
    add = model.faces.append
    pane = [(0.06, 0.08), (0.94, 0.08), (0.92, 0.9), (0.08, 0.9)]
    add(Face(laid_on(screen, pane), glass.low, None, solid=False))
    shine = [(0.07, 0.42), (0.93, 0.5), (0.92, 0.9), (0.08, 0.9)]
    add(Face(laid_on(screen, shine), glass.high, None, solid=False))
    if fine:
        for u in (0.2, 0.62):
            seat = [(u, 0.08), (u + 0.2, 0.08), (u + 0.16, 0.55), (u + 0.04, 0.55)]
            add(Face(laid_on(screen, seat), glass.seats, None, solid=False))


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
    shell: Sequence[Station],
    shades: Shades,
    kind: str,
    *,
    lit: bool,
) -> None:
    """Lamps, grille and bumpers.

    Args:
        rng: draws them.
        model: gets the faces.
        shell: its first and last two stations are tail and nose, see :func:`_shell`.
        shades: the paint.
        kind: a key of :data:`_BODIES`.
        lit: lamps are on.
    """
    lamps = "upright" if kind in ("family", "van") else list(_LAMPS)[int(rng.integers(4))]
    brakes = lit or rng.random() < 0.2
    red = (255, 62, 46) if brakes else coat(rng, ((150, 22, 22), (112, 18, 22), (176, 40, 36)))
    u0, u1, v0, v1 = _LAMPS[lamps]
    tail = _ends(shell[0], shell[1])
    for quad in tail[1:]:
        _lay(model, quad, rect(0.0, 0.85, v0, v1), red, glow=brakes)
    for outline in both_sides(u0, u1, v0, v1):
        shares = [(0.5 + 0.5 * u, v) for u, v in outline]
        _lay(model, tail[0], shares, red, glow=brakes)
    _lay(model, tail[0], rect(0.0, 1.0, 0.36, 0.39), shade(shades.low, 0.6))
    _lay(model, tail[0], rect(0.1, 0.9, 0.0, 0.14), DARK)
    _lay(model, tail[0], rect(0.3, 0.7, 0.44, 0.62), shade(shades.side, 0.7))
    nose = _ends(shell[-1], shell[-2])
    lamp, deep = (255, 250, 226) if lit else coat(rng, ((214, 218, 220), (170, 176, 180))), 0.6
    for quad in nose[1:]:
        _lay(model, quad, rect(0.0, 0.7, deep + 0.02, 0.92), lamp, glow=lit)
    for outline in both_sides(0.58, 1.0, deep, 0.92):
        shares = [(0.5 + 0.5 * u, v) for u, v in outline]
        _lay(model, nose[0], shares, lamp, glow=lit)
    grille = coat(rng, ((20, 20, 22), (34, 35, 38), (120, 122, 126)))
    _lay(model, nose[0], rect(0.24, 0.76, deep - 0.06, 0.88), grille)
    _lay(model, nose[0], rect(0.1, 0.9, 0.06, 0.3), DARK)
    _lay(model, nose[0], rect(0.45, 0.55, 0.66, 0.8), (186, 188, 190))


def _ends(end: Station, inner: Station) -> list[Points]:
    """The (4, 3) quad across an end of a shell, then those around its two corners."""
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
    """Paint an outline of (u, v) shares on a quad, see :func:`laid_on`; it has no label."""
    model.faces.append(Face(laid_on(quad, outline), colour, None, solid=False, glow=glow))


def _wings(
    rng: np.random.Generator, model: Model, half: float, z: float, belt: float, colour: Colour
) -> None:
    """Mirrors at ``z``; drawn before the cabin, which hides the farther one."""
    shell = TRIM if rng.random() < 0.3 else colour
    for outline in both_sides(half * 0.95, half + 0.17, belt, belt + 0.15):
        model.end(outline, z, shell, facing=0.4, solid=True)


def _fittings(
    rng: np.random.Generator,
    model: Model,
    size: tuple[float, float, float],
    body: _Body,
    shades: Shades,
) -> None:
    """Door lines, handles, side mouldings and roof rails.

    Args:
        rng: draws them.
        model: gets the faces.
        size: half length, half width and belt, metres.
        body: the shape of the car.
        shades: the paint.
    """
    long, half, belt = size
    cowl, front, back, _ = (share * long for share in body.along)
    line = shade(shades.side, 0.45)
    for at in (cowl - 0.15, (front + back) / 2, back * 0.9)[: 1 + max(body.panes, 1)]:
        model.sides(rect(at - 0.012, at + 0.012, 0.34, belt * 0.94), half + 0.004, line)
        model.sides(rect(at + 0.08, at + 0.24, belt * 0.8, belt * 0.84), half + 0.006, line)
    if rng.random() < 0.25:
        model.sides(rect(-0.5 * long, 0.5 * long, 0.42, 0.5), half + 0.008, TRIM)
    if body.panes == 3 and rng.random() < 0.6:
        tall = belt / body.belt
        rail = rect(back + 0.1, front - 0.1, tall + 0.01, tall + 0.06)
        model.sides(rail, 0.66 * half, TRIM, facing=0.4)


def pickup(
    rng: np.random.Generator, x: float, z: float, heading: float = 0.0, *, fine: bool = True
) -> list[Thing]:
    """A pick-up, which Cityscapes counts among lorries; arguments and result as :func:`car`."""
    long, half, tall = rng.uniform(2.5, 2.9), rng.uniform(0.93, 1.02), rng.uniform(1.68, 1.9)
    cab = rng.uniform(-0.3, -0.1)
    body = _Body((long, long), (half, half), (tall, tall), 0.6, (0.4, 0.2, cab + 0.03, cab), 2, 0)
    belt, shades = body.belt * tall, draw_shades(rng, draw_paint(rng))
    model = Model((0, 0.5 * belt, 0))
    _underside(model, half, long, 0.37)
    shell = [
        (-long, 0.97 * half, 0.42, belt),
        (-long + 0.05, half, 0.36, belt),
        (0.4 * long, half, 0.36, belt),
        (0.93 * long, 0.96 * half, 0.36, belt * 0.9),
        (long, 0.84 * half, 0.42, belt * 0.8),
    ]
    loft(model, shell, ROUNDED, shades)
    bed = [(-0.9, -long + 0.08), (0.9, -long + 0.08), (0.9, cab * long), (-0.9, cab * long)]
    model.face([(half * px, belt + 0.01, pz) for px, pz in bed], shade(shades.low, 0.5))
    rim = coat(rng, _RIMS, 0)
    add_wheels(model, half, (-0.6 * long, 0.62 * long), 0.37, rim, fine=fine)
    _wings(rng, model, half, 0.4 * long - 0.25, belt, shades.side)
    _cabin(rng, model, body, (long, half, belt, tall), (shades, shades), fine=fine)
    _face_and_tail(rng, model, shell, shades, "van", lit=False)
    if fine:
        _fittings(rng, model, (long, half, belt), body, shades)
    return [model.placed("truck", x, z, heading), licence_plate(rng, x, z, heading, long)]
