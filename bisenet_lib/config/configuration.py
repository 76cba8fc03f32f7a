"""Training configurations: PaddleSeg's YAML, resolved and checked.

One file drives this library and PaddleSeg's own tools alike (PaddleSeg docs,
``docs/design/use/use.md``). Taught in ``03_training``.
"""

import copy
import inspect
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeGuard

import yaml

from bisenet_lib.common.atomic_files import holds_weights, write_text
from bisenet_lib.config.allowlist import check_known, check_length
from bisenet_lib.config.augmentation import OWN
from bisenet_lib.config.profiles import find_config
from bisenet_lib.data.image_io import Size
from bisenet_lib.errors import InputError, did_you_mean, refuse_address
from bisenet_lib.network.bisenetv2 import BiSeNetV2
from bisenet_lib.network.losses import CPUCrossEntropyLoss
from bisenet_lib.runtime.paddleseg_compat import paddle

from paddleseg.cvlibs import Config, SegBuilder, manager  # isort: skip
from paddleseg.cvlibs.config import merge_config_dicts  # isort: skip

SECTIONS = {
    "model": {**manager.MODELS.components_dict, "BiSeNetV2": BiSeNetV2},
    "train_dataset": manager.DATASETS.components_dict,
    "val_dataset": manager.DATASETS.components_dict,
    "optimizer": manager.OPTIMIZERS.components_dict,
}
CONFIG = "config.yml"
"""The name of the configuration file that lies beside weights or in a data set."""
MOST_BYTES = 1 << 20
"""The largest configuration file that is read."""
MOST_KEYS = 1000
"""The most keys of a section."""
NUMBERS = ("batch_size", "iters")
WORLD_SIZE = "world_size"
"""The processes (GPUs) that a configuration's learning rate was chosen for; 1 if it is missing."""
EMA = "ema"
"""The average of the weights, see :class:`bisenet_lib.training.ema.WeightAverage`:
``{decay: 0.99}``. PaddleSeg's tools read past it; its ``train.py`` trains without."""
IMAGE_SIZE = "image_size"
"""Width and height of the images that the network is trained on, before they are scaled and cropped
at random; for a configuration that resizes none. PaddleSeg passes over it."""
LARGEST = 8192
"""Pixels of a side of :data:`IMAGE_SIZE`, at most."""
_OWN_KEYS = (WORLD_SIZE, EMA, IMAGE_SIZE)
TOP_LEVEL = (*SECTIONS, *NUMBERS, *_OWN_KEYS, "lr_scheduler", "loss", "test_config")


def load_config(
    name: str | Path,
    *,
    dataset: Path | None = None,
    iters: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    any_component: bool = False,
) -> dict[str, Any]:
    """Read a configuration, apply the changes that are given, and check every key.

    A configuration may come from a stranger, as one beside weights does: it may name only the
    components of :mod:`bisenet_lib.config.allowlist`, which run nothing and fetch nothing.

    Args:
        name: see :func:`bisenet_lib.config.profiles.find_config`.
        dataset: root of a data set with ``train.txt`` and ``val.txt``.
        iters: training iterations.
        batch_size: images per iteration and process.
        learning_rate: at iteration 0; the schedule decays it.
        any_component: allow all that PaddleSeg has: for a file the user wrote and trusts, as
            with ``--config``. A ``config.yml`` beside weights does not count as one.

    Returns:
        The resolved configuration, a dict in PaddleSeg's schema.

    Raises:
        InputError: no such file, not YAML, an unknown or missing key, a value out of range, or
            a component that is not allowed.
    """
    path = find_config(name)
    settings = read_config(path)
    check_config(settings, source=str(path))
    if not any_component or (path.name == CONFIG and holds_weights(path.parent)):
        check_known(settings, source=str(path))
    for split in ("train", "val"):
        section = settings.get(f"{split}_dataset")
        if dataset is not None and section is not None:
            section["dataset_root"] = str(dataset)
            if section["type"] == "Dataset":
                section[f"{split}_path"] = str(Path(dataset) / f"{split}.txt")
    changes = {"iters": iters, "batch_size": batch_size}
    settings |= {key: value for key, value in changes.items() if value is not None}
    if learning_rate is not None:
        settings["lr_scheduler"]["learning_rate"] = learning_rate
    check_config(settings, source=str(path))
    return settings


def read_config(path: Path) -> dict[str, Any]:
    """Read a configuration file and those it is based on, without checking their values.

    Raises:
        InputError: not YAML, or the files refer to each other in a circle.
    """
    faults = (yaml.YAMLError, OSError, AttributeError, TypeError, ValueError, RecursionError)
    try:
        return _merged(path, ())
    except faults as error:
        raise InputError(f"{path}: not a configuration in YAML ({error})") from error


def differences(before: Any, now: Any, key: str = "") -> dict[str, tuple[Any, Any]]:
    """Compare two resolved configurations.

    Args:
        before: one of them, or a section of it.
        now: the other.
        key: the dotted key of the sections.

    Returns:
        Dotted key (``lr_scheduler.power``) to both values, None where a value is missing; lists,
        as of transforms, are compared whole.
    """
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        keys = [(f"{key}.{name}" if key else str(name), name) for name in {**before, **now}]
        pairs = [differences(before.get(name), now.get(name), dotted) for dotted, name in keys]
        return {dotted: values for pair in pairs for dotted, values in pair.items()}
    same = before == now or (isinstance(before, list | tuple) and list(before) == list(now or []))
    return {} if same else {key: (before, now)}


def expected_rate(name: str | Path, batch_size: int, ranks: int) -> tuple[float, str]:
    """The learning rate that fits a total batch: it grows in proportion to the batch.

    Goyal et al. 2017 (arXiv:1706.02677), section 2.1. A configuration's rate belongs to its
    own batch size, times the processes it was written for (``world_size``).

    Args:
        name: the configuration, see :func:`bisenet_lib.config.profiles.find_config`.
        batch_size: images per iteration and process.
        ranks: processes.

    Returns:
        The learning rate, and a sentence that explains it.
    """
    path = find_config(name)
    written = read_config(path)
    world_size = written.get(WORLD_SIZE, 1)
    total, total_written = batch_size * ranks, written["batch_size"] * world_size
    rate_written = written["lr_scheduler"]["learning_rate"]
    rate = rate_written * total / total_written
    return rate, (
        f"the learning rate of {path.stem}, {rate_written:g}, belongs to {total_written} images an "
        f"iteration ({written['batch_size']} x {world_size}). This run has {total} ({batch_size} x "
        f"{ranks}): --learning-rate {rate:g} fits."
    )


def check_config(settings: Mapping[str, Any], *, source: str) -> None:
    """Refuse what PaddleSeg would ignore, or fail on later.

    Args:
        settings: a resolved configuration.
        source: the file it came from, for the message.

    Raises:
        InputError: an unknown or missing key, or a value out of range.
    """
    if "learning_rate" in settings:
        raise InputError(f"{source}: learning_rate belongs inside lr_scheduler")
    _known(settings, TOP_LEVEL, source)
    for key in ("model", "train_dataset", "optimizer", "lr_scheduler", "loss", *NUMBERS):
        if key not in settings:
            raise InputError(f"{source}: the key {key!r} is missing")
    for key in (*NUMBERS, WORLD_SIZE):
        if key in settings and not _whole(settings[key]):
            raise InputError(f"{source}: {key} is {settings[key]!r}; give a whole number from 1")
    for key, known in SECTIONS.items():
        if key in settings:
            _component(settings[key], known, f"{source}: {key}")
    for key in ("train_dataset", "val_dataset"):
        if key in settings:
            _check_dataset(settings[key], key.removesuffix("_dataset"), f"{source}: {key}")
    _check_image_size(settings, source)
    _check_loss(settings["loss"], f"{source}: loss")
    heads, coefficients = _outputs(settings["model"]), settings["loss"]["coef"]
    if heads not in (None, len(coefficients)):
        raise InputError(
            f"{source}: loss: coef has {len(coefficients)} values; {settings['model']['type']} has "
            f"{heads} outputs in training and needs one for each"
        )
    _check_schedule(settings["lr_scheduler"], settings["iters"], f"{source}: lr_scheduler")
    _check_ema(settings.get(EMA), f"{source}: {EMA}")


def trained_size(settings: Mapping[str, Any]) -> Size | None:
    """The size of the images that a configuration's network is trained on.

    Args:
        settings: a resolved configuration.

    Returns:
        (width, height): what its validation transforms resize to, else its ``image_size``; None
        if it has neither, as PaddleSeg's own.

    Raises:
        InputError: the size is none.
    """
    where, size = IMAGE_SIZE, settings.get(IMAGE_SIZE)
    for transform in settings.get("val_dataset", {}).get("transforms", ()):
        if transform["type"] == "Resize":
            where = "val_dataset: the target_size of Resize"
            size = transform.get("target_size", [512, 512])
    if size is None:
        return None
    listed = isinstance(size, list | tuple) and len(size) == 2
    if not listed or not all(_whole(side) and side <= LARGEST for side in size):
        raise InputError(
            f"{where} is {size!r}; give [width, height] in pixels, 1 to {LARGEST} each"
        )
    return size[0], size[1]


def as_image_size(size: Size) -> list[int]:
    """A data set's own size as :data:`IMAGE_SIZE`: images of more than 8192 a side as if smaller.

    Args:
        size: (width, height) in pixels.
    """
    scale = min(1.0, LARGEST / max(size))
    return [max(1, round(scale * side)) for side in size]


def with_size(settings: Mapping[str, Any], size: Size | None) -> dict[str, Any]:
    """A configuration whose :func:`trained_size` is another.

    Args:
        settings: a resolved configuration.
        size: (width, height); None for images of any size, as they are.
    """
    changed = copy.deepcopy(dict(settings))
    changed.pop(IMAGE_SIZE, None)
    section = changed.get("val_dataset", {})
    resizes = [step for step in section.get("transforms", ()) if step["type"] == "Resize"]
    if size is not None and resizes:
        resizes[-1]["target_size"] = list(size)
    elif size is not None:
        changed[IMAGE_SIZE] = list(size)
    elif resizes:
        section["transforms"] = [step for step in section["transforms"] if step not in resizes]
    return changed


def builder(settings: Mapping[str, Any]) -> SegBuilder:
    """PaddleSeg's builder: ``.model``, ``.optimizer``, ``.loss``, ``.train_dataset`` and so on.

    Args:
        settings: a resolved configuration, as :func:`load_config` gives it.

    Returns:
        The builder; it makes each component on first use: do that inside :func:`refusals`.

    Raises:
        InputError: PaddleSeg's own checks refuse the configuration.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yml"
        save_config(settings, path)
        with refusals():
            return _Builder(Config(str(path)))


class _Builder(SegBuilder):
    """PaddleSeg's builder with this library's network, and on a CPU with this library's loss."""

    def load_component_class(self, class_type: str) -> type:
        if class_type == "BiSeNetV2":
            return BiSeNetV2
        if class_type == "CrossEntropyLoss" and paddle.get_device() == "cpu":
            return CPUCrossEntropyLoss
        return super().load_component_class(class_type)


def build_component(section: Mapping[str, Any]) -> Any:
    """Make one component (a data set, a transform, a loss) from its section.

    Raises:
        InputError: PaddleSeg refuses its values.
    """
    with refusals():
        return SegBuilder(None).build_component(dict(section))


def save_config(settings: Mapping[str, Any], path: Path) -> None:
    """Write a resolved configuration as YAML that PaddleSeg's tools read.

    Args:
        settings: a resolved configuration.
        path: the file to write, whole or not at all.

    Raises:
        InputError: the folder cannot be written to.
    """
    write_text(path, yaml.safe_dump(dict(settings), sort_keys=False))


@contextmanager
def refusals(where: str = "configuration") -> Iterator[None]:
    """Turn the error with which a component refuses a value into an InputError."""
    try:
        yield
    except (RuntimeError, AssertionError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"{where}: {lines[-1]}") from error


class _Loader(yaml.SafeLoader):
    """Reads plain values only, and does not let merges (``<<``) grow without end."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        if len(node.value) > MOST_KEYS:
            raise ValueError(f"it unfolds to more than {MOST_KEYS} keys")


def _merged(path: Path, chain: tuple[Path, ...]) -> dict[str, Any]:
    """Read a file and those its ``_base_`` names, merged as PaddleSeg merges them."""
    if path.resolve() in chain:
        raise ValueError(f"its _base_ leads back to {path}")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path}: more than {MOST_BYTES} bytes")
    settings = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)
    check_length(settings)
    if not isinstance(settings, dict):
        raise ValueError(f"it holds {settings!r:.40}")
    bases = settings.pop("_base_", [])
    for base in [bases] if isinstance(bases, str) else bases:
        base_settings = _merged(path.parent / base, (*chain, path.resolve()))
        settings = merge_config_dicts(settings, base_settings)
    return settings


def _whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _real(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _outputs(model: Mapping[str, Any]) -> int | None:
    """How many outputs the network has in training, auxiliary heads included; None if unknown."""
    if model["type"] != "BiSeNetV2":
        return None
    return 5 if model.get("booster", True) and model.get("aggregation") != "detail" else 1


def _check_dataset(section: Mapping[str, Any], mode: str, where: str) -> None:
    transforms = section.get("transforms")
    if not isinstance(transforms, list):
        raise InputError(f"{where}: transforms is {transforms!r}; give a list")
    for item in transforms:
        _component(item, manager.TRANSFORMS.components_dict, f"{where}.transforms")
    if section.get("mode", "train") != mode:
        raise InputError(f"{where}: mode is {section.get('mode')!r}; it must be {mode!r}")
    if not isinstance(section.get("dataset_root"), str):
        raise InputError(f"{where}: dataset_root is {section.get('dataset_root')!r}; give a folder")
    for key in ("dataset_root", f"{mode}_path"):
        refuse_address(section.get(key, ""), f"{where}: {key}: ")
    if section["type"] == "Dataset" and not _whole(section.get("num_classes")):
        num_classes = section.get("num_classes")
        raise InputError(f"{where}: num_classes is {num_classes!r}; give a whole number from 1")
    _check_own_transforms(section, mode, f"{where}.transforms")


def _check_own_transforms(section: Mapping[str, Any], mode: str, where: str) -> None:
    """Refuse values, and places in the list, that this library's transforms cannot work with."""
    types = [item["type"] for item in section["transforms"]]
    normalized = types.index("Normalize") if "Normalize" in types else len(types)
    for position, item in enumerate(section["transforms"]):
        if item["type"] not in OWN:
            continue
        place = f"{where} ({item['type']})"
        if mode != "train":
            raise InputError(f"{place}: it augments training images; remove it here")
        if position > normalized:
            raise InputError(f"{place}: it needs values of 0 to 255; put it before Normalize")
        with refusals(place):
            OWN[item["type"]](**{key: item[key] for key in item if key != "type"})
        num_classes = section.get("num_classes", 256)
        strange = [one for one in item.get("classes", []) if one >= num_classes]
        if strange:
            raise InputError(f"{place}: no class {strange[0]}; num_classes is {num_classes}")


def _check_image_size(settings: Mapping[str, Any], source: str) -> None:
    try:
        stated = trained_size({IMAGE_SIZE: settings.get(IMAGE_SIZE)})
        resized = trained_size(settings)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    if stated is not None and resized is not None and stated != resized:
        raise InputError(
            f"{source}: {IMAGE_SIZE} is {list(stated)}, but val_dataset resizes its images to "
            f"{list(resized)}: write {IMAGE_SIZE}: {list(resized)}, or resize to {list(stated)}"
        )


def _check_loss(loss: Any, where: str) -> None:
    if not isinstance(loss, Mapping):
        raise InputError(f"{where}: {loss!r} is no section with types and coef")
    _known(loss, ("types", "coef"), where)
    for key in ("types", "coef"):
        if not isinstance(loss.get(key), list) or not loss[key]:
            raise InputError(f"{where}: {key} is {loss.get(key)!r}; give a list")
    for item in loss["types"]:
        _component(item, manager.LOSSES.components_dict, f"{where}.types")


def _check_ema(section: Any, where: str) -> None:
    if section is None:
        return
    if not isinstance(section, Mapping):
        raise InputError(f"{where} is {section!r}; give a section, as {{decay: 0.99}}")
    _known(section, ("decay",), where)
    decay = section.get("decay")
    if not _real(decay) or not 0 <= decay < 1:
        raise InputError(f"{where}: decay is {decay!r}; give a number from 0 to below 1, as 0.99")


def _check_schedule(schedule: Mapping[str, Any], iters: int, where: str) -> None:
    schedules = {name: getattr(paddle.optimizer.lr, name) for name in paddle.optimizer.lr.__all__}
    _component(schedule, schedules, where, extra=("warmup_iters", "warmup_start_lr"))
    rate = schedule.get("learning_rate")
    if not isinstance(rate, int | float) or not 0 < rate < float("inf"):
        raise InputError(f"{where}: learning_rate is {rate!r}; give a number above 0")
    if "warmup_iters" not in schedule and "warmup_start_lr" not in schedule:
        return
    warmup, start = schedule.get("warmup_iters"), schedule.get("warmup_start_lr")
    if not _whole(warmup) or warmup >= iters:
        raise InputError(
            f"{where}: warmup_iters is {warmup!r}; give a whole number from 1 to below {iters}, "
            "the iters"
        )
    if not _real(start) or not 0 <= start < rate:
        raise InputError(
            f"{where}: warmup_start_lr is {start!r}; give a number from 0 to below {rate}, the "
            "learning_rate"
        )


def _component(
    section: Any, known: Mapping[str, Callable[..., Any]], where: str, extra: tuple[str, ...] = ()
) -> None:
    if not isinstance(section, Mapping) or not isinstance(section.get("type"), str):
        raise InputError(f"{where}: {section!r} has no 'type'")
    type_name: str = section["type"]
    kind = {"sgd": "SGD", "adam": "Adam"}.get(type_name, type_name)
    if kind not in known:
        raise InputError(f"{where}: no type {kind!r}{did_you_mean(kind, known)}")
    if kind == "SGD" and "momentum" in section:
        kind = "Momentum"
    parameters = inspect.signature(known[kind]).parameters
    _known(section, ("type", *parameters, *extra), f"{where} ({kind})")


def _known(section: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for key in section:
        if key not in known:
            raise InputError(f"{where}: unknown key {key!r}{did_you_mean(str(key), known)}")
