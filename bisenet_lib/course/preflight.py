"""Can this machine take the course? Asked before anything is downloaded.

Run as a plain file by whatever Python there is (``python3 bisenet_lib/course/preflight.py``), so
it uses the standard library only, and syntax that Python 3.6 can read.
"""

import argparse
import ctypes
import importlib.util
import os
import platform
import shutil
import struct
import sys
import tempfile
from pathlib import Path
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

PYTHONS = ((3, 11), (3, 12), (3, 13))
INSTALL_GB = 2.5
"""The environment (1.8 GB) and MiniCity with the runs."""
RUN_GB = 0.5
TEMP_GB = 0.7
"""Where pip unpacks its downloads."""
GLIBC = (2, 28)
"""The oldest C library that the locked wheels were built for."""
MACHINES = {"Linux": ("x86_64", "aarch64"), "Darwin": ("arm64",), "Windows": ("amd64",)}
"""Where paddlepaddle 3.2.2 has wheels."""

_DEBIAN, _FEDORA, _ARCH, _BREW = "apt-get", "dnf", "pacman", "brew"
GET_PYTHON = {
    "uv": "uv python install 3.13",
    "pyenv": "pyenv install 3.13 && pyenv local 3.13",
    _DEBIAN: "sudo apt-get install -y python3.13 python3.13-venv"
    " || sudo apt-get install -y python3.12 python3.12-venv"
    " || sudo apt-get install -y python3.11 python3.11-venv",
    _FEDORA: "sudo dnf install -y python3.13",
    _BREW: "brew install python@3.13",
    "winget": "winget install Python.Python.3.13",
    "conda": "conda create -y -n py313 python=3.13 && conda activate py313",
}
GET_LIBRARIES = {
    _DEBIAN: "sudo apt-get update && sudo apt-get install -y libgomp1",
    _FEDORA: "sudo dnf install -y libgomp",
    _ARCH: "sudo pacman -S --noconfirm gcc-libs",
}
LIBRARIES = ("libgomp.so.1",)
"""What paddlepaddle loads and does not bring."""


class Check(NamedTuple):
    """One thing looked at.

    ``ok`` is True, False, or None for plain information; ``fix`` says how to repair a False one.
    """

    name: str
    ok: Optional[bool]
    found: str
    fix: str = ""


def _commands(known: Dict[str, str]) -> str:
    """The command of the tools that are on this machine, or of all when none is."""
    commands = [command for tool, command in known.items() if shutil.which(tool)]
    return "\n".join(commands or ["{}: {}".format(*item) for item in known.items()])


def check_python(version: Sequence[int], executable: str) -> Check:
    """Is this Python one that every locked package has wheels for?

    Args:
        version: ``sys.version_info`` of the Python asked about.
        executable: its path.
    """
    found = "{} at {}".format(".".join(str(part) for part in version[:3]), executable)
    if tuple(version[:2]) in PYTHONS:
        return Check("Python", True, found)
    names = ["{}.{}".format(*python) for python in PYTHONS]
    need = "{} or {}".format(", ".join(names[:-1]), names[-1])
    if tuple(version[:2]) > PYTHONS[-1]:
        need += " (paddlepaddle has no wheel for a newer one yet)"
    fix = "{}\nthen: make run   (or name one: make run PYTHON=/path/to/python3.13)"
    return Check(
        "Python", False, "{}; need {}".format(found, need), fix.format(_commands(GET_PYTHON))
    )


def check_venv(version: Sequence[int]) -> Check:
    """Can this Python make an environment? Debian keeps that in a separate package."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if not missing:
        return Check("venv", True, "available")
    package = "python{}.{}-venv".format(*version[:2])
    return Check(
        "venv",
        False,
        "this Python has no {}".format(" and no ".join(missing)),
        "sudo apt-get update && sudo apt-get install -y {}".format(package),
    )


def check_platform(
    system: str, machine: str, bits: int, libc: Tuple[str, str] = ("glibc", "99")
) -> Check:
    """Do the locked packages have wheels for this kind of machine?

    Args:
        system: ``platform.system()``.
        machine: ``platform.machine()``.
        bits: 32 or 64: how wide a pointer of this Python is.
        libc: ``platform.libc_ver()``, which matters on Linux.
    """
    found = "{} {}, {} bit".format(system, machine, bits)
    fix = "use 64-bit Linux (x86_64, aarch64), macOS on Apple silicon, or Windows with WSL 2"
    if bits != 64 or machine.lower() not in MACHINES.get(system, ()):
        return Check("platform", False, found + ": paddlepaddle has no wheel for it", fix)
    if system == "Linux":
        found += ", {} {}".format(libc[0] or "no glibc", libc[1]).rstrip()
        if libc[0] != "glibc" or tuple(int(part) for part in libc[1].split(".")[:2]) < GLIBC:
            fix = "use a distribution with glibc {}.{} or newer, as Debian 10 or Ubuntu 20.04"
            found += ": the wheels need glibc {}.{}".format(*GLIBC)
            return Check("platform", False, found, fix.format(*GLIBC))
    return Check("platform", True, found)


def check_libraries(names: Iterable[str] = LIBRARIES) -> Check:
    """Are the system libraries there that ``import paddle`` needs?"""
    missing = []
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    if missing:
        return Check(
            "system libraries",
            False,
            "missing: {} (paddlepaddle needs them)".format(", ".join(missing)),
            _commands(GET_LIBRARIES),
        )
    return Check("system libraries", True, "found")


def check_folder(folder: str) -> Check:
    """Can files be written into the project?"""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Check("folder", True, "{} can be written".format(folder))
    except OSError as error:
        reason = error.strerror or str(error)
    fix = 'sudo chown -R "$(id -un)" "{}"   (or copy the project to a folder of yours)'
    return Check(
        "folder", False, "{}: cannot be written ({})".format(folder, reason), fix.format(folder)
    )


def check_disk(folder: str, need_gb: float, name: str = "disk space", hint: str = "") -> Check:
    """Is there space for what will be written into ``folder``?

    Args:
        folder: an existing folder.
        need_gb: gigabytes wanted.
        name: what to call the check.
        hint: another way out than making space.
    """
    free = shutil.disk_usage(folder).free / 1e9
    found = "{:.1f} GB free in {}".format(free, folder)
    if free >= need_gb:
        return Check(name, True, found)
    fix = 'free {:.1f} GB (what takes it: du -xh "{}" | sort -h | tail){}'
    return Check(
        name,
        False,
        "{}; need {:.1f} GB".format(found, need_gb),
        fix.format(need_gb - free, folder, hint),
    )


def _device(folder: str) -> int:
    return Path(folder).stat().st_dev


def check_install_space(folder: str, temporary: Optional[str] = None) -> List[Check]:
    """Is there space for an installation, and for what pip unpacks meanwhile?

    Args:
        folder: the project.
        temporary: where pip unpacks; None asks the system. On the disk of the project both
            have to find room at once.
    """
    temporary = temporary or tempfile.gettempdir()
    other = "\nor work elsewhere: cp -r the project to a larger disk"
    elsewhere = "\nor let pip unpack elsewhere: export TMPDIR=/path/on/a/larger/disk"
    if _device(folder) == _device(temporary):
        return [check_disk(folder, INSTALL_GB + TEMP_GB, hint=other + elsewhere)]
    return [
        check_disk(folder, INSTALL_GB, hint=other),
        check_disk(temporary, TEMP_GB, "temporary space", elsewhere),
    ]


def check_environment(folder: str) -> Check:
    """Does ``.venv`` still work? It survives neither a move nor a Python upgrade.

    Args:
        folder: the project, with a ``.venv`` that was installed whole.
    """
    venv = Path(folder, ".venv")
    made_for = (venv / ".installed").read_text().strip()
    fix = "rm -rf .venv && make install"
    if made_for != folder:
        return Check(".venv", False, "made for {}, now in {}".format(made_for, folder), fix)
    if not any((venv / python).exists() for python in ("bin/python", "Scripts/python.exe")):
        return Check(".venv", False, "its Python is gone from this machine", fix)
    return Check(".venv", True, "{} works".format(venv))


def machine_checks() -> List[Check]:
    """What Python, system and libraries must be; the doctor asks for the same."""
    checks = [
        check_python(sys.version_info[:3], sys.executable),
        check_platform(
            platform.system(),
            platform.machine(),
            struct.calcsize("P") * 8,
            platform.libc_ver(),
        ),
    ]
    return [*checks, check_libraries()] if platform.system() == "Linux" else checks


def checks(folder: str) -> List[Check]:
    """Everything looked at before an installation into ``folder``/.venv."""
    first = [*machine_checks(), check_folder(folder)]
    if Path(folder, ".venv", ".installed").exists():
        return [*first, check_environment(folder), check_disk(folder, RUN_GB)]
    return [*first, check_venv(sys.version_info[:3]), *check_install_space(folder)]


def report_lines(results: Iterable[Check]) -> List[str]:
    """The checks as plain text: a line each, and under a fault the commands that fix it."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    mark = {True: "OK", False: "FAULT", None: "--"}
    text = []
    for check in results:
        text.append("{:<6}{}: {}".format(mark[check.ok], check.name, check.found))
        if check.ok is False:
            fix = check.fix.replace("sudo ", "") if root else check.fix
            text += ["          " + line for line in fix.splitlines()]
    return text


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Print the faults of this machine and how to fix them; gives 1 when there is one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", default=".", help="the project's folder")
    folder = str(Path(parser.parse_args(arguments).folder).resolve())
    faults = [check for check in checks(folder) if check.ok is False]
    if not faults:
        return 0
    sys.stdout.flush()
    sys.stderr.write("The course cannot be set up here yet; nothing was downloaded.\n")
    sys.stderr.write("\n".join(report_lines(faults)) + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
