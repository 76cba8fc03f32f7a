"""What a training run is made of: network, losses, optimizer, data sets, and its folder."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from bisenet_lib import checkpoint, config, runlog
from bisenet_lib.errors import InputError
from bisenet_lib.finetuning import start_from
from bisenet_lib.paddleseg_compat import paddle
from bisenet_lib.ranks import Ranks
from bisenet_lib.samples import open_dataset

MAY_CHANGE = re.compile(
    r"iters|batch_size|world_size|lr_scheduler\..*|test_config.*"
    r"|(train|val)_dataset\.(dataset_root|train_path|val_path)"
)
"""Keys of a configuration that a resumed run may have another value of."""


@dataclass(frozen=True)
class Parts:
    """What PaddleSeg's builder makes of a configuration."""

    model: paddle.nn.Layer
    losses: Mapping[str, list]
    optimizer: paddle.optimizer.Optimizer
    schedule: paddle.optimizer.lr.LRScheduler
    train_dataset: paddle.io.Dataset
    val_dataset: paddle.io.Dataset | None


def build(settings: Mapping[str, Any], seed: int) -> Parts:
    """Make network, losses, optimizer and data sets from a configuration.

    Args:
        settings: a resolved configuration.
        seed: of the fresh weights.

    Raises:
        InputError: PaddleSeg refuses a value.
    """
    paddle.seed(seed)
    np.random.seed(seed)
    built = config.builder(settings)
    with config.refusals():
        return Parts(
            built.model,
            built.loss,
            built.optimizer,
            built.lr_scheduler,
            open_dataset(settings["train_dataset"]),
            open_dataset(settings["val_dataset"]) if "val_dataset" in settings else None,
        )


def check_run_folder(run: Path, resume_model: Path | None, init_model: Path | None) -> None:
    """Refuse a folder that holds another run, and a run that begins and goes on at once.

    Args:
        run: the folder to write to.
        resume_model: what the run goes on from, if anything.
        init_model: whose weights the run begins with, if not fresh ones.

    Raises:
        InputError: both are given, or the folder holds checkpoints or a best model of a run
            that this one does not go on with.
    """
    if resume_model is not None and init_model is not None:
        raise InputError(
            f"--init-model {init_model} begins a run, --resume-model {resume_model} goes on with "
            "one: give one of them. A resumed run has the weights it began with already."
        )
    if resume_model is not None and checkpoint.run_of(resume_model).resolve() == run.resolve():
        return
    folders = checkpoint.checkpoints(run)
    if folders:
        raise InputError(
            f"{run}: holds another run, up to {folders[-1].name}. Go on with it by --resume-model "
            f"{run}, or choose another --save-dir."
        )
    if (run / checkpoint.BEST / checkpoint.WEIGHTS).is_file():
        raise InputError(
            f"{run}: holds the {checkpoint.BEST} of another run. Choose another --save-dir, or "
            "move it away first."
        )


def begin(parts: Parts, init_model: Path, ranks: Ranks) -> dict[str, str]:
    """Give the network what fits of a checkpoint's weights, and print what was kept.

    Args:
        parts: fresh ones; the network's weights change in place.
        init_model: see :func:`bisenet_lib.checkpoint.weights_file`.
        ranks: this process among the others; the first prints.

    Returns:
        What the run's state has to remember: the file.

    Raises:
        InputError: see :func:`bisenet_lib.finetuning.start_from`.
    """
    start = start_from(parts.model, init_model, parts.train_dataset.num_classes)
    if ranks.first:
        print(start)
    return {"init_model": str(start.source)}


def resume(
    parts: Parts,
    settings: Mapping[str, Any],
    stored: checkpoint.Checkpoint,
    total_batch: int,
    ranks: Ranks,
) -> dict[str, Any]:
    """Bring the parts to where a checkpoint left them.

    Args:
        parts: fresh ones; they change in place.
        settings: a resolved configuration.
        stored: the checkpoint.
        total_batch: images per iteration, over all ranks.
        ranks: this process among the others; the first prints what differs from before.

    Returns:
        The state saved with it.

    Raises:
        InputError: the checkpoint does not fit, or was made with another batch or network.
    """
    fresh_schedule = parts.schedule.state_dict()
    state = checkpoint.resume(stored, parts.model, parts.optimizer)
    before = state.setdefault("total_batch", total_batch)
    if before != total_batch:
        raise InputError(
            f"{stored.folder}: was trained with {before} images an iteration over all processes, "
            f"and now there would be {total_batch}. The order of the images and the learning "
            f"rate belong to {before}: set --batch-size and the number of processes to give it."
        )
    changed = changes(settings, stored)
    if any(key == "iters" or key.startswith("lr_scheduler") for key in changed):
        parts.schedule.set_state_dict(fresh_schedule)
        for _ in range(state["iteration"]):
            parts.schedule.step()
    if ranks.first:
        lines = [f"passed over: {reason}" for reason in stored.damaged]
        lines += [f"changed: {key} from {old} to {new}" for key, (old, new) in changed.items()]
        rate = parts.optimizer.get_lr()
        lines.append(f"resumed from {stored.folder}: the next iteration has learning rate {rate:g}")
        print("\n".join(lines))
    return state


def changes(settings: Mapping[str, Any], stored: checkpoint.Checkpoint) -> dict[str, tuple]:
    """What a resumed run does differently from the one it goes on with.

    Args:
        settings: a resolved configuration.
        stored: a checkpoint of a run with its ``config.yml``; without that nothing is compared.

    Returns:
        Dotted key to the values before and now.

    Raises:
        InputError: a key that must stay differs, as the network's.
    """
    path = stored.folder.parent / "config.yml"
    if not path.is_file():
        return {}
    differing = config.differences(config.read(path), settings)
    fixed = [key for key in differing if not MAY_CHANGE.fullmatch(key)]
    if fixed:
        rows = "; ".join(f"{key}: {differing[key][0]!r:.60} there" for key in fixed[:3])
        raise InputError(
            f"{path}: the run was configured otherwise ({rows}). Give this file as --config "
            "to go on with it, or begin a new run from its weights with --init-model."
        )
    return differing


class RunFolder:
    """What a run leaves beside its log: ``config.yml``, checkpoints, the best model.

    Nothing in the folder changes before :meth:`take_over`, which is called when the run is known
    to work.

    Args:
        run: the folder.
        settings: the run's resolved configuration.
        stored: what the run goes on from, if anything.
        state: where training stands; it goes into the checkpoints.
        ranks: this process among the others; the first writes.
    """

    def __init__(
        self,
        run: Path,
        settings: Mapping[str, Any],
        stored: checkpoint.Checkpoint | None,
        state: dict[str, Any],
        ranks: Ranks,
    ) -> None:
        self.run, self.settings, self.stored = run, settings, stored
        self.state, self.ranks = state, ranks
        self._taken_over = False

    def take_over(self) -> None:
        """Make the folder that of this run, at its first call.

        A resumed run deletes the checkpoints that came later than its start, and brings its
        best model along. A fresh one keeps the log of a run that ended before its first
        checkpoint.
        """
        if self._taken_over or not self.ranks.first:
            return
        self._taken_over = True
        if self.stored is None:
            _keep_log(self.run)
        else:
            checkpoint.take_best(self.stored.folder.parent, self.run, self.state)
            checkpoint.drop_after(self.run, self.state["iteration"])
        settings = {**self.settings, config.WORLD_SIZE: self.ranks.size}
        config.save(settings, self.run / "config.yml")

    def save(self, parts: Parts, keep: int) -> None:
        """Save a checkpoint and delete all but the newest ``keep``."""
        checkpoint.save(self.run, self.state["iteration"], parts.model, parts.optimizer, self.state)
        checkpoint.prune(self.run, keep)

    def save_scored(self, model: paddle.nn.Layer, miou: float) -> None:
        """Keep the network if it is the best so far, and note the score in its checkpoint."""
        iteration = self.state["iteration"]
        if self.note_score(miou):
            checkpoint.save_best(self.run, model, iteration, miou)
        if (self.run / f"iter_{iteration}").is_dir():
            checkpoint.write_state(self.run / f"iter_{iteration}", self.state)

    def note_score(self, miou: float) -> bool:
        """Note the score of the current iteration; whether it is the best so far."""
        self.state["evaluation_due"] = False
        best = self.state["best_miou"] is None or miou > self.state["best_miou"]
        if best:
            self.state |= {"best_miou": miou, "best_iteration": self.state["iteration"]}
        return best


def _keep_log(run: Path) -> None:
    log = run / checkpoint.RECORD
    if not runlog.read(run):
        return
    names = (log.with_name(f"metrics.{number}.jsonl") for number in count(1))
    kept = next(name for name in names if not name.exists())
    log.rename(kept)
    print(f"{run}: the log of a run without a checkpoint is there; it is kept as {kept.name}")
