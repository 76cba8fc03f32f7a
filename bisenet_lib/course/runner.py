"""Running the course: the notebooks in order, timed, watched, with their results tabulated."""

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import nbformat
import papermill
import psutil
from jupyter_client.client import KernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from nbclient.exceptions import DeadKernelError
from nbconvert.filters import strip_ansi
from papermill.exceptions import PapermillExecutionError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bisenet_lib.common.atomic_files import write_text, written_whole
from bisenet_lib.config.profiles import PROFILES
from bisenet_lib.course import project, run_page
from bisenet_lib.course.display import Display, Progress, display
from bisenet_lib.course.pages import headline_figure, html
from bisenet_lib.course.parameters import as_text, check_parameters, name_of, parameters_of
from bisenet_lib.course.run_page import Outcome, Run
from bisenet_lib.errors import InputError

MINICITY = Path("data") / "minicity"
"""The data set of the course, in the folder that the notebooks' folder is in."""
TIMES = "times.json"
"""Beside the notebooks: the seconds and the memory that each takes in each profile."""
MEASURED = ("smoke", "laptop")
"""The profiles whose time and memory the notebooks tell, in their first cell."""


def notebooks(folder: Path | None = None, names: Sequence[str] = ()) -> list[Path]:
    """The notebooks of the course in the order they are taken.

    Args:
        folder: where they are; None takes the course's own.
        names: take only these; the start of a name is enough (``03``, ``03_training``).

    Returns:
        Their paths, sorted by name.

    Raises:
        InputError: there are none, or a name fits none of them.
    """
    folder = project.notebooks_folder() if folder is None else folder
    paths = sorted(path for path in Path(folder).glob("*.ipynb"))
    if not paths:
        raise InputError(f"{folder}: no notebook in it; give the folder of the course")
    for name in names:
        if not any(path.name.startswith(name) for path in paths):
            stems = ", ".join(path.stem for path in paths)
            raise InputError(f"notebook {name!r} is not in {folder}; there are: {stems}")
    return [path for path in paths if not names or path.name.startswith(tuple(names))]


def home_of(notebook: Path) -> Path:
    """The folder a notebook's own folder is in; ``data`` and ``runs`` lie there."""
    return notebook.resolve().parents[1]


def run(
    paths: Sequence[Path],
    *,
    profile: str = "laptop",
    cityscapes: Path | None = None,
    runs_dir: Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    console: Console | None = None,
) -> list[Outcome]:
    """Execute notebooks in order, stopping at the first that fails.

    Each leaves ``<runs_dir>/<profile>/<name>/``: the executed notebook, its HTML, its
    ``results.json``, its ``headline.png`` and ``kernel.log``. After each, ``index.html`` and
    ``course.json`` in ``<runs_dir>/<profile>/`` tell the run so far, and after a failure or
    Ctrl-C how to go on. The closing table is printed, and the address of the page. A run on
    another data set or with parameters has a folder of its own, named after them: see
    :func:`data_and_folder`.

    Args:
        paths: the notebooks.
        profile: ``smoke``, ``laptop`` or ``cityscapes``.
        cityscapes: a data set in the Cityscapes layout; None takes MiniCity, ``data/minicity``
            beside the notebooks' folder.
        runs_dir: where everything is written; None takes ``runs`` beside the notebooks' folder.
        parameters: further parameters; each goes to the notebooks that have it.
        console: where progress is shown.

    Returns:
        The outcomes; only the last can hold an error.

    Raises:
        InputError: an unknown profile or parameter, a value of the wrong type, or a data
            set that is not there.
    """
    console = console or Console()
    parameters = dict(parameters or {})
    dataset, folder = data_and_folder(paths[0], profile, cityscapes, runs_dir, parameters)
    check_parameters(paths, parameters)
    options = ["--profile", profile, *_options(paths[0], cityscapes, runs_dir, parameters)]
    run = Run(profile, dataset, parameters, [path.stem for path in paths], options)
    given = {"profile": profile, "dataset": dataset, **parameters}
    kept = kept_seconds(paths[0], profile)
    outcomes: list[Outcome] = []
    _record(folder, replace(run, outcomes=outcomes))
    try:
        with display(console, [kept.get(name, 0.0) for name in run.names]) as shown:
            for path in paths:
                outcomes.append(execute(path, folder / path.stem, given, shown))
                if outcomes[-1].error:
                    break
                _record(folder, replace(run, outcomes=outcomes))
    finally:
        console.print(outcome_table(outcomes))
        run = replace(run, outcomes=outcomes, ended=True)
        page = _record(folder, run)
        if run.left:
            console.print(f"Go on with: {run.go_on}", soft_wrap=True, highlight=False, markup=False)
        console.print(page.as_uri(), soft_wrap=True, highlight=False, markup=False)
    return outcomes


def data_and_folder(
    notebook: Path,
    profile: str,
    cityscapes: Path | None,
    runs_dir: Path | None,
    parameters: Mapping[str, Any],
) -> tuple[str, Path]:
    """The data set a run is on, and the folder it goes to.

    The folder is ``<runs_dir>/<profile>``; other data or parameters stand in its name. So a run
    with others overwrites none, and the same command given again finds its own folder: a
    training of days then goes on.

    Args:
        notebook: the first of the run; see :func:`run` for the rest.
        profile: of the course.
        cityscapes: a data set in place of MiniCity.
        runs_dir: the folder of all runs.
        parameters: further parameters.

    Raises:
        InputError: see :func:`data_set`.
    """
    home = home_of(notebook)
    dataset = data_set(profile, cityscapes, home)
    given = {"dataset": dataset, **parameters} if cityscapes else parameters
    name = ",".join([profile, *([name_of(given)] if given else [])])
    return dataset, Path(runs_dir or home / "runs").resolve() / name


def data_set(profile: str, cityscapes: Path | None, home: Path) -> str:
    """The data set to run on.

    Args:
        profile: ``smoke``, ``laptop`` or ``cityscapes``.
        cityscapes: a data set in the Cityscapes layout; None takes MiniCity.
        home: see :func:`home_of`.

    Returns:
        The absolute path of its folder.

    Raises:
        InputError: the profile is unknown, or no data set is there.
    """
    if profile not in PROFILES:
        raise InputError(f"profile {profile!r} is unknown; choose one of {', '.join(PROFILES)}")
    if cityscapes is None and profile == "cityscapes":
        raise InputError("profile 'cityscapes' needs the data set: --cityscapes DIR")
    root = Path(cityscapes or home / MINICITY).resolve()
    if not (root / "leftImg8bit").is_dir():
        advice = "give the folder that holds leftImg8bit/ and gtFine/"
        advice = advice if cityscapes else f'make it with: bisenet minicity "{root}"'
        raise InputError(f"{root}: no data set there (no leftImg8bit/); {advice}")
    return str(root)


def keep_times(paths: Sequence[Path], target: Path, runs_dir: Path | None = None) -> None:
    """Keep what the last runs measured, for a test that holds the notebooks' headers to it.

    Args:
        paths: the notebooks.
        target: the JSON file to write: profile, notebook, ``seconds`` and ``peak_mb``.
        runs_dir: where the runs are, see :func:`run`.

    Raises:
        InputError: a notebook has not been run on MiniCity to its end in a profile.
    """
    kept: dict[str, dict[str, Any]] = {}
    for profile in MEASURED:
        dataset, folder = data_and_folder(paths[0], profile, None, runs_dir, {})
        recorded = _recorded(folder / "course.json", dataset)
        for name in (path.stem for path in paths):
            if name not in recorded or recorded[name].error:
                command = f"bisenet course run {name} --profile {profile}"
                raise InputError(f"{name} was not run to its end on {dataset}; run: {command}")
            measured = {"seconds": recorded[name].seconds, "peak_mb": recorded[name].peak_mb}
            kept.setdefault(profile, {})[name] = measured
    write_text(target, json.dumps(kept, indent=2) + "\n")


def kept_seconds(notebook: Path, profile: str) -> dict[str, float]:
    """The seconds that each notebook takes, from the file that :func:`keep_times` writes.

    Args:
        notebook: one of the course; the file is beside it.
        profile: of the course.

    Returns:
        Seconds by notebook; none for a profile that is not in the file, or without the file.
    """
    try:
        kept = json.loads(notebook.with_name(TIMES).read_text(encoding="utf-8"))
        return {name: float(record["seconds"]) for name, record in kept[profile].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def outcome_table(outcomes: Sequence[Outcome]) -> Table:
    """The closing table: notebook, seconds, peak memory, headline result, and the total."""
    shown = Table("notebook", "seconds", "peak MB", "headline result")
    for column in shown.columns[1:3]:
        column.justify = "right"
    for outcome in outcomes:
        text = f"failed: {outcome.error.splitlines()[0]}" if outcome.error else outcome.headline
        row = (outcome.notebook, f"{outcome.seconds:.0f}", f"{outcome.peak_mb:.0f}", escape(text))
        shown.add_row(*row, style="red" if outcome.error else "")
    shown.add_section()
    peak = max((outcome.peak_mb for outcome in outcomes), default=0)
    shown.add_row("total", f"{sum(outcome.seconds for outcome in outcomes):.0f}", f"{peak:.0f}")
    return shown


def execute(path: Path, run_dir: Path, parameters: Mapping[str, Any], shown: Display) -> Outcome:
    """Execute one notebook in a kernel of this Python.

    Args:
        path: the notebook; it runs in the folder it is in.
        run_dir: its parameter ``run_dir``; the executed notebook, its HTML, its
            ``results.json``, its ``headline.png`` and ``kernel.log`` are left there.
        parameters: further parameters; those it does not have are left out.
        shown: where progress and failure are shown.

    Returns:
        The outcome; it also holds a failure of the notebook, which is not raised.
    """
    known = parameters_of(path)
    given = {**parameters, "run_dir": str(run_dir)}
    executed = run_dir / path.name
    results = run_dir / "results.json"
    run_dir.mkdir(parents=True, exist_ok=True)
    for leftover in (results, run_dir / run_page.FIGURE):
        leftover.unlink(missing_ok=True)
    cells = len(nbformat.read(path, as_version=4).cells) + 1  # papermill adds one
    error = ""
    with (
        shown.notebook(path.stem, cells) as progress,
        kernel(path.parent, run_dir / "kernel.log") as started,
        watched(_pid(started), progress, shown.tick),
    ):
        try:
            papermill.execute_notebook(
                path,
                executed,
                {name: value for name, value in given.items() if name in known},
                progress_bar=False,
                km=started,
                on_cell_start=lambda cell, cell_index: setattr(progress, "cell", cell_index + 1),
            )
        except PapermillExecutionError as failure:
            last = strip_ansi("\n".join(failure.traceback)).strip().splitlines()[-5:]
            cell = f"cell In [{failure.exec_count}]: {failure.ename}: {failure.evalue}"
            error = "\n".join([cell, *last])
        except DeadKernelError:
            error = f"cell {progress.cell}: its process died, as when memory runs out"
        except (KeyboardInterrupt, SystemExit):
            # The cell's task dies with the kernel, and asyncio would print its traceback.
            logging.getLogger("asyncio").disabled = True
            raise
    figure = _write_pages(executed, path.parent)
    if error:
        console = shown.console
        console.print(f"{path.name}, {error}", style="red", markup=False, highlight=False)
        where = f"look at {executed.with_suffix('.html')}\nand at {run_dir / 'kernel.log'}"
        console.print(where, soft_wrap=True, highlight=False, markup=False)
    headline = json.loads(results.read_text())["headline"] if results.exists() else ""
    seconds, peak_mb = round(progress.seconds, 1), round(progress.peak_mb)
    return Outcome(path.stem, seconds, peak_mb, headline, error, figure)


def _write_pages(executed: Path, folder: Path) -> str:
    """Write an executed notebook as a page, and its headline figure; return what that shows."""
    notebook = nbformat.read(executed, as_version=4)
    figure = headline_figure(notebook)
    if figure:
        with written_whole(executed.with_name(run_page.FIGURE)) as part:
            part.write_bytes(figure[1])
    write_text(executed.with_suffix(".html"), html(notebook, folder, executed.stem))
    return figure[0] if figure else ""


def _options(
    notebook: Path,
    cityscapes: Path | None,
    runs_dir: Path | None,
    parameters: Mapping[str, Any],
) -> list[str]:
    """The options of ``bisenet course run`` that a run was given, besides its profile."""
    own, folder = project.find_course(), notebook.resolve().parent
    places = {
        "--cityscapes": cityscapes,
        "--runs-dir": runs_dir,
        "--notebooks": None if own and folder == (own / "notebooks").resolve() else folder,
    }
    words = [
        word
        for option, place in places.items()
        if place
        for word in (option, str(Path(place).resolve()))
    ]
    for name, value in parameters.items():
        words += ["-p", f"{name}={as_text(value)}"]
    return words


def _record(folder: Path, run: Run) -> Path:
    """Write ``course.json`` and the page; what an earlier run on the same data told stays."""
    path = folder / "course.json"
    earlier = _recorded(path, run.dataset)
    now = {outcome.notebook: outcome for outcome in run.outcomes}
    notebooks = {name: asdict(outcome) for name, outcome in {**earlier, **now}.items()}
    record = {"profile": run.profile, "dataset": run.dataset, "parameters": run.parameters}
    write_text(path, json.dumps({**record, "notebooks": notebooks}, indent=2) + "\n")
    return run_page.write(folder, replace(run, earlier=earlier))


def _recorded(path: Path, dataset: str) -> dict[str, Outcome]:
    """The notebooks in ``course.json``; none when it is of another data set or no such record."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        notebooks = record["notebooks"] if record["dataset"] == dataset else {}
        return {name: Outcome(**fields) for name, fields in notebooks.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


class _Kernel(KernelManager):
    """A kernel of this Python itself, independent of the user's kernel specs."""

    def __init__(self) -> None:
        super().__init__(
            kernel_name="python3",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            client_class="jupyter_client.asynchronous.AsyncKernelClient",
        )
        self.clients: list[KernelClient] = []

    # Jupyter's type is of the default client class; this one has the asynchronous one.
    def client(self, **options: Any) -> KernelClient:  # type: ignore[override]
        self.clients.append(super().client(**options))
        return self.clients[-1]


@contextmanager
def kernel(folder: Path, log: Path) -> Iterator[KernelManager]:
    """A kernel started in ``folder``; its native output goes to ``log``, off the screen."""
    manager = _Kernel()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with log.open("w") as out:
        env = {**os.environ, "PATH": path}
        manager.start_kernel(cwd=str(folder), env=env, stdout=out, stderr=out)
        try:
            yield manager
        finally:
            for client in manager.clients:
                client.stop_channels()
            manager.shutdown_kernel(now=True)


def _pid(manager: KernelManager) -> int:
    """The process of a kernel on this computer; not every kind of kernel has one."""
    return manager.provisioner.pid  # type: ignore[union-attr,return-value]


@contextmanager
def watched(pid: int, progress: Progress, tick: Callable[[], None]) -> Iterator[None]:
    """Sample the memory of a process tree; at the end, end what is left of the tree.

    Args:
        pid: the parent of the tree.
        progress: its ``peak_mb`` and ``processes`` are kept up to date.
        tick: called after each sample, from the thread that takes them.
    """
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            _sample(pid, progress)
            tick()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        for process in progress.processes:
            if process.pid != pid:
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def _sample(pid: int, progress: Progress) -> None:
    try:
        parent = psutil.Process(pid)
        tree = [parent, *parent.children(recursive=True)]
        progress.processes |= set(tree)
        total = sum(process.memory_info().rss for process in tree) / 1e6
        progress.peak_mb = max(progress.peak_mb, total)
    except psutil.NoSuchProcess:
        """A process that ended between being listed and being asked."""
