"""People on foot or seated, with their clothes and bags."""

import math
from dataclasses import dataclass

import numpy as np

from bisenet_lib.data.minicity.colour import Colour, shade, tinted
from bisenet_lib.data.minicity.cutouts import CLOTHES, DARK, Shape, stood
from bisenet_lib.data.minicity.geometry import Face, Thing, disc, dome, limb, rect

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


@dataclass(frozen=True)
class Look:
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
        long_hair: the hair is long.
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
    long_hair: bool
    hat: str
    bag: str


def draw_look(rng: np.random.Generator) -> Look:
    """Draw how someone looks."""
    return Look(
        broad=rng.uniform(0.18, 0.27),
        skin=tinted(rng, _SKIN),
        hair=tinted(rng, _HAIR),
        top=tinted(rng, CLOTHES),
        legs=tinted(rng, _LEGS if rng.random() < 0.7 else CLOTHES),
        shoes=tinted(rng, (DARK, (70, 50, 40), (214, 212, 208))),
        spare=tinted(rng, CLOTHES),
        hem=float(rng.choice([0.9, 0.78, 0.5], p=[0.62, 0.24, 0.14])),
        bottom=str(rng.choice(["trousers", "shorts", "skirt"], p=[0.7, 0.12, 0.18])),
        bare=bool(rng.random() < 0.3),
        long_hair=bool(rng.random() < 0.4),
        hat=str(
            rng.choice(["none", "cap", "beanie", "scarf", "brim"], p=[0.7, 0.1, 0.1, 0.05, 0.05])
        ),
        bag=str(
            rng.choice(["none", "pack", "hand", "shoulder", "case"], p=[0.5, 0.2, 0.13, 0.1, 0.07])
        ),
    )


def head(look: Look, x: float, y: float, view: str) -> list[Shape]:
    """Neck, face, hair and hat.

    Args:
        look: of the person.
        x: middle of the head, metres before the hips.
        y: middle of the head, metres above the ground.
        view: ``front``, ``back`` or ``side``.

    Returns:
        Shapes.
    """
    hair, skin = look.hair, look.skin
    wide = 0.1 if view == "side" else 0.085
    shapes = [Shape(limb(x, y - 0.22, x, y - 0.05, 0.05, 0.05), shade(skin, 0.8), 0.4)]
    if look.long_hair:
        lock = [(x - 0.12, y + 0.05), (x + 0.1, y + 0.05), (x + 0.1, y - 0.2), (x - 0.13, y - 0.22)]
        shapes.insert(0 if view == "front" else 1, Shape(lock, hair, 0.45))
    if view == "back":
        shapes.append(Shape(disc(x, y + 0.02, 0.1, 0.13, 12), hair, 0.55))
    else:
        shapes.append(Shape(disc(x, y, wide, 0.125, 12), skin, 0.6))
        cheek = [
            (x, y - 0.12),
            (x + wide * 0.8, y - 0.05),
            (x + wide * 0.9, y + 0.05),
            (x, y + 0.06),
        ]
        shapes.append(Shape(cheek, shade(skin, 0.88), 0.5))
        back = -0.035 if view == "side" else 0.0
        shapes.append(Shape(disc(x + back, y + 0.07, 0.105, 0.075, 10), hair, 0.5))
        if view == "side":
            shapes.append(Shape(disc(x - 0.055, y + 0.01, 0.06, 0.1, 10), hair, 0.5))
    if look.hat != "none":
        cap = dome(x, y + 0.05, 0.11, 0.12)
        shapes.append(Shape(cap, look.spare, 0.65))
    if look.hat in ("cap", "brim"):
        left = 0.2 if look.hat == "brim" else 0.1
        brim = rect(x - left, x + 0.2, y + 0.04, y + 0.075)
        shapes.append(Shape(brim, shade(look.spare, 0.7), 0.5))
    elif look.hat == "scarf":
        cloth = [
            (x - 0.13, y + 0.08),
            (x - 0.05, y + 0.1),
            (x - 0.06, y - 0.2),
            (x - 0.15, y - 0.2),
        ]
        shapes.append(Shape(cloth, look.spare, 0.5))
    return shapes


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
    """The faces of one person on foot; arguments as in :func:`person`."""
    size = rng.uniform(0.88, 1.08) if rng.random() < 0.86 else rng.uniform(0.55, 0.75)
    look, step = draw_look(rng), rng.uniform(0, 2 * np.pi)
    view = str(rng.choice(["front", "back", "side"], p=[0.3, 0.35, 0.35]))
    turn = rng.uniform(-0.4, 0.4) + np.pi * rng.integers(2)
    sway, umbrella = rng.uniform(0.05, 0.3), rng.random() < 0.06
    if phase is not None:
        step, sway = phase, max(sway, 0.2)
    shapes = _body(look, view, sway * math.sin(step))
    if umbrella:
        shapes += _umbrella(look)
    return stood(shapes, x, z, turn, size)


def _body(look: Look, view: str, stride: float) -> list[Shape]:
    """Someone upright.

    Args:
        look: of the person.
        view: ``front``, ``back`` or ``side``.
        stride: lean of the front leg, radians.

    Returns:
        Shapes, the farthest first.
    """
    side = view == "side"
    hips = (0.0, 0.0) if side else (-0.085, 0.085)
    far, near = (-stride, stride) if side else (0.05, -0.05)
    lift = abs(stride) * 0.35 * (not side)
    shapes: list[Shape] = []
    if look.bag in ("pack", "shoulder") and view == "front":
        shapes.append(Shape(rect(-0.2, 0.2, 0.95, 1.42), look.spare, 0.4))
    shapes += _arm(look, -look.broad if not side else 0.0, -1.2 * stride, far=True, side=side)
    shapes += _leg(look, hips[0], far, max(-far, 0.05), lift * (stride > 0), gain=0.8)
    shapes += _leg(look, hips[1], near, max(-near, 0.05), lift * (stride < 0), gain=1.0)
    shapes += _torso(look, view)
    shapes += head(look, 0.03 if side else 0.0, 1.63, view)
    shapes += _arm(look, look.broad if not side else 0.0, 1.2 * stride, far=False, side=side)
    return shapes + _luggage(look, view)


def _leg(
    look: Look, x: float, lean: float, bend: float, lift: float, *, gain: float
) -> list[Shape]:
    """Thigh, shin and shoe of a leg.

    Args:
        look: of the person.
        x: of the hip, metres.
        lean: of the thigh, radians.
        bend: of the knee, radians.
        lift: of the foot, metres.
        gain: factor on the colours; the farther leg is darker.

    Returns:
        Shapes.
    """
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
        Shape(shoe, shade(look.shoes, gain), 0.3),
        Shape(limb(*knee, *foot, 0.062, thin), shin, 0.4),
        Shape(limb(x, 0.95, *knee, 0.105, 0.068), thigh, 0.5),
    ]


def _arm(look: Look, x: float, lean: float, *, far: bool, side: bool) -> list[Shape]:
    """An arm from the shoulder at ``x`` metres, swung by ``lean`` radians."""
    gain = 0.78 if far else 1.0
    out = 0.0 if side else math.copysign(0.03, x)
    swing = lean if side else 0.0
    elbow = x + out + 0.28 * math.sin(swing), 1.41 - 0.28 * math.cos(swing)
    bend = swing + (0.3 if side else 0.0)
    hand = elbow[0] + out * 0.3 + 0.26 * math.sin(bend), elbow[1] - 0.26 * math.cos(bend)
    skin, cloth = shade(look.skin, gain), shade(look.top, gain)
    return [
        Shape(disc(*hand, 0.045, 0.055, 8), skin, 0.5),
        Shape(limb(*elbow, *hand, 0.05, 0.038), skin if look.bare else cloth, 0.5),
        Shape(limb(x, 1.43, *elbow, 0.068, 0.052), cloth, 0.6),
    ]


def _torso(look: Look, view: str) -> list[Shape]:
    """Coat or shirt, and a skirt below it; ``view`` is front, back or side."""
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
        shapes.append(Shape(skirt, look.legs, 0.5))
    shapes += [Shape(outline, shade(look.top, 0.88), 0.45), Shape(lit, look.top, 0.75)]
    if view == "front" and hem < 0.95 and not look.bare:
        shirt = [(-0.05, 1.5), (0.05, 1.5), (0.03, hem + 0.1), (-0.03, hem + 0.1)]
        shapes.append(Shape(shirt, look.spare, 0.6))
    elif hem > 0.7:
        shapes.append(Shape(rect(-broad * 0.82, broad * 0.82, hem, hem + 0.04), DARK, 0.4))
    return shapes


def _luggage(look: Look, view: str) -> list[Shape]:
    """The bag, as far as it is before the person; ``view`` is front, back or side."""
    if look.bag == "pack" and view != "front":
        x0, x1 = (-0.34, -0.08) if view == "side" else (-0.17, 0.17)
        pack = [(x0, 1.0), (x1, 0.96), (x1, 1.42), (x0 + 0.04, 1.42)]
        flap = rect(x0 + 0.02, x1, 1.05, 1.18)
        return [Shape(pack, look.spare, 0.5), Shape(flap, shade(look.spare, 0.75), 0.5)]
    if look.bag == "hand":
        bag = [(0.14, 0.78), (0.36, 0.78), (0.4, 0.48), (0.1, 0.48)]
        return [Shape(bag, look.spare, 0.6)]
    if look.bag == "shoulder" and view != "front":
        strap = limb(-0.15, 1.45, 0.2, 0.95, 0.02, 0.02)
        return [Shape(strap, DARK, 0.4), Shape(rect(0.08, 0.32, 0.72, 1.0), look.spare, 0.5)]
    if look.bag == "case":
        pull = limb(-0.22, 0.85, -0.42, 0.55, 0.015, 0.015)
        return [Shape(rect(-0.58, -0.3, 0.05, 0.58), look.spare, 0.5), Shape(pull, DARK, 0.4)]
    return []


def _umbrella(look: Look) -> list[Shape]:
    """An open umbrella above the head."""
    canopy = dome(0, 1.86, 0.55, 0.28)
    half = [(0.0, 2.14), *canopy[:3], (0.1, 1.86)]
    return [
        Shape(limb(0.12, 1.1, 0.05, 2.1, 0.012, 0.012), DARK, 0.4),
        Shape(canopy, shade(look.spare, 0.75), 0.5),
        Shape(half, look.spare, 0.7),
    ]


def seated(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """Someone on a bench; arguments as in :func:`person`.

    Returns:
        The bench (``static``), then the person.
    """
    look, turn = draw_look(rng), rng.uniform(-0.5, 0.5) + np.pi * rng.integers(2)
    wood = tinted(rng, ((120, 86, 54), (84, 88, 92), (60, 84, 62)))
    bench = [
        Shape(rect(-0.3, 0.25, 0.4, 0.48), wood, 0.7),
        Shape(limb(-0.28, 0.45, -0.38, 0.95, 0.03, 0.03), wood, 0.5),
        Shape(rect(-0.26, -0.2, 0.0, 0.42), DARK, 0.3),
        Shape(rect(0.15, 0.21, 0.0, 0.42), DARK, 0.3),
    ]
    knee, lean = rng.uniform(0.36, 0.46), rng.uniform(-0.08, 0.12)
    shapes = [
        Shape(rect(knee - 0.06, knee + 0.16, 0.0, 0.08), look.shoes, 0.3),
        Shape(limb(knee, 0.52, knee - 0.03, 0.06, 0.07, 0.055), shade(look.legs, 0.85), 0.4),
        Shape(limb(-0.08, 0.56, knee, 0.52, 0.11, 0.08), look.legs, 0.7),
        Shape(limb(-0.08, 0.5, lean, 1.1, 0.15, 0.16), look.top, 0.6),
        Shape(limb(lean, 1.05, 0.16, 0.72, 0.06, 0.05), shade(look.top, 0.85), 0.5),
        Shape(disc(0.22, 0.68, 0.05, 0.05, 8), look.skin, 0.5),
        *head(look, lean + 0.04, 1.26, "side"),
    ]
    return [
        Thing("static", z + 0.02, stood(bench, x, z + 0.02, turn)),
        Thing("person", z, stood(shapes, x, z, turn)),
    ]
