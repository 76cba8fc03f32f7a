"""``bisenet import``: a data set of one's own.

Imports of a sub-command stand inside it, as in :mod:`bisenet_lib.cli`.
"""

import typer


def add_to(app: typer.Typer) -> None:
    """Register the sub-commands of this module."""
