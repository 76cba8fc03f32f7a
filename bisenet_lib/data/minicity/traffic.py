"""Traffic and people: what stands, drives, rides and walks in a street."""

import math
from dataclasses import dataclass, field

import numpy as np

from bisenet_lib.data.minicity import people, vehicles
from bisenet_lib.data.minicity.city import City
from bisenet_lib.data.minicity.geometry import Points, Thing
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

    def vehicle(self, things: list[Thing], x: float, z: float, half: float, long: float) -> None:
        """Add a vehicle with its shadows; ``half`` and ``long`` are half its width and length."""
        self.things += things
        box = np.array(
            [
                (x - half, 0, z - long),
                (x + half, 0, z - long),
                (x + half, 0, z + long),
                (x - half, 0, z + long),
            ],
            float,
        )
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


def park(stage: Stage) -> None:
    """Line the kerbs with parked cars."""
    rng = stage.rng
    for side in stage.sides:
        if not side.parked:
            continue
        full = rng.uniform(0.3, 0.9)
        z = rng.uniform(6.5, 14)
        heading = 0.0 if side.sign > 0 else np.pi
        while z < min(80, stage.end):
            if rng.random() < full:
                x = side.kerb - side.sign * rng.uniform(1.05, 1.25)
                turn = heading + rng.normal(0, 0.02)
                stage.vehicle(vehicles.car(rng, x, z, turn), x, z, 0.9, 2.15)
            z += rng.uniform(5.0, 6.4)


def lanes(stage: Stage) -> tuple[float, float]:
    """Lateral positions of the camera's own lane and of the oncoming one, metres."""
    left, right = stage.sides
    own = min(0.3, right.kerb - 1.4 - 2.2 * right.parked)
    oncoming = max(own - 3.5, left.kerb + 1.3 + 2.2 * left.parked)
    return own, oncoming


def fill_lanes(stage: Stage) -> None:
    """Fill the lanes: lorry, bus and tram where wanted, and cars between them."""
    rng = stage.rng
    lit = stage.weather.kind in ("dusk", "rain")
    own, oncoming = lanes(stage)
    busy = _long_vehicles(stage, ((own, 0.0), (oncoming, np.pi)))
    for lane, heading, chance in ((own, 0.0, 0.65), (oncoming, np.pi, 0.55)):
        z = rng.uniform(11, 30)
        while z < 110:
            free = all(lane != at or abs(z - deep) > 14 for at, deep in busy)
            if free and rng.random() < chance:
                x, turn = lane + rng.normal(0, 0.15), heading + rng.normal(0, 0.02)
                stage.vehicle(vehicles.car(rng, x, z, turn, lit=lit), x, z, 0.9, 2.15)
            z += rng.uniform(9, 30)
    if rng.random() < 0.2:
        x, z = rng.uniform(-9, 7), rng.uniform(30, 50)
        stage.things += vehicles.car(rng, x, z, np.pi / 2 * rng.choice([-1, 1]), lit=lit)


def _long_vehicles(
    stage: Stage, lanes: tuple[tuple[float, float], ...]
) -> list[tuple[float, float]]:
    rng = stage.rng
    busy: list[tuple[float, float]] = []
    if "truck" in stage.wanted:
        (x, heading), z = lanes[int(rng.integers(2))], rng.uniform(24, 44)
        busy.append((x, z))
        stage.vehicle(vehicles.truck(rng, x, z, heading), x, z, 1.2, 4)
    if "bus" in stage.wanted:
        (x, heading), z = lanes[int(rng.integers(2))], rng.uniform(26, 46) + 14 * len(busy)
        busy.append((x, z))
        stage.vehicle(vehicles.bus(rng, x, z, heading, stage.city.bus), x, z, 1.25, 5.5)
    if "train" in stage.wanted:
        x, z, heading = track_of(stage.sides), rng.uniform(32, 60), np.pi * rng.integers(2)
        busy.append((lanes[1][0], z))
        stage.vehicle(vehicles.tram(rng, x, z, heading, stage.city.tram), x, z, 1.2, 9)
    return busy


def two_wheelers(stage: Stage) -> None:
    """Place bicycles and motorcycles at the kerb, and riders on the road."""
    rng = stage.rng
    left, right = stage.sides
    if "bicycle" in stage.wanted:
        for _ in range(int(rng.integers(1, 4))):
            side = stage.sides[int(rng.integers(2))]
            x = side.kerb + side.sign * rng.uniform(0.6, side.sign * (side.front - side.kerb))
            stage.things.append(
                people.bicycle(rng, x, rng.uniform(8, 22), side_on=bool(rng.random() < 0.7))
            )
    if "motorcycle" in stage.wanted:
        side = stage.sides[int(rng.integers(2))]
        x, z = side.kerb + side.sign * rng.uniform(0.4, 1.0), rng.uniform(13, 25)
        stage.things.append(people.motorcycle(rng, x, z, side_on=bool(rng.random() < 0.6)))
    if "rider" in stage.wanted:
        for number in range(int(rng.integers(1, 3))):
            motor, side_on = bool(rng.random() < 0.25), bool(rng.random() < 0.4)
            edge = right.kerb - 2.4 * right.parked - 0.8
            x = edge if not side_on else rng.uniform(left.kerb + 2, right.kerb - 1)
            z = rng.uniform(12, 24) + 7 * number
            build = people.motorcycle if motor else people.bicycle
            stage.things.append(build(rng, x, z, side_on=side_on))
            stage.things.append(people.rider(rng, x, z, side_on=side_on, motor=motor))
            stage.contact.append(spot(x, z, 0.6 if side_on else 0.25))


def spot(x: float, z: float, wide: float) -> Points:
    """The (8, 3) outline of the shadow under something small."""
    angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    return np.column_stack((x + wide * np.cos(angles), 0 * angles, z + 0.3 * np.sin(angles)))


def walk(stage: Stage) -> None:
    """Put people on the sidewalks, and sometimes on the road."""
    rng = stage.rng
    left, right = stage.sides
    for _ in range(int(rng.integers(5, 15))):
        side = stage.sides[int(rng.integers(2))]
        low, high = sorted((side.kerb + side.sign * 0.4, side.front - side.sign * 0.3))
        x = rng.uniform(low, high)
        _stand(stage, x, rng.uniform(8, 18) if rng.random() < 0.45 else rng.uniform(15, 60))
    if rng.random() < 0.2:
        for _ in range(int(rng.integers(1, 4))):
            _stand(stage, rng.uniform(left.kerb, right.kerb), rng.uniform(16, 34))


def _stand(stage: Stage, x: float, z: float) -> None:
    stage.things.append(people.person(stage.rng, x, z))
    stage.contact.append(spot(x, z, 0.28))
    stage.fall(np.array([(x - 0.2, 0, z), (x + 0.2, 0, z)], float), 1.7)
