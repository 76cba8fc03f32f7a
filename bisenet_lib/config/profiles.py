"""Which configuration a name stands for; this module loads neither Paddle nor Jupyter."""

from importlib.resources import files
from pathlib import Path

from bisenet_lib.errors import InputError, did_you_mean

PROFILES = {
    "smoke": "minicity_smoke",
    "laptop": "minicity_laptop",
    "cityscapes": "bisenet_cityscapes_1024x1024_160k",
}
"""Each profile of the course and the configuration it trains with."""


def find_config(name: str | Path) -> Path:
    """The file of a configuration.

    Args:
        name: a profile (``laptop``), a shipped configuration
            (``bisenet_cityscapes_1024x1024_160k``) or the path of a YAML file.

    Returns:
        The path of an existing file.

    Raises:
        InputError: there is none; the message lists the known names.
    """
    path = Path(name)
    if path.suffix in (".yml", ".yaml"):
        if path.is_file():
            return path
        raise InputError(f"{path}: no such configuration file. Check the path.")
    shipped = Path(str(files("bisenet_lib.config"))) / "recipes"
    path = shipped / f"{PROFILES.get(str(name), name)}.yml"
    if path.is_file():
        return path
    names = [*PROFILES, *sorted(recipe.stem for recipe in shipped.glob("*_*.yml"))]
    raise InputError(
        f"{name}: no such profile or configuration{did_you_mean(str(name), names)}. "
        f"Choose one of {', '.join(names)}, or give the path of a .yml file."
    )
