"""The three-minute challenge: the highest mIoU on MiniCity within a fixed amount of training.

The budget is counted in pixels that the network is trained on (image passes times the size of the
crop), so it is the same on every machine. Only the configuration may change. A submission is a
folder: the run's ``config.yml`` and ``metrics.jsonl``, the ``state.json`` of its newest checkpoint,
the weights that are scored, and ``submission.json``, which says what it claims.

What is checked: the configuration against the rules, the log against the configuration (learning
rates, epochs, heads, no gaps), the budget, and the score, which is computed again from the weights.
What cannot be: that the weights come from this log. Who writes a log by hand, trains on the
validation frames or goes on from weights of a longer run can forge a record. To be sure, train the
configuration of a submission again: the same seed gives nearly the same score.
"""

import json
import pickle
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from bisenet_lib.common import array_files, cache
from bisenet_lib.common.atomic_files import folder_written_whole, write_text
from bisenet_lib.config import configuration
from bisenet_lib.config.allowlist import KEEPS_SIZE, SETS_SIZE
from bisenet_lib.course.experiments import read_results
from bisenet_lib.course.templates import write_page
from bisenet_lib.data.minicity.dataset import SETTINGS, VERSION
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation.evaluator import evaluate_checkpoint
from bisenet_lib.network import checkpoint
from bisenet_lib.training import run_log

BASE = "laptop"
"""The profile that a challenger begins with; its run takes the whole budget."""
OWN = "minicity_fast"
"""The course's own entry: a configuration that keeps the rules, and a row of its experiments."""
IMAGE_PASSES, SIZE = 800, (256, 128)
BUDGET = IMAGE_PASSES * SIZE[0] * SIZE[1]
"""Pixels that a network may be trained on: 800 images of 256x128, as the laptop profile has it."""
TRAIN_FRAMES, VAL_FRAMES, FRAME_SIZE = 160, 40, (512, 256)
"""Of MiniCity as the course makes it."""
TOLERANCE = 0.002
"""By how much two machines' scores of the same weights may differ, as a fraction of mIoU."""
SMALLEST_CROP = 32
LARGEST_FILE = 20 << 20
"""Bytes of a submission's configuration, log or state that are read."""
CLAIM = "submission.json"
PAGE, TEMPLATE = "leaderboard.html", "leaderboard.html.j2"

MAY_CHANGE = re.compile(
    r"iters|batch_size|world_size|image_size|(ema|lr_scheduler|optimizer|loss)(\..*)?"
    r"|model\.(lambd|expansion|head_channels|aggregation|booster|align_corners)"
    r"|model\.(early_expansion|context_relu|extra_relu)"
    r"|train_dataset\.(transforms|dataset_root|train_path)"
    r"|val_dataset\.(transforms|dataset_root|val_path)"
)
"""The keys of a configuration that a challenger may change."""
FREE_RESIZE = ("keep_ratio", "size_divisor")
"""Options of Resize with which an image gets another size than its ``target_size``."""
RANGES = {"lambd": (1 / 32, 1), "expansion": (1, 12), "head_channels": (1, 1024)}


@dataclass(frozen=True)
class Entry:
    """A submission that was checked and scored again.

    Args:
        name: who or what it is.
        miou: on MiniCity's validation set, as scored now; a fraction.
        pixel_accuracy: the same.
        image_passes: images that the network was trained on, each as often as it was seen.
        size: (width, height) of the crops it was trained on.
        changed: the keys of the configuration that differ from the laptop profile's, and how.
        weights: a checksum of the weights file; "" for the course's own line, which is a mean.
    """

    name: str
    miou: float
    pixel_accuracy: float
    image_passes: int
    size: tuple[int, int]
    changed: Mapping[str, str]
    weights: str

    @property
    def share(self) -> float:
        """Of the budget that was used."""
        return self.image_passes * self.size[0] * self.size[1] / BUDGET


def submit(run: Path, out: Path, *, name: str, dataset: Path, device: str = "auto") -> Entry:
    """Make a submission of a run, if it keeps the rules, and score it.

    Args:
        run: the run folder, as `bisenet train` leaves it.
        out: the folder to make.
        name: what the leaderboard shows.
        dataset: MiniCity.
        device: see :func:`bisenet_lib.runtime.devices.select`.

    Returns:
        The entry, as :func:`check` gives it.

    Raises:
        InputError: the run breaks a rule, its record is not whole, or ``out`` cannot be written.
    """
    stored = checkpoint.open_newest(run)
    iteration = stored.state["iteration"]
    steps = stored.optimizer[checkpoint.SCHEDULE].get("last_epoch")
    if steps != iteration:
        raise InputError(
            f"{stored.folder}: its state says {iteration} iterations, its optimizer {steps}. "
            "Submit a run as `bisenet train` left it."
        )
    weights = checkpoint.weights_file(run)
    scored = weights.parent.name == checkpoint.BEST and checkpoint.best_model(run)
    claim = {"name": name, "iteration": scored["iteration"] if scored else iteration}
    logged = _logged_miou(run_log.read_log(run), claim["iteration"])
    arrays = array_files.read_arrays(weights)
    kept = {key: one for key, one in arrays.items() if not key.startswith(checkpoint.TRAINING_ONLY)}
    with folder_written_whole(out) as part:
        for record in (configuration.CONFIG, checkpoint.RECORD):
            if not (run / record).is_file():
                raise InputError(f"{run / record}: missing. Submit a run as it was left.")
            shutil.copyfile(run / record, part / record)
        checkpoint.write_state(part, stored.state)
        with (part / checkpoint.WEIGHTS).open("wb") as file:
            pickle.dump(kept, file, protocol=4)
        write_text(part / CLAIM, json.dumps({**claim, "miou": logged}, indent=2) + "\n")
        try:
            entry = check(part, dataset, device=device)
        except InputError as error:  # it shall name the run, not the unfinished copy
            raise InputError(str(error).replace(str(part), str(run))) from error
        write_text(part / CLAIM, json.dumps({**claim, "miou": entry.miou}, indent=2) + "\n")
    return entry


def check(folder: Path, dataset: Path, *, device: str = "auto") -> Entry:
    """Check a submission against the rules and its own record, and score its weights again.

    Args:
        folder: from :func:`submit`; it may come from anybody.
        dataset: MiniCity, as the course makes it.
        device: see :func:`bisenet_lib.runtime.devices.select`.

    Raises:
        InputError: the first rule that it breaks, or what in it is missing, damaged or
            contradicts the rest.
    """
    check_dataset(dataset)
    for name in (configuration.CONFIG, checkpoint.RECORD, checkpoint.STATE, CLAIM):
        _check_file(folder / name)
    claim = _read_claim(folder / CLAIM)
    config = folder / configuration.CONFIG
    settings = configuration.load_config(config)
    changed = check_rules(settings, str(config))
    size = trained_pixels(settings, str(config))
    records = run_log.read_log(folder)
    passes = check_record(settings, checkpoint.read_state(folder), records, size, folder)
    logged = _logged_miou(records, claim["iteration"])
    weights = folder / checkpoint.WEIGHTS
    on_minicity = configuration.load_config(config, dataset=dataset)
    scores = evaluate_checkpoint(on_minicity, weights, device=device).scores
    for where, told in ((checkpoint.RECORD, logged), (CLAIM, claim["miou"])):
        if told is not None and abs(told - scores.miou) > TOLERANCE:
            raise InputError(
                f"{folder / where}: says {100 * told:.2f} % mIoU at iteration "
                f"{claim['iteration']}, but the weights score {100 * scores.miou:.2f} %. "
                "They do not belong together."
            )
    digest = cache.digest(weights)
    return Entry(claim["name"], scores.miou, scores.pixel_accuracy, passes, size, changed, digest)


def check_dataset(root: Path) -> None:
    """Refuse what is not MiniCity as the course makes it: scores would not be comparable.

    Raises:
        InputError: it is another data set, or made with other settings.
    """
    try:
        made = json.loads((root / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        made = None
    if not _is_the_course_s(made):
        raise InputError(
            f"{root}: not MiniCity as the course makes it ({SETTINGS}). Make it with: "
            "bisenet minicity data/minicity"
        )


def _is_the_course_s(made: Any) -> bool:
    """Whether a data set's settings are those of MiniCity as the course makes it."""
    wanted = {"version": VERSION, "seed": 0, "size": list(FRAME_SIZE), "varied": 0}
    wanted |= {"train": TRAIN_FRAMES, "val": VAL_FRAMES}
    return isinstance(made, dict) and all(made.get(key) == one for key, one in wanted.items())


def check_rules(settings: Mapping[str, Any], source: str) -> dict[str, str]:
    """Refuse a configuration that changes what must stay the same for all.

    Args:
        settings: a resolved configuration.
        source: the file it came from, for the message.

    Returns:
        What it changes against the laptop profile: dotted key to the new value.

    Raises:
        InputError: a key that may not change, or a value out of its range.
    """
    differing = configuration.differences(configuration.load_config(BASE), settings)
    fixed = [key for key in differing if not MAY_CHANGE.fullmatch(key)]
    if fixed:
        before, now = differing[fixed[0]]
        raise InputError(
            f"{source}: {fixed[0]} is {now!r:.60}; in the challenge it must stay {before!r:.60}"
        )
    for key, (lowest, highest) in RANGES.items():
        value = settings["model"].get(key)
        known = value is None or (isinstance(value, int | float) and lowest <= value <= highest)
        if not known:
            raise InputError(f"{source}: model.{key} is {value!r}; give {lowest:g} to {highest}")
    section = settings["train_dataset"]
    path = section.get("train_path") or ""
    if Path(path) != Path(section["dataset_root"]) / "train.txt":
        raise InputError(
            f"{source}: train_path is {path!r}; the challenge trains on the train.txt of MiniCity "
            "alone"
        )
    _check_val_transforms(settings["val_dataset"]["transforms"], f"{source}: val_dataset")
    paths = ("dataset_root", "train_path", "val_path", "world_size")
    return {key: json.dumps(now) for key, (_, now) in differing.items() if not key.endswith(paths)}


def _check_val_transforms(transforms: Sequence[Mapping[str, Any]], where: str) -> None:
    size: tuple[int, int] | None = FRAME_SIZE
    for step in transforms:
        if step["type"] not in ("Resize", "Normalize"):
            raise InputError(f"{where}: {step['type']}; only Resize and Normalize may stand there")
        if step["type"] in SETS_SIZE:
            size = _size_after(step)
    if size is None or size[0] > FRAME_SIZE[0] or size[1] > FRAME_SIZE[1]:
        told = "no fixed size" if size is None else f"{size[0]}x{size[1]}"
        raise InputError(
            f"{where}: resizes to {told}; give a target_size of at most the frames' own "
            f"{FRAME_SIZE[0]}x{FRAME_SIZE[1]}, without {' and '.join(FREE_RESIZE)}"
        )


def _size_after(step: Mapping[str, Any]) -> tuple[int, int] | None:
    """(width, height) after a transform of ``SETS_SIZE``; None if its options do not fix it."""
    given = step.get(SETS_SIZE[step["type"]], (512, 512))
    whole = isinstance(given, list | tuple) and all(type(side) is int for side in given)
    if not whole or len(given) != 2 or any(step.get(option) for option in FREE_RESIZE):
        return None
    return given[0], given[1]


def trained_pixels(settings: Mapping[str, Any], source: str) -> tuple[int, int]:
    """The (width, height) of every image that reaches the network in training.

    Args:
        settings: a resolved configuration.
        source: the file it came from, for the message.

    Raises:
        InputError: the transforms do not fix it, or it is too small.
    """
    size: tuple[int, int] | None = FRAME_SIZE
    for step in settings["train_dataset"]["transforms"]:
        if step["type"] in SETS_SIZE:
            size = _size_after(step)
        elif step["type"] not in KEEPS_SIZE:
            size = None
    if size is None:
        raise InputError(
            f"{source}: train_dataset: its images have no fixed size, so the budget cannot be "
            "counted. End the changes of size with RandomPaddingCrop, or with Resize without "
            f"{' and '.join(FREE_RESIZE)}."
        )
    if min(size) < SMALLEST_CROP:
        raise InputError(f"{source}: crops of {size[0]}x{size[1]}; give {SMALLEST_CROP} or more")
    return size


def check_record(
    settings: Mapping[str, Any],
    state: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    size: tuple[int, int],
    folder: Path,
) -> int:
    """Check a run's log against its configuration, its checkpoint's state and the budget.

    Args:
        settings: a resolved configuration.
        state: of the newest checkpoint.
        records: of ``metrics.jsonl``.
        size: (width, height) of the images it was trained on.
        folder: that they come from, for the messages.

    Returns:
        The image passes of the run.

    Raises:
        InputError: they contradict each other, records are missing, the run began with the
            weights of another, or took more than the budget.
    """
    log, said = folder / checkpoint.RECORD, folder / checkpoint.STATE
    if "init_model" in state:
        raise InputError(
            f"{said}: the run began with the weights of {state['init_model']}; a challenger "
            "begins with fresh ones"
        )
    total = settings["batch_size"] * settings.get(configuration.WORLD_SIZE, 1)
    if state.get("total_batch") != total or not 1 <= total <= TRAIN_FRAMES:
        raise InputError(
            f"{said}: total_batch is {state.get('total_batch')}, the configuration's {total} "
            f"(batch_size x world_size, 1 to {TRAIN_FRAMES})"
        )
    steps = [record for record in records if "loss" in record]
    iterations = [record["iteration"] for record in steps]
    gaps = np.diff([0, *iterations])
    if not len(gaps) or gaps.min() < 1 or gaps.max() > gaps[0]:
        raise InputError(f"{log}: not the whole log of a run: records are missing or twice")
    last = max(iterations[-1], state["iteration"])
    if last - iterations[-1] > gaps[0] or last > settings["iters"]:
        raise InputError(
            f"{log}: ends at iteration {iterations[-1]}; the checkpoint is of {state['iteration']} "
            f"and the configuration has {settings['iters']}"
        )
    check_budget(last * total, size, str(folder))
    _check_steps(settings, steps, total, log)
    return last * total


def _check_steps(
    settings: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], total: int, log: Path
) -> None:
    """Refuse records that a run with this configuration on MiniCity cannot have written."""
    with configuration.refusals():
        schedule = configuration.builder(settings).lr_scheduler
    rates = [schedule.get_lr()]
    while len(rates) < steps[-1]["iteration"]:
        schedule.step()
        rates.append(schedule.get_lr())
    heads = len(settings["loss"]["coef"])
    for record in steps:
        done = record["iteration"]
        epoch = (done - 1) // (TRAIN_FRAMES // total) + 1
        expected = {"lr": rates[done - 1], "epoch": epoch, "losses": heads}
        try:
            told = {"lr": record["lr"], "epoch": record["epoch"], "losses": len(record["losses"])}
            wrong = [key for key in told if not np.isclose(told[key], expected[key], rtol=1e-4)]
        except (KeyError, TypeError) as error:
            raise InputError(f"{log}: iteration {done}: not a record of a training") from error
        if wrong:
            key = wrong[0]
            raise InputError(
                f"{log}: iteration {done}: {key} is {told[key]:g}; a run with this configuration "
                f"on MiniCity's {TRAIN_FRAMES} training frames has {expected[key]:g}"
            )


def check_budget(image_passes: int, size: tuple[int, int], source: str) -> None:
    """Refuse a run that trained on more pixels than the budget.

    Raises:
        InputError: the message tells how many images of its size fit.
    """
    pixels = size[0] * size[1]
    if image_passes * pixels > BUDGET:
        raise InputError(
            f"{source}: trained on {image_passes} images of {size[0]}x{size[1]}, "
            f"{image_passes * pixels / BUDGET:.2f} times the budget: at this size it is "
            f"{BUDGET // pixels} images (iters x batch_size x processes)"
        )


def line_to_beat(measured: Path) -> Entry | None:
    """The course's own entry: the mean over the seeds that `make experiments` measured it with.

    Args:
        measured: the results of the course's experiments.

    Returns:
        None where there is no such file, or it does not have :data:`OWN` on this MiniCity.

    Raises:
        InputError: the file is damaged.
    """
    if not measured.is_file():
        return None
    results = read_results(measured)
    runs = [run for row in results["rows"] if row["name"] == OWN for run in row["runs"]]
    if not runs or not _is_the_course_s(results.get("dataset")):
        return None
    scores = [run["miou"] for run in runs]
    spread = f" (± {100 * np.std(scores, ddof=1):.2f})" if len(runs) > 1 else ""
    settings = configuration.load_config(OWN)
    return Entry(
        f"the course's own: {OWN}, mean of {len(runs)} seed{'s' * (len(runs) > 1)}{spread}",
        float(np.mean(scores)),
        float(np.mean([run["pixel_accuracy"] for run in runs])),
        settings["iters"] * settings["batch_size"],
        trained_pixels(settings, OWN),
        check_rules(settings, OWN),
        weights="",
    )


def leaderboard(
    folder: Path, dataset: Path, *, line: Entry | None = None, device: str = "auto"
) -> list[Entry]:
    """Check and score all submissions in a folder, and write ``leaderboard.html`` there.

    Args:
        folder: it has a folder for each submission, from :func:`submit`.
        dataset: MiniCity.
        line: what they are compared with, from :func:`line_to_beat`.
        device: see :func:`bisenet_lib.runtime.devices.select`.

    Returns:
        The entries and the line, best first. Those that are refused stand on the page with the
        reason.

    Raises:
        InputError: there is no submission, or the page cannot be written.
    """
    check_dataset(dataset)
    handed_in = [one for one in sorted(folder.glob("[!.]*")) if one.name != PAGE]
    if not handed_in:
        raise InputError(
            f"{folder}: no submission there; `bisenet course challenge submit` makes one"
        )
    entries, refused = [line] if line else [], {}
    for one in handed_in:
        try:
            if not one.is_dir():
                raise InputError(f"{one}: not a folder; unpack it, or move it away")
            entries.append(check(one, dataset, device=device))
        except Exception as error:  # what a stranger hands in may raise almost anything
            told = str(error) if isinstance(error, InputError) else f"damaged ({error!r:.200})"
            refused[one.name] = told.replace(f"{folder}/", "")
    entries.sort(key=lambda entry: -entry.miou)
    first = {entry.weights: entry.name for entry in reversed(entries)}
    rows = [
        {
            **asdict(entry),
            "place": place,
            "share": entry.share,
            "same": first[entry.weights] if first[entry.weights] != entry.name else "",
        }
        for place, entry in placed(entries)
    ]
    write_page(
        TEMPLATE,
        folder / PAGE,
        rows=rows,
        refused=refused,
        passes=IMAGE_PASSES,
        size=SIZE,
        minicity=VERSION,
        written=datetime.now().astimezone(),
    )
    return entries


def placed(entries: Sequence[Entry]) -> list[tuple[str, Entry]]:
    """Each entry with its place; the course's own takes none.

    Args:
        entries: best first.
    """
    places = count(1)
    return [(f"{next(places)}." if entry.weights else "-", entry) for entry in entries]


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"{path}: missing; `bisenet course challenge submit` makes a whole one")
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"{path}: more than {LARGEST_FILE >> 20} MB")


def _read_claim(path: Path) -> dict[str, Any]:
    try:
        claim = json.loads(path.read_text(encoding="utf-8"))
        name, iteration, miou = claim["name"], claim["iteration"], claim["miou"]
        whole = isinstance(name, str) and 0 < len(name) <= 60 and type(iteration) is int
        whole = whole and (miou is None or 0 <= float(miou) <= 1)
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise InputError(
            f"{path}: damaged; it holds a name (to 60 letters), an iteration and a miou (0 to 1)"
        )
    return claim


def _logged_miou(records: Sequence[Mapping[str, Any]], iteration: int) -> float | None:
    """What a run's log says that its network scored at an iteration; None if it says nothing."""
    scored = {one["iteration"]: one["miou"] for one in records if "miou" in one}
    miou = scored.get(iteration)
    return miou if isinstance(miou, int | float) else None
