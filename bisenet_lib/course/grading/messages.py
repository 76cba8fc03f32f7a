"""Answers as plain data between the judge and a process that is not trusted: JSON, no pickle.

A value becomes ``[kind, content]``. What has no plain form becomes :class:`Other`, which equals
nothing that a check expects.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

PLAIN_ARRAY = re.compile(r"[<>|=][biufcSU]\d+")
"""The types of arrays that are sent: no objects, no records."""


class Other:
    """Stands for a value that is not sent, such as a figure; all that is known is its text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def encode(value: Any) -> list:
    """A value in the form that :func:`decode` reads.

    Numbers, text, None and ``...`` keep their type; so do tuples, lists, sets, dictionaries and
    arrays. A tensor becomes an array, another iterable a list.

    Args:
        value: any; a number or an array of a subclass loses it.
    """
    if value is None or isinstance(value, bool | str):
        return ["plain", str(value) if isinstance(value, str) else value]
    if value is ...:
        return ["stub", None]
    if isinstance(value, np.generic) or hasattr(value, "__array__"):
        array = np.ascontiguousarray(value)
        if PLAIN_ARRAY.fullmatch(array.dtype.str):
            content = base64.b64encode(array.tobytes()).decode()
            kind = "scalar" if isinstance(value, np.generic) else "array"
            return [kind, [array.dtype.str, list(np.shape(value)), content]]
    elif isinstance(value, int | float):
        return ["plain", int(value) if isinstance(value, int) else float(value)]
    elif isinstance(value, Mapping):
        return ["dict", [[encode(key), encode(part)] for key, part in value.items()]]
    elif isinstance(value, Iterable) and not isinstance(value, bytes):
        name = "tuple" if isinstance(value, tuple) else "set" if isinstance(value, set) else "list"
        return [name, [encode(part) for part in value]]
    return ["other", repr(value)[:200]]


def decode(message: Any) -> Any:
    """The value that :func:`encode` has sent, made of Python's and NumPy's own types only.

    Args:
        message: from JSON; it may be anything.

    Raises:
        ValueError: it has another form.
        TypeError: the same.
    """
    kind, content = message
    if kind == "plain" and (content is None or isinstance(content, bool | int | float | str)):
        return content
    if kind == "stub":
        return ...
    if kind in ("array", "scalar"):
        dtype, shape, data = content
        if not PLAIN_ARRAY.fullmatch(dtype):
            raise ValueError(f"an array of type {dtype!r}")
        array = np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()
        return array[()] if kind == "scalar" else array
    if kind == "dict":
        return {decode(key): decode(part) for key, part in content}
    if kind in ("tuple", "list", "set"):
        return {"tuple": tuple, "list": list, "set": set}[kind](map(decode, content))
    if kind == "other":
        return Other(str(content))
    raise ValueError(f"a message of kind {kind!r}")
