"""The library is built in floors: a module imports only from floors below its own."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "bisenet_lib"
FLOORS = [
    {"errors", "preflight", "predictor", "stopping", "machine", "silence", "overlap"},
    {
        "allowlist",
        "project",
        "files",
        "profiles",
        "parallel",
        "labels",
        "paddleseg_compat",
        "views",
        "cache",
        "exif",
        "peak",
        "folders",
        "smoothing",
    },
    {
        "scoring",
        "official_scores",
        "onnx_engine",
        "movie",
        "labelfiles",
        "exports",
        "colourtable",
        "devices",
        "config",
        "onnx_graph",
        "network",
        "ranks",
        "arrangement",
    },
    {"plan", "photos", "parity", "pairing", "masks", "tailor"},
    {"polygons", "checkpoint", "predictions", "imported"},
    {"frames", "export", "finetuning", "predicting", "labelme"},
    {"filelists", "subset", "engines", "official", "video", "submission", "meaning"},
    {"analysis", "cityscapes", "convert", "fruits", "minicity", "own_data"},
    {"samples"},
    {"evaluation", "objects", "deployment"},
    {"submit", "demo"},
    {"runlog", "plots"},
    {"widgets", "plots_analysis", "plots_deployment", "plots_classes", "plots_network"},
    {"parts", "live"},
    {"training"},
    {"lesson", "kernel", "doctor", "distributed", "parameters", "exercises", "pages"},
    {"display", "runpage"},
    {"course"},
    {"comparison"},
    {"sweep"},
    {"cli_options"},
    {"cli_course", "cli_launch", "cli_evaluate", "cli_deploy", "cli_data", "cli_demo"},
    {"cli"},
]
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}
MODULES = sorted(path for path in LIBRARY.rglob("*.py") if path.name != "__init__.py")


def part(path):
    """The module, or the package, a file belongs to."""
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imported(path):
    """What of the library a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bisenet_lib."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.ImportFrom) and node.module == "bisenet_lib":
            yield from (alias.name for alias in node.names if not alias.name.startswith("__"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_go_downwards(path):
    own = part(path)
    upwards = {name for name in imported(path) if name != own and FLOOR[name] >= FLOOR[own]}
    assert not upwards


def test_every_module_has_a_floor():
    assert {part(path) for path in MODULES} == set(FLOOR)
