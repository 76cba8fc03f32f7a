"""``bisenet demo``: a network segments moving streets, in the browser.

Imports stand inside the function, as in :mod:`bisenet_lib.cli`.
"""

import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bisenet_lib.cli_options import UNDERSCORES, OwnConfig, err, exported_file, notes, out, trained
from bisenet_lib.errors import InputError

SHIPPED = Path(__file__).resolve().parents[1] / "data" / "checkpoints" / "bisenetv2_minicity"


def add_to(app: typer.Typer) -> None:
    """Register the sub-commands of this module."""
    app.command(context_settings=UNDERSCORES)(demo)


def demo(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="A run folder, checkpoint or exported network. Default: the shipped checkpoint.",
            show_default=False,
        ),
    ] = None,
    config: OwnConfig = None,
    port: Annotated[
        int | None, typer.Option(help="Default: the first that is free from 8765 on.")
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            help="0.0.0.0 lets other computers watch; then the address holds a token, and who has "
            "it may send pictures too."
        ),
    ] = "127.0.0.1",
    seed: Annotated[
        int | None, typer.Option(help="Of the street that is driven through; 0 or more.")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = True,
) -> None:
    """Show a network at work: a drive through a street, your camera, a photo or a video.

    It runs until Ctrl-C. Nothing leaves this computer, and no picture is kept.
    """
    import asyncio

    from bisenet_lib.demo import networks
    from bisenet_lib.demo.drive import SEED, Drive
    from bisenet_lib.demo.server import serve

    seed = SEED if seed is None else seed
    if seed < 0:
        raise InputError(f"seed is {seed}; give 0 or more")
    path = model or _shipped()
    exported = exported_file(path)
    if exported:
        network = networks.of_export(exported, str(model))
    else:
        settings, weights = trained(path, config, None)
        network = networks.of_checkpoint(settings, weights, str(model or SHIPPED.name))

    def ready(addresses: Sequence[str]) -> None:
        for address in addresses:
            out.print(address, highlight=False, soft_wrap=True)
        notes.print("Ctrl-C ends it.")
        if browser and not _opened(addresses[0]):
            err.print("No browser was found on this computer: open the address in one by hand.")

    asyncio.run(serve(network, ready, host=host, port=port, drive=Drive(seed)))


def _shipped() -> Path:
    if not SHIPPED.is_dir():
        raise InputError(
            f"{SHIPPED}: no shipped checkpoint there. Give a MODEL: a run folder, a checkpoint or "
            "an exported network."
        )
    return SHIPPED


def _opened(address: str) -> bool:
    """Whether a browser with a screen was told to open an address; one in a terminal is not."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    in_terminal = type(found) is webbrowser.GenericBrowser
    return not in_terminal and found.open(address)
