"""``bisenet export``, ``predict`` and ``submit``: the trained network put to use.

Imports of a sub-command stand inside it, as in :mod:`bisenet_lib.cli.main`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from bisenet_lib.cli.options import (
    MODEL,
    Dataset,
    Device,
    Engine,
    ExportEngine,
    Flip,
    Json,
    Model,
    ModelOrExport,
    Numbers,
    OwnConfig,
    Scales,
    Size,
    end_with_problems,
    exported_file,
    out,
    photo_size,
    scales_of,
    supported_engine,
    trained,
    write_json,
)
from bisenet_lib.errors import InputError

if TYPE_CHECKING:
    from bisenet_lib.deployment.photographs import Tally
    from bisenet_lib.evaluation.engine_costs import Int8Cost


def add_to(app: typer.Typer) -> None:
    """Register the sub-commands of this module."""
    app.command()(export)
    app.command()(predict)
    app.command(cls=Numbers)(submit)


def export(
    model: Model,
    output: Annotated[Path, typer.Option(help="A new or empty folder.")],
    formats: Annotated[str, typer.Option("--format", help="onnx, paddle or both.")] = "both",
    config: OwnConfig = None,
    dataset: Dataset = None,
    images: Annotated[
        Path | None, typer.Option(help="Photographs to compare on, in place of the data set's.")
    ] = None,
    size: Size = None,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8",
            help="Write model_int8.onnx too, in 8-bit integers: calibrated on training images, and "
            "scored on validation frames beside float32.",
        ),
    ] = False,
    json_file: Json = None,
) -> None:
    """Write a checkpoint as ONNX and in Paddle's inference format.

    All are compared with the checkpoint on real images first; one that differs is not written.
    The files say for which size of photographs they are.
    """
    chosen: Sequence[str] | None = {
        "both": ("onnx", "paddle"),
        "onnx": ("onnx",),
        "paddle": ("paddle",),
    }.get(formats)
    if chosen is None:
        raise InputError(f"format is {formats!r}; choose onnx, paddle or both")
    if int8 and "onnx" not in chosen:
        raise InputError("--int8 is of ONNX: leave out --format paddle")
    from bisenet_lib.config.configuration import trained_size, with_size
    from bisenet_lib.deployment.export import export_checked, real_images

    seen = photo_size(size)
    settings, weights = trained(model, config, dataset)
    compared = real_images(settings, images)
    if seen is not None:
        settings = with_size(settings, None if isinstance(seen, str) else seen)
    integers, cost = _integers(settings, weights) if int8 else (None, None)
    titles = ("format", "file", "MB", "images", "% of pixels equal", "largest logit difference")
    table = Table(*titles)
    for column in table.columns[2:]:
        column.justify = "right"
    written = export_checked(settings, weights, output, compared, chosen, integers)
    for_size = trained_size(settings)
    exports = [exported.as_dict() for exported in written]
    report = {"checkpoint": str(weights), "trained_size": for_size, "exports": exports}
    write_json(json_file, report if cost is None else {**report, "int8": cost.as_dict()})
    for exported in written:
        parity = exported.parity
        table.add_row(
            exported.format,
            exported.path.name,
            f"{exported.size / 1e6:.1f}",
            str(parity.images),
            f"{100 * parity.pixels:.4f}",
            "not written" if parity.logits is None else f"{parity.logits:.1g}",
        )
    out.print(table)
    out.print(f"compared with {weights}, then written to {output}", highlight=False, soft_wrap=True)
    if cost is not None:
        out.print(
            f"8-bit integers cost {cost.points:.2f} points of mIoU: {cost.float32:.2f} to "
            f"{cost.int8:.2f} % on {cost.frames} validation frames",
            highlight=False,
            soft_wrap=True,
        )
    shown = "their own size: the configuration names none"
    if for_size is not None:
        shown = f"as many pixels as {for_size[0]}x{for_size[1]}"
    out.print(f"photographs are shown to it at {shown}", highlight=False, soft_wrap=True)


def predict(
    model: ModelOrExport,
    source: Annotated[
        Path, typer.Argument(help="An image, a folder of images (links are followed), or a video.")
    ],
    output: Annotated[Path, typer.Option(help="Where overlays and labels go.")],
    config: OwnConfig = None,
    engine: ExportEngine = "onnx",
    size: Size = None,
    colour_blind: Annotated[
        bool,
        typer.Option("--colour-blind", help="Colours that stay apart with any colour vision."),
    ] = False,
    json_file: Json = None,
) -> None:
    """Segment photographs or a video: overlays to look at, labels to go on with.

    The network sees an image, of up to 200 million pixels, with as many pixels as it was trained
    for; labels and overlays have the image's own size. Without Paddle where MODEL is an export; a
    checkpoint is exported into the user's cache on first use.
    """
    from bisenet_lib.data.image_files import SUFFIXES
    from bisenet_lib.deployment.photographs import open_predictor, predict_images
    from bisenet_lib.deployment.video import predict_video

    if not source.exists():
        raise InputError(f"{source}: no such image, folder or video")
    seen = photo_size(size)
    engine = supported_engine(engine)
    path, runs = _onnx_files(model, config, engine)
    predictor = open_predictor(path, size=seen, colour_blind=colour_blind, engine=engine, runs=runs)
    still = source.is_dir() or source.suffix.lower() in SUFFIXES
    tally = (predict_images if still else predict_video)(predictor, source, output)
    write_json(json_file, tally.as_dict())
    if tally.frames:
        out.print(_shares(tally))
        for sentence in tally.seen(source):
            out.print(sentence, markup=False, highlight=False, soft_wrap=True)
        out.print(
            f"{tally.frames} {'image' if still else 'frame'}{'s' * (tally.frames != 1)}: "
            f"{tally.frames / tally.seconds:.2f} a second in all, "
            f"{tally.frames / tally.network_seconds:.2f} in the network alone: {output}",
            highlight=False,
            soft_wrap=True,
        )
    if tally.frames and engine != "onnx":
        share = 100 * predictor.session.agreement
        out.print(
            f"{engine}: {share:.2f} % of the first image's pixels have the class of float32",
            highlight=False,
        )
    end_with_problems(tally.problems, f"{tally.frames} segmented")


def submit(
    dataset: Annotated[Path, typer.Option(help="The data set: leftImg8bit/ with the split.")],
    model: Annotated[
        Path | None, typer.Argument(help=f"{MODEL}; needed, except with --check.")
    ] = None,
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("submission.zip"),
    split: Annotated[str, typer.Option(help="test for the server; val to try it.")] = "test",
    check: Annotated[
        Path | None, typer.Option(help="Only check this zip; no MODEL is needed.")
    ] = None,
    config: OwnConfig = None,
    engine: Engine = "auto",
    device: Device = "auto",
    flip: Flip = False,
    scales: Scales = "1.0",
    json_file: Json = None,
) -> None:
    """Segment the test images of Cityscapes and zip them as its server takes them.

    The zip is read again and checked. A stopped run goes on where it was.
    """
    from bisenet_lib.data.cityscapes import find_frames

    if (model is None) == (check is None):
        raise InputError("give a MODEL to segment with, or --check ZIP to check a file")
    frames = find_frames(dataset, split)
    if check is not None:
        from bisenet_lib.evaluation.submission import check_zip

        problems, path = check_zip(check, frames), check
    else:
        from bisenet_lib.deployment.engines import OTHERS
        from bisenet_lib.evaluation.submission import submit as run
        from bisenet_lib.evaluation.tta import Views

        assert model is not None, "without --check there is a MODEL"
        engine = supported_engine(engine, OTHERS)
        views = Views(flip, scales_of(scales))
        settings, weights = trained(model, config, None)
        run(
            settings,
            weights,
            dataset,
            output,
            split=split,
            engine=engine,
            device=device,
            views=views,
        )
        problems, path = [], output
    write_json(json_file, {"file": str(path), "frames": len(frames), "problems": problems})
    end_with_problems(problems, f"{path} is not to be submitted")
    out.print(
        f"{path}: {len(frames)} frames of {split}, each once, at its size, with evaluated label "
        f"ids; {path.stat().st_size / 1e6:.2f} MB",
        highlight=False,
        soft_wrap=True,
    )


def _integers(settings: Mapping[str, Any], weights: Path) -> "tuple[Path, Int8Cost]":
    """A checkpoint in 8-bit integers, and what that costs it."""
    from bisenet_lib.config.class_names import names_of
    from bisenet_lib.deployment.engines import cached_int8, cached_onnx
    from bisenet_lib.evaluation.engine_costs import int8_cost

    names = names_of(settings)
    integers = cached_int8(settings, weights, names)
    return integers, int8_cost(settings, cached_onnx(settings, weights, names), integers)


def _onnx_files(model: Path, config: str | None, engine: str) -> tuple[Path, Path]:
    """The ONNX file that ``MODEL`` is, or stands for, in float32, and the one the engine runs."""
    from bisenet_lib.deployment.runtimes import file_for

    if exported := exported_file(model):
        return exported, file_for(engine, exported)
    from bisenet_lib.config.class_names import names_of
    from bisenet_lib.deployment.engines import cached_file, cached_onnx

    settings, weights = trained(model, config, None)
    names = names_of(settings)
    path = cached_onnx(settings, weights, names)
    return path, path if engine == "onnx" else cached_file(engine, settings, weights, names)


def _shares(tally: "Tally") -> Table:
    """The classes seen, each with its colour."""
    predictor = tally.predictor
    colours = dict(zip(predictor.names, predictor.colours.tolist(), strict=True))
    table = Table("", "class", "% of pixels")
    table.columns[2].justify = "right"
    for name, share in tally.shares().items():
        colour = Text("  ", "on rgb({},{},{})".format(*colours[name]))
        table.add_row(colour, Text(name), f"{100 * share:.2f}" if share >= 5e-5 else "< 0.01")
    return table
