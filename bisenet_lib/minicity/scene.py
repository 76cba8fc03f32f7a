"""One frame's scene: city, weather, street and traffic put together."""

from dataclasses import dataclass, field

import numpy as np

from bisenet_lib.minicity import furniture, people, vehicles
from bisenet_lib.minicity.city import City
from bisenet_lib.minicity.geometry import Camera, Points, Thing
from bisenet_lib.minicity.houses import bridge, skyline
from bisenet_lib.minicity.street import (
    LAST,
    Side,
    draw_sides,
    frontage,
    ground,
    track_of,
)
from bisenet_lib.minicity.weather import Weather, draw_weather


@dataclass(frozen=True)
class Scene:
    """Everything a frame shows.

    Attributes:
        camera: where from.
        weather: light.
        flats: the ground, in drawing order.
        things: what stands on it, deepest first.
        cast_shadows: (N, 3) polygons on the ground, from the sun.
        contact_shadows: (N, 3) polygons on the ground, under things.
    """

    camera: Camera
    weather: Weather
    flats: tuple[Thing, ...]
    things: tuple[Thing, ...]
    cast_shadows: tuple[Points, ...]
    contact_shadows: tuple[Points, ...]


@dataclass
class _Stage:
    """A scene under construction."""

    rng: np.random.Generator
    city: City
    weather: Weather
    sides: tuple[Side, Side]
    wanted: set[str]
    things: list[Thing] = field(default_factory=list)
    cast: list[Points] = field(default_factory=list)
    contact: list[Points] = field(default_factory=list)

    def vehicle(self, parts: list[Thing], x: float, z: float, half: float, long: float) -> None:
        """Add a vehicle with its shadows; ``half`` and ``long`` are half its width and length."""
        self.things += parts
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
        for one in range(count):
            other = (one + 1) % count
            quad = np.array([foot[one], foot[other], foot[other] + away, foot[one] + away])
            if quad[:, 2].min() > 1.0:
                self.cast.append(quad)


def compose(rng: np.random.Generator, city: City, size: tuple[int, int], wanted: set[str]) -> Scene:
    """Compose a frame.

    Args:
        rng: draws everything.
        city: the style.
        size: width and height in pixels.
        wanted: what the frame must hold, see :func:`bisenet_lib.minicity.street.plan`.

    Returns:
        The scene.
    """
    weather = draw_weather(rng)
    camera = Camera(
        *size,
        horizon=rng.uniform(0.39, 0.45),
        centre=rng.uniform(0.42, 0.58),
        eye=rng.uniform(1.25, 1.45),
        bend=rng.choice([0, 1]) * rng.normal(0, 0.0007),
    )
    stage = _Stage(rng, city, weather, draw_sides(rng, city), wanted)
    flats = ground(rng, city, stage.sides, wanted)
    flats += _lined(stage)
    _plant(stage)
    _furnish(stage)
    _park(stage)
    _drive(stage)
    _two_wheelers(stage)
    _walk(stage)
    _rarities(stage)
    things = sorted(stage.things, key=lambda thing: -thing.depth)
    return Scene(
        camera, weather, tuple(flats), tuple(things), tuple(stage.cast), tuple(stage.contact)
    )


def _lined(stage: _Stage) -> list[Thing]:
    rng, flats = stage.rng, []
    special = int(rng.integers(2))
    if stage.sides[special].parked and rng.random() < 0.7:
        special = 1 - special
    for number, side in enumerate(stage.sides):
        wanted = stage.wanted if number == special else set()
        lawns, standing = frontage(rng, stage.city, stage.weather, side, wanted)
        flats += lawns
        stage.things += standing
        for one in standing:
            if one.label == "building":
                _house_shadow(stage, side.front, one)
    stage.things += skyline(rng, stage.city, stage.weather, LAST)
    return flats


def _house_shadow(stage: _Stage, x: float, one: Thing) -> None:
    every = np.concatenate([face.points for face in one.faces])
    z0, z1 = every[:, 2].min(), every[:, 2].max()
    stage.fall(np.array([(x, 0, z0), (x, 0, z1)], float), min(every[:, 1].max(), 14))


def _plant(stage: _Stage) -> None:
    rng, city = stage.rng, stage.city
    density = np.clip(city.greenness * rng.uniform(0.1, 1.5), 0, 0.95)
    for side in stage.sides:
        z = rng.uniform(5, 13)
        while z < 120:
            if rng.random() < density:
                x = side.kerb + side.sign * rng.uniform(0.7, 1.1)
                tall = rng.uniform(6, 11)
                sun = float(stage.weather.sun[0])
                stage.things.append(furniture.tree(rng, x, z, tall, city.green, sun))
                for _ in range(3):
                    dx, dz = rng.uniform(-1.6, 1.6, 2)
                    low, wide = rng.uniform(0.45, 0.8) * tall, rng.uniform(0.5, 1.2)
                    sun3 = stage.weather.sun
                    shift = -low / max(sun3[1], 0.25) * sun3
                    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
                    ring = np.column_stack(
                        (
                            x + dx + shift[0] + wide * np.cos(angles),
                            0 * angles,
                            z + dz + shift[2] + wide * np.sin(angles),
                        )
                    )
                    if ring[:, 2].min() > 1:
                        stage.cast.append(ring)
            z += rng.uniform(6, 11)


def _furnish(stage: _Stage) -> None:
    rng = stage.rng
    dusk = stage.weather.kind == "dusk"
    for side in stage.sides:
        for z in np.arange(rng.uniform(8, 28), 110, rng.uniform(20, 32)):
            x = side.kerb + side.sign * 0.5
            stage.things += furniture.lamp_post(rng, x, z, lit=dusk)
        for _ in range(int(rng.integers(1, 3))):
            z, x = rng.uniform(9, 45), side.kerb + side.sign * rng.uniform(0.35, 0.9)
            stage.things += furniture.sign_post(rng, x, z)
    if "lights" in stage.wanted:
        z = rng.uniform(11, 28)
        for side in stage.sides:
            x = side.kerb + side.sign * 0.4
            stage.things += furniture.traffic_light(rng, x, z, arm=side.sign > 0)


def _park(stage: _Stage) -> None:
    rng = stage.rng
    lit = False
    for side in stage.sides:
        if not side.parked:
            continue
        full = rng.uniform(0.3, 0.9)
        z = rng.uniform(6.5, 14)
        heading = 0.0 if side.sign > 0 else np.pi
        while z < 80:
            if rng.random() < full:
                x = side.kerb - side.sign * rng.uniform(1.05, 1.25)
                turn = heading + rng.normal(0, 0.02)
                stage.vehicle(vehicles.car(rng, x, z, turn, lit=lit), x, z, 0.9, 2.15)
            z += rng.uniform(5.0, 6.4)


def _lanes(stage: _Stage) -> tuple[float, float]:
    left, right = stage.sides
    own = min(0.3, right.kerb - 1.4 - 2.2 * right.parked)
    oncoming = max(own - 3.5, left.kerb + 1.3 + 2.2 * left.parked)
    return own, oncoming


def _drive(stage: _Stage) -> None:
    rng = stage.rng
    lit = stage.weather.kind in ("dusk", "rain")
    own, oncoming = _lanes(stage)
    busy = []
    if "truck" in stage.wanted:
        z = rng.uniform(24, 44)
        lane, heading = ((own, 0.0), (oncoming, np.pi))[int(rng.integers(2))]
        busy.append((lane, z))
        stage.vehicle(vehicles.truck(rng, lane, z, heading), lane, z, 1.2, 4)
    if "bus" in stage.wanted:
        z = rng.uniform(26, 46) + (14 if busy else 0)
        lane, heading = ((own, 0.0), (oncoming, np.pi))[int(rng.integers(2))]
        busy.append((lane, z))
        parts = vehicles.bus(rng, lane, z, heading, stage.city.bus)
        stage.vehicle(parts, lane, z, 1.25, 5.5)
    if "train" in stage.wanted:
        z, x = rng.uniform(32, 60), track_of(stage.sides)
        busy.append((oncoming, z))
        parts = vehicles.tram(rng, x, z, float(np.pi * rng.integers(2)), stage.city.tram)
        stage.vehicle(parts, x, z, 1.2, 9)
    for lane, heading, chance in ((own, 0.0, 0.65), (oncoming, np.pi, 0.55)):
        z = rng.uniform(11, 30)
        while z < 110:
            free = all(lane != at or abs(z - deep) > 14 for at, deep in busy)
            if free and rng.random() < chance:
                x = lane + rng.normal(0, 0.15)
                turn = heading + rng.normal(0, 0.02)
                stage.vehicle(vehicles.car(rng, x, z, turn, lit=lit), x, z, 0.9, 2.15)
            z += rng.uniform(9, 30)
    if rng.random() < 0.2:
        x, z = rng.uniform(-9, 7), rng.uniform(30, 50)
        stage.things += vehicles.car(rng, x, z, np.pi / 2 * rng.choice([-1, 1]), lit=lit)


def _two_wheelers(stage: _Stage) -> None:
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
        x, z = side.kerb + side.sign * rng.uniform(0.4, 1.0), rng.uniform(10, 22)
        stage.things.append(people.motorcycle(rng, x, z, side_on=bool(rng.random() < 0.6)))
    if "rider" in stage.wanted:
        for number in range(int(rng.integers(1, 3))):
            motor, side_on = bool(rng.random() < 0.3), bool(rng.random() < 0.4)
            edge = right.kerb - 2.4 * right.parked - 0.8
            x = edge if not side_on else rng.uniform(left.kerb + 2, right.kerb - 1)
            z = rng.uniform(12, 24) + 7 * number
            build = people.motorcycle if motor else people.bicycle
            stage.things.append(build(rng, x, z, side_on=side_on))
            stage.things.append(people.rider(rng, x, z, side_on=side_on, motor=motor))
            stage.contact.append(_spot(x, z, 0.6 if side_on else 0.25))


def _spot(x: float, z: float, wide: float) -> Points:
    angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    return np.column_stack((x + wide * np.cos(angles), 0 * angles, z + 0.3 * np.sin(angles)))


def _walk(stage: _Stage) -> None:
    rng = stage.rng
    left, right = stage.sides
    for _ in range(int(rng.integers(5, 15))):
        side = stage.sides[int(rng.integers(2))]
        x = rng.uniform(*sorted((side.kerb + side.sign * 0.4, side.front - side.sign * 0.3)))
        _stand(stage, x, rng.uniform(8, 18) if rng.random() < 0.45 else rng.uniform(15, 60))
    if rng.random() < 0.2:
        for _ in range(int(rng.integers(1, 4))):
            _stand(stage, rng.uniform(left.kerb, right.kerb), rng.uniform(16, 34))


def _stand(stage: _Stage, x: float, z: float) -> None:
    stage.things.append(people.person(stage.rng, x, z))
    stage.contact.append(_spot(x, z, 0.28))
    stage.fall(np.array([(x - 0.2, 0, z), (x + 0.2, 0, z)], float), 1.7)


def _rarities(stage: _Stage) -> None:
    rng, wanted = stage.rng, stage.wanted
    side = stage.sides[int(rng.integers(2))]
    walk = lambda: rng.uniform(*sorted((side.kerb + side.sign * 0.5, side.front)))
    if "guard rail" in wanted:
        z = rng.uniform(6, 14)
        stage.things.append(
            furniture.guard_rail(side.kerb + side.sign * 0.2, z, z + rng.uniform(12, 30))
        )
    if "bridge" in wanted:
        reach = max(abs(one.front) for one in stage.sides)
        stage.things += bridge(rng, rng.uniform(45, 90), reach, tunnel=bool(rng.random() < 0.3))
    if "polegroup" in wanted:
        stage.things += furniture.bollards(rng, side.kerb + side.sign * 0.4, rng.uniform(8, 20))
    if "static" in wanted:
        for _ in range(int(rng.integers(1, 4))):
            stage.things.append(furniture.litter_bin(rng, walk(), rng.uniform(12, 32)))
    if "dynamic" in wanted:
        stage.things.append(furniture.pram(rng, walk(), rng.uniform(12, 26)))
    for name, build in (("caravan", vehicles.caravan), ("trailer", vehicles.trailer)):
        if name in wanted:
            x, z = side.kerb - side.sign * 1.2, rng.uniform(10, 26)
            stage.vehicle(build(rng, x, z), x, z, 1.1, 2.3)
    if "groups" in wanted:
        _groups(stage, side, walk)
    if "deleted" in wanted:
        ghost = people.person(rng, walk(), rng.uniform(8, 30))
        stage.things.append(Thing("person", ghost.depth, ghost.faces, deleted=True))


def _groups(stage: _Stage, side: Side, walk) -> None:
    rng = stage.rng
    stage.things.append(people.person(rng, walk(), rng.uniform(30, 55), "persongroup"))
    stage.things.append(
        people.bicycle(rng, walk(), rng.uniform(14, 30), side_on=False, label="bicyclegroup")
    )
    faces = []
    for number in range(4):
        x, z = side.kerb - side.sign * 1.2, 100.0 + 6 * (3 - number)
        faces += vehicles.car(rng, x, z)[0].faces
    stage.things.append(Thing("cargroup", 110, tuple(faces)))
