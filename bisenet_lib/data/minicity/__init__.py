"""MiniCity, the embedded data set: generated street scenes in the exact Cityscapes format.

Cityscapes may not be passed on, so the course runs on these scenes unless it is given
Cityscapes itself. Each module builds on those before it.

Ground work:
    ``colour``: colours, mixing, palettes.
    ``geometry``: faces, things, outlines, camera.
    ``texture``: noise for the grain.
    ``weather``: light, haze, sky, rain.
    ``city``: the look of each city.
    ``view``: from metres to pixels.

What stands in a street:
    ``cutouts``: flat shapes, stood up.
    ``people``: walking or on a bench.
    ``two_wheelers``: bicycles, motorcycles, scooters.
    ``riders``: people on two-wheelers.
    ``vehicle_parts``: paint, glass, wheels, mirrors.
    ``cars``: cars and pick-ups.
    ``trucks``: lorries, caravans, trailers.
    ``buses``: buses, coaches, trams.
    ``poles``: lamps, telegraph poles, bollards.
    ``signs``: traffic signs, traffic lights, letters.
    ``plants``: trees, bushes, hedges, ivy.
    ``barriers``: walls, fences, guard rails.
    ``furniture``: bins, benches, cones, shelters.
    ``facades``: walls of houses, their style.
    ``windows``: windows, balconies, fire escapes.
    ``roofs``: flat, pitched, mansard roofs.
    ``shops``: shop windows, boards, billboards.
    ``special_buildings``: warehouse, petrol station, church, site.
    ``houses``: which house is where.
    ``skyline``: what closes the view.

A scene:
    ``plan``: what each frame holds.
    ``street``: cross-section, ground, markings.
    ``frontage``: what lines the street.
    ``landscape``: open land instead.
    ``traffic``: who drives and walks where.
    ``ego``: the camera's own car.
    ``scene``: all of it together.

Frames:
    ``paint``: from scene to image.
    ``frame``: one frame with its labels.
    ``dataset``: the Cityscapes tree on disk.
    ``drive``: consecutive frames of a street.
    ``film``: a drive written to disk.

Taught in ``01_dataset``.
"""

from bisenet_lib.data.minicity.city import CITIES
from bisenet_lib.data.minicity.dataset import Made, generate
from bisenet_lib.data.minicity.drive import drive
from bisenet_lib.data.minicity.film import film
from bisenet_lib.data.minicity.frame import render, size_of

__all__ = ["CITIES", "Made", "drive", "film", "generate", "render", "size_of"]
