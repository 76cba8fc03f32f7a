"""Training: one loop a reader understands at a glance, and its small parts.

Model, transforms, losses and configuration are PaddleSeg's; the loop is this library's own.
Taught in ``03_training``, and for several processes in ``04_multi_gpu``.
"""

import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tqdm.auto import tqdm

from bisenet_lib.common.atomic_files import only_writer
from bisenet_lib.common.processes import keep_freed_memory
from bisenet_lib.common.signals import Request, Stopped, how_to_resume
from bisenet_lib.config import configuration
from bisenet_lib.config.datasets import SegDataset, build_dataset, check_dataset
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import evaluator, metrics
from bisenet_lib.network import checkpoint
from bisenet_lib.network.checkpoint import start_from
from bisenet_lib.runtime import devices
from bisenet_lib.runtime.paddleseg_compat import paddle
from bisenet_lib.runtime.ranks import Ranks, join, lost_ranks
from bisenet_lib.training import run_log
from bisenet_lib.training.data_loading import Seeded, batches, read_batches, readers
from bisenet_lib.training.ema import WeightAverage
from bisenet_lib.training.run_log import Log

from paddleseg.core.train import loss_computation  # isort: skip

MAY_CHANGE = re.compile(
    r"iters|batch_size|world_size|image_size|lr_scheduler\..*|test_config.*"
    r"|(train|val)_dataset\.(dataset_root|train_path|val_path)"
)
"""Keys of a configuration that a resumed run may have another value of."""
PRECISIONS = ("fp32", "fp16", "bf16")
AMP_LEVELS = ("O1", "O2")
STOP_INTERVAL = 10
"""Iterations after which ranks on GPUs ask one another whether to stop."""


@dataclass(frozen=True)
class Parts:
    """What PaddleSeg's builder makes of a configuration.

    ``ema_decay`` is that of the weights' moving average; None for none.
    """

    model: paddle.nn.Layer
    losses: Mapping[str, list[Any]]
    optimizer: paddle.optimizer.Optimizer
    schedule: paddle.optimizer.lr.LRScheduler
    train_dataset: SegDataset
    val_dataset: SegDataset | None
    ema_decay: float | None = None


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
    built = configuration.builder(settings)
    with configuration.refusals():
        return Parts(
            built.model,
            built.loss,
            built.optimizer,
            built.lr_scheduler,
            build_dataset(settings["train_dataset"]),
            build_dataset(settings["val_dataset"]) if "val_dataset" in settings else None,
            (settings.get(configuration.EMA) or {}).get("decay"),
        )


def check_run_folder(run: Path, resume_model: Path | None, init_model: Path | None) -> None:
    """Refuse a folder that holds another run, and a run with both kinds of start.

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
    """Give the network those weights of a checkpoint that fit, and print which were kept.

    Args:
        parts: fresh ones; the network's weights change in place.
        init_model: see :func:`bisenet_lib.network.checkpoint.weights_file`.
        ranks: this process among the others; the first prints.

    Returns:
        What the run's state has to remember: the file.

    Raises:
        InputError: see :func:`bisenet_lib.network.checkpoint.start_from`.
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
    """Set the parts to the state that a checkpoint holds.

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
    state = checkpoint.restore(stored, parts.model, parts.optimizer)
    before = state.setdefault("total_batch", total_batch)
    if before != total_batch:
        raise InputError(
            f"{stored.folder}: was trained with {before} images an iteration over all processes, "
            f"and now there would be {total_batch}. The order of the images and the learning "
            f"rate belong to {before}: set --batch-size and the number of processes to give it."
        )
    changed = changes({**settings, configuration.WORLD_SIZE: ranks.size}, stored)
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


def changes(
    settings: Mapping[str, Any], stored: checkpoint.Checkpoint
) -> dict[str, tuple[Any, Any]]:
    """What a resumed run does differently from the one it goes on with.

    Args:
        settings: a resolved configuration.
        stored: a checkpoint of a run with its ``config.yml``; without that nothing is compared.

    Returns:
        Dotted key to the values before and now.

    Raises:
        InputError: a key differs that must not change, such as one of the network.
    """
    path = stored.folder.parent / "config.yml"
    if not path.is_file():
        return {}
    differing = configuration.differences(configuration.read_config(path), settings)
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
        """Claim the folder for this run; later calls do nothing.

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
        settings = {**self.settings, configuration.WORLD_SIZE: self.ranks.size}
        configuration.save_config(settings, self.run / "config.yml")

    def save(self, parts: Parts, average: Mapping[str, np.ndarray] | None, keep: int) -> None:
        """Save a checkpoint and delete all but the newest ``keep``."""
        iteration = self.state["iteration"]
        checkpoint.save_checkpoint(
            self.run, iteration, parts.model, parts.optimizer, self.state, average
        )
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
    if not run_log.read_log(run):
        return
    names = (log.with_name(f"metrics.{number}.jsonl") for number in count(1))
    kept = next(name for name in names if not name.exists())
    log.rename(kept)
    print(f"{run}: the log of a run without a checkpoint is there; it is kept as {kept.name}")


@dataclass(frozen=True)
class Result:
    """The result of a training run.

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
    scores: metrics.Scores | None
    best_miou: float | None


@dataclass(frozen=True)
class Options:
    """The options of :func:`fit`, which explains each of them.

    They decide how a run is done; the configuration decides what is learned.
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
        minimums = dict.fromkeys(("save_interval", "log_iters", "keep_checkpoint_max"), 1)
        minimums |= {"seed": 0} | ({} if self.num_workers is None else {"num_workers": 0})
        for name, lowest in minimums.items():
            value = getattr(self, name)
            if not isinstance(value, int) or value < lowest:
                raise InputError(f"{name} is {value!r}; give a whole number from {lowest}")
        for name, known in (("precision", PRECISIONS), ("amp_level", AMP_LEVELS)):
            value = getattr(self, name)
            if value not in known:
                raise InputError(f"{name} is {value!r}; choose one of {', '.join(known)}")
        if self.precision != "fp32" and place == "cpu":
            raise InputError(f"precision {self.precision} needs a GPU; on {place} use fp32")


def fit(
    settings: Mapping[str, Any],
    run: Path,
    *,
    resume_model: Path | None = None,
    init_model: Path | None = None,
    do_eval: bool = Options.do_eval,
    use_vdl: bool = Options.use_vdl,
    save_interval: int = Options.save_interval,
    keep_checkpoint_max: int = Options.keep_checkpoint_max,
    log_iters: int = Options.log_iters,
    num_workers: int | None = Options.num_workers,
    seed: int = Options.seed,
    device: str = Options.device,
    precision: str = Options.precision,
    amp_level: str = Options.amp_level,
    watch: Callable[[Path], None] | None = Options.watch,
) -> Result:
    """Train a network and leave a run folder.

    In a process that ``paddle.distributed.launch`` started this is one rank of several.

    Args:
        settings: a resolved configuration, as :func:`bisenet_lib.config.configuration.load_config`
            gives it.
        run: the folder for ``config.yml``, ``metrics.jsonl``, ``iter_N/`` and ``best_model/``.
        resume_model: a checkpoint folder, or a run folder for its newest one, to go on from.
        init_model: a checkpoint to begin with, see :func:`bisenet_lib.training.trainer.begin`.
        do_eval: score the validation set at every checkpoint and keep the best model.
        use_vdl: also write a log for VisualDL.
        save_interval: iterations between checkpoints; the last iteration makes one too.
        keep_checkpoint_max: checkpoints kept; older ones are deleted.
        log_iters: iterations between log records.
        num_workers: processes that read images, see
            :func:`bisenet_lib.training.data_loading.readers`.
        seed: of weights, order and augmentation; a resumed run keeps the seed it began with.
        device: see :func:`bisenet_lib.runtime.devices.select`.
        precision: ``fp32``, or mixed with ``fp16`` or ``bf16`` (not on a CPU).
        amp_level: of mixed precision: ``O1`` (chosen operations) or ``O2`` (all weights).
        watch: called with the run folder after every log record and evaluation, to draw it.

    Returns:
        The result; everything else is in the run folder.

    Raises:
        InputError: a parameter, the data or the checkpoint does not allow the run, or there is
            nothing left to do. It is raised before the first iteration wherever that can be
            known; until then nothing in the run folder changes.
        Stopped: a signal asked for it; a checkpoint was saved.
    """
    options = Options(
        do_eval=do_eval,
        use_vdl=use_vdl,
        save_interval=save_interval,
        keep_checkpoint_max=keep_checkpoint_max,
        log_iters=log_iters,
        num_workers=num_workers,
        seed=seed,
        device=device,
        precision=precision,
        amp_level=amp_level,
        watch=watch,
    )
    check_run_folder(run, resume_model, init_model)
    place = devices.select(device)
    options.check(place)
    ranks = join()
    _check_data(settings, options, ranks)
    if place == "cpu":
        keep_freed_memory()
    started = time.perf_counter()
    # The optimizer's state is filed under generated names; the guard starts them at 0 in every
    # run, so that any process can resume from any other's checkpoint.
    with paddle.utils.unique_name.guard(), Request() as request, ExitStack() as stack:
        if ranks.first:
            stack.enter_context(only_writer(run))
            checkpoint.clean_up(run)
        parts = build(settings, seed)
        total = settings["batch_size"] * ranks.size
        state: dict[str, Any] = {"iteration": 0, "best_miou": None, "best_iteration": None}
        state |= {"seed": seed, "total_batch": total}
        stored: checkpoint.Checkpoint | None = None
        if init_model is not None:
            state |= begin(parts, init_model, ranks)
        if resume_model is not None:
            stored = ranks.together(partial(checkpoint.open_newest, resume_model))
            state |= resume(parts, settings, stored, total, ranks)
        due = do_eval and state.get("evaluation_due", False)
        if state["iteration"] >= settings["iters"] and not due:
            assert stored is not None, "a fresh run has every iteration to do"
            raise _nothing_left(stored, settings["iters"])
        step = Step(parts, options, place, ranks)
        step.resume(state, None if stored is None else stored.average)
        log = stack.enter_context(closing(Log(run, state, use_vdl=use_vdl, ranks=ranks)))
        folder = RunFolder(run, settings, stored, state, ranks)
        if due and not _evaluate(step, folder, log, request):
            raise _stopped(folder, request)
        for iteration in iterations(step, settings, state, log, folder.take_over):
            due = iteration % save_interval == 0 or iteration == settings["iters"]
            stop = _asked_to_stop(request, iteration, due, place, ranks)
            if due or stop:
                state |= {"iteration": iteration, "evaluation_due": due and do_eval}
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
    """Do the remaining iterations; each is forward, five losses, backward, update.

    Args:
        step: one update of the weights.
        settings: a resolved configuration.
        state: where training stands.
        log: the record of the run.
        begun: called once, when the first iteration has succeeded.

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
        place: the device, as :func:`bisenet_lib.runtime.devices.select` gives it.
        ranks: this process among the others.
    """

    def __init__(self, parts: Parts, options: Options, place: str, ranks: Ranks) -> None:
        self.parts, self.options, self.place, self.ranks = parts, options, place, ranks
        self._mixed = options.precision != "fp32"
        self._level: Literal["O1", "O2"] = "O2" if options.amp_level == "O2" else "O1"
        self._dtype: Literal["bfloat16", "float16"] = (
            "bfloat16" if options.precision == "bf16" else "float16"
        )
        scaled = options.precision == "fp16"
        self.scaler = paddle.amp.GradScaler(enable=scaled, init_loss_scaling=1024)
        if self._mixed and self._level == "O2":
            paddle.amp.decorate(
                parts.model, parts.optimizer, self._level, self._dtype, save_dtype="float32"
            )
        parts.model.train()
        with lost_ranks(ranks):
            self.model = ranks.data_parallel(parts.model)
        self.average: WeightAverage | None = None
        if parts.ema_decay is not None:
            self.average = WeightAverage(parts.model, parts.ema_decay)

    def __call__(self, data: Mapping[str, paddle.Tensor]) -> list[paddle.Tensor]:
        """Update the weights with one batch.

        Args:
            data: ``img`` (N, 3, H, W) float32 and ``label`` (N, H, W) integers.

        Returns:
            The losses of the head and the four auxiliary heads, each with its coefficient.
        """
        losses = self.backward(data)
        self.scaler.step(self.parts.optimizer)
        self.scaler.update()
        self.parts.optimizer.clear_grad()
        if self.average is not None:
            self.average.update()
        return losses

    def backward(self, data: Mapping[str, paddle.Tensor]) -> list[paddle.Tensor]:
        """Leave the gradient, the mean over all ranks, in the parameters, without the update.

        Argument and result are those of a call.
        """
        with self._auto_cast():
            logits = self.model(data["img"])
            label = data["label"].astype("int64")
            losses = loss_computation(logits, label, None, self.parts.losses)
        with lost_ranks(self.ranks):
            self.scaler.scale(sum(losses)).backward()
        return losses

    def evaluated_weights(self) -> AbstractContextManager:
        """The context in which the network has the weights to evaluate: the average, if any."""
        return nullcontext() if self.average is None else self.average.in_place()

    def average_statistics(self) -> None:
        """Give every rank the same statistics, in the network and in the average."""
        self.ranks.average_statistics(self.parts.model)
        if self.average is not None and self.ranks.size > 1:
            with self.average.in_place():
                self.ranks.average_statistics(self.parts.model)

    def precision_of_weights(self) -> AbstractContextManager:
        """The context to evaluate the network in: with ``O2`` its weights are not float32."""
        return self._auto_cast() if self._mixed and self._level == "O2" else nullcontext()

    def _auto_cast(self) -> AbstractContextManager:
        """Mixed precision, where the options ask for it."""
        return paddle.amp.auto_cast(enable=self._mixed, level=self._level, dtype=self._dtype)

    def show(self, log: Log) -> None:
        """Call the option ``watch`` to draw the run so far; its time does not count as training."""
        if self.options.watch is not None and self.ranks.first:
            self.options.watch(log.path.parent)
            log.restart_clock()

    def remember(self, state: dict[str, Any]) -> None:
        """Put what a resumed run needs of this step into ``state``.

        That is the loss scaler's state, and how many iterations are in the average.
        """
        state.pop(checkpoint.UPDATES, None)
        if self.average is not None:
            state[checkpoint.UPDATES] = self.average.updates
        if self.scaler.is_enable():
            scaler_state = self.scaler.state_dict()
            state["scaler"] = {
                key: np.asarray(value).tolist() for key, value in scaler_state.items()
            }

    def resume(
        self, state: Mapping[str, Any], average: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """Go on from what :meth:`remember` put there, and from the average saved with it."""
        if self.scaler.is_enable() and "scaler" in state:
            self.scaler.load_state_dict(state["scaler"])
        if self.average is not None and average is not None:
            self.average.load(average, state[checkpoint.UPDATES])


def _check_data(settings: Mapping[str, Any], options: Options, ranks: Ranks) -> None:
    total, workers = settings["batch_size"] * ranks.size, max(options.num_workers or 1, 1)
    check_dataset(settings["train_dataset"], total, workers=workers, ranks=ranks)
    if options.do_eval:
        if "val_dataset" not in settings:
            raise InputError("do_eval needs a val_dataset in the configuration; it has none")
        check_dataset(settings["val_dataset"], workers=workers, ranks=ranks)


def _asked_to_stop(request: Request, iteration: int, due: bool, place: str, ranks: Ranks) -> bool:
    """Whether a signal has reached any rank.

    Ranks on GPUs ask one another only now and then: the answer has to come to the host, and
    waits for all the work that the GPU still has to do.
    """
    asks = place == "cpu" or ranks.size == 1 or due or iteration % STOP_INTERVAL == 0
    return asks and ranks.any(request.number is not None)


def _save(step: Step, folder: RunFolder) -> None:
    """Save a checkpoint, on the first rank: before anything that may fail, such as evaluation."""
    checkpoint.check_finite(step.parts.model, folder.state["iteration"])
    step.average_statistics()
    step.remember(folder.state)
    average = None if step.average is None else step.average.arrays()
    save = partial(folder.save, step.parts, average, step.options.keep_checkpoint_max)
    step.ranks.together(save if step.ranks.first else lambda: None)


def _evaluate(step: Step, folder: RunFolder, log: Log, request: Request) -> bool:
    """Evaluate, on all ranks together, and keep the best model; False if it was stopped."""
    model, ranks, started = step.parts.model, step.ranks, time.perf_counter()
    dataset = step.parts.val_dataset
    assert dataset is not None, "_check_data asks for it"
    with step.evaluated_weights():
        with step.precision_of_weights():
            scores = evaluator.evaluate(
                model, dataset, ranks=ranks, stop=lambda: request.number is not None
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
