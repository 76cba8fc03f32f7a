"""What the notebooks call: opening a data set and a trained network, reporting a result."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from IPython import get_ipython
from PIL import Image

from bisenet_lib.common.atomic_files import write_text
from bisenet_lib.data import conversion, minicity, subset
from bisenet_lib.data.cityscapes import Frame
from bisenet_lib.deployment.predictor import Predictor
from bisenet_lib.errors import InputError

if TYPE_CHECKING:
    from bisenet_lib.training import trainer

MINICITY = "minicity"
"""The name of the folder that is filled with generated scenes when it is missing."""
COURSE = Path("../data/checkpoints")
"""A folder beside that of the notebooks, by which this is recognised."""
SUBSETS = Path("../data/subsets")
"""Where the small data sets that lessons look at are kept."""
NOT_RUN = (
    "If a cell above defines it, that cell has not run, or not since the kernel was restarted: "
    "choose Run, then Run All Above Selected Cell. If none does, look at its spelling."
)
"""What a notebook adds to the message of a name that is not there."""


def start(profile: str) -> None:
    """Begin a lesson: refuse what would only be noticed later, before anything is written.

    From now on the message of a name that is not there also says what may be the reason.

    Args:
        profile: ``smoke``, ``laptop`` or ``cityscapes``.

    Raises:
        InputError: the profile is misspelt, or the kernel does not run in the notebook's folder.
    """
    from bisenet_lib.config import profiles

    _explain_missing_names()
    profiles.find_config(profile)
    if not COURSE.is_dir():
        raise InputError(
            f"this notebook runs in {Path.cwd()}, but its paths start at its own folder: give "
            "papermill the option --cwd notebooks, or use `bisenet course run`."
        )


def open_dataset(dataset: str | Path, profile: str, *, workers: int = 1) -> Path:
    """Make a data set ready for a lesson: there, not too large, converted, with its file lists.

    Prints a note where the profile looks at a part of it, see :mod:`bisenet_lib.data.subset`.

    Args:
        dataset: a folder in the Cityscapes layout; one named ``minicity`` that is missing is
            generated.
        profile: ``smoke`` and ``laptop`` take no more frames, and no larger ones, than
            MiniCity has.
        workers: processes that generate, scale and convert.

    Returns:
        The folder: ``dataset`` itself, or one below :data:`SUBSETS`.

    Raises:
        InputError: the folder is missing or not in the Cityscapes layout, or a file in it is
            bad.
    """
    root = Path(dataset)
    if not (root / "leftImg8bit").is_dir():
        if root.name != MINICITY:
            raise InputError(
                f"{root}: no data set there (no leftImg8bit/). Give the folder that holds "
                "leftImg8bit/ and gtFine/ as the parameter `dataset`."
            )
        minicity.generate(root, workers=workers)
    if not (root / "gtFine").is_dir():
        raise InputError(
            f"{root}: no labels there (no gtFine/). Unpack gtFine_trainvaltest.zip into it."
        )
    part = subset.make(root, profile, SUBSETS, workers=workers)
    if part.note:
        print(part.note)
    conversion.prepare(part.root, workers=workers)
    return part.root


def open_network(checkpoint: str | Path) -> Predictor:
    """Make a trained network ready: ``network(image)`` gives the class of each pixel.

    It runs in ONNX Runtime on the CPU; the first call exports it, which takes a few seconds.
    Taught in ``00_start_here`` (how it is used) and ``06_deployment`` (what is behind it).

    Args:
        checkpoint: weights, a checkpoint folder or a run folder, with its ``config.yml``.

    Raises:
        InputError: there are no weights, or they do not fit their configuration.
    """
    # Here, because they load Paddle, which a lesson about data alone can do without.
    from bisenet_lib.config import class_names, configuration
    from bisenet_lib.deployment import engines, photographs
    from bisenet_lib.network.checkpoint import config_file, weights_file

    weights = weights_file(Path(checkpoint))
    settings = configuration.load_config(config_file(weights))
    names = class_names.names_of(settings)
    return photographs.open_predictor(engines.cached_onnx(settings, weights, names))


def load_frame(frame: Frame, size: tuple[int, int] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Read a frame and its converted label.

    Args:
        frame: as :func:`bisenet_lib.data.cityscapes.find_frames` gives it.
        size: (width, height) to scale both to; None leaves them as they are. The label is
            scaled to its nearest pixel, for there is no class between two classes.

    Returns:
        (H, W, 3) uint8 RGB and (H, W) uint8 trainIds.

    Raises:
        InputError: a file is missing; the message says how to make it.
    """
    try:
        image = Image.open(frame.image).convert("RGB")
        label: Image.Image = Image.open(frame.label_train_ids)
    except FileNotFoundError as error:
        advice = f"Run: bisenet convert {frame.root}"
        if not frame.image.is_file():
            advice = "Was the data set deleted? Run the notebook from its first cell."
        raise InputError(f"{error.filename}: missing. {advice}") from error
    if size is not None:
        image = image.resize(size, Image.Resampling.BILINEAR)
        label = label.resize(size, Image.Resampling.NEAREST)
    return np.asarray(image), np.asarray(label)


def is_finished(settings: Mapping[str, Any], run: Path) -> bool:
    """Whether a training has nothing left to do: no iteration, and no evaluation.

    Taught in ``04_multi_gpu``.

    Args:
        settings: a resolved configuration, as :func:`bisenet_lib.config.configuration.load_config`
            gives it.
        run: the run folder; one that is not there is not finished.

    Raises:
        InputError: no checkpoint of the run is whole.
    """
    from bisenet_lib.network import checkpoint

    if not checkpoint.checkpoints(run):
        return False
    state = checkpoint.open_newest(run).state
    return state["iteration"] >= settings["iters"] and not state.get("evaluation_due")


def finished_run(
    settings: Mapping[str, Any], run: Path, *, device: str, watch: Callable[[Path], None]
) -> "trainer.Result | None":
    """The result of a training that has already ended, so that a lesson can go on from it.

    Taught in ``03_training``.

    Args:
        settings: a resolved configuration, as :func:`bisenet_lib.config.configuration.load_config`
            gives it.
        run: the run folder.
        device: see :func:`bisenet_lib.runtime.devices.select`.
        watch: called with the run folder, to draw it.

    Returns:
        What :func:`bisenet_lib.training.trainer.fit` returned, but for ``seconds``, which leaves
        out evaluation and saving; the last checkpoint is scored again. None where iterations are
        left to do.

    Raises:
        InputError: the run was configured otherwise, or no checkpoint of it is whole.
    """
    from bisenet_lib.config import configuration
    from bisenet_lib.evaluation import evaluator
    from bisenet_lib.network import checkpoint
    from bisenet_lib.training import run_log, trainer

    if not is_finished(settings, run):
        return None
    stored = checkpoint.open_newest(run)
    done = stored.state["iteration"]
    images = stored.state.get("total_batch", settings["batch_size"])
    changed = sorted(trainer.changes(settings, stored).keys() - {configuration.WORLD_SIZE})
    if changed:
        raise InputError(
            f"{run}: a finished run, configured otherwise ({', '.join(changed)}). Give another "
            "run_dir, or delete the folder to train again."
        )
    print(f"{run}: finished before, after {done} iterations")
    watch(run)
    scores = evaluator.evaluate_checkpoint(settings, stored.folder, device=device).scores
    logged = [record for record in run_log.read_log(run) if "ips" in record]
    steps = np.diff([0, *(record["iteration"] for record in logged)])
    seconds = float(np.sum(images * steps / [record["ips"] for record in logged]))
    speed = images * float(steps.sum()) / seconds if logged else math.nan
    return trainer.Result(run, done, seconds, speed, scores, stored.state.get("best_miou"))


def report_result(
    run_dir: str | Path, headline: str, *, miou: float | None = None, **values: Any
) -> None:
    """Print a notebook's headline result and write it to ``run_dir/results.json``.

    Args:
        run_dir: the notebook's ``run_dir`` parameter.
        headline: one line; the closing table of the course shows it.
        miou: a fraction, by which a sweep compares its runs; None where there is none.
        **values: the other numbers behind it (arrays and NumPy scalars become lists and numbers).

    Raises:
        InputError: ``run_dir`` cannot be written to.
        TypeError: ``miou`` is not one number.
    """
    measured = {} if miou is None else {"miou": float(miou)}
    results = {"headline": headline, **measured, **values}
    text = json.dumps(results, indent=2, default=lambda value: value.tolist())
    write_text(Path(run_dir) / "results.json", text + "\n")
    print(headline)


def _explain_missing_names() -> None:
    """Let IPython, where it runs, print :data:`NOT_RUN` under the traceback of a missing name."""
    shell = get_ipython()
    if shell is None:
        return

    def show(shell, kind, error, traceback, tb_offset=None) -> None:
        shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)
        if kind is NameError:
            print(NOT_RUN)

    shell.set_custom_exc((NameError,), show)
