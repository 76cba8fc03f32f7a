"""Training: one loop a reader understands at a glance, and its small parts.

Model, transforms, losses and configuration are PaddleSeg's; the loop is this library's own.
Taught in ``03_training``.
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from bisenet_lib import checkpoint, config, devices, evaluation
from bisenet_lib.errors import InputError
from bisenet_lib.files import written_whole
from bisenet_lib.paddleseg_compat import paddle
from bisenet_lib.runlog import Log
from bisenet_lib.samples import Seeded, batches, preflight, read_batches

from paddleseg.core.train import loss_computation  # isort: skip

PRECISIONS = ("fp32", "fp16", "bf16")


@dataclass(frozen=True)
class Result:
    """What a training run came to.

    Args:
        run: the run folder.
        iterations: iterations done in all, those before a resume included.
        seconds: of this call.
        images_per_second: while training, evaluation left out.
        scores: of the last evaluation; None without ``do_eval``.
        best_miou: best validation mIoU so far; None without ``do_eval``.
    """

    run: Path
    iterations: int
    seconds: float
    images_per_second: float
    scores: evaluation.Scores | None
    best_miou: float | None


def fit(
    settings: Mapping[str, Any],
    run: Path,
    *,
    do_eval: bool = True,
    use_vdl: bool = False,
    save_interval: int = 500,
    resume_model: Path | None = None,
    keep_checkpoint_max: int = 5,
    log_iters: int = 10,
    num_workers: int = 0,
    seed: int = 0,
    device: str = "auto",
    precision: str = "fp32",
) -> Result:
    """Train a network and leave a run folder.

    Args:
        settings: a resolved configuration, as :func:`bisenet_lib.config.load` gives it.
        run: the folder for ``config.yml``, ``metrics.jsonl``, ``iter_N/`` and ``best_model/``.
        do_eval: score the validation set at every checkpoint and keep the best model.
        use_vdl: also log for VisualDL.
        save_interval: iterations between checkpoints; the last iteration makes one too.
        resume_model: a checkpoint folder, or a run folder for its newest one, to go on from.
        keep_checkpoint_max: checkpoints kept; older ones are deleted.
        log_iters: iterations between log records.
        num_workers: processes that read images; 0 reads in this one.
        seed: of the weights, the order of the images and their augmentation; a resumed run
            goes on with its own.
        device: see :func:`bisenet_lib.devices.select`.
        precision: ``fp32``, or mixed with ``fp16`` or ``bf16`` (level O1; not on a CPU).

    Returns:
        The result; everything else is in the run folder.

    Raises:
        InputError: a parameter, the data or the checkpoint does not allow the run. It is
            raised before the first iteration wherever that can be known.
    """
    _check_numbers(
        save_interval=save_interval, log_iters=log_iters, keep_checkpoint_max=keep_checkpoint_max
    )
    if num_workers < 0:
        raise InputError(f"num_workers is {num_workers}; give 0 or more")
    _check_run_folder(run, resume_model)
    place = devices.select(device)
    _check_precision(precision, place)
    preflight(settings["train_dataset"], settings["batch_size"], workers=max(num_workers, 1))
    if do_eval:
        if "val_dataset" not in settings:
            raise InputError("do_eval needs a val_dataset in the configuration; it has none")
        preflight(settings["val_dataset"], workers=max(num_workers, 1))
    started = time.perf_counter()
    # The optimizer's state is filed under generated names; the guard starts them at 0 in every
    # run, so that any process can resume from any other's checkpoint.
    with paddle.utils.unique_name.guard():
        parts = build(settings, seed)
        state = {"iteration": 0, "best_miou": None, "best_iteration": None, "seed": seed}
        if resume_model is not None:
            state |= _resume(parts, settings, run, resume_model)
        config.save(settings, run / "config.yml")
        with closing(Log(run, state["iteration"], use_vdl=use_vdl)) as log:
            for iteration in iterations(
                parts, settings, state, log, log_iters, num_workers, precision
            ):
                if iteration % save_interval and iteration != settings["iters"]:
                    continue
                checkpoint.check_finite(parts.model, iteration)
                if do_eval:
                    _evaluate(parts, run, iteration, state, log)
                checkpoint.save(run, iteration, parts.model, parts.optimizer, state)
                checkpoint.prune(run, keep_checkpoint_max)
                log.restart_clock()
    return Result(
        run,
        settings["iters"],
        time.perf_counter() - started,
        log.images_per_second,
        log.scores,
        state["best_miou"],
    )


def iterations(
    parts: "Parts",
    settings: Mapping[str, Any],
    state: Mapping[str, Any],
    log: Log,
    log_iters: int,
    num_workers: int,
    precision: str,
) -> Iterator[int]:
    """Do the iterations that are left, one a step: forward, five losses, backward, update.

    Yields:
        The number of iterations done, after each.
    """
    first, last, batch_size = state["iteration"], settings["iters"], settings["batch_size"]
    keys = batches(len(parts.train_dataset), batch_size, state["seed"], first, last)
    loader = read_batches(Seeded(parts.train_dataset, state["seed"]), keys, num_workers)
    scaler = paddle.amp.GradScaler(enable=precision == "fp16", init_loss_scaling=1024)
    parts.model.train()
    with tqdm(total=last, initial=first, desc="training", unit="iter") as bar:
        for iteration, data in enumerate(loader, start=first + 1):
            paddle.seed(state["seed"] + iteration)  # dropout: the same after a resume
            losses = step(parts, data, scaler, precision)
            log.step(losses, len(data["img"]))
            if iteration % log_iters == 0 or iteration == last:
                record = log.flush(iteration, keys.epoch(iteration), parts.optimizer.get_lr())
                bar.set_postfix_str(f"loss {record['loss']:.3f}, {record['ips']:.2f} images/s")
            parts.schedule.step()
            bar.update()
            yield iteration


def step(
    parts: "Parts",
    data: Mapping[str, paddle.Tensor],
    scaler: paddle.amp.GradScaler,
    precision: str = "fp32",
) -> list[paddle.Tensor]:
    """One update of the weights.

    Args:
        parts: network, losses and optimizer.
        data: ``img`` (N, 3, H, W) float32 and ``label`` (N, H, W) integers.
        scaler: the loss scaler of ``fp16``; switched off for the others.
        precision: see :func:`fit`.

    Returns:
        The losses of the head and the four auxiliary heads, each with its coefficient.
    """
    mixed = precision != "fp32"
    dtype = {"bf16": "bfloat16"}.get(precision, "float16")
    with paddle.amp.auto_cast(enable=mixed, level="O1", dtype=dtype):
        logits = parts.model(data["img"])
        losses = loss_computation(logits, data["label"].astype("int64"), None, parts.losses)
    scaled = scaler.scale(sum(losses))
    scaled.backward()
    scaler.step(parts.optimizer)
    scaler.update()
    parts.optimizer.clear_grad()
    return losses


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


def _check_run_folder(run: Path, resume_model: Path | None) -> None:
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


def _resume(
    parts: Parts, settings: Mapping[str, Any], run: Path, resume_model: Path
) -> dict[str, Any]:
    """Bring the parts to where the checkpoint left them, and its best model into this run."""
    state = checkpoint.resume(resume_model, parts.model, parts.optimizer)
    if state["iteration"] >= settings["iters"]:
        raise InputError(
            f"{resume_model}: has {state['iteration']} iterations, and --iters asks for "
            f"{settings['iters']}. Nothing is left to do; give a larger --iters."
        )
    checkpoint.drop_after(run, state["iteration"])
    best = checkpoint.newest(resume_model).parent / "best_model" / checkpoint.WEIGHTS
    target = run / "best_model" / checkpoint.WEIGHTS
    if not best.is_file():
        return state | {"best_miou": None, "best_iteration": None}
    if best.resolve() != target.resolve():
        with written_whole(target) as part:
            shutil.copyfile(best, part)
    return state


def _evaluate(parts: Parts, run: Path, iteration: int, state: dict, log: Log) -> None:
    started = time.perf_counter()
    scores = evaluation.evaluate(parts.model, parts.val_dataset)
    log.evaluated(iteration, scores, time.perf_counter() - started)
    if state["best_miou"] is None or scores.miou > state["best_miou"]:
        state |= {"best_miou": scores.miou, "best_iteration": iteration}
        checkpoint.save_weights(parts.model, run / "best_model" / checkpoint.WEIGHTS)


def _check_numbers(**numbers: int) -> None:
    for name, value in numbers.items():
        if value < 1:
            raise InputError(f"{name} is {value}; give a whole number from 1")


def _check_precision(precision: str, place: str) -> None:
    if precision not in PRECISIONS:
        raise InputError(f"precision is {precision!r}; choose one of {', '.join(PRECISIONS)}")
    if precision != "fp32" and place == "cpu":
        raise InputError(f"precision {precision} needs a GPU; on {place} use fp32")
