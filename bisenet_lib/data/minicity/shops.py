"""Shops: ground floors with shop windows, name boards, awnings, billboards, rows of shops."""

import itertools
from dataclasses import replace

import numpy as np

from bisenet_lib.data.minicity.city import City
from bisenet_lib.data.minicity.colour import Colour, pick, shade
from bisenet_lib.data.minicity.facades import (
    Plane,
    Style,
    board_colour,
    draw_style,
    seen_walls,
    shading,
)
from bisenet_lib.data.minicity.geometry import Face, bridged
from bisenet_lib.data.minicity.signs import letters
from bisenet_lib.data.minicity.weather import Weather
from bisenet_lib.data.minicity.windows import mirrored, opening


def ground_floor(
    rng: np.random.Generator, style: Style, front: Plane, *, shop: bool | None = None
) -> list[Face]:
    """Shop windows, or doors and windows of flats."""
    shop = rng.random() < 0.5 if shop is None else shop
    high = min(style.storey, 3.8)
    plinth = shade(style.wall, rng.uniform(0.5, 0.85))
    rise = high if rng.random() < 0.3 else rng.uniform(0.3, 0.9)
    faces = [Face(front.rect(0, front.long, 0, rise), plinth, 0.3, solid=False)]
    edges = np.linspace(
        0, front.long, max(1, round(front.long / rng.uniform(2.8, 4.5))) + 1
    ).tolist()
    gap = rng.uniform(0.1, 0.5) if shop else rng.uniform(0.6, 1.0)
    low, top = (rng.uniform(0.1, 0.8), high - 0.9) if shop else (0.9, high - 0.6)
    door = shade(board_colour(rng), 0.7)
    for number, (left, right) in enumerate(itertools.pairwise(edges)):
        colour, lit = pick(rng, style.panes)
        if number % 4 == 1:
            leaf = front.rect(left + 0.9, max(right - 0.9, left + 1.6), 0, 2.3)
            faces.append(Face(leaf, door, 0.3, solid=False))
            continue
        pane = opening(front, left + gap, right - gap, low, top, arched=style.arched and not shop)
        faces.append(Face(pane, colour, 0.4, solid=False, glow=lit))
        if shop and front.z < 30 and not lit:
            upper = front.rect(left + gap, right - gap, (low + top) / 2, top)
            faces.append(Face(upper, mirrored(colour), 0.3, solid=False))
    return faces + (_shop_signs(rng, front, high) if shop else [])


def _shop_signs(rng: np.random.Generator, front: Plane, high: float) -> list[Face]:
    """Name boards, awnings and a sign across the sidewalk."""
    cuts = np.linspace(0, front.long, max(1, round(front.long / rng.uniform(5, 14))) + 1).tolist()
    faces = []
    for left, right in itertools.pairwise(cuts):
        if rng.random() < 0.85:
            faces += name_board(rng, front, (left + 0.1, right - 0.1), high - 0.75, 0.65)
        if rng.random() < 0.4:
            cloth, out = board_colour(rng), rng.uniform(0.8, 1.8)
            top = front.rect(left + 0.2, right - 0.2, high - 1.3, high - 0.8)
            top[:2, 0] -= front.side * out
            end = front.polygon([(left + 0.2, high - 1.3), (left + 0.2, high - 0.8)])
            tip = front.polygon([(left + 0.2, high - 1.3)], out)
            faces.append(Face(np.concatenate((end, tip)), shade(cloth, 0.6), 0.2))
            faces.append(Face(top, cloth, 0.6))
            valance = front.rect(left + 0.2, right - 0.2, high - 1.55, high - 1.3, out)
            faces.append(Face(valance, pick(rng, (shade(cloth, 0.8), (228, 226, 220))), 0.4))
        if rng.random() < 0.3 and front.z < 60:
            tone, tall = board_colour(rng), rng.uniform(0.6, 2.4)
            blade = front.across(right - 0.5, high + 0.2, high + 0.2 + tall, rng.uniform(0.6, 1.1))
            faces.append(Face(blade, tone, 0.5))
    return faces


def name_board(
    rng: np.random.Generator, plane: Plane, span: tuple[float, float], foot: float, high: float
) -> list[Face]:
    """A coloured board with a name on it."""
    board, (u0, u1) = board_colour(rng), span
    ink: Colour = (238, 236, 228) if sum(board) < 360 else (36, 36, 40)
    if rng.random() < 0.25:
        ink = board_colour(rng)
    faces = [Face(plane.rect(u0, u1, foot, foot + high, 0.15), board, 0.5)]
    if plane.z < 50:
        start = u0 + rng.uniform(0.05, 0.4) * (u1 - u0)
        marks = letters(rng, (start, u1 - 0.2, foot + 0.2 * high, foot + 0.8 * high))
        if marks:
            text = bridged([plane.polygon(mark, 0.15) for mark in marks])
            faces.append(Face(text, ink, 0.5, solid=False))
    return faces


def billboard(rng: np.random.Generator, plane: Plane, u: float, foot: float) -> list[Face]:
    """A poster on posts above a roof, facing along the wall's direction."""
    wide, high = rng.uniform(4, 7), rng.uniform(2, 3.2)
    low = foot + rng.uniform(0.5, 2)
    board = board_colour(rng)
    faces = [
        Face(plane.rect(at, at + 0.25, foot - 0.2, low), (60, 60, 62)) for at in (u + 1, u + 3)
    ]
    faces.append(Face(plane.rect(u, u + wide, low, low + high), board, plane.light))
    picture = plane.rect(u, u + 0.4 * wide, low, low + 0.8 * high)
    faces.append(Face(picture, board_colour(rng), plane.light, solid=False))
    marks = letters(rng, (u + 0.45 * wide, u + 0.95 * wide, low + 0.4 * high, low + 0.8 * high))
    ink = (240, 238, 230) if sum(board) < 380 else (30, 30, 34)
    faces.append(Face(bridged([plane.polygon(mark) for mark in marks]), ink, solid=False))
    return faces


def row_of_shops(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A row of low shops under one long board, sometimes with a billboard on the roof."""
    style = replace(draw_style(rng, city, weather, 1), storey=rng.uniform(4.0, 5.4))
    faces = seen_walls(style, front, gable) + ground_floor(rng, style, front, shop=True)
    if rng.random() < 0.45:
        u, foot = rng.uniform(0, 0.4) * front.long, style.tall
        faces += billboard(rng, gable, 0.5, foot) if rng.random() < 0.5 else []
        faces += name_board(rng, front, (u, min(u + 8, front.long)), foot - 0.1, 1.6)
    return faces + shading(rng, weather, front, style.tall)
