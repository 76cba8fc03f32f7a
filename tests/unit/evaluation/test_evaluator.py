"""Evaluation counts what PaddleSeg's own counts, with either engine, however an image is viewed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as scorer  # noqa: N813
from PIL import Image

from bisenet_lib.config import configuration
from bisenet_lib.data.image_io import read_image
from bisenet_lib.data.labels import train_id_to_id
from bisenet_lib.deployment import engines, export, predictor
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import cityscapes_benchmark, error_analysis, evaluator
from bisenet_lib.evaluation.metrics import confusion_matrix
from bisenet_lib.evaluation.tta import Views
from bisenet_lib.network import checkpoint
from bisenet_lib.runtime.paddleseg_compat import paddle

from paddleseg.core import val  # isort: skip

pytestmark = pytest.mark.slow

VIEWS = {
    "once": Views(),
    "flipped": Views(flip=True),
    "scales": Views(scales=(0.5, 0.75, 1.0, 1.25, 1.5, 1.75), flip=True),
    "windows": Views(crop_size=(32, 32), stride=(16, 16)),
    "scaled windows": Views(scales=(1.0, 1.5), crop_size=(48, 32), stride=(32, 16)),
}


@pytest.fixture
def ready(tiny, tmp_path):
    """Settings, a data set, and a network that knows a little, as a checkpoint."""
    settings = configuration.load_config(tiny)
    paddle.seed(7)
    model = configuration.builder(settings).model
    for _, layer in model.named_sublayers():  # statistics that are not those of a fresh layer
        if isinstance(layer, paddle.nn.BatchNorm2D):
            layer._mean.set_value(paddle.rand(layer._mean.shape))
            layer._variance.set_value(paddle.rand(layer._variance.shape) + 0.5)
    model.eval()
    checkpoint.save_weights(model, tmp_path / "net" / checkpoint.WEIGHTS)
    return settings, configuration.build_component(settings["val_dataset"]), model


def theirs(model, dataset, monkeypatch, views):
    """The confusion matrix of PaddleSeg's evaluate, and its areas."""
    seen = []
    count = val.metrics.calculate_area

    def watch(pred, label, *args, **kwargs):
        seen.append((pred.numpy()[0, 0], label.numpy()[0, 0], count(pred, label, *args, **kwargs)))
        return seen[-1][-1]

    monkeypatch.setattr(val.metrics, "calculate_area", watch)
    val.evaluate(
        model,
        dataset,
        print_detail=False,
        aug_eval=views.augmented,
        **(views.augmentation() if views.augmented else views.window()),
    )
    assert len(seen) == len(dataset)
    matrix = sum(confusion_matrix(label, pred, dataset.num_classes) for pred, label, _ in seen)
    return matrix, [sum(one[2][n].numpy() for one in seen) for n in range(3)]


@pytest.mark.parametrize("name", VIEWS)
def test_equals_paddlesegs_own_evaluate_pixel_for_pixel(ready, monkeypatch, name):
    _, dataset, model = ready
    expected, (intersect, predicted, truth) = theirs(model, dataset, monkeypatch, VIEWS[name])
    scores = evaluator.evaluate(model, dataset, views=VIEWS[name])
    assert (scores.matrix == expected).all()
    assert (scores.matrix.diagonal() == intersect).all()
    assert (scores.matrix.sum(0) == predicted).all()
    assert (scores.matrix.sum(1) == truth).all()
    assert scores.matrix.sum() > 1000
    assert (scores.matrix.sum(0) > 0).sum() > 1, "a network that says one class proves nothing"


@pytest.mark.parametrize("name", VIEWS)
def test_onnx_gives_the_classes_of_paddle(ready, tmp_path, name):
    settings, dataset, model = ready
    names = evaluator.dataset_names(dataset)
    other = engines.load_network(settings, tmp_path / "net", engine="onnx", names=names)
    one = evaluator.evaluate(model, dataset, views=VIEWS[name]).matrix
    two = evaluator.evaluate(other, dataset, views=VIEWS[name]).matrix
    assert np.abs(one - two).sum() <= 2e-4 * one.sum()


def test_images_at_their_own_size_take_the_short_way_to_the_same_classes(ready, tmp_path):
    """Without a Resize the ONNX graph gives classes, not logits."""
    settings, _, model = ready
    section = settings["val_dataset"]
    section["transforms"] = [one for one in section["transforms"] if one["type"] != "Resize"]
    dataset = configuration.build_component(section)
    names = evaluator.dataset_names(dataset)
    other = engines.load_network(settings, tmp_path / "net", engine="onnx", names=names)
    for sample in (dataset[n] for n in range(len(dataset))):
        assert sample["trans_info"] == []
        agree = evaluator.predict(other, sample) == evaluator.predict(model, sample)
        assert agree.mean() >= 0.9999


def test_the_export_is_made_once_and_again_for_other_weights(ready, tmp_path):
    settings, dataset, model = ready
    names = evaluator.dataset_names(dataset)
    first = engines.cached_onnx(settings, tmp_path / "net", names)
    made = first.stat().st_ino
    assert engines.cached_onnx(settings, tmp_path / "net", names) == first
    assert first.stat().st_ino == made
    model.head.conv_1x1.bias.set_value(model.head.conv_1x1.bias + 1)
    checkpoint.save_weights(model, tmp_path / "net" / checkpoint.WEIGHTS)
    second = engines.cached_onnx(settings, tmp_path / "net", names)
    assert second != first
    assert first.exists()
    assert not list((tmp_path / "net").rglob("*.onnx"))


def test_another_exporter_makes_another_export(ready, tmp_path, monkeypatch):
    settings, dataset, _ = ready
    monkeypatch.setattr(engines.cache, "kept", lambda key, suffix, make: key)
    keys = [engines.cached_onnx(settings, tmp_path / "net", evaluator.dataset_names(dataset))]
    for name, value in (("OPSET", 13), ("onnx.__version__", "0"), ("__file__", __file__)):
        monkeypatch.setattr(f"bisenet_lib.deployment.onnx_graph.{name}", value)
        keys.append(
            engines.cached_onnx(settings, tmp_path / "net", evaluator.dataset_names(dataset))
        )
    assert len(set(keys)) == 4


def test_weights_that_change_while_they_are_exported_are_not_kept(ready, tmp_path, monkeypatch):
    settings, dataset, _ = ready
    load = export.trained_network

    def load_and_replace(settings, path):
        loaded = load(settings, path)
        checkpoint.save_weights(paddle.nn.Linear(1, 1), path)
        return loaded

    monkeypatch.setattr(export, "trained_network", load_and_replace)
    with pytest.raises(InputError, match="changed while it was read"):
        engines.cached_onnx(settings, tmp_path / "net", evaluator.dataset_names(dataset))


def test_results_and_predictions_are_saved(ready, tmp_path):
    settings, dataset, _ = ready
    out = tmp_path / "out"
    report = evaluator.evaluate_checkpoint(
        settings, tmp_path / "net", save_dir=out, save_predictions=True, views=Views(flip=True)
    )
    saved = json.loads((out / "results.json").read_text())
    assert saved["matrix"] == report.scores.matrix.tolist()
    assert saved["engine"] == "onnx"
    assert saved["views"]["flip"] is True
    matrix = 0
    for image, label in dataset.file_list:
        name = Path(image).name
        prediction = np.asarray(Image.open(out / "predictions" / name))
        truth = np.asarray(Image.open(label))
        matrix += confusion_matrix(truth, prediction, 19)
    assert (matrix == report.scores.matrix).all()


def test_the_official_scorer_says_the_same_of_the_saved_predictions(ready, tmp_path, monkeypatch):
    settings, dataset, _ = ready
    report = evaluator.evaluate_checkpoint(
        settings, tmp_path / "net", save_dir=tmp_path / "out", save_predictions=True
    )
    pairs = []
    for image, label in dataset.file_list:
        classes = np.asarray(Image.open(tmp_path / "out" / "predictions" / Path(image).name))
        pairs.append(
            (
                str(tmp_path / Path(image).name),
                str(cityscapes_benchmark.truth_files(Path(label))[0]),
            )
        )
        Image.fromarray(train_id_to_id()[classes]).save(pairs[-1][0])
    for name, value in {"evalInstLevelScore": True, "quiet": True, "JSONOutput": False}.items():
        monkeypatch.setattr(scorer.args, name, value)
    theirs = scorer.evaluateImgLists(*zip(*pairs, strict=True), scorer.args)
    assert report.official.means == {
        "class_iou": theirs["averageScoreClasses"],
        "class_iiou": theirs["averageScoreInstClasses"],
        "category_iou": theirs["averageScoreCategories"],
        "category_iiou": theirs["averageScoreInstCategories"],
    }
    assert report.official.means["class_iou"] == report.scores.miou
    saved = json.loads((tmp_path / "out" / "results.json").read_text())
    assert saved["official"] == report.official.as_dict()


def test_without_official_files_there_are_no_official_scores(ready, tmp_path):
    settings, dataset, _ = ready
    cityscapes_benchmark.truth_files(Path(dataset.file_list[0][1]))[1].unlink()
    report = evaluator.evaluate_checkpoint(settings, tmp_path / "net")
    assert report.official is None
    assert "mIoU of" in report.table()


def test_a_network_sees_the_size_asked_for_and_is_scored_at_the_labels(ready, tmp_path):
    """As the validation's own Resize where it asks for the same; the labels stay whole."""
    settings, *_ = ready
    net = tmp_path / "net"
    first = evaluator.evaluate_checkpoint(settings, net)
    same = evaluator.evaluate_checkpoint(settings, net, size=(64, 32))
    assert (same.scores.matrix == first.scores.matrix).all()
    assert same.as_dict()["size"] == (64, 32)
    assert "size" not in first.as_dict()
    twice = evaluator.evaluate_checkpoint(settings, net, size=(128, 64))
    assert twice.scores.matrix.sum() == first.scores.matrix.sum()
    assert (twice.scores.matrix != first.scores.matrix).any()

    own = evaluator.evaluate_checkpoint(settings, net, size="photo")
    resizes = settings["val_dataset"]["transforms"]
    settings["val_dataset"]["transforms"] = [one for one in resizes if one["type"] != "Resize"]
    expected = evaluator.evaluate_checkpoint(settings, net)
    assert (own.scores.matrix == expected.scores.matrix).all()


def test_with_a_size_the_evaluation_counts_what_the_predictor_says(ready, tmp_path):
    settings, *_ = ready
    names = [f"class {number}" for number in range(19)]
    path = engines.cached_onnx(settings, tmp_path / "net", names)
    predict = predictor.Predictor(path, size=(96, 64))
    evaluator.evaluate_checkpoint(
        settings, tmp_path / "net", size=(96, 64), save_dir=tmp_path, save_predictions=True
    )
    saved = json.loads((tmp_path / "results.json").read_text())["predictions"]
    for image, file in saved.items():
        classes = predict(read_image(Path(settings["val_dataset"]["dataset_root"]) / image))
        found = np.asarray(Image.open(tmp_path / "predictions" / file))
        assert (found == classes).mean() > 0.999


@pytest.mark.parametrize("size", [(0, 64), (64,), "own", 64])
def test_a_size_to_score_at_that_is_none(ready, tmp_path, size):
    with pytest.raises(
        InputError, match=r"--size is .*; give width and height, 1 to 8192 each, or"
    ):
        evaluator.evaluate_checkpoint(ready[0], tmp_path / "net", size=size)


def test_a_size_is_refused_where_another_transform_would_undo_it(ready, tmp_path):
    settings, *_ = ready
    settings["val_dataset"]["transforms"].insert(0, {"type": "ResizeByShort", "short_size": 32})
    with pytest.raises(InputError, match="--size: val_dataset has the transform ResizeByShort"):
        evaluator.evaluate_checkpoint(settings, tmp_path / "net", size="photo")


def test_the_first_frames_alone(ready):
    _, dataset, model = ready
    one = evaluator.evaluate(model, dataset, limit=1)
    assert one.frames == 1
    sample = dataset[0]
    expected = confusion_matrix(sample["label"][0], evaluator.predict(model, sample), 19)
    assert (one.matrix == expected).all()


def test_training_mode_is_left_as_it_was(ready):
    _, dataset, model = ready
    model.train()
    evaluator.evaluate(model, dataset, limit=1)
    assert model.training


def test_a_data_sets_own_class_names(ready, tmp_path):
    settings, dataset, model = ready
    root = tmp_path / "cityscapes"
    (root / "classes.txt").write_text("\n".join(f"thing {n}" for n in range(19)))
    assert evaluator.evaluate(model, dataset, limit=1).names[3] == "thing 3"
    (root / "classes.txt").write_text("one\ntwo")
    with pytest.raises(InputError, match="2 names"):
        evaluator.evaluate_checkpoint(settings, tmp_path / "net")


def test_a_frame_that_cannot_be_read_is_named(ready):
    _, dataset, model = ready
    Path(dataset.file_list[1][0]).write_bytes(b"no image")
    with pytest.raises(InputError, match=dataset.file_list[1][0]):
        evaluator.evaluate(model, dataset)


def test_a_checkpoint_of_another_class_count_is_refused(ready, tmp_path):
    settings, *_ = ready
    for section in ("model", "train_dataset", "val_dataset"):
        settings[section]["num_classes"] = 20
    for engine in ("paddle", "onnx"):
        with pytest.raises(InputError, match="does not fit this network"):
            evaluator.evaluate_checkpoint(settings, tmp_path / "net", engine=engine)
    assert not list(tmp_path.rglob("*.onnx"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scales": ()}, "scales are"),
        ({"scales": (1.0, -1.0)}, "scales are"),
        ({"crop_size": (0, 32)}, "crop_size is"),
        ({"stride": (8, 8)}, "without crop_size"),
        ({"crop_size": (32, 32), "stride": (64, 8)}, "larger than crop_size"),
    ],
)
def test_views_that_cannot_be(arguments, message):
    with pytest.raises(InputError, match=message):
        Views(**arguments)


def test_images_of_one_name_in_two_folders_keep_their_predictions(ready, tmp_path):
    """What the error analysis reads is what the network said of that image."""
    settings, dataset, _ = ready
    root = Path(dataset.dataset_root)
    lines = []
    for number, (image, label) in enumerate(dataset.file_list):
        for source, kind in ((image, "images"), (label, "labels")):
            target = root / kind / "abc"[number] / "0001.png"
            target.parent.mkdir(parents=True)
            shutil.copyfile(source, target)
        lines.append(f"images/{'abc'[number]}/0001.png,labels/{'abc'[number]}/0001.png\n")
    (root / "val.txt").write_text("".join(lines))
    options = {"engine": "paddle", "save_dir": tmp_path / "out", "save_predictions": True}
    report = evaluator.evaluate_checkpoint(settings, tmp_path / "net", **options)
    results = error_analysis.load_results(tmp_path / "out", root)
    assert [one.prediction.relative_to(tmp_path / "out") for one in results.frames] == [
        Path("predictions/a/0001.png"),
        Path("predictions/b/0001.png"),
    ]
    matrix = sum(confusion_matrix(*error_analysis.read_pair(one, 19), 19) for one in results.frames)
    assert (matrix == report.scores.matrix).all()


def test_predictions_of_an_earlier_evaluation_belong_to_no_other(ready, tmp_path):
    settings, dataset, _ = ready
    for save in (True, False):
        evaluator.evaluate_checkpoint(
            settings, tmp_path / "net", engine="paddle", save_dir=tmp_path, save_predictions=save
        )
    image = dataset.file_list[0][0]
    with pytest.raises(InputError, match=f"no prediction for {image}. Evaluate the data set again"):
        error_analysis.load_results(tmp_path, dataset.dataset_root)
