"""Traffic signs, direction boards and traffic lights, and the letters written on boards."""

import numpy as np

from bisenet_lib.data.minicity.colour import BLACK, GREY, STEELS, WHITE, YELLOW, Colour, pick, shade
from bisenet_lib.data.minicity.geometry import (
    Face,
    Outline,
    Points,
    Thing,
    bridged,
    disc,
    rect,
    upright,
)
from bisenet_lib.data.minicity.poles import post, wire

_SIGN_BLUE: Colour = (28, 76, 158)
_SIGN_RED: Colour = (196, 30, 36)
_SIGN_GREEN: Colour = (14, 104, 66)


def letters(
    rng: np.random.Generator, box: tuple[float, float, float, float]
) -> list[list[tuple[float, float]]]:
    """Marks that look like a line of letters.

    Args:
        rng: draws their widths.
        box: left, right, bottom and top of the line, metres.

    Returns:
        (dx, y) corners of each mark.
    """
    left, right, low, high = box
    marks: list[list[tuple[float, float]]] = []
    tall = high - low
    stem = tall * 0.2
    for wide, gap, kind in rng.random((24, 3)).tolist():
        end, top = left + tall * (0.2 + 0.5 * wide), high if kind < 0.6 else high - 0.3 * tall
        if end > right:
            break
        if wide < 0.3:
            marks.append(rect(left, left + stem, low, top))
        elif kind < 0.5:
            corner = [(left, low), (end, low), (end, low + stem)]
            marks.append([*corner, (left + stem, low + stem), (left + stem, top), (left, top)])
        else:
            marks.append(rect(left, end, low, top))
        left = end + tall * (0.6 if gap > 0.85 else 0.15)
    return marks


def sign_post(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """A pole with one or two traffic signs, or an arm with a board over the road.

    Args:
        rng: draws it.
        x: metres to the right.
        z: metres ahead.

    Returns:
        The pole, then its signs.
    """
    colour = shade(pick(rng, STEELS), rng.uniform(0.8, 1.1))
    if z > 16 and rng.random() < 0.07:
        return _gantry(rng, x, z, colour)
    tall = rng.uniform(1.9, 3.0)
    thick = rng.uniform(0.05, 0.11)
    things = [Thing("pole", z, tuple(post(x, z, tall + 0.5, thick, colour)))]
    for number in range(int(rng.integers(1, 3))):
        y = tall - 0.8 * number
        things.append(Thing("traffic sign", z - 0.02 * (number + 1), _sign(rng, x, y, z)))
    return things


def _gantry(rng: np.random.Generator, x: float, z: float, colour: Colour) -> list[Thing]:
    """A mast with a direction board over the road."""
    towards, tall = -float(np.sign(x)), rng.uniform(5.6, 7.0)
    reach, wide, high = rng.uniform(3, 6), rng.uniform(0.8, 1.7), rng.uniform(0.35, 0.8)
    faces = post(x, z, tall + 0.3, rng.uniform(0.18, 0.3), colour)
    left, right = sorted((0.0, towards * (reach + wide)))
    for y in (tall - 0.1, tall - 0.7)[: int(rng.integers(1, 3))]:
        faces.append(Face(upright(rect(left, right, y, y + 0.15), x, z), colour, 0.5))
    ground = pick(rng, (_SIGN_GREEN, _SIGN_GREEN, _SIGN_BLUE, WHITE, YELLOW))
    board = _board(rng, x + towards * reach, tall - 0.3, z, (wide, high), ground)
    return [Thing("pole", z, tuple(faces)), Thing("traffic sign", z - 0.02, tuple(board))]


def _board(
    rng: np.random.Generator,
    x: float,
    y: float,
    z: float,
    half: tuple[float, float],
    colour: Colour,
) -> list[Face]:
    """A rectangular sign with a rim and lines of letters.

    Args:
        rng: draws the letters.
        x: metres to the right.
        y: middle, metres above the ground.
        z: metres ahead.
        half: half width and half height, metres.
        colour: of the ground; the rim and the letters are black or white.

    Returns:
        Faces.
    """
    wide, high = half
    ink = BLACK if sum(colour) > 400 else WHITE
    faces = [Face(upright(rect(-wide, wide, y - high, y + high), x, z), ink, 0.7)]
    inner = rect(-0.95 * wide, 0.95 * wide, y - 0.93 * high, y + 0.93 * high)
    faces.append(Face(upright(inner, x, z), colour, 0.7, solid=False))
    rows = int(rng.integers(1, 4))
    for number in range(rows):
        top = y + high * (0.8 - 1.7 * number / rows)
        right = wide * rng.uniform(0.2, 0.85)
        marks = letters(rng, (-0.8 * wide, right, top - 1.1 * high / rows, top))
        faces.append(Face(bridged([upright(mark, x, z) for mark in marks]), ink, 0.7, solid=False))
    return faces


_SIGNS = (
    *("ban", "warn", "blue", "park", "priority", "back", "name", "stop", "give way"),
    *("diamond", "limit", "limit", "street", "one way", "works"),
)


def _sign(rng: np.random.Generator, x: float, y: float, z: float) -> tuple[Face, ...]:
    """The faces of a traffic sign of one of many kinds, ``y`` metres above the ground."""
    kind, size = pick(rng, _SIGNS), rng.uniform(0.28, 0.5)
    worn = rng.uniform(0.75, 1.05)

    def put(points: Outline, colour: Colour, *, solid: bool = True) -> Face:
        return Face(upright(points, x, z), shade(colour, worn), 0.7, solid=solid)

    def ringed(points: Outline, share: float, *tones: Colour) -> list[Face]:
        """A board of the first tone, and in it ``share`` of its size in the second."""
        inner = [(px * share, y + (py - y) * share) for px, py in points]
        return [put(points, tones[0]), put(inner, tones[1], solid=False)]

    def word(half: float, high: float, colour: Colour) -> Face:
        """A word in the middle of the sign; half its width and height in metres."""
        marks = letters(rng, (-half, half, y - high, y + high))
        return put(
            [(px, py) for px, py, _ in bridged([upright(m, 0, 0) for m in marks])],
            colour,
            solid=False,
        )

    diamond = [(-size, y), (0, y - size), (size, y), (0, y + size)]
    if kind == "ban":
        bar = rect(-size * 0.4, size * 0.4, y - 0.08, y + 0.08)
        sign = put(bar, BLACK, solid=False) if rng.random() < 0.5 else word(0.4 * size, 0.12, BLACK)
        return (*ringed(disc(0, y, size), 0.74, _SIGN_RED, WHITE), sign)
    if kind in ("warn", "give way"):
        up = 1 if kind == "warn" else -1
        outer = [(-size, y - 0.7 * up * size), (size, y - 0.7 * up * size), (0, y + up * size)]
        return tuple(ringed(outer, 0.66, _SIGN_RED, WHITE))
    if kind in ("blue", "park"):
        board = disc(0, y, size) if kind == "blue" else rect(-size, size, y - size, y + size)
        mark = [(-0.1, y - 0.22), (0.02, y - 0.22), (0.14, y + 0.2), (-0.1, y + 0.22)]
        return (put(board, _SIGN_BLUE), put(mark, WHITE, solid=False))
    if kind == "priority":
        return tuple(ringed(diamond, 0.7, WHITE, YELLOW))
    if kind in ("diamond", "works"):
        tone: Colour = YELLOW if kind == "diamond" else (240, 120, 30)
        arrow = [(-0.06, y - 0.25), (0.06, y - 0.25), (0.06, y), (0.18, y + 0.05), (0, y + 0.28)]
        return (*ringed(diamond, 0.92, BLACK, tone), put(arrow, BLACK, solid=False))
    if kind == "stop":
        octagon = disc(0, y, size, count=8)
        return (*ringed(octagon, 0.93, WHITE, _SIGN_RED), word(0.6 * size, 0.3 * size, WHITE))
    if kind == "back":
        return (
            put(
                pick(rng, (disc(0, y, size), diamond, rect(-size, size, y - size, y + size))), GREY
            ),
        )
    forms = {"name": (1.3, 1.0), "limit": (0.75, 1.0), "street": (1.4, 0.3), "one way": (1.2, 0.4)}
    wide, high = forms[kind]
    ground = {
        "name": pick(rng, (YELLOW, WHITE, _SIGN_BLUE)),
        "street": pick(rng, (_SIGN_GREEN, _SIGN_BLUE, WHITE)),
        "one way": BLACK,
    }.get(kind, WHITE)
    return tuple(_board(rng, x, y, z, (wide * size, high * size), shade(ground, worn)))


def traffic_light(rng: np.random.Generator, x: float, z: float, *, arm: bool) -> list[Thing]:
    """A pole with traffic lights.

    Args:
        rng: draws it.
        x: metres to the right.
        z: metres ahead.
        arm: some lights hang over the road, from an arm or a wire.

    Returns:
        One or two poles, then the lights.
    """
    tall, towards = rng.uniform(2.8, 3.8), -float(np.sign(x))
    state, horizontal = int(rng.integers(3)), bool(rng.random() < 0.1)
    colour = pick(rng, STEELS)
    housing: Colour = pick(rng, (BLACK, (28, 32, 30), (214, 168, 34), (44, 66, 50)))
    top, thick = rng.uniform(5.6, 6.6) if arm else tall, rng.uniform(0.11, 0.24)
    faces = post(x, z, top, thick, colour, rng.uniform(0.7, 1))
    poles = [faces]
    spots = [(x + rng.choice([0.0, 0.25, -0.25]), tall - 0.5)]
    if arm:
        kind = rng.choice(["short", "mast", "wire"], p=[0.25, 0.55, 0.2])
        reach = rng.uniform(2.6, 4.2) if kind == "short" else rng.uniform(5, 8.5)
        hang = top - (0.2 if kind != "wire" else 0.9)
        shares = (1.0,) if kind == "short" else (0.55, 0.97, 0.75)[: int(rng.integers(1, 4))]
        spots += [(x + towards * reach * share, hang - rng.choice([0.0, 0.5])) for share in shares]
        if kind == "wire":
            far = x + towards * max(reach, 9.0)
            poles.append(post(far, z, top, thick, colour))
            faces.append(wire((x, top, z), (far, top, z)))
        else:
            rise = rng.uniform(0, 0.5)
            beam = [(0, top - 0.3), (0, top - 0.1), (towards * reach, top - 0.12 + rise)]
            beam.append((towards * reach, top - 0.2 + rise))
            faces.append(Face(upright(beam, x, z), colour, 0.5))
    lights = [
        Thing(
            "traffic light",
            z - 0.02,
            tuple(_lamp_box(px, py, z, state, housing, horizontal=horizontal)),
        )
        for px, py in spots
    ]
    return [*(Thing("pole", z, tuple(part)) for part in poles), *lights]


def _lamp_box(
    x: float, y: float, z: float, state: int, housing: Colour, *, horizontal: bool
) -> list[Face]:
    """The three lamps of a traffic light.

    Args:
        x: metres to the right.
        y: middle, metres above the ground.
        z: metres ahead.
        state: the lamp that is on: 0 red, 1 amber, 2 green.
        housing: colour.
        horizontal: it lies on its side.

    Returns:
        Faces.
    """

    def laid(points: Outline) -> Points:
        """The points of an upright box, laid on its side if need be."""
        box = [(py, px) for px, py in points] if horizontal else points
        return upright(box, x, z) + np.array((0, y, 0))

    faces = [
        Face(laid(rect(-0.21, 0.21, -0.58, 0.58)), housing, 0.4),
        Face(laid(rect(-0.21, -0.12, -0.58, 0.58)), shade(housing, 0.6), 0.2, solid=False),
    ]
    for number, colour in enumerate(((255, 40, 30), (255, 190, 40), (40, 240, 150))):
        on = number == state
        tone = colour if on else shade(colour, 0.25)
        middle = 0.36 - 0.36 * number
        hood = laid(rect(-0.16, 0.16, middle + 0.06, middle + 0.18))
        faces.append(Face(laid(disc(0, middle, 0.15, count=8)), tone, 0.3, solid=False, glow=on))
        faces.append(Face(hood, shade(housing, 0.5), 0.2, solid=False))
    return faces
