"""``bisenet evaluate`` and ``score``: scoring a checkpoint, or prediction files.

Imports of a sub-command stand inside it, as in :mod:`bisenet_lib.cli.main`.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown

from bisenet_lib.cli.options import (
    Dataset,
    Device,
    Engine,
    Flip,
    Json,
    Model,
    Numbers,
    OwnConfig,
    Scales,
    Workers,
    out,
    photo_size,
    scales_of,
    supported_engine,
    trained,
    write_json,
)


def add_to(app: typer.Typer) -> None:
    """Register the sub-commands of this module."""
    app.command(cls=Numbers)(evaluate)
    app.command()(score)


def evaluate(
    model: Model,
    config: OwnConfig = None,
    dataset: Dataset = None,
    engine: Engine = "auto",
    device: Device = "auto",
    flip: Flip = False,
    scales: Scales = "1.0",
    size: Annotated[
        str | None,
        typer.Option(
            help="Width x height, such as 512x256: the network sees every image with so many "
            "pixels, in its own proportions, and is scored at the labels' size; photo: at its own "
            "size. Default: as the configuration's val_dataset has it."
        ),
    ] = None,
    crop_size: Annotated[
        tuple[int, int] | None,
        typer.Option(help="Width and height of a sliding window; default: the whole image."),
    ] = None,
    stride: Annotated[
        tuple[int, int] | None,
        typer.Option(help="By how much it moves on; default: its width and height."),
    ] = None,
    save_dir: Annotated[
        Path | None,
        typer.Option(
            help="Write predictions/, PNGs of trainIds, and results.json there: what the error "
            "analysis of notebook 05 reads."
        ),
    ] = None,
    json_file: Json = None,
) -> None:
    """Score a checkpoint on the validation set: IoU per class, mIoU, pixel accuracy.

    On a data set in the Cityscapes layout also the official figures of categories and instances.
    """
    from bisenet_lib.deployment.engines import OTHERS
    from bisenet_lib.evaluation.evaluator import evaluate_checkpoint
    from bisenet_lib.evaluation.tta import Views

    engine = supported_engine(engine, OTHERS)
    seen = photo_size(size)
    views = Views(flip, scales_of(scales), crop_size, stride)
    settings, weights = trained(model, config, dataset)
    report = evaluate_checkpoint(
        settings,
        weights,
        engine=engine,
        device=device,
        views=views,
        size=seen,
        save_dir=save_dir,
        save_predictions=save_dir is not None,
    )
    write_json(json_file, report.as_dict())
    out.print(Markdown(report.table()))
    out.print(
        f"{report.scores.frames} frames, {report.images_per_second:.2f} images/s "
        f"({report.settings['engine']}){f': {save_dir}' if save_dir else ''}",
        highlight=False,
        soft_wrap=True,
    )


def score(
    predictions: Annotated[
        Path, typer.Argument(help="A folder of PNGs of label ids, named like the images.")
    ],
    dataset: Annotated[Path, typer.Option(help="Data set in the Cityscapes layout.")],
    split: Annotated[str, typer.Option(help="train or val.")] = "val",
    workers: Workers = 1,
    json_file: Json = None,
) -> None:
    """Score prediction files of any program, as Cityscapes' own scorer does."""
    from bisenet_lib.evaluation.cityscapes_benchmark import score_files

    scores = score_files(predictions, dataset, split, workers=workers)
    write_json(json_file, scores.as_dict())
    out.print(Markdown(scores.table()))
    out.print(f"{scores.frames} frames of {split}", highlight=False)
