"""Traffic and people: what stands, drives, rides and walks in a street."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bisenet_lib.data.minicity import buses, cars, people, riders, trucks, two_wheelers
from bisenet_lib.data.minicity.city import City
from bisenet_lib.data.minicity.geometry import Points, Thing, turned
from bisenet_lib.data.minicity.street import Side, track_of
from bisenet_lib.data.minicity.weather import Weather


@dataclass
class Stage:
    """A scene under construction."""

    rng: np.random.Generator
    city: City
    weather: Weather
    sides: tuple[Side, Side]
    wanted: set[str]
    things: list[Thing] = field(default_factory=list)
    cast: list[Points] = field(default_factory=list)
    contact: list[Points] = field(default_factory=list)
    end: float = math.inf
    """Metres ahead at which the scene ends."""

    def vehicle(
        self,
        things: list[Thing],
        x: float,
        z: float,
        half: float,
        long: float,
        heading: float = 0.0,
    ) -> None:
        """Add a vehicle with its shadows; ``half`` and ``long`` are half its width and length."""
        self.things += things
        corners = np.array([(-half, 0, -long), (half, 0, -long), (half, 0, long), (-half, 0, long)])
        box = turned(corners, heading, x, z)
        self.contact.append(box)
        self.fall(box, 1.3)

    def fall(self, foot: Points, tall: float) -> None:
        """Add the shadow that something ``tall`` metres high throws from its ``foot``."""
        sun = self.weather.sun
        away = -tall / max(sun[1], 0.25) * np.array([sun[0], 0, sun[2]])
        count = len(foot)
        for corner in range(count):
            start, end = foot[corner], foot[(corner + 1) % count]
            quad = np.array([start, end, end + away, start + away])
            if quad[:, 2].min() > 1.0:
                self.cast.append(quad)


_FINE = 33.0
"""Metres ahead up to which small parts are drawn."""
_LONG = 2.2
"""Metres from the middle of a car to its ends."""


def park(stage: Stage) -> None:
    """Line the kerbs with parked cars, and a few pick-ups."""
    rng, whole = stage.rng, math.isinf(stage.end)
    for side in stage.sides:
        if not side.parked:
            continue
        full, last = rng.uniform(0.3, 1.0), min(75, stage.end - 2.6)
        inward, lean, step = _row(rng)
        z = rng.uniform(3.2, 11) if whole else rng.uniform(6.5, 9)
        while z < last:
            if rng.random() < full:
                x = side.kerb - side.sign * (inward + rng.uniform(-0.1, 0.1))
                turn = (0.0 if side.sign > 0 else np.pi) + rng.normal(0, 0.025) + lean * side.sign
                turn += np.pi * (rng.random() < 0.12)
                build = cars.pickup if z > 9 and rng.random() < 0.02 else cars.car
                car = build(rng, x, z, turn, fine=z < _FINE)
                stage.vehicle(car, x, z, 0.9, _LONG, turn)
            z += step * rng.uniform(1.0, 1.25)


def _row(rng: np.random.Generator) -> tuple[float, float, float]:
    """How a row of cars is parked.

    Returns:
        Metres from the kerb to the middle of a car, its heading to the street in radians, and
        metres along the street from one car to the next.
    """
    kind = rng.random()
    if kind < 0.62:
        return 1.12, 0.0, 5.0
    if kind < 0.8:
        return rng.uniform(0.1, 0.7), 0.0, 5.0
    if kind < 0.92:
        return 0.3, rng.uniform(0.6, 1.1) * rng.choice([-1, 1]), 3.0
    return 0.0, np.pi / 2 * rng.choice([-1, 1]), 2.5


def lanes(stage: Stage) -> tuple[float, float]:
    """Lateral positions of the camera's own lane and of the oncoming one, metres."""
    left, right = stage.sides
    own = min(0.3, right.kerb - 1.4 - 2.2 * right.parked)
    oncoming = max(own - 3.5, left.kerb + 1.3 + 2.2 * left.parked)
    return own, oncoming


def fill_lanes(stage: Stage) -> None:
    """Fill the lanes: lorry, bus and tram where wanted, and cars between and across them."""
    rng, lit = stage.rng, stage.weather.lit
    own, oncoming = lanes(stage)
    busy = _long_vehicles(stage, ((own, 0.0), (oncoming, np.pi)))
    busy += _crossing(stage, (own, oncoming), lit=lit)
    gap = (5.5, 9.0) if rng.random() < 0.15 else (7.0, 26.0)
    against = 0.0 if rng.random() < 0.15 else np.pi
    for lane, heading, chance in (
        (own, 0.0, 0.65),
        (oncoming, against, 0.55),
        *((lane, 0.0 if lane > own else against, 0.4) for lane in _outer_lanes(stage)),
    ):
        near = rng.random() < 0.22
        z = rng.uniform(6.5, 12) if near else rng.uniform(11, 30)
        if lane != own and near:
            z -= 2.5
        while z < 110:
            free = all(lane != at or abs(z - deep) > 11 for at, deep in busy)
            if free and rng.random() < chance:
                x, turn = lane + rng.normal(0, 0.2), heading + rng.normal(0, 0.03)
                car = cars.car(rng, x, z, turn, lit=lit, fine=z < _FINE)
                stage.vehicle(car, x, z, 0.9, _LONG, turn)
            z += rng.uniform(*gap)


def _outer_lanes(stage: Stage) -> list[float]:
    """Lateral positions of the lanes beside the two of :func:`lanes`, metres."""
    left, right = stage.sides
    own, oncoming = lanes(stage)
    after = np.arange(own + 3.4, right.kerb - 1.4 - 2.2 * right.parked, 3.4)
    before = np.arange(oncoming - 3.4, left.kerb + 1.3 + 2.2 * left.parked, -3.4)
    return [*after.tolist()[:3], *before.tolist()[:3]]


def _crossing(stage: Stage, lanes: tuple[float, float], *, lit: bool) -> list[tuple[float, float]]:
    """Sometimes a car crosses or turns; gives the places in the lanes that it takes."""
    rng, (left, right) = stage.rng, stage.sides
    if rng.random() > 0.28:
        return []
    z = rng.uniform(10, 25) if rng.random() < 0.6 else rng.uniform(25, 50)
    x = rng.uniform(left.kerb + 1, right.kerb + 1)
    turn = np.pi / 2 * rng.choice([-1, 1]) + rng.normal(0, 0.35)
    car = cars.car(rng, x, z, turn, lit=lit, fine=z < _FINE)
    stage.vehicle(car, x, z, 0.9, _LONG, turn)
    return [(lane, z) for lane in lanes]


def _long_vehicles(
    stage: Stage, lanes: tuple[tuple[float, float], ...]
) -> list[tuple[float, float]]:
    rng = stage.rng
    busy: list[tuple[float, float]] = []
    if "truck" in stage.wanted:
        (x, heading), z = lanes[int(rng.integers(2))], rng.uniform(23, 52)
        busy.append((x, z))
        turn = heading + rng.normal(0, 0.06)
        stage.vehicle(trucks.truck(rng, x, z, turn), x, z, 1.2, 4, turn)
    if "bus" in stage.wanted:
        (x, heading), z = lanes[int(rng.integers(2))], rng.uniform(22, 46) + 14 * len(busy)
        busy.append((x, z))
        turn = heading + rng.normal(0, 0.06)
        stage.vehicle(buses.bus(rng, x, z, turn, stage.city.bus), x, z, 1.25, 5.5, turn)
    if "train" in stage.wanted:
        x, z, heading = track_of(stage.sides), rng.uniform(36, 64), np.pi * rng.integers(2)
        busy.append((lanes[1][0], z))
        stage.vehicle(buses.tram(rng, x, z, heading, stage.city.tram), x, z, 1.2, 9)
    return busy


def place_two_wheelers(stage: Stage) -> None:
    """Place bicycles and motorcycles at the kerb, and riders on the road."""
    rng = stage.rng
    if "bicycle" in stage.wanted:
        for _ in range(int(rng.integers(1, 4))):
            _bicycles(stage)
    if "motorcycle" in stage.wanted:
        for _ in range(2):
            _motorcycles(stage)
    if "rider" in stage.wanted:
        for number in range(int(rng.integers(1, 3))):
            _ride(stage, 7.0 * number)


def _open_side(stage: Stage) -> Side:
    """A side of the street, mostly one where no parked cars hide what stands at the kerb."""
    free = [side for side in stage.sides if not side.parked]
    sides = free if free and stage.rng.random() < 0.8 else stage.sides
    return sides[int(stage.rng.integers(len(sides)))]


def _bicycles(stage: Stage) -> None:
    """A bicycle on a sidewalk, one leaning on a wall, or a row at a rack."""
    rng, side = stage.rng, _open_side(stage)
    wide, z, kind = max(abs(side.walk - side.kerb), 1.2), rng.uniform(8, 24), rng.random()
    if kind < 0.25:
        x, turn = side.walk - side.sign * 0.35, np.pi / 2 + rng.normal(0, 0.12)
        _two_wheeler(stage, two_wheelers.bicycle, x, z, turn)
    elif kind < 0.5:
        x, turn = side.kerb + side.sign * rng.uniform(0.8, 1.3), rng.normal(0, 0.5)
        step = rng.uniform(0.4, 0.7)
        for number in range(int(rng.integers(3, 7))):
            way = turn + rng.normal(0, 0.06) + np.pi * (rng.random() < 0.2)
            _two_wheeler(stage, two_wheelers.bicycle, x, z + step * number, way)
    else:
        x = side.kerb + side.sign * rng.uniform(0.4, wide - 0.4)
        _two_wheeler(stage, two_wheelers.bicycle, x, z, rng.uniform(0, 2 * np.pi))


def _motorcycles(stage: Stage) -> None:
    """A parked motorcycle, or a row of them, at the kerb or on the sidewalk."""
    rng, side = stage.rng, _open_side(stage)
    near = rng.random() < 0.08
    z = rng.uniform(7, 12) if near else rng.uniform(15, 32)
    x = side.kerb + side.sign * rng.uniform(-0.6, 1.2)
    turn = np.pi * rng.integers(2) + rng.normal(0, 0.35)
    for number in range(1 if near or rng.random() < 0.7 else int(rng.integers(2, 4))):
        way = turn + rng.normal(0, 0.08)
        _two_wheeler(stage, two_wheelers.motorcycle, x, z + 0.9 * number, way)


def _two_wheeler(
    stage: Stage, build: Callable[..., Thing], x: float, z: float, turn: float
) -> None:
    """Add one at a heading: from the side, or from its end where it would be too thin."""
    side_on = bool(abs(np.cos(turn)) > 0.25)
    stage.things.append(build(stage.rng, x, z, side_on=side_on, turn=turn))
    stage.contact.append(spot(x, z, 0.25 + 0.6 * abs(np.cos(turn))))


def _ride(stage: Stage, away: float) -> None:
    """Add a two-wheeler with its rider on the road, ``away`` metres further than the first."""
    rng, (left, right) = stage.rng, stage.sides
    motor, side_on = bool(rng.random() < 0.3), bool(rng.random() < 0.45)
    edge = right.kerb - 2.4 * right.parked - 0.8
    x = edge if not side_on else rng.uniform(left.kerb + 1, right.kerb - 1)
    z = (rng.uniform(7, 12) if rng.random() < 0.1 else rng.uniform(14, 30)) + away
    turn = np.pi * rng.integers(2) + rng.normal(0, 0.45) if side_on else np.pi / 2
    build = two_wheelers.motorcycle if motor else two_wheelers.bicycle
    _two_wheeler(stage, build, x, z, turn)
    side_on = bool(abs(np.cos(turn)) > 0.25)
    stage.things.append(riders.rider(rng, x, z, side_on=side_on, motor=motor, turn=turn))


def spot(x: float, z: float, wide: float) -> Points:
    """The (8, 3) outline of the shadow under something small."""
    angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    return np.column_stack((x + wide * np.cos(angles), 0 * angles, z + 0.3 * np.sin(angles)))


def walk(stage: Stage) -> None:
    """Put people on the sidewalks, some together or seated, and sometimes on the road."""
    rng = stage.rng
    left, right = stage.sides
    for _ in range(int(rng.integers(4, 14))):
        side = stage.sides[int(rng.integers(2))]
        if side.walk == side.kerb and rng.random() < 0.75:
            continue
        edge = side.front if side.walk == side.kerb or rng.random() < 0.1 else side.walk
        low, high = sorted((side.kerb + side.sign * 0.4, edge - side.sign * 0.3))
        x, near = rng.uniform(low, high), rng.random()
        z = rng.uniform(15, 60) if near > 0.45 else rng.uniform(6 if near < 0.12 else 9, 18)
        _stand(stage, x, z)
        while rng.random() < 0.22:
            x, z = x + rng.uniform(0.45, 0.7), z + rng.uniform(-0.2, 0.2)
            _stand(stage, x, z)
    if rng.random() < 0.25:
        side = stage.sides[int(rng.integers(2))]
        x, z = side.walk - side.sign * 0.6, rng.uniform(8, 24)
        stage.things += people.seated(rng, x, z)
        stage.contact.append(spot(x, z, 0.5))
    if rng.random() < 0.22:
        z = rng.uniform(8, 16) if rng.random() < 0.3 else rng.uniform(16, 34)
        for _ in range(int(rng.integers(1, 5))):
            _stand(stage, rng.uniform(left.kerb, right.kerb), z + rng.uniform(-1.5, 1.5))


def _stand(stage: Stage, x: float, z: float) -> None:
    stage.things.append(people.person(stage.rng, x, z))
    stage.contact.append(spot(x, z, 0.28))
    stage.fall(np.array([(x - 0.2, 0, z), (x + 0.2, 0, z)], float), 1.7)
