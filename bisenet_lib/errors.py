"""The exception for a user's mistake, and what its messages are made with."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

_SHOWN = 10
_ADDRESS = re.compile(r"(?:[\w-]+=)?[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
"""``gs://bucket/x``, also as ``--dataset=gs://...``; ``Path`` turns two slashes into one."""


class InputError(ValueError):
    """Bad input: the message names the file or parameter, the value, and what to do.

    The command line prints the message without a traceback and exits with 1; a notebook shows
    the message alone.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it."""
        return [f"{type(self).__name__}: {self}"]


def refuse(faults: Sequence[str], of: int | None = None) -> None:
    """Raise an error if there are faults: it lists ten in full and counts the others.

    Args:
        faults: a message each.
        of: how many files or lines were checked.

    Raises:
        InputError: there is a fault.
    """
    shown = list(faults[:_SHOWN])
    if len(faults) > _SHOWN:
        shown.append(f"... and {len(faults) - _SHOWN} more{f' of {of}' if of else ''}")
    if shown:
        raise InputError("\n".join(shown))


def refuse_address(path: str | Path, option: str = "") -> None:
    """Refuse an address where a path belongs: it would become a folder named ``gs:`` here.

    Args:
        path: what the user gave.
        option: what stands before it in the message.

    Raises:
        InputError: it is an address.
    """
    if _ADDRESS.match(str(path)):
        raise InputError(
            f"{option}{path}: an address. Only files and folders of this computer are read and "
            "written: download, record or mount it first, and give that path."
        )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``" (did you mean 'laptop'?)"`` where a name is close to a known one, else nothing."""
    match = get_close_matches(name, list(known), 1)
    return f" (did you mean {match[0]!r}?)" if match else ""
