"""The components that a configuration from someone else may name: they only calculate.

Some components of PaddleSeg evaluate text of the configuration as Python, open pickles or fetch
files. Those listed here do nothing of this kind. Taught in ``03_training``.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlparse

from bisenet_lib.errors import InputError

LONGEST = 100_000
"""Values and characters of a configuration: with YAML's references a small file can unfold
endlessly."""

MODELS = ("BiSeNetV2",)
DATASETS = ("Cityscapes", "Dataset")
OPTIMIZERS = ("Adam", "AdamW", "Momentum", "SGD", "adam", "sgd")
LOSSES = (
    "BootstrappedCrossEntropyLoss",
    "CrossEntropyLoss",
    "DiceLoss",
    "LovaszSoftmaxLoss",
    "MultiClassFocalLoss",
    "OhemCrossEntropyLoss",
    "RMILoss",
)
CHANGES_SIZE = (
    "LimitLong",
    "Padding",
    "PaddingByAspectRatio",
    "RandomAffine",
    "RandomCenterCrop",
    "RandomRotation",
    "RandomScaleAspect",
    "ResizeByLong",
    "ResizeByShort",
    "ResizeRangeScaling",
    "ResizeStepScaling",
    "ScalePadding",
)
"""Transforms after which the size of an image depends on the image, their options or chance."""
KEEPS_SIZE = (
    "Normalize",
    "PasteObjects",
    "RandomBlur",
    "RandomConvolution",
    "RandomDistort",
    "RandomGamma",
    "RandomHorizontalFlip",
    "RandomJPEG",
    "RandomNoise",
    "RandomResample",
    "RandomVerticalFlip",
    "RandomWhiteBalance",
)
SETS_SIZE = {
    "RandomPaddingCrop": "crop_size",
    "RareClassCrop": "crop_size",
    "Resize": "target_size",
}
"""Transforms after which every image has the size (width, height) that the named option says."""
TRANSFORMS = (*CHANGES_SIZE, *KEEPS_SIZE, *SETS_SIZE)
SCHEDULES = (
    "CosineAnnealingDecay",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LinearLR",
    "MultiStepDecay",
    "NaturalExpDecay",
    "NoamDecay",
    "OneCycleLR",
    "PiecewiseDecay",
    "PolynomialDecay",
    "StepDecay",
)


def check_length(settings: Any) -> None:
    """Refuse settings that unfold to more than a configuration can need.

    Args:
        settings: the values read from YAML.

    Raises:
        ValueError: they are longer than :data:`LONGEST`.
    """
    length = 0
    for value in _values(settings):
        length += len(value) if isinstance(value, str) else 1
        if length > LONGEST:
            raise ValueError(f"it unfolds to more than {LONGEST} values and characters")


def check_known(settings: Mapping[str, Any], source: str) -> None:
    """Refuse every component that is not on the lists of this module.

    Args:
        settings: a configuration that :func:`bisenet_lib.config.configuration.check_config`
            accepts.
        source: the file it came from, for the message.

    Raises:
        InputError: the first component or value that is not allowed.
    """
    _check(settings["model"], MODELS, f"{source}: model")
    _check_pretrained(settings["model"].get("pretrained"), f"{source}: model")
    for key in ("train_dataset", "val_dataset"):
        if key in settings:
            section = dict(settings[key])
            for transform in section.pop("transforms"):
                _check(transform, TRANSFORMS, f"{source}: {key}.transforms")
            _check(section, DATASETS, f"{source}: {key}")
    for loss in settings["loss"]["types"]:
        _check(loss, LOSSES, f"{source}: loss.types")
    _check(settings["optimizer"], OPTIMIZERS, f"{source}: optimizer")
    _check(settings["lr_scheduler"], SCHEDULES, f"{source}: lr_scheduler")


def _check(section: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    if section["type"] not in known:
        raise _refusal(
            f"{where}: the type {section['type']!r}", f"known are {', '.join(sorted(known))}"
        )
    for key, value in section.items():
        if any(isinstance(item, Mapping) for item in _values(value)):
            raise _refusal(f"{where}: a component in {key!r}", "give a plain value")


def _check_pretrained(pretrained: Any, where: str) -> None:
    if pretrained is None:
        return
    if not isinstance(pretrained, str) or urlparse(pretrained).netloc:
        raise _refusal(f"{where}: pretrained {pretrained!r}", "download the file and give its path")


def _refusal(what: str, advice: str) -> InputError:
    return InputError(
        f"{what} may not stand in a configuration that comes with weights: {advice}. If you trust "
        "the file, copy it to a folder without weights and give the copy with --config."
    )


def _values(value: Any) -> Iterator[Any]:
    """The value and all that is in it, however deep, without building a list of them."""
    levels: list[Iterator[Any]] = [iter([value])]
    while levels:
        for item in levels[-1]:
            yield item
            if isinstance(item, Mapping):
                levels.append(iter(item.values()))
            elif isinstance(item, list):
                levels.append(iter(item))
            else:
                continue
            break
        else:
            levels.pop()
