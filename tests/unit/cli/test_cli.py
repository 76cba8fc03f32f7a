"""The command line is of one piece: what is named alike is meant alike, in every command."""

from collections import defaultdict
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.testing import CliRunner

from bisenet_lib.cli.main import app

REPORTING = {"inspect", "convert", "evaluate", "score", "export", "predict", "submit", "import"}
"""The other commands report no figures, or keep them in a run folder."""


def commands(group: TyperGroup, before: str = "") -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


COMMANDS = dict(commands(typer.main.get_command(app)))


def test_every_command_that_reports_figures_writes_them_as_json():
    with_json = {
        name
        for name, command in COMMANDS.items()
        if any("--json" in option.opts for option in command.params)
    }
    assert with_json == REPORTING


def test_one_spelling_for_each_option_wherever_it_is():
    uses = defaultdict(dict)
    for name, command in COMMANDS.items():
        for option in command.params:
            if isinstance(option, TyperOption):
                spelt = sorted({*option.opts, *option.secondary_opts} - {"--num-workers"})
                uses[spelt[-1]][name] = (spelt, option.nargs)
    assert len(uses["--json"]) == len(REPORTING)
    for option, of in uses.items():
        assert len(set(map(str, of.values()))) == 1, f"{option}: {of}"


@pytest.mark.parametrize("name", COMMANDS)
def test_underscores_are_taken_for_dashes(name):
    """PaddleSeg spells its options with them."""
    done = CliRunner().invoke(app, [*name.split(), "--no_such_option"], env={"COLUMNS": "200"})
    assert "No such option: --no-such-option" in done.output
