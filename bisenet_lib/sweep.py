"""A notebook run once for every combination of some parameters, and the runs compared.

A sweep is a folder: in it a run folder for each combination, ``sweep.json``, ``sweep.csv`` and
``sweep.png``. What came of a run is written last, as ``outcome.json`` in its folder; so a sweep
that was killed goes on with the runs that have none.
"""

import fcntl
import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat
from rich.console import Console

from bisenet_lib.comparison import Run, as_csv, chart, metric_of, numbers, table
from bisenet_lib.course import Outcome, data_and_folder, execute, kept_seconds
from bisenet_lib.display import Display, display
from bisenet_lib.errors import InputError
from bisenet_lib.files import clear_leftovers, write_text, written_whole
from bisenet_lib.parameters import check, name_of, parse_parameters

__all__ = ["parse_grid", "sweep"]

OUTCOME = "outcome.json"


def parse_grid(texts: Sequence[str], notebook: Path) -> dict[str, list[Any]]:
    """Read ``name=value,value`` texts as what the notebook declares.

    Args:
        texts: such as ``learning_rate=0.01,0.05`` and ``seed=0,1``.
        notebook: whose parameters they are.

    Returns:
        The values of each name, in the order given.

    Raises:
        InputError: no text, a name or a value given twice, a name the notebook does not have,
            or a value that is not of the declared type.
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
        grid[name] = read
    return grid


def sweep(
    notebook: Path,
    grid: Mapping[str, Sequence[Any]],
    *,
    profile: str = "laptop",
    cityscapes: Path | None = None,
    runs_dir: Path | None = None,
    sweep_dir: Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    metric: str = "",
    console: Console | None = None,
) -> list[Run]:
    """Run a notebook for every combination of a grid; finished runs are not repeated.

    A run that fails stops no other. The files that compare the runs are written anew after
    each of them.

    Args:
        notebook: the file.
        grid: the values of each parameter that varies; a sweep may be widened by more values.
        profile: ``smoke``, ``laptop`` or ``cityscapes``.
        cityscapes: a data set in the Cityscapes layout; None takes MiniCity.
        runs_dir: where the sweep's folder is made; None takes ``runs`` beside the notebook's
            folder.
        sweep_dir: the sweep's folder itself, in place of one in ``runs_dir``.
        parameters: further parameters, the same in all runs.
        metric: the reported number that is compared; "" takes mIoU where there is one.
        console: where progress and the closing table are shown.

    Returns:
        The runs, in the order of the grid.

    Raises:
        InputError: a parameter that is refused, a folder of another sweep or in use by one, a
            finished run of another version of the notebook, or a metric that no run reported.
    """
    console, fixed = console or Console(), dict(parameters or {})
    both = sorted(fixed.keys() & grid.keys())
    if both:
        raise InputError(f"parameter {both[0]!r} is in the grid and given besides; give it once")
    check([notebook], fixed)
    for name, values in grid.items():
        for value in values:
            check([notebook], {name: value})
    dataset, place = data_and_folder(notebook, profile, cityscapes, runs_dir, fixed)
    everywhere = {"profile": profile, "dataset": dataset, **fixed}
    folder = Path(sweep_dir).resolve() if sweep_dir else place / f"sweep_{notebook.stem}"
    plan = {"notebook": notebook.stem, "parameters": everywhere}
    plan["grid"] = {name: list(values) for name, values in grid.items()}
    varied = [dict(zip(grid, one, strict=True)) for one in itertools.product(*grid.values())]
    code = _code(notebook)
    with _alone(folder):
        _agree(folder, plan)
        runs = {name_of(one): _finished(folder / name_of(one), one, code) for one in varied}
        _write(folder, plan, runs, metric)
        seconds = kept_seconds(notebook, profile).get(notebook.stem, 0.0)
        try:
            with display(console, [seconds] * len(varied)) as shown:
                for number, one in enumerate(varied, 1):
                    name = name_of(one)
                    before = ": finished before" if runs[name] else ""
                    console.print(f"run {number} of {len(varied)}, {name}{before}", soft_wrap=True)
                    if runs[name]:
                        shown.skip()
                        continue
                    runs[name] = _run(notebook, folder / name, one, everywhere, code, shown)
                    _write(folder, plan, runs, metric)
        finally:
            done = [run for run in runs.values() if run]
            console.print(table(done, metric_of(done, metric)))
            if len(done) < len(varied):
                console.print("Not all runs are done: the same command goes on with the others.")
    console.print(f"{folder}: sweep.csv, sweep.json, sweep.png", soft_wrap=True, highlight=False)
    if metric and not metric_of(done, metric) and any(run.results for run in done):
        reported = ", ".join(sorted({name for run in done for name in run.results}))
        raise InputError(f"no run reported a number {metric!r}; choose one of: {reported}")
    return done


def _run(
    notebook: Path,
    run_dir: Path,
    varied: Mapping[str, Any],
    everywhere: Mapping[str, Any],
    code: str,
    shown: Display,
) -> Run:
    outcome = execute(notebook, run_dir, {**everywhere, **varied}, shown)
    record = {"parameters": varied, "code": code, **asdict(outcome)}
    write_text(run_dir / OUTCOME, json.dumps(record, indent=2) + "\n")
    return Run(varied, run_dir, outcome, {} if outcome.error else numbers(run_dir))


def _finished(run_dir: Path, varied: Mapping[str, Any], code: str) -> Run | None:
    """The run in a folder, if it came to its end; one that failed is to be tried again."""
    record = _read(run_dir / OUTCOME)
    if record is None or record["error"]:
        return None
    if record["code"] != code:
        raise InputError(
            f"{run_dir}: a finished run of another version of the notebook. Delete the folder "
            "to run it again, or begin another sweep with --sweep-dir."
        )
    outcome = Outcome(
        **{name: record[name] for name in Outcome.__dataclass_fields__ if name in record}
    )
    return Run(varied, run_dir, outcome, numbers(run_dir))


def _agree(folder: Path, plan: Mapping[str, Any]) -> None:
    """Refuse the folder of another sweep."""
    before = _read(folder / "sweep.json")
    if before is None:
        return
    was, now = before["grid"], plan["grid"]
    same = all(before[key] == plan[key] for key in ("notebook", "parameters"))
    lost = [value for name in was for value in was[name] if value not in now.get(name, ())]
    if not same or was.keys() != now.keys() or lost:
        grid = " ".join(f"--grid {name}={','.join(map(str, was[name]))}" for name in was)
        fixed = ", ".join(f"{name}={value}" for name, value in before["parameters"].items())
        raise InputError(
            f"{folder} holds another sweep: {before['notebook']} {grid}, with {fixed}. "
            "It can be widened by more values; for anything else choose another --sweep-dir."
        )


def _write(
    folder: Path, plan: Mapping[str, Any], runs: Mapping[str, Run | None], metric: str
) -> None:
    done = [run for run in runs.values() if run]
    record = {**plan, "runs": [run.as_dict() for run in done]}
    write_text(folder / "sweep.json", json.dumps(record, indent=2) + "\n")
    write_text(folder / "sweep.csv", as_csv(done))
    if compared := metric_of(done, metric):
        with written_whole(folder / "sweep.png") as part:
            chart(done, compared).savefig(part, dpi=120)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a sweep's folder against a second sweep; the system lets go when this one is killed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror})") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{folder}: another sweep is at work in it") from error
        clear_leftovers(folder)
        yield


def _code(notebook: Path) -> str:
    """A checksum of a notebook's code; its prose and its outputs may change."""
    cells = nbformat.read(notebook, as_version=4).cells
    source = "\0".join(cell.source for cell in cells if cell.cell_type == "code")
    return hashlib.sha256(source.encode()).hexdigest()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); delete it or mend it") from error
