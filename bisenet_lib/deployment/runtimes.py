"""What can run an exported network, in which precision, and how each of them is opened.

Paddle is not needed. :data:`RUNTIMES` is the table; ``engines`` makes the files for it from a
checkpoint. Taught in ``06_deployment``.
"""

import importlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bisenet_lib.common import onnx_session
from bisenet_lib.common.processes import cores
from bisenet_lib.errors import InputError

INT8_FILE = "model_int8.onnx"
"""Beside ``model.onnx`` in an export: the network in 8-bit integers."""


@dataclass(frozen=True)
class Runtime:
    """A program that runs an exported network in one precision.

    Args:
        name: of ``--engine``.
        title: for people.
        agreement: the share of pixels, 0 to 1, that have to get the class of the float32 export in
            ONNX Runtime, which was itself compared with the checkpoint.
        int8: whether it runs the file of 8-bit integers.
    """

    name: str
    title: str
    agreement: float
    int8: bool = False


RUNTIMES = {
    runtime.name: runtime
    for runtime in (
        Runtime("onnx", "ONNX Runtime", 0.999),
        Runtime("onnx-int8", "ONNX Runtime, 8-bit integers", 0.95, int8=True),
        Runtime("onnx-gpu", "ONNX Runtime, GPU", 0.999),
        Runtime("openvino", "OpenVINO", 0.999),
        Runtime("openvino-bf16", "OpenVINO, bfloat16", 0.95),
        Runtime("openvino-int8", "OpenVINO, 8-bit integers", 0.95, int8=True),
    )
}


class Session(Protocol):
    """A network that is ready to run: ONNX Runtime's ``InferenceSession``, or OpenVINO."""

    def run(self, outputs: Sequence[str], inputs: Mapping[str, np.ndarray], /) -> list[np.ndarray]:
        """Give the named outputs for ``image``, (N, 3, H, W) float32, normalised."""


class OpenVinoSession:
    """A network in OpenVINO, called as a session of ONNX Runtime is.

    Args:
        path: the ONNX file.
        threads: of its kernels.
        precision: ``f32`` or ``bf16``; without it OpenVINO takes the fastest of the processor.
    """

    def __init__(self, path: Path, threads: int, precision: str) -> None:
        model = _openvino().Core().read_model(path.read_bytes())
        hints = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads}
        compiled = _openvino().compile_model(model, "CPU", {**hints, "PERFORMANCE_HINT": "LATENCY"})
        self.outputs = {name for output in compiled.outputs for name in output.names}
        self._request = compiled.create_infer_request()

    def run(self, outputs: Sequence[str], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """See :class:`Session`."""
        results = self._request.infer(dict(inputs))
        return [results[name] for name in outputs]


class CheckedSession:
    """A session whose first answer is compared with that of ONNX Runtime in float32.

    So no engine is used before it was compared on a real image.

    Args:
        session: the network as the engine runs it.
        engine: a key of :data:`RUNTIMES`.
        reference: the same network in float32, which was compared with the checkpoint.

    Attributes:
        agreement: the share of the first image's pixels with the same class, 0 to 1; None before.
    """

    def __init__(self, session: Session, engine: str, reference: Session) -> None:
        self.agreement: float | None = None
        self._session, self._engine, self._reference = session, engine, reference

    def run(self, outputs: Sequence[str], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """See :class:`Session`.

        Raises:
            InputError: see :func:`check_agreement`.
        """
        if self.agreement is None:
            pair = [one.run(["classes"], inputs)[0] for one in (self._session, self._reference)]
            share = float((pair[0] == pair[1]).mean())
            check_agreement(self._engine, share, 1)
            self.agreement, self._reference = share, self._session  # the other frees its memory
        return self._session.run(outputs, inputs)


def check_name(engine: str, others: Sequence[str] = ()) -> None:
    """Refuse an unknown engine.

    Args:
        engine: its name.
        others: names that are allowed besides those of :data:`RUNTIMES`.

    Raises:
        InputError: it is none of them.
    """
    names = [*others, *RUNTIMES]
    if engine not in names:
        raise InputError(f"engine is {engine!r}; choose one of {', '.join(names)}")


def supported(engine: str) -> tuple[str, str]:
    """The engine to take on this processor, for the one that is asked for.

    Args:
        engine: any engine's name.

    Returns:
        Its name and an empty string; or, where the processor has no instructions for its
        precision, the name of one that gives the same classes, and a sentence that says so.

    Raises:
        InputError: OpenVINO is asked for and not installed, or a GPU that ONNX Runtime has no
            execution provider for.
    """
    if engine == "onnx-gpu":
        onnx_session.gpu_provider()
    elif engine.startswith("openvino"):
        _openvino()
    if engine != "openvino-bf16" or "BF16" in _capabilities():
        return engine, ""
    return "openvino", (
        "This processor does not calculate in bfloat16 (no avx512_bf16, no amx_bf16): "
        "OpenVINO runs the network in float32."
    )


def installed() -> list[Runtime]:
    """The runtimes that this computer can run, for a menu."""
    found = []
    for name, runtime in RUNTIMES.items():
        with suppress(InputError):
            if supported(name)[0] == name:
                found.append(runtime)
    return found


def open_session(path: Path, engine: str = "onnx", threads: int | None = None) -> Session:
    """Make an ONNX file of `bisenet export` ready to run.

    Args:
        path: the file; for an engine of 8-bit integers the one that holds them, see
            :func:`file_for`.
        engine: a key of :data:`RUNTIMES`.
        threads: of its kernels; every core by default.

    Raises:
        InputError: an unknown engine, or one that this computer does not have; no such file, or not
            such a network.
    """
    check_name(engine)
    taken, why = supported(engine)
    if taken != engine:
        raise InputError(why)
    path = Path(path)
    try:
        if engine.startswith("openvino"):
            precision = "bf16" if engine == "openvino-bf16" else "f32"
            session: Any = OpenVinoSession(path, threads or cores(), precision)
            names = session.outputs
        else:
            gpu = engine == "onnx-gpu"
            provider = onnx_session.gpu_provider() if gpu else onnx_session.CPU
            session = onnx_session.open_session(path.read_bytes(), threads, provider)
            names = {output.name for output in session.get_outputs()}
    except InputError:
        raise
    except Exception as error:  # ONNX Runtime's exceptions have no common class
        raise not_an_export(path, error) from error
    if not {"logits", "classes"} <= names:
        raise InputError(
            f"{path}: has the outputs {', '.join(sorted(names))}; make the file with "
            "`bisenet export`, which gives logits and classes"
        )
    return session


def not_an_export(path: Path, error: Exception) -> InputError:
    """The error to raise where a file cannot be opened as a network: with the command to make it.

    Args:
        path: the file.
        error: of what tried; the last line of its message is told.
    """
    last = (str(error).strip() or type(error).__name__).splitlines()[-1]
    options = "--int8 --output DIR" if path.name == INT8_FILE else "--output DIR"
    return InputError(
        f"{path}: not a network from `bisenet export` ({last.rstrip('.')}). Write it again: "
        f"bisenet export MODEL {options}"
    )


def file_for(engine: str, path: Path) -> Path:
    """The file of an export that an engine runs.

    Args:
        engine: a key of :data:`RUNTIMES`.
        path: the export's ONNX file in float32.

    Raises:
        InputError: an unknown engine, or the export has no file of 8-bit integers; or ``path`` is
            that file, with which no engine could be compared.
    """
    check_name(engine)
    if path.name == INT8_FILE and engine != "onnx":
        raise InputError(
            f"{path}: holds 8-bit integers, and engine {engine} is compared with float32. Give the "
            "export's folder, or its model.onnx."
        )
    if not RUNTIMES[engine].int8:
        return path
    integers = path.with_name(INT8_FILE)
    if not integers.is_file():
        raise InputError(
            f"{integers}: not there, and engine {engine} runs it. Write it with the export: "
            "bisenet export MODEL --int8 --output DIR"
        )
    return integers


def check_agreement(engine: str, share: float, images: int) -> None:
    """Refuse an engine that gives other classes than the float32 export in ONNX Runtime.

    Args:
        engine: a key of :data:`RUNTIMES`.
        share: of pixels with the same class, 0 to 1.
        images: that were compared, for the message.

    Raises:
        InputError: the share is below the engine's :attr:`Runtime.agreement`.
    """
    least = RUNTIMES[engine].agreement
    if share < least:
        raise InputError(
            f"engine {engine}: only {100 * share:.2f} % of the pixels have the class that the "
            f"network gives them in float32 (asked for: {100 * least:g} %, images: {images}). Take "
            "--engine onnx."
        )


def _openvino() -> Any:
    try:
        return importlib.import_module("openvino")
    except ImportError as error:
        raise InputError(
            "OpenVINO is not installed. Install it: make openvino, or "
            "pip install --no-deps openvino"
        ) from error


def _capabilities() -> Sequence[str]:
    """What OpenVINO's CPU plug-in can calculate with: FP32, INT8, BF16 and so on."""
    return _openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
