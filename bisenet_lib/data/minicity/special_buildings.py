"""Buildings that are no dwellings: warehouses, petrol stations, churches, building sites."""

from dataclasses import replace

import numpy as np

from bisenet_lib.data.minicity.barriers import graffiti
from bisenet_lib.data.minicity.city import WALLS, City
from bisenet_lib.data.minicity.colour import Colour, pick, rgb, shade
from bisenet_lib.data.minicity.facades import (
    SHADOW,
    Plane,
    board_colour,
    draw_storeys,
    draw_style,
    seen_walls,
    shading,
)
from bisenet_lib.data.minicity.geometry import Face, rect, upright
from bisenet_lib.data.minicity.roofs import pitched_roof
from bisenet_lib.data.minicity.shops import ground_floor, name_board
from bisenet_lib.data.minicity.weather import Weather
from bisenet_lib.data.minicity.windows import opening, storey_rows


def warehouse(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A hall without windows, with gates, a board, sometimes graffiti."""
    style = draw_style(rng, city, weather, int(rng.integers(1, 3)))
    texture = pick(rng, ("siding", "wood", "concrete", "brick", "plaster-stained"))
    style = replace(style, texture=texture, storey=rng.uniform(4.2, 5.5))
    faces = seen_walls(style, front, gable)
    for u in np.arange(1.5, front.long - 5, rng.uniform(6, 12)).tolist():
        gate = rgb(np.array(pick(rng, WALLS)) * rng.uniform(0.4, 1.0))
        wide, high = rng.uniform(2.5, 4.5), rng.uniform(2.6, 4.0)
        faces.append(
            Face(front.rect(u, u + wide, 0, high), gate, front.light, "siding", solid=False)
        )
        faces.append(Face(front.rect(u, u + wide, high - 0.3, high), SHADOW, 0.2, solid=False))
    if rng.random() < 0.5:
        faces += name_board(rng, front, (1, min(front.long - 1, 9)), style.tall - 1.4, 0.9)
    if rng.random() < 0.4 and front.z < 50:
        faces += graffiti(rng, front.x, (front.z, front.z + front.long), 3.0)
    return faces + shading(rng, weather, front, style.tall)


def petrol_station(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A petrol station: a shop, and before it a flat roof on posts."""
    style = replace(draw_style(rng, city, weather, 1), storey=5.0, wall=(214, 212, 206))
    faces = seen_walls(style, front, gable) + ground_floor(rng, style, front, shop=True)
    tone, out, low = board_colour(rng), 6.5, rng.uniform(4.2, 4.8)
    u0, u1 = 1.0, front.long - 1.0
    below = (front.polygon([(u0, low), (u1, low)]), front.polygon([(u1, low), (u0, low)], out))
    faces.append(Face(np.concatenate(below), (190, 190, 186), 0.1))
    for u in (u1 - 2, u0 + 2):
        x, z = front.x - 4.5 * front.side, front.z + u
        faces.append(Face(upright(rect(-0.2, 0.2, 0, low), x, z), (190, 190, 188), 0.5))
        faces.append(Face(upright(rect(-0.5, 0.5, 0, 1.7), x, z), tone, 0.5))
    faces.append(Face(front.across(u0, low, low + 1.0, out), tone, 0.6))
    faces.append(Face(front.rect(u0, u1, low, low + 1.0, out), tone, 0.7))
    faces.append(Face(front.rect(u0, u1, low + 0.3, low + 0.5, out), (236, 236, 232), solid=False))
    return faces


def church(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A church: a nave with tall arched windows, and a tower with a pointed roof."""
    style = draw_style(rng, city, weather, 2)
    texture = pick(rng, ("stone", "brick", "plaster-smooth"))
    style = replace(
        style, texture=texture, storey=4.5, window=(0.35, 0.2, 1.5), arched=True, bay=3.6
    )
    faces = pitched_roof(rng, city, style, front, gable, rng.uniform(4, 6))
    faces += seen_walls(style, front, gable)
    faces += storey_rows(rng, replace(style, storeys=1), front, 0)
    wide, tall, spire = rng.uniform(4, 6), rng.uniform(16, 24), rng.uniform(4, 12)
    for plane in (gable, front):
        tower = plane.rect(0, wide, 0, tall, 0.3)
        roof = plane.polygon([(0, tall), (wide, tall), (wide / 2, tall + spire)], 0.3)
        faces.append(Face(tower, style.wall, plane.light, style.texture))
        faces.append(Face(roof, shade(city.roofs[0], 0.8), 0.4, "tiles"))
        bell = opening(plane, 0.35 * wide, 0.65 * wide, tall - 4, tall - 1.5, 0.3, arched=True)
        faces.append(Face(bell, (40, 40, 44), 0.2, solid=False))
    return faces + shading(rng, weather, front, style.tall)


def building_site(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A house under construction: slabs and columns, or a front behind scaffolding."""
    style = draw_style(rng, city, weather, draw_storeys(rng, city))
    skeleton = rng.random() < 0.5
    wall: Colour = (92, 90, 88) if skeleton else style.wall
    style = replace(style, wall=wall, storey=3.2)
    faces = seen_walls(style, front, gable)
    if not skeleton:
        faces += storey_rows(rng, style, front, 0)
    for plane in (gable, front):
        colour: Colour = (172, 168, 160) if skeleton else (150, 132, 100)
        high, out = (0.4, 0.2) if skeleton else (0.12, 1.0)
        levels = (np.arange(1, style.storeys + 1) * style.storey).tolist()
        decks = [plane.rect(0, plane.long, y - high, y, out) for y in levels]
        poles = np.arange(0, plane.long, 4 if skeleton else 2.2).tolist()
        wide = 0.5 if skeleton else 0.09
        decks += [plane.rect(u, u + wide, 0, style.tall, out) for u in poles]
        faces += [Face(deck, colour, plane.light) for deck in decks]
    if rng.random() < 0.5:
        net = rgb(np.array(pick(rng, ((70, 130, 90), (200, 200, 196), (60, 90, 140)))))
        veil = front.rect(0, front.long, 0.3 * style.tall, style.tall, 1.0)
        faces.append(Face(veil, net, front.light, alpha=rng.uniform(0.3, 0.8)))
    return faces + shading(rng, weather, front, style.tall)
