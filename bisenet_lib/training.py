"""Training: one loop a reader understands at a glance, and its small parts.

Model, transforms, losses and configuration are PaddleSeg's; the loop is this library's own.
Taught in ``03_training``, and for several processes in ``04_multi_gpu``.
"""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from bisenet_lib import arrangement, checkpoint, devices, evaluation, scoring
from bisenet_lib.errors import InputError
from bisenet_lib.files import only_writer
from bisenet_lib.paddleseg_compat import paddle
from bisenet_lib.parts import Parts, RunFolder, begin, build, check_run_folder, resume
from bisenet_lib.ranks import Ranks, join, lost_ranks
from bisenet_lib.runlog import Log
from bisenet_lib.samples import Seeded, batches, preflight, read_batches, readers
from bisenet_lib.stopping import Request, Stopped, how_to_resume

from paddleseg.core.train import loss_computation  # isort: skip

PRECISIONS = ("fp32", "fp16", "bf16")
AMP_LEVELS = ("O1", "O2")
STOP_INTERVAL = 10
"""Iterations after which ranks on GPUs ask one another whether to stop."""


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
        num_workers: processes that read images, see :func:`bisenet_lib.samples.readers`.
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
    num_workers: int | None = None
    seed: int = 0
    device: str = "auto"
    precision: str = "fp32"
    amp_level: str = "O1"
    watch: Callable[[Path], None] | None = None

    def check(self, place: str) -> None:
        """Refuse values that allow no run on the device ``place``."""
        least = dict.fromkeys(("save_interval", "log_iters", "keep_checkpoint_max"), 1)
        least |= {"seed": 0} | ({} if self.num_workers is None else {"num_workers": 0})
        for name, lowest in least.items():
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
        InputError: a parameter, the data or the checkpoint does not allow the run, or there is
            nothing left to do. It is raised before the first iteration wherever that can be
            known; until then nothing in the run folder changes.
        Stopped: a signal asked for it; a checkpoint was saved.
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
    with paddle.utils.unique_name.guard(), Request() as request, ExitStack() as stack:
        if ranks.first:
            stack.enter_context(only_writer(run))
            checkpoint.clean_up(run)
        parts = build(settings, chosen.seed)
        total = settings["batch_size"] * ranks.size
        state = {"iteration": 0, "best_miou": None, "best_iteration": None}
        state |= {"seed": chosen.seed, "total_batch": total}
        stored = None
        if init_model is not None:
            state |= begin(parts, init_model, ranks)
        if resume_model is not None:
            stored = ranks.together(partial(checkpoint.open_newest, resume_model))
            state |= resume(parts, settings, stored, total, ranks)
        due = chosen.do_eval and state.get("evaluation_due", False)
        if state["iteration"] >= settings["iters"] and not due:
            raise _nothing_left(stored, settings["iters"])
        step = Step(parts, chosen, place, ranks)
        step.resume(state)
        log = stack.enter_context(closing(Log(run, state, use_vdl=chosen.use_vdl, ranks=ranks)))
        folder = RunFolder(run, settings, stored, state, ranks)
        if due and not _evaluate(step, folder, log, request):
            raise _stopped(folder, request)
        for iteration in iterations(step, settings, state, log, folder.take_over):
            due = iteration % chosen.save_interval == 0 or iteration == settings["iters"]
            stop = _asked_to_stop(request, iteration, due, place, ranks)
            if due or stop:
                state |= {"iteration": iteration, "evaluation_due": due and chosen.do_eval}
                _save(step, folder)
                if state["evaluation_due"] and not stop:
                    stop = not _evaluate(step, folder, log, request)
                log.restart_clock()
            if stop and (iteration < settings["iters"] or state["evaluation_due"]):
                raise _stopped(folder, request)
    seconds, speed = time.perf_counter() - started, log.images_per_second
    return Result(run, settings["iters"], seconds, speed, log.scores, state["best_miou"])


def iterations(
    step: "Step",
    settings: Mapping[str, Any],
    state: Mapping[str, Any],
    log: Log,
    begun: Callable[[], None],
) -> Iterator[int]:
    """Do the iterations that are left, one a step: forward, five losses, backward, update.

    Args:
        step: one update of the weights.
        settings: a resolved configuration.
        state: where training stands.
        log: the record of the run.
        begun: called when the first of them has worked.

    Yields:
        The number of iterations done, after each.
    """
    parts, ranks, options = step.parts, step.ranks, step.options
    first, last, seed = state["iteration"], settings["iters"], state["seed"]
    dataset, batch_size = parts.train_dataset, settings["batch_size"]
    keys = batches(len(dataset), batch_size, seed, first, last, ranks.rank, ranks.size)
    workers = readers(options.num_workers, step.place, ranks)
    loader = read_batches(Seeded(dataset, seed), keys, workers)
    bar = tqdm(total=last, initial=first, desc="training", unit="iter", disable=not ranks.first)
    with bar, closing(loader):
        for iteration in range(first + 1, last + 1):
            data = ranks.together(partial(next, loader))
            # Dropout: the same after a resume, another on each rank.
            paddle.seed(seed + iteration * ranks.size + ranks.rank)
            losses = step(data)
            if iteration == first + 1:
                begun()
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
        self.parts, self.options, self.place, self.ranks = parts, options, place, ranks
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

    def precision_of_weights(self) -> AbstractContextManager:
        """In which the network can be evaluated: with ``O2`` its weights are no float32."""
        whole = self.cast["enable"] and self.cast["level"] == "O2"
        return paddle.amp.auto_cast(**self.cast) if whole else nullcontext()

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
    total, workers = settings["batch_size"] * ranks.size, max(options.num_workers or 1, 1)
    preflight(settings["train_dataset"], total, workers=workers, ranks=ranks)
    if options.do_eval:
        if "val_dataset" not in settings:
            raise InputError("do_eval needs a val_dataset in the configuration; it has none")
        preflight(settings["val_dataset"], workers=workers, ranks=ranks)


def _asked_to_stop(request: Request, iteration: int, due: bool, place: str, ranks: Ranks) -> bool:
    """Whether a signal has reached any rank.

    Ranks on GPUs ask one another only now and then: the answer has to come to the host, and
    waits for all the work that the GPU still has to do.
    """
    asks = place == "cpu" or ranks.size == 1 or due or iteration % STOP_INTERVAL == 0
    return asks and ranks.any(request.number is not None)


def _save(step: Step, folder: RunFolder) -> None:
    """Save a checkpoint, on the first rank: before anything that can fail, as evaluation."""
    checkpoint.check_finite(step.parts.model, folder.state["iteration"])
    step.ranks.average_statistics(step.parts.model)
    step.remember(folder.state)
    save = partial(folder.save, step.parts, step.options.keep_checkpoint_max)
    step.ranks.together(save if step.ranks.first else lambda: None)


def _evaluate(step: Step, folder: RunFolder, log: Log, request: Request) -> bool:
    """Evaluate, on all ranks together, and keep the best model; False if it was stopped."""
    model, ranks, started = step.parts.model, step.ranks, time.perf_counter()
    with step.precision_of_weights():
        scores = evaluation.evaluate(
            model, step.parts.val_dataset, ranks=ranks, stop=lambda: request.number is not None
        )
    if scores is None:
        return False
    folder.take_over()
    log.evaluated(folder.state["iteration"], scores, time.perf_counter() - started)
    save = partial(folder.save_scored, model, scores.miou)
    ranks.together(save if ranks.first else partial(folder.note_score, scores.miou))
    step.show(log)
    return True


def _nothing_left(stored: checkpoint.Checkpoint, iters: int) -> InputError:
    return InputError(
        f"{stored.folder}: has {stored.state['iteration']} iterations, and --iters asks for "
        f"{iters}. Nothing is left to do; give a larger --iters."
    )


def _stopped(folder: RunFolder, request: Request) -> Stopped:
    state = folder.state
    message = f"stopped at iteration {state['iteration']}"
    if folder.ranks.first:
        rest = "; its evaluation is still to be done" if state["evaluation_due"] else ""
        message += f" and saved{rest}. Go on with:\n{how_to_resume(folder.run)}"
    return Stopped(request.number or signal.SIGTERM, message)
