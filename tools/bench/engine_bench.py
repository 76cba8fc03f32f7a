"""What else could run the network on a CPU, and what mIoU it costs.

Threads, layout, memory and waiting of ONNX Runtime, and every other engine of the course: 8-bit
integers, and OpenVINO where `make openvino` has installed it. mIoU is that of the shipped
checkpoint on MiniCity's 40 validation frames.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from eval_bench import SHIPPED, timed

from bisenet_lib.common.processes import cores
from bisenet_lib.config import configuration
from bisenet_lib.course import notebook
from bisenet_lib.data.labels import CLASS_NAMES
from bisenet_lib.deployment import engines, runtimes
from bisenet_lib.deployment.onnx_runtime import OnnxEngine
from bisenet_lib.evaluation.metrics import Scores, confusion_matrix

DATA = Path(__file__).resolve().parents[2] / "data" / "minicity"
BASIC = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
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


def _engines(path: Path, int8: Path) -> dict[str, Segment]:
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
    for runtime in runtimes.installed():
        if runtime.name != "onnx":
            runs = int8 if runtime.int8 else path
            found[runtime.title] = OnnxEngine(runs, engine=runtime.name).classes
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
    path = engines.cached_onnx(settings, SHIPPED, CLASS_NAMES)
    image = np.random.default_rng(0).random((3, 512, 1024), np.float32)
    found = _engines(path, engines.cached_int8(settings, SHIPPED, CLASS_NAMES))
    rounds = [[timed(lambda s=segment: s(image), 5) for segment in found.values()] for _ in (0, 1)]
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
    asked_for = "at 1.5 times (8-bit integers) and 1.7 times (bfloat16), within 0.3 points of mIoU"
    missing = "" if "OpenVINO" in found else "OpenVINO: make openvino"
    return [*table, ("asked for", "", asked_for), *([("", "", missing)] if missing else [])]


if __name__ == "__main__":
    for row in rows():
        print("{:<42} {:>8}   {}".format(*row))
