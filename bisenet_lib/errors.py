"""The one exception a user's mistake raises."""

from collections.abc import Sequence

_SHOWN = 10


class InputError(ValueError):
    """Bad input: the message names the file or parameter, the value, and what to do.

    The command line prints the message without a traceback and exits with 1; a notebook shows
    the message alone.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it."""
        return [f"{type(self).__name__}: {self}"]


def refuse(faults: Sequence[str], of: int | None = None) -> None:
    """Raise what is wrong, if anything is: ten faults in full, and how many more there are.

    Args:
        faults: a message each.
        of: how many things were looked at.

    Raises:
        InputError: there is a fault.
    """
    shown = list(faults[:_SHOWN])
    if len(faults) > _SHOWN:
        shown.append(f"... and {len(faults) - _SHOWN} more{f' of {of}' if of else ''}")
    if shown:
        raise InputError("\n".join(shown))
