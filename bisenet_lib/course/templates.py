"""The pages that this package writes, from the templates beside it."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bisenet_lib.common.atomic_files import write_text


def fill(template: str, **values: Any) -> str:
    """Fill in a template.

    Args:
        template: its file name.
        **values: what the template names; one that is missing is an error. They are escaped.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)


def write_page(template: str, page: Path, **values: Any) -> None:
    """Fill in a template and write it, whole or not at all.

    Args:
        template: its file name.
        page: the HTML file.
        **values: see :func:`fill`.

    Raises:
        InputError: the page cannot be written.
    """
    text = fill(template, **values)
    # A name on the disk may hold bytes that are no letters.
    write_text(page, text.encode("utf-8", "backslashreplace").decode())
