"""Plants: trees of several species, bushes, hedges and ivy."""

import numpy as np

from bisenet_lib.data.minicity.colour import Colour, mixed, pick, rgb, shade
from bisenet_lib.data.minicity.geometry import Face, Points, Thing, bridged, circle, rect, upright

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
    tone = np.array(mixed(pick(rng, kinds), green, share))
    return rgb(np.clip(tone * rng.normal(0.92, 0.16) * rng.normal(1, 0.05, 3), 12, 225))


_TREES = ("round", "wide", "clumps", "column", "conifer", "palm", "bare", "shrub")
_TREE_CHANCES = (0.26, 0.2, 0.17, 0.08, 0.08, 0.04, 0.09, 0.08)


def tree(
    rng: np.random.Generator, x: float, z: float, tall: float, green: Colour, sun: float
) -> Thing:
    """A tree of one of several species: trunk and crown are ``vegetation``, as in Cityscapes.

    Args:
        rng: draws it.
        x: metres to the right.
        z: metres ahead.
        tall: metres.
        green: that of the city.
        sun: -1..1, the side from which the light comes.

    Returns:
        A ``vegetation`` thing.
    """
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
    """A palm: a bare trunk and fronds around its top."""
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
    """A hedge along the street: dark at its foot, bright on top.

    Args:
        rng: draws its outline.
        x: lateral position, metres; its sign is the side of the street.
        z0: beginning, metres ahead.
        z1: end.
        tall: metres.
        green: of its leaves.

    Returns:
        A ``vegetation`` thing.
    """
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
    """Leaves that climb a wall along the street; arguments and result as in :func:`hedge`."""
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
