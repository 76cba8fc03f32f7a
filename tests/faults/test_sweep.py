"""A sweep of a notebook: killed, stopped, failing in part, gone on with, and refused."""

import csv
import fcntl
import json
import signal
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from processes import finish, start, wait_until
from typer.testing import CliRunner

from bisenet_lib.cli.main import app
from bisenet_lib.course import sweeps
from bisenet_lib.course.runner import Outcome
from bisenet_lib.errors import InputError

PARAMETERS = """profile: str = "laptop"
dataset: str = ""
run_dir: str = ""
rate: float = 0.05
seed: int = 0
trap: int = -1  # the seed whose run fails
diary: str = ""  # a line is added to it by every run"""
CELLS = [
    """import json
from pathlib import Path
with Path(diary).open("a") as file:
    file.write(f"{rate} {seed}\\n")""",
    "assert seed != trap, 'the trap'",
    "import time; time.sleep(0.3)",
    """results = {"headline": f"score {rate + seed}", "score": rate + seed, "miou": rate * 2}
(Path(run_dir) / "results.json").write_text(json.dumps({**results, "curve": [1, 2]}))""",
]


class Sweep:
    """A course of one notebook, and the command that sweeps it."""

    def __init__(self, home: Path, writer) -> None:
        self.home, self.diary = home, home / "diary"
        self.folder = home / "sweep"
        self.notebook = home / "notebooks" / "03_tiny.ipynb"
        self.write = lambda cells=CELLS: writer(self.notebook, cells, PARAMETERS)
        self.write()
        (home / "city" / "leftImg8bit").mkdir(parents=True)

    def words(self, *more) -> list:
        where = ["--notebooks", self.home / "notebooks", "--cityscapes", self.home / "city"]
        fixed = ["--sweep-dir", self.folder, "-p", "diary", self.diary]
        return ["course", "sweep", "03", *where, *fixed, *more]

    def run(self, *more) -> tuple[int, str]:
        """The command in this process: what it prints, or the message of what it refuses."""
        done = CliRunner().invoke(app, list(map(str, self.words(*more))))
        refused = isinstance(done.exception, InputError)
        return done.exit_code, f"{done.exception}" if refused else done.output

    def started(self) -> list[str]:
        return self.diary.read_text().splitlines() if self.diary.exists() else []

    def table(self) -> list[dict[str, str]]:
        with (self.folder / "sweep.csv").open() as file:
            return list(csv.DictReader(file))


def ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def sweep(tmp_path, notebook_writer):
    return Sweep(tmp_path, notebook_writer)


FOUR = ("--grid", "rate=0.01,0.1", "--grid", "seed", "0,1")


def test_killed_it_goes_on_and_repeats_no_finished_run(sweep):
    process = start(*sweep.words(*FOUR))
    wait_until(lambda: len(sweep.started()) == 3, "the third run")
    (kernel,) = psutil.Process(process.pid).children()
    process.send_signal(signal.SIGKILL)
    finish(process)
    wait_until(lambda: ended(kernel), "the end of the kernel", 10)
    finished = ["0.01 0", "0.01 1", "0.1 0"][: len(sweep.table())]
    assert len(finished) == 2 and sweep.started() == [*finished, "0.1 0"]
    code, printed = sweep.run(*FOUR)
    assert code == 0, printed
    assert printed.count("finished before") == 2
    assert sweep.started() == ["0.01 0", "0.01 1", "0.1 0", "0.1 0", "0.1 1"]

    rows = sweep.table()
    assert [(row["rate"], row["seed"], row["score"]) for row in rows] == [
        ("0.01", "0", "0.01"),
        ("0.01", "1", "1.01"),
        ("0.1", "0", "0.1"),
        ("0.1", "1", "1.1"),
    ]
    record = json.loads((sweep.folder / "sweep.json").read_text())
    assert record["grid"] == {"rate": [0.01, 0.1], "seed": [0, 1]}
    assert [one["results"]["miou"] for one in record["runs"]] == [0.02, 0.02, 0.2, 0.2]
    assert Image.open(sweep.folder / "sweep.png").size[0] > 600
    for row in rows:
        names = {path.name for path in (sweep.folder / row["folder"]).iterdir()}
        assert {"03_tiny.ipynb", "03_tiny.html", "results.json", "outcome.json"} <= names


def test_stopped_by_ctrl_c_it_shows_what_there_is_and_says_how_to_go_on(sweep):
    process = start(*sweep.words(*FOUR))
    wait_until(lambda: len(sweep.started()) == 2, "the second run")
    (kernel,) = psutil.Process(process.pid).children()
    process.send_signal(signal.SIGINT)
    code, printed = finish(process)
    assert code == 130
    assert "score 0.01" in printed, "the table so far is shown"
    assert "the same command goes on" in printed
    assert "Traceback" not in printed
    assert ended(kernel)


def test_a_run_that_fails_stops_no_other_and_is_tried_again(sweep):
    code, printed = sweep.run("--grid", "seed=0,1,2", "-p", "trap=1")
    assert code == 1
    assert "03_tiny.ipynb, cell In [4]: AssertionError: the trap" in printed
    assert [row["score"] for row in sweep.table()] == ["0.05", "", "2.05"]
    assert sweep.table()[1]["failed"] == "cell In [4]: AssertionError: the trap"
    assert sweep.run("--grid", "seed=0,1,2", "-p", "trap=1")[0] == 1
    assert sweep.started() == ["0.05 0", "0.05 1", "0.05 2", "0.05 1"]


def test_a_sweep_can_be_widened_and_not_changed(sweep):
    assert sweep.run("--grid", "seed=0")[0] == 0
    (outcome,) = sweep.folder.glob("*/outcome.json")
    record = json.loads(outcome.read_text())
    del record["figure"]  # as a version that knew no figures wrote it
    outcome.write_text(json.dumps(record))
    assert sweep.run("--grid", "seed=1,0")[0] == 0
    assert sweep.started() == ["0.05 0", "0.05 1"]
    for other in (
        ["--grid", "seed=1"],
        ["--grid", "rate=1"],
        ["--grid", "seed=1,0", "-p", "rate=1"],
    ):
        code, printed = sweep.run(*other)
        assert code == 1
        assert "holds another sweep: 03_tiny --grid seed=1,0, with" in printed
        assert "choose another --sweep-dir" in printed
    sweep.write([*CELLS, "print('changed')"])
    code, printed = sweep.run("--grid", "seed=1,0")
    assert code == 1
    assert "another version of the notebook" in printed
    assert len(sweep.started()) == 2


def test_a_second_sweep_in_the_same_folder_is_refused(sweep):
    sweep.folder.mkdir()
    with (sweep.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, printed = sweep.run("--grid", "seed=0")
    assert code == 1
    assert "another sweep is at work in it" in printed
    assert not sweep.started()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--grid", "sede=0,1"], "did you mean 'seed'?"),
        ([], "a sweep needs a grid"),
        (["--grid", "seed="], "'seed' is ''; it must be of type int"),
        (["--grid", "seed=0,"], "'seed' is ''; it must be of type int"),
        (["--grid", "seed=0,one"], "'seed' is 'one'; it must be of type int"),
        (["--grid", "seed"], "write it as name=value,value"),
        (["--grid", "rate=1,1.0"], "has a value twice"),
        (["--grid", "seed=0", "--grid", "seed=1"], "given twice"),
        (["--grid", "seed=0", "-p", "seed=1"], "in the grid and given besides"),
        (["--grid", "profile=smoke"], "set by the option --profile"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(sweep, words, told):
    code, printed = sweep.run(*words)
    assert code == 1
    assert told in printed
    assert not sweep.folder.exists() and not sweep.started()


def test_a_metric_that_no_run_reports_is_named(sweep):
    assert sweep.run("--grid", "seed=0")[0] == 0
    code, printed = sweep.run("--grid", "seed=0", "--metric", "accuracy")
    assert code == 1
    assert "'accuracy'; choose one of: miou, score" in printed
    code, printed = sweep.run("--grid", "seed=0", "--metric", "score")
    assert code == 0
    assert len(sweep.started()) == 1


def test_the_chart_draws_means_over_seeds():
    grid = [(rate, size, seed) for rate in (0.01, 0.1) for size in (2, 4) for seed in (0, 1)]
    runs = [
        sweeps.SweepRun(
            {"rate": rate, "size": size, "seed": seed},
            Path("x"),
            Outcome("x", 1, 1),
            {"score": rate * size + seed},
        )
        for rate, size, seed in grid
    ]
    (axis,) = sweeps.chart(runs, "score").axes
    assert axis.get_xscale() == "log"
    drawn = {line.get_label(): line for line in axis.lines if not line.get_label().startswith("_")}
    np.testing.assert_allclose(drawn["size=2"].get_xdata(), [0.01, 0.1])
    np.testing.assert_allclose(drawn["size=2"].get_ydata(), [0.52, 0.7])
    np.testing.assert_allclose(drawn["size=4"].get_ydata(), [0.54, 0.9])
    points = [tuple(line.get_ydata()) for line in axis.lines if line.get_marker() == "o"]
    assert (0.02, 1.02) in [tuple(np.round(one, 4)) for one in points]


def test_words_stand_side_by_side_in_the_order_given():
    runs = [
        sweeps.SweepRun({"device": name}, Path("x"), Outcome("x", 1, 1), {"score": value})
        for name, value in (("gpu", 2.0), ("cpu", 1.0))
    ]
    (axis,) = sweeps.chart(runs, "score").axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["gpu", "cpu"]
    np.testing.assert_allclose(axis.lines[0].get_ydata(), [2, 1])
