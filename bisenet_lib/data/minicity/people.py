"""People, riders, bicycles and motorcycles, drawn as flat cut-outs at their place.

A shape seen from the side faces ``+x``; a turn of pi (radians) lets it face ``-x``, and turns
between foreshorten it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bisenet_lib.data.minicity.colour import Colour, shade, tinted
from bisenet_lib.data.minicity.geometry import Face, Outline, Thing, disc, rect, turned

_CLOTHES: tuple[Colour, ...] = (
    (40, 44, 58),
    (26, 27, 30),
    (70, 78, 100),
    (34, 40, 62),
    (120, 110, 96),
    (168, 44, 46),
    (226, 224, 218),
    (52, 84, 66),
    (190, 150, 70),
    (104, 66, 96),
    (88, 120, 164),
    (134, 136, 138),
    (214, 120, 50),
    (222, 214, 90),
    (196, 130, 150),
    (84, 60, 44),
)
_LEGS: tuple[Colour, ...] = (
    (38, 46, 70),
    (26, 27, 30),
    (58, 72, 106),
    (70, 70, 72),
    (150, 134, 108),
    (96, 110, 136),
)
_SKIN: tuple[Colour, ...] = (
    (232, 194, 168),
    (214, 170, 140),
    (186, 138, 104),
    (140, 98, 70),
    (92, 62, 46),
    (66, 46, 36),
)
_HAIR: tuple[Colour, ...] = (
    (28, 24, 22),
    (60, 42, 28),
    (104, 72, 44),
    (170, 138, 84),
    (150, 148, 146),
    (206, 204, 200),
)
_DARK: Colour = (26, 26, 28)
_CHROME: Colour = (178, 180, 184)


class _Shape(NamedTuple):
    """One flat part.

    Attributes:
        outline: its corners.
        colour: before light.
        facing: share of sunlight.
        alpha: 0 is labelled but not painted.
        across: it stands across the way it faces, as a handlebar does.
    """

    outline: Outline
    colour: Colour
    facing: float = 0.5
    alpha: float = 1.0
    across: bool = False


def _stood(
    shapes: Sequence[_Shape], x: float, z: float, turn: float = 0.0, size: float = 1.0
) -> tuple[Face, ...]:
    ends = np.cumsum([len(shape.outline) for shape in shapes]).tolist()
    across = np.repeat([shape.across for shape in shapes], np.diff([0, *ends]))
    flat = size * np.array([corner for shape in shapes for corner in shape.outline])
    points = np.zeros((len(flat), 3))
    points[:, 0], points[:, 1], points[:, 2] = ~across * flat[:, 0], flat[:, 1], across * flat[:, 0]
    points = turned(points, turn, x, z)
    return tuple(
        Face(points[start:end], shape.colour, shape.facing, alpha=shape.alpha)
        for shape, start, end in zip(shapes, [0, *ends], ends, strict=False)
    )


def _limb(x0: float, y0: float, x1: float, y1: float, wide: float, narrow: float) -> Outline:
    length = max(math.hypot(x1 - x0, y1 - y0), 1e-6)
    nx, ny = (y0 - y1) / length, (x1 - x0) / length
    return [
        (x0 + nx * wide, y0 + ny * wide),
        (x1 + nx * narrow, y1 + ny * narrow),
        (x1 - nx * narrow, y1 - ny * narrow),
        (x0 - nx * wide, y0 - ny * wide),
    ]


@dataclass(frozen=True)
class _Look:
    """How someone looks.

    Attributes:
        broad: half width of the shoulders, metres.
        skin: colour.
        hair: colour.
        top: colour of what is worn above.
        legs: colour of trousers, skirt or stockings.
        shoes: colour.
        spare: colour of bag, hat or shirt.
        hem: metres above the ground at which the top ends.
        bottom: ``trousers``, ``shorts`` or ``skirt``.
        bare: the forearms are.
        mane: the hair is long.
        hat: ``none``, ``cap``, ``beanie``, ``scarf`` or ``brim``.
        bag: ``none``, ``pack``, ``hand``, ``shoulder`` or ``case``.
    """

    broad: float
    skin: Colour
    hair: Colour
    top: Colour
    legs: Colour
    shoes: Colour
    spare: Colour
    hem: float
    bottom: str
    bare: bool
    mane: bool
    hat: str
    bag: str


def _look(rng: np.random.Generator) -> _Look:
    return _Look(
        broad=rng.uniform(0.18, 0.27),
        skin=tinted(rng, _SKIN),
        hair=tinted(rng, _HAIR),
        top=tinted(rng, _CLOTHES),
        legs=tinted(rng, _LEGS if rng.random() < 0.7 else _CLOTHES),
        shoes=tinted(rng, (_DARK, (70, 50, 40), (214, 212, 208))),
        spare=tinted(rng, _CLOTHES),
        hem=float(rng.choice([0.9, 0.78, 0.5], p=[0.62, 0.24, 0.14])),
        bottom=str(rng.choice(["trousers", "shorts", "skirt"], p=[0.7, 0.12, 0.18])),
        bare=bool(rng.random() < 0.3),
        mane=bool(rng.random() < 0.4),
        hat=str(
            rng.choice(["none", "cap", "beanie", "scarf", "brim"], p=[0.7, 0.1, 0.1, 0.05, 0.05])
        ),
        bag=str(
            rng.choice(["none", "pack", "hand", "shoulder", "case"], p=[0.5, 0.2, 0.13, 0.1, 0.07])
        ),
    )


def _head(look: _Look, x: float, y: float, view: str) -> list[_Shape]:
    """Neck, face, hair and hat around a head's middle; ``view`` is front, back or side."""
    hair, skin = look.hair, look.skin
    wide = 0.1 if view == "side" else 0.085
    shapes = [_Shape(_limb(x, y - 0.22, x, y - 0.05, 0.05, 0.05), shade(skin, 0.8), 0.4)]
    if look.mane:
        lock = [(x - 0.12, y + 0.05), (x + 0.1, y + 0.05), (x + 0.1, y - 0.2), (x - 0.13, y - 0.22)]
        shapes.insert(0 if view == "front" else 1, _Shape(lock, hair, 0.45))
    if view == "back":
        shapes.append(_Shape(disc(x, y + 0.02, 0.1, 0.13, 12), hair, 0.55))
    else:
        shapes.append(_Shape(disc(x, y, wide, 0.125, 12), skin, 0.6))
        cheek = [
            (x, y - 0.12),
            (x + wide * 0.8, y - 0.05),
            (x + wide * 0.9, y + 0.05),
            (x, y + 0.06),
        ]
        shapes.append(_Shape(cheek, shade(skin, 0.88), 0.5))
        back = -0.035 if view == "side" else 0.0
        shapes.append(_Shape(disc(x + back, y + 0.07, 0.105, 0.075, 10), hair, 0.5))
        if view == "side":
            shapes.append(_Shape(disc(x - 0.055, y + 0.01, 0.06, 0.1, 10), hair, 0.5))
    if look.hat != "none":
        dome = [(x + 0.11 * c, y + 0.05 + 0.12 * s) for c, s in _DOME]
        shapes.append(_Shape(dome, look.spare, 0.65))
    if look.hat in ("cap", "brim"):
        left = 0.2 if look.hat == "brim" else 0.1
        brim = rect(x - left, x + 0.2, y + 0.04, y + 0.075)
        shapes.append(_Shape(brim, shade(look.spare, 0.7), 0.5))
    elif look.hat == "scarf":
        cloth = [
            (x - 0.13, y + 0.08),
            (x - 0.05, y + 0.1),
            (x - 0.06, y - 0.2),
            (x - 0.15, y - 0.2),
        ]
        shapes.append(_Shape(cloth, look.spare, 0.5))
    return shapes


_DOME = [(math.cos(a), math.sin(a)) for a in np.linspace(0, math.pi, 8).tolist()]


def person(
    rng: np.random.Generator,
    x: float,
    z: float,
    label: str = "person",
    phase: float | None = None,
) -> Thing:
    """Someone on foot.

    Args:
        rng: draws height, clothes and stride.
        x: metres to the right.
        z: metres ahead.
        label: ``person``, or ``persongroup``.
        phase: of a step, radians; by default the stride is drawn.

    Returns:
        The person, or a group of several standing close.
    """
    count = 1 if label == "person" else int(rng.integers(3, 6))
    faces: list[Face] = []
    for number in range(count):
        faces += _walker(rng, x + 0.42 * number, z, phase)
    return Thing(label, z, tuple(faces))


def _walker(rng: np.random.Generator, x: float, z: float, phase: float | None) -> tuple[Face, ...]:
    size = rng.uniform(0.88, 1.08) if rng.random() < 0.86 else rng.uniform(0.55, 0.75)
    look, step = _look(rng), rng.uniform(0, 2 * np.pi)
    view = str(rng.choice(["front", "back", "side"], p=[0.3, 0.35, 0.35]))
    turn = rng.uniform(-0.4, 0.4) + np.pi * rng.integers(2)
    sway, umbrella = rng.uniform(0.05, 0.3), rng.random() < 0.06
    if phase is not None:
        step, sway = phase, max(sway, 0.2)
    shapes = _body(look, view, sway * math.sin(step))
    if umbrella:
        shapes += _umbrella(look)
    return _stood(shapes, x, z, turn, size)


def _body(look: _Look, view: str, stride: float) -> list[_Shape]:
    """Someone upright; ``stride`` is the lean of the front leg in radians."""
    side = view == "side"
    hips = (0.0, 0.0) if side else (-0.085, 0.085)
    far, near = (-stride, stride) if side else (0.05, -0.05)
    lift = abs(stride) * 0.35 * (not side)
    shapes: list[_Shape] = []
    if look.bag in ("pack", "shoulder") and view == "front":
        shapes.append(_Shape(rect(-0.2, 0.2, 0.95, 1.42), look.spare, 0.4))
    shapes += _arm(look, -look.broad if not side else 0.0, -1.2 * stride, far=True, side=side)
    shapes += _leg(look, hips[0], far, max(-far, 0.05), lift * (stride > 0), gain=0.8)
    shapes += _leg(look, hips[1], near, max(-near, 0.05), lift * (stride < 0), gain=1.0)
    shapes += _torso(look, view)
    shapes += _head(look, 0.03 if side else 0.0, 1.63, view)
    shapes += _arm(look, look.broad if not side else 0.0, 1.2 * stride, far=False, side=side)
    return shapes + _luggage(look, view)


def _leg(
    look: _Look, x: float, lean: float, bend: float, lift: float, *, gain: float
) -> list[_Shape]:
    """Thigh, shin and shoe of a leg that leans by ``lean`` and bends by ``bend`` radians."""
    cloth = shade(look.legs, gain)
    knee = x + 0.42 * math.sin(lean), 0.92 - 0.42 * math.cos(lean) + lift * 0.5
    low = lean - bend
    foot = knee[0] + 0.4 * math.sin(low), max(knee[1] - 0.42 * math.cos(low) + lift * 0.3, 0.07)
    shin = cloth if look.bottom == "trousers" else shade(look.skin, gain * 0.9)
    thigh = shin if look.bottom == "skirt" else cloth
    thin = 0.055 if look.bottom == "trousers" else 0.042
    shoe = [
        (foot[0] - 0.06, foot[1] - 0.07),
        (foot[0] + 0.15, foot[1] - 0.07),
        (foot[0] + 0.12, foot[1] - 0.02),
        (foot[0] + 0.04, foot[1] + 0.05),
        (foot[0] - 0.06, foot[1] + 0.05),
    ]
    return [
        _Shape(shoe, shade(look.shoes, gain), 0.3),
        _Shape(_limb(*knee, *foot, 0.062, thin), shin, 0.4),
        _Shape(_limb(x, 0.95, *knee, 0.105, 0.068), thigh, 0.5),
    ]


def _arm(look: _Look, x: float, lean: float, *, far: bool, side: bool) -> list[_Shape]:
    """An arm from the shoulder at ``x``, swung by ``lean`` radians."""
    gain = 0.78 if far else 1.0
    out = 0.0 if side else math.copysign(0.03, x)
    swing = lean if side else 0.0
    elbow = x + out + 0.28 * math.sin(swing), 1.41 - 0.28 * math.cos(swing)
    bend = swing + (0.3 if side else 0.0)
    hand = elbow[0] + out * 0.3 + 0.26 * math.sin(bend), elbow[1] - 0.26 * math.cos(bend)
    skin, cloth = shade(look.skin, gain), shade(look.top, gain)
    return [
        _Shape(disc(*hand, 0.045, 0.055, 8), skin, 0.5),
        _Shape(_limb(*elbow, *hand, 0.05, 0.038), skin if look.bare else cloth, 0.5),
        _Shape(_limb(x, 1.43, *elbow, 0.068, 0.052), cloth, 0.6),
    ]


def _torso(look: _Look, view: str) -> list[_Shape]:
    broad, hem = (0.62 if view == "side" else 1.0) * look.broad, look.hem
    flare = 1.05 if hem < 0.7 else 0.86
    outline = [
        (-broad * 0.95, 1.44),
        (-0.07, 1.51),
        (0.07, 1.51),
        (broad * 0.95, 1.44),
        (broad, 1.3),
        (broad * 0.84, 1.08),
        (broad * flare, hem),
        (-broad * flare, hem),
        (-broad * 0.84, 1.08),
        (-broad, 1.3),
    ]
    lit = [(0.1 * broad, 1.5), *outline[3:7], (0.1 * broad, hem)]
    shapes = []
    if look.bottom == "skirt" and hem > 0.6:
        wide = broad * 1.1
        skirt = [(-broad * 0.8, 0.98), (broad * 0.8, 0.98), (wide, 0.55), (-wide, 0.55)]
        shapes.append(_Shape(skirt, look.legs, 0.5))
    shapes += [_Shape(outline, shade(look.top, 0.88), 0.45), _Shape(lit, look.top, 0.75)]
    if view == "front" and hem < 0.95 and not look.bare:
        shirt = [(-0.05, 1.5), (0.05, 1.5), (0.03, hem + 0.1), (-0.03, hem + 0.1)]
        shapes.append(_Shape(shirt, look.spare, 0.6))
    elif hem > 0.7:
        shapes.append(_Shape(rect(-broad * 0.82, broad * 0.82, hem, hem + 0.04), _DARK, 0.4))
    return shapes


def _luggage(look: _Look, view: str) -> list[_Shape]:
    if look.bag == "pack" and view != "front":
        x0, x1 = (-0.34, -0.08) if view == "side" else (-0.17, 0.17)
        pack = [(x0, 1.0), (x1, 0.96), (x1, 1.42), (x0 + 0.04, 1.42)]
        flap = rect(x0 + 0.02, x1, 1.05, 1.18)
        return [_Shape(pack, look.spare, 0.5), _Shape(flap, shade(look.spare, 0.75), 0.5)]
    if look.bag == "hand":
        bag = [(0.14, 0.78), (0.36, 0.78), (0.4, 0.48), (0.1, 0.48)]
        return [_Shape(bag, look.spare, 0.6)]
    if look.bag == "shoulder" and view != "front":
        strap = _limb(-0.15, 1.45, 0.2, 0.95, 0.02, 0.02)
        return [_Shape(strap, _DARK, 0.4), _Shape(rect(0.08, 0.32, 0.72, 1.0), look.spare, 0.5)]
    if look.bag == "case":
        pull = _limb(-0.22, 0.85, -0.42, 0.55, 0.015, 0.015)
        return [_Shape(rect(-0.58, -0.3, 0.05, 0.58), look.spare, 0.5), _Shape(pull, _DARK, 0.4)]
    return []


def _umbrella(look: _Look) -> list[_Shape]:
    canopy = [(0.55 * c, 1.86 + 0.28 * s) for c, s in _DOME]
    half = [(0.0, 2.14), *canopy[:3], (0.1, 1.86)]
    return [
        _Shape(_limb(0.12, 1.1, 0.05, 2.1, 0.012, 0.012), _DARK, 0.4),
        _Shape(canopy, shade(look.spare, 0.75), 0.5),
        _Shape(half, look.spare, 0.7),
    ]


def seated(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """Someone on a bench; arguments as in :func:`person`.

    Returns:
        The bench (``static``), then the person.
    """
    look, turn = _look(rng), rng.uniform(-0.5, 0.5) + np.pi * rng.integers(2)
    wood = tinted(rng, ((120, 86, 54), (84, 88, 92), (60, 84, 62)))
    bench = [
        _Shape(rect(-0.3, 0.25, 0.4, 0.48), wood, 0.7),
        _Shape(_limb(-0.28, 0.45, -0.38, 0.95, 0.03, 0.03), wood, 0.5),
        _Shape(rect(-0.26, -0.2, 0.0, 0.42), _DARK, 0.3),
        _Shape(rect(0.15, 0.21, 0.0, 0.42), _DARK, 0.3),
    ]
    knee, lean = rng.uniform(0.36, 0.46), rng.uniform(-0.08, 0.12)
    shapes = [
        _Shape(rect(knee - 0.06, knee + 0.16, 0.0, 0.08), look.shoes, 0.3),
        _Shape(_limb(knee, 0.52, knee - 0.03, 0.06, 0.07, 0.055), shade(look.legs, 0.85), 0.4),
        _Shape(_limb(-0.08, 0.56, knee, 0.52, 0.11, 0.08), look.legs, 0.7),
        _Shape(_limb(-0.08, 0.5, lean, 1.1, 0.15, 0.16), look.top, 0.6),
        _Shape(_limb(lean, 1.05, 0.16, 0.72, 0.06, 0.05), shade(look.top, 0.85), 0.5),
        _Shape(disc(0.22, 0.68, 0.05, 0.05, 8), look.skin, 0.5),
        *_head(look, lean + 0.04, 1.26, "side"),
    ]
    return [
        Thing("static", z + 0.02, _stood(bench, x, z + 0.02, turn)),
        Thing("person", z, _stood(shapes, x, z, turn)),
    ]


def _ring(x: float, y: float, radius: float, wide: float) -> Outline:
    outer, inner = disc(x, y, radius, count=16), disc(x, y, radius - wide, count=16)
    return [*outer, outer[0], inner[0], *inner[::-1]]


def bicycle(
    rng: np.random.Generator,
    x: float,
    z: float,
    *,
    side_on: bool,
    label: str = "bicycle",
    turn: float = 0.0,
) -> Thing:
    """A bicycle, or (``bicyclegroup``) a row of parked ones.

    Args:
        rng: draws its kind and colour.
        x: metres to the right.
        z: metres ahead.
        side_on: seen from the side rather than from behind.
        label: ``bicycle`` or ``bicyclegroup``.
        turn: radians by which one seen from the side is turned.

    Returns:
        The bicycle; like annotators do, its label also covers the gaps of the wheels.
    """
    count = 1 if label == "bicycle" else int(rng.integers(3, 6))
    faces: list[Face] = []
    for number in range(count):
        shapes = _bicycle_side(rng) if side_on else _bicycle_end(rng)
        faces += _stood(shapes, x + 0.55 * number, z, turn if side_on else 0.0)
    return Thing(label, z, tuple(faces))


def _bicycle_side(rng: np.random.Generator) -> list[_Shape]:
    frame, tyre = tinted(rng, _CLOTHES, 16), tinted(rng, (_DARK, (44, 42, 40)), 4)
    kind = str(rng.choice(["town", "racer", "mountain"], p=[0.5, 0.25, 0.25]))
    wheel = 0.3 if rng.random() < 0.12 else 0.345
    wide, tube = {"town": 0.042, "racer": 0.03, "mountain": 0.06}[kind], 0.022
    bar, seat = (0.4, 1.06 if kind == "town" else 0.97), (-0.2, rng.uniform(0.9, 1.02))
    top = (0.34, 0.62) if kind == "town" and rng.random() < 0.5 else (0.36, 0.84)
    hull: Outline = [(-0.52, 0.34), seat, bar, (0.54, 0.34)]
    shapes = [_Shape(disc(at, wheel, wheel), _DARK, alpha=0.0) for at in (-0.54, 0.54)]
    shapes.append(_Shape(hull, _DARK, alpha=0.0))
    for at in (-0.54, 0.54):
        for angle in (0.3, 1.35, 2.4):
            dx, dy = 0.9 * wheel * math.cos(angle), 0.9 * wheel * math.sin(angle)
            spoke = _limb(at - dx, wheel - dy, at + dx, wheel + dy, 0.004, 0.004)
            shapes.append(_Shape(spoke, (150, 152, 156), 0.4))
        shapes.append(_Shape(_ring(at, wheel, wheel, wide), tyre, 0.3))
        shapes.append(_Shape(_ring(at, wheel, wheel - wide, 0.02), (150, 152, 156), 0.5))
    tubes = [(-0.54, wheel, *seat), (-0.54, wheel, 0.0, 0.29), (0.0, 0.29, *seat)]
    tubes += [(0.0, 0.29, *top), (-0.15, 0.8, *top), (0.54, wheel, 0.36, 0.95)]
    shapes += [_Shape(_limb(*ends, tube, tube), frame, 0.65) for ends in tubes]
    grip = (0.52, 0.9) if kind == "racer" else (0.24, bar[1] + 0.05)
    shapes += [
        _Shape(_limb(0.36, 0.93, *bar, 0.018, 0.018), (160, 162, 166), 0.5),
        _Shape(_limb(*bar, *grip, 0.022, 0.026), _DARK, 0.4),
        _Shape(
            [(-0.34, seat[1] + 0.05), (-0.05, seat[1] + 0.03), (-0.22, seat[1] - 0.03)], _DARK, 0.4
        ),
        _Shape(disc(0.0, 0.29, 0.085, 0.085, 10), (70, 72, 76), 0.5),
        _Shape(_limb(0.0, 0.29, 0.09, 0.14, 0.016, 0.016), (170, 172, 176), 0.5),
        _Shape(rect(-0.28, 0.28, bar[1], bar[1] + 0.03), _DARK, 0.4, across=True),
    ]
    return shapes + _carriers(rng, wheel, kind)


def _carriers(rng: np.random.Generator, wheel: float, kind: str) -> list[_Shape]:
    """Mudguards, rack, basket and panniers of a town bicycle."""
    if kind != "town":
        return []
    shapes = [_Shape(rect(-0.86, -0.28, 0.74, 0.77), (60, 62, 64), 0.4)]
    guard = [(wheel * 1.05 * c - 0.54, wheel * (1 + 1.05 * s)) for c, s in _DOME]
    inner = [(wheel * 0.97 * c - 0.54, wheel * (1 + 0.97 * s)) for c, s in _DOME]
    shapes.append(_Shape([*guard, *inner[::-1]], tinted(rng, _CLOTHES), 0.5))
    kind = str(rng.choice(["none", "basket", "bags", "child"], p=[0.45, 0.3, 0.17, 0.08]))
    weave = tinted(rng, ((150, 116, 70), _DARK))
    if kind == "basket":
        box = [(0.44, 0.8), (0.72, 0.8), (0.78, 1.06), (0.4, 1.06)]
        shapes += [
            _Shape(box, weave, 0.5),
            _Shape(rect(0.42, 0.76, 0.9, 0.93), shade(weave, 0.6)),
        ]
    elif kind == "bags":
        shapes.append(_Shape(rect(-0.82, -0.42, 0.36, 0.74), tinted(rng, _CLOTHES), 0.5))
    elif kind == "child":
        chair = [
            (-0.78, 0.78),
            (-0.4, 0.78),
            (-0.4, 0.92),
            (-0.66, 0.94),
            (-0.74, 1.3),
            (-0.84, 1.3),
        ]
        shapes.append(_Shape(chair, tinted(rng, _CLOTHES), 0.5))
    return shapes


def _bicycle_end(rng: np.random.Generator) -> list[_Shape]:
    paint, front = tinted(rng, _CLOTHES), rng.random() < 0.35
    shapes = [
        _Shape(_limb(0, 0.0, 0, 0.69, 0.03, 0.03), _DARK, 0.3),
        _Shape(_limb(-0.13, 0.3, 0.13, 0.2, 0.015, 0.015), (150, 152, 156), 0.4),
        _Shape(_limb(0, 0.4, 0, 0.95, 0.025, 0.03), paint, 0.6),
        _Shape(_limb(-0.3, 1.04, 0.3, 1.04, 0.02, 0.02), (60, 60, 62), 0.5),
        _Shape(rect(-0.31, -0.22, 1.0, 1.06), _DARK, 0.4),
        _Shape(rect(0.22, 0.31, 1.0, 1.06), _DARK, 0.4),
    ]
    lamp = (240, 238, 220) if front else (200, 30, 26)
    if not front:
        shapes.append(_Shape([(-0.1, 0.97), (0.1, 0.97), (0.03, 0.9), (-0.03, 0.9)], _DARK, 0.4))
    if rng.random() < 0.35:
        weave = tinted(rng, ((150, 116, 70), _DARK, *_CLOTHES))
        low = 0.8 if front else 0.72
        box = [(-0.15, low), (0.15, low), (0.19, low + 0.26), (-0.19, low + 0.26)]
        shapes.append(_Shape(box, weave, 0.5))
    return [*shapes, _Shape(disc(0, 0.66, 0.045, 0.045, 8), lamp, 0.8)]


def motorcycle(
    rng: np.random.Generator, x: float, z: float, *, side_on: bool, turn: float = 0.0
) -> Thing:
    """A motorcycle or scooter; arguments as in :func:`bicycle`."""
    paint = tinted(rng, _PAINT, 12)
    if not side_on:
        shapes = _motorcycle_end(rng, paint)
    else:
        shapes = (_scooter if rng.random() < 0.35 else _machine)(rng, paint)
    return Thing("motorcycle", z, _stood(shapes, x, z, turn if side_on else 0.0))


_PAINT: tuple[Colour, ...] = (
    (28, 28, 30),
    (176, 28, 28),
    (34, 70, 150),
    (226, 226, 222),
    (92, 170, 60),
    (224, 110, 30),
    (120, 124, 128),
    (60, 20, 26),
)


def _wheel(x: float, radius: float, wide: float) -> list[_Shape]:
    """A thick tyre, its rim with three spokes, brake disc and hub."""
    shapes = [
        _Shape(disc(x, radius, radius, count=18), (20, 20, 22), 0.25),
        _Shape(disc(x, radius, radius - wide, count=16), (92, 94, 98), 0.4),
        _Shape(disc(x, radius, radius - wide - 0.025, count=14), (46, 47, 50), 0.3),
    ]
    for angle in (0.4, 1.45, 2.5):
        dx, dy = (radius - wide) * math.cos(angle), (radius - wide) * math.sin(angle)
        spoke = _limb(x - dx, radius - dy, x + dx, radius + dy, 0.018, 0.018)
        shapes.append(_Shape(spoke, (140, 142, 146), 0.5))
    shapes.append(_Shape(disc(x, radius, 0.07, count=10), _CHROME, 0.6))
    return shapes


def _machine(rng: np.random.Generator, paint: Colour) -> list[_Shape]:
    """A motorcycle from the side."""
    kind = str(rng.choice(["naked", "sport", "cruiser", "tourer"]))
    low = kind == "cruiser"
    metal, seat = (
        tinted(rng, ((62, 64, 68), (110, 112, 116), (40, 41, 44)), 6),
        0.72 if low else 0.82,
    )
    reach, bar = (0.82, 1.12) if low else (0.72, 0.98 if kind == "sport" else 1.08)
    shapes = [
        *_wheel(-0.7, 0.32, 0.11),
        *_wheel(reach, 0.32, 0.1),
        _Shape(_limb(-0.7, 0.32, -0.05, 0.42, 0.035, 0.05), (70, 72, 76), 0.4),
        _Shape([(-0.32, 0.24), (0.3, 0.22), (0.42, 0.5), (0.3, 0.74), (-0.3, 0.74)], metal, 0.45),
        _Shape(_limb(reach, 0.32, 0.42, bar - 0.06, 0.04, 0.035), _CHROME, 0.65),
    ]
    for y in (0.5, 0.56, 0.62, 0.68):
        shapes.append(_Shape(rect(0.02, 0.34, y, y + 0.025), shade(metal, 0.45), 0.4))
    shapes += [
        _Shape(disc(-0.1, 0.38, 0.12, 0.12, 12), shade(metal, 1.5), 0.6),
        _Shape(_limb(0.3, 0.3, -0.3, 0.26, 0.035, 0.04), _CHROME, 0.6),
        _Shape(_limb(-0.3, 0.27, -0.98, 0.44, 0.05, 0.075), _CHROME if low else metal, 0.8),
        _Shape([(-0.12, 0.74), (0.4, 0.76), (0.44, 0.92), (0.28, 1.02), (0.0, 0.98)], paint, 0.6),
        _Shape([(0.0, 0.9), (0.4, 0.9), (0.28, 1.02), (0.02, 0.98)], shade(paint, 1.35), 0.8),
        _Shape(
            [(-0.62, seat - 0.02), (-0.04, seat - 0.04), (0.02, seat + 0.08), (-0.6, seat + 0.1)],
            _DARK,
            0.35,
        ),
        _Shape(
            [(-0.98, seat + 0.06), (-0.55, seat - 0.12), (-0.5, seat + 0.02), (-0.92, seat + 0.14)],
            paint,
            0.6,
        ),
        _Shape([(-1.04, 0.56), (-0.84, 0.66), (-0.8, 0.72), (-1.0, 0.74)], _DARK, 0.4),
        _Shape(rect(-1.07, -1.03, 0.55, 0.72), (226, 224, 214), 0.7),
        _Shape(rect(-1.0, -0.93, seat, seat + 0.08), (190, 26, 24), 0.7),
        _Shape(
            [(reach - 0.24, 0.6), (reach + 0.2, 0.58), (reach + 0.06, 0.67), (reach - 0.16, 0.68)],
            paint,
            0.7,
        ),
        _Shape(_limb(0.42, bar, 0.2, bar + 0.06, 0.025, 0.03), _DARK, 0.4),
        _Shape(disc(0.22, bar + 0.16, 0.06, 0.045, 8), _DARK, 0.5),
        _Shape(rect(-0.38, 0.38, bar, bar + 0.04), _DARK, 0.4, across=True),
        _Shape(rect(-0.1, 0.1, 0.0, 0.62), (20, 20, 22), 0.3, across=True),
    ]
    return shapes + _fairing(rng, kind, paint, bar)


def _fairing(rng: np.random.Generator, kind: str, paint: Colour, bar: float) -> list[_Shape]:
    """Headlamp, and what covers a motorcycle of a kind."""
    lamp = (250, 248, 232) if rng.random() < 0.4 else (196, 200, 204)
    shapes = []
    if kind in ("sport", "tourer"):
        cowl = [(0.22, 0.4), (0.5, 0.48), (0.66, 0.82), (0.62, 1.02), (0.42, 1.08), (0.36, 0.8)]
        shield = [(0.42, 1.06), (0.64, 1.0), (0.42, 1.3), (0.32, 1.32)]
        shapes += [_Shape(shield, (120, 136, 148), 0.6), _Shape(cowl, paint, 0.65)]
        shapes.append(_Shape([(0.3, 0.52), (0.48, 0.56), (0.56, 0.76)], shade(paint, 0.5), 0.5))
        shapes.append(_Shape([(0.54, 0.9), (0.66, 0.84), (0.63, 0.98)], lamp, 0.8))
    else:
        shapes.append(_Shape(disc(0.54, bar - 0.1, 0.09, 0.11, 12), _CHROME, 0.6))
        shapes.append(_Shape(disc(0.58, bar - 0.1, 0.055, 0.09, 10), lamp, 0.8))
    if kind == "tourer":
        box = [(-1.0, 0.44), (-0.48, 0.44), (-0.44, 0.8), (-0.98, 0.82)]
        shapes += [
            _Shape(box, shade(paint, 0.85), 0.6),
            _Shape(rect(-1.02, -0.6, 0.92, 1.2), _DARK, 0.5),
        ]
    return shapes


def _scooter(rng: np.random.Generator, paint: Colour) -> list[_Shape]:
    """A motor scooter from the side."""
    body = [(-0.86, 0.5), (-0.3, 0.3), (-0.12, 0.34), (-0.1, 0.7), (-0.75, 0.82)]
    shapes = [
        *_wheel(-0.58, 0.25, 0.09),
        *_wheel(0.62, 0.25, 0.09),
        _Shape(_limb(-0.8, 0.3, -0.3, 0.26, 0.06, 0.05), (120, 122, 126), 0.5),
        _Shape(rect(-0.32, 0.36, 0.24, 0.34), shade(paint, 0.7), 0.5),
        _Shape(body, paint, 0.65),
        _Shape([(-0.7, 0.66), (-0.14, 0.58), (-0.11, 0.7), (-0.74, 0.8)], shade(paint, 1.3), 0.8),
        _Shape([(-0.78, 0.8), (-0.1, 0.7), (-0.08, 0.8), (-0.72, 0.9)], _DARK, 0.35),
        _Shape([(0.3, 0.26), (0.44, 0.3), (0.5, 0.95), (0.38, 1.0)], paint, 0.7),
        _Shape([(0.42, 0.4), (0.82, 0.44), (0.72, 0.55), (0.46, 0.62)], shade(paint, 0.9), 0.6),
        _Shape([(0.34, 0.96), (0.52, 0.94), (0.5, 1.1), (0.36, 1.1)], paint, 0.8),
        _Shape(disc(0.53, 1.02, 0.05, 0.06, 10), (230, 230, 220), 0.8),
        _Shape(_limb(0.42, 1.08, 0.24, 1.12, 0.025, 0.025), _DARK, 0.4),
        _Shape(disc(0.3, 1.26, 0.05, 0.05, 8), _DARK, 0.4),
        _Shape(rect(-0.92, -0.88, 0.5, 0.64), (226, 224, 214), 0.7),
        _Shape(rect(-0.9, -0.82, 0.68, 0.78), (190, 26, 24), 0.7),
        _Shape(rect(-0.34, 0.34, 1.06, 1.1), _DARK, 0.4, across=True),
    ]
    if rng.random() < 0.5:
        shapes.append(
            _Shape(rect(-1.06, -0.7, 0.9, 1.2), tinted(rng, (_DARK, paint, (230, 190, 40))), 0.6)
        )
    if rng.random() < 0.3:
        shapes.append(
            _Shape([(0.44, 1.1), (0.5, 1.1), (0.36, 1.5), (0.32, 1.5)], (150, 164, 174), 0.6)
        )
    return shapes


def _motorcycle_end(rng: np.random.Generator, paint: Colour) -> list[_Shape]:
    """A motorcycle from behind, or from the front."""
    tyre = rng.uniform(0.08, 0.11)
    shapes = [
        _Shape(_limb(0, 0.0, 0, 0.64, tyre, tyre), (18, 18, 20), 0.25),
        _Shape(_limb(-0.44, 1.06, 0.44, 1.06, 0.028, 0.028), (60, 62, 66), 0.5),
        _Shape(_limb(-0.36, 1.06, -0.46, 1.22, 0.012, 0.012), _DARK, 0.4),
        _Shape(_limb(0.36, 1.06, 0.46, 1.22, 0.012, 0.012), _DARK, 0.4),
        _Shape(disc(-0.47, 1.25, 0.075, 0.05, 8), _DARK, 0.5),
        _Shape(disc(0.47, 1.25, 0.075, 0.05, 8), _DARK, 0.5),
    ]
    if rng.random() < 0.4:
        lamp = (252, 250, 236) if rng.random() < 0.5 else (200, 204, 206)
        return [
            *shapes,
            _Shape(rect(-0.22, 0.22, 0.36, 0.66), (66, 68, 72), 0.4),
            _Shape(_limb(-0.1, 0.3, -0.12, 1.02, 0.032, 0.032), _CHROME, 0.6),
            _Shape(_limb(0.1, 0.3, 0.12, 1.02, 0.032, 0.032), _CHROME, 0.6),
            _Shape([(-0.1, 0.6), (0.1, 0.6), (0.08, 0.72), (-0.08, 0.72)], paint, 0.6),
            _Shape([(-0.24, 0.72), (0.24, 0.72), (0.2, 1.1), (-0.2, 1.1)], paint, 0.65),
            _Shape([(-0.17, 1.1), (0.17, 1.1), (0.1, 1.34), (-0.1, 1.34)], (126, 142, 154), 0.6),
            _Shape(disc(0, 0.9, 0.11, 0.1, 12), lamp, 0.8),
        ]
    shapes += [
        _Shape([(-0.24, 0.36), (0.24, 0.36), (0.2, 0.74), (-0.2, 0.74)], (66, 68, 72), 0.4),
        _Shape(_limb(0.2, 0.34, 0.24, 0.5, 0.065, 0.065), _CHROME, 0.7),
        _Shape([(-0.2, 0.72), (0.2, 0.72), (0.16, 0.92), (-0.16, 0.92)], paint, 0.65),
        _Shape(rect(-0.1, 0.1, 0.5, 0.68), (226, 224, 214), 0.7),
        _Shape(rect(-0.12, 0.12, 0.74, 0.82), (206, 30, 26), 0.9),
        _Shape([(-0.18, 0.88), (0.18, 0.88), (0.14, 1.02), (-0.14, 1.02)], _DARK, 0.4),
    ]
    if rng.random() < 0.3:
        shapes += [_Shape(rect(s - 0.13, s + 0.13, 0.46, 0.84), _DARK, 0.5) for s in (-0.32, 0.32)]
    return shapes


def rider(
    rng: np.random.Generator,
    x: float,
    z: float,
    *,
    side_on: bool,
    motor: bool,
    turn: float = 0.0,
) -> Thing:
    """The rider of a two-wheeler that stands at the same place.

    Args:
        rng: draws clothes and helmet.
        x: metres to the right.
        z: metres ahead.
        side_on: seen from the side rather than from behind.
        motor: sits lower, with a helmet.
        turn: radians, as that of the two-wheeler.

    Returns:
        The rider; draw it after its two-wheeler.
    """
    look, knee = _look(rng), rng.uniform(0.0, 1.0)
    shapes = _rider_side(look, knee, motor) if side_on else _rider_end(look, knee, motor)
    seat = 0.84 if motor else 0.96
    place = (0.2, seat + 0.76) if side_on else (0.0, seat + 0.8)
    shell = tinted(rng, (_DARK, (226, 226, 222), *_PAINT))
    if motor:
        shapes.append(_Shape(disc(*place, 0.145, 0.155, 14), shell, 0.75))
        visor = rect(place[0] + 0.02, place[0] + 0.14, place[1] - 0.03, place[1] + 0.06)
        if side_on:
            shapes.append(_Shape(visor, (44, 52, 60), 0.6))
    elif rng.random() < 0.5:
        dome = [(place[0] + 0.125 * c, place[1] + 0.02 + 0.13 * s) for c, s in _DOME]
        shapes.append(_Shape(dome, shell, 0.75))
    return Thing("rider", z - 0.01, _stood(shapes, x, z - 0.01, turn if side_on else 0.0))


def _rider_side(look: _Look, knee: float, motor: bool) -> list[_Shape]:
    seat = 0.84 if motor else 0.96
    near = (0.24, 0.62 + 0.2 * knee) if not motor else (0.26, 0.72)
    away = (0.24, 0.82 - 0.2 * knee) if not motor else (0.24, 0.7)
    foot = (0.06, near[1] - 0.44) if not motor else (0.02, 0.32)
    grip, lean = (0.34, seat + 0.14), 0.22 if motor else 0.16
    cloth = look.skin if look.bare else look.top
    return [
        _Shape(_limb(-0.16, seat, *away, 0.09, 0.07), shade(look.legs, 0.7), 0.4),
        _Shape(
            _limb(*away, foot[0] + 0.02, away[1] - 0.42, 0.065, 0.05), shade(look.legs, 0.7), 0.3
        ),
        _Shape(_limb(*near, *foot, 0.075, 0.055), look.legs, 0.45),
        _Shape(_limb(-0.18, seat, *near, 0.115, 0.078), look.legs, 0.6),
        _Shape(
            _limb(foot[0] - 0.06, foot[1] - 0.02, foot[0] + 0.2, foot[1] - 0.04, 0.05, 0.04),
            look.shoes,
            0.35,
        ),
        _Shape(_limb(-0.2, seat - 0.05, lean - 0.02, seat + 0.56, 0.15, 0.15), look.top, 0.7),
        _Shape(
            _limb(-0.28, seat + 0.02, lean - 0.14, seat + 0.5, 0.06, 0.05),
            shade(look.top, 0.75),
            0.4,
        ),
        *(
            [_Shape(_limb(-0.3, seat + 0.12, -0.12, seat + 0.56, 0.1, 0.1), look.spare, 0.5)]
            if look.bag == "pack"
            else []
        ),
        *_head(look, lean + 0.02, seat + 0.74, "side"),
        _Shape(_limb(lean, seat + 0.5, 0.22, seat + 0.24, 0.068, 0.055), look.top, 0.6),
        _Shape(_limb(0.22, seat + 0.24, *grip, 0.05, 0.042), cloth, 0.55),
        _Shape(disc(*grip, 0.045, 0.04, 8), look.skin, 0.5),
    ]


def _rider_end(look: _Look, knee: float, motor: bool) -> list[_Shape]:
    seat, out = (0.84, 0.24) if motor else (0.96, 0.16)
    low = 0.3 if motor else 0.18 + 0.22 * knee
    other = 0.3 if motor else 0.4 - 0.22 * knee
    torso = [
        (-0.16, seat - 0.1),
        (0.16, seat - 0.1),
        (look.broad, seat + 0.42),
        (look.broad * 0.85, seat + 0.54),
        (0.07, seat + 0.62),
        (-0.07, seat + 0.62),
        (-look.broad * 0.85, seat + 0.54),
        (-look.broad, seat + 0.42),
    ]
    shapes = []
    for side, foot in ((-1, low), (1, other)):
        knee_at = (side * out, (seat + foot) / 2 + 0.02)
        shin = (*knee_at, side * out * 0.9, foot)
        shapes += [
            _Shape(_limb(*shin, 0.07, 0.055), shade(look.legs, 0.85), 0.4),
            _Shape(_limb(side * 0.1, seat, *knee_at, 0.1, 0.075), look.legs, 0.5),
            _Shape(disc(side * out * 0.9, foot - 0.03, 0.06, 0.07, 8), look.shoes, 0.3),
            _Shape(
                _limb(
                    side * look.broad,
                    seat + 0.48,
                    side * (look.broad + 0.1),
                    seat + 0.22,
                    0.065,
                    0.055,
                ),
                look.top,
                0.5,
            ),
            _Shape(
                _limb(side * (look.broad + 0.1), seat + 0.22, side * 0.32, seat + 0.1, 0.05, 0.045),
                look.top,
                0.45,
            ),
        ]
    lit = [(0.02, seat - 0.1), *torso[1:5], (0.02, seat + 0.62)]
    shapes += [_Shape(torso, shade(look.top, 0.86), 0.5), _Shape(lit, look.top, 0.75)]
    if look.bag == "pack":
        shapes.append(_Shape(rect(-0.16, 0.16, seat + 0.06, seat + 0.52), look.spare, 0.55))
    return [*shapes, *_head(look, 0.0, seat + 0.76, "back")]
