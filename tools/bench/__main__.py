"""Measure all that the course says about speed, and print one table: `make bench`."""

import argparse
import importlib
import platform
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bisenet_lib.common.processes import cores

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
    """The processor, the cores this process may use, and the versions of what is measured."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{package} is not installed")
    return (
        f"{names[0] if names else platform.processor()}, {cores()} cores, {platform.platform()}, "
        f"Python {platform.python_version()}\n{', '.join(versions)}"
    )


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
