"""The table of engines: each gives the classes one can do by hand, or says what is missing."""

import sys
import types

import numpy as np
import onnxruntime
import pytest

from bisenet_lib.common import onnx_session
from bisenet_lib.deployment import photographs, runtimes
from bisenet_lib.deployment.demo import networks
from bisenet_lib.deployment.onnx_runtime import OnnxEngine
from bisenet_lib.deployment.predictor import Predictor
from bisenet_lib.errors import InputError

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


@pytest.fixture
def network(tmp_path, colour_network):
    colour_network(tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


class FakeOpenVino(types.ModuleType):
    """OpenVINO's interface, as far as it is used, around ONNX Runtime; notes what it is told."""

    def __init__(self, capabilities):
        super().__init__("openvino")
        self.capabilities, self.told = capabilities, []
        self.__spec__ = types.SimpleNamespace()

    def Core(self):  # noqa: N802
        return types.SimpleNamespace(
            read_model=lambda content: onnxruntime.InferenceSession(content),
            get_property=lambda device, name: self.capabilities,
        )

    def compile_model(self, model, device, hints):
        self.told.append(hints)
        names = [output.name for output in model.get_outputs()]

        def infer(inputs):
            return dict(zip(names, model.run(names, inputs), strict=True))

        outputs = [types.SimpleNamespace(names={name}) for name in names]
        request = types.SimpleNamespace(infer=infer)
        return types.SimpleNamespace(outputs=outputs, create_infer_request=lambda: request)


@pytest.fixture
def openvino(monkeypatch):
    def install(*capabilities):
        fake = FakeOpenVino(capabilities)
        monkeypatch.setitem(sys.modules, "openvino", fake)
        return fake

    return install


def absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        ([CUDA, CPU], CUDA),
        (["TensorrtExecutionProvider", CUDA, CPU], CUDA),
        (["MIGraphXExecutionProvider", CPU], "MIGraphXExecutionProvider"),
        (["DmlExecutionProvider", CPU], "DmlExecutionProvider"),
    ],
)
def test_the_provider_of_a_gpu_is_chosen_from_what_is_there(available, expected, monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: available)
    assert onnx_session.gpu_provider() == expected


def test_without_a_provider_for_a_gpu_there_is_an_error_that_says_what_is_there(
    network, monkeypatch
):
    there = ["AzureExecutionProvider", CPU]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: there)
    with pytest.raises(InputError, match=r"has AzureExecutionProvider, CPUExec.*onnxruntime-gpu"):
        onnx_session.gpu_provider()
    with pytest.raises(InputError, match="none of CUDAExecutionProvider"):
        runtimes.open_session(network, "onnx-gpu")


def test_a_provider_that_falls_back_to_the_cpu_is_refused(network, monkeypatch):
    """ONNX Runtime lists it and takes the CPU where a library of CUDA is missing."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    opened = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime, "InferenceSession", lambda model, options, providers: opened(model, options)
    )
    with pytest.raises(InputError, match=f"cannot start {CUDA}"):
        runtimes.open_session(network, "onnx-gpu")
    with pytest.raises(ValueError, match=f"{CUDA} does not start"):
        Predictor(network, provider=CUDA)


def test_the_predictor_names_the_providers_that_are_there(network):
    assert Predictor(network, provider=CPU).session.get_providers() == [CPU]
    with pytest.raises(ValueError, match=r"provider is 'GPU'; ONNX Runtime has .*CPUExec"):
        Predictor(network, provider="GPU")


@pytest.mark.parametrize(("engine", "precision"), [("openvino", "f32"), ("openvino-bf16", "bf16")])
def test_openvino_is_told_the_precision_and_gives_the_classes(network, openvino, engine, precision):
    told = openvino("FP32", "BF16").told
    image = np.array([[[0.1, 0.9]], [[0.5, 0.2]], [[0.4, 0.3]]], np.float32)
    found = OnnxEngine(network, engine=engine, threads=1)
    assert found.classes(image).tolist() == [[1, 0]]
    assert np.allclose(found.logits(image), image)
    assert [hints["INFERENCE_PRECISION_HINT"] for hints in told] == [precision]


def test_a_processor_without_bfloat16_falls_back_with_a_sentence(network, openvino):
    openvino("FP32", "INT8")
    taken, why = runtimes.supported("openvino-bf16")
    assert taken == "openvino"
    assert "does not calculate in bfloat16" in why
    assert runtimes.supported("openvino-int8") == ("openvino-int8", "")
    with pytest.raises(InputError, match="does not calculate in bfloat16"):
        runtimes.open_session(network, "openvino-bf16")  # never silently
    openvino("FP32", "BF16")
    assert runtimes.supported("openvino-bf16") == ("openvino-bf16", "")


def test_without_openvino_the_error_has_the_command(network, monkeypatch):
    absent(monkeypatch)
    with pytest.raises(InputError, match=r"not installed.*make openvino"):
        runtimes.open_session(network, "openvino")
    with pytest.raises(InputError, match="not installed"):
        runtimes.supported("openvino-bf16")


@pytest.mark.parametrize(
    ("engine", "error"),
    [
        ("openvino", "not installed"),
        ("openvino-int8", "not installed"),
        ("onnx-gpu", "none of CUDA"),
    ],
)
@pytest.mark.parametrize("words", [("predict", "--output", "out"), ("evaluate",), ("demo",)])
def test_commands_refuse_an_engine_that_is_not_there_before_any_work(
    words, engine, error, command, tmp_path, monkeypatch
):
    """The folder has no network: that would be the error of a command that had begun."""
    absent(monkeypatch)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CPU])
    name, *options = words
    source = [tmp_path] if name == "predict" else []
    code, printed = command(name, tmp_path, *source, *options, "--engine", engine)
    assert code == 1
    assert error in " ".join(printed.split())


def test_real_openvino_gives_the_classes(network):
    pytest.importorskip("openvino")
    image = np.random.default_rng(0).random((3, 33, 65), np.float32)
    found = OnnxEngine(network, engine="openvino", threads=1)
    assert (found.classes(image) == image.argmax(0)).all()


def test_an_unknown_engine_is_refused_with_the_names(network):
    with pytest.raises(InputError, match=r"engine is 'tensorrt'; choose one of onnx, onnx-int8, "):
        runtimes.open_session(network, "tensorrt")
    with pytest.raises(InputError, match="choose one of auto, paddle, onnx, "):
        runtimes.check_name("tensorrt", ["auto", "paddle"])


def test_the_first_answer_is_compared_and_another_network_is_refused(
    network, tmp_path, colour_network
):
    reference = runtimes.open_session(network)
    image = {"image": np.random.default_rng(0).random((1, 3, 20, 50), np.float32)}
    checked = runtimes.CheckedSession(runtimes.open_session(network), "onnx-int8", reference)
    assert checked.agreement is None
    assert (checked.run(["classes"], image)[0] == image["image"].argmax(1)).all()
    assert checked.agreement == 1

    turned = types.SimpleNamespace(run=lambda outputs, inputs: [2 - inputs["image"].argmax(1)])
    wrong = runtimes.CheckedSession(turned, "onnx-int8", reference)
    for _ in range(2):  # not only the first time
        with pytest.raises(InputError, match=r"onnx-int8: only 3\d\.\d\d % of .*asked for: 95 %"):
            wrong.run(["classes"], image)


def test_predicting_with_another_engine_is_checked_on_the_first_photograph(network, tmp_path):
    integers = tmp_path / runtimes.INT8_FILE
    with pytest.raises(InputError, match=rf"{integers}: not there.*--int8"):
        runtimes.file_for("onnx-int8", network)
    integers.write_bytes(network.read_bytes())
    runs = runtimes.file_for("onnx-int8", network)
    assert runs == integers
    assert runtimes.file_for("openvino", network) == network
    predictor = photographs.open_predictor(network, engine="onnx-int8", runs=runs)
    image = np.full((5, 7, 3), (0, 0, 90), np.uint8)
    assert (predictor(image) == 2).all()
    assert predictor.session.agreement == 1


@pytest.mark.parametrize("engine", ["onnx-int8", "openvino", "openvino-int8"])
def test_the_file_of_integers_is_not_compared_with_itself(tmp_path, engine):
    """It was, and 100 % of the pixels had the class of float32."""
    with pytest.raises(InputError, match=r"holds 8-bit integers.*Give the export's folder"):
        runtimes.file_for(engine, tmp_path / runtimes.INT8_FILE)
    whole = tmp_path / runtimes.INT8_FILE
    assert runtimes.file_for("onnx", whole) == whole


@pytest.mark.parametrize("content", [b"", b"not a network"])
def test_a_damaged_file_is_named_with_the_command_that_writes_it(network, tmp_path, content):
    integers = tmp_path / runtimes.INT8_FILE
    integers.write_bytes(content)
    with pytest.raises(InputError, match=rf"{integers}: not a .*bisenet export MODEL --int8 --o"):
        photographs.open_predictor(network, engine="onnx-int8", runs=integers)
    network.write_bytes(content)
    with pytest.raises(InputError, match=rf"{network}: not a .*bisenet export MODEL --output DIR"):
        photographs.open_predictor(network)


def test_an_error_without_words_is_told_by_its_name(network):
    assert "(MemoryError)" in str(runtimes.not_an_export(network, MemoryError()))


def test_the_demo_lists_what_is_there_and_begins_with_what_is_asked_for(
    network, tmp_path, monkeypatch, openvino
):
    absent(monkeypatch)
    assert [one.name for one in networks.of_export(network, "").engines] == ["onnx"]
    (tmp_path / runtimes.INT8_FILE).write_bytes(network.read_bytes())
    openvino("FP32", "INT8")
    found = networks.of_export(network, "")
    names = ["onnx", "onnx-int8", "openvino", "openvino-int8"]
    assert [one.name for one in found.engines] == names
    first = found.beginning_with("openvino")
    assert [one.name for one in first.engines] == ["openvino", "onnx", "onnx-int8", "openvino-int8"]
    image = np.random.default_rng(0).random((3, 4, 6), np.float32)
    for engine in found.engines:
        classes, logits = engine.load()(image)
        assert (classes == image.argmax(0)).all()
        assert np.allclose(logits, image)
    with pytest.raises(InputError, match="engine paddle: not there for this network"):
        found.beginning_with("paddle")
