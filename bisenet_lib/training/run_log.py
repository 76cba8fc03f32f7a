"""The record of a training run: ``metrics.jsonl`` and VisualDL. Taught in ``03_training``."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from bisenet_lib.common.atomic_files import write_text
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation.metrics import Scores
from bisenet_lib.runtime.paddleseg_compat import paddle
from bisenet_lib.runtime.ranks import Ranks

if TYPE_CHECKING:
    from visualdl import LogWriter


class Log:
    """The record of a run: ``metrics.jsonl``, VisualDL, and the running averages.

    The files are opened, and what an earlier run wrote later than ``state`` is dropped, when the
    first record is written: a run that fails before that has changed nothing.

    Args:
        run: the run folder.
        state: where training stands: ``iteration``, and ``evaluation_due`` if that iteration is
            to be evaluated (again).
        use_vdl: write VisualDL's files as well.
        ranks: this process among the others; the first writes, for all.
    """

    def __init__(self, run: Path, state: Mapping[str, Any], *, use_vdl: bool, ranks: Ranks) -> None:
        self.path = run / "metrics.jsonl"
        self._ranks, self._use_vdl = ranks, use_vdl
        self._start = (state["iteration"], state.get("evaluation_due", False))
        self._file: TextIO | None = None
        self._vdl: LogWriter | None = None
        self._losses: list[list[paddle.Tensor]] = []
        self._images: list[list[int]] = []
        self._total_images = 0
        self._seconds = self._total_seconds = 0.0
        self._clock = time.perf_counter()
        self.scores: Scores | None = None

    @property
    def images_per_second(self) -> float:
        """Of all steps so far."""
        return self._total_images / self._total_seconds if self._total_seconds else math.nan

    def restart_clock(self) -> None:
        """Leave out the time since the last step (evaluation, saving)."""
        self._clock = time.perf_counter()

    def step(self, losses: list[paddle.Tensor], images: list[int]) -> None:
        """Note one training step, reading included: its losses, its images in the data set."""
        self._losses.append([loss.detach() for loss in losses])
        self._images.append(images)
        now = time.perf_counter()
        self._seconds += now - self._clock
        self._clock = now

    def flush(
        self, iteration: int, epoch: int, learning_rate: float, files: Sequence[Sequence[str]]
    ) -> dict[str, Any]:
        """Write the averages since the last record, over all ranks, and give the record.

        Args:
            iteration: iterations done.
            epoch: the one they are in.
            learning_rate: of this iteration.
            files: the data set's (image, label) paths, to name those that gave no number.

        Raises:
            InputError: a loss of this rank is not finite.
        """
        losses = np.array([[float(loss) for loss in step] for step in self._losses])
        now = time.perf_counter()  # a GPU has done the steps only now that their losses are read
        self._seconds += now - self._clock
        self._clock = now
        for step, images in enumerate(self._images):
            if not np.isfinite(losses[step]).all():
                names = ", ".join(files[index][0] for index in images)
                raise InputError(
                    f"the loss is {losses[step].sum()} at iteration "
                    f"{iteration - len(losses) + step + 1} with learning rate "
                    f"{learning_rate:g}, on {names}. Lower --learning-rate; the last checkpoint "
                    "is kept."
                )
        means = self._ranks.sum(losses.mean(0)) / self._ranks.size
        image_count = sum(map(len, self._images)) * self._ranks.size
        record = {
            "iteration": iteration,
            "epoch": epoch,
            "loss": means.sum(),
            "losses": means.tolist(),
            "lr": learning_rate,
            "ips": image_count / self._seconds,
        }
        self._total_images += image_count
        self._total_seconds += self._seconds
        self._losses, self._images, self._seconds = [], [], 0.0
        self._write("Train", record)
        return record

    def evaluated(self, iteration: int, scores: Scores, seconds: float) -> None:
        """Write one evaluation; an absent class has None in place of its IoU."""
        self.scores = scores
        record = {"iteration": iteration, "miou": scores.miou, "acc": scores.pixel_accuracy}
        iou = [None if np.isnan(value) else round(value, 4) for value in scores.iou.tolist()]
        self._write("Evaluate", {**record, "iou": iou, "seconds": seconds})

    def close(self) -> None:
        """Close the files."""
        if self._file is not None:
            self._file.close()
        if self._vdl is not None:
            self._vdl.close()

    def _open(self) -> TextIO:
        iteration, evaluation_due = self._start
        records = [
            record
            for record in read_log(self.path.parent)
            if record["iteration"] < iteration
            or (record["iteration"] == iteration and not (evaluation_due and "miou" in record))
        ]
        write_text(self.path, "".join(json.dumps(record) + "\n" for record in records))
        self._vdl = _visualdl(self.path.parent) if self._use_vdl else None
        return self.path.open("a", encoding="utf-8")

    def _write(self, group: str, record: dict[str, Any]) -> None:
        if not self._ranks.first:
            return
        if self._file is None:
            self._file = self._open()
        try:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be written ({error.strerror}). Free space and go on with "
                "--resume-model."
            ) from error
        if self._vdl is None:
            return
        scalars = {key: value for key, value in record.items() if isinstance(value, float)}
        scalars |= {f"loss_{n}": value for n, value in enumerate(record.get("losses", []))}
        for key, value in scalars.items():
            self._vdl.add_scalar(f"{group}/{key}", value, record["iteration"])


def read_log(run: Path) -> list[dict[str, Any]]:
    """Read a run's ``metrics.jsonl``.

    Args:
        run: the run folder.

    Returns:
        One dict per record, oldest first; training records have ``loss``, evaluations ``miou``.
        Lines that are no record, such as one cut off by a power cut, are left out; no file
        gives no records.
    """
    path = Path(run) / "metrics.jsonl"
    lines = path.read_bytes().splitlines() if path.is_file() else []
    records = []
    for line in lines:
        with suppress(ValueError):  # JSON or UTF-8
            record = json.loads(line)
            if isinstance(record, dict) and isinstance(record.get("iteration"), int):
                records.append(record)
    return records


def _visualdl(run: Path) -> "LogWriter":
    from visualdl import LogWriter

    return LogWriter(str(run))
