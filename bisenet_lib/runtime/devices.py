"""Choosing the device Paddle computes on."""

import os
from collections.abc import Sequence

from bisenet_lib.common.processes import CUSTOM_DEVICE
from bisenet_lib.errors import InputError
from bisenet_lib.runtime.paddleseg_compat import MKL_ON_AMD, SET_HERE, THREADS, paddle

CUDNN_FLAGS = ("FLAGS_cudnn_exhaustive_search", "FLAGS_cudnn_batchnorm_spatial_persistent")


def select(name: str = "auto") -> str:
    """Select the device Paddle computes on.

    Args:
        name: ``auto`` (see :func:`kind_of_auto`), ``cpu``, ``gpu``, ``gpu:1``, ``xpu``, ``npu``,
            or a Paddle custom device such as ``iluvatar_gpu``.

    Returns:
        The device selected, as Paddle names it (``cpu``, ``gpu:0``).

    Raises:
        InputError: the device is not there. It never falls back silently.
    """
    devices = available()
    if name == "auto":
        name = kind_of_auto(devices)
    if not any(device == name or device.startswith(f"{name}:") for device in devices):
        raise InputError(
            f"device {name!r} is not there; Paddle {paddle.__version__} finds "
            f"{', '.join(devices)} here. Run `bisenet doctor` for what a GPU needs."
        )
    paddle.device.set_device(name)
    if name.startswith("gpu"):
        _set_cudnn_flags()
    return paddle.device.get_device()


def available() -> list[str]:
    """The devices Paddle can use here: ``cpu``, ``gpu:0``, ``iluvatar_gpu:1`` and so on."""
    gpus = paddle.device.cuda.device_count() if paddle.is_compiled_with_cuda() else 0
    xpus = paddle.device.xpu.device_count() if paddle.is_compiled_with_xpu() else 0
    return [
        "cpu",
        *(f"gpu:{number}" for number in range(gpus)),
        *_custom_devices(),
        *(f"xpu:{number}" for number in range(xpus)),
    ]


def kind_of_auto(devices: Sequence[str]) -> str:
    """The kind of device that ``auto`` stands for.

    Args:
        devices: as :func:`available` gives them.

    Returns:
        ``gpu`` where there is one, else a device that a plug-in for Paddle brings, else ``cpu``;
        the custom device that the environment names for Paddle's launcher comes first.
    """
    kinds = [device.partition(":")[0] for device in devices if device != "cpu"]
    named = os.environ.get(CUSTOM_DEVICE)
    return named if named in kinds else [*kinds, "cpu"][0]


def _set_cudnn_flags() -> None:
    """Set cuDNN as the recipe does; flags that the user set in the environment stay."""
    flags = [name for name in CUDNN_FLAGS if name not in os.environ]
    paddle.set_flags(dict.fromkeys(flags, True))


def _custom_devices() -> list[str]:
    """Custom devices; Paddle leaves the number out where there is only one of a kind."""
    names = paddle.device.get_available_custom_device() or []
    return [name if ":" in name else f"{name}:0" for name in names]


def settings_line(device: str, ranks: int) -> str:
    """One line about what decides the speed: device, ranks, threads and variables set for them.

    Args:
        device: as :func:`select` gives it.
        ranks: processes of the run.
    """
    threads = f"{os.environ.get(THREADS)} thread(s) each ({THREADS})"
    mkl = f", {MKL_ON_AMD}={os.environ[MKL_ON_AMD]}" if MKL_ON_AMD in os.environ else ""
    variables = ", ".join(SET_HERE)
    chosen = f"; chosen for this machine: {variables}" if variables else ""
    return f"{device}: {ranks} process(es), {threads}{mkl}{chosen}"
