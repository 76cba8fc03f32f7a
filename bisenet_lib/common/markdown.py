"""Tables in Markdown, as notebooks and terminals show them."""

from collections.abc import Iterable, Sequence


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]], align: str = "") -> str:
    """A table.

    Args:
        head: the titles of the columns.
        rows: as many values each.
        align: a letter a column: ``l`` (left, as without) or ``r`` (right, for numbers).

    Returns:
        The lines, without an end of line after the last.
    """
    rules = ["--:" if letter == "r" else "---" for letter in align.ljust(len(head), "l")]
    lines = ["| " + " | ".join(str(cell) for cell in line) + " |" for line in (head, *rows)]
    return "\n".join([lines[0], f"|{'|'.join(rules)}|", *lines[1:]])
