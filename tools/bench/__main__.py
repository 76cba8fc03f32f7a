"""Measure all that the course says about speed, and print one table: `make bench`."""

import argparse
import importlib

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bisenet_lib.common.machine import hardware, versions

BENCHES = {
    "convert_bench": "label conversion",
    "read_bench": "reading training samples of the recipe, batches of 4",
    "train_bench": "training, 4 images of 256 x 256 a process",
    "torch_bench": "a training step beside PyTorch's, 4 images of 256 x 256",
    "eval_bench": "evaluation",
    "demo_bench": "the live demo on two cores",
    "engine_bench": "what was tried for the network, 512 x 1024",
}
PACKAGES = (
    "paddlepaddle",
    "paddleseg",
    "onnxruntime",
    "openvino",
    "torch",
    "numpy",
    "opencv-python-headless",
)


def machine() -> str:
    """The hardware, and the versions of what is measured."""
    found = versions(PACKAGES).items()
    told = (
        f"{name} {version}" if version else f"{name} is not installed" for name, version in found
    )
    return f"{hardware()}\n{', '.join(told)}"


def main() -> None:
    """Run the benches that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], help="benches to run; all")
    names = parser.parse_args().names or list(BENCHES)
    console = Console()
    console.print(machine(), highlight=False, soft_wrap=True)
    table = Table("what", "measured", "ratio, and what is asked for")
    for name in names:
        with console.status(f"{BENCHES[name]} ..."):
            rows = importlib.import_module(name).rows()
        table.add_row(f"[bold]{BENCHES[name]}[/bold]")
        for row in rows:
            table.add_row(*map(escape, row))
        table.add_section()
    console.print(table)


if __name__ == "__main__":
    main()
