"""The benchmark's scores by hand, and against cityscapesscripts' own scorer on the same files."""

import json
import math
import sys

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as scorer  # noqa: N813
from PIL import Image

from bisenet_lib.cli import main
from bisenet_lib.data import labels
from bisenet_lib.data.cityscapes import find_frames
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import cityscapes_benchmark

ID = {label.name: label.id for label in labels.LABELS}


def test_three_by_three_by_hand():
    """Cars of 4, 2 and 1 pixels with 2, 1 and 1 of them right; a bus of 1 pixel seen as road.

    A pixel of an object weighs mean size / own size: 2/4 + 1/2 + 1/1 of a mean car are right,
    1 is missed. The road pixel seen as car belongs to no object and weighs 1. In the category
    the second car is right as a whole, for a bus is a vehicle too.
    """
    car, bus, road = ID["car"], ID["bus"], ID["road"]
    truth = np.array([[car, car, car], [car, car, car], [car, bus, road]], np.uint8)
    instances = 1000 * truth.astype(np.uint16)
    instances += np.array([[1, 1, 0], [0, 0, 0], [2, 0, 0]], np.uint16)
    instances[2, 2] = road
    prediction = np.array([[car, bus, road], [car, car, 0], [car, road, car]], np.uint8)

    counter = cityscapes_benchmark.Counter()
    counter.add(truth, instances, prediction)
    scores = counter.scores()

    cars, buses = scorer.args.avgClassSize["car"], scorer.args.avgClassSize["bus"]
    assert scores.class_iiou["car"] == pytest.approx(2 * cars / (3 * cars + 1))
    assert scores.category_iiou["vehicle"] == pytest.approx(2.5 * cars / (3 * cars + buses + 1))
    assert scores.class_iou["car"] == 4 / 8
    assert scores.class_iou["bus"] == 0
    assert math.isnan(scores.class_iou["person"])
    assert scores.category_iou["vehicle"] == 5 / 9
    assert scores.as_dict()["class_iou"]["person"] is None
    assert "| person | absent | absent |" in scores.table()
    assert "| road | 0.00 |  |" in scores.table()


def predict(tree, folder, seed=0):
    """Random predictions that are partly right; void ones, caravans, and no train among them."""
    rng = np.random.default_rng(seed)
    values = [id for id in range(34) if id != ID["train"]]
    for number, frame in enumerate(find_frames(tree, "val")):
        truth = np.asarray(Image.open(frame.label_ids))
        noise = rng.choice(values, truth.shape).astype(np.uint8)
        prediction = np.where(rng.random(truth.shape) < 0.6, truth, noise)
        path = folder / frame.city / f"{frame.stem}_{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(prediction).save(path)


def cityscapesscripts(tree, folder, monkeypatch):
    for name, value in {"evalInstLevelScore": True, "quiet": True, "JSONOutput": False}.items():
        monkeypatch.setattr(scorer.args, name, value)
    truths = [frame.label_ids for frame in find_frames(tree, "val")]
    found = [next(folder.rglob(f"{one.name.split('_gtFine')[0]}*.png")) for one in truths]
    return scorer.evaluateImgLists(
        [str(one) for one in found], [str(one) for one in truths], scorer.args
    )


def assert_equal(scores, expected):
    pairs = {
        "classScores": scores.class_iou,
        "classInstScores": scores.class_iiou,
        "categoryScores": scores.category_iou,
        "categoryInstScores": scores.category_iiou,
    }
    for name, ours in pairs.items():
        theirs = {key: value for key, value in expected[name].items() if not math.isnan(value)}
        assert {key: value for key, value in ours.items() if not math.isnan(value)} == theirs
    assert scores.means == {
        "class_iou": expected["averageScoreClasses"],
        "class_iiou": expected["averageScoreInstClasses"],
        "category_iou": expected["averageScoreCategories"],
        "category_iiou": expected["averageScoreInstCategories"],
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_equal_to_cityscapesscripts_to_the_last_digit(
    tree, frame_maker, tmp_path, monkeypatch, workers
):
    for number in range(4):
        frame_maker(tree, "val", f"lindau_00000{number}_000019", (128, 64))
    folder = tmp_path / "predictions"
    predict(tree, folder)
    scores = cityscapes_benchmark.score_files(folder, tree, workers=workers)
    assert scores.frames == 6
    assert math.isnan(scores.class_iou["train"]) and math.isnan(scores.class_iiou["train"])
    assert 0 < scores.means["class_iiou"] != scores.means["class_iou"]
    assert_equal(scores, cityscapesscripts(tree, folder, monkeypatch))


def test_objects_of_ignored_classes_are_left_out_as_in_cityscapesscripts(
    tree, tmp_path, monkeypatch
):
    """Caravans (29) and numbered dynamic things (5) are objects that have no score."""
    frame = find_frames(tree, "val")[0]
    ids = np.asarray(Image.open(frame.label_ids)).copy()
    instances = np.asarray(Image.open(frame.instance_ids)).astype(np.uint16)
    for row, name in enumerate(("caravan", "dynamic", "rider", "rider")):
        ids[row] = ID[name]
        instances[row] = 1000 * ID[name] + row
    Image.fromarray(ids).save(frame.label_ids)
    Image.fromarray(instances).save(frame.instance_ids)
    predict(tree, tmp_path / "predictions")
    scores = cityscapes_benchmark.score_files(tmp_path / "predictions", tree)
    assert not math.isnan(scores.class_iiou["rider"])
    assert_equal(scores, cityscapesscripts(tree, tmp_path / "predictions", monkeypatch))


def test_frames_counted_in_memory_give_the_same(tree, tmp_path):
    folder = tmp_path / "predictions"
    predict(tree, folder)
    counter = cityscapes_benchmark.Counter()
    for frame in find_frames(tree, "val"):
        truth, instances, prediction = (
            np.asarray(Image.open(path))
            for path in (frame.label_ids, frame.instance_ids, *folder.rglob(f"{frame.stem}*"))
        )
        counter.add(truth, instances.astype(np.uint16), prediction)
    assert counter.scores() == cityscapes_benchmark.score_files(folder, tree)


def test_truth_files_of_a_converted_label(tree):
    frame = find_frames(tree, "val")[0]
    assert cityscapes_benchmark.truth_files(frame.label_train_ids) == (
        frame.label_ids,
        frame.instance_ids,
    )
    assert cityscapes_benchmark.truth_files(tree / "mask_7.png") is None


def test_nothing_counted_is_nan_not_a_crash():
    assert all(
        math.isnan(value) for value in cityscapes_benchmark.Counter().scores().means.values()
    )


def missing(frame, path):
    path.unlink()
    return [str(frame.label_ids), "no prediction for this frame", f"{frame.stem}*.png"]


def twice(frame, path):
    path.with_name(f"{frame.stem}_again.png").write_bytes(path.read_bytes())
    return [str(frame.label_ids), "2 predictions", f"{frame.stem}_again.png"]


def another_size(frame, path):
    Image.fromarray(np.zeros((8, 9), np.uint8)).save(path)
    return [path.name, "9x8 pixels, its truth has 64x32"]


def colours(frame, path):
    Image.fromarray(np.zeros((32, 64, 3), np.uint8)).save(path)
    return [path.name, "mode RGB"]


def no_image(frame, path):
    path.write_text("not a PNG")
    return [path.name, "no image"]


def outside(frame, path):
    values = np.full((32, 64), 7, np.uint8)
    values[3, :5] = 255
    Image.fromarray(values).save(path)
    return [path.name, "the value 255 in 5 pixels; label ids are 0 to 33"]


def no_truth(frame, path):
    frame.label_ids.unlink()
    return [frame.label_ids.name, "missing"]


def no_instances(frame, path):
    frame.instance_ids.unlink()
    return [frame.instance_ids.name, "missing"]


def an_object_of_road(frame, path):
    Image.fromarray(np.full((32, 64), 7001, np.uint16)).save(frame.instance_ids)
    return [frame.instance_ids.name, "the object 7001 is of class 7: road, which has no instances"]


@pytest.mark.parametrize(
    "fault",
    [missing, twice, another_size, colours, no_image, outside, no_truth, no_instances,
     an_object_of_road],
)  # fmt: skip
def test_bad_files_are_named_all_of_them(tree, tmp_path, fault):
    predict(tree, tmp_path / "predictions")
    expected = []
    for frame in find_frames(tree, "val"):
        path = next((tmp_path / "predictions").rglob(f"{frame.stem}*"))
        expected += fault(frame, path)
    with pytest.raises(InputError) as caught:
        cityscapes_benchmark.score_files(tmp_path / "predictions", tree)
    assert all(part in str(caught.value) for part in expected), str(caught.value)
    assert len(str(caught.value).splitlines()) == 2


def test_train_ids_in_place_of_label_ids_are_noticed(tree, tmp_path):
    folder = tmp_path / "predictions"
    folder.mkdir()
    for frame in find_frames(tree, "val"):
        truth = np.asarray(Image.open(frame.label_ids))
        train_ids = labels.id_to_train_id()[truth]
        Image.fromarray(np.where(train_ids == 255, 0, train_ids)).save(folder / f"{frame.stem}.png")
    with pytest.raises(InputError, match="Are these trainIds"):
        cityscapes_benchmark.score_files(folder, tree)


def test_no_folder_of_predictions(tree, tmp_path):
    with pytest.raises(InputError, match="nowhere: no folder of predictions"):
        cityscapes_benchmark.score_files(tmp_path / "nowhere", tree)


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["bisenet", *map(str, arguments)])
    try:
        main.main()
    except SystemExit as ended:
        return ended.code, "".join(capsys.readouterr())
    return 0, "".join(capsys.readouterr())


def test_the_command_scores_a_folder(tree, tmp_path, monkeypatch, capsys):
    predict(tree, tmp_path / "out")
    report = tmp_path / "report.json"
    code, printed = run(
        monkeypatch, capsys, "score", tmp_path / "out", "--dataset", tree, "--json", report
    )
    assert not code
    assert "2 frames of val" in printed
    expected = cityscapes_benchmark.score_files(tmp_path / "out", tree)
    assert json.loads(report.read_text()) == expected.as_dict()


@pytest.mark.parametrize("fault", [missing, another_size, outside, no_image])
def test_the_command_names_bad_files(tree, tmp_path, monkeypatch, capsys, fault):
    predict(tree, tmp_path / "out")
    frame = find_frames(tree, "val")[0]
    path = next((tmp_path / "out").rglob(f"{frame.stem}*.png"))
    fault(frame, path)
    code, printed = run(monkeypatch, capsys, "score", tmp_path / "out", "--dataset", tree)
    assert code == 1
    assert "Traceback" not in printed
    assert frame.stem in printed
