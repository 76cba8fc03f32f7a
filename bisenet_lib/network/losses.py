"""PaddleSeg's cross-entropy, calculated in a way that is fast on Paddle's CPU kernels.

In a training step on a CPU, PaddleSeg's loss spends most of its time on transposing the logits of
five heads. ``tools/bench/README.md`` has the times of both. Taught in ``04_multi_gpu``.
"""

import numpy as np

from bisenet_lib.runtime.paddleseg_compat import paddle

from paddleseg.models import losses  # isort: skip

LARGEST = 80.0
"""exp(80) times 19 classes, and exp(-80), are both well inside float32."""
_last: list[tuple[paddle.Tensor, int, paddle.Tensor]] = []
"""The last label, the number of classes, and their one-hot tensor: five heads share one label."""


class CPUCrossEntropyLoss(losses.CrossEntropyLoss):
    """PaddleSeg's ``CrossEntropyLoss`` from an exponential and two matrix products.

    For logits whose exponential float32 cannot hold, and for class weights where only the hardest
    pixels count, it calculates as PaddleSeg does. The arguments are PaddleSeg's.
    """

    def forward(
        self,
        logit: paddle.Tensor,
        label: paddle.Tensor,
        semantic_weights: paddle.Tensor | None = None,
    ) -> paddle.Tensor:
        """The mean loss of the pixels that are not ignored.

        Args:
            logit: (N, C, H, W) float32.
            label: (N, H, W) integers, class indices or the ignore index.
            semantic_weights: (N, H, W) float32, of each pixel.
        """
        plain_mean = self.top_k_percent_pixels == 1 and self.avg_non_ignore
        if self.weight is not None and (not plain_mean or len(self.weight) != logit.shape[1]):
            return super().forward(logit, label, semantic_weights)
        if self.data_format != "NCHW" or _too_large(logit):
            return super().forward(logit, label, semantic_weights)
        flat = logit.flatten(2)
        every_class = paddle.ones([1, logit.shape[1]])
        normaliser = paddle.log(paddle.matmul(every_class, paddle.exp(flat)))
        of_truth = paddle.matmul(every_class, flat * _one_hot(label, logit.shape[1]))
        loss = (normaliser - of_truth).reshape(label.shape)
        if self.weight is not None:
            return self._weighted_mean(loss, label, semantic_weights)
        return self._post_process_loss(logit, label.astype("int64"), semantic_weights, loss)

    def _weighted_mean(
        self, loss: paddle.Tensor, label: paddle.Tensor, semantic_weights: paddle.Tensor | None
    ) -> paddle.Tensor:
        """The mean of (N, H, W) losses, each pixel with the weight of its class."""
        classes = len(self.weight)
        weights = paddle.matmul(self.weight.reshape([1, classes]), _one_hot(label, classes))
        weights = weights.reshape(label.shape) * (label != self.ignore_index).astype("float32")
        loss = loss * weights
        if semantic_weights is not None:
            loss = loss * semantic_weights
        return paddle.mean(loss) / (paddle.mean(weights) + self.EPS)


def _too_large(logit: paddle.Tensor) -> bool:
    return not float(logit.detach().abs().amax()) < LARGEST


def _one_hot(label: paddle.Tensor, classes: int) -> paddle.Tensor:
    """(N, C, H*W) float32: 1 where a pixel is of the class."""
    if not (_last and _last[0][0] is label and _last[0][1] == classes):
        pixels = label.numpy().reshape(label.shape[0], 1, -1)
        one_hot = (pixels == np.arange(classes)[:, None]).astype(np.float32)
        _last[:] = [(label, classes, paddle.to_tensor(one_hot))]
    return _last[0][2]
