"""What PaddleSeg 2.8.0 needs to train and evaluate on Paddle 3.2.

Import this module before anything of ``paddle`` or ``paddleseg``; ``bisenet_lib`` does.
It is the only place that changes PaddleSeg; each change is a line or three of one function, and
``tests/unit/runtime/test_paddleseg_compat.py`` shows the failure without it. PaddleSeg's last
release is from April 2023; the mends stay until there is a new one.
"""

import contextlib
import importlib
import inspect
import io
import os
import platform
import sys
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from bisenet_lib.common.processes import cores

if "paddle" in sys.modules:
    warnings.warn(
        "paddle was imported before bisenet_lib: import bisenet_lib first, so that its "
        "settings reach Paddle",
        stacklevel=2,
    )

MKL_ON_AMD = "MKL_DEBUG_CPU_TYPE"
THREADS = "OMP_NUM_THREADS"
SET_HERE: dict[str, str] = {}
"""The environment variables this module set; those the user had set stay."""


def _use_fast_mkl_path() -> None:
    """Let the 2019 MKL inside the Paddle wheel use AVX2 on AMD processors.

    Without this it takes a generic path there, at half the speed. The user's own value stays.
    """
    cpuinfo = Path("/proc/cpuinfo")
    processor = cpuinfo.read_text() if cpuinfo.exists() else platform.processor()
    if "AuthenticAMD" in processor:
        _set(MKL_ON_AMD, "5")


def _use_every_core() -> None:
    """Let Paddle's kernels use all cores this process may run on; its own default is one.

    ``paddle.distributed`` starts each rank with the variable set, and that stays.
    """
    _set(THREADS, str(cores()))


def _set(name: str, value: str) -> None:
    if name not in os.environ:
        os.environ[name] = SET_HERE[name] = value


_use_fast_mkl_path()
_use_every_core()
for _message in (
    "No ccache found",
    "pkg_resources is deprecated",
    "When training, we now always",
    r"(?s).*softmax_with_cross_entropy",  # PaddleSeg's OHEM
):
    warnings.filterwarnings("ignore", message=_message, category=UserWarning)


class _Later(ModuleType):
    """Stands for scikit-learn's metrics, and imports them when one is first used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module("sklearn.metrics"), name)


@contextlib.contextmanager
def _scikit_learn_later() -> Iterator[None]:
    """Import PaddleSeg without scikit-learn: half of the import time, and only for AUC-ROC."""
    stand_ins = {name: _Later(name) for name in ("sklearn", "sklearn.metrics")}
    if stand_ins.keys() & sys.modules.keys():
        yield
        return
    stand_ins["sklearn"].metrics = stand_ins["sklearn.metrics"]  # type: ignore[attr-defined]
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


with contextlib.redirect_stderr(io.StringIO()):  # it warns of more than one thread
    import paddle

with _scikit_learn_later():
    import paddleseg
    import paddleseg.core

__all__ = ["MENDS", "SET_HERE", "Mend", "mend", "paddle", "paddleseg"]


@dataclass(frozen=True)
class Mend:
    """One function of PaddleSeg and the lines in it that change.

    Args:
        module: the module's full name.
        function: the function's name in it, with its class where it has one.
        lines: ``(old, new)`` pieces of source text; every occurrence is replaced.
        without: what happens when the function stays as it is.
    """

    module: str
    function: str
    lines: tuple[tuple[str, str], ...]
    without: str


# This library's functions stand in the text by name: this module is imported before theirs.
MENDS = (
    Mend(
        "paddleseg.models.losses.cross_entropy_loss",
        "CrossEntropyLoss._post_process_loss",
        (
            ("paddle.ones_like(label)", "paddle.ones_like(mask)"),
            ("F.one_hot(label * mask,", "F.one_hot(label * mask.astype(label.dtype),"),
        ),
        "TypeError: Paddle 3 does not promote float32 * int64; no loss, no training",
    ),
    Mend(
        "paddleseg.models.losses.ohem_cross_entropy_loss",
        "OhemCrossEntropyLoss.forward",
        (("prob + (1 - valid_mask)", "prob + (1 - valid_mask).astype(prob.dtype)"),),
        "TypeError: the same type promotion, in hard example mining",
    ),
    Mend(
        "paddleseg.utils.metrics",
        "calculate_area",
        (
            ("paddle.concat(pred_area)", "paddle.stack(pred_area)"),
            ("paddle.concat(label_area)", "paddle.stack(label_area)"),
            ("paddle.concat(intersect_area)", "paddle.stack(intersect_area)"),
        ),
        "ValueError: Paddle 3 does not concatenate 0-D tensors; no evaluation",
    ),
    Mend(
        "paddleseg.core.train",
        "train",
        (("l[0] / log_iters", "l.item() / log_iters"),),
        "IndexError: too many indices; a loss is a 0-D array since Paddle 2.5",
    ),
    Mend(
        "paddleseg.datasets.dataset",
        "Dataset.__init__",
        (
            (
                "open(file_path, 'r')",
                "__import__('bisenet_lib.common.atomic_files').common.atomic_files.opened_list(file_path)",
            ),
        ),
        "ValueError: a blank last line is no pair, and a byte order mark part of the first path",
    ),
    Mend(
        "paddleseg.transforms.transforms",
        "Compose.__call__",
        (
            ("cv2.imread(", "__import__('bisenet_lib.data.image_io').data.image_io.read_pixels("),
            (
                "np.asarray(Image.open(data['label']))",
                "__import__('bisenet_lib.data.label_io').data.label_io.read_label(data['label'])",
            ),
        ),
        "segmentation fault: cv2.imread, given a name that UTF-8 cannot spell; and a label that "
        "is not turned where its image is",
    ),
    Mend(
        "paddleseg.utils.utils",
        "load_pretrained_model",
        (
            (
                "paddle.load(",
                "__import__('bisenet_lib.common.array_files').common.array_files.read_arrays(",
            ),
        ),
        "any code: what the pickle says that a configuration names as `pretrained`",
    ),
)


def mend(change: Mend) -> None:
    """Replace a function's code by the same source with the changed lines.

    The function object stays, so every module that has imported it sees the change.

    Args:
        change: which function and which lines.

    Raises:
        RuntimeError: PaddleSeg's source lacks an old line, that is, another version of
            PaddleSeg is installed.
    """
    module = sys.modules[change.module]
    function: Any = module
    for name in change.function.split("."):
        function = getattr(function, name)
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in change.lines:
        if old not in source:
            raise RuntimeError(
                f"{change.module}.{change.function} has no {old!r}: bisenet_lib mends "
                f"PaddleSeg 2.8.0 and found {paddleseg.__version__}. "
                "Run `pip install paddleseg==2.8.0`."
            )
        source = source.replace(old, new)
    first_line = function.__code__.co_firstlineno
    code = compile("\n" * (first_line - 1) + source, function.__code__.co_filename, "exec")
    scope: dict[str, Any] = {}
    exec(code, module.__dict__, scope)
    function.__code__ = scope[function.__name__].__code__


for _change in MENDS:
    mend(_change)

# At the info level PaddleSeg prints every component it builds.
paddleseg.utils.logger.log_level = 1
