"""Checkpoints: each is written completely or not at all, and read as data only.

The files are PaddleSeg's (``iter_N/model.pdparams`` and ``model.pdopt``, pickles of arrays),
so its tools open them and this module opens PaddleSeg's. A pickle can run code when it is
read; here only arrays and plain values come out of one. Taught in ``03_training``.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bisenet_lib.common import array_files
from bisenet_lib.common.array_files import read_arrays
from bisenet_lib.common.atomic_files import (
    replace_folder,
    restore_folder,
    write_text,
    written_whole,
)
from bisenet_lib.errors import InputError
from bisenet_lib.runtime.paddleseg_compat import paddle

TRAINING_ONLY = "aux_head"
WEIGHTS, OPTIMIZER, STATE = "model.pdparams", "model.pdopt", "state.json"
AVERAGE, UPDATES = "ema.pdparams", "ema_updates"
"""The moving average of a run's weights, beside the weights; and the entry of the state that says
how many iterations are in it, if the run has one."""
BEST, RECORD = "best_model", "metrics.jsonl"
SCHEDULE, MASTER_WEIGHTS = "LR_Scheduler", "master_weights"
"""Entries of an optimizer's state that are dicts themselves, not arrays."""


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
    _set_weights(model, read_arrays(path), path)


def _set_weights(model: paddle.nn.Layer, arrays: Mapping[str, np.ndarray], path: Path) -> None:
    expected = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    stored = {key: tuple(np.shape(value)) for key, value in arrays.items()}
    if not any(key.startswith(TRAINING_ONLY) for key in stored):
        expected = {
            key: shape for key, shape in expected.items() if not key.startswith(TRAINING_ONLY)
        }
    differing = [
        key for key in sorted(expected.keys() | stored) if expected.get(key) != stored.get(key)
    ]
    if differing:
        rows = "; ".join(
            f"{key}: {stored.get(key, 'absent')} in the file, {expected.get(key, 'absent')} here"
            for key in differing[:3]
        )
        raise InputError(
            f"{path}: does not fit this network in {len(differing)} of {len(expected)} entries "
            f"({rows}). Give the checkpoint's own configuration and class count."
        )
    model.set_state_dict(model.state_dict() | dict(arrays))  # type: ignore[arg-type]  # or arrays


def save_weights(model: paddle.nn.Layer, path: Path) -> None:
    """Write a network's weights, completely or not at all.

    Raises:
        InputError: the folder cannot be written to.
    """
    with written_whole(path) as part:
        paddle.save(model.state_dict(), str(part))


def save_best(run: Path, model: paddle.nn.Layer, iteration: int, miou: float) -> None:
    """Write ``run/best_model``: the weights, and which iteration and mIoU they belong to.

    Args:
        run: the run folder.
        model: the network.
        iteration: iterations done.
        miou: its score on the validation set.

    Raises:
        InputError: the folder cannot be written to; the best model before it is untouched.
    """
    with _replaced(run / BEST) as part:
        paddle.save(model.state_dict(), str(part / WEIGHTS))
        write_text(part / STATE, json.dumps({"iteration": iteration, "miou": miou}, indent=1))


def save_checkpoint(
    run: Path,
    iteration: int,
    model: paddle.nn.Layer,
    optimizer: paddle.optimizer.Optimizer,
    state: Mapping[str, Any],
    average: Mapping[str, np.ndarray] | None = None,
) -> Path:
    """Write ``run/iter_N``: weights, optimizer, and the state of the training.

    Args:
        run: the run folder.
        iteration: N, the iterations done.
        model: the network.
        optimizer: its optimizer, with the learning-rate schedule.
        state: plain values for :func:`resume` to give back.
        average: the moving average of the weights, name to array, if the run has one.

    Returns:
        The checkpoint's folder. It appears whole, by a rename, or not at all.

    Raises:
        InputError: the folder cannot be written to.
    """
    with _replaced(run / f"iter_{iteration}") as part:
        paddle.save(model.state_dict(), str(part / WEIGHTS))
        paddle.save(optimizer.state_dict(), str(part / OPTIMIZER))
        if average is not None:
            paddle.save(dict(average), str(part / AVERAGE))  # type: ignore[arg-type]  # or arrays
        write_state(part, {**state, "iteration": iteration})
    return run / f"iter_{iteration}"


def write_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Write the state of the training into a checkpoint's folder, completely or not at all.

    Raises:
        InputError: the folder cannot be written to.
    """
    write_text(folder / STATE, json.dumps(state, indent=1))


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """A new folder to fill, which then takes the place of ``folder``."""
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        replace_folder(part, folder)
    except OSError as error:
        raise InputError(
            f"{folder}: the checkpoint cannot be written ({error.strerror or error}). "
            "Free space or choose another --save-dir; earlier checkpoints are untouched."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


@dataclass(frozen=True)
class Checkpoint:
    """What an ``iter_N`` folder holds.

    Args:
        folder: the folder.
        weights: name to array.
        optimizer: name to array, and the schedule's dict.
        state: of the training; at least ``iteration``.
        average: the moving average of the weights, name to array, if the run has one.
        damaged: for each newer checkpoint of the run that was ignored, the reason.
    """

    folder: Path
    weights: Mapping[str, np.ndarray]
    optimizer: Mapping[str, Any]
    state: Mapping[str, Any]
    average: Mapping[str, np.ndarray] | None = None
    damaged: tuple[str, ...] = ()


def open_newest(path: Path) -> Checkpoint:
    """Read the checkpoint that a path names.

    Args:
        path: an ``iter_N`` folder of this library or of PaddleSeg, or a run folder: then its
            newest complete checkpoint.

    Raises:
        InputError: there is no checkpoint, or no complete one.
    """
    folder = newest(path)
    if folder == Path(path):
        return _open(folder)
    damaged: list[str] = []
    for folder in reversed(checkpoints(path)):
        try:
            return replace(_open(folder), damaged=tuple(damaged))
        except InputError as error:
            damaged.append(str(error))
    raise InputError(f"{path}: no checkpoint there is whole.\n" + "\n".join(damaged))


def _open(folder: Path) -> Checkpoint:
    if not (folder / OPTIMIZER).is_file():
        raise InputError(
            f"{folder}: has no {OPTIMIZER}, so training cannot go on from it. "
            "Give an iter_N folder."
        )
    weights, optimizer = read_arrays(folder / WEIGHTS), read_arrays(folder / OPTIMIZER)
    masters = optimizer.get(MASTER_WEIGHTS, {})
    named = isinstance(masters, dict) and all(
        isinstance(value, tuple) and len(value) == 2 for value in masters.values()
    )
    if SCHEDULE not in optimizer or not named:
        raise InputError(f"{folder / OPTIMIZER}: not the whole state of an optimizer")
    state = read_state(folder)
    average = read_arrays(folder / AVERAGE) if UPDATES in state else None
    return Checkpoint(folder, weights, optimizer, state, average)


def restore(
    stored: Checkpoint, model: paddle.nn.Layer, optimizer: paddle.optimizer.Optimizer
) -> dict[str, Any]:
    """Set network and optimizer to the state that a checkpoint holds.

    Args:
        stored: from :func:`open_newest`.
        model: the network.
        optimizer: its optimizer, built after it.

    Returns:
        The state saved with it; at least ``iteration``.

    Raises:
        InputError: it does not fit.
    """
    _set_weights(model, stored.weights, stored.folder / WEIGHTS)
    names = {parameter.name for parameter in model.parameters() if not parameter.stop_gradient}
    moments = stored.optimizer.keys() - {SCHEDULE, MASTER_WEIGHTS}
    strange = sorted(name for name in moments if not name.startswith(tuple(names)))
    if strange:
        raise InputError(
            f"{stored.folder / OPTIMIZER}: {strange[0]} belongs to no parameter of this network"
        )
    entries = dict(stored.optimizer)
    if MASTER_WEIGHTS in entries:
        masters = entries[MASTER_WEIGHTS].items()
        entries[MASTER_WEIGHTS] = {name: _named_tensor(*value) for name, value in masters}
    optimizer.set_state_dict(entries)
    return dict(stored.state)


def _named_tensor(name: str, values: np.ndarray) -> paddle.Tensor:
    """A tensor under its old name, by which the optimizer finds its moments again."""
    tensor = paddle.to_tensor(values)
    tensor.name = name
    return tensor


def read_state(folder: Path) -> dict[str, Any]:
    """The state of the training when a checkpoint was saved.

    Args:
        folder: an ``iter_N`` folder; one of PaddleSeg's says only the iteration.

    Raises:
        InputError: the file is damaged, or missing in a run of this library.
    """
    path = folder / STATE
    if not path.is_file():
        if (folder.parent / RECORD).is_file():
            raise InputError(f"{path}: missing. Resume from an older checkpoint.")
        return {"iteration": int(folder.name.removeprefix("iter_"))}
    values = _read_json(path)
    if not isinstance(values.get("iteration"), int):
        raise InputError(f"{path}: says no iteration. Resume from an older checkpoint.")
    return values


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: damaged ({error}). Resume from an older checkpoint.") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: damaged; it holds {values!r:.40}, not a JSON object")
    return values


def check_finite(model: paddle.nn.Layer, iteration: int) -> None:
    """Refuse weights that are not finite, before they replace good ones on the disk.

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
    folders = [path for path in Path(run).glob("iter_*") if re.fullmatch(r"iter_\d+", path.name)]
    return sorted(folders, key=_number)


def _number(folder: Path) -> int:
    return int(folder.name.removeprefix("iter_"))


def newest(path: Path) -> Path:
    """The checkpoint folder that a path names.

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
    folders = checkpoints(path)
    if not folders:
        raise InputError(f"{path}: no checkpoint (iter_N folder) there to resume from")
    return folders[-1]


def run_of(path: Path) -> Path:
    """The run folder of what a run is resumed from: an ``iter_N`` folder, or the run itself."""
    path = Path(path)
    return path.parent if re.fullmatch(r"iter_\d+", path.name) else path


def weights_file(path: Path) -> Path:
    """The ``.pdparams`` file that a path names: itself, in its folder, or a run's best model.

    In a checkpoint's folder it is the moving average of the weights, if the run has one: that is
    the network the run evaluates. If the run's newest checkpoint records no best model, the one
    in the folder is of an earlier run and is ignored; :func:`describe` says which file was taken.

    Raises:
        InputError: there is none.
    """
    path = Path(path)
    if path.is_file():
        return path
    if (path / WEIGHTS).is_file():
        return _evaluated(path)
    folders = checkpoints(path)
    if (path / BEST / WEIGHTS).is_file() and not (folders and _never_scored(folders[-1])):
        return path / BEST / WEIGHTS
    if not folders:
        raise InputError(
            f"{path}: no weights there. Give a .pdparams file, a checkpoint folder or a run "
            "folder; `bisenet train` makes one."
        )
    return _evaluated(folders[-1])


def _evaluated(folder: Path) -> Path:
    """The weights of a checkpoint that its run evaluates: the average, if there is one."""
    return folder / (AVERAGE if (folder / AVERAGE).is_file() else WEIGHTS)


def _never_scored(folder: Path) -> bool:
    """Whether a checkpoint of this library says that its run has no best model."""
    if not (folder / STATE).is_file():
        return False
    return _read_json(folder / STATE).get("best_iteration", 0) is None


def describe(weights: Path) -> str:
    """Say in one line which weights these are.

    Args:
        weights: from :func:`weights_file`.

    Returns:
        The path; of a best model also its iteration, its mIoU, and whether the run has newer
        checkpoints.
    """
    if weights.parent.name != BEST:
        return str(weights)
    best = best_model(weights.parent.parent)
    if best is None:
        return f"{weights} (its iteration is not recorded)"
    text = f"{weights} (iteration {best['iteration']}, mIoU {100 * best['miou']:.2f} %)"
    newer = [
        folder
        for folder in checkpoints(weights.parent.parent)
        if _number(folder) > best["iteration"]
    ]
    return f"{text}; the run's newest checkpoint is {newer[-1].name}" if newer else text


def best_model(run: Path) -> dict[str, Any] | None:
    """The ``iteration`` and ``miou`` of a run's best model, if they are recorded.

    Raises:
        InputError: the file is damaged.
    """
    path = run / BEST / STATE
    values = _read_json(path) if path.is_file() else {}
    return values if {"iteration", "miou"} <= values.keys() else None


def drop_after(run: Path, iteration: int) -> None:
    """Delete the checkpoints of a run that are later than the iteration it is resumed from."""
    for folder in checkpoints(run):
        if _number(folder) > iteration:
            shutil.rmtree(folder)


def take_best(source: Path, run: Path, state: dict[str, Any]) -> None:
    """Give a resumed run the best model up to the iteration it is resumed from.

    If the best model of ``source`` is of a later iteration, the checkpoint that was the best at
    that time takes its place; if it is deleted, the run has no best model and forgets the best
    mIoU.

    Args:
        source: the run folder of the checkpoint it is resumed from.
        run: the run folder it goes on in; may be the same.
        state: of the training; ``best_miou`` and ``best_iteration`` may change.

    Raises:
        InputError: the folder cannot be written to.
    """
    best = best_model(source)
    if best is not None and best["iteration"] <= state["iteration"]:
        weights = source / BEST / WEIGHTS
    else:
        weights = _evaluated(source / f"iter_{state.get('best_iteration')}")
    if not weights.is_file():
        state |= {"best_miou": None, "best_iteration": None}
        if best is not None:
            shutil.rmtree(run / BEST, ignore_errors=True)
    elif weights.parent.resolve() != (run / BEST).resolve():
        with _replaced(run / BEST) as part:
            shutil.copyfile(weights, part / WEIGHTS)
            record = {"iteration": state["best_iteration"], "miou": state["best_miou"]}
            write_text(part / STATE, json.dumps(record, indent=1))


def prune(run: Path, keep: int) -> None:
    """Delete all but the newest ``keep`` checkpoints of a run, those before a resume included."""
    for folder in checkpoints(run)[:-keep]:
        shutil.rmtree(folder)


def clean_up(run: Path) -> None:
    """Tidy up after a killed process.

    A checkpoint that is only partly written is deleted; one that was being replaced is restored.

    Args:
        run: the run folder; no other process may write there.
    """
    for part in Path(run).glob(".*.part"):
        shutil.rmtree(part, ignore_errors=True)
    for old in Path(run).glob(".*.old"):
        restore_folder(run / old.name[1:].removesuffix(".old"))


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


@dataclass(frozen=True)
class Start:
    """What a network took over from a checkpoint; ``str()`` gives it as a sentence.

    Args:
        source: the weights file.
        kept: names of the arrays taken over.
        resized: names of the arrays that keep fresh values because the number of classes differs.
        absent: names of the arrays that keep fresh values because they are not in the file.
        classes: the numbers of classes of the file and of the network.
    """

    source: Path
    kept: tuple[str, ...]
    resized: tuple[str, ...]
    absent: tuple[str, ...]
    classes: tuple[int, int]

    def __str__(self) -> str:
        fresh = len(self.resized) + len(self.absent)
        total = len(self.kept) + fresh
        text = f"started from {self.source}: {len(self.kept)} of {total} arrays kept"
        reasons = []
        if self.resized:
            layers = dict.fromkeys(name.rpartition(".")[0] for name in self.resized)
            reasons.append(
                f"{', '.join(layers)} ({self.classes[0]} classes there, {self.classes[1]} here)"
            )
        if self.absent:
            layers = dict.fromkeys(name.partition(".")[0] for name in self.absent)
            reasons.append(f"{', '.join(layers)} (not in the file)")
        return f"{text}, {fresh} initialised: {'; '.join(reasons)}" if fresh else text


def start_from(model: paddle.nn.Layer, path: Path, num_classes: int) -> Start:
    """Give a fresh network every weight of a checkpoint that fits in name and shape.

    The last convolution of each head has one output for each class: with another number of
    classes it keeps its fresh weights. So do auxiliary heads that the file does not hold. Every
    other array must be in the file and fit.

    Args:
        model: a fresh network; its weights change in place.
        path: see :func:`bisenet_lib.network.checkpoint.weights_file`.
        num_classes: of the network.

    Returns:
        What was kept and what was not.

    Raises:
        InputError: the file cannot be read, or holds the weights of another network.
    """
    path = weights_file(path)
    arrays = array_files.read_arrays(path)
    expected = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    stored = {key: tuple(np.shape(value)) for key, value in arrays.items()}
    absent = {key for key in expected.keys() - stored if key.startswith(TRAINING_ONLY)}
    differing = {
        key
        for key in expected.keys() | stored
        if key not in absent and expected.get(key) != stored.get(key)
    }
    resized = {key for key in differing if _an_output_a_class(stored, expected, key, num_classes)}
    counts = {stored[key][0] for key in resized}
    if resized != differing or len(counts) > 1:
        raise _another_network(
            path, stored, expected, sorted(differing - resized) or sorted(resized)
        )
    kept = [key for key in expected if key in stored.keys() - resized]
    model.set_state_dict(model.state_dict() | {key: arrays[key] for key in kept})
    return Start(
        path,
        tuple(kept),
        tuple(key for key in expected if key in resized),
        tuple(key for key in expected if key in absent),
        (counts.pop() if counts else num_classes, num_classes),
    )


def _an_output_a_class(
    stored: dict[str, tuple], expected: dict[str, tuple], key: str, num_classes: int
) -> bool:
    before, now = stored.get(key, ()), expected.get(key, ())
    return bool(before and now) and now[0] == num_classes and before[1:] == now[1:]


def _another_network(
    path: Path, stored: dict[str, tuple], expected: dict[str, tuple], differing: list[str]
) -> InputError:
    rows = "; ".join(
        f"{key}: {stored.get(key, 'absent')} in the file, {expected.get(key, 'absent')} here"
        for key in differing[:3]
    )
    return InputError(
        f"{path}: weights of another network; {len(differing)} of {len(expected)} arrays do not "
        f"fit ({rows}). Start from a checkpoint of the same network; only its number of classes "
        "may differ."
    )
