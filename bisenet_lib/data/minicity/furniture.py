"""Street furniture and plants: poles, signs, lights, trees, fences, walls, bins."""

from collections.abc import Sequence

import numpy as np

from bisenet_lib.data.minicity.geometry import (
    Colour,
    Face,
    Model,
    Points,
    Thing,
    circle,
    curtain,
    disc,
    rect,
    rgb,
    upright,
)

GREY: Colour = (128, 130, 132)
_SIGN_BLUE: Colour = (28, 76, 158)
_SIGN_RED: Colour = (196, 30, 36)
_WHITE: Colour = (236, 236, 230)
_YELLOW: Colour = (240, 196, 40)


def _post(x: float, z: float, tall: float, thick: float, colour: Colour) -> list[Face]:
    half = thick / 2
    return [
        Face(upright(rect(-half, half, 0, tall), x, z), colour, 0.35),
        Face(upright(rect(0, half, 0, tall), x, z), colour, 0.8, solid=False),
    ]


def lamp_post(rng: np.random.Generator, x: float, z: float, *, lit: bool) -> list[Thing]:
    """A street lamp leaning over the road; its lamp counts as pole.

    Args:
        rng: draws height and style.
        x: metres to the right; the arm points to x = 0.
        z: metres ahead.
        lit: the lamp glows.

    Returns:
        One thing labelled ``pole``.
    """
    tall, towards = rng.uniform(6, 9), -np.sign(x)
    colour = tuple(rng.uniform(70, 150) * np.ones(3))
    faces = _post(x, z, tall, 0.16, colour)
    arm = [(0, tall), (0, tall - 0.16), (towards * 1.5, tall + 0.1), (towards * 1.5, tall + 0.22)]
    faces.append(Face(upright(arm, x, z), colour, 0.5))
    left, right = sorted((towards * 1.2, towards * 2.0))
    head = rect(left, right, tall + 0.02, tall + 0.24)
    glow = (255, 226, 160) if lit else (176, 178, 176)
    faces.append(Face(upright(head, x, z), glow, 0.5, glow=lit))
    return [Thing("pole", z, tuple(faces))]


def sign_post(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """A pole with one or two traffic signs; gives the pole, then its signs."""
    tall = rng.uniform(2.4, 3.0)
    things = [Thing("pole", z, tuple(_post(x, z, tall + 0.5, 0.075, GREY)))]
    for number in range(int(rng.integers(1, 3))):
        y = tall - 0.8 * number
        things.append(Thing("traffic sign", z - 0.02 * (number + 1), _sign(rng, x, y, z)))
    return things


def _sign(rng: np.random.Generator, x: float, y: float, z: float) -> tuple[Face, ...]:
    kind = rng.choice(["ban", "warn", "blue", "park", "priority", "back", "name"])

    def put(points: Sequence[tuple[float, float]], colour: Colour, *, solid: bool = True) -> Face:
        return Face(upright(points, x, z), colour, 0.7, solid=solid)

    size = rng.uniform(0.36, 0.5)
    if kind == "ban":
        return (
            put(disc(0, y, size), _SIGN_RED),
            put(disc(0, y, size * 0.74), _WHITE, solid=False),
            put(rect(-0.15, 0.15, y - 0.1, y + 0.1), (40, 40, 40), solid=False),
        )
    if kind == "warn":
        outer = [(-size, y - size * 0.7), (size, y - size * 0.7), (0, y + size)]
        inner = [(px * 0.62, y + (py - y) * 0.62 - 0.02) for px, py in outer]
        return (put(outer, _SIGN_RED), put(inner, _WHITE, solid=False))
    if kind in ("blue", "park"):
        board = disc(0, y, size) if kind == "blue" else rect(-size, size, y - size, y + size)
        mark = [(-0.1, y - 0.22), (0.02, y - 0.22), (0.14, y + 0.2), (-0.1, y + 0.22)]
        return (put(board, _SIGN_BLUE), put(mark, _WHITE, solid=False))
    if kind == "priority":
        outer = [(-size, y), (0, y - size), (size, y), (0, y + size)]
        inner = [(px * 0.7, y + (py - y) * 0.7) for px, py in outer]
        return (put(outer, _WHITE), put(inner, _YELLOW, solid=False))
    if kind == "name":
        board = rect(-1.3 * size, 1.3 * size, y - size, y + size)
        line = rect(-size, size, y + size * 0.3, y + size * 0.5)
        low = rect(-size, size * 0.4, y - size * 0.4, y - size * 0.2)
        colour = _YELLOW if rng.random() < 0.5 else _WHITE
        lines = [put(points, (40, 40, 44), solid=False) for points in (line, low)]
        return (put(board, colour), *lines)
    return (put(disc(0, y, size), (150, 152, 154)),)


def traffic_light(rng: np.random.Generator, x: float, z: float, *, arm: bool) -> list[Thing]:
    """A pole with a traffic light, and a second one over the road when ``arm``."""
    tall, towards = rng.uniform(3.2, 3.8), -np.sign(x)
    state = int(rng.integers(3))
    faces = _post(x, z, tall if not arm else 5.8, 0.14, GREY)
    spots = [(x, tall - 0.5)]
    if arm:
        left, right = sorted((0.0, towards * 3.4))
        beam = rect(left, right, 5.62, 5.76)
        faces.append(Face(upright(beam, x, z), GREY, 0.5))
        spots.append((x + towards * 3.3, 5.4))
    lights = [
        Thing("traffic light", z - 0.02, tuple(_lamp_box(px, py, z, state))) for px, py in spots
    ]
    return [Thing("pole", z, tuple(faces)), *lights]


def _lamp_box(x: float, y: float, z: float, state: int) -> list[Face]:
    faces = [Face(upright(rect(-0.21, 0.21, y - 0.58, y + 0.58), x, z), (28, 32, 30), 0.3)]
    for number, colour in enumerate(((255, 40, 30), (255, 190, 40), (40, 240, 150))):
        on = number == state
        shade = colour if on else rgb(0.25 * value for value in colour)
        ring = disc(0, y + 0.36 - 0.36 * number, 0.15, count=8)
        faces.append(Face(upright(ring, x, z), shade, 0.3, solid=False, glow=on))
    return faces


def bollards(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """Posts so close together that they are annotated as one ``polegroup``."""
    faces: list[Face] = []
    for number in range(int(rng.integers(4, 7))):
        faces += _post(x + 0.35 * number, z + 0.1 * number, 1.0, 0.12, (90, 92, 96))
    rail = rect(0, 0.35 * (len(faces) // 2 - 1), 0.8, 0.92)
    faces.append(Face(upright(rail, x, z), (90, 92, 96), 0.5))
    return [Thing("polegroup", z, tuple(faces))]


def _blobs(rng: np.random.Generator, spots: np.ndarray, x: float, z: float) -> Points:
    count = 28 if z < 30 else 14
    rough = 1 + 0.13 * rng.standard_normal((len(spots), count, 1))
    out = np.empty((len(spots), count, 3))
    out[..., :2] = spots[:, None, :2] + rough * spots[:, None, 2:] * circle(count) * (1, 0.92)
    out[..., 0] += x
    out[..., 2] = z
    return out


def foliage(
    rng: np.random.Generator,
    x: float,
    z: float,
    spots: list[tuple[float, float, float]],
    green: Colour,
    sun: float,
) -> list[Face]:
    """Clumps of leaves, the lit ones painted last.

    Args:
        rng: draws outlines and tones.
        x: metres to the right.
        z: metres ahead.
        spots: (dx, y, radius) of each clump.
        green: the leaves' colour.
        sun: -1..1, the side from which the light comes.

    Returns:
        Faces to put into a ``vegetation`` thing.
    """
    clumps = np.asarray(spots, float)
    count = len(clumps)
    lit = np.repeat(clumps, 3, 0) if z < 25 else clumps.copy()
    radius = lit[:, 2]
    lit[:, 0] += (0.22 * sun + rng.normal(0, 0.25, len(lit)) * (z < 25)) * radius
    lit[:, 1] += (0.25 + rng.normal(0, 0.25, len(lit)) * (z < 25)) * radius
    lit[:, 2] *= 0.34 if z < 25 else 0.62
    tones = np.concatenate((rng.uniform(0.72, 0.95, count), rng.uniform(0.86, 1.08, len(lit))))
    blobs = [*_blobs(rng, clumps, x, z), *_blobs(rng, lit, x, z)]
    return [
        Face(
            points,
            rgb(tone * value for value in green),
            0.35 if number < count else 0.75,
            "leaf",
            solid=number < count,
        )
        for number, (points, tone) in enumerate(zip(blobs, tones.tolist(), strict=True))
    ]


def tree(
    rng: np.random.Generator, x: float, z: float, tall: float, green: Colour, sun: float
) -> Thing:
    """A tree: trunk and crown are both ``vegetation``, as in Cityscapes."""
    tone = np.clip(np.array(green) * rng.normal(1, 0.12) * rng.normal(1, 0.04, 3), 8, 220)
    crown = tall * rng.uniform(0.26, 0.34)
    stem, bole = tall * 0.025 + 0.06, tall - 2.1 * crown
    trunk = [(-stem, 0), (stem, 0), (stem * 0.7, bole + crown), (-stem * 0.7, bole + crown)]
    bark: Colour = (84, 72, 60)
    faces = [
        Face(upright(trunk, x, z), bark, 0.25),
        Face(upright([(0, 0), *trunk[1:3], (0, bole + crown)], x, z), bark, 0.7, solid=False),
    ]
    spots = [(0.0, tall - crown, crown * 0.9)]
    for _ in range(6 if z < 45 else 3):
        angle, reach = rng.uniform(0, 2 * np.pi), crown * rng.uniform(0.45, 0.75)
        spots.append((reach * np.cos(angle), tall - crown + reach * np.sin(angle), crown * 0.58))
    spots.sort(key=lambda spot: spot[1])
    faces += foliage(rng, x, z, spots, tuple(tone.tolist()), sun)
    return Thing("vegetation", z, tuple(faces))


def hedge(
    rng: np.random.Generator, x: float, z0: float, z1: float, tall: float, green: Colour
) -> Thing:
    """A hedge along the street."""
    points = curtain(x, z0, z1, 0, tall)
    top = len(points) // 2
    points[top:, 1] += rng.normal(0, 0.08 * tall, len(points) - top)
    front = upright(rect(0, 1.2 * np.sign(x), 0, tall), x, z0)
    return Thing(
        "vegetation",
        z1,
        (Face(points, green, 0.5, "leaf"), Face(front, green, 0.3, "leaf")),
    )


def wall(x: float, z0: float, z1: float, tall: float, colour: Colour) -> Thing:
    """A free-standing wall along the street, with a coping."""
    cap = curtain(x, z0, z1, tall - 0.12, tall + 0.04)
    pale = rgb(min(1.15 * value, 240) for value in colour)
    front = upright(rect(0, 0.3 * np.sign(x), 0, tall), x, z0)
    faces = (
        Face(curtain(x, z0, z1, 0, tall), colour, 0.45, "brick"),
        Face(front, colour, 0.3, "brick"),
        Face(cap, pale, 0.8),
    )
    return Thing("wall", z1, faces)


def fence(x: float, z0: float, z1: float, tall: float, colour: Colour) -> Thing:
    """Railings along the street; the gaps show what is behind and are labelled too."""
    faces = [Face(curtain(x, z0, z1, 0, tall), colour, 0.5, alpha=0.0)]
    for y in (0.12 * tall, 0.9 * tall):
        faces.append(Face(curtain(x, z0, z1, y, y + 0.09), colour, 0.6))
    step = 0.22 if z0 < 14 else 0.45 if z0 < 30 else 1.2
    for z in np.arange(z0, z1, step).tolist():
        faces.append(Face(curtain(x, z, z + 0.09, 0, tall), colour, 0.5))
    return Thing("fence", z1, tuple(faces))


def guard_rail(x: float, z0: float, z1: float) -> Thing:
    """A steel guard rail along the road."""
    steel: Colour = (158, 162, 166)
    posts = np.arange(z0, z1, 3).tolist()
    faces = [Face(curtain(x, z, z + 0.12, 0, 0.6), GREY, 0.3) for z in posts]
    for y, gain in ((0.42, 0.7), (0.55, 1.1), (0.66, 0.85)):
        colour = rgb(gain * value for value in steel)
        faces.append(Face(curtain(x, z0, z1, y, y + 0.13), colour, 0.6))
    return Thing("guard rail", z1, tuple(faces))


def litter_bin(rng: np.random.Generator, x: float, z: float) -> Thing:
    """A bin, box or bench end (``static``)."""
    model = Model((0, 0.5, 0))
    half, tall = rng.uniform(0.25, 0.5), rng.uniform(0.8, 1.4)
    colour = tuple(rng.uniform((30, 40, 40), (140, 130, 120)))
    model.prism([(-half, 0), (-half, tall), (half, tall), (half, 0)], half, colour)
    model.end(rect(-half, half, tall - 0.2, tall - 0.1), -half - 0.01, (40, 40, 40))
    return model.placed("static", x, z)


def pram(rng: np.random.Generator, x: float, z: float) -> Thing:
    """A push-chair or parcel trolley, something that may move (``dynamic``)."""
    hood = tuple(rng.uniform(40, 190, 3))
    shapes = [
        (disc(-0.25, 0.14, 0.14, count=10), (30, 30, 30)),
        (disc(0.3, 0.14, 0.14, count=10), (30, 30, 30)),
        ([(-0.4, 0.3), (0.4, 0.3), (0.45, 0.75), (-0.3, 0.7)], hood),
        ([(-0.4, 0.7), (0.1, 0.7), (-0.1, 1.05), (-0.35, 1.0)], hood),
    ]
    return Thing("dynamic", z, tuple(Face(upright(p, x, z), c, 0.6) for p, c in shapes))
