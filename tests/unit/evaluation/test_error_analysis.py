"""Error analysis of saved results: by hand, and against the definitions written out plainly."""

import json
import math

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from bisenet_lib.data import conversion
from bisenet_lib.data.cityscapes import find_frames
from bisenet_lib.data.file_lists import read_list
from bisenet_lib.data.label_io import write_classes
from bisenet_lib.data.labels import CLASS_NAMES, name2label, train_id_to_id
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import cityscapes_benchmark, error_analysis, metrics
from bisenet_lib.evaluation.object_sizes import find_objects, size_curve

ROAD, CAR, PERSON, POLE = (name2label[name].trainId for name in ("road", "car", "person", "pole"))


def save(folder, root, predictions):
    """Results as an evaluation leaves them."""
    matrix, files = np.zeros((19, 19), np.int64), {}
    for (image, label), prediction in zip(
        read_list(root / "val.txt", root), predictions, strict=True
    ):
        write_classes(folder / "predictions" / f"{image.stem}.png", prediction, 19)
        files[str(image.relative_to(root))] = f"{image.stem}.png"
        matrix += metrics.confusion_matrix(np.asarray(Image.open(label)), prediction, 19)
    scores = metrics.Scores(matrix, len(predictions))
    (folder / "results.json").write_text(json.dumps(scores.as_dict() | {"predictions": files}))


@pytest.fixture
def saved(tree, tmp_path):
    """Two frames; the second is predicted worse than the first."""
    conversion.prepare(tree)
    rng = np.random.default_rng(0)
    predictions = []
    for (_, label), right in zip(read_list(tree / "val.txt", tree), (0.9, 0.5), strict=True):
        truth = np.asarray(Image.open(label))
        patches = np.kron(rng.random((8, 16)) < right, np.ones((4, 4), bool))
        noise = np.kron(rng.integers(0, 19, (8, 16)), np.ones((4, 4), int))
        predictions.append(np.where(patches & (truth < 19), truth, noise).astype(np.uint8))
    save(tmp_path / "results", tree, predictions)
    return tmp_path / "results"


@pytest.fixture
def results(saved, tree):
    return error_analysis.load_results(saved, tree)


def test_load_gives_back_what_was_saved(results, tree):
    assert results.scores.names == CLASS_NAMES
    assert results.scores.frames == 2
    frame = results.frames[0]
    assert frame.image == find_frames(tree, "val")[0].image
    truth, prediction = error_analysis.read_pair(frame, 19)
    assert truth.shape == prediction.shape == (32, 64)
    total = sum(
        metrics.confusion_matrix(*error_analysis.read_pair(one, 19), 19) for one in results.frames
    )
    assert (total == results.scores.matrix).all()


def test_frames_from_the_worst_to_the_best(results):
    worst, best = error_analysis.frame_scores(results)
    assert [worst.frame, best.frame] == list(results.frames[::-1])
    truth, prediction = error_analysis.read_pair(worst.frame, 19)
    counted = truth != 255
    assert worst.pixel_accuracy == (truth == prediction)[counted].mean()
    present = np.union1d(truth[counted], prediction[counted])
    iou = [
        ((truth == c) & (prediction == c)).sum()
        / (((truth == c) | (prediction == c)) & counted).sum()
        for c in present
    ]
    assert worst.miou == pytest.approx(np.mean(iou))


def test_error_map():
    truth = np.array([[0, 1, 255]], np.uint8)
    prediction = np.array([[0, 2, 2]], np.uint8)
    assert error_analysis.error_map(truth, prediction).tolist() == [[0, 1, 255]]


def band(mask, width):
    """As Cheng et al. define it: erode the mask ``width`` times; beyond the image is nothing."""
    padded = np.pad(mask.astype(np.uint8), 1)
    inner = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1]
    return mask & ~inner.astype(bool)


def test_boundary_iou_is_that_of_eroded_masks(results):
    widths = (1, 3, 5)
    found = error_analysis.boundary_iou(results, widths, workers=2)
    for place, width in enumerate(widths):
        both, either = np.zeros(19), np.zeros(19)
        for frame in results.frames:
            truth, prediction = error_analysis.read_pair(frame, 19)
            for c in range(19):
                true = band(truth == c, width)
                predicted = band((prediction == c) & (truth != 255), width)
                both[c] += (true & predicted).sum()
                either[c] += (true | predicted).sum()
        expected = np.divide(both, either, out=np.full(19, np.nan), where=either > 0)
        np.testing.assert_array_equal(found.iou[place], expected)
        assert found.mean[place] == pytest.approx(np.nanmean(expected))


def test_the_widest_boundary_is_plain_iou(results):
    np.testing.assert_array_equal(
        error_analysis.boundary_iou(results, (40,)).iou[0], results.scores.iou
    )


def one_frame(tree, tmp_path, truth, instances, prediction):
    """Results of a single frame drawn by hand, in a data set of its own."""
    frame = find_frames(tree, "val")[0]
    for path in (frame.label_train_ids, frame.instance_ids):
        path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(truth).save(frame.label_train_ids)
    Image.fromarray(instances).save(frame.instance_ids)
    names = [path.relative_to(tree).as_posix() for path in (frame.image, frame.label_train_ids)]
    (tree / "val.txt").write_text(",".join(names))
    save(tmp_path / "hand", tree, [prediction])
    return error_analysis.load_results(tmp_path / "hand", tree)


def test_objects_by_hand(tree, tmp_path):
    """Two cars that touch, of 4 and 2 pixels; a crowd of cars; two poles that meet at a corner.

    Seen: 3 pixels of the first car and 1 of the second, in one region with 2 road pixels, which
    are shared 3 : 1; a car far away that is road; one of the 2 pole pixels.
    """
    truth = np.full((4, 8), ROAD, np.uint8)
    truth[0, :6] = CAR
    truth[3, 7] = CAR
    truth[2, 0] = truth[3, 1] = POLE
    truth[3, 4] = 255
    instances = np.full((4, 8), 7, np.uint16)
    instances[0, :4], instances[0, 4:6], instances[3, 7] = 26000, 26001, 26
    prediction = truth.copy()
    prediction[0] = [ROAD, CAR, CAR, CAR, CAR, ROAD, ROAD, ROAD]
    prediction[1] = [ROAD, CAR, CAR, ROAD, ROAD, ROAD, ROAD, ROAD]
    prediction[3] = [ROAD, ROAD, ROAD, ROAD, CAR, CAR, ROAD, CAR]

    objects = find_objects(one_frame(tree, tmp_path, truth, instances, prediction))
    cars = objects.select(["car"])
    assert cars.pixels.tolist() == [4, 2]
    assert cars.recall.tolist() == [3 / 4, 1 / 2]
    assert cars.iou.tolist() == [3 / (4 + 2 * 3 / 4), 1 / (2 + 2 * 1 / 4)]
    poles = objects.select(["pole"])
    assert (poles.pixels.tolist(), poles.recall.tolist(), poles.iou.tolist()) == ([2], [0.5], [0.5])
    assert len(objects.select(["car", "pole"], min_pixels=3).pixels) == 1
    with pytest.raises(InputError, match="no class tram"):
        objects.select(["tram"])

    curve = size_curve(objects.select(["car", "pole"]), (1, 2, 4, 8))
    assert curve.count.tolist() == [0, 2, 1]
    assert math.isnan(curve.recall[0])
    assert curve.recall[1:].tolist() == [0.5, 0.75]
    assert curve.iou[1:].tolist() == [(0.4 + 0.5) / 2, 3 / 5.5]


def test_recall_is_that_of_the_instances_in_the_official_count(results, tree):
    """Pixels and right pixels of every person and vehicle, from two counts of one thing."""
    counter = cityscapes_benchmark.Counter()
    for one in results.frames:
        paths = cityscapes_benchmark.truth_files(one.truth)
        truth, instances = (np.asarray(Image.open(path)) for path in paths)
        prediction = train_id_to_id()[np.asarray(Image.open(one.prediction))]
        counter.add(truth, instances.astype(np.uint16), prediction)
    expected = np.concatenate(counter.objects)
    found = find_objects(results, workers=2).select(CLASS_NAMES[PERSON:])
    assert len(found.pixels) > 0
    assert found.pixels.tolist() == expected[:, 1].tolist()
    np.testing.assert_array_equal(found.recall, expected[:, 2] / expected[:, 1])


def test_without_instances_objects_are_connected_regions(results):
    for frame in results.frames:
        cityscapes_benchmark.truth_files(frame.truth)[1].unlink()
    objects = find_objects(results)
    for place, frame in enumerate(results.frames):
        truth, prediction = error_analysis.read_pair(frame, 19)
        for c in np.unique(truth[truth < 19]):
            regions, count = ndimage.label(truth == c, np.ones((3, 3)))
            ours = (objects.frames == place) & (objects.classes == c)
            sizes = [(regions == n).sum() for n in range(1, count + 1)]
            recall = [(prediction == c)[regions == n].mean() for n in range(1, count + 1)]
            assert objects.pixels[ours].tolist() == sizes
            np.testing.assert_allclose(objects.recall[ours], recall)


def test_an_object_found_exactly_has_iou_one(results, tree, tmp_path):
    truths = [error_analysis.read_pair(one, 19)[0] for one in results.frames]
    save(tmp_path / "results", tree, [np.where(one == 255, 0, one) for one in truths])
    objects = find_objects(error_analysis.load_results(tmp_path / "results", tree))
    assert (objects.recall == 1).all() and (objects.iou == 1).all()


def missing(path):
    path.unlink()
    return "no prediction"


def another_size(path):
    Image.fromarray(np.zeros((8, 9), np.uint8)).save(path)
    return "9x8 pixels, its truth has 64x32"


def outside(path):
    Image.fromarray(np.full((32, 64), 26, np.uint8)).save(path)
    return "the value 26 in 2048 pixels; classes are 0 to 18"


@pytest.mark.parametrize("fault", [missing, another_size, outside])
@pytest.mark.parametrize(
    "function", [error_analysis.frame_scores, error_analysis.boundary_iou, find_objects]
)
def test_bad_predictions_are_named_all_of_them(results, fault, function):
    expected = [(one.prediction.name, fault(one.prediction)) for one in results.frames]
    with pytest.raises(InputError) as caught:
        function(results)
    lines = sorted(str(caught.value).splitlines())
    assert len(lines) == 2
    for line, (name, message) in zip(lines, sorted(expected), strict=True):
        assert name in line and message in line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "results.json: missing. Make it with: bisenet evaluate"),
        ("{", "results.json: not the results of an evaluation"),
        ('{"frames": 1}', "results.json: not the results of an evaluation"),
    ],
)
def test_results_that_are_none(saved, tree, text, message):
    path = saved / "results.json"
    path.unlink()
    if text:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        error_analysis.load_results(saved, tree)


def test_widths_are_from_one_pixel(results):
    with pytest.raises(InputError, match=r"widths are \(0, 2\)"):
        error_analysis.boundary_iou(results, (0, 2))
