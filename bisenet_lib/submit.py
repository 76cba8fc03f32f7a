"""A submission to the Cityscapes server: label ids at full size, zipped, read again and checked.

Taught in ``06_deployment``.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from bisenet_lib import checkpoint, deployment, engines
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import predict
from bisenet_lib.files import written_whole
from bisenet_lib.frames import Frame, find_frames
from bisenet_lib.labels import CLASS_NAMES, train_id_to_id
from bisenet_lib.overlap import ahead
from bisenet_lib.submission import check_zip, file_name
from bisenet_lib.views import ONCE, Views


def submit(
    settings: Mapping[str, Any],
    path: Path,
    root: Path,
    output: Path,
    *,
    split: str = "test",
    engine: str = "auto",
    device: str = "auto",
    views: Views = ONCE,
) -> int:
    """Segment a split and zip the result as the Cityscapes server takes it.

    Finished frames wait in a hidden folder beside the zip, so that a stopped run goes on; the
    zip itself appears when it is whole and :func:`bisenet_lib.submission.check_zip` is content.

    Args:
        settings: the checkpoint's resolved configuration.
        path: see :func:`bisenet_lib.checkpoint.weights_file`.
        root: a data set in the Cityscapes layout.
        output: the zip file.
        split: ``test`` for the server; ``val`` to try the scorer.
        engine: see :func:`bisenet_lib.engines.load`.
        device: see :func:`bisenet_lib.devices.select`.
        views: how often each image is looked at.

    Returns:
        The number of frames in it.

    Raises:
        InputError: no such data set, an image is damaged, the checkpoint does not fit, or the
            zip cannot be written.
    """
    if deployment.names_of(settings) != CLASS_NAMES:
        raise InputError(f"{path}: was not trained on the 19 classes of Cityscapes")
    if Path(output).suffix != ".zip":
        raise InputError(f"{output}: the server takes a .zip; give a name that ends in it")
    frames = find_frames(root, split)
    parts = _parts(settings, path, root, Path(output), views)
    todo = [frame for frame in frames if not (parts / file_name(frame)).is_file()]
    if todo:
        network = engines.load(settings, path, engine=engine, device=device, names=CLASS_NAMES)
        with tqdm(total=len(frames), initial=len(frames) - len(todo), unit="frame") as bar:
            for _ in _segment(network, deployment.reader(settings), todo, parts, views):
                bar.update()
    _zip(frames, parts, Path(output))
    shutil.rmtree(parts)
    return len(frames)


def _segment(
    network: engines.Network,
    read: deployment.Reader,
    frames: Sequence[Frame],
    folder: Path,
    views: Views,
) -> Iterator[None]:
    """Write the label ids of each frame; reading, network and writing overlap."""
    ids = train_id_to_id()

    def write(one: tuple[Frame, np.ndarray]) -> None:
        frame, classes = one
        with written_whole(folder / file_name(frame)) as part:
            Image.fromarray(ids[classes]).save(part)

    samples = ahead(lambda frame: read(frame.image), frames)
    segmented = ((one, predict(network, next(samples), views)) for one in frames)
    yield from ahead(write, segmented)


def _parts(settings: Mapping[str, Any], path: Path, root: Path, output: Path, views: Views) -> Path:
    """The folder of finished frames: one for each checkpoint, data set and way to look."""
    about = [settings["model"], settings["val_dataset"]["transforms"], views.as_dict()]
    about.append(str(Path(root).resolve()))
    weights = checkpoint.weights_file(path).read_bytes()
    name = hashlib.sha256(json.dumps(about).encode() + weights).hexdigest()[:12]
    return output.with_name(f".{output.stem}.{name}")


def _zip(frames: Sequence[Frame], parts: Path, output: Path) -> None:
    with written_whole(output) as part:
        with zipfile.ZipFile(part, "w") as archive:  # stored: PNG is compressed already
            for frame in frames:
                archive.write(parts / file_name(frame), file_name(frame))
        problems = check_zip(part, frames)
        if problems:
            raise InputError("\n".join(problems[:10]))
