"""What a training run is made of: network, losses, optimizer, data sets, fresh or resumed."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bisenet_lib import checkpoint, config
from bisenet_lib.errors import InputError
from bisenet_lib.files import written_whole
from bisenet_lib.finetuning import start_from
from bisenet_lib.paddleseg_compat import paddle
from bisenet_lib.ranks import Ranks


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
            built.train_dataset,
            built.val_dataset if "val_dataset" in settings else None,
        )


def check_run_folder(run: Path, resume_model: Path | None, init_model: Path | None) -> None:
    """Refuse a folder that holds another run, and a run that begins and goes on at once.

    Args:
        run: the folder to write to.
        resume_model: what the run goes on from, if anything.
        init_model: whose weights the run begins with, if not fresh ones.

    Raises:
        InputError: both are given, or the folder holds checkpoints this run does not go on from.
    """
    if resume_model is not None and init_model is not None:
        raise InputError(
            f"--init-model {init_model} begins a run, --resume-model {resume_model} goes on with "
            "one: give one of them. A resumed run has the weights it began with already."
        )
    there = checkpoint.checkpoints(run)
    if resume_model is None:
        own = False
    else:
        own = checkpoint.newest(resume_model).parent.resolve() == run.resolve()
    if there and not own:
        raise InputError(
            f"{run}: holds another run, up to {there[-1].name}. Go on with it by --resume-model "
            f"{run}, or choose another --save-dir."
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
    parts: Parts, settings: Mapping[str, Any], resume_model: Path, total_batch: int
) -> dict[str, Any]:
    """Bring the parts to where a checkpoint left them.

    Args:
        parts: fresh ones; they change in place.
        settings: a resolved configuration.
        resume_model: a checkpoint folder, or a run folder for its newest one.
        total_batch: images an iteration, over all ranks.

    Returns:
        The state saved with it.

    Raises:
        InputError: the checkpoint does not fit, is finished, or was made with another batch.
    """
    state = checkpoint.resume(resume_model, parts.model, parts.optimizer)
    if state["iteration"] >= settings["iters"]:
        raise InputError(
            f"{resume_model}: has {state['iteration']} iterations, and --iters asks for "
            f"{settings['iters']}. Nothing is left to do; give a larger --iters."
        )
    before = state.setdefault("total_batch", total_batch)
    if before != total_batch:
        raise InputError(
            f"{resume_model}: was trained with {before} images an iteration over all processes, "
            f"and now there would be {total_batch}. The order of the images and the learning "
            f"rate belong to {before}: set --batch-size and the number of processes to give it."
        )
    return state


def take_over(run: Path, resume_model: Path, state: dict[str, Any]) -> None:
    """Make the run folder what it was at the checkpoint: later ones away, best model here.

    Args:
        run: the run folder.
        resume_model: what the run goes on from.
        state: from :func:`resume`; without a best model beside the checkpoint it forgets
            the best mIoU.
    """
    checkpoint.drop_after(run, state["iteration"])
    best = checkpoint.newest(resume_model).parent / "best_model" / checkpoint.WEIGHTS
    target = run / "best_model" / checkpoint.WEIGHTS
    if not best.is_file():
        state |= {"best_miou": None, "best_iteration": None}
    elif best.resolve() != target.resolve():
        with written_whole(target) as part:
            shutil.copyfile(best, part)
