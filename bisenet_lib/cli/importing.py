"""``bisenet import``: a data set of your own.

Imports of a sub-command stand inside it, as in :mod:`bisenet_lib.cli.main`.
"""

import os
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown

from bisenet_lib.cli.options import Json, Workers, out, write_json
from bisenet_lib.errors import InputError


def add_to(app: typer.Typer) -> None:
    """Register the sub-commands of this module."""
    app.command("import")(import_folder)


def import_folder(
    source: Annotated[
        Path, typer.Argument(help="A folder of images and masks; links are followed.")
    ],
    target: Annotated[Path, typer.Argument(help="The data set; a new or empty folder.")],
    images: Annotated[
        str | None, typer.Option(help="The images' folder in SOURCE. Default: images, else SOURCE.")
    ] = None,
    masks: Annotated[
        str | None,
        typer.Option(
            help="The masks' folder in SOURCE. Default: masks, labels or annotations, else beside "
            "the images."
        ),
    ] = None,
    mask_suffix: Annotated[
        str, typer.Option(help="What a mask's name has after its image's, such as _mask.")
    ] = "",
    kind: Annotated[
        str,
        typer.Option(
            help="index (grey or palette PNG: the value counts, whatever its colour), colour "
            "(PNG), labelme (JSON), or auto: look at the first mask."
        ),
    ] = "auto",
    classes: Annotated[
        str | None,
        typer.Option(
            help="Class names in order of index: a,b,c, a file with one a line, or a table of "
            "pixel value and name."
        ),
    ] = None,
    colours: Annotated[
        Path | None,
        typer.Option(help="Colour table, name,r,g,b a line; the name ignore is no class."),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(help="The class of pixels in no LabelMe shape; else they are ignored."),
    ] = None,
    ignore: Annotated[
        int, typer.Option(help="A value of index masks that is no class, besides 255.")
    ] = 255,
    encoding: Annotated[
        str, typer.Option(help="Of LabelMe files that are not in UTF-8: gbk, cp932, cp1252 ...")
    ] = "utf-8-sig",
    skip_unpaired: Annotated[
        bool,
        typer.Option("--skip-unpaired", help="Leave out images without mask and masks without."),
    ] = False,
    val: Annotated[
        str | None,
        typer.Option(
            help="Share of validation images, or a file with their names. Default: the split of "
            "the folders train/ and val/ (valid/, dev/, val2017/) if there are, else 0.2. Images "
            "in test/ are left out."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the drawing of validation images.")] = 0,
    config: Annotated[
        str, typer.Option(help="The profile or configuration config.yml is made from.")
    ] = "laptop",
    size: Annotated[
        str | None,
        typer.Option(
            help="Width x height the network sees, such as 384x256. Default: the images' shape, "
            "with about as many pixels as --config has."
        ),
    ] = None,
    workers: Workers = 1,
    json_file: Json = None,
) -> None:
    """Make a data set of a folder of images and masks, with classes of its own.

    \b
    bisenet import photos data/mine --colours colours.csv
    bisenet train --config data/mine/config.yml --init-model data/checkpoints/bisenetv2_minicity

    Images and masks are paired by name. TARGET is written whole or not at all.
    """  # noqa: D301  (the \\b keeps the lines of the examples apart)
    from bisenet_lib.importers import importing

    imported = importing.import_folder(
        source,
        target,
        images=images,
        masks=masks,
        mask_suffix=mask_suffix,
        kind=kind,
        classes=_words(classes) if classes and "," in classes else classes,
        colours=colours,
        background=_words(background),
        ignore=ignore,
        encoding=encoding,
        skip_unpaired=skip_unpaired,
        val=_share(val),
        seed=seed,
        config=config,
        size=_size(size),
        workers=workers,
    )
    write_json(json_file, imported.as_dict())
    out.print(Markdown(imported.table()))
    for note in imported.notes():
        out.print(note, markup=False, highlight=False, soft_wrap=True)
    out.print(f"{imported.summary()}\n{target}", markup=False, highlight=False, soft_wrap=True)


def _words(text: str | None) -> str | None:
    """Names as they were typed in UTF-8, where the locale made single bytes of them."""
    try:
        return text and os.fsencode(text).decode("utf-8")
    except UnicodeError:  # the locale spells them otherwise, and has read them
        return text


def _share(text: str | None) -> float | Path | None:
    """A share, or the file of a list."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return Path(text)


def _size(text: str | None) -> tuple[int, int] | None:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text or "")
    if text and not match:
        raise InputError(f"--size is {text!r}; give width x height, such as 384x256")
    return match and (int(match[1]), int(match[2]))
