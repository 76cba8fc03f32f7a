"""One frame's scene: city, weather, street and traffic put together."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bisenet_lib.data.minicity import (
    barriers,
    cars,
    furniture,
    people,
    plants,
    poles,
    signs,
    traffic,
    trucks,
    two_wheelers,
)
from bisenet_lib.data.minicity.city import City
from bisenet_lib.data.minicity.ego import Ego, random_ego
from bisenet_lib.data.minicity.frontage import frontage
from bisenet_lib.data.minicity.geometry import Camera, Face, Points, Thing, circle
from bisenet_lib.data.minicity.landscape import landscape
from bisenet_lib.data.minicity.skyline import bridge, skyline
from bisenet_lib.data.minicity.street import LAST, Side, city_along, draw_kind, draw_sides, ground
from bisenet_lib.data.minicity.traffic import Stage
from bisenet_lib.data.minicity.weather import Weather, draw_weather


@dataclass(frozen=True)
class Scene:
    """Everything a frame shows.

    Attributes:
        camera: the point of view.
        weather: the light.
        flats: the ground, in drawing order.
        things: what stands on it, deepest first.
        cast_shadows: (N, 3) polygons on the ground, from the sun.
        contact_shadows: (N, 3) polygons on the ground, under things.
        ego: the camera's own car.
        moving: it is one frame of a drive.
    """

    camera: Camera
    weather: Weather
    flats: tuple[Thing, ...]
    things: tuple[Thing, ...]
    cast_shadows: tuple[Points, ...]
    contact_shadows: tuple[Points, ...]
    ego: Ego
    moving: bool = False


def compose(
    rng: np.random.Generator,
    city: City,
    size: tuple[int, int],
    wanted: set[str],
    *,
    varied: bool = False,
) -> Scene:
    """Compose a frame.

    Args:
        rng: draws everything.
        city: the style.
        size: width and height in pixels.
        wanted: what the frame must hold, see :func:`bisenet_lib.data.minicity.plan.plan`.
        varied: see :func:`bisenet_lib.data.minicity.render`.

    Returns:
        The scene.
    """
    weather, kind = draw_weather(rng, varied=varied), draw_kind(rng, varied=varied)
    city = city_along(rng, city, kind, varied=varied)
    stage = Stage(rng, city, weather, draw_sides(rng, city, kind), wanted)
    flats = ground(rng, city, stage.sides, wanted)
    if kind.built:
        flats += line(stage)
        stage.things += skyline(rng, city, weather, LAST)
    else:
        stage.things += landscape(rng, city, weather, stage.sides, wanted)
    plant(stage)
    furnish(stage)
    traffic.park(stage)
    traffic.fill_lanes(stage)
    traffic.place_two_wheelers(stage)
    traffic.walk(stage)
    rarities(stage)
    things = sorted(stage.things, key=lambda thing: -thing.depth)
    shadows = tuple(stage.cast), tuple(stage.contact)
    camera = random_camera(rng, size) if varied else usual_camera(rng, size)
    ego = random_ego(rng) if varied else Ego()
    return Scene(camera, weather, tuple(flats), tuple(things), *shadows, ego)


def usual_camera(rng: np.random.Generator, size: tuple[int, int]) -> Camera:
    """Draw a point of view as Cityscapes has it."""
    return Camera(
        *size,
        horizon=rng.uniform(0.39, 0.45),
        centre=rng.uniform(0.42, 0.58),
        eye=rng.uniform(1.25, 1.45),
        bend=rng.choice([0, 1]) * rng.normal(0, 0.0007),
    )


def random_camera(rng: np.random.Generator, size: tuple[int, int]) -> Camera:
    """Draw a point of view: another lens, in a car or a van, looking up or down, a little askew."""
    return Camera(
        *size,
        horizon=rng.uniform(0.33, 0.56),
        centre=rng.uniform(0.35, 0.65),
        eye=rng.uniform(1.15, 1.45) if rng.random() < 0.7 else rng.uniform(1.45, 2.2),
        bend=rng.choice([0, 1]) * rng.normal(0, 0.0009),
        zoom=rng.uniform(0.75, 1.35),
        roll=rng.choice([0, 1], p=[0.6, 0.4]) * rng.normal(0, 0.025),
    )


def line(stage: Stage) -> list[Thing]:
    """Line the street with houses and gardens; gives their flat things."""
    rng = stage.rng
    flats: list[Thing] = []
    special = int(rng.integers(2))
    if stage.sides[special].parked and rng.random() < 0.7:
        special = 1 - special
    for number, side in enumerate(stage.sides):
        wanted = stage.wanted if number == special else set()
        end = None if math.isinf(stage.end) else stage.end
        lawns, standing = frontage(rng, stage.city, stage.weather, side, wanted, end)
        flats += lawns
        stage.things += standing
        for thing in standing:
            if thing.label == "building":
                _house_shadow(stage, side.front, thing)
    return flats


def _house_shadow(stage: Stage, x: float, house: Thing) -> None:
    points = np.concatenate([face.points for face in house.faces])
    z0, z1 = points[:, 2].min(), points[:, 2].max()
    stage.fall(np.array([(x, 0, z0), (x, 0, z1)], float), min(points[:, 1].max(), 14))


def plant(stage: Stage) -> None:
    """Plant trees along the kerbs."""
    rng, city = stage.rng, stage.city
    density = np.clip(city.greenness * rng.uniform(0.1, 1.5), 0, 0.95)
    for side in stage.sides:
        z = rng.uniform(5, 13)
        while z < min(120, stage.end):
            if rng.random() < density:
                x = side.kerb + side.sign * rng.uniform(0.7, 1.1)
                tall = rng.uniform(6, 11)
                sun = float(stage.weather.sun[0])
                stage.things.append(plants.tree(rng, x, z, tall, city.green, sun))
                _dapple(stage, x, z, tall)
            z += rng.uniform(6, 11)


def _dapple(stage: Stage, x: float, z: float, tall: float) -> None:
    rng, sun = stage.rng, stage.weather.sun
    for _ in range(3):
        low, wide = rng.uniform(0.45, 0.8) * tall, rng.uniform(0.5, 1.2)
        away = rng.uniform(-1.6, 1.6, 2) - low / max(sun[1], 0.25) * sun[[0, 2]]
        ring = np.zeros((10, 3))
        ring[:, [0, 2]] = (x, z) + away + wide * circle(10)
        if ring[:, 2].min() > 1:
            stage.cast.append(ring)


def furnish(stage: Stage) -> None:
    """Put up lamp posts, signs and traffic lights."""
    rng = stage.rng
    dark = stage.weather.kind in ("dusk", "night")
    for side in stage.sides:
        for z in np.arange(rng.uniform(8, 28), 110, rng.uniform(20, 32)).tolist():
            x = side.kerb + side.sign * 0.5
            stage.things += poles.lamp_post(rng, x, z, lit=dark)
        for _ in range(int(rng.integers(1, 3))):
            z, x = rng.uniform(9, 45), side.kerb + side.sign * rng.uniform(0.35, 0.9)
            stage.things += signs.sign_post(rng, x, z)
    if "lights" in stage.wanted:
        z = rng.uniform(11, 28)
        for side in stage.sides:
            x = side.kerb + side.sign * 0.4
            stage.things += signs.traffic_light(rng, x, z, arm=side.sign > 0)


def rarities(stage: Stage) -> None:
    """Add the rare things that are wanted in this frame."""
    rng, wanted = stage.rng, stage.wanted
    side = stage.sides[int(rng.integers(2))]

    def walk() -> float:
        """A lateral position on the sidewalk."""
        low, high = sorted((side.kerb + side.sign * 0.5, side.front))
        return rng.uniform(low, high)

    if "guard rail" in wanted:
        z = rng.uniform(6, 14)
        stage.things.append(
            barriers.guard_rail(side.kerb + side.sign * 0.2, z, z + rng.uniform(12, 30))
        )
    if "bridge" in wanted:
        reach = max(abs(each_side.front) for each_side in stage.sides)
        stage.things += bridge(rng, rng.uniform(45, 90), reach, tunnel=bool(rng.random() < 0.3))
    if "polegroup" in wanted:
        stage.things += poles.bollards(rng, side.kerb + side.sign * 0.4, rng.uniform(8, 20))
    if "static" in wanted:
        for _ in range(int(rng.integers(1, 4))):
            stage.things.append(furniture.fixture(rng, walk(), rng.uniform(12, 32)))
    if "dynamic" in wanted:
        stage.things.append(furniture.pram(rng, walk(), rng.uniform(12, 26)))
    for name, build in (("caravan", trucks.caravan), ("trailer", trucks.trailer)):
        if name in wanted:
            x, z = side.kerb - side.sign * 1.2, rng.uniform(10, 26)
            stage.vehicle(build(rng, x, z), x, z, 1.1, 2.3)
    if "groups" in wanted:
        _groups(stage, side, walk)
    if "deleted" in wanted:
        ghost = people.person(rng, walk(), rng.uniform(8, 30))
        stage.things.append(Thing("person", ghost.depth, ghost.faces, deleted=True))


def _groups(stage: Stage, side: Side, walk: Callable[[], float]) -> None:
    rng = stage.rng
    stage.things.append(people.person(rng, walk(), rng.uniform(30, 55), "persongroup"))
    stage.things.append(
        two_wheelers.bicycle(rng, walk(), rng.uniform(14, 30), side_on=True, label="bicyclegroup")
    )
    faces: list[Face] = []
    for number in range(4):
        x, z = side.kerb - side.sign * 1.2, 100.0 + 6 * (3 - number)
        faces += cars.car(rng, x, z)[0].faces
    stage.things.append(Thing("cargroup", 110, tuple(faces)))
