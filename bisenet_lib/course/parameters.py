"""Parameters of notebooks: read from the notebooks themselves, and checked before anything runs.

papermill only warns about a parameter that a notebook does not have, and then runs with the
defaults: the mistake would show only hours later.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import papermill
import yaml

from bisenet_lib.errors import InputError, did_you_mean

TYPES: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "str": str,
}
READERS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "bool": lambda text: {"true": True, "false": False}[text.strip().lower()],
    "str": str,
}
"""How the text of a parameter is read, by the type its notebook declares."""
EXAMPLES = {"int": "100", "float": "0.05 or 1e-3", "bool": "true or false", "str": "any text"}
OPTIONS = {"profile": "--profile", "run_dir": "--runs-dir"}
"""Parameters that an option of the command sets, for they decide where results go."""
WORDS = ("true", "false", "null")
"""Text that a value of another type is written as."""
LONGEST = 120
"""Characters of a folder's name that tell its parameters; file systems allow 255 in all."""


def parameters_of(notebook: Path) -> dict[str, dict[str, str]]:
    """The parameters a notebook has, read from its cell tagged ``parameters``.

    Args:
        notebook: the file.

    Returns:
        By name: ``inferred_type_name``, ``default`` (source text) and ``help``.
    """
    return papermill.inspect_notebook(notebook)


def parse_parameters(texts: Sequence[str], paths: Sequence[Path]) -> dict[str, Any]:
    """Read ``name=value`` texts as what the notebooks declare.

    Args:
        texts: such as ``iters=100``, ``learning_rate=1e-3``, ``run=123``.
        paths: the notebooks whose parameters they are; the type a parameter has there says
            how its value is read, and one without a type is read as YAML.

    Returns:
        The values by name.

    Raises:
        InputError: a text without ``=``, a name that none of the notebooks has, or a value
            that is not of the declared type.
    """
    types = _types(paths)
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"parameter {text!r}: write it as name=value")
        kind = _type_of(name, types)
        try:
            values[name] = READERS.get(kind, yaml.safe_load)(value)
        except (ValueError, KeyError, yaml.YAMLError) as error:
            raise InputError(_wrong_type(name, value, kind)) from error
    return values


def check_parameters(paths: Sequence[Path], parameters: Mapping[str, Any]) -> None:
    """Refuse what papermill would only warn about.

    Args:
        paths: the notebooks that are to be run.
        parameters: what they are to be given.

    Raises:
        InputError: a parameter that none of them has or that an option sets, or a value of
            another type than the notebook declares.
    """
    types = _types(paths)
    for name, value in parameters.items():
        if name in OPTIONS:
            raise InputError(f"parameter {name!r} is set by the option {OPTIONS[name]}")
        kind = _type_of(name, types)
        wrong_bool = isinstance(value, bool) and kind in ("int", "float")
        if kind in TYPES and (wrong_bool or not isinstance(value, TYPES[kind])):
            raise InputError(_wrong_type(name, value, kind))


def name_of(parameters: Mapping[str, Any]) -> str:
    """A folder name that tells parameters: ``iters=500,learning_rate=0.02``.

    The same parameters have the same name, in any order; other parameters have another one, also
    on a disk that does not distinguish ``A`` from ``a``. A value that a name cannot give exactly
    (because of its characters or its length, or as text that looks like a number) is given
    roughly, and a checksum of all parameters follows.
    """
    texts = {name: as_text(parameters[name]) for name in sorted(parameters)}
    joined = ",".join(f"{name}={text}" for name, text in texts.items())
    exact = all(_is_exact(value) for value in parameters.values())
    if exact and len(joined) <= LONGEST:
        return joined
    checksum = hashlib.sha256(json.dumps(parameters, sort_keys=True, default=str).encode())
    rough = re.sub(r"[^\w.,=+-]", "_", joined, flags=re.ASCII)[:LONGEST]
    return f"{rough},{checksum.hexdigest()[:8]}"


def as_text(value: Any) -> str:
    """A value as ``-p NAME=VALUE`` takes it."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _is_exact(value: Any) -> bool:
    """Whether a name tells a value from every other one."""
    if isinstance(value, str):
        return bool(re.fullmatch(r"[a-z_][a-z0-9_.+-]*", value)) and value not in WORDS
    return bool(re.fullmatch(r"[a-z0-9.+-]+", as_text(value)))


def _types(paths: Sequence[Path]) -> dict[str, str]:
    """The declared type of every parameter of the notebooks; ``None`` where there is none."""
    declared = (item for path in paths for item in parameters_of(path).items())
    return {name: parameter["inferred_type_name"] for name, parameter in declared}


def _type_of(name: str, types: Mapping[str, str]) -> str:
    if name in types:
        return types[name]
    raise InputError(
        f"parameter {name!r} is in none of the notebooks{did_you_mean(name, types)}; there are: "
        f"{', '.join(types)}"
    )


def _wrong_type(name: str, value: Any, kind: str) -> str:
    if kind not in TYPES:
        return f"parameter {name!r} is {value!r}, which cannot be read; write it as in YAML"
    return f"parameter {name!r} is {value!r}; it must be of type {kind}, such as {EXAMPLES[kind]}"
