"""``bisenet evaluate``: scoring a checkpoint.

Imports of a sub-command stand inside it, as in :mod:`bisenet_lib.cli`.
"""

from typing import Annotated

import typer
from rich.markdown import Markdown

from bisenet_lib.cli_options import Dataset, Device, Json, Model, out, write_json


def add_to(app: typer.Typer) -> None:
    """Register the sub-commands of this module."""
    app.command()(evaluate)


def evaluate(
    model: Model,
    config: Annotated[
        str | None, typer.Option(help="As for train; default: config.yml of the run folder.")
    ] = None,
    dataset: Dataset = None,
    device: Device = "auto",
    json_file: Json = None,
) -> None:
    """Score a checkpoint on the validation set: IoU per class, mIoU, pixel accuracy."""
    from bisenet_lib.checkpoint import config_file
    from bisenet_lib.config import load
    from bisenet_lib.evaluation import evaluate_checkpoint

    scores = evaluate_checkpoint(
        load(config or config_file(model), dataset=dataset), model, device=device
    )
    write_json(json_file, scores.as_dict())
    out.print(Markdown(scores.table()))
