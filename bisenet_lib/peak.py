"""What this processor can do at most, measured: the scale for a network's speed.

Taught in ``06_deployment``.
"""

import time
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime

from bisenet_lib.machine import cores

ROUNDS = 8


def peak(side: int = 2048) -> float:
    """Measure the largest speed of a product of two float32 matrices, on all cores.

    A product of large matrices does nothing but multiply and add. Two libraries do it, ONNX
    Runtime and NumPy, for either may know the processor better; the faster one counts.

    Args:
        side: rows and columns of the matrices.

    Returns:
        Multiply-adds a second.
    """
    rng = np.random.default_rng(0)
    left, right = rng.random((2, side, side), np.float32)
    multiply = product(side)
    ways = (lambda: multiply(left, right), lambda: left @ right)
    return side**3 / min(_fastest(way) for way in ways)


def product(side: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """ONNX Runtime's product of two (side, side) float32 matrices, on all cores."""
    value, kind = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["left", "right"], ["product"])],
        "product",
        [value(name, kind, [side, side]) for name in ("left", "right")],
        [value("product", kind, [side, side])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda left, right: session.run(None, {"left": left, "right": right})[0]


def _fastest(task: Callable[[], object]) -> float:
    """Seconds of the fastest of several times: whatever else the computer does adds to them."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        task()
        found.append(time.perf_counter() - start)
    return min(found)
