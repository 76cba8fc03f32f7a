"""From Paddle's inference format to an ONNX graph that is small, and names what it takes.

Taught in ``06_deployment``.
"""

from collections.abc import Sequence
from pathlib import Path

import onnx
import onnxruntime
import paddle2onnx

from bisenet_lib.silence import said_nothing

OPSET = 17


def converted(folder: Path) -> onnx.ModelProto:
    """Translate a network, then fold constants and batch norm.

    Args:
        folder: holds ``model.json`` and ``model.pdiparams``; used for files on the way.

    Returns:
        The graph. Its inputs and outputs still have Paddle's names, see :func:`rename`.
    """
    path = folder / "converted.onnx"
    with said_nothing():
        # Its own optimiser installs packages over the network while it runs.
        paddle2onnx.export(
            str(folder / "model.json"),
            str(folder / "model.pdiparams"),
            str(path),
            opset_version=OPSET,
            optimize_tool="None",
        )
    return _folded(path)


def _folded(path: Path) -> onnx.ModelProto:
    """The graph after ONNX Runtime's basic optimisations, which any runtime understands."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path.with_name("folded.onnx"))
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    graph = onnx.load(options.optimized_model_filepath)
    del graph.opset_import[:]
    graph.opset_import.append(onnx.helper.make_opsetid("", OPSET))
    return graph


def rename(
    graph: onnx.ModelProto, inputs: Sequence[str], outputs: Sequence[str], sizes: Sequence[str]
) -> None:
    """Give inputs, outputs and their free dimensions names that say what they are.

    Args:
        graph: changed in place.
        inputs: names of the inputs, in order.
        outputs: names of the outputs, in order.
        sizes: names of the free dimensions of each input and output, in order.
    """
    ends = [*graph.graph.input, *graph.graph.output]
    new = dict(zip([one.name for one in ends], [*inputs, *outputs], strict=True))
    for node in graph.graph.node:
        for names in (node.input, node.output):
            names[:] = [new.get(name, name) for name in names]
    for one in ends:
        one.name = new[one.name]
        free = [size for size in one.type.tensor_type.shape.dim if size.dim_param]
        for size, name in zip(free, sizes, strict=True):
            size.dim_param = name
    del graph.graph.value_info[:]
