"""The pages that this package writes, from the templates beside it."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bisenet_lib.common.atomic_files import write_text


def write_page(template: str, page: Path, **values: Any) -> None:
    """Fill in a template and write it, whole or not at all.

    Args:
        template: its file name.
        page: the HTML file; what it shows of the values is escaped.
        **values: what the template names; one that is missing is an error.

    Raises:
        InputError: the page cannot be written.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template(template).render(**values)
    # A name on the disk may hold bytes that are no letters.
    write_text(page, text.encode("utf-8", "backslashreplace").decode())
