"""ONNX Runtime on the processor."""

import onnxruntime

from bisenet_lib.common.processes import cores


def cpu_session(model: bytes, threads: int | None = None) -> onnxruntime.InferenceSession:
    """Make a session that runs a model on the CPU.

    Args:
        model: an ONNX file's content.
        threads: of its kernels; every core by default.

    Raises:
        Exception: one of ONNX Runtime's, which have no common class: it is no such model.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or cores()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
