"""Fine-tuning: a run begins with the weights of a checkpoint, whatever its classes were.

Taught in ``07_your_own_data``.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bisenet_lib import checkpoint
from bisenet_lib.errors import InputError
from bisenet_lib.paddleseg_compat import paddle

__all__ = ["Start", "start_from"]


@dataclass(frozen=True)
class Start:
    """What a network took over from a checkpoint; ``str()`` says it in a sentence.

    Args:
        source: the weights file.
        kept: names of the arrays taken over.
        resized: names of the arrays made anew because the number of classes differs.
        absent: names of the arrays made anew because the file has none of them.
        classes: classes there and here.
    """

    source: Path
    kept: tuple[str, ...]
    resized: tuple[str, ...]
    absent: tuple[str, ...]
    classes: tuple[int, int]

    def __str__(self) -> str:
        fresh = len(self.resized) + len(self.absent)
        total = len(self.kept) + fresh
        text = f"started from {self.source}: {len(self.kept)} of {total} arrays kept"
        reasons = []
        if self.resized:
            layers = dict.fromkeys(name.rpartition(".")[0] for name in self.resized)
            reasons.append(
                f"{', '.join(layers)} ({self.classes[0]} classes there, {self.classes[1]} here)"
            )
        if self.absent:
            layers = dict.fromkeys(name.partition(".")[0] for name in self.absent)
            reasons.append(f"{', '.join(layers)} (not in the file)")
        return f"{text}, {fresh} made anew: {'; '.join(reasons)}" if fresh else text


def start_from(model: paddle.nn.Layer, path: Path, num_classes: int) -> Start:
    """Give a fresh network every weight of a checkpoint that fits in name and shape.

    The last convolution of each head has an output a class: with another number of classes it
    keeps its fresh weights. So do auxiliary heads that the file does not hold. Everything
    else has to be there and to fit.

    Args:
        model: a fresh network; its weights change in place.
        path: see :func:`bisenet_lib.checkpoint.weights_file`.
        num_classes: of the network.

    Returns:
        What was kept and what was not.

    Raises:
        InputError: the file cannot be read, or holds the weights of another network.
    """
    path = checkpoint.weights_file(path)
    there = checkpoint.read(path)
    wanted = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = {key: tuple(np.shape(value)) for key, value in there.items()}
    absent = {key for key in wanted.keys() - found if key.startswith(checkpoint.TRAINING_ONLY)}
    differing = {
        key
        for key in wanted.keys() | found
        if key not in absent and wanted.get(key) != found.get(key)
    }
    resized = {key for key in differing if _an_output_a_class(found, wanted, key, num_classes)}
    counts = {found[key][0] for key in resized}
    if resized != differing or len(counts) > 1:
        raise _another_network(path, found, wanted, sorted(differing - resized) or sorted(resized))
    kept = [key for key in wanted if key in found.keys() - resized]
    model.set_state_dict(model.state_dict() | {key: there[key] for key in kept})
    return Start(
        path,
        tuple(kept),
        tuple(key for key in wanted if key in resized),
        tuple(key for key in wanted if key in absent),
        (counts.pop() if counts else num_classes, num_classes),
    )


def _an_output_a_class(
    found: dict[str, tuple], wanted: dict[str, tuple], key: str, num_classes: int
) -> bool:
    before, now = found.get(key, ()), wanted.get(key, ())
    return bool(before and now) and now[0] == num_classes and before[1:] == now[1:]


def _another_network(
    path: Path, found: dict[str, tuple], wanted: dict[str, tuple], differing: list[str]
) -> InputError:
    rows = "; ".join(
        f"{key}: {found.get(key, 'absent')} in the file, {wanted.get(key, 'absent')} here"
        for key in differing[:3]
    )
    return InputError(
        f"{path}: weights of another network; {len(differing)} of {len(wanted)} arrays do not "
        f"fit ({rows}). Start from a checkpoint of the same network; only its number of classes "
        "may differ."
    )
