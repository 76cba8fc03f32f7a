"""``bisenet minicity``, ``drive``, ``inspect``, ``convert`` and ``import``: data sets.

Imports of a sub-command stand inside it, as in :mod:`bisenet_lib.cli.main`.
"""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.table import Table

from bisenet_lib.cli.options import (
    Json,
    Root,
    Workers,
    end_with_problems,
    out,
    width_and_height,
    write_json,
)

_SOURCES = {
    "labelIds": "labelIds (exact)",
    "instanceIds": "instanceIds (exact)",
    "polygons": "polygons (drawn)",
    "kept": "kept from an earlier run",
    "none": "test images without annotation",
}


def add_to(app: typer.Typer) -> None:
    """Register the sub-commands of this module."""
    for command in (minicity, drive, inspect, convert):
        app.command()(command)
    app.command("import")(import_folder)


def minicity(
    folder: Annotated[Path, typer.Argument(help="Where to write; a new or empty folder.")],
    train: Annotated[int, typer.Option(help="Training frames.")] = 160,
    val: Annotated[int, typer.Option(help="Validation frames, of other cities.")] = 40,
    test: Annotated[int, typer.Option(help="Test frames; their labels are void.")] = 8,
    size: Annotated[str, typer.Option(help="Width x height, 64x32 to 2048x1024.")] = "512x256",
    seed: Annotated[int, typer.Option(help="One seed gives one data set, byte for byte.")] = 0,
    varied: Annotated[
        float,
        typer.Option(
            help="Share of the frames, 0 to 1, of any camera in any light, at night and on open "
            "roads too: what a network learns from them carries over to photographs.",
        ),
    ] = 0,
    workers: Workers = 1,
) -> None:
    """Write MiniCity: generated street scenes in the exact Cityscapes format.

    It may be stopped at any time; the next run goes on, and may ask for more frames.
    """
    from bisenet_lib.data import minicity as streets

    summary = streets.generate(
        folder,
        train=train,
        val=val,
        test=test,
        size=streets.size_of(size),
        seed=seed,
        varied=varied,
        workers=workers,
    )
    out.print(f"{summary}", highlight=False, soft_wrap=True)


def drive(
    output: Annotated[
        Path, typer.Argument(help="A film (.mp4, .webp or .gif), or a new folder for the frames.")
    ],
    frames: Annotated[int, typer.Option(help="How many; 10 are a second, 640 a round.")] = 200,
    size: Annotated[str, typer.Option(help="Width x height, 64x32 to 2048x1024.")] = "512x256",
    seed: Annotated[int, typer.Option(help="Of street, weather and traffic.")] = 0,
) -> None:
    """Drive through a generated street: a film, or frames with their labels.

    A folder becomes a data set in the Cityscapes layout, with the drive as its validation split.
    """
    from bisenet_lib.data import minicity as streets

    summary = streets.film(output, frames=frames, size=streets.size_of(size), seed=seed)
    out.print(f"{summary}", highlight=False, soft_wrap=True)


def inspect(root: Root, workers: Workers = 1, json_file: Json = None) -> None:
    """Decode every file of a data set: what is there, class shares, and what is wrong.

    Exits with 1 if anything is.
    """
    from bisenet_lib.data import inspection

    report = inspection.inspect(root, workers=workers)
    write_json(json_file, report.as_dict())
    out.print(Markdown(report.markdown()))
    end_with_problems(report.problems, "nothing was changed")
    out.print("[green]No problem found.[/green]")


def convert(
    root: Root,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Write there, for a data set that is read-only: a folder of links to it, to be "
            "used in its place."
        ),
    ] = None,
    workers: Workers = 1,
    force: Annotated[
        bool, typer.Option("--force", help="Convert again what is converted already.")
    ] = False,
    json_file: Json = None,
) -> None:
    """Make *_labelTrainIds.png of every frame, and train.txt, val.txt, test.txt.

    It may be stopped at any time; the next run goes on. One bad file stops no other, but
    the command then exits with 1.
    """
    from bisenet_lib.data import conversion

    report = conversion.convert(root, output=output, workers=workers, force=force)
    write_json(json_file, report.as_dict())
    table = Table("labels from", "frames")
    for source, count in report.counts().items():
        table.add_row(_SOURCES.get(source, source), str(count))
    table.add_section()
    for split, count in report.lists.items():
        table.add_row(f"listed in {split}.txt", str(count))
    out.print(table)
    end_with_problems(report.problems, "the frames they belong to are in no list")


def import_folder(
    source: Annotated[
        Path,
        typer.Argument(
            help="An annotation tool's export, or a folder of images and masks; links are followed."
        ),
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
            help="An export: coco, yolo, cvat, voc, roboflow-masks, label-studio, supervisely. Or "
            "masks: index (grey or palette PNG: the value counts, whatever its colour), colour "
            "(PNG), labelme (JSON). Or auto: recognise the export, else look at the first mask."
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
        typer.Option(help="The class of pixels in no object, of outlines; else they are ignored."),
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
            "the export, or of the folders train/ and val/ (valid/, dev/, val2017/), if there is "
            "one, else 0.2. Test images are left out."
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
    """Make a data set of an annotation tool's export, or of images and masks.

    \b
    bisenet import roboflow-export data/mine --background table
    bisenet import photos data/mine --colours colours.csv
    bisenet train --config data/mine/config.yml --init-model data/checkpoints/bisenetv2_minicity

    Images and masks are paired by name. The tools whose exports are read are in data/README.md.
    TARGET is written whole or not at all.
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
        size=width_and_height(size),
        workers=workers,
    )
    write_json(json_file, imported.as_dict())
    out.print(Markdown(imported.table()))
    for note in imported.notes():
        out.print(note, markup=False, highlight=False, soft_wrap=True)
    out.print(imported.input_size(), markup=False, highlight=False, soft_wrap=True)
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
