"""An exponential moving average (EMA) of a network's weights. Taught in ``03_training``.

The average of the last weights is often better than the last weights themselves: it lies in the
middle of where the noise of the batches moves them. Polyak and Juditsky 1992; with the decay that
grows at the beginning as in TensorFlow's ``ExponentialMovingAverage``.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from bisenet_lib.runtime.paddleseg_compat import paddle


def decay_after(updates: int, decay: float) -> float:
    """The share of the old average that the next update keeps.

    It begins at 1/10, so that the first, poor weights are soon forgotten.

    Args:
        updates: done so far.
        decay: the highest value, 0 to below 1.
    """
    return min(decay, (1 + updates) / (10 + updates))


class WeightAverage:
    """The average of all weights and batch-norm statistics, in float32.

    It begins as the network's weights. Each rank has its own: the weights are the same on all of
    them, and the statistics are averaged over the ranks where the network's own are.

    Args:
        model: the network.
        decay: see :func:`decay_after`.
    """

    def __init__(self, model: paddle.nn.Layer, decay: float) -> None:
        self.decay, self.updates = decay, 0
        self._model = model
        self._parameters = dict(model.named_parameters())  # Paddle counts the statistics as such
        self._values = {
            name: tensor.detach().astype("float32").clone()
            for name, tensor in self._parameters.items()
        }

    @paddle.no_grad()
    def update(self) -> None:
        """Move the average a step towards the network's weights of now."""
        share = 1 - decay_after(self.updates, self.decay)
        self.updates += 1
        for name, tensor in self._parameters.items():
            value = self._values[name]
            half = tensor.dtype != paddle.float32
            change = (tensor.astype("float32") if half else tensor) - value
            value.add_(change.scale_(share))  # several times as fast as lerp_ on a CPU

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Give the network the average for a while, and then its own weights again.

        What the body does to the statistics is done to those of the average.
        """
        own = {name: tensor.detach().clone() for name, tensor in self._parameters.items()}
        for name, tensor in self._parameters.items():
            tensor.set_value(self._values[name].astype(tensor.dtype))
        try:
            yield
        finally:
            for name, tensor in self._parameters.items():
                if tensor.stop_gradient:
                    self._values[name] = tensor.detach().astype("float32").clone()
                tensor.set_value(own[name])

    def arrays(self) -> dict[str, np.ndarray]:
        """The average: name of a weight to float32 array; buffers as the network has them."""
        tensors = {**self._model.state_dict(), **self._values}
        return {name: tensor.numpy() for name, tensor in tensors.items()}

    def load(self, arrays: Mapping[str, np.ndarray], updates: int) -> None:
        """Go on from what :meth:`arrays` gave after ``updates`` updates.

        Raises:
            ValueError: a shape is not that of the weight.
        """
        self.updates = updates
        for name in self._values:
            self._values[name].set_value(arrays[name])
