"""Vehicles: cars, lorries, buses, trams, caravans, trailers and two-wheelers."""

import numpy as np

from bisenet_lib.data.minicity.geometry import Colour, Model, Thing, disc, rect, rgb

GLASS: Colour = (38, 46, 56)
TYRE: Colour = (24, 24, 26)
RED: Colour = (190, 24, 22)

_PAINTS: tuple[Colour, ...] = (
    (206, 208, 210),
    (168, 172, 176),
    (112, 116, 120),
    (44, 46, 50),
    (26, 28, 34),
    (232, 232, 228),
    (148, 30, 32),
    (36, 62, 116),
    (40, 84, 70),
    (190, 150, 60),
    (96, 70, 54),
    (120, 150, 176),
)


def _paint(rng: np.random.Generator) -> Colour:
    base = np.array(_PAINTS[rng.integers(len(_PAINTS))])
    return tuple(np.clip(base + rng.normal(0, 10, 3), 10, 245))


def _darker(colour: Colour, gain: float) -> Colour:
    return rgb(gain * value for value in colour)


def _wheels(model: Model, half: float, at: tuple[float, ...], radius: float) -> None:
    for z in at:
        model.sides(disc(z, radius, radius), half + 0.01, TYRE, solid=True)
        model.sides(disc(z, radius, radius * 0.55, count=8), half + 0.02, (132, 134, 138))


def _tyres(model: Model, half: float, ends: tuple[float, float], radius: float) -> None:
    for end in ends:
        for side in (-1, 1):
            inner, outer = sorted((side * half * 0.96, side * (half - 0.24)))
            model.end(rect(inner, outer, 0, radius), end, TYRE, solid=True)


def _lamps(model: Model, half: float, front: float, y: float, *, lit: bool) -> None:
    for side in (-1, 1):
        inner, outer = sorted((side * half * 0.55, side * half * 0.95))
        box = rect(inner, outer, y - 0.09, y + 0.09)
        model.end(box, -front - 0.02, RED, glow=lit)
        model.end(box, front + 0.02, (250, 246, 226) if lit else (206, 210, 212), glow=lit)


def _plate(model: Model, x: float, z: float, heading: float, reach: float) -> Thing:
    plate = Model(model.centre)
    for end in (-reach - 0.03, reach + 0.03):
        plate.face([(px, y, end) for px, y in rect(-0.26, 0.26, 0.5, 0.62)], (226, 226, 216))
    return plate.placed("license plate", x, z, heading)


def car(
    rng: np.random.Generator, x: float, z: float, heading: float = 0.0, *, lit: bool = False
) -> list[Thing]:
    """A car and its licence plate.

    Args:
        rng: draws its shape and paint.
        x: metres to the right.
        z: metres ahead.
        heading: radians; 0 drives away from the camera.
        lit: lamps are on.

    Returns:
        The car, then the plate.
    """
    long, half, tall = rng.uniform(1.95, 2.35), rng.uniform(0.86, 0.95), rng.uniform(1.42, 1.6)
    shape = rng.choice(["saloon", "hatch", "van"], p=[0.4, 0.42, 0.18])
    tall += 0.35 * (shape == "van")
    belt = 0.62 * tall if shape != "van" else 0.52 * tall
    colour = _paint(rng)
    back = {"saloon": 0.62, "hatch": 0.93, "van": 0.98}[shape] * long
    roof_back = back - {"saloon": 0.55, "hatch": 0.3, "van": 0.08}[shape]
    front = (0.45 if shape != "van" else 0.72) * long
    roof_front = front - 0.7
    model = Model((0, tall / 2, 0))
    body = [
        (-long, 0.3),
        (-long, belt - 0.08),
        (-back, belt),
        (front, belt),
        (long * 0.97, belt - 0.2),
        (long, 0.3),
    ]
    _tyres(model, half, (-0.8 * long, 0.8 * long), 0.4)
    model.prism(body, half, colour)
    model.sides(rect(-long, long, 0.22, 0.36), half + 0.005, (30, 30, 32))
    _wheels(model, half, (-0.62 * long, 0.62 * long), 0.31)
    model.end(rect(-half * 0.95, half * 0.95, 0.26, 0.44), -long - 0.01, _darker(colour, 0.5))
    model.end(rect(-half * 0.6, half * 0.6, 0.34, 0.52), long + 0.01, (26, 27, 30))
    _lamps(model, half, long, belt - 0.2, lit=lit)
    _cabin(model, (-back, -roof_back, roof_front, front), belt, tall, half * 0.9, colour)
    return [
        model.placed("car", x, z, heading),
        _plate(model, x, z, heading, long),
    ]


def _cabin(
    model: Model, along: tuple[float, ...], belt: float, tall: float, half: float, colour: Colour
) -> None:
    back, roof_back, roof_front, front = along
    model.prism([(back, belt), (roof_back, tall), (roof_front, tall), (front, belt)], half, colour)
    sill, head = belt + 0.04, tall - 0.1
    middle = (roof_back + roof_front) / 2
    for z0, z1, lean0, lean1 in (
        (back, middle - 0.05, roof_back - back, 0.0),
        (middle + 0.05, front, 0.0, roof_front - front),
    ):
        window = [
            (z0 + 0.1 + 0.1 * lean0, sill),
            (z1 - 0.1 + 0.1 * lean1, sill),
            (z1 - 0.06 + 0.85 * lean1, head),
            (z0 + 0.06 + 0.85 * lean0, head),
        ]
        model.sides(window, half + 0.01, GLASS, facing=0.35)
    for foot, top, away in ((back, roof_back, -0.03), (front, roof_front, 0.03)):
        lean = (top - foot) / (tall - belt)
        low, high = foot + lean * 0.05 + away, top - lean * 0.07 + away
        corners = [(-1, sill, low), (1, sill, low), (0.9, head, high), (-0.9, head, high)]
        model.face(
            [(half * 0.92 * px, y, pz) for px, y, pz in corners], GLASS, facing=0.4, solid=False
        )
        shine = [(-0.8, sill + 0.1, low), (-0.2, sill + 0.1, low), (0.1, head, high)]
        shine.append((-0.5, head, high))
        model.face(
            [(half * px, y, pz + away) for px, y, pz in shine],
            (150, 168, 184),
            facing=0.5,
            solid=False,
            alpha=0.35,
        )


def _box(
    model: Model, rear: float, front: float, low: float, top: float, half: float, colour: Colour
) -> None:
    model.prism([(rear, low), (rear, top), (front, top), (front, low)], half, colour)


def truck(rng: np.random.Generator, x: float, z: float, heading: float = 0.0) -> list[Thing]:
    """A lorry with a box body; arguments and result as in :func:`car`."""
    half, tall, long = rng.uniform(1.15, 1.25), rng.uniform(2.9, 3.6), rng.uniform(3.2, 4.6)
    cargo = _paint(rng) if rng.random() < 0.6 else (224, 224, 220)
    cab = _paint(rng)
    model = Model((0, tall / 2, 0))
    _tyres(model, half, (-0.8 * long, 0.8 * long), 0.6)
    model.sides(rect(-long, long - 0.2, 0.45, 0.95), half * 0.8, (34, 34, 36), solid=True)
    model.end(rect(-half * 0.9, half * 0.9, 0.5, 0.95), -long, (40, 40, 42), solid=True)
    _wheels(model, half * 0.95, (-0.62 * long, -0.35 * long, 0.7 * long), 0.48)
    _box(model, long - 1.7, long, 0.55, min(tall * 0.8, 2.7), half, cab)
    model.sides(rect(long - 1.2, long - 0.2, 1.6, 2.3), half + 0.01, GLASS)
    model.end(rect(-half * 0.85, half * 0.85, 1.5, 2.35), long + 0.01, GLASS)
    _lamps(model, half, long, 0.85, lit=False)
    _box(model, -long, long - 1.85, 0.95, tall, half, cargo)
    stripe = _paint(rng)
    model.sides(rect(-long * 0.8, long * 0.4, tall * 0.5, tall * 0.68), half + 0.02, stripe)
    for side in (-1, 1):
        x0, x1 = sorted((side * 0.05, side * half * 0.92))
        model.end(rect(x0, x1, 1.05, tall - 0.1), -long - 0.02, _darker(cargo, 0.85))
    return [model.placed("truck", x, z, heading), _plate(model, x, z, heading, long)]


def _coach(
    rng: np.random.Generator, long: float, half: float, tall: float, colours: tuple[Colour, Colour]
) -> Model:
    low, belt = 0.32, 0.46 * tall
    model = Model((0, tall / 2, 0))
    _tyres(model, half, (-0.9 * long, 0.9 * long), 0.5)
    _box(model, -long, long, low, tall, half, colours[0])
    model.sides(rect(-long, long, low, low + 0.35), half + 0.01, colours[1])
    count = int(long * 1.1)
    for edge in np.linspace(-long, long, count + 1)[:-1]:
        pane = rect(edge + 0.1, edge + 2 * long / count - 0.06, belt, tall - 0.35)
        model.sides(pane, half + 0.02, GLASS, facing=0.35)
    for end in (-long - 0.02, long + 0.02):
        model.end(rect(-half * 0.88, half * 0.88, belt - 0.1, tall - 0.4), end, GLASS, facing=0.35)
        model.end(rect(-half * 0.6, half * 0.6, tall - 0.33, tall - 0.1), end, (240, 170, 40))
        model.end(rect(-half, half, low, low + 0.35), end, colours[1])
        model.end(
            [(-half * 0.7, belt), (-half * 0.4, belt), (0, tall - 0.4), (-half * 0.3, tall - 0.4)],
            end * 1.001,
            (150, 168, 184),
            alpha=0.3,
        )
    _lamps(model, half, long, low + 0.5, lit=bool(rng.random() < 0.5))
    return model


def bus(
    rng: np.random.Generator, x: float, z: float, heading: float, colours: tuple[Colour, Colour]
) -> list[Thing]:
    """A town bus in the city's colours; result as in :func:`car`."""
    long = rng.uniform(5.0, 6.0)
    model = _coach(rng, long, 1.25, rng.uniform(2.9, 3.2), colours)
    _wheels(model, 1.26, (-0.55 * long, 0.6 * long), 0.48)
    return [model.placed("bus", x, z, heading), _plate(model, x, z, heading, long)]


def tram(
    rng: np.random.Generator, x: float, z: float, heading: float, colours: tuple[Colour, Colour]
) -> list[Thing]:
    """A tram (``train`` in Cityscapes) with its pantograph; result as in :func:`car`."""
    long = rng.uniform(8.0, 11.0)
    tall = rng.uniform(3.2, 3.5)
    model = _coach(rng, long, 1.2, tall, colours)
    model.sides(rect(-long, long, 0.12, 0.4), 1.15, (40, 40, 42))
    model.sides(rect(-long, long, tall * 0.36, tall * 0.42), 1.23, colours[1])
    model.end(rect(-0.4, 0.4, tall, tall + 0.15), 0.0, (70, 70, 74), facing=0.3, solid=True)
    return [model.placed("train", x, z, heading)]


def caravan(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """A parked caravan; result as in :func:`car`."""
    model = Model((0, 1.3, 0))
    profile = [(-2.4, 0.36), (-2.5, 1.4), (-2.2, 2.5), (2.2, 2.5), (2.5, 1.4), (2.4, 0.36)]
    _tyres(model, 1.1, (-0.5, 0.5), 0.6)
    model.prism(profile, 1.1, tuple(rng.uniform(210, 240, 3)))
    model.sides(rect(-1.4, 0.2, 1.3, 1.95), 1.11, GLASS)
    model.end(rect(-0.8, 0.8, 1.4, 2.0), -2.5, GLASS)
    model.sides(rect(-2.4, 2.4, 0.9, 1.0), 1.12, _paint(rng))
    _wheels(model, 1.1, (-0.2,), 0.32)
    return [model.placed("caravan", x, z), _plate(model, x, z, 0.0, 2.5)]


def trailer(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """A parked trailer; result as in :func:`car`."""
    model = Model((0, 0.8, 0))
    _tyres(model, 0.8, (-0.3, 0.3), 0.6)
    _box(model, -1.4, 1.4, 0.4, rng.uniform(0.9, 1.7), 0.8, _paint(rng))
    _wheels(model, 0.81, (0.0,), 0.3)
    _lamps(model, 0.8, 1.4, 0.6, lit=False)
    return [model.placed("trailer", x, z), _plate(model, x, z, 0.0, 1.4)]
