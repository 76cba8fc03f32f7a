"""On what something was measured: the processor, and the versions of what ran."""

import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from bisenet_lib.common.processes import cores


def hardware() -> str:
    """The processor, the cores this process may use, the system and the Python."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (
        f"{names[0] if names else platform.processor()}, {cores()} cores, {platform.platform()}, "
        f"Python {platform.python_version()}"
    )


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The installed version of each package; an empty one where it is not installed."""
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = ""
    return found
