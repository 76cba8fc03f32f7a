"""Choosing the device Paddle computes on."""

from bisenet_lib.errors import InputError
from bisenet_lib.paddleseg_compat import paddle


def select(name: str = "auto") -> str:
    """Select the device Paddle computes on.

    Args:
        name: ``auto`` (a GPU if there is one that Paddle can use, else the CPU), ``cpu``,
            ``gpu``, ``gpu:1``, ``xpu``, ``npu``, or a Paddle custom device such as
            ``iluvatar_gpu``.

    Returns:
        The device selected, in Paddle's words (``cpu``, ``gpu:0``).

    Raises:
        InputError: the device is not there. It never falls back silently.
    """
    gpus = paddle.device.cuda.device_count() if paddle.is_compiled_with_cuda() else 0
    found = ["cpu", *(f"gpu:{number}" for number in range(gpus)), *_custom_devices()]
    if paddle.is_compiled_with_xpu():
        found.append("xpu:0")
    if name == "auto":
        name = "gpu" if any(one.startswith("gpu") for one in found) else "cpu"
    if not any(one == name or one.startswith(f"{name}:") for one in found):
        raise InputError(
            f"device {name!r} is not there; Paddle {paddle.__version__} finds "
            f"{', '.join(found)} here. Run `bisenet doctor` for what a GPU needs."
        )
    paddle.device.set_device(name)
    return paddle.device.get_device()


def _custom_devices() -> list[str]:
    kinds = paddle.device.get_all_custom_device_type() or []
    return paddle.device.get_available_custom_device() or kinds
