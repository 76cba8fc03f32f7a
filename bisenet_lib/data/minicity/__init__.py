"""MiniCity, the embedded data set: generated street scenes in the exact Cityscapes format.

Cityscapes may not be passed on, so the course runs on these scenes unless it is given
Cityscapes itself. Modules, each built on those before it: ``geometry``, ``texture``, ``weather``,
``city``; then ``view`` (metres to pixels), ``vehicles``, ``people``, ``furniture``, ``houses``;
then ``plan``, ``street``, ``frontage``, ``traffic``, ``scene``, ``ego``, ``paint``; then ``frame``,
``drive``, ``dataset`` and ``film``.
Taught in ``01_dataset``.
"""

from bisenet_lib.data.minicity.city import CITIES
from bisenet_lib.data.minicity.dataset import Made, generate
from bisenet_lib.data.minicity.drive import drive
from bisenet_lib.data.minicity.film import film
from bisenet_lib.data.minicity.frame import render, size_of

__all__ = ["CITIES", "Made", "drive", "film", "generate", "render", "size_of"]
