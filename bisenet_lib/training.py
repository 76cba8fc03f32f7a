"""Training: one loop a reader understands at a glance, and its small parts.

Model, transforms, losses and configuration are PaddleSeg's; the loop is this library's own.
Taught in ``03_training``, and for several processes in ``04_multi_gpu``.
"""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from bisenet_lib import arrangement, checkpoint, config, devices, evaluation, scoring
from bisenet_lib.errors import InputError
from bisenet_lib.paddleseg_compat import paddle
from bisenet_lib.parts import Parts, begin, build, check_run_folder, resume, take_over
from bisenet_lib.ranks import Ranks, join, lost_ranks
from bisenet_lib.runlog import Log
from bisenet_lib.samples import Seeded, batches, preflight, read_batches
from bisenet_lib.stopping import Request, Stopped, how_to_resume

from paddleseg.core.train import loss_computation  # isort: skip

PRECISIONS = ("fp32", "fp16", "bf16")
AMP_LEVELS = ("O1", "O2")


@dataclass(frozen=True)
class Result:
    """What a training run came to.

    Args:
        run: the run folder.
        iterations: iterations done in all, those before a resume included.
        seconds: of this call.
        images_per_second: of all ranks, while training; evaluation left out.
        scores: of the last evaluation; None without ``do_eval``.
        best_miou: best validation mIoU so far; None without ``do_eval``.
    """

    run: Path
    iterations: int
    seconds: float
    images_per_second: float
    scores: scoring.Scores | None
    best_miou: float | None


@dataclass(frozen=True)
class Options:
    """How a run is done; what is learnt stands in the configuration.

    Args:
        do_eval: score the validation set at every checkpoint and keep the best model.
        use_vdl: also log for VisualDL.
        save_interval: iterations between checkpoints; the last iteration makes one too.
        keep_checkpoint_max: checkpoints kept; older ones are deleted.
        log_iters: iterations between log records.
        num_workers: processes that read images; 0 reads in this one.
        seed: of weights, order and augmentation; a resumed run goes on with its own.
        device: see :func:`bisenet_lib.devices.select`.
        precision: ``fp32``, or mixed with ``fp16`` or ``bf16`` (not on a CPU).
        amp_level: of mixed precision: ``O1`` (chosen operations) or ``O2`` (all weights).
        watch: called with the run folder after every log record and evaluation, to draw it.
    """

    do_eval: bool = True
    use_vdl: bool = False
    save_interval: int = 500
    keep_checkpoint_max: int = 5
    log_iters: int = 10
    num_workers: int = 0
    seed: int = 0
    device: str = "auto"
    precision: str = "fp32"
    amp_level: str = "O1"
    watch: Callable[[Path], None] | None = None

    def check(self, place: str) -> None:
        """Refuse values that allow no run on the device ``place``."""
        least = dict.fromkeys(("save_interval", "log_iters", "keep_checkpoint_max"), 1)
        for name, lowest in (least | {"num_workers": 0, "seed": 0}).items():
            value = getattr(self, name)
            if not isinstance(value, int) or value < lowest:
                raise InputError(f"{name} is {value!r}; give a whole number from {lowest}")
        for name, known in (("precision", PRECISIONS), ("amp_level", AMP_LEVELS)):
            if getattr(self, name) not in known:
                given = getattr(self, name)
                raise InputError(f"{name} is {given!r}; choose one of {', '.join(known)}")
        if self.precision != "fp32" and place == "cpu":
            raise InputError(f"precision {self.precision} needs a GPU; on {place} use fp32")


def fit(
    settings: Mapping[str, Any],
    run: Path,
    *,
    resume_model: Path | None = None,
    init_model: Path | None = None,
    **options: Any,
) -> Result:
    """Train a network and leave a run folder.

    In a process that ``paddle.distributed.launch`` started this is one rank of several.

    Args:
        settings: a resolved configuration, as :func:`bisenet_lib.config.load` gives it.
        run: the folder for ``config.yml``, ``metrics.jsonl``, ``iter_N/`` and ``best_model/``.
        resume_model: a checkpoint folder, or a run folder for its newest one, to go on from.
        init_model: a checkpoint to begin with, see :func:`bisenet_lib.parts.begin`.
        **options: see :class:`Options`.

    Returns:
        The result; everything else is in the run folder.

    Raises:
        InputError: a parameter, the data or the checkpoint does not allow the run. It is
            raised before the first iteration wherever that can be known.
        Stopped: Ctrl-C or SIGTERM asked for it; a checkpoint was saved.
    """
    chosen = Options(**options)
    check_run_folder(run, resume_model, init_model)
    place = devices.select(chosen.device)
    chosen.check(place)
    ranks = join()
    _check_data(settings, chosen, ranks)
    if place == "cpu":
        arrangement.keep_freed_memory()
    started = time.perf_counter()
    # The optimizer's state is filed under generated names; the guard starts them at 0 in every
    # run, so that any process can resume from any other's checkpoint.
    with paddle.utils.unique_name.guard(), Request() as request:
        parts = build(settings, chosen.seed)
        total = settings["batch_size"] * ranks.size
        state = {"iteration": 0, "best_miou": None, "best_iteration": None}
        state |= {"seed": chosen.seed, "total_batch": total}
        if init_model is not None:
            state |= begin(parts, init_model, ranks)
        if resume_model is not None:
            state |= resume(parts, settings, resume_model, total)
        if ranks.first:
            if resume_model is not None:
                take_over(run, resume_model, state)
            config.save(settings, run / "config.yml")
        step = Step(parts, chosen, place, ranks)
        step.resume(state)
        with closing(Log(run, state["iteration"], use_vdl=chosen.use_vdl, ranks=ranks)) as log:
            for iteration in iterations(step, settings, state, log):
                stop = ranks.any(request.number is not None)
                due = iteration % chosen.save_interval == 0 or iteration == settings["iters"]
                if due or stop:
                    _checkpoint(step, run, iteration, state, log, do_eval=chosen.do_eval and due)
                if stop and iteration < settings["iters"]:
                    raise _stopped(run, iteration, request.number, ranks)
    seconds, speed = time.perf_counter() - started, log.images_per_second
    return Result(run, settings["iters"], seconds, speed, log.scores, state["best_miou"])


def iterations(
    step: "Step", settings: Mapping[str, Any], state: Mapping[str, Any], log: Log
) -> Iterator[int]:
    """Do the iterations that are left, one a step: forward, five losses, backward, update.

    Yields:
        The number of iterations done, after each.
    """
    parts, ranks, options = step.parts, step.ranks, step.options
    first, last, seed = state["iteration"], settings["iters"], state["seed"]
    dataset, batch_size = parts.train_dataset, settings["batch_size"]
    keys = batches(len(dataset), batch_size, seed, first, last, ranks.rank, ranks.size)
    loader = read_batches(Seeded(dataset, seed), keys, options.num_workers)
    bar = tqdm(total=last, initial=first, desc="training", unit="iter", disable=not ranks.first)
    with bar:
        for iteration, data in enumerate(loader, start=first + 1):
            # Dropout: the same after a resume, another on each rank.
            paddle.seed(seed + iteration * ranks.size + ranks.rank)
            losses = step(data)
            log.step(losses, keys.indices(iteration))
            if iteration % options.log_iters == 0 or iteration == last:
                rate = parts.optimizer.get_lr()
                record = log.flush(iteration, keys.epoch(iteration), rate, dataset.file_list)
                bar.set_postfix_str(f"loss {record['loss']:.3f}, {record['ips']:.2f} images/s")
                step.show(log)
            parts.schedule.step()
            bar.update()
            yield iteration


class Step:
    """One update of the weights, on this rank's part of the batch.

    Args:
        parts: network, losses and optimizer; ``O2`` casts the network's weights.
        options: ``precision`` and ``amp_level`` of it.
        place: the device, as :func:`bisenet_lib.devices.select` gives it.
        ranks: this process among the others.
    """

    def __init__(self, parts: Parts, options: Options, place: str, ranks: Ranks) -> None:
        self.parts, self.options, self.ranks = parts, options, ranks
        mixed, level = options.precision != "fp32", options.amp_level
        dtype = {"bf16": "bfloat16"}.get(options.precision, "float16")
        self.cast = {"enable": mixed, "level": level, "dtype": dtype}
        scaled = options.precision == "fp16"
        self.scaler = paddle.amp.GradScaler(enable=scaled, init_loss_scaling=1024)
        if mixed and level == "O2":
            paddle.amp.decorate(parts.model, parts.optimizer, level, dtype, save_dtype="float32")
        self.arranged = arrangement.for_cpu if place == "cpu" else nullcontext
        parts.model.train()
        with lost_ranks(ranks):
            self.model = ranks.data_parallel(parts.model)

    def __call__(self, data: Mapping[str, paddle.Tensor]) -> list[paddle.Tensor]:
        """Do it.

        Args:
            data: ``img`` (N, 3, H, W) float32 and ``label`` (N, H, W) integers.

        Returns:
            The losses of the head and the four auxiliary heads, each with its coefficient.
        """
        losses = self.backward(data)
        self.scaler.step(self.parts.optimizer)
        self.scaler.update()
        self.parts.optimizer.clear_grad()
        return losses

    def backward(self, data: Mapping[str, paddle.Tensor]) -> list[paddle.Tensor]:
        """Leave the gradient, the mean over all ranks, in the parameters; else as a call."""
        with self.arranged():
            with paddle.amp.auto_cast(**self.cast):
                logits = self.model(data["img"])
                label = data["label"].astype("int64")
                losses = loss_computation(logits, label, None, self.parts.losses)
            with lost_ranks(self.ranks):
                self.scaler.scale(sum(losses)).backward()
        return losses

    def show(self, log: Log) -> None:
        """Let ``watch`` of the options draw the run so far; its time is not the training's."""
        if self.options.watch is not None and self.ranks.first:
            self.options.watch(log.path.parent)
            log.restart_clock()

    def remember(self, state: dict[str, Any]) -> None:
        """Put what a resumed run needs of this step into ``state``: the loss scaler's state."""
        if self.scaler.is_enable():
            there = self.scaler.state_dict()
            state["scaler"] = {key: np.asarray(one).tolist() for key, one in there.items()}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`remember` put there."""
        if self.scaler.is_enable() and "scaler" in state:
            self.scaler.load_state_dict(state["scaler"])


def _check_data(settings: Mapping[str, Any], options: Options, ranks: Ranks) -> None:
    total, workers = settings["batch_size"] * ranks.size, max(options.num_workers, 1)
    part = (ranks.rank, ranks.size)
    preflight(settings["train_dataset"], total, workers=workers, part=part)
    if options.do_eval:
        if "val_dataset" not in settings:
            raise InputError("do_eval needs a val_dataset in the configuration; it has none")
        preflight(settings["val_dataset"], workers=workers, part=part)


def _checkpoint(
    step: Step, run: Path, iteration: int, state: dict[str, Any], log: Log, *, do_eval: bool
) -> None:
    """Evaluate, on all ranks together, and save, on the first."""
    model, ranks = step.parts.model, step.ranks
    checkpoint.check_finite(model, iteration)
    ranks.average_statistics(model)
    if do_eval:
        started = time.perf_counter()
        scores = evaluation.evaluate(model, step.parts.val_dataset, ranks=ranks)
        log.evaluated(iteration, scores, time.perf_counter() - started)
        if state["best_miou"] is None or scores.miou > state["best_miou"]:
            state |= {"best_miou": scores.miou, "best_iteration": iteration}
            if ranks.first:
                checkpoint.save_weights(model, run / "best_model" / checkpoint.WEIGHTS)
    if ranks.first:
        step.remember(state)
        checkpoint.save(run, iteration, model, step.parts.optimizer, state)
        checkpoint.prune(run, step.options.keep_checkpoint_max)
    if do_eval:
        step.show(log)
    log.restart_clock()


def _stopped(run: Path, iteration: int, number: int | None, ranks: Ranks) -> Stopped:
    message = f"stopped at iteration {iteration}"
    if ranks.first:
        message += f" and saved. Go on with:\n{how_to_resume(run)}"
    return Stopped(number or signal.SIGTERM, message)
