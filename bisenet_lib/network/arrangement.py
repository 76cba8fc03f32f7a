"""The same arithmetic as PaddleSeg's, arranged so that Paddle's CPU kernels are quick with it.

In a training step on a CPU Paddle 3.2.2 spends more time beside the convolutions than in
them: on adding their bias, on upsampling the five outputs and on transposing them for the
loss. Each is done here another way, with the same result up to the rounding of float32
(``tests/unit/network/test_arrangement.py``); what each gives stands in ``tools/bench/README.md``.
Taught in ``04_multi_gpu``.
"""

import ctypes
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch

import numpy as np

from bisenet_lib.runtime.paddleseg_compat import paddle

from paddleseg.models import bisenet  # isort: skip
from paddleseg.models.losses.cross_entropy_loss import CrossEntropyLoss  # isort: skip

F = paddle.nn.functional
_LOSS_FORWARD = CrossEntropyLoss.forward
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGEST = 80.0
"""exp(80) times 19 classes, and exp(-80), are both well inside float32."""


@contextmanager
def for_cpu() -> Iterator[None]:
    """Inside the block PaddleSeg's BiSeNet V2 and its loss use this module's functions."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(bisenet, "F", _Functional()))
        stack.enter_context(patch.object(paddle.nn.Conv2D, "forward", convolve))
        stack.enter_context(patch.object(CrossEntropyLoss, "forward", cross_entropy(_one_hot())))
        yield


def keep_freed_memory() -> None:
    """Let glibc keep the memory of freed arrays for the next ones.

    It gives large blocks back to the system, which clears each page when it is used again:
    a quarter of the time of a step, at larger sizes. What the user set in the environment
    (``MALLOC_...``, ``GLIBC_TUNABLES``) stays; other C libraries are left alone.
    """
    set_by_user = any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ)
    if platform.libc_ver()[0] == "glibc" and not set_by_user:
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 1 << 30)
        mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)


class _Functional:
    """``paddle.nn.functional`` with another ``interpolate``."""

    def __getattr__(self, name: str) -> Any:
        return getattr(F, name)

    @staticmethod
    def interpolate(
        x: paddle.Tensor, size: Any, mode: str = "nearest", align_corners: bool = False
    ) -> paddle.Tensor:
        size = np.asarray(size).tolist()
        if mode != "bilinear" or align_corners:
            return F.interpolate(x, size, mode=mode, align_corners=align_corners)
        return upsample(x, size)


def upsample(x: paddle.Tensor, size: Sequence[int]) -> paddle.Tensor:
    """Bilinear upsampling as two matrix products: it is linear in rows and in columns.

    Args:
        x: (N, C, H, W) float32.
        size: the new (height, width) in pixels.

    Returns:
        (N, C, height, width) float32, as ``interpolate(mode="bilinear")`` without
        ``align_corners``.
    """
    rows, columns = _weights(x.shape[2], size[0]), _weights(x.shape[3], size[1])
    return paddle.matmul(rows, paddle.matmul(x, columns, transpose_y=True))


@lru_cache(maxsize=64)
def _weights(old: int, new: int) -> paddle.Tensor:
    """(new, old) float32: the share of every old pixel in every new one, along one axis."""
    centre = np.clip((np.arange(new) + 0.5) * (old / new) - 0.5, 0, None)
    low = np.floor(centre).astype(int)
    shares = np.zeros((new, old), np.float32)
    np.add.at(shares, (np.arange(new), low), 1 - (centre - low))
    np.add.at(shares, (np.arange(new), np.minimum(low + 1, old - 1)), centre - low)
    return paddle.to_tensor(shares)


def convolve(self: paddle.nn.Conv2D, x: paddle.Tensor) -> paddle.Tensor:
    """``Conv2D.forward`` that adds its bias to (N, C, H*W), not to (N, C, H, W).

    Paddle's CPU kernel broadcasts over four dimensions value by value, over three row by row.
    """
    y = F.conv2d(x, self.weight, None, self._stride, self._padding, self._dilation, self._groups)
    if self.bias is None:
        return y
    return (y.flatten(2) + self.bias.unsqueeze(1)).reshape(y.shape)


def cross_entropy(one_hot: Callable[[paddle.Tensor, int], paddle.Tensor]) -> Callable:
    """``CrossEntropyLoss.forward`` from an exponential and two matrix products.

    Args:
        one_hot: makes (N, C, H*W) float32 of the label; five heads share one label.

    Returns:
        The method. For class weights, and for logits whose exponential float32 cannot hold,
        it calls PaddleSeg's own.
    """

    def forward(self, logit, label, semantic_weights=None):
        if self.weight is not None or self.data_format != "NCHW" or _too_large(logit):
            return _LOSS_FORWARD(self, logit, label, semantic_weights)
        flat = logit.flatten(2)
        every_class = paddle.ones([1, logit.shape[1]])
        normaliser = paddle.log(paddle.matmul(every_class, paddle.exp(flat)))
        of_truth = paddle.matmul(every_class, flat * one_hot(label, logit.shape[1]))
        loss = (normaliser - of_truth).reshape(label.shape)
        return self._post_process_loss(logit, label.astype("int64"), semantic_weights, loss)

    return forward


def _too_large(logit: paddle.Tensor) -> bool:
    return not float(logit.detach().abs().amax()) < LARGEST


def _one_hot() -> Callable[[paddle.Tensor, int], paddle.Tensor]:
    """A function that makes the one-hot form of a label once and then remembers the last."""

    @lru_cache(maxsize=1)
    def made(label: paddle.Tensor, classes: int) -> paddle.Tensor:
        pixels = label.numpy().reshape(label.shape[0], 1, -1)
        return paddle.to_tensor((pixels == np.arange(classes)[:, None]).astype(np.float32))

    return made
