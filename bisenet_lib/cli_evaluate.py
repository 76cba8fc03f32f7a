"""``bisenet evaluate``: scoring a checkpoint.

Imports of a sub-command stand inside it, as in :mod:`bisenet_lib.cli`.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown
from typer.core import TyperCommand

from bisenet_lib.cli_options import UNDERSCORES, Dataset, Device, Engine, Model, out


class _Numbers(TyperCommand):
    """A command whose ``--scales`` takes all the numbers that follow it, as in PaddleSeg."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        joined: list[str] = []
        for argument in args:
            if "--scales" in joined[-2:-1] and _is_number(argument):
                joined[-1] += f",{argument}"
            else:
                joined.append(argument)
        return super().parse_args(ctx, joined)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _scales(text: str) -> tuple[float, ...]:
    try:
        return tuple(map(float, text.split(",")))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}; give numbers, as in --scales 0.75 1.0 1.25") from error


def add_to(app: typer.Typer) -> None:
    """Register the sub-commands of this module."""
    app.command(cls=_Numbers, context_settings=UNDERSCORES)(evaluate)


def evaluate(
    model: Model,
    config: Annotated[
        str | None, typer.Option(help="As for train; default: config.yml of the run folder.")
    ] = None,
    dataset: Dataset = None,
    engine: Engine = "auto",
    device: Device = "auto",
    flip: Annotated[bool, typer.Option("--flip", help="Look at the mirror image too.")] = False,
    scales: Annotated[
        str, typer.Option(help="Sizes to look at, relative to the image: 0.5 0.75 1.0 1.25.")
    ] = "1.0",
    crop_size: Annotated[
        tuple[int, int] | None,
        typer.Option(help="Width and height of a sliding window; default: the whole image."),
    ] = None,
    stride: Annotated[
        tuple[int, int] | None,
        typer.Option(help="By how much it moves on; default: its width and height."),
    ] = None,
    save_dir: Annotated[Path, typer.Option(help="Where results.json goes.")] = Path(
        "runs/evaluate"
    ),
    save_predictions: Annotated[
        bool, typer.Option("--save-predictions", help="Also predictions/, a PNG a frame.")
    ] = False,
) -> None:
    """Score a checkpoint on the validation set: IoU per class, mIoU, pixel accuracy.

    On a data set in the Cityscapes layout also the official figures of categories and instances.
    """
    from bisenet_lib.checkpoint import config_file
    from bisenet_lib.config import load
    from bisenet_lib.evaluation import evaluate_checkpoint
    from bisenet_lib.views import Views

    report = evaluate_checkpoint(
        load(config or config_file(model), dataset=dataset),
        model,
        engine=engine,
        device=device,
        views=Views(flip, _scales(scales), crop_size, stride),
        save_dir=save_dir,
        save_predictions=save_predictions,
    )
    out.print(Markdown(report.table()))
    out.print(
        f"{report.scores.frames} frames, {report.images_per_second:.2f} images/s "
        f"({report.settings['engine']}): {save_dir / 'results.json'}",
        highlight=False,
        soft_wrap=True,
    )
