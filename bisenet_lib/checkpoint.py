"""Checkpoints: written whole, read as data.

The files are PaddleSeg's (``iter_N/model.pdparams`` and ``model.pdopt``, pickles of arrays),
so its tools open them and this module opens PaddleSeg's. A pickle can run code when it is
read; here only arrays and plain values come out of one. Taught in ``03_training``.
"""

import json
import pickle
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bisenet_lib.errors import InputError
from bisenet_lib.files import write_text, written_whole
from bisenet_lib.paddleseg_compat import paddle

TRAINING_ONLY = "aux_head"
WEIGHTS, OPTIMIZER, STATE = "model.pdparams", "model.pdopt", "state.json"

_ARRAYS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("_codecs", "encode"),
    ("collections", "OrderedDict"),
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAYS:
            raise pickle.UnpicklingError(f"it would run {module}.{name}")
        return super().find_class(module, name)


def read(path: Path) -> dict[str, Any]:
    """Read a ``.pdparams`` or ``.pdopt`` file without running anything in it.

    Args:
        path: a file that ``paddle.save`` wrote from a state dict.

    Returns:
        Name to array (or to the schedule's dict), without Paddle's own book-keeping entry.

    Raises:
        InputError: no such file, cut off, no checkpoint, or one that would run code.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            values = _ArrayUnpickler(file).load()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such checkpoint file") from error
    except Exception as error:  # a damaged pickle raises almost anything
        raise InputError(
            f"{path}: not a checkpoint of arrays ({error}). It is cut off, or not from "
            "paddle.save, or it is unsafe to open; take another copy."
        ) from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: holds a {type(values).__name__}, not a state dict")
    values.pop("StructuredToParameterName@@", None)
    return values


def load_weights(model: paddle.nn.Layer, path: Path) -> None:
    """Load weights into a network, all of them or none.

    A file without the auxiliary heads, which only training uses, leaves those as they are.

    Args:
        model: the network; its weights change in place.
        path: a ``.pdparams`` file, an ``iter_N`` or ``best_model`` folder, or a run folder.

    Raises:
        InputError: the file cannot be read, or its names or shapes are not the network's;
            the message names the first that differ.
    """
    path = weights_file(path)
    there = read(path)
    wanted = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = {key: tuple(np.shape(value)) for key, value in there.items()}
    if not any(key.startswith(TRAINING_ONLY) for key in found):
        wanted = {key: shape for key, shape in wanted.items() if not key.startswith(TRAINING_ONLY)}
    differing = [key for key in sorted(wanted.keys() | found) if wanted.get(key) != found.get(key)]
    if differing:
        rows = "; ".join(
            f"{key}: {found.get(key, 'absent')} in the file, {wanted.get(key, 'absent')} here"
            for key in differing[:3]
        )
        raise InputError(
            f"{path}: does not fit this network in {len(differing)} of {len(wanted)} entries "
            f"({rows}). Give the checkpoint's own configuration and class count."
        )
    model.set_state_dict(model.state_dict() | there)


def save_weights(model: paddle.nn.Layer, path: Path) -> None:
    """Write a network's weights, whole or not at all.

    Raises:
        InputError: the folder cannot be written to.
    """
    with written_whole(path) as part:
        paddle.save(model.state_dict(), str(part))


def save(
    run: Path,
    iteration: int,
    model: paddle.nn.Layer,
    optimizer: paddle.optimizer.Optimizer,
    state: Mapping[str, Any],
) -> Path:
    """Write ``run/iter_N``: weights, optimizer, and where training stood.

    Args:
        run: the run folder.
        iteration: N, the iterations done.
        model: the network.
        optimizer: its optimizer, with the learning-rate schedule.
        state: plain values for :func:`resume` to give back.

    Returns:
        The checkpoint's folder. It appears whole, by a rename, or not at all.

    Raises:
        InputError: the folder cannot be written to.
    """
    folder, part = run / f"iter_{iteration}", run / f".iter_{iteration}.part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        paddle.save(model.state_dict(), str(part / WEIGHTS))
        paddle.save(optimizer.state_dict(), str(part / OPTIMIZER))
        write_text(part / STATE, json.dumps({**state, "iteration": iteration}, indent=1))
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    except OSError as error:
        raise InputError(
            f"{folder}: the checkpoint cannot be written ({error.strerror or error}). "
            "Free space or choose another --save-dir; earlier checkpoints are untouched."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def resume(
    path: Path, model: paddle.nn.Layer, optimizer: paddle.optimizer.Optimizer
) -> dict[str, Any]:
    """Bring network and optimizer back to where a checkpoint left them.

    Args:
        path: an ``iter_N`` folder of this library or of PaddleSeg, or a run folder
            (its newest checkpoint is taken).
        model: the network.
        optimizer: its optimizer, built after it.

    Returns:
        The state saved with it; at least ``iteration``.

    Raises:
        InputError: no checkpoint there, one without optimizer state, or one that does not fit.
    """
    folder = newest(path)
    if not (folder / OPTIMIZER).is_file():
        raise InputError(
            f"{folder}: has no {OPTIMIZER}, so training cannot go on from it. "
            "Give an iter_N folder."
        )
    load_weights(model, folder / WEIGHTS)
    there = read(folder / OPTIMIZER)
    moments = {name for name in there if not name.startswith(("LR_Scheduler", "master_weights"))}
    names = {parameter.name for parameter in model.parameters() if not parameter.stop_gradient}
    strange = sorted(one for one in moments if not any(one.startswith(name) for name in names))
    if strange:
        raise InputError(f"{folder / OPTIMIZER}: {strange[0]} belongs to no parameter here")
    optimizer.set_state_dict(there)
    return state(folder)


def state(folder: Path) -> dict[str, Any]:
    """Where training stood when a checkpoint was saved.

    Args:
        folder: an ``iter_N`` folder; one of PaddleSeg's says only the iteration.

    Raises:
        InputError: the file is damaged.
    """
    path = folder / STATE
    if not path.is_file():
        return {"iteration": int(folder.name.removeprefix("iter_"))}
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: damaged ({error}). Resume from an older checkpoint.") from error
    if not isinstance(there, dict) or not isinstance(there.get("iteration"), int):
        raise InputError(f"{path}: says no iteration. Resume from an older checkpoint.")
    return there


def check_finite(model: paddle.nn.Layer, iteration: int) -> None:
    """Refuse weights that are no numbers, before they are saved over good ones.

    Raises:
        InputError: a weight is nan or infinite; the message names the first.
    """
    for name, value in model.state_dict().items():
        if not np.isfinite(value.numpy()).all():
            raise InputError(
                f"{name} is no longer finite at iteration {iteration}. Lower --learning-rate; "
                "earlier checkpoints are kept."
            )


def checkpoints(run: Path) -> list[Path]:
    """The ``iter_N`` folders of a run, oldest first."""
    folders = [one for one in Path(run).glob("iter_*") if re.fullmatch(r"iter_\d+", one.name)]
    return sorted(folders, key=lambda one: int(one.name.removeprefix("iter_")))


def newest(path: Path) -> Path:
    """The checkpoint folder a path stands for.

    Args:
        path: an ``iter_N`` folder, or a run folder.

    Returns:
        The ``iter_N`` folder; of a run, the newest.

    Raises:
        InputError: there is none.
    """
    path = Path(path)
    if re.fullmatch(r"iter_\d+", path.name) and path.is_dir():
        return path
    found = checkpoints(path)
    if not found:
        raise InputError(f"{path}: no checkpoint (iter_N folder) there to resume from")
    return found[-1]


def weights_file(path: Path) -> Path:
    """The ``.pdparams`` file a path stands for: itself, in its folder, or a run's best model.

    Raises:
        InputError: there is none.
    """
    path = Path(path)
    if path.is_file():
        return path
    for candidate in (path / WEIGHTS, path / "best_model" / WEIGHTS):
        if candidate.is_file():
            return candidate
    found = checkpoints(path)
    if not found:
        raise InputError(
            f"{path}: no weights there. Give a .pdparams file, a checkpoint folder or a run "
            "folder; `bisenet train` makes one."
        )
    return found[-1] / WEIGHTS


def drop_after(run: Path, iteration: int) -> None:
    """Delete the checkpoints of a run that lie after the iteration it is resumed from."""
    for folder in checkpoints(run):
        if int(folder.name.removeprefix("iter_")) > iteration:
            shutil.rmtree(folder)


def prune(run: Path, keep: int) -> None:
    """Delete all but the newest ``keep`` checkpoints of a run, those before a resume included."""
    for folder in checkpoints(run)[:-keep]:
        shutil.rmtree(folder)


def config_file(path: Path) -> Path:
    """The ``config.yml`` of the run that a checkpoint, its folder or the run folder belongs to.

    Raises:
        InputError: there is none.
    """
    path = Path(path)
    for folder in (path, path.parent, path.parent.parent):
        if (folder / "config.yml").is_file():
            return folder / "config.yml"
    raise InputError(
        f"{path}: no config.yml beside it. Check the path, copy the config.yml of its run there, "
        "or name a configuration with --config."
    )
