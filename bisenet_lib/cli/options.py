"""Options that several sub-commands share, and how each of them reports."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperCommand

from bisenet_lib.common.atomic_files import holds_weights, write_text
from bisenet_lib.errors import InputError

out = Console()
err = Console(stderr=True, style="red", soft_wrap=True, markup=False, highlight=False)
notes = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)

RunConfig = Annotated[
    str | None,
    typer.Option(
        help="A profile (smoke, laptop, cityscapes), a shipped configuration "
        "(bisenet_cityscapes_1024x1024_160k) or a .yml file in PaddleSeg's schema. Such a file may "
        "name any component of PaddleSeg, and some run code: give one that you trust. "
        "Default: laptop; with --resume-model the run's own."
    ),
]
Dataset = Annotated[
    Path | None,
    typer.Option(
        help="Data set with train.txt and val.txt (image,label a line); "
        "default: the configuration's own."
    ),
]
Device = Annotated[
    str,
    typer.Option(
        help="auto, cpu, gpu, gpu:1, xpu, npu, or another name that `bisenet doctor` lists."
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        help="paddle; what runs the network's export: onnx (ONNX Runtime, on the CPU), onnx-int8, "
        "onnx-gpu, openvino, openvino-bf16, openvino-int8; or auto: onnx on a CPU, else paddle."
    ),
]
ExportEngine = Annotated[
    str,
    typer.Option(
        "--engine",
        help="What runs it: onnx (ONNX Runtime, on the CPU), onnx-int8, onnx-gpu, openvino, "
        "openvino-bf16 or openvino-int8.",
    ),
]
Flip = Annotated[bool, typer.Option("--flip", help="Look at the mirror image too.")]
Json = Annotated[
    Path | None,
    typer.Option("--json", dir_okay=False, help="Write the whole report to this file as well."),
]
MODEL = "A run folder (its best model), checkpoint folder or weights file"
Model = Annotated[Path, typer.Argument(help=f"{MODEL}.")]
ModelOrExport = Annotated[
    Path, typer.Argument(help=f"{MODEL}, or what `bisenet export` made of one.")
]
OwnConfig = Annotated[
    str | None, typer.Option(help="As for train; default: config.yml of the run folder.")
]
Root = Annotated[
    Path, typer.Argument(help="Data set in the Cityscapes layout (leftImg8bit/, gtFine/).")
]
Scales = Annotated[
    str, typer.Option(help="Sizes to look at, relative to the image: 0.5 0.75 1.0 1.25.")
]
Size = Annotated[
    str | None,
    typer.Option(
        help="Width x height, such as 512x256: photographs are shown to the network with so many "
        "pixels, in their own proportions; photo: at their own size. Default: what the network "
        "was trained for."
    ),
]
Workers = Annotated[int, typer.Option("--workers", "-j", help="Processes to use.")]

_SHOWN = 20


class Numbers(TyperCommand):
    """A command whose ``--scales`` takes all the numbers that follow it, as in PaddleSeg."""

    # Typer's own annotation names the private class that typer.Context is made of.
    def parse_args(  # type: ignore[override]
        self, ctx: typer.Context, args: list[str]
    ) -> list[str]:
        joined: list[str] = []
        for argument in args:
            if "--scales" in joined[-2:-1] and _is_number(argument):
                joined[-1] += f",{argument}"
            else:
                joined.append(argument)
        return super().parse_args(ctx, joined)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def scales_of(text: str) -> tuple[float, ...]:
    """The numbers of ``--scales``, as :class:`Numbers` joins them."""
    try:
        return tuple(map(float, text.split(",")))
    except ValueError as error:
        message = f"--scales {text!r}; give numbers, as in --scales 0.75 1.0 1.25"
        raise InputError(message) from error


def width_and_height(text: str | None, also: str = "") -> tuple[int, int] | None:
    """The numbers of ``--size``.

    Args:
        text: width x height; None gives None.
        also: what else may be given, for the message.

    Raises:
        InputError: it is something else.
    """
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text or "")
    if text is not None and not match:
        raise InputError(f"--size is {text!r}; give width x height, such as 384x256{also}")
    return match and (int(match[1]), int(match[2]))


def photo_size(text: str | None) -> tuple[int, int] | str | None:
    """The ``--size`` of photographs, as :class:`bisenet_lib.deployment.predictor.Predictor`'s.

    Raises:
        InputError: it is none.
    """
    from bisenet_lib.deployment.predictor import PHOTO, checked_size

    size = text if text == PHOTO else width_and_height(text, ", or photo for their own size")
    try:
        return checked_size(size)
    except ValueError as error:
        raise InputError(f"--{error}") from error


def supported_engine(engine: str, others: Sequence[str] = ()) -> str:
    """The engine to take for the one that is asked for; prints a sentence where it is another.

    Args:
        engine: its name.
        others: names that are allowed besides those of exports.

    Raises:
        InputError: an unknown engine, or one that is not installed.
    """
    from bisenet_lib.deployment import runtimes

    runtimes.check_name(engine, others)
    taken, why = runtimes.supported(engine)
    if why:
        notes.print(why)
    return taken


def trained(model: Path, config: str | None, dataset: Path | None) -> tuple[dict[str, Any], Path]:
    """Give the configuration and the weights of a trained network, and print which weights.

    Args:
        model: a run folder, checkpoint folder or weights file.
        config: see :func:`bisenet_lib.config.profiles.find_config`; None takes the one beside the
            weights.
        dataset: in place of the configuration's own.

    Raises:
        InputError: it is an export, or there are no weights or no configuration.
    """
    from bisenet_lib.config.configuration import load_config
    from bisenet_lib.network.checkpoint import config_file, describe, weights_file

    if exported_file(model):
        raise InputError(
            f"{model}: an exported network, for `bisenet predict` and `bisenet demo`. Give the run "
            "folder or the checkpoint that it was made from."
        )
    settings = load_config(
        config or config_file(model), dataset=dataset, any_component=config is not None
    )
    weights = weights_file(model)
    notes.print(f"weights: {describe(weights)}")
    return settings, weights


def exported_file(model: Path) -> Path | None:
    """The ONNX file that ``MODEL`` is, or holds; None for a checkpoint or a run folder."""
    if model.suffix == ".onnx":
        return model
    exported = model / "model.onnx"
    return exported if exported.is_file() and not holds_weights(model) else None


def write_json(path: Path | None, report: dict[str, Any]) -> None:
    """Write a report, where one is asked for."""
    if path:
        write_text(path, json.dumps(report, indent=2) + "\n")


def end_with_problems(problems: Sequence[str], done: str) -> None:
    """Show the first problems and end with an error, if there are any."""
    for problem in problems[:_SHOWN]:
        err.print(problem)
    if len(problems) > _SHOWN:
        err.print(f"... and {len(problems) - _SHOWN} more; --json FILE writes all of them")
    if problems:
        raise InputError(f"{len(problems)} problem(s); {done}")
