"""A sweep of a notebook: killed, stopped, failing in part, gone on with, and refused."""

import csv
import json
import os
import shlex
import signal
import subprocess
from functools import partial
from pathlib import Path

import numpy as np
import processes
import psutil
import pytest
from PIL import Image
from processes import processes_with, start
from typer.testing import CliRunner

from bisenet_lib.cli.main import app
from bisenet_lib.common.claims import CLAIM, this_process
from bisenet_lib.common.processes import cores
from bisenet_lib.course import comparison
from bisenet_lib.course.runner import Outcome
from bisenet_lib.errors import InputError

PARAMETERS = """profile: str = "laptop"
dataset: str = ""
run_dir: str = ""
rate: float = 0.05
seed: int = 0
trap: int = -1  # the seed whose run fails
pause: float = 0.3  # seconds
free = 0  # of any type
diary: str = ""  # a line is added to it by every run"""
CELLS = [
    """import json
from pathlib import Path
with Path(diary).open("a") as file:
    file.write(f"{rate} {seed}\\n")""",
    "assert seed != trap, 'the trap'",
    "import time; time.sleep(pause)",
    """results = {"headline": f"score {rate + seed}", "score": rate + seed, "miou": rate * 2}
(Path(run_dir) / "results.json").write_text(json.dumps({**results, "curve": [1, 2]}))""",
]


wait_until = partial(processes.wait_until, timeout=300)  # a busy machine starts kernels slowly
finish = partial(processes.finish, timeout=300)


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

    def compare(self, *more) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["course", "compare", str(self.folder), *more])
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
    wait_until(lambda: ended(kernel), "the end of the kernel")
    finished = ["0.01 0", "0.01 1", "0.1 0"][: len(sweep.table())]
    assert len(finished) == 2 and sweep.started() == [*finished, "0.1 0"]
    code, printed = sweep.run(*FOUR)
    assert code == 0, printed
    assert "2 of 4 runs finished before" in printed
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


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_it_shows_what_there_is_and_says_how_to_go_on(sweep, number, expected):
    """By Ctrl-C, or as Slurm does before it kills; a claim left behind would stop another host."""
    process = start(*sweep.words(*FOUR))
    wait_until(lambda: len(sweep.started()) == 2, "the second run")
    (kernel,) = psutil.Process(process.pid).children()
    process.send_signal(number)
    code, printed = finish(process)
    assert code == expected
    assert "score 0.01" in printed, "the table so far is shown"
    assert "the same command goes on" in printed
    assert "Traceback" not in printed
    assert ended(kernel) and not list(sweep.folder.glob(f"*/{CLAIM}"))


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
    assert [row["seed"] for row in sweep.table()] == ["0", "1"]
    assert sweep.run("--grid", "seed=1")[0] == 0, "a part of it"
    for other in (
        ["--grid", "rate=1"],
        ["--grid", "seed=1,0", "-p", "rate=1"],
    ):
        code, printed = sweep.run(*other)
        assert code == 1
        assert "holds another sweep: 03_tiny --grid seed=0,1, with" in printed
        assert "choose another --sweep-dir" in printed
    sweep.write([*CELLS, "print('changed')"])
    code, printed = sweep.run("--grid", "seed=1,0")
    assert code == 1
    assert "another version of the notebook" in printed
    assert len(sweep.started()) == 2


def test_two_processes_share_the_runs_of_one_folder(sweep):
    processes = [start(*sweep.words(*FOUR)) for _ in range(2)]
    ended = [finish(process) for process in processes]
    assert sorted(sweep.started()) == ["0.01 0", "0.01 1", "0.1 0", "0.1 1"], ended
    assert {code for code, _ in ended} <= {0, 75}
    code, printed = sweep.run(*FOUR)
    assert code == 0 and "4 of 4 runs finished before" in printed
    assert len(sweep.table()) == 4


def test_a_duplicate_leaves_the_run_to_the_first(sweep):
    first = start(*sweep.words("--grid", "seed=0", "-p", "pause=20"))
    wait_until(lambda: sweep.started(), "the first run")
    code, printed = sweep.run("--grid", "seed=0", "-p", "pause=20")
    assert code == 75
    assert f"seed=0: left to process {first.pid} on {os.uname().nodename}" in printed
    _, printed = sweep.compare()
    assert "1 runs: 1 running (process" in printed
    first.send_signal(signal.SIGINT)
    finish(first)
    assert sweep.started() == ["0.05 0"]


def test_the_run_of_another_host_is_left_to_it_until_it_no_longer_renews_its_claim(sweep):
    assert sweep.run("--grid", "seed=0")[0] == 0
    folder = sweep.folder / "seed=1"
    folder.mkdir()
    claim = {**this_process().__dict__, "host": "elsewhere"}
    (folder / CLAIM).write_text(json.dumps(claim))
    code, printed = sweep.run("--grid", "seed=0,1")
    assert code == 75 and "left to process" in printed and "on elsewhere" in printed
    os.utime(folder / CLAIM, (1, 1))
    assert sweep.run("--grid", "seed=0,1")[0] == 0
    assert sweep.started() == ["0.05 0", "0.05 1"]


def test_printed_commands_run_anywhere_in_any_order_and_more_than_once(sweep, tmp_path):
    code, printed = sweep.run(*FOUR, "--print")
    assert code == 0
    lines = printed.splitlines()
    assert len(lines) == 4 and not sweep.started()
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    for line in (lines[3], lines[0], lines[3]):
        done = subprocess.run(line, shell=True, cwd=elsewhere, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert sweep.started() == ["0.1 1", "0.01 0"]
    code, printed = sweep.compare()
    assert code == 0
    assert "4 runs: 2 finished, 2 not begun" in printed
    assert [(row["rate"], row["seed"]) for row in sweep.table()] == [("0.01", "0"), ("0.1", "1")]
    assert {shlex.split(line)[-3:][0] for line in lines} == {"rate=0.01", "rate=0.1"}


@pytest.mark.skipif(cores() < 2, reason="two jobs need two cores")
def test_several_at_once_each_with_its_share_of_the_cores(sweep):
    shares = """import os
with Path(diary).open("a") as file:
    file.write(f"{sorted(os.sched_getaffinity(0))} {os.environ['OMP_NUM_THREADS']}\\n")"""
    sweep.write([CELLS[0], shares, *CELLS[1:]])
    code, printed = sweep.run(*FOUR, "--jobs", "2", "-p", "trap=1")
    assert code == 1, "the seed of the trap fails"
    assert printed.count("failed: cell In [5]: AssertionError: the trap") >= 2
    assert [row["score"] for row in sweep.table()] == ["0.01", "", "0.1", ""]
    told = [line for line in sweep.started() if line.startswith("[")]
    used = [json.loads(line.rpartition(" ")[0]) for line in told]
    assert len(told) == 4
    half = {tuple(one) for one in used}
    assert len(half) == 2 and sorted(sum(half, ())) == sorted(os.sched_getaffinity(0))
    code, printed = sweep.run("--grid", "rate=0.01,0.1", "--grid", "seed=0", "-p", "trap=1")
    assert code == 0 and "2 of 2 runs finished before" in printed


@pytest.mark.skipif(cores() < 2, reason="two jobs need two cores")
def test_ctrl_c_ends_all_that_run_at_once(sweep):
    process = start(*sweep.words(*FOUR, "--jobs", "2", "-p", "pause=60"))
    wait_until(lambda: len(sweep.started()) == 2, "two runs")
    process.send_signal(signal.SIGINT)
    code, printed = finish(process)
    assert code == 130 and "the same command goes on" in printed
    assert "Traceback" not in printed
    assert not processes_with(sweep.folder) and not list(sweep.folder.glob(f"*/{CLAIM}"))
    assert len(sweep.started()) == 2


def test_a_full_disk_is_named_and_the_same_command_goes_on(sweep, mount_disk, tmp_path):
    sweep.folder = mount_disk("2m") / "sweep"
    fill = f"""if not Path({str(tmp_path / "freed")!r}).exists():
    (Path(run_dir) / "filler").write_bytes(bytes(4 << 20))"""
    sweep.write([CELLS[0], fill, *CELLS[1:]])
    code, printed = sweep.run("--grid", "seed=0,1")
    assert code == 1
    assert "seed=0: cannot be written (No space left on device)" in printed
    assert not list(sweep.folder.glob("*/outcome.json"))
    assert sweep.started() == ["0.05 0"], "the next would fail as well"
    (sweep.folder / "seed=0" / "filler").unlink()
    (tmp_path / "freed").touch()
    assert sweep.run("--grid", "seed=0,1")[0] == 0
    assert len(sweep.table()) == 2


def test_comparing_refuses_what_is_no_sweep_or_two_versions_of_one(sweep, command, tmp_path):
    code, printed = command("course", "compare", tmp_path)
    assert code == 1 and "no sweep there" in printed
    assert sweep.run("--grid", "seed=0,1")[0] == 0
    assert sweep.compare("--metric", "accuracy")[0] == 1
    outcome = sweep.folder / "seed=1" / "outcome.json"
    record = json.loads(outcome.read_text())
    for change, told in (
        ({**record, "code": "other"}, "runs of two versions of the notebook"),
        ({"code": record["code"]}, "not the result of a run"),
        ([1], "not a JSON object"),
    ):
        outcome.write_text(json.dumps(change))
        code, printed = sweep.compare()
        assert code == 1 and told in printed
    outcome.write_text("{")
    assert "cannot be read" in sweep.compare()[1]


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
        (["--grid", "free=1,one"], "has values of several types"),
        (["--grid", "seed=0,1", "--jobs", "0"], "jobs is 0; give 1 or more"),
        (["--grid", "seed=0,1", "--jobs", "999"], "core(s) here: give at most so many"),
        (["--grid", "profile=smoke"], "set by the option --profile"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(sweep, words, told):
    code, printed = sweep.run(*words)
    assert code == 1
    assert told in printed
    assert not list(sweep.folder.glob("*/")) and not sweep.started()


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
        comparison.SweepRun(
            {"rate": rate, "size": size, "seed": seed},
            Path("x"),
            Outcome("x", 1, 1),
            {"score": rate * size + seed},
        )
        for rate, size, seed in grid
    ]
    (axis,) = comparison.chart(runs, "score").axes
    assert axis.get_xscale() == "log"
    drawn = {line.get_label(): line for line in axis.lines if not line.get_label().startswith("_")}
    np.testing.assert_allclose(drawn["size=2"].get_xdata(), [0.01, 0.1])
    np.testing.assert_allclose(drawn["size=2"].get_ydata(), [0.52, 0.7])
    np.testing.assert_allclose(drawn["size=4"].get_ydata(), [0.54, 0.9])
    points = [tuple(line.get_ydata()) for line in axis.lines if line.get_marker() == "o"]
    assert (0.02, 1.02) in [tuple(np.round(one, 4)) for one in points]


def test_words_stand_side_by_side_in_the_order_given():
    runs = [
        comparison.SweepRun({"device": name}, Path("x"), Outcome("x", 1, 1), {"score": value})
        for name, value in (("gpu", 2.0), ("cpu", 1.0))
    ]
    (axis,) = comparison.chart(runs, "score").axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["gpu", "cpu"]
    np.testing.assert_allclose(axis.lines[0].get_ydata(), [2, 1])
