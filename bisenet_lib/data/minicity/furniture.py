"""Street furniture and plants: poles, signs, lights, trees, fences, walls, bins."""

from collections.abc import Sequence
from typing import TypeVar

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

Kind = TypeVar("Kind")

GREY: Colour = (128, 130, 132)
_SIGN_BLUE: Colour = (28, 76, 158)
_SIGN_RED: Colour = (196, 30, 36)
_SIGN_GREEN: Colour = (14, 104, 66)
_WHITE: Colour = (236, 236, 230)
_YELLOW: Colour = (240, 196, 40)
_BLACK: Colour = (34, 34, 38)
_STEELS: tuple[Colour, ...] = (
    GREY,
    (176, 180, 184),
    (92, 96, 100),
    (44, 46, 48),
    (38, 62, 52),
    (150, 140, 122),
    (206, 206, 200),
    (108, 74, 52),
    (196, 168, 40),
)
_WOODS: tuple[Colour, ...] = ((112, 88, 66), (86, 70, 58), (132, 116, 100), (70, 62, 56))
_BARKS: tuple[Colour, ...] = (
    (84, 72, 60),
    (112, 98, 82),
    (56, 48, 42),
    (150, 142, 128),
    (92, 88, 84),
)
_LEAVES: tuple[Colour, ...] = (
    (98, 122, 58),
    (136, 146, 62),
    (74, 100, 48),
    (96, 100, 60),
    (60, 90, 66),
    (44, 60, 38),
    (30, 42, 28),
    (120, 132, 96),
    (84, 84, 54),
    (66, 98, 86),
)
_AUTUMN: tuple[Colour, ...] = ((176, 118, 44), (150, 74, 42), (190, 154, 56), (120, 84, 52))
_LEAF_GRAINS = ("leaf", "leaf-coarse", "leaf-fine", "leaf-soft")


def pick(rng: np.random.Generator, kinds: Sequence[Kind]) -> Kind:
    """One of several, each with the same chance."""
    return kinds[int(rng.integers(len(kinds)))]


def shade(colour: Colour, gain: float) -> Colour:
    """A colour made darker or brighter."""
    return rgb(min(max(gain * value, 0.0), 250.0) for value in colour)


def bridged(polygons: Sequence[Points]) -> Points:
    """Several polygons as one, joined by lines without area.

    Args:
        polygons: each (N, 3) metres; where two overlap, a hole is left.

    Returns:
        (M, 3) metres.
    """
    rings = [part for points in polygons for part in (points, points[:1])]
    return np.concatenate([*rings, *(points[:1] for points in polygons[-2::-1])])


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


def _post(
    x: float, z: float, tall: float, thick: float, colour: Colour, top: float = 1.0
) -> list[Face]:
    half = thick / 2
    left, right = (-half, 0), (half, 0)
    up = [(half * top, tall), (-half * top, tall)]
    lit = [(0.1 * half, 0), right, up[0], (0.1 * half, tall)]
    return [
        Face(upright([left, right, *up], x, z), colour, 0.35),
        Face(upright(lit, x, z), colour, 0.8, solid=False),
    ]


def lamp_post(rng: np.random.Generator, x: float, z: float, *, lit: bool) -> list[Thing]:
    """A street lamp of one of several kinds, or a telegraph pole; its lamp counts as pole.

    Args:
        rng: draws height and style.
        x: metres to the right; the arm points to x = 0.
        z: metres ahead.
        lit: the lamp glows.

    Returns:
        One thing labelled ``pole``.
    """
    kind = rng.choice(["arm", "double", "globe", "wood", "bare"], p=[0.44, 0.12, 0.14, 0.22, 0.08])
    glow: Colour = (255, 226, 160) if lit else pick(rng, ((176, 178, 176), (70, 72, 74), _WHITE))
    if kind == "wood":
        return [Thing("pole", z, tuple(_telegraph(rng, x, z)))]
    colour = shade(pick(rng, _STEELS), rng.uniform(0.8, 1.15))
    tall = rng.uniform(3, 5) if kind == "globe" else rng.uniform(5.5, 11)
    faces = _post(x, z, tall, rng.uniform(0.09, 0.26), colour, rng.uniform(0.5, 1))
    if rng.random() < 0.4:
        faces.append(Face(upright(rect(-0.2, 0.2, 0, rng.uniform(0.3, 1.1)), x, z), colour, 0.4))
    if kind == "globe":
        shape = disc(0, tall + 0.2, 0.26) if rng.random() < 0.5 else _lantern(tall)
        faces.append(Face(upright(shape, x, z), glow, 0.6, glow=lit))
        faces.append(Face(upright(rect(-0.2, 0.2, tall + 0.4, tall + 0.5), x, z), colour, 0.6))
    elif kind != "bare":
        towards = -float(np.sign(x))
        reach, rise = rng.uniform(1.0, 3.2), rng.uniform(-0.1, 0.9)
        for way in (towards, -towards)[: 2 if kind == "double" else 1]:
            faces += _lamp_arm(x, z, tall, (way * reach, rise), colour, glow, lit=lit)
    return [Thing("pole", z, tuple(faces))]


def _lantern(tall: float) -> list[tuple[float, float]]:
    return [(-0.12, tall), (0.12, tall), (0.24, tall + 0.45), (-0.24, tall + 0.45)]


def _lamp_arm(
    x: float,
    z: float,
    tall: float,
    reach: tuple[float, float],
    colour: Colour,
    glow: Colour,
    *,
    lit: bool,
) -> list[Face]:
    away, rise = reach
    end, bow = tall + rise, tall + 0.85 * rise
    arm = [(0, tall - 0.14), (0.5 * away, bow - 0.1), (away, end), (away, end + 0.1)]
    arm += [(0.5 * away, bow + 0.02), (0, tall)]
    left, right = sorted((0.9 * away, away + 0.7 * np.sign(away)))
    head = [(left, end), (right, end), (right, end + 0.12), (left, end + 0.2)]
    return [
        Face(upright(arm, x, z), colour, 0.5),
        Face(upright(head, x, z), glow, 0.5, glow=lit),
        Face(upright(rect(left, right, end + 0.12, end + 0.2), x, z), colour, 0.7, solid=False),
    ]


def _telegraph(rng: np.random.Generator, x: float, z: float) -> list[Face]:
    """A wooden pole with cross-arms, sometimes a transformer, and wires along the street."""
    tall, wood = rng.uniform(8, 11.5), pick(rng, _WOODS)
    faces = _post(x, z, tall, rng.uniform(0.22, 0.36), wood, 0.75)
    faces[0] = faces[0]._replace(texture="bark")
    spots = []
    for number in range(int(rng.integers(1, 4))):
        y, half = tall - 0.4 - 0.9 * number, rng.uniform(0.7, 1.3)
        faces.append(Face(upright(rect(-half, half, y, y + 0.13), x, z), wood, 0.4))
        spots += [(x + half * share, y + 0.2) for share in (-0.9, -0.4, 0.9)]
    if rng.random() < 0.35:
        can = rect(0.1, 0.65, tall - 3.4, tall - 2.4)
        faces.append(Face(upright(can, x, z), pick(rng, _STEELS), 0.5))
        faces.append(Face(upright(rect(0.1, 0.25, *can[1][1:], can[2][1]), x, z), _BLACK, 0.3))
    for wire_x, y in spots[: 6 if z < 60 else 2]:
        faces.append(_wire((wire_x, y, z - 30), (wire_x, y, z + 30)))
    if rng.random() < 0.5:
        across = (-1.2 * x, tall - rng.uniform(0.5, 2), z + rng.uniform(-3, 3))
        faces.append(_wire((x, tall - 1.2, z), across))
    return faces


def _wire(start: tuple[float, float, float], end: tuple[float, float, float]) -> Face:
    """A sagging wire, painted but not labelled."""
    share = np.linspace(0, 1, 7)[:, None]
    line = np.array(start) * (1 - share) + np.array(end) * share
    line[:, 1] -= 2.4 * (share * (1 - share))[:, 0]
    points = np.concatenate((line, line[::-1] + np.array((0, 0.025, 0))))
    return Face(points, (40, 42, 46), 0.2, solid=False)


def sign_post(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """A pole with one or two traffic signs, or an arm with a board over the road.

    Gives the pole, then its signs.
    """
    colour = shade(pick(rng, _STEELS), rng.uniform(0.8, 1.1))
    if z > 16 and rng.random() < 0.07:
        return _gantry(rng, x, z, colour)
    tall = rng.uniform(1.9, 3.0)
    thick = rng.uniform(0.05, 0.11)
    things = [Thing("pole", z, tuple(_post(x, z, tall + 0.5, thick, colour)))]
    for number in range(int(rng.integers(1, 3))):
        y = tall - 0.8 * number
        things.append(Thing("traffic sign", z - 0.02 * (number + 1), _sign(rng, x, y, z)))
    return things


def _gantry(rng: np.random.Generator, x: float, z: float, colour: Colour) -> list[Thing]:
    """A mast with a direction board over the road."""
    towards, tall = -float(np.sign(x)), rng.uniform(5.6, 7.0)
    reach, wide, high = rng.uniform(3, 6), rng.uniform(0.8, 1.7), rng.uniform(0.35, 0.8)
    faces = _post(x, z, tall + 0.3, rng.uniform(0.18, 0.3), colour)
    left, right = sorted((0.0, towards * (reach + wide)))
    for y in (tall - 0.1, tall - 0.7)[: int(rng.integers(1, 3))]:
        faces.append(Face(upright(rect(left, right, y, y + 0.15), x, z), colour, 0.5))
    ground = pick(rng, (_SIGN_GREEN, _SIGN_GREEN, _SIGN_BLUE, _WHITE, _YELLOW))
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
    """A rectangular sign with a rim and lines of letters; ``half`` its width and height."""
    wide, high = half
    ink = _BLACK if sum(colour) > 400 else _WHITE
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
    kind, size = pick(rng, _SIGNS), rng.uniform(0.28, 0.5)
    worn = rng.uniform(0.75, 1.05)

    def put(points: Sequence[tuple[float, float]], colour: Colour, *, solid: bool = True) -> Face:
        return Face(upright(points, x, z), shade(colour, worn), 0.7, solid=solid)

    def ringed(points: Sequence[tuple[float, float]], share: float, *tones: Colour) -> list[Face]:
        inner = [(px * share, y + (py - y) * share) for px, py in points]
        return [put(points, tones[0]), put(inner, tones[1], solid=False)]

    def word(half: float, high: float, colour: Colour) -> Face:
        marks = letters(rng, (-half, half, y - high, y + high))
        return put(
            [(px, py) for px, py, _ in bridged([upright(m, 0, 0) for m in marks])],
            colour,
            solid=False,
        )

    turned = [(-size, y), (0, y - size), (size, y), (0, y + size)]
    if kind == "ban":
        bar = rect(-size * 0.4, size * 0.4, y - 0.08, y + 0.08)
        sign = (
            put(bar, _BLACK, solid=False) if rng.random() < 0.5 else word(0.4 * size, 0.12, _BLACK)
        )
        return (*ringed(disc(0, y, size), 0.74, _SIGN_RED, _WHITE), sign)
    if kind in ("warn", "give way"):
        up = 1 if kind == "warn" else -1
        outer = [(-size, y - 0.7 * up * size), (size, y - 0.7 * up * size), (0, y + up * size)]
        return tuple(ringed(outer, 0.66, _SIGN_RED, _WHITE))
    if kind in ("blue", "park"):
        board = disc(0, y, size) if kind == "blue" else rect(-size, size, y - size, y + size)
        mark = [(-0.1, y - 0.22), (0.02, y - 0.22), (0.14, y + 0.2), (-0.1, y + 0.22)]
        return (put(board, _SIGN_BLUE), put(mark, _WHITE, solid=False))
    if kind == "priority":
        return tuple(ringed(turned, 0.7, _WHITE, _YELLOW))
    if kind in ("diamond", "works"):
        tone: Colour = _YELLOW if kind == "diamond" else (240, 120, 30)
        arrow = [(-0.06, y - 0.25), (0.06, y - 0.25), (0.06, y), (0.18, y + 0.05), (0, y + 0.28)]
        return (*ringed(turned, 0.92, _BLACK, tone), put(arrow, _BLACK, solid=False))
    if kind == "stop":
        octagon = [(px, py) for px, py in disc(0, y, size, count=8)]
        return (*ringed(octagon, 0.93, _WHITE, _SIGN_RED), word(0.6 * size, 0.3 * size, _WHITE))
    if kind == "back":
        return (
            put(pick(rng, (disc(0, y, size), turned, rect(-size, size, y - size, y + size))), GREY),
        )
    forms = {"name": (1.3, 1.0), "limit": (0.75, 1.0), "street": (1.4, 0.3), "one way": (1.2, 0.4)}
    wide, high = forms[kind]
    ground = {
        "name": pick(rng, (_YELLOW, _WHITE, _SIGN_BLUE)),
        "street": pick(rng, (_SIGN_GREEN, _SIGN_BLUE, _WHITE)),
        "one way": _BLACK,
    }.get(kind, _WHITE)
    return tuple(_board(rng, x, y, z, (wide * size, high * size), shade(ground, worn)))


def traffic_light(rng: np.random.Generator, x: float, z: float, *, arm: bool) -> list[Thing]:
    """A pole with traffic lights; with ``arm``, some hang over the road, from an arm or a wire."""
    tall, towards = rng.uniform(2.8, 3.8), -float(np.sign(x))
    state, horizontal = int(rng.integers(3)), bool(rng.random() < 0.1)
    colour = pick(rng, _STEELS)
    housing: Colour = pick(rng, (_BLACK, (28, 32, 30), (214, 168, 34), (44, 66, 50)))
    top, thick = rng.uniform(5.6, 6.6) if arm else tall, rng.uniform(0.11, 0.24)
    faces = _post(x, z, top, thick, colour, rng.uniform(0.7, 1))
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
            poles.append(_post(far, z, top, thick, colour))
            faces.append(_wire((x, top, z), (far, top, z)))
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
    def turned(points: Sequence[tuple[float, float]]) -> Points:
        """The points of an upright box, laid on its side if need be."""
        laid = [(py, px) for px, py in points] if horizontal else points
        return upright(laid, x, z) + np.array((0, y, 0))

    faces = [
        Face(turned(rect(-0.21, 0.21, -0.58, 0.58)), housing, 0.4),
        Face(turned(rect(-0.21, -0.12, -0.58, 0.58)), shade(housing, 0.6), 0.2, solid=False),
    ]
    for number, colour in enumerate(((255, 40, 30), (255, 190, 40), (40, 240, 150))):
        on = number == state
        tone = colour if on else rgb(0.25 * value for value in colour)
        middle = 0.36 - 0.36 * number
        hood = turned(rect(-0.16, 0.16, middle + 0.06, middle + 0.18))
        faces.append(Face(turned(disc(0, middle, 0.15, count=8)), tone, 0.3, solid=False, glow=on))
        faces.append(Face(hood, shade(housing, 0.5), 0.2, solid=False))
    return faces


def bollards(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """Posts so close together that they are annotated as one ``polegroup``."""
    faces: list[Face] = []
    colour, tall = shade(pick(rng, _STEELS), 0.9), rng.uniform(0.7, 1.2)
    thick = rng.uniform(0.08, 0.22)
    for number in range(int(rng.integers(4, 7))):
        faces += _post(x + 0.35 * number, z + 0.1 * number, tall, thick, colour)
    rail = rect(0, 0.35 * (len(faces) // 2 - 1), 0.8 * tall, 0.92 * tall)
    faces.append(Face(upright(rail, x, z), colour, 0.5))
    return [Thing("polegroup", z, tuple(faces))]


def _blobs(
    rng: np.random.Generator, spots: np.ndarray, x: float, z: float, count: int, rough: float
) -> Points:
    """Ragged outlines (S, count, 3) around (S, 3) spots of dx, y, radius."""
    ragged = 1 + rough * rng.standard_normal((len(spots), count, 1))
    ragged += np.repeat(ragged[:, ::4] - 1, 4, 1)[:, :count]
    out = np.empty((len(spots), count, 3))
    out[..., :2] = spots[:, None, :2] + ragged * spots[:, None, 2:] * circle(count) * (1, 0.92)
    out[..., 0] += x
    out[..., 1] = np.maximum(out[..., 1], 0)
    out[..., 2] = z
    return out


def foliage(
    rng: np.random.Generator,
    x: float,
    z: float,
    spots: list[tuple[float, float, float]],
    green: Colour,
    sun: float,
    *,
    texture: str = "leaf",
    thin: bool = False,
) -> list[Face]:
    """Clumps of leaves: dark inside and below, brighter tufts towards the light.

    Args:
        rng: draws outlines and tones.
        x: metres to the right.
        z: metres ahead.
        spots: (dx, y, radius) of each clump.
        green: the leaves' colour.
        sun: -1..1, the side from which the light comes.
        texture: grain of the leaves.
        thin: what is behind shows through between the leaves.

    Returns:
        Faces to put into a ``vegetation`` thing.
    """
    clumps = np.asarray(spots, float)
    near, middle = z < 25, z < 60
    texture = texture if z < 90 else ""
    count = 60 if z < 12 else 36 if near else 16 if middle else 10
    each, size = (16, 0.6) if z < 12 else (8, 0.85) if near else (4 if middle else 2, 0.9)
    low, high = clumps[:, 1].min(), clumps[:, 1].max() + 0.01
    depth = rng.uniform(0.4, 0.75)
    faces = []
    for points, clump in zip(_blobs(rng, clumps, x, z, count, 0.09), clumps, strict=True):
        tone = depth + 0.25 * (clump[1] - low) / (high - low) + rng.normal(0, 0.05)
        dark = Face(points, shade(green, tone), 0.25, "" if thin else texture)
        faces.append(dark._replace(alpha=0.0) if thin else dark)
    layers = ((0.7, -0.15, 0.3), (0.9, 0.05, 0.5), (rng.uniform(1.05, 1.4), 0.3, 0.85))
    for tone, lift, light in layers[0 if thin or z < 12 else 1 if middle else 2 :]:
        tufts = _tufts(rng, clumps, (0.45 * sun, lift), each)
        tufts[:, 2] *= size * (1.3 if thin else 1)
        rings = _blobs(rng, tufts, x, z, 7 if near else 5, 0.25)
        colour = shade(green, tone * rng.uniform(0.92, 1.08))
        faces.append(Face(bridged(list(rings)), colour, light, texture, solid=False))
    return faces


def _tufts(
    rng: np.random.Generator, clumps: np.ndarray, lean: tuple[float, float], each: int
) -> np.ndarray:
    """Small spots (T, 3) inside clumps, shifted by ``lean`` radii, neighbours in succession."""
    tufts = np.repeat(clumps, each, 0)
    radius = tufts[:, 2].copy()
    away = rng.normal(0, 0.33, (len(tufts), 2)) + lean
    away /= np.maximum(np.sqrt((away**2).sum(1, keepdims=True)) / 0.64, 1)
    tufts[:, :2] += away * radius[:, None]
    tufts[:, 2] = radius * rng.uniform(0.16, 0.38, len(tufts))
    row = np.floor((tufts[:, 1] - tufts[:, 1].min()) / max(radius.mean(), 0.1))
    return tufts[np.lexsort((tufts[:, 0] * (-1) ** row, row))]


def leaf_colour(rng: np.random.Generator, green: Colour) -> Colour:
    """The leaves of one plant: between the city's green and that of some species."""
    share = rng.uniform(0.1, 0.9)
    kinds = _AUTUMN if rng.random() < 0.08 else _LEAVES
    mixed = share * np.array(green) + (1 - share) * np.array(pick(rng, kinds))
    return rgb(np.clip(mixed * rng.normal(0.92, 0.16) * rng.normal(1, 0.05, 3), 12, 225))


_TREES = ("round", "wide", "clumps", "column", "conifer", "palm", "bare", "shrub")
_TREE_CHANCES = (0.26, 0.2, 0.17, 0.08, 0.08, 0.04, 0.09, 0.08)


def tree(
    rng: np.random.Generator, x: float, z: float, tall: float, green: Colour, sun: float
) -> Thing:
    """A tree of one of several species: trunk and crown are ``vegetation``, as in Cityscapes."""
    kind = str(rng.choice(_TREES, p=_TREE_CHANCES))
    leaf, bark = leaf_colour(rng, green), pick(rng, _BARKS)
    if kind == "bare":
        return Thing("vegetation", z, tuple(_bare(rng, x, z, tall, bark)))
    if kind == "palm":
        return Thing("vegetation", z, tuple(_palm(rng, x, z, tall, leaf, bark)))
    spots, bole = _crown(rng, kind, tall, 7 if z < 45 else 4)
    faces = [] if kind == "shrub" else _trunk(rng, x, z, (tall, bole), bark)
    needles = kind in ("column", "conifer")
    faces += foliage(
        rng,
        x,
        z,
        spots,
        shade(leaf, 0.7) if needles else leaf,
        sun,
        texture="needles" if needles else pick(rng, _LEAF_GRAINS),
        thin=z < 30 and (kind == "clumps" or (kind in ("round", "wide") and rng.random() < 0.2)),
    )
    return Thing("vegetation", z, tuple(faces))


def _crown(
    rng: np.random.Generator, kind: str, tall: float, count: int
) -> tuple[list[tuple[float, float, float]], float]:
    """The clumps (dx, y, radius) of a crown, lowest first, and how high the stem reaches."""
    if kind in ("column", "conifer"):
        steps, foot = np.linspace(0, 1, count), tall * rng.uniform(0.02, 0.2)
        wide = tall * (rng.uniform(0.07, 0.13) if kind == "column" else rng.uniform(0.16, 0.26))
        taper = 0.4 if kind == "column" else 0.85
        radii = np.maximum(wide * (1 - taper * steps), 0.8 * (tall - foot) / count)
        heights = foot + wide * 0.7 + (tall - foot - 1.1 * wide) * steps
        shifts = rng.normal(0, 0.1 * wide, count)
        return list(zip(shifts.tolist(), heights.tolist(), radii.tolist(), strict=True)), tall * 0.8
    if kind == "shrub":
        tall *= 0.45
    crown = tall * rng.uniform(0.24, 0.36) * (1.3 if kind == "wide" else 1)
    middle = 0.8 * crown if kind == "shrub" else max(tall - crown, crown + 1.6)
    size = 0.5 if kind == "clumps" else 0.62
    spots = [(0.0, middle, crown * (0.55 if kind == "clumps" else 0.85))]
    first = rng.uniform(0, 2 * np.pi)
    for number in range(count):
        angle = first + 2 * np.pi * number / count + rng.normal(0, 0.25)
        reach = crown * rng.uniform(0.5, 0.9)
        high = 0.65 if kind == "wide" else 1.0
        radius = crown * size * rng.uniform(0.75, 1.1)
        spots.append((reach * np.cos(angle), middle + high * reach * np.sin(angle), radius))
    return sorted(spots, key=lambda spot: spot[1]), middle


def _trunk(
    rng: np.random.Generator, x: float, z: float, size: tuple[float, float], bark: Colour
) -> list[Face]:
    """A stem and its forks; ``size`` is the tree's height and how high the stem reaches."""
    tall, bole = size
    stem, lean = (tall * 0.02 + 0.04) * rng.uniform(0.7, 1.5), rng.normal(0, 0.03) * bole
    fork = bole * rng.uniform(0.45, 0.8)
    trunk = [(-1.3 * stem, 0), (1.3 * stem, 0), (0.85 * stem + lean, fork)]
    trunk += [(0.5 * stem + lean, bole), (lean - 0.5 * stem, bole), (lean - 0.85 * stem, fork)]
    faces = [
        Face(upright(trunk, x, z), bark, 0.25, "bark"),
        Face(upright([(0.2 * stem, 0), *trunk[1:4]], x, z), bark, 0.75, solid=False),
    ]
    if z < 40:
        forks = []
        for way in (-1, 1, rng.choice([-1, 1])):
            reach = way * tall * rng.uniform(0.08, 0.2)
            end = fork + tall * rng.uniform(0.12, 0.25)
            start = fork * rng.uniform(0.85, 1.05)
            thin = 0.35 * stem
            branch = [(lean, start), (lean + stem * way * 0.7, start), (reach + thin, end)]
            forks.append(upright([*branch, (reach - thin, end)], x, z))
        faces += [Face(points, shade(bark, 0.8), 0.3, solid=False) for points in forks]
    return faces


def _bare(rng: np.random.Generator, x: float, z: float, tall: float, bark: Colour) -> list[Face]:
    """A tree without leaves: branches, and a veil of twigs that is labelled as a whole."""
    stem = tall * 0.018 + 0.04
    limbs: list[Points] = []
    ends: list[tuple[float, float]] = []
    depth = 4 if z < 30 else 3 if z < 60 else 2

    def grow(
        start: tuple[float, float], angle: float, long: float, thick: float, left: int
    ) -> None:
        """One limb and those that grow from it."""
        end = (start[0] + long * np.sin(angle), start[1] + long * np.cos(angle))
        across = 0.5 * thick * np.array([np.cos(angle), -np.sin(angle)])
        thin = 0.6 * across
        quad = np.array([start - across, start + across, end + thin, end - thin])
        limbs.append(upright(quad, x, z))
        ends.append(end)
        for _ in range(int(rng.integers(2, 4)) if left else 0):
            spread = angle + rng.normal(0, 0.5)
            grow(end, spread, long * rng.uniform(0.6, 0.85), 0.6 * thick, left - 1)

    grow((0.0, 0.0), rng.normal(0, 0.04), 0.32 * tall, 2 * stem, depth)
    reach = np.array(ends[1:])
    middle, spread = reach.mean(0), reach.std(0) * 1.7 + 0.3
    hull = upright(middle + spread * circle(28) * rng.uniform(0.75, 1.15, (28, 1)), x, z)
    faces = [Face(hull, shade(bark, 0.8), 0.4, alpha=rng.uniform(0.0, 0.22))]
    faces += [Face(limb, bark, 0.3) for limb in limbs[: 1 + 3]]
    faces.append(Face(bridged(limbs[1:]), shade(bark, 0.85), 0.35, solid=False))
    return faces


def _palm(
    rng: np.random.Generator, x: float, z: float, tall: float, leaf: Colour, bark: Colour
) -> list[Face]:
    stem, lean = rng.uniform(0.12, 0.24), rng.normal(0, 0.05) * tall
    trunk = [
        (-1.2 * stem, 0),
        (1.2 * stem, 0),
        (lean + 0.8 * stem, tall),
        (lean - 0.8 * stem, tall),
    ]
    faces = [Face(upright(trunk, x, z), bark, 0.4, "bark")]
    long = rng.uniform(1.2, 2.4)
    for angle in np.linspace(-0.5, np.pi + 0.5, 11 if z < 40 else 7):
        turn = angle + rng.normal(0, 0.12)
        tip = (lean + long * np.cos(turn), tall + 0.6 * long * np.sin(turn) - 0.35 * long)
        bow = (lean + 0.6 * long * np.cos(turn), tall + 0.75 * long * np.sin(turn) + 0.1)
        frond = [(lean, tall - 0.1), (bow[0], bow[1] - 0.28), tip, (bow[0], bow[1] + 0.12)]
        tone = shade(leaf, rng.uniform(0.5, 1.1))
        faces.append(Face(upright(frond, x, z), tone, 0.3 + 0.3 * float(np.sin(turn) > 0)))
    return faces


def hedge(
    rng: np.random.Generator, x: float, z0: float, z1: float, tall: float, green: Colour
) -> Thing:
    """A hedge along the street: dark at its foot, bright on top."""
    texture, step = pick(rng, _LEAF_GRAINS), 0.8 if z0 < 20 else 2.5
    z = np.linspace(z0, z1, max(3, int((z1 - z0) / step)))
    rough = rng.uniform(0.01, 0.12) * tall
    upper = np.column_stack((np.full(len(z), x), tall + rng.normal(0, rough, len(z)), z))
    foot, waist = upper * (1, 0, 1), upper * (1, rng.uniform(0.3, 0.6), 1)
    crest = upper * (1, rng.uniform(0.8, 0.93), 1)
    front = upright(rect(0, 1.2 * np.sign(x), 0, tall), x, z0)
    faces = [
        Face(front, shade(green, 0.7), 0.3, texture),
        Face(np.concatenate((foot, upper[::-1])), green, 0.45, texture),
        Face(np.concatenate((foot, waist[::-1])), shade(green, 0.6), 0.25, texture, solid=False),
        Face(np.concatenate((crest, upper[::-1])), shade(green, 1.3), 0.8, texture, solid=False),
    ]
    return Thing("vegetation", z1, tuple(faces))


def ivy(
    rng: np.random.Generator, x: float, z0: float, z1: float, tall: float, green: Colour
) -> Thing:
    """Leaves that climb a wall along the street."""
    count = 12
    z = np.linspace(z0, z1, count)
    upper = tall * np.clip(rng.uniform(0.3, 0.9) + rng.normal(0, 0.2, count), 0.1, 1)
    upper[[0, -1]] *= 0.3
    face = np.column_stack(
        (np.full(2 * count, x), np.append(0 * z, upper[::-1]), np.append(z, z[::-1]))
    )
    shadow = face * (1, 0.55, 1)
    faces = (
        Face(face, green, 0.5, "leaf-coarse"),
        Face(shadow, shade(green, 0.65), 0.3, "leaf", solid=False),
    )
    return Thing("vegetation", z1 - 0.01, faces)


_WALLS = ("brick", "brick-coarse", "stone", "concrete", "plaster-stained", "plaster")


def wall(
    rng: np.random.Generator, x: float, z0: float, z1: float, tall: float, colour: Colour
) -> Thing:
    """A free-standing wall along the street, some with a coping, pillars or graffiti."""
    texture = pick(rng, _WALLS)
    if texture in ("stone", "concrete"):
        colour = rgb(
            rng.uniform(96, 178) * np.array([1, rng.uniform(0.96, 1), rng.uniform(0.88, 1)])
        )
    front = upright(rect(0, 0.3 * np.sign(x), 0, tall), x, z0)
    faces = [
        Face(curtain(x, z0, z1, 0, tall), colour, 0.45, texture),
        Face(front, colour, 0.3, texture),
        Face(curtain(x, z0, z1, 0, 0.3 * tall), _BLACK, 0.2, solid=False, alpha=0.25),
    ]
    if rng.random() < 0.35:
        faces += graffiti(rng, x, (z0, z1), tall)
    if rng.random() < 0.6:
        cap = curtain(x, z0, z1, tall - 0.12, tall + 0.04)
        faces.append(Face(cap, shade(colour, 1.15), 0.8))
    if rng.random() < 0.4:
        for z in np.arange(z0, z1, rng.uniform(2.5, 4)).tolist():
            faces.append(Face(curtain(x, z, z + 0.4, 0, tall + 0.15), shade(colour, 0.9), 0.5))
    return Thing("wall", z1, tuple(faces))


def graffiti(
    rng: np.random.Generator, x: float, span: tuple[float, float], tall: float
) -> list[Face]:
    """Painted letters on a front along the street, not labelled."""
    faces = []
    for _ in range(int(rng.integers(1, 4))):
        z, foot = rng.uniform(*span), rng.uniform(0.1, 0.35) * tall
        high = min(rng.uniform(0.4, 1.3), 0.6 * tall)
        end = min(z + high * rng.uniform(1.5, 4), span[1])
        marks = [np.array(mark) for mark in letters(rng, (z, end, foot, foot + high))]
        if marks:
            swung = [mark + rng.normal(0, 0.06 * high, mark.shape) for mark in marks]
            rings = [np.column_stack((np.full(len(ring), x), ring[:, ::-1])) for ring in swung]
            faces.append(Face(bridged(rings), rgb(rng.uniform(20, 235, 3)), 0.5, solid=False))
    return faces


def fence(
    rng: np.random.Generator, x: float, z0: float, z1: float, tall: float, colour: Colour
) -> Thing:
    """A fence along the street; the gaps show what is behind and are labelled too."""
    kind = rng.choice(["bars", "boards", "mesh", "planks", "site"], p=[0.4, 0.2, 0.2, 0.1, 0.1])
    if kind == "boards":
        wood = rgb(np.array(pick(rng, _WOODS)) * rng.uniform(0.8, 1.6))
        faces = [Face(curtain(x, z0, z1, 0, tall), wood, 0.5, "wood")]
        faces.append(Face(curtain(x, z0, z1, 0, 0.25 * tall), _BLACK, solid=False, alpha=0.25))
        return Thing("fence", z1, (*faces, *_posts(x, z0, z1, tall, 2.4, shade(wood, 0.8))))
    if kind == "mesh":
        steel = shade(pick(rng, _STEELS), 1.1)
        faces = [Face(curtain(x, z0, z1, 0, tall), steel, 0.5, alpha=rng.uniform(0.15, 0.45))]
        faces.append(Face(curtain(x, z0, z1, tall - 0.06, tall), steel, 0.6))
        return Thing("fence", z1, (*faces, *_posts(x, z0, z1, tall, 3.0, steel)))
    if kind == "site":
        tone: Colour = pick(rng, ((226, 112, 40), (220, 214, 200), (70, 110, 80), (60, 90, 140)))
        faces = [Face(curtain(x, z0, z1, 0, tall), tone, 0.5, "plaster-stained")]
        stripe = curtain(x, z0, z1, 0.6 * tall, 0.8 * tall)
        faces.append(Face(stripe, pick(rng, (_WHITE, shade(tone, 0.7))), 0.6, solid=False))
        return Thing("fence", z1, (*faces, *_posts(x, z0, z1, tall, 2.0, GREY)))
    wide = 0.09 if kind == "bars" else 0.16
    if rng.random() < 0.3:
        colour = pick(rng, (_WHITE, _BLACK))
    faces = [Face(curtain(x, z0, z1, 0, tall), colour, 0.5, alpha=0.0)]
    for y in (0.12 * tall, rng.uniform(0.7, 0.9) * tall):
        faces.append(Face(curtain(x, z0, z1, y, y + wide), colour, 0.6))
    step = (0.22 if z0 < 14 else 0.45 if z0 < 30 else 1.2) * (1 if kind == "bars" else 1.4)
    ends = np.arange(z0, z1, step).tolist()
    bars = [
        np.array([(x, 0, z), (x, tall, z), (x, tall, z + wide), (x, 0, z + wide)]) for z in ends
    ]
    faces.append(Face(bridged(bars), colour, 0.5))
    return Thing("fence", z1, tuple(faces))


def _posts(x: float, z0: float, z1: float, tall: float, step: float, colour: Colour) -> list[Face]:
    return [
        Face(curtain(x, z, z + 0.1, 0, tall + 0.08), colour, 0.5)
        for z in np.arange(z0, z1, step if z0 < 40 else 3 * step).tolist()
    ]


def guard_rail(x: float, z0: float, z1: float) -> Thing:
    """A steel guard rail along the road."""
    steel: Colour = (158, 162, 166)
    posts = np.arange(z0, z1, 3).tolist()
    faces = [Face(curtain(x, z, z + 0.12, 0, 0.6), GREY, 0.3) for z in posts]
    for y, gain in ((0.42, 0.7), (0.55, 1.1), (0.66, 0.85)):
        faces.append(Face(curtain(x, z0, z1, y, y + 0.13), shade(steel, gain), 0.6))
    return Thing("guard rail", z1, tuple(faces))


_BOXES: tuple[Colour, ...] = (
    (60, 84, 60),
    (40, 62, 120),
    (206, 166, 40),
    (170, 40, 36),
    (98, 100, 102),
    (60, 62, 64),
    (150, 140, 122),
    (226, 104, 34),
    (196, 198, 196),
)


def litter_bin(rng: np.random.Generator, x: float, z: float) -> Thing:
    """A bin, post box, hydrant, switch box, bench or newspaper box (``static``)."""
    model = Model((0, 0.5, 0))
    kind = rng.choice(["bin", "box", "hydrant", "bench", "cone"], p=[0.4, 0.25, 0.12, 0.13, 0.1])
    colour = shade(pick(rng, _BOXES), rng.uniform(0.75, 1.15))
    half, tall = rng.uniform(0.25, 0.5), rng.uniform(0.8, 1.4)
    if kind == "hydrant":
        half, tall = 0.13, 0.75
        colour = pick(rng, ((190, 40, 36), (226, 186, 50), (206, 206, 204)))
    if kind == "bench":
        model.prism(rect(-0.8, 0.8, 0.4, 0.48), 0.22, pick(rng, _WOODS))
        model.prism(rect(-0.8, 0.8, 0.48, 0.9), 0.04, pick(rng, _WOODS))
        model.sides(rect(-0.7, -0.6, 0, 0.4), 0.2, _BLACK, solid=True)
        model.sides(rect(0.6, 0.7, 0, 0.4), 0.2, _BLACK, solid=True)
        return model.placed("static", x, z)
    if kind == "cone":
        cone = [(-0.2, 0), (0.2, 0), (0.05, 0.75), (-0.05, 0.75)]
        stripe = [(-0.14, 0.3), (0.14, 0.3), (0.1, 0.5), (-0.1, 0.5)]
        faces = [Face(upright(cone, x, z), (232, 96, 34), 0.6)]
        faces.append(Face(upright(stripe, x, z), _WHITE, 0.7, solid=False))
        return Thing("static", z, tuple(faces))
    model.prism([(-half, 0), (-half, tall), (half, tall), (half, 0)], half, colour)
    if kind == "hydrant":
        model.end(rect(-0.22, 0.22, 0.4, 0.54), -half - 0.01, colour, solid=True)
    else:
        band = rng.uniform(0.3, 0.8) * tall
        mark = pick(rng, ((40, 40, 40), _WHITE, shade(colour, 0.6)))
        model.end(rect(-half, half, tall - 0.2, tall - 0.1), -half - 0.01, (40, 40, 40))
        model.end(rect(-0.6 * half, 0.6 * half, band, band + 0.12), -half - 0.01, mark)
    return model.placed("static", x, z)


def shelter(rng: np.random.Generator, x: float, z: float) -> Thing:
    """A bus shelter of glass or a kiosk, open to the road; Cityscapes counts both as building."""
    side, long, tall = float(np.sign(x)), rng.uniform(2.5, 4.5), rng.uniform(2.3, 2.8)
    colour, deep = shade(pick(rng, _STEELS), 0.9), rng.uniform(1.0, 1.6)
    kiosk = rng.random() < 0.35
    tone = rgb(rng.uniform(50, 210, 3)) if kiosk else (150, 172, 176)
    inner = x - side * deep
    end = upright(rect(0, -side * deep, 0, tall), x, z)
    faces = [
        Face(curtain(x, z, z + long, 0, tall), tone, 0.5, alpha=1.0 if kiosk else 0.4),
        Face(end, tone, 0.4, alpha=1.0 if kiosk else 0.45),
        Face(curtain(inner, z, z + long, tall, tall + 0.3), shade(colour, 1.1), 0.7),
        Face(upright(rect(0, -side * deep, tall, tall + 0.3), x, z), colour, 0.4),
    ]
    if kiosk:
        faces.append(Face(curtain(inner, z, z + long, 0, tall), tone, 0.5, "plaster"))
        hatch = curtain(inner, z + 0.4, z + long - 0.4, 1.0, 2.0)
        faces.append(Face(hatch, (50, 54, 60), 0.3, solid=False))
    else:
        poster = upright(rect(-0.2 * side * deep, -0.8 * side * deep, 0.5, 1.9), x, z)
        faces.append(Face(poster, rgb(rng.uniform(40, 230, 3)), 0.6, solid=False))
        for at in (z, z + long):
            faces.append(Face(upright(rect(-0.05, 0.05, 0, tall), inner, at), colour, 0.4))
    return Thing("building", z, tuple(faces))


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
