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
    if name == "auto":
        name = "gpu" if gpus else "cpu"
    kind, _, index = name.partition(":")
    custom = paddle.device.get_all_custom_device_type() or []
    there = {"cpu": 1, "gpu": gpus, "xpu": int(paddle.is_compiled_with_xpu())}
    count = there.get(kind, int(kind in custom))
    if count == 0 or (kind == "gpu" and index and not index.isdigit()) or int(index or 0) >= count:
        found = [key for key, value in there.items() if value] + list(custom)
        raise InputError(
            f"device {name!r} is not there; Paddle {paddle.__version__} finds "
            f"{', '.join(found)} here. Run `bisenet doctor` for what a GPU needs."
        )
    paddle.device.set_device(name)
    return paddle.device.get_device()
