"""What this machine can do for the course, and for each fault the exact command that fixes it.

Every check looks at one thing and answers with a :class:`~bisenet_lib.course.preflight.Check`;
those of :mod:`bisenet_lib.course.preflight` are the same ones ``make`` asks before it installs.
"""

import importlib.util
import json
import os
import platform
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from bisenet_lib.course import preflight, project
from bisenet_lib.course.preflight import Check

CITYSCAPES_VARIABLE = "CITYSCAPES_DATASET"
"""Where cityscapesscripts itself looks for the data set."""
MEMORY_GB = 4.0
"""The laptop profile trains in less; below this the machine swaps."""
SHM_GB = 1.0
"""What two DataLoader workers hand over for batches of four 1024 x 1024 images, with room."""
PLUGINS = "paddle_custom_device"
"""The folder beside the package ``paddle`` where plug-ins for other devices are."""
DRIVER_FOR_CUDA = {11: 450, 12: 525, 13: 580}
"""The oldest NVIDIA driver that runs programs of a CUDA generation."""


def locked(lock: Path) -> dict[str, str]:
    """The packages of this system in a file of ``name==version`` lines, with their versions.

    A line that ends in ``; sys_platform == 'darwin'`` is for macOS alone.
    """
    lines = (line.partition(";") for line in lock.read_text(encoding="utf-8").splitlines())
    pins = (pin for pin, _, marker in lines if not marker or sys.platform == "darwin")
    return dict(pin.strip().split("==") for pin in pins)


def check_packages(lock: Path) -> Check:
    """Are the installed packages the locked ones?

    Paddle's GPU build stands for the CPU build of the same version.

    Args:
        lock: see :func:`locked`.
    """
    if not lock.exists():
        fix = f"git checkout -- {lock.name}   (or copy it from the release you downloaded)"
        return Check("packages", False, f"{lock} is missing", fix)
    pins = locked(lock)
    wrong, fixes = [], []
    gpu_build = _installed("paddlepaddle-gpu")
    for name, version in pins.items():
        installed = gpu_build if name == "paddlepaddle" and gpu_build else _installed(name)
        if installed != version:
            wrong.append(f"{name} {installed or 'missing'}, locked {version}")
            fixes.append(f"{name}=={version}")
    if _installed("opencv-python"):
        wrong.append("opencv-python lies over opencv-python-headless, in the same folder")
        fixes.append(f"--force-reinstall opencv-python-headless=={pins['opencv-python-headless']}")
    if not wrong:
        return Check("packages", True, f"all {len(pins)} as in {lock.name}")
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return Check("packages", False, "; ".join(wrong[:5]) + more, _install(fixes, bool(gpu_build)))


def _install(pins: list[str], gpu: bool) -> str:
    """The commands for the packages named; none puts a CPU build over Paddle's GPU build.

    PaddleSeg asks for an old OpenCV, so nothing may bring what it asks for.
    """
    lines = []
    if gpu and any(pin.startswith("paddlepaddle==") for pin in pins):
        lines.append("make install-gpu")
        pins = [pin for pin in pins if not pin.startswith("paddlepaddle==")]
    if pins:
        lines.append(
            f'"{sys.executable}" -m pip install --no-deps --no-build-isolation {" ".join(pins)}'
        )
    return "\n".join(lines)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def check_cores() -> Check:
    """How many processor cores may this process use? Never a fault, only slow."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return Check("CPU cores", True, f"{cores} of {os.cpu_count()}, {platform.machine()}")


def check_memory(need_gb: float = MEMORY_GB) -> Check:
    """Is there memory for the laptop profile?"""
    memory = psutil.virtual_memory()
    found = f"{memory.available / 1e9:.1f} GB free of {memory.total / 1e9:.1f} GB"
    if memory.available / 1e9 >= need_gb:
        return Check("memory", True, found)
    biggest = max(psutil.process_iter(["name", "memory_info"]), key=_resident)
    fix = (
        f"close other programs (the largest: {biggest.info['name']}, "
        f"{_resident(biggest) / 1e9:.1f} GB), or: make run PROFILE=smoke"
    )
    return Check("memory", False, f"{found}; the laptop profile needs {need_gb:.1f} GB", fix)


def _resident(process: psutil.Process) -> int:
    return process.info["memory_info"].rss if process.info["memory_info"] else 0


def check_shared_memory(folder: Path = Path("/dev/shm"), need_gb: float = SHM_GB) -> Check:
    """Is there room where the workers of a DataLoader leave their batches?"""
    if not folder.is_dir():
        return Check(str(folder), None, "not used on this system")
    free = shutil.disk_usage(folder).free / 1e9
    found = f"{free:.2f} GB free"
    if free >= need_gb:
        return Check(str(folder), True, found)
    fix = (
        "docker run --shm-size=2g ...\n"
        f"or, not in a container: sudo mount -o remount,size=2g {folder}\n"
        "or read the data in the training process: num_workers 0"
    )
    return Check(str(folder), False, f"{found}; DataLoader workers need {need_gb:.1f} GB", fix)


def check_gpu(paddle_version: Mapping[str, Any] | None = None) -> list[Check]:
    """Is there an NVIDIA GPU, and can the installed Paddle use it?

    Args:
        paddle_version: the names in ``paddle/version/__init__.py``; None reads them from
            the installed wheel (without importing Paddle).

    Returns:
        One check a GPU, or a single one when there is none or the driver does not answer.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return [Check("GPU", None, "no NVIDIA driver (nvidia-smi); the CPU is used")]
    query = "--query-gpu=name,driver_version,compute_cap"
    try:
        answer = subprocess.run(
            [tool, query, "--format=csv,noheader"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        answer_text = answer.stdout.strip() or "no answer"
    except subprocess.TimeoutExpired as error:
        answer_text = str(error)
    rows = [re.split(r"\s*,\s*", line) for line in answer_text.splitlines()]
    if not all(len(row) == 3 and re.fullmatch(r"\d+\.\d+", row[2]) for row in rows):
        fix = (
            "sudo reboot   (after a driver update), or renew the driver: "
            "sudo apt-get install -y --reinstall nvidia-driver"
        )
        return [Check("GPU", False, f"nvidia-smi: {answer_text.splitlines()[0]}", fix)]
    paddle = _paddle_version() if paddle_version is None else paddle_version
    return [
        _gpu(f"GPU {number}", name, driver, capability, paddle)
        for number, (name, driver, capability) in enumerate(rows)
    ]


def _paddle_version() -> Mapping[str, Any]:
    spec = importlib.util.find_spec("paddle")
    if spec is None or spec.origin is None:
        return {}
    return runpy.run_path(str(Path(spec.origin).parent / "version" / "__init__.py"))


def _gpu(title: str, name: str, driver: str, capability: str, paddle: Mapping[str, Any]) -> Check:
    """Can this wheel of Paddle run on this GPU with this driver?"""
    found = f"{name}, driver {driver}, compute capability {capability}"
    cuda = str(paddle.get("cuda_version", "False"))
    if cuda in ("False", "None"):
        return Check(title, False, f"{found}; the installed Paddle is a CPU build", _reinstall())
    found += f"; Paddle {paddle['full_version']} for CUDA {cuda}"
    need = DRIVER_FOR_CUDA.get(int(cuda.split(".")[0]), 0)
    if int(driver.split(".")[0]) < need:
        fix = f"sudo apt-get install -y nvidia-driver-{need} && sudo reboot"
        return Check(title, False, f"{found}, which needs driver {need} or newer", fix)
    archs = [int(arch) for arch in paddle.get("compiled_cuda_archs", [])]
    if not archs:
        return Check(title, None, f"{found}; the wheel does not say for which GPUs")
    major, minor = (int(part) for part in capability.split("."))
    if any(arch // 10 == major and arch % 10 <= minor for arch in archs):
        return Check(title, True, found)
    listed = ", ".join(f"{arch // 10}.{arch % 10}" for arch in archs)
    cuda_index = "cu129" if major >= 10 else "cu126"
    fix = _reinstall(cuda_index if major >= 5 else "")
    return Check(title, False, f"{found}, which has code only for {listed}", fix)


def _reinstall(cuda: str = "cu126") -> str:
    if not cuda:
        return "this GPU is too old for Paddle 3; choose the CPU: --device cpu"
    index = f"https://www.paddlepaddle.org.cn/packages/stable/{cuda}/"
    return f"make install-gpu PADDLE_GPU_INDEX={index}"


def check_custom_devices() -> list[Check]:
    """Does Paddle find the devices of its plug-ins, as those of Iluvatar or Ascend cards?

    Another process asks Paddle, as a plug-in that does not fit may end it.

    Returns:
        One check, or none without a plug-in.
    """
    spec = importlib.util.find_spec("paddle")
    beside = Path(spec.origin).parents[1] / PLUGINS if spec and spec.origin else Path(PLUGINS)
    folder = Path(os.environ.get("CUSTOM_DEVICE_ROOT") or beside)
    plugins = ", ".join(sorted(path.name for path in folder.glob("*.so")))
    if not plugins:
        return []
    devices, reason = _ask_paddle_for_devices()
    if not devices:
        fix = (
            "install the plug-in that its maker built for this version of Paddle, or choose "
            "the CPU: --device cpu"
        )
        return [Check("custom devices", False, f"{plugins} in {folder}: {reason}", fix)]
    kinds = dict.fromkeys(device.partition(":")[0] for device in devices)
    options = " or ".join(f"--device {kind}" for kind in kinds)
    return [Check("custom devices", True, f"{', '.join(devices)}; {options}")]


def _ask_paddle_for_devices() -> tuple[list[str], str]:
    """The custom devices, and where there are none the reason."""
    code = "import paddle; print(*paddle.device.get_available_custom_device())"
    try:
        answer = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
        )
    except subprocess.TimeoutExpired as error:
        return [], f"Paddle does not start with it ({error})"
    if answer.returncode:
        last = [f"exit code {answer.returncode}", *answer.stderr.strip().splitlines()][-1]
        return [], f"Paddle does not start with it ({last})"
    names = ["", *answer.stdout.splitlines()][-1].split()
    # Paddle leaves the number out where there is only one of a kind.
    devices = [name if ":" in name else f"{name}:0" for name in names]
    return devices, "Paddle finds no device of it"


def check_accelerators() -> list[Check]:
    """GPUs and other devices; that an NVIDIA driver is missing matters only without another."""
    custom = check_custom_devices()
    return custom if custom and not shutil.which("nvidia-smi") else [*custom, *check_gpu()]


def check_minicity(root: Path) -> Check:
    """Is the embedded data set there, and made by this version's generator?"""
    frames = len(list(root.glob("leftImg8bit/*/*/*_leftImg8bit.png")))
    make = f'bisenet minicity "{root}"'
    if not frames:
        return Check("MiniCity", False, f"none in {root}", make)
    if _is_outdated(root):
        found = f"{root} was made by another version of the generator"
        return Check("MiniCity", False, found, f'rm -r "{root}" && {make}')
    return Check("MiniCity", True, f"{frames} frames in {root}")


def _is_outdated(minicity: Path) -> bool:
    """Whether MiniCity's settings name another version; False where that cannot be told."""
    try:
        from bisenet_lib.data.minicity.dataset import SETTINGS, VERSION  # its packages may lack

        settings = json.loads((minicity / SETTINGS).read_text(encoding="utf-8"))
        return settings["version"] != VERSION
    except (ImportError, OSError, ValueError, KeyError, TypeError):
        return False


def check_cityscapes(root: Path | None) -> Check:
    """Is the Cityscapes data set there, if the user said where?

    Args:
        root: the folder that holds ``leftImg8bit`` and ``gtFine``; None: not wanted.
    """
    if root is None:
        found = "not given (optional); doctor --cityscapes DIR or " + CITYSCAPES_VARIABLE
        return Check("Cityscapes", None, found)
    parts = {
        "leftImg8bit_trainvaltest.zip": "leftImg8bit/*/*/*_leftImg8bit.png",
        "gtFine_trainvaltest.zip": "gtFine/*/*/*_gtFine_labelIds.png",
    }
    counts = {package: sum(1 for _ in root.glob(pattern)) for package, pattern in parts.items()}
    missing = [package for package, count in counts.items() if count == 0]
    if not missing:
        images, labels = counts.values()
        return Check("Cityscapes", True, f"{images} images, {labels} labels in {root}")
    lacks = " and ".join(parts[package].split("/")[0] for package in missing)
    fetch = "\n".join(
        f'csDownload -d "{root}" {package} && unzip -q "{root}/{package}" -d "{root}"'
        for package in missing
    )
    fix = f"{fetch}\n(with an account of cityscapes-dataset.com), or give another folder"
    return Check("Cityscapes", False, f"no {lacks} in {root}", fix)


def checks(cityscapes: Path | None = None) -> list[Check]:
    """Look at everything the course needs.

    Args:
        cityscapes: the Cityscapes folder; None takes it from ``CITYSCAPES_DATASET``.

    Returns:
        The checks, in the order in which faults are best fixed.
    """
    if cityscapes is None and os.environ.get(CITYSCAPES_VARIABLE):
        cityscapes = Path(os.environ[CITYSCAPES_VARIABLE])
    root = project.find_course()
    source = project.HOME if (project.HOME / project.FIRST).is_file() else root
    missing = f"not in {Path.cwd()}; the library is installed without it: ask in its folder"
    return [
        *preflight.machine_checks(),
        check_packages(source / "requirements.lock") if source else Check("course", None, missing),
        preflight.check_disk(str(root or Path.cwd()), preflight.RUN_GB),
        check_cores(),
        check_memory(),
        check_shared_memory(),
        *check_accelerators(),
        *([check_minicity(root / "data" / "minicity")] if root else []),
        check_cityscapes(cityscapes),
    ]


def report(results: Iterable[Check]) -> str:
    """The checks as plain text, for a terminal or a notebook.

    Args:
        results: what :func:`checks` returned.

    Returns:
        A line each, and under a fault the commands that fix it.
    """
    return "\n".join(preflight.report_lines(results))
