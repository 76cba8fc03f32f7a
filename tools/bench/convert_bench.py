"""How fast labels are converted, beside cityscapesscripts' json2labelImg on the same frames.

Frames are 2048x1024 with about 60 polygons, as Cityscapes has them. A few are drawn and
linked under many names, so that the half second a worker needs to start is small beside the
work, as it is with the 3,475 frames of Cityscapes.
"""

import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from cityscapesscripts.preparation.json2labelImg import json2labelImg
from PIL import Image

from bisenet_lib.data.cityscapes import Frame, find_frames
from bisenet_lib.data.conversion import convert
from bisenet_lib.data.labels import LABELS

SIZE = (2048, 1024)
DRAWN = 8
LINKED = 1500
REFERENCE = 100
"""So many frames give json2labelImg's time a frame."""
ROUNDS = 2


def _polygons(rng: np.random.Generator) -> dict:
    width, height = SIZE
    band = [[0, 0], [width, 0], [width, height], [0, height]]
    objects = [{"label": "building", "polygon": band}]
    objects += [{"label": "road", "polygon": [[x, max(y, height // 2)] for x, y in band]}]
    names = [label.name for label in LABELS if label.id >= 0]
    for _ in range(60):
        corners = int(rng.integers(8, 60))
        turn = np.sort(rng.uniform(0, 2 * np.pi, corners))
        reach = rng.uniform(10, 150) * rng.uniform(0.8, 1.1, corners)
        centre = rng.uniform((0, height // 4), (width, 3 * height // 4))
        points = centre + reach[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
        objects.append({"label": str(rng.choice(names)), "polygon": points.astype(int).tolist()})
    return {"imgWidth": width, "imgHeight": height, "objects": objects}


def _draw(frame: Frame, rng: np.random.Generator) -> None:
    for path in (frame.image, frame.polygons):
        path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", SIZE, (90, 90, 90)).save(frame.image)
    frame.polygons.write_text(json.dumps(_polygons(rng)), encoding="utf-8")
    json2labelImg(str(frame.polygons), str(frame.label_ids))


def make_tree(root: Path) -> list[Frame]:
    """Write the frames of the bench.

    Args:
        root: an empty folder.

    Returns:
        All frames, the drawn ones first.
    """
    rng = np.random.default_rng(0)
    frames = [Frame(root, "train", "bench", f"bench_{n:06}_000000") for n in range(LINKED)]
    for number, frame in enumerate(frames):
        if number < DRAWN:
            _draw(frame, rng)
            continue
        drawn = frames[number % DRAWN]
        for kind in ("image", "polygons", "label_ids"):
            os.link(getattr(drawn, kind), getattr(frame, kind))
    return frames


def _reference(root: Path) -> None:
    for frame in find_frames(root)[:REFERENCE]:
        json2labelImg(str(frame.polygons), str(frame.label_train_ids), "trainIds")


def _convert(root: Path, workers: int) -> None:
    done = convert(root, workers=workers)
    if done.counts() != {"labelIds": LINKED}:
        raise RuntimeError(f"the bench did not convert: {done.counts()}, {done.problems[:3]}")


def _ms_per_frame(task: Callable[[], None], root: Path, frames: int) -> float:
    for frame in find_frames(root):
        frame.label_train_ids.unlink(missing_ok=True)
    start = time.perf_counter()
    task()
    return 1000 * (time.perf_counter() - start) / frames


def rows() -> list[tuple[str, str, str]]:
    """Measure, all in this run: the best of several rounds, taken in turn.

    Returns:
        (what, time a frame, ratio and target) of each row.
    """
    with TemporaryDirectory() as folder:
        root = Path(folder)
        make_tree(root)
        tasks = [
            (partial(_reference, root), REFERENCE),
            (partial(_convert, root, 1), LINKED),
            (partial(_convert, root, 2), LINKED),
        ]
        rounds = [[_ms_per_frame(task, root, n) for task, n in tasks] for _ in range(ROUNDS)]
    reference, one, two = (min(times) for times in zip(*rounds, strict=True))
    return [
        ("json2labelImg, trainIds", f"{reference:.1f} ms/frame", ""),
        (
            "bisenet convert, 1 process",
            f"{one:.1f} ms/frame",
            f"{one / reference:.2f} times json2labelImg (at most 1.3)",
        ),
        (
            "bisenet convert, 2 processes",
            f"{two:.1f} ms/frame",
            f"{one / two:.2f} times as fast as 1 (at least 1.6)",
        ),
    ]


if __name__ == "__main__":
    for row in rows():
        print("{:<30} {:>16}   {}".format(*row))
