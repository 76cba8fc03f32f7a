"""Exports beside PaddleSeg's own network on equal weights, and refused when they differ."""

import json

import numpy as np
import onnx
import pytest

from bisenet_lib.config import configuration
from bisenet_lib.data.labels import CLASS_NAMES, CLASSES
from bisenet_lib.deployment import engines, export
from bisenet_lib.deployment.onnx_runtime import OnnxEngine
from bisenet_lib.errors import InputError
from bisenet_lib.network import checkpoint
from bisenet_lib.network.bisenetv2 import BiSeNetV2
from bisenet_lib.runtime.paddleseg_compat import paddle

from paddleseg.deploy.infer import DeployConfig  # isort: skip

pytestmark = pytest.mark.slow


SIZES = [(64, 32), (333, 51), (33, 97)]
SETTINGS = configuration.load_config("laptop")
NORMALIZE = {"type": "Normalize", "mean": [0.5] * 3, "std": [0.5] * 3}


@pytest.fixture(scope="module")
def network():
    """PaddleSeg's own, with batch-norm statistics as training leaves them."""
    paddle.seed(0)
    rng = np.random.default_rng(0)
    model = BiSeNetV2(num_classes=19)
    state = model.state_dict()
    for name, value in state.items():
        if name.endswith(("_mean", "_variance")):
            low = 0.5 if name.endswith("_variance") else -0.5
            state[name] = paddle.to_tensor(rng.uniform(low, low + 1, value.shape).astype("float32"))
    model.set_state_dict(state)
    model.eval()
    return model


@pytest.fixture(scope="module")
def onnx_path(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    export.write_onnx(network, path, SETTINGS, CLASS_NAMES)
    return path


@pytest.fixture(scope="module")
def paddle_path(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("paddle") / "new"
    export.write_paddle(network, path, SETTINGS)
    return path


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(1)
    return [rng.normal(0, 0.5, (3, *size)).astype("float32") for size in SIZES]


def paddleseg_logits(network, image):
    with paddle.no_grad():
        return network(paddle.to_tensor(image[np.newaxis]))[0].numpy()[0]


def test_onnx_equals_paddlesegs_network_at_any_size(network, onnx_path, images):
    engine = OnnxEngine(onnx_path, threads=1)
    for image in images:
        expected = paddleseg_logits(network, image)
        logits, classes = engine.logits(image), engine.classes(image)
        assert np.abs(logits - expected).max() <= 1e-4 * np.abs(expected).max()
        assert (classes == expected.argmax(0)).mean() >= 0.9999
        assert classes.dtype == np.uint8


def test_writing_onnx_says_nothing(network, tmp_path, capfd):
    export.write_onnx(network, tmp_path / "model.onnx", SETTINGS, CLASS_NAMES)
    assert capfd.readouterr() == ("", "")


def test_onnx_takes_several_images_at_once(onnx_path, images):
    engine = OnnxEngine(onnx_path)
    two = np.stack([images[0], images[0][:, ::-1]])
    together = engine.session.run(["classes"], {"image": two})[0]
    alone = [engine.classes(np.ascontiguousarray(one)) for one in two]
    assert (together == np.stack(alone)).mean() >= 0.9999


def test_batch_norm_is_folded_and_the_graph_says_what_it_takes(onnx_path):
    model = onnx.load(onnx_path)
    onnx.checker.check_model(model, full_check=True)
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}
    assert {opset.domain for opset in model.opset_import} == {""}
    shapes = {
        end.name: [size.dim_param or size.dim_value for size in end.type.tensor_type.shape.dim]
        for end in [*model.graph.input, *model.graph.output]
    }
    assert shapes["image"] == ["batch", 3, "height", "width"]
    assert shapes["logits"] == ["batch", 19, "height", "width"]
    assert shapes["classes"] == ["batch", "height", "width"]


def test_metadata_tells_size_normalisation_and_classes(onnx_path):
    kept = {one.key: json.loads(one.value) for one in onnx.load(onnx_path).metadata_props}
    assert kept == {
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
        "size": [256, 128],
        "names": list(CLASS_NAMES),
        "colours": [list(one.color) for one in CLASSES],
    }


@pytest.mark.parametrize(
    ("transforms", "expected"),
    [
        ([{"type": "Resize", "target_size": [8, 8], "keep_ratio": True}, NORMALIZE], "keep_ratio"),
        ([{"type": "Resize", "target_size": [8, 8], "interp": "CUBIC"}, NORMALIZE], "CUBIC"),
        ([{"type": "PaddingByAspectRatio"}, NORMALIZE], "PaddingByAspectRatio"),
        ([NORMALIZE, NORMALIZE], "only one"),
        ([{"type": "Resize", "target_size": [8, 8]}], "no Normalize"),
    ],
)
def test_transforms_that_cannot_be_told_are_refused(transforms, expected):
    settings = {"val_dataset": {"transforms": transforms}}
    with pytest.raises(InputError, match=expected):
        export.metadata(settings, CLASS_NAMES)


def test_the_size_is_that_of_resize_or_the_configurations_own():
    def size(*transforms, **other):
        settings = {"val_dataset": {"transforms": [*transforms, NORMALIZE]}, **other}
        return json.loads(export.metadata(settings, CLASS_NAMES)["size"])

    resize = {"type": "Resize", "target_size": [64, 32]}
    assert size(resize) == [64, 32]
    assert size({"type": "Resize"}) == [512, 512]
    assert size(image_size=[640, 320]) == [640, 320]
    assert size() is None
    with pytest.raises(InputError, match="only one Resize"):
        size(resize, resize)
    with pytest.raises(InputError, match=r"target_size of Resize is \[64\]; give \[width, height"):
        size({"type": "Resize", "target_size": [64]})


def test_without_a_validation_set_there_are_no_transforms():
    with pytest.raises(InputError, match="no val_dataset"):
        export.metadata({}, CLASS_NAMES)


def test_paddle_inference_equals_paddlesegs_network(network, paddle_path, images, capfd):
    run = export.paddle_runner(paddle_path)
    for image in images:
        classes, logits = run(image)
        assert (classes == paddleseg_logits(network, image).argmax(0)).mean() >= 0.9999
        assert logits is None
    assert capfd.readouterr() == ("", "")


def test_paddlesegs_deploy_programs_open_it(paddle_path, tree):
    found = DeployConfig(str(paddle_path / "deploy.yaml"))
    assert found.model == str(paddle_path / "model.json")
    assert found.params == str(paddle_path / "model.pdiparams")
    path = next(tree.glob("leftImg8bit/val/*/*.png"))
    expected = export.reader(SETTINGS)(path)["img"]
    assert np.array_equal(found.transforms({"img": str(path)})["img"], expected)


def test_a_folder_that_holds_something_is_refused(network, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds files already"):
        export.write_paddle(network, tmp_path, SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.fixture
def run_folder(network, tmp_path):
    """A run of the network: its configuration and its weights."""
    configuration.save_config(SETTINGS, tmp_path / "run" / "config.yml")
    checkpoint.save_weights(network, tmp_path / "run" / "model.pdparams")
    return tmp_path / "run"


@pytest.fixture
def damaged(monkeypatch):
    """Between the checkpoint and its ONNX file a convolution changes."""
    whole = export.write_onnx

    def write(model, path, settings, names):
        changed = BiSeNetV2(num_classes=19)
        changed.set_state_dict(model.state_dict())
        changed.eval()
        last = list(changed.head.parameters())[-2]
        last.set_value(last.flip(0))
        whole(changed, path, settings, names)

    monkeypatch.setattr(export, "write_onnx", write)


def test_another_network_is_not_written(run_folder, tmp_path, images, damaged):
    with pytest.raises(InputError, match=r"out/model.onnx: only .* % of the .* images: 3\); not"):
        export.export_checked(SETTINGS, run_folder, tmp_path / "out", images, ["onnx"])
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_another_network_is_not_cached(run_folder, damaged, own_cache):
    before = set(own_cache.rglob("*"))
    with pytest.raises(InputError, match=r"model\.onnx: only .* not written"):
        engines.cached_onnx(SETTINGS, run_folder, CLASS_NAMES)
    assert {path for path in own_cache.rglob("*") if path.is_file()} <= before
    assert {path.name for path in run_folder.iterdir()} == {"config.yml", "model.pdparams"}


def test_weights_that_are_no_numbers_are_not_exported(run_folder, network, tmp_path, images):
    state = network.state_dict()
    name = "head.conv_1x1.weight"
    spoilt = {**state, name: paddle.full_like(state[name], float("nan"))}
    paddle.save(spoilt, str(run_folder / "model.pdparams"))
    with pytest.raises(InputError, match="not finite"):
        export.export_checked(SETTINGS, run_folder, tmp_path / "out", images[:1], ["onnx"])
    assert not (tmp_path / "out").exists()


def test_real_images_are_read_as_the_validation_set_reads_them(tiny, tree):
    settings = configuration.load_config(tiny)
    images = export.real_images(settings)
    dataset = configuration.build_component(settings["val_dataset"])
    assert len(images) == len(dataset) + 1
    assert all(np.array_equal(one, dataset[n]["img"]) for n, one in enumerate(images[:-1]))
    assert images[-1].shape == (3, 333, 517)
    folder = export.real_images(settings, tree / "leftImg8bit" / "train" / "aachen")
    assert len(folder) == 3


def test_classes_in_a_tie_may_change_places_and_others_not():
    class Constant(paddle.nn.Layer):
        def forward(self, image):
            logits = np.array([1, 1 + 1e-5, 0.9], np.float32).reshape(1, 3, 1, 1)
            return [paddle.to_tensor(np.broadcast_to(logits, (1, 3, 2, 2)).copy())]

    def run(image):
        return np.array([[0, 1], [1, 2]], np.uint8), None

    found = export.compare_outputs(Constant(), {"other": run}, [np.zeros((3, 2, 2), np.float32)])
    assert found["other"].pixels == 0.75
