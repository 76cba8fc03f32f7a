"""A submission to the Cityscapes server: checking what is in the zip file.

``cityscapesscripts/evaluation/evalPixelLevelSemanticLabeling.py`` says what the server takes:
a PNG of label ids (not trainIds) for every test image, at its size, named after it. Taught in
``06_deployment``.
"""

import hashlib
import io
import json
import re
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from bisenet_lib.common.atomic_files import written_whole
from bisenet_lib.common.parallel import ahead
from bisenet_lib.config import class_names
from bisenet_lib.data.cityscapes import Frame, find_frames
from bisenet_lib.data.image_io import check_image
from bisenet_lib.data.labels import CLASS_NAMES, CLASSES, id2label, train_id_to_id
from bisenet_lib.deployment import engines, export
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation.evaluator import predict
from bisenet_lib.evaluation.tta import ONCE, Views
from bisenet_lib.network import checkpoint

_NAME = re.compile(r"([^_/]+_\d{6}_\d{6})[^/]*\.png")
"""The scorer takes ``<city>_123456_123456*.png``, in any folder."""
OVERHEAD = 1 << 16
"""Bytes of a PNG besides its pixels."""
_IDS = np.array([label.id for label in CLASSES])


def file_name(frame: Frame) -> str:
    """The name of a frame's prediction in the zip."""
    return f"{frame.stem}_labelIds.png"


def check_zip(path: Path, frames: Sequence[Frame]) -> list[str]:
    """Check a submission by reading every file in it.

    Args:
        path: the zip file.
        frames: of the split it is for, see :func:`bisenet_lib.data.cityscapes.find_frames`.

    Returns:
        What is wrong: a frame without a prediction or with two, a file that belongs to no
        frame, one that is no grey 8-bit PNG of its frame's size, or a value that is not one
        of the 19 evaluated label ids.

    Raises:
        InputError: no such file, or no zip file.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path}: no zip file, or one that is cut off ({error})") from error
    with archive:
        files: dict[str, list[str]] = defaultdict(list)
        for name in archive.namelist():
            if not name.endswith("/"):
                match = _NAME.fullmatch(name.rpartition("/")[2])
                files[match[1] if match else ""].append(name)
        wanted = {frame.stem: frame for frame in frames}
        strange = [name for stem, names in files.items() if stem not in wanted for name in names]
        problems = [f"{path}: {name}: belongs to no frame of the split" for name in strange]
        pairs = []
        for stem, frame in wanted.items():
            if len(files[stem]) == 1:
                pairs.append((frame, files[stem][0]))
            else:
                content = " and ".join(files[stem]) or "nothing"
                problems.append(f"{path}: {stem}: {content} in it, one file is needed")
        bar = tqdm(pairs, "checking", leave=False, unit="frame")
        for problem in ahead(lambda pair: _fault(archive, *pair), bar):
            problems += [f"{path}: {problem}"] if problem else []
    return problems


def _fault(archive: zipfile.ZipFile, frame: Frame, name: str) -> str | None:
    width, height = check_image(frame.image)
    size = archive.getinfo(name).file_size
    if size > 4 * width * height + OVERHEAD:
        return f"{name}: {size} bytes, more than a PNG of {width}x{height} pixels can have"
    try:
        with Image.open(io.BytesIO(archive.read(name))) as image:
            if (image.format, image.mode) != ("PNG", "L"):
                kind = f"a {image.format} of mode {image.mode}"
                return f"{name}: {kind}; the server takes PNG of one grey channel"
            if image.size != (width, height):
                pixels = "{}x{} pixels".format(*image.size)
                return f"{name}: {pixels}, its frame {width}x{height}"
            values = np.asarray(image)
    except Exception as error:  # a damaged file raises almost anything
        return f"{name}: cannot be decoded ({error})"
    wrong = np.setdiff1d(np.flatnonzero(np.bincount(values.ravel())), _IDS)
    if wrong.size:
        shown = ", ".join(
            f"{label_id} ({id2label[label_id].name if label_id in id2label else 'no label'})"
            for label_id in wrong[:3].tolist()
        )
        return f"{name}: the label id {shown}, which is not evaluated; are these trainIds?"
    return None


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

    Finished frames wait in a hidden folder beside the zip, so that a stopped run can go on; the
    zip itself appears when it is complete and
    :func:`bisenet_lib.evaluation.submission.check_zip` finds no fault in it.

    Args:
        settings: the checkpoint's resolved configuration.
        path: see :func:`bisenet_lib.network.checkpoint.weights_file`.
        root: a data set in the Cityscapes layout.
        output: the zip file.
        split: ``test`` for the server; ``val`` to try the scorer.
        engine: see :func:`bisenet_lib.deployment.engines.load_network`.
        device: see :func:`bisenet_lib.runtime.devices.select`.
        views: how often each image is looked at.

    Returns:
        The number of frames in it.

    Raises:
        InputError: no such data set, an image is damaged, the checkpoint does not fit, or the
            zip cannot be written.
    """
    if class_names.names_of(settings) != CLASS_NAMES:
        raise InputError(f"{path}: was not trained on the 19 classes of Cityscapes")
    if Path(output).suffix != ".zip":
        raise InputError(f"{output}: the server takes a .zip; give a name that ends in it")
    frames = find_frames(root, split)
    parts = _parts(settings, path, root, Path(output), views, engine)
    remaining = [frame for frame in frames if not (parts / file_name(frame)).is_file()]
    if remaining:
        network = engines.load_network(
            settings, path, engine=engine, device=device, names=CLASS_NAMES
        )
        with tqdm(total=len(frames), initial=len(frames) - len(remaining), unit="frame") as bar:
            for _ in _segment(network, export.reader(settings), remaining, parts, views):
                bar.update()
    _zip(frames, parts, Path(output))
    shutil.rmtree(parts)
    return len(frames)


def _segment(
    network: engines.Network,
    read: export.Reader,
    frames: Sequence[Frame],
    folder: Path,
    views: Views,
) -> Iterator[None]:
    """Write the label ids of each frame; reading, network and writing overlap."""
    ids = train_id_to_id()

    def write(item: tuple[Frame, np.ndarray]) -> None:
        frame, classes = item
        with written_whole(folder / file_name(frame)) as part:
            Image.fromarray(ids[classes]).save(part)

    samples = ahead(lambda frame: read(frame.image), frames)
    segmented = ((todo, predict(network, next(samples), views)) for todo in frames)
    yield from ahead(write, segmented)


def _parts(
    settings: Mapping[str, Any], path: Path, root: Path, output: Path, views: Views, engine: str
) -> Path:
    """The folder of finished frames: one for each checkpoint, data set, set of views and engine."""
    key = [settings["model"], settings["val_dataset"]["transforms"], views.as_dict(), engine]
    key.append(str(Path(root).resolve()))
    weights = checkpoint.weights_file(path).read_bytes()
    name = hashlib.sha256(json.dumps(key).encode() + weights).hexdigest()[:12]
    return output.with_name(f".{output.stem}.{name}")


def _zip(frames: Sequence[Frame], parts: Path, output: Path) -> None:
    with written_whole(output) as part:
        with zipfile.ZipFile(part, "w") as archive:  # stored: PNG is compressed already
            for frame in frames:
                archive.write(parts / file_name(frame), file_name(frame))
        problems = check_zip(part, frames)
        if problems:
            raise InputError("\n".join(problems[:10]))
