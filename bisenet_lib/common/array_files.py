"""Reading the arrays of a checkpoint without running code.

The files are PaddleSeg's (``iter_N/model.pdparams`` and ``model.pdopt``, pickles of arrays). A
pickle can run code when it is read; here only arrays and plain values are read from it.
Taught in ``03_training``.
"""

import pickle
from pathlib import Path
from typing import Any

from bisenet_lib.errors import InputError

_ARRAYS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("_codecs", "encode"),
    ("collections", "OrderedDict"),
    ("builtins", "tuple"),  # name and array of a float32 original of half weights
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAYS:
            raise pickle.UnpicklingError(f"it would run {module}.{name}")
        return super().find_class(module, name)


def read_arrays(path: Path) -> dict[str, Any]:
    """Read a ``.pdparams`` or ``.pdopt`` file without running anything in it.

    Args:
        path: a file that ``paddle.save`` wrote from a state dict.

    Returns:
        Name to array (or to the schedule's dict), without Paddle's own book-keeping entry.

    Raises:
        InputError: no such file, cut off, no checkpoint, or one that would run code.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            values = _ArrayUnpickler(file).load()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such checkpoint file") from error
    except Exception as error:  # a damaged pickle raises almost anything
        raise InputError(
            f"{path}: not a checkpoint of arrays ({error}). It is cut off, or not from "
            "paddle.save, or it is unsafe to open; take another copy."
        ) from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: holds a {type(values).__name__}, not a state dict")
    values.pop("StructuredToParameterName@@", None)
    return values
