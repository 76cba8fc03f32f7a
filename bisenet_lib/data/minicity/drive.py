"""A drive: consecutive frames of one street from a moving camera, with their labels.

The street is a ring of :data:`LAP` metres, built once. For each frame its things are moved to their
places at that time and painted. After two laps everything is at its first place again, so a film of
:data:`PERIOD` frames can be repeated without a jump.
Taught in ``06_deployment``.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from bisenet_lib.data.minicity import buses, cars, people, riders, traffic, trucks, two_wheelers
from bisenet_lib.data.minicity.city import CITIES, city_of
from bisenet_lib.data.minicity.colour import pick
from bisenet_lib.data.minicity.ego import Ego
from bisenet_lib.data.minicity.frame import annotate, check_frame_size, drawn, road_of
from bisenet_lib.data.minicity.geometry import Camera, Face, Points, Thing, strip
from bisenet_lib.data.minicity.paint import Look, paint
from bisenet_lib.data.minicity.plan import RARITY, plan
from bisenet_lib.data.minicity.scene import Scene, furnish, line, plant, rarities
from bisenet_lib.data.minicity.skyline import skyline
from bisenet_lib.data.minicity.street import (
    FIRST,
    LAST,
    draw_sides,
    flat,
    joints,
    mark,
    middle_of,
    rails,
    sidewalk,
    track_of,
)
from bisenet_lib.data.minicity.traffic import Stage
from bisenet_lib.data.minicity.view import Patch, Solids
from bisenet_lib.data.minicity.weather import Weather, draw_weather
from bisenet_lib.errors import InputError

FPS = 10
SPEED = 8.0
"""Metres per second."""
BLOCK, BLOCKS = 32.0, 8
LAP = BLOCK * BLOCKS
"""Metres once around the ring."""
PERIOD = round(2 * LAP / SPEED * FPS)
"""Frames after which a drive repeats: two laps."""
BEHIND = 24.0
"""Metres behind the camera at which a thing leaves for the far end of the ring."""
START, STUDIO = 5.0, 50.0
"""Metres ahead at which a block and a mover are built before they are moved to their places."""
NOWHERE = -1e4
"""Metres by which a thing is moved to make it invisible."""
WALK = 40.0
"""Metres that people walk before they turn back."""
STEPS = round(2 * WALK / 1.4)
_Build = tuple[Callable[..., list[Thing]], dict[str, Any]]
"""A function that builds a vehicle, and the options it is called with."""


@dataclass(frozen=True)
class Shot:
    """One frame of a drive.

    Args:
        number: from 0.
        image: (height, width, 3) uint8 RGB.
        scene: what it shows.
        patches: the faces seen of the scene's flats, and of its things.
    """

    number: int
    image: np.ndarray
    scene: Scene
    patches: tuple[list[list[Patch]], list[list[Patch]]]

    @cached_property
    def annotation(self) -> dict[str, Any]:
        """The annotation, in the form that :func:`bisenet_lib.data.minicity.render` gives."""
        return annotate(self.scene, *self.patches)

    def labels(self, kind: str = "ids") -> Image.Image:
        """The label image, as cityscapesscripts draws it.

        Args:
            kind: ``ids``, ``trainIds`` or ``color``.
        """
        return drawn(self.annotation, kind)


def drive(
    seed: int = 0, size: tuple[int, int] = (512, 256), frames: int | None = None
) -> Iterator[Shot]:
    """Drive through a street.

    Args:
        seed: decides street, weather and traffic.
        size: width and height in pixels.
        frames: how many; None gives frames without end, which repeat after :data:`PERIOD`.

    Yields:
        The frames, :data:`FPS` of them per second of the drive.

    Raises:
        InputError: a negative seed, no frames, or an impossible size.
    """
    if frames is not None and frames < 1:
        raise InputError(f"frames is {frames}; give 1 or more")
    street = Street(seed, size)
    numbers = itertools.count() if frames is None else range(frames)
    return (street.shot(number) for number in numbers)


class Street:
    """A street in a ring, from which any frame of a drive can be rendered.

    Args:
        seed: decides everything.
        size: width and height in pixels.

    Raises:
        InputError: a negative seed or an impossible size.
    """

    def __init__(self, seed: int = 0, size: tuple[int, int] = (512, 256)) -> None:
        check_frame_size(size)
        if seed < 0:
            raise InputError(f"seed is {seed}; give 0 or more")
        rng = np.random.default_rng([seed, len(CITIES)])
        names = [name for split in CITIES.values() for name in split]
        self.city = city_of(names[int(rng.integers(len(names)))], seed)
        self.weather = draw_weather(rng)
        self.sides = draw_sides(rng, self.city)
        horizon, eye = rng.uniform(0.39, 0.45), rng.uniform(1.25, 1.45)
        self.camera = Camera(*size, horizon=horizon, eye=eye)
        self.look = Look.usual(rng, self.camera, self.weather)
        self.bends, self.turns = rng.uniform(-0.0007, 0.0007, 2), rng.integers(1, 4, 2)
        self.tram = bool(rng.random() < 0.4)
        first = rng.random(len(RARITY))
        flats, standing = list(self._crossings(rng)), []
        shadows: dict[str, list[Points]] = {"cast_shadows": [], "contact_shadows": []}
        for number in range(BLOCKS):
            stage = self._stage(np.random.default_rng([seed, len(CITIES), number]))
            stage.wanted |= plan(first, number) - {"bridge", "deleted", "rider"}
            away = number * BLOCK - START
            flats += [moved(thing, away) for thing in self._block(stage)]
            standing += [moved(thing, away) for thing in stage.things]
            shadows["cast_shadows"] += [points + np.array((0, 0, away)) for points in stage.cast]
            shadows["contact_shadows"] += [
                points + np.array((0, 0, away)) for points in stage.contact
            ]
        self.movers = _movers(rng, self._stage(rng), self.tram)
        self.shadows = shadows
        self.flats, self.standing = _Ring.of(flats), _Ring.of(standing)
        self.moving = Solids.of([thing for mover in self.movers for thing in mover.things])
        self.base = self._base()
        back = skyline(rng, self.city, self.weather, LAST)
        self.back = sorted(back, key=lambda thing: -thing.depth)

    def shot(self, number: int) -> Shot:
        """Take a frame.

        Args:
            number: from 0; numbers that differ by :data:`PERIOD` give the same scene.
        """
        share = number % PERIOD / PERIOD
        gone = 2 * LAP * share
        bend = float(self.bends @ np.sin(2 * np.pi * self.turns * share))
        camera = replace(self.camera, bend=bend, gone=gone)
        flats = [self._seen(self.base, camera), self.flats.seen(camera, self.weather, haze=False)]
        things = [
            self._seen(self.back, camera),
            self.standing.seen(camera, self.weather),
            self._seen_moving(share, camera),
        ]
        shown = [pair for group in flats for pair in group if pair[1]]
        standing = sorted(
            (pair for group in things for pair in group if pair[1]), key=lambda pair: -pair[0].depth
        )
        scene = Scene(
            camera,
            self.weather,
            tuple(thing for thing, _ in shown),
            tuple(thing for thing, _ in standing),
            **self._shadows(share, gone),
            ego=Ego(),
            moving=True,
        )
        patches = [faces for _, faces in shown], [faces for _, faces in standing]
        rows, columns = np.random.default_rng(number).integers(0, self.look.noise.shape[:2])
        look = replace(self.look, noise=np.roll(self.look.noise, (rows, columns), (0, 1)))
        image = paint(scene, *patches, lambda: road_of(annotate(scene, *patches)), look)
        return Shot(number, image, scene, patches)

    def _stage(self, rng: np.random.Generator) -> Stage:
        return Stage(rng, self.city, self.weather, self.sides, set(), end=START + BLOCK)

    def _block(self, stage: Stage) -> list[Thing]:
        """Build a block into a stage, from :data:`START` on, and give its flat things."""
        dashes = np.arange(START, START + BLOCK, 8.0).tolist()
        middle = middle_of(self.sides)
        flats = [_marks(mark(middle - 0.07, middle + 0.07, z, z + 3.2) for z in dashes)]
        for side in self.sides:
            flats.append(_marks(joints(self.city, side, START, START + BLOCK, BLOCK / 25)))
        flats += line(stage)
        plant(stage)
        furnish(stage)
        traffic.park(stage)
        traffic.place_two_wheelers(stage)
        rarities(stage)
        return flats

    def _crossings(self, rng: np.random.Generator) -> Iterator[Thing]:
        """Zebra crossings, and patches of another asphalt."""
        left, right = self.sides
        for z in rng.uniform(0, LAP, 10):
            x, tone = rng.uniform(left.kerb, right.kerb - 1), rng.uniform(0.8, 1.1)
            patch = tuple(tone * np.array(self.city.asphalt))
            wide, long = rng.uniform(0.5, 2.5), rng.uniform(1, 12)
            yield _marks([mark(x, x + wide, z + START, z + START + long, patch)])
        for z in rng.uniform(0, LAP, 2):
            bars = np.arange(left.kerb + 0.4, right.kerb - 0.4, 1.0).tolist()
            yield _marks(mark(x, x + 0.5, z + START, z + START + 3.5) for x in bars)

    def _base(self) -> list[Thing]:
        """The ground that moves with the camera because it has no ends."""
        road = flat("road", strip(-400, 400, FIRST, 400), self.city.asphalt)
        things = [road, *(sidewalk(self.city, side, []) for side in self.sides)]
        return [*things, rails(track_of(self.sides))] if self.tram else things

    def _seen(self, things: Sequence[Thing], camera: Camera) -> list[tuple[Thing, list[Patch]]]:
        solids = Solids.of(things)
        flats = things is self.base
        patches = solids.seen(solids.points, camera, self.weather, haze=not flats)
        return list(zip(things, patches, strict=True))

    def _seen_moving(self, share: float, camera: Camera) -> list[tuple[Thing, list[Patch]]]:
        ahead = np.concatenate([mover.ahead(share, camera.gone) for mover in self.movers])
        points = self.moving.moved(ahead)
        patches = self.moving.seen(points, camera, self.weather)
        things = [thing for mover in self.movers for thing in mover.things]
        return [
            (replace(thing, depth=thing.depth + far), faces)
            for thing, far, faces in zip(things, ahead.tolist(), patches, strict=True)
            if faces
        ]

    def _shadows(self, share: float, gone: float) -> dict[str, tuple[Points, ...]]:
        polygons: dict[str, list[Points]] = {}
        for kind, still in self.shadows.items():
            ahead = [_ahead(float(points[:, 2].max()), gone) for points in still]
            polygons[kind] = [
                points + np.array((0, 0, far))
                for points, far in zip(still, ahead, strict=True)
                if far > NOWHERE
            ]
        for mover in self.movers:
            far = float(mover.ahead(share, gone).max())
            if far > NOWHERE:
                polygons["cast_shadows"] += [
                    points + np.array((0, 0, far)) for points in mover.cast
                ]
                polygons["contact_shadows"] += [
                    points + np.array((0, 0, far)) for points in mover.contact
                ]
        return {kind: tuple(points) for kind, points in polygons.items()}


@dataclass(frozen=True)
class _Ring:
    """Things that stand around the ring."""

    things: tuple[Thing, ...]
    solids: Solids

    @classmethod
    def of(cls, things: Sequence[Thing]) -> "_Ring":
        return cls(tuple(things), Solids.of(things))

    @cached_property
    def ends(self) -> np.ndarray:
        """(T,) metres along the ring at which each thing ends."""
        far = np.maximum.reduceat(self.solids.points[:, 2], self.solids.starts)
        ends = np.full(len(self.things), -np.inf)
        np.maximum.at(ends, self.solids.owners, far)
        return ends

    def seen(
        self, camera: Camera, weather: Weather, *, haze: bool = True
    ) -> list[tuple[Thing, list[Patch]]]:
        """The things that are visible, at their places for this camera, with their faces."""
        ahead = _ahead(self.ends, camera.gone)
        patches = self.solids.seen(self.solids.moved(ahead), camera, weather, haze=haze)
        return [
            (replace(thing, depth=thing.depth + far), faces)
            for thing, far, faces in zip(self.things, ahead.tolist(), patches, strict=True)
            if faces
        ]


def _ahead(end: np.ndarray | float, gone: float) -> np.ndarray:
    """How far to move a thing that ends at ``end`` when the camera has moved ``gone`` metres."""
    at = (np.asarray(end) - gone + BEHIND) % LAP - BEHIND
    return np.where(at < LAST, at - end, NOWHERE)


@dataclass(frozen=True)
class Mover:
    """Something that moves along the ring, built at :data:`STUDIO` metres.

    Args:
        poses: its things in each of its poses.
        contact: (N, 3) polygons of the shadow under it.
        cast: (N, 3) polygons of the shadow it throws.
        place: gives metres along the ring at a share (0..1) of :data:`PERIOD`.
        steps: how often its poses are repeated in a period.
    """

    poses: tuple[tuple[Thing, ...], ...]
    contact: tuple[Points, ...]
    cast: tuple[Points, ...]
    place: Callable[[float], float]
    steps: int = 0

    @property
    def things(self) -> tuple[Thing, ...]:
        """The things of all poses."""
        return tuple(thing for pose in self.poses for thing in pose)

    def ahead(self, share: float, gone: float) -> np.ndarray:
        """(T,) metres by which to move each thing; those of other poses become invisible."""
        at = (self.place(share) - gone + BEHIND) % LAP - BEHIND
        pose = int(share * self.steps * len(self.poses)) % len(self.poses)
        far = at - STUDIO if at < LAST else NOWHERE
        return np.concatenate(
            [
                np.full(len(things), far if number == pose else NOWHERE)
                for number, things in enumerate(self.poses)
            ]
        )


def moved(thing: Thing, away: float) -> Thing:
    """The same thing, ``away`` metres further ahead."""
    faces = tuple(
        face._replace(points=face.points + np.array((0, 0, away))) for face in thing.faces
    )
    return replace(thing, depth=thing.depth + away, faces=faces)


def _marks(faces: Sequence[Face] | Iterator[Face]) -> Thing:
    return Thing("road", LAST, tuple(faces))


def _movers(rng: np.random.Generator, stage: Stage, tram: bool) -> list[Mover]:
    own, oncoming = traffic.lanes(stage)
    lit = stage.weather.lit
    movers: list[Mover] = []

    def vehicle(
        build: Callable[..., list[Thing]],
        x: float,
        heading: float,
        laps: int,
        start: float,
        **options: Any,
    ) -> None:
        half, long = (0.9, 2.15) if build is cars.car else (1.25, 4.5)
        stage.contact, stage.cast, stage.things = [], [], []
        stage.vehicle(build(rng, x, STUDIO, heading, **options), x, STUDIO, half, long)
        place = _at_speed(start, laps, sway=rng.uniform(1, 4), phase=rng.uniform(0, 2 * np.pi))
        movers.append(_mover([stage.things], stage, place))

    car: _Build = cars.car, {"lit": lit}
    long_vehicles: tuple[_Build, _Build] = (
        (trucks.truck, {}),
        (buses.bus, {"colours": stage.city.bus}),
    )
    for number, start in enumerate(_spread(rng, 20, LAP - BEHIND - 8, 4)):
        build, options = car
        if number == 2 and rng.random() < 0.7:
            build, options = pick(rng, long_vehicles)
        vehicle(build, own + rng.normal(0, 0.1), 0.0, 2, start, **options)
    for start in _spread(rng, 0, LAP, 5):
        vehicle(cars.car, oncoming + rng.normal(0, 0.1), np.pi, -2, start, lit=lit)
    if tram:
        track, colours = track_of(stage.sides), stage.city.tram
        vehicle(buses.tram, track, np.pi, -1, rng.uniform(0, LAP), colours=colours)
    for start in _spread(rng, 0, LAP, 3):
        movers.append(_rider(rng, stage, start))
    for start in rng.uniform(0, LAP, 22):
        movers.append(_walker(rng, stage, start))
    return movers


def _spread(rng: np.random.Generator, low: float, high: float, count: int) -> np.ndarray:
    """Random places along the ring, never closer than half of the mean gap."""
    gap = (high - low) / count
    return low + gap * (np.arange(count) + rng.uniform(0, 0.5, count))


def _at_speed(
    start: float, laps: int, sway: float = 0.0, phase: float = 0.0
) -> Callable[[float], float]:
    def place(share: float) -> float:
        return start + laps * LAP * share + sway * math.sin(2 * math.pi * 2 * share + phase)

    return place


def _mover(
    poses: Sequence[Sequence[Thing]],
    stage: Stage,
    place: Callable[[float], float],
    steps: int = 0,
) -> Mover:
    shadows = tuple(stage.contact), tuple(stage.cast)
    return Mover(tuple(map(tuple, poses)), *shadows, place, steps)


def _rider(rng: np.random.Generator, stage: Stage, start: float) -> Mover:
    right = stage.sides[1]
    x, motor = right.kerb - 2.4 * right.parked - 0.8, bool(rng.random() < 0.3)
    build = two_wheelers.motorcycle if motor else two_wheelers.bicycle
    things = [
        build(rng, x, STUDIO, side_on=False),
        riders.rider(rng, x, STUDIO, side_on=False, motor=motor),
    ]
    stage.contact, stage.cast = [traffic.spot(x, STUDIO, 0.25)], []
    return _mover([things], stage, _at_speed(start, 1))


def _walker(rng: np.random.Generator, stage: Stage, start: float) -> Mover:
    side = stage.sides[int(rng.integers(2))]
    low, high = sorted((side.kerb + side.sign * 0.4, side.front - side.sign * 0.3))
    x = rng.uniform(low, high)
    seed, phase = rng.integers(1 << 30), rng.random()
    poses = [
        [people.person(np.random.default_rng(seed), x, STUDIO, phase=turn * np.pi / 2)]
        for turn in range(4)
    ]
    stage.contact, stage.cast = [traffic.spot(x, STUDIO, 0.28)], []
    stage.fall(np.array([(x - 0.2, 0, STUDIO), (x + 0.2, 0, STUDIO)], float), 1.7)

    def place(share: float) -> float:
        """Forward and back once in a period."""
        return start + WALK * abs(2 * ((share + phase) % 1) - 1)

    return _mover(poses, stage, place, STEPS)
