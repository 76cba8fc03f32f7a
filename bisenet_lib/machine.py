"""What the machine offers this process."""

import os

CUSTOM_DEVICE = "PADDLE_XCCL_BACKEND"
"""In the environment: the custom device that Paddle's launcher and its ranks use."""


def cores() -> int:
    """Processor cores this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
