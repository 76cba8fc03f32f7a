"""The README: a moving picture that is what the shipped network sees, commands that exist."""

import importlib.util
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image

from bisenet_lib.cli.main import app
from bisenet_lib.course import notebook

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^```\n(.*?)^```", README, re.M | re.S)
MOVING = ROOT / re.search(r"!\[[^]]{20,}\]\(([^)]+)\)", README)[1]


@pytest.fixture(scope="module")
def teaser():
    """The script that draws the picture."""
    spec = importlib.util.spec_from_file_location(
        "teaser", ROOT / "tools" / "publish" / "teaser.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_opens_with_a_picture_that_moves():
    title, picture = README.split("\n\n")[:2]
    assert title.startswith("# ") and str(MOVING.relative_to(ROOT)) in picture
    assert MOVING.stat().st_size <= 3_000_000
    film = Image.open(MOVING)
    assert film.is_animated and film.info["loop"] == 0 and 700 <= film.width <= 900
    milliseconds = 0
    for number in range(film.n_frames):
        film.seek(number)
        film.load()
        milliseconds += film.info["duration"]
    assert 5000 <= milliseconds <= 8000


def test_the_picture_shows_what_the_shipped_network_sees(teaser):
    number = 20
    film = Image.open(MOVING)
    film.seek(number)
    kept = np.asarray(film.convert("RGB"))
    (drawn,) = teaser.frames(notebook.open_network(teaser.SHIPPED), range(number, number + 1))
    wrong = np.abs(drawn.astype(int) - kept).max(2) > 60
    assert wrong.mean() < 0.005, "tools/publish/teaser.py draws another one: run it"


def test_links_lead_somewhere_and_pictures_have_alt_text():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) > 12
    assert [link for link in links if "://" not in link and not (ROOT / link).is_file()] == []
    assert all(len(alt) >= 20 for alt in re.findall(r"!\[([^]]*)\]", README))


def test_targets_of_make_exist():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    told = set(re.findall(r"\bmake ([a-z][a-z-]*)", "\n".join([*COMMANDS, *_code(README)])))
    assert {"demo", "lab", "run", "test"} <= told <= set(targets)


def test_commands_and_their_options_exist():
    lines = "\n".join([*COMMANDS, *_code(README)]).replace("\\\n", " ").splitlines()
    calls = [line.split("#")[0] for line in lines if line.startswith("bisenet ")]
    assert len(calls) > 12
    bisenet = typer.main.get_command(app)
    train = bisenet.commands["train"]
    for call in calls:
        command, words = bisenet, shlex.split(call)[1:]
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        assert not hasattr(command, "commands"), f"no such command: {call}"
        takers = [command, train] if command.name == "launch" else [command]
        known = {name for taker in takers for one in taker.params for name in one.opts}
        assert {word for word in words if word.startswith("-")} <= known, call


def _code(text: str) -> list[str]:
    """What stands between backticks in running text."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```\n.*?^```", "", text, flags=re.M | re.S))
