"""``bisenet demo``: a network segments moving streets, in the browser.

Imports stand inside the function, as in :mod:`bisenet_lib.cli.main`.
"""

import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bisenet_lib.cli.options import (
    MODEL,
    OwnConfig,
    Size,
    err,
    exported_file,
    notes,
    out,
    photo_size,
    supported_engine,
    trained,
)
from bisenet_lib.errors import InputError

if TYPE_CHECKING:
    from bisenet_lib.deployment.demo.networks import DemoNetwork

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "checkpoints" / "bisenetv2_minicity"


def add_to(app: typer.Typer) -> None:
    """Register the sub-commands of this module."""
    app.command()(demo)


def demo(
    model: Annotated[
        Path | None,
        typer.Argument(
            help=f"{MODEL}, or what `bisenet export` made of one. Default: the shipped checkpoint.",
            show_default=False,
        ),
    ] = None,
    config: OwnConfig = None,
    engine: Annotated[
        str | None,
        typer.Option(
            help="What runs it first, as for predict; paddle too for a checkpoint. The page has a "
            "menu of all that are there."
        ),
    ] = None,
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
    size: Size = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = True,
) -> None:
    """Show a network at work: a drive through a street, your camera, a photo or a video.

    It runs until Ctrl-C. Nothing leaves this computer, and no picture is kept.
    """
    import asyncio

    from bisenet_lib.deployment.demo.drive import SEED, Drive
    from bisenet_lib.deployment.demo.server import listen, serve

    seed = SEED if seed is None else seed
    if seed < 0:
        raise InputError(f"seed is {seed}; give 0 or more")
    path = model or SHIPPED
    if not path.exists():
        raise InputError(
            f"{path}: not there. Give a run folder, a checkpoint or an exported network as MODEL."
        )
    seen = photo_size(size)
    first = None if engine is None else supported_engine(engine, ("paddle",))
    sockets = listen(host, port)
    network = _network(path, config, title=str(model or SHIPPED.name), size=seen)
    if first is not None:
        network = network.beginning_with(first)
    shown = f"about {network.width}x{network.trained[1]}" if network.width else "their own size"
    notes.print(f"Pictures are shown to the network at {shown}: {network.reason()}.")

    def ready(addresses: Sequence[str]) -> None:
        for address in addresses:
            out.print(address, highlight=False, soft_wrap=True)
        notes.print("Ctrl-C ends it.")
        if browser and not _opened(addresses[0]):
            err.print("No browser was found on this computer: open the address in one by hand.")

    asyncio.run(serve(network, sockets, ready, host=host, drive=Drive(seed)))


def _network(
    model: Path, config: str | None, title: str, size: tuple[int, int] | str | None
) -> "DemoNetwork":
    from bisenet_lib.deployment.demo import networks

    if exported := exported_file(model):
        return networks.of_export(exported, title, size)
    settings, weights = trained(model, config, None)
    return networks.of_checkpoint(settings, weights, title, size)


def _opened(address: str) -> bool:
    """Whether a browser with a screen was told to open an address; one in a terminal is not."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    in_terminal = type(browser) is webbrowser.GenericBrowser
    return not in_terminal and browser.open(address)
