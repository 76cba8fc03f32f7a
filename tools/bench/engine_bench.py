"""What else could run the network on a CPU, and what mIoU it costs.

Threads, layout, memory and waiting of ONNX Runtime; 8-bit integers; the same ONNX file in
OpenVINO in float32 and bfloat16. `pip install -e .[bench]` brings what the course itself does not
need. mIoU is that of the shipped checkpoint on MiniCity's 40 validation frames.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime
from eval_bench import SHIPPED, timed

from bisenet_lib.common.processes import cores
from bisenet_lib.config import configuration
from bisenet_lib.course import notebook
from bisenet_lib.data.labels import CLASS_NAMES
from bisenet_lib.deployment import engines
from bisenet_lib.evaluation.metrics import Scores, confusion_matrix

DATA = Path(__file__).resolve().parents[2] / "data" / "minicity"
BASIC = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
CALIBRATION = range(0, 160, 10)
"""Training frames whose activations choose the scales of the 8-bit integers."""

Segment = Callable[[np.ndarray], np.ndarray]
"""(3, H, W) float32 to (H, W) classes."""


def ort(path: Path, *, threads: int | None = None, **settings) -> Segment:
    """The network in ONNX Runtime, with one thing set otherwise than in the course.

    Args:
        path: the ONNX file.
        threads: of its kernels.
        **settings: attributes of ``SessionOptions``; ``config`` holds (key, value) entries.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or cores()
    options.log_severity_level = 3
    for key, value in settings.pop("config", ()):
        options.add_session_config_entry(key, value)
    for name, value in settings.items():
        setattr(options, name, value)
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda image: session.run(["classes"], {"image": image[np.newaxis]})[0][0]


def integers(path: Path, images: list[np.ndarray], target: Path) -> Path:
    """Write the network with convolutions of 8-bit integers (static quantisation).

    Args:
        path: the ONNX file.
        images: to calibrate with, each (3, H, W) float32, normalised.
        target: the file to write.
    """
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):
        left = iter(images)

        def get_next(self) -> dict[str, np.ndarray] | None:
            image = next(self.left, None)
            return None if image is None else {"image": image[np.newaxis]}

    quantization.quantize_static(
        str(path),
        str(target),
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        op_types_to_quantize=["Conv", "Add", "Relu", "Concat", "Mul", "MaxPool"],
    )
    return target


def openvino(path: Path, precision: str) -> Segment:
    """The network in OpenVINO.

    Args:
        path: the ONNX file.
        precision: ``f32`` or ``bf16``.
    """
    import openvino as ov

    hints = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": cores()}
    compiled = ov.Core().compile_model(str(path), "CPU", {**hints, "PERFORMANCE_HINT": "LATENCY"})
    request, output = compiled.create_infer_request(), compiled.output("classes")
    return lambda image: request.infer({"image": image[np.newaxis]})[output][0]


def _engines(path: Path, folder: Path, images: list[np.ndarray]) -> dict[str, Segment]:
    spin = ("session.intra_op.allow_spinning", "0")
    found = {
        "ONNX Runtime, as in the course": ort(path),
        "one thread": ort(path, threads=1),
        "twice as many threads as cores": ort(path, threads=2 * cores()),
        "plain NCHW layout (basic optimisations)": ort(path, graph_optimization_level=BASIC),
        "without memory arena": ort(path, enable_cpu_mem_arena=False),
        "without memory pattern": ort(path, enable_mem_pattern=False),
        "threads that sleep while they wait": ort(path, config=[spin]),
        "subnormal numbers taken for zero": ort(
            path, config=[("session.set_denormal_as_zero", "1")]
        ),
    }
    with suppress(ImportError):
        found["8-bit integers, ONNX Runtime"] = ort(integers(path, images, folder / "int8.onnx"))
    with suppress(ImportError):
        for precision in ("f32", "bf16"):
            found[f"OpenVINO, {precision}"] = openvino(path, precision)
    return found


def _miou(segment: Segment, dataset) -> float:
    matrix = 0
    for index in range(len(dataset)):
        sample = dataset[index]
        matrix = matrix + confusion_matrix(
            sample["label"][0], segment(sample["img"]).astype(np.uint8), dataset.num_classes
        )
    return Scores(matrix, len(dataset)).miou


def rows() -> list[tuple[str, str, str]]:
    """Measure, all in this run.

    Returns:
        (what, milliseconds, ratio and mIoU) of each row.
    """
    settings = configuration.load_config(
        SHIPPED / "config.yml", dataset=notebook.open_dataset(DATA, "laptop")
    )
    validation = configuration.build_component(settings["val_dataset"])
    others = {**settings["val_dataset"], "val_path": str(DATA / "train.txt")}
    training = configuration.build_component(others)
    calibration = [training[index]["img"] for index in CALIBRATION]
    path = engines.cached_onnx(settings, SHIPPED, CLASS_NAMES)
    image = np.random.default_rng(0).random((3, 512, 1024), np.float32)
    with TemporaryDirectory() as folder:
        found = _engines(path, Path(folder), calibration)
        rounds = [
            [timed(lambda s=segment: s(image), 5) for segment in found.values()] for _ in (0, 1)
        ]
        scores = [_miou(segment, validation) for segment in found.values()]
    times = [min(one) for one in zip(*rounds, strict=True)]
    table = [
        (
            name,
            f"{1000 * seconds:.0f} ms",
            f"{times[0] / seconds:.2f} times the first; mIoU {100 * miou:.2f} %",
        )
        for name, seconds, miou in zip(found, times, scores, strict=True)
    ]
    missing = [("", "", "8-bit integers and OpenVINO: pip install -e .[bench]")]
    return table + (missing if len(found) < 11 else [])


if __name__ == "__main__":
    for row in rows():
        print("{:<42} {:>8}   {}".format(*row))
