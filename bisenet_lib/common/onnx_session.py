"""ONNX Runtime on the processor, or on a GPU. Taught in ``06_deployment``."""

import onnxruntime

from bisenet_lib.common.processes import cores
from bisenet_lib.errors import InputError

CPU = "CPUExecutionProvider"
GPUS = ("CUDAExecutionProvider", "MIGraphXExecutionProvider", "DmlExecutionProvider")
"""ONNX Runtime's execution providers for GPUs of NVIDIA, of AMD, and of any kind on Windows, in the
order in which they are taken. TensorRT's is not among them: it is listed where TensorRT itself is
missing, and plans for minutes at each new size of image."""


def gpu_provider() -> str:
    """Choose the execution provider of this computer's GPU.

    Raises:
        InputError: it has none for a GPU.
    """
    there = onnxruntime.get_available_providers()
    for provider in GPUS:
        if provider in there:
            return provider
    raise InputError(
        f"ONNX Runtime has {', '.join(there)} here, and none of {', '.join(GPUS)}. For a GPU of "
        "NVIDIA: pip uninstall onnxruntime, then pip install onnxruntime-gpu."
    )


def open_session(
    model: bytes, threads: int | None = None, provider: str = CPU
) -> onnxruntime.InferenceSession:
    """Make a session that runs a model.

    Args:
        model: an ONNX file's content.
        threads: of its kernels on the CPU; every core by default.
        provider: what runs it; the CPU does what another provider has no kernel for.

    Raises:
        InputError: ONNX Runtime has the provider, but cannot start it.
        Exception: one of ONNX Runtime's, which have no common class: it is no such model.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or cores()
    options.log_severity_level = 3
    providers = [provider] if provider == CPU else [provider, CPU]
    session = onnxruntime.InferenceSession(model, options, providers=providers)
    if session.get_providers()[0] != provider:  # it falls back without an error
        raise InputError(
            f"ONNX Runtime cannot start {provider}: the GPU's driver or libraries are missing, or "
            "of other versions than its documentation asks for. Take --engine onnx for the CPU."
        )
    return session
