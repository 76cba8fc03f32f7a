"""A notebook run once for every combination of some parameters.

A sweep is a folder with a run folder for each combination. Any number of processes, on any hosts
that share the folder, may work in it: each claims one combination at a time. What has finished is
not repeated, so a sweep that was killed goes on with the rest.
"""

import hashlib
import json
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import nbformat
import psutil
from rich.console import Console

from bisenet_lib.common.atomic_files import unwritable, write_text
from bisenet_lib.common.claims import Owner, Taken, claimed, one_at_a_time, owner_of
from bisenet_lib.common.processes import cores
from bisenet_lib.common.signals import program
from bisenet_lib.course.comparison import (
    OUTCOME,
    PLAN,
    SweepRun,
    combinations,
    compare,
    comparison_table,
    metric_of,
    read_plan,
    read_run,
)
from bisenet_lib.course.display import Display, display
from bisenet_lib.course.parameters import (
    as_text,
    check_parameters,
    name_of,
    parameters_of,
    parse_parameters,
)
from bisenet_lib.course.runner import data_and_folder, execute, kept_seconds
from bisenet_lib.errors import InputError

THREADS = "OMP_NUM_THREADS"
GPUS = "CUDA_VISIBLE_DEVICES"
CHILD_LOG = "sweep.log"
"""In the folder of a run that was one of several at once: what its command printed."""
BUSY = 75
"""The exit code when nothing failed, but other processes are still at work (EX_TEMPFAIL)."""


def parse_grid(texts: Sequence[str], notebook: Path) -> dict[str, list[Any]]:
    """Read ``name=value,value`` texts as what the notebook declares.

    Args:
        texts: such as ``learning_rate=0.01,0.05`` and ``seed=0,1``.
        notebook: whose parameters they are.

    Returns:
        The values of each name, in the order given.

    Raises:
        InputError: no text, a name or a value given twice, a name the notebook does not have,
            values of several types, or one that is not of the declared type.
    """
    if not texts:
        raise InputError("a sweep needs a grid, such as --grid learning_rate=0.01,0.05")
    grid: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals:
            raise InputError(f"grid {text!r}: write it as name=value,value")
        if name in grid:
            raise InputError(f"grid {name!r} is given twice; give all its values in one")
        read = [
            parse_parameters([f"{name}={value}"], [notebook])[name] for value in values.split(",")
        ]
        if len(set(map(str, read))) < len(read):
            raise InputError(f"grid {text!r} has a value twice; repetitions differ in their seed")
        kinds = {float if type(value) is int else type(value) for value in read}
        if len(kinds) > 1:
            raise InputError(f"grid {text!r} has values of several types; give values of one")
        grid[name] = read
    return grid


@dataclass(frozen=True)
class Plan:
    """A sweep, checked: what is run, with what, and where.

    Args:
        notebook: the file.
        profile: of the course.
        cityscapes: a data set in the Cityscapes layout; None for MiniCity.
        parameters: those that are the same in all runs, ``profile`` and ``dataset`` left out.
        everywhere: the same with these two.
        grid: the values of each parameter that varies.
        folder: of the sweep.
    """

    notebook: Path
    profile: str
    cityscapes: Path | None
    parameters: Mapping[str, Any]
    everywhere: Mapping[str, Any]
    grid: Mapping[str, Sequence[Any]]
    folder: Path

    @property
    def combinations(self) -> list[dict[str, Any]]:
        """Every combination of the grid."""
        return combinations(self.grid)

    def run_dir(self, combination: Mapping[str, Any]) -> Path:
        """The folder of a combination."""
        return self.folder / name_of(combination)

    def command(self, combination: Mapping[str, Any]) -> list[str]:
        """The words of the command that runs one combination, from any folder."""
        words = [*program(), "course", "sweep", self.notebook.stem]
        words += ["--notebooks", str(self.notebook.resolve().parent), "--profile", self.profile]
        if self.cityscapes:
            words += ["--cityscapes", str(Path(self.cityscapes).resolve())]
        words += ["--sweep-dir", str(self.folder)]
        for option, values in (("-p", self.parameters), ("--grid", combination)):
            for name, value in values.items():
                words += [option, f"{name}={as_text(value)}"]
        return words


def plan_sweep(
    notebook: Path,
    grid: Mapping[str, Sequence[Any]],
    *,
    profile: str = "laptop",
    cityscapes: Path | None = None,
    runs_dir: Path | None = None,
    sweep_dir: Path | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Plan:
    """Check a sweep before anything runs, and enter it in its folder.

    Args:
        notebook: the file.
        grid: the values of each parameter that varies; a sweep may be widened by more values.
        profile: ``smoke``, ``laptop`` or ``cityscapes``.
        cityscapes: a data set in the Cityscapes layout; None takes MiniCity.
        runs_dir: where the sweep's folder is made; None takes ``runs`` beside the notebook's
            folder.
        sweep_dir: the sweep's folder itself, in place of one in ``runs_dir``.
        parameters: further parameters, the same in all runs.

    Raises:
        InputError: a parameter that is refused, the folder of another sweep, or one that cannot
            be written to.
    """
    fixed = dict(parameters or {})
    twice = sorted(fixed.keys() & grid.keys())
    if twice:
        raise InputError(f"parameter {twice[0]!r} is in the grid and given besides; give it once")
    check_parameters([notebook], fixed)
    for name, values in grid.items():
        for value in values:
            check_parameters([notebook], {name: value})
    dataset, run_folder = data_and_folder(notebook, profile, cityscapes, runs_dir, fixed)
    everywhere = {"profile": profile, "dataset": dataset, **fixed}
    folder = Path(sweep_dir).resolve() if sweep_dir else run_folder / f"sweep_{notebook.stem}"
    plan = Plan(notebook, profile, cityscapes, fixed, everywhere, grid, folder)
    _enter(plan)
    return plan


def _enter(plan: Plan) -> None:
    """Write a sweep into its folder, or widen the one that is there; another one is refused."""
    record = {"notebook": plan.notebook.stem, "parameters": dict(plan.everywhere)}
    grid = {name: list(values) for name, values in plan.grid.items()}
    with one_at_a_time(plan.folder):
        before = read_plan(plan.folder)
        if before is not None:
            _refuse_other(plan.folder, before, {**record, "grid": grid})
            for name, values in before["grid"].items():
                grid[name] = [*values, *(value for value in grid[name] if value not in values)]
        if before is None or before["grid"] != grid:
            text = json.dumps({**record, "grid": grid}, indent=2)
            write_text(plan.folder / PLAN, text + "\n")


def _refuse_other(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    same = all(before[key] == now[key] for key in ("notebook", "parameters"))
    if not same or before["grid"].keys() != now["grid"].keys():
        grid = before["grid"]
        told = " ".join(f"--grid {name}={','.join(map(str, grid[name]))}" for name in grid)
        fixed = ", ".join(f"{name}={value}" for name, value in before["parameters"].items())
        raise InputError(
            f"{folder} holds another sweep: {before['notebook']} {told}, with {fixed}. "
            "It can be widened by more values; for anything else choose another --sweep-dir."
        )


def command_lines(plan: Plan) -> list[str]:
    """A line for each combination: the command that runs it, for GNU parallel or a Slurm array.

    The commands may run in any order, at the same time, on any host that has the same paths, and
    more than once.
    """
    return [shlex.join(plan.command(combination)) for combination in plan.combinations]


def sweep(
    plan: Plan, *, metric: str = "", jobs: int = 1, console: Console | None = None
) -> tuple[list[SweepRun], list[Owner]]:
    """Run a notebook for every combination of a grid; finished runs are not repeated.

    A run that fails does not stop the others. The files that compare the runs are written again
    after each of them. A combination that another process is at work on is left to it.

    Args:
        plan: from :func:`plan_sweep`.
        metric: the reported number that is compared; "" takes mIoU where there is one.
        jobs: how many run at the same time, in processes of their own, each with a share of the
            cores or with one GPU.
        console: where progress and the closing table are shown.

    Returns:
        The runs that have ended, in the order of the grid, and the processes that are still at
        work on others.

    Raises:
        InputError: a finished run of another version of the notebook, more jobs than there are
            cores or GPUs, a metric that no run reported, or the disk is full.
    """
    console = console or Console()
    code = _code(plan.notebook)
    with one_at_a_time(plan.folder) as began:
        todo = [one for one in plan.combinations if not _finished(plan.run_dir(one), one, code)]
    places = _places(plan, jobs) if jobs != 1 else []
    total = len(plan.combinations)
    if len(todo) < total:
        console.print(f"{total - len(todo)} of {total} runs finished before", highlight=False)
    try:
        if places:
            _run_together(plan, todo, places, console)
        else:
            _run_in_turn(plan, todo, code, began, console)
    finally:
        owners = [owner_of(plan.run_dir(one)) for one in plan.combinations]
        at_work = [owner for owner in owners if owner]
        found = [read_run(plan.run_dir(one), one) for one in plan.combinations]
        runs = [run for run in found if run]
        if runs:
            console.print(comparison_table(runs, metric_of(runs, metric)))
        if at_work:
            told = ", ".join(map(str, at_work))
            console.print(f"Others are still at work: {told}", soft_wrap=True, highlight=False)
        if len(runs) < total:
            console.print("Not all runs are done: the same command goes on with the others.")
    files = f"{plan.folder}: sweep.csv, sweep.json, sweep.png"
    console.print(files, soft_wrap=True, highlight=False, markup=False)
    compare(plan.folder, metric=metric)
    return runs, at_work


def _run_in_turn(
    plan: Plan, todo: Sequence[Mapping[str, Any]], code: str, began: float, console: Console
) -> None:
    """Run combinations one after the other."""
    seconds = kept_seconds(plan.notebook, plan.profile).get(plan.notebook.stem, 0.0)
    with display(console, [seconds] * len(todo)) as shown:
        for number, one in enumerate(todo, 1):
            line = f"run {number} of {len(todo)}, {name_of(one)}"
            console.print(line, soft_wrap=True, highlight=False, markup=False)
            _run(plan, one, code, began, shown)
            if number < len(todo):
                compare(plan.folder)


def _run(
    plan: Plan, combination: Mapping[str, Any], code: str, began: float, shown: Display
) -> None:
    """Run one combination, unless another process is at it, or has done it since ``began``."""
    run_dir = plan.run_dir(combination)
    try:
        with claimed(run_dir) as claim:
            ended = run_dir / OUTCOME
            if ended.is_file() and ended.stat().st_mtime >= began:
                shown.skip()
                return
            outcome = execute(plan.notebook, run_dir, {**plan.everywhere, **combination}, shown)
            if claim.holds():
                record = {"parameters": dict(combination), "code": code, **asdict(outcome)}
                write_text(ended, json.dumps({**record, **asdict(claim.owner)}, indent=2) + "\n")
    except Taken as taken:
        shown.skip()
        line = f"{run_dir.name}: left to {taken}"
        shown.console.print(line, soft_wrap=True, highlight=False, markup=False)
    except OSError as error:
        raise unwritable(run_dir, error) from error


def _finished(run_dir: Path, combination: Mapping[str, Any], code: str) -> bool:
    """Whether a run came to its end; one that failed is to be tried again."""
    run = read_run(run_dir, combination)
    if run is None or run.outcome.error:
        return False
    if run.code != code:
        raise InputError(
            f"{run_dir}: a finished run of another version of the notebook. Delete the folder "
            "to run it again, or begin another sweep with --sweep-dir."
        )
    return True


@dataclass(frozen=True)
class Place:
    """What one of several runs at a time may use: some cores, and a GPU if there are any."""

    cores: Sequence[int]
    environment: Mapping[str, str]

    def start(self, words: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a command here; what it prints goes to a file."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            process = subprocess.Popen(
                words,
                env=os.environ | dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        with suppress(psutil.Error):
            watched = psutil.Process(process.pid)
            if hasattr(watched, "cpu_affinity"):  # not on a Mac
                watched.cpu_affinity(list(self.cores))
        return process


def _places(plan: Plan, jobs: int) -> list[Place]:
    """A place for each of the runs that go on at the same time."""
    if jobs < 1:
        raise InputError(f"jobs is {jobs}; give 1 or more")
    gpus = _gpus(plan)
    most, of = (len(gpus), "GPU(s)") if gpus else (cores(), "core(s)")
    if jobs > most:
        raise InputError(
            f"jobs is {jobs}, and there are {most} {of} here: give at most so many. For more "
            "machines print the commands (--print) and give them to a queue."
        )
    affinity = getattr(os, "sched_getaffinity", None)
    numbers = sorted(affinity(0)) if affinity else list(range(cores()))
    bounds = [len(numbers) * n // jobs for n in range(jobs + 1)]
    shares = [numbers[first:last] for first, last in pairwise(bounds)]
    places = []
    for n, share in enumerate(shares):
        environment = {THREADS: os.environ.get(THREADS, str(len(share)))}
        places.append(Place(share, environment | ({GPUS: gpus[n]} if gpus else {})))
    return places


def _gpus(plan: Plan) -> list[str]:
    """The GPUs that runs can be given, by the names that CUDA takes; none where they use none."""
    default = parameters_of(plan.notebook).get("device", {}).get("default", "cpu").strip("\"'")
    given = plan.grid.get("device") or [plan.parameters.get("device", default)]
    if set(given) == {"cpu"}:
        return []
    from bisenet_lib.runtime.devices import available, kind_of_auto  # loads Paddle

    devices = available()
    kinds = {kind_of_auto(devices) if device == "auto" else device for device in given}
    if kinds == {"cpu"}:
        return []
    if kinds != {"gpu"}:
        raise InputError(
            f"device {', '.join(sorted(kinds))}: runs at the same time share the cores (-p "
            "device=cpu) or the GPUs (gpu). Leave out --jobs, or print the commands (--print)."
        )
    visible = os.environ.get(GPUS)
    count = sum(device.startswith("gpu:") for device in devices)
    return visible.split(",") if visible else list(map(str, range(count)))


class _Children:
    """The commands that run at the same time; at the end, or on Ctrl-C, all of them are ended."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock, self._over = threading.Lock(), False

    def run(self, words: Sequence[str], log: Path, place: Place) -> int:
        """Run a command and give its exit code."""
        with self._lock:
            if self._over:
                return BUSY
            process = place.start(words, log)
            self._running.add(process)
        try:
            return process.wait()
        finally:
            self._running.discard(process)

    def end(self) -> None:
        """End those that run, as Ctrl-C does; no other begins."""
        with self._lock:
            self._over = True
            for process in list(self._running):
                process.send_signal(signal.SIGINT)


def _run_together(
    plan: Plan, todo: Sequence[Mapping[str, Any]], places: Sequence[Place], console: Console
) -> None:
    """Run combinations at the same time, each by its own command, one at a time in each place."""
    free: SimpleQueue[Place] = SimpleQueue()
    for place in places:
        free.put(place)
    children = _Children()

    def run(one: Mapping[str, Any]) -> int:
        place = free.get()
        try:
            return children.run(plan.command(one), plan.run_dir(one) / CHILD_LOG, place)
        finally:
            free.put(place)

    with ThreadPoolExecutor(len(places)) as pool:
        futures = {pool.submit(run, one): one for one in todo}
        try:
            for number, future in enumerate(as_completed(futures), 1):
                begun = f"run {number} of {len(todo)}, "
                _report(plan, futures[future], future.result(), begun, console)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            children.end()
            raise


def _report(
    plan: Plan, combination: Mapping[str, Any], code: int, begun: str, console: Console
) -> None:
    """Tell how the command of a combination ended."""
    run_dir = plan.run_dir(combination)
    run, owner = read_run(run_dir, combination), owner_of(run_dir)
    if code == BUSY and owner:
        told = f"left to {owner}"
    elif run is not None and code in (0, 1, BUSY):
        error = run.outcome.error
        told = f"failed: {error.splitlines()[0]}" if error else run.outcome.headline or "done"
    else:
        log = run_dir / CHILD_LOG
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise InputError(f"{run_dir.name}: {''.join(last) or f'ended with code {code}'}; see {log}")
    line = f"{begun}{run_dir.name}: {told}"
    console.print(line, soft_wrap=True, highlight=False, markup=False)


def _code(notebook: Path) -> str:
    """A checksum of a notebook's code; its prose and its outputs may change."""
    cells = nbformat.read(notebook, as_version=4).cells
    source = "\0".join(cell.source for cell in cells if cell.cell_type == "code")
    return hashlib.sha256(source.encode()).hexdigest()
