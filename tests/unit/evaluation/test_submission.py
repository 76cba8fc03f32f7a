"""The submission, scored by the official scorer, and what its check finds in a bad one."""

import io
import math
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as official  # noqa: N813
from PIL import Image

from bisenet_lib.config import configuration
from bisenet_lib.course import notebook
from bisenet_lib.data.cityscapes import find_frames
from bisenet_lib.data.labels import CLASS_NAMES
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import evaluator, submission, tta
from bisenet_lib.evaluation.submission import check_zip, file_name
from bisenet_lib.network import checkpoint

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "data" / "checkpoints" / "bisenetv2_minicity"


@pytest.fixture(scope="module")
def minicity():
    return notebook.open_dataset(ROOT / "data" / "minicity", "laptop")


@pytest.fixture(scope="module")
def settings(minicity):
    return configuration.load_config(checkpoint.config_file(SHIPPED), dataset=minicity)


def test_scores_as_bisenet_evaluate_says(minicity, settings, tmp_path, monkeypatch):
    """The scorer finds the files by their names, as on the server."""
    count = submission.submit(settings, SHIPPED, minicity, tmp_path / "val.zip", split="val")
    frames = find_frames(minicity, "val")
    assert count == len(frames)
    assert [path.name for path in tmp_path.iterdir()] == ["val.zip"]
    with zipfile.ZipFile(tmp_path / "val.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    changed = {"quiet": True, "JSONOutput": False, "evalInstLevelScore": False}
    changed |= {"predictionPath": str(tmp_path / "unpacked"), "predictionWalk": None}
    for name, value in changed.items():
        monkeypatch.setattr(official.args, name, value)
    truths = [str(frame.label_ids) for frame in frames]
    predictions = [official.getPrediction(official.args, truth) for truth in truths]
    theirs = official.evaluateImgLists(predictions, truths, official.args)

    ours = evaluator.evaluate_checkpoint(settings, SHIPPED).scores
    assert theirs["averageScoreClasses"] == ours.miou
    for name, value in zip(CLASS_NAMES, ours.iou.tolist(), strict=True):
        score = theirs["classScores"][name]
        assert score == value or (math.isnan(score) and math.isnan(value))


@pytest.fixture
def few(minicity, tmp_path):
    """Two test frames of MiniCity."""
    root = tmp_path / "data"
    for frame in find_frames(minicity, "test")[:2]:
        target = root / frame.image.relative_to(minicity)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(frame.image, target)
    return root


def test_a_stopped_run_goes_on(few, settings, tmp_path, monkeypatch):
    asked = []
    whole = submission.predict

    def stops(network, sample, views):
        asked.append(1)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return whole(network, sample, views)

    monkeypatch.setattr(submission, "predict", stops)
    output = tmp_path / "test.zip"
    with pytest.raises(KeyboardInterrupt):
        submission.submit(settings, SHIPPED, few, output)
    assert not output.exists()
    submission.submit(settings, SHIPPED, few, output)
    assert len(asked) == 3
    assert check_zip(output, find_frames(few, "test")) == []
    # Another way to look begins anew.
    submission.submit(settings, SHIPPED, few, output, views=tta.Views(flip=True))
    assert len(asked) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "test.zip"]


def png(values, mode="L", kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(values).convert(mode).save(file, kind)
    return file.getvalue()


ROAD = np.full((256, 512), 7, np.uint8)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"{0}": png(ROAD), "{1}": png(ROAD)}, []),
        ({"results/{0}": png(ROAD), "{1}": png(ROAD)}, []),
        ({"{0}": png(ROAD)}, ["{s1}: nothing in it"]),
        (
            {"{0}": png(ROAD), "again/{0}": png(ROAD), "{1}": png(ROAD)},
            ["{s0}: {0} and again/{0} in it, one file is needed"],
        ),
        (
            {"{0}": png(ROAD), "{1}": png(ROAD), "notes.txt": b"x"},
            ["notes.txt: belongs to no frame"],
        ),
        ({"{0}": png(ROAD[:9]), "{1}": png(ROAD)}, ["{0}: 512x9 pixels, its frame 512x256"]),
        ({"{0}": png(ROAD * 0 + 34), "{1}": png(ROAD)}, ["the label id 34 (no label)"]),
        (
            {"{0}": png(ROAD * 0 + 1), "{1}": png(ROAD)},
            ["{0}: the label id 1 (ego vehicle), which is not evaluated; are these trainIds?"],
        ),
        ({"{0}": png(ROAD, "RGB"), "{1}": png(ROAD)}, ["{0}: a PNG of mode RGB"]),
        ({"{0}": png(ROAD, kind="TIFF"), "{1}": png(ROAD)}, ["{0}: a TIFF of mode L"]),
        ({"{0}": png(ROAD)[:-40], "{1}": png(ROAD)}, ["{0}: cannot be decoded"]),
        ({"{0}": b"", "{1}": png(ROAD)}, ["{0}: cannot be decoded"]),
    ],
)
def test_each_fault_is_named(few, tmp_path, content, expected):
    frames = find_frames(few, "test")
    names = {"s0": frames[0].stem, "s1": frames[1].stem}
    files = [file_name(frame) for frame in frames]
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.mkdir("results")
        for name, data in content.items():
            archive.writestr(name.format(*files), data)
    problems = check_zip(tmp_path / "some.zip", frames)
    assert len(problems) == len(expected)
    for problem, part in zip(problems, expected, strict=True):
        assert problem.startswith(f"{tmp_path / 'some.zip'}: ")
        assert part.format(*files, **names) in problem


def test_a_damaged_byte_is_found_by_the_zips_own_sum(few, tmp_path):
    frames, path = find_frames(few, "test"), tmp_path / "some.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for frame in frames:
            archive.writestr(file_name(frame), png(ROAD))
    content = bytearray(path.read_bytes())
    content[120] ^= 255
    path.write_bytes(content)
    assert [one for one in check_zip(path, frames) if "cannot be decoded" in one]


def test_files_that_unpack_without_end_are_not_unpacked(few, tmp_path, png_maker):
    """A PNG of 400 million pixels, and 100 MB in 100 KB of the zip."""
    frames, path = find_frames(few, "test"), tmp_path / "some.zip"
    png_maker(tmp_path / "huge.png", 20_000, 20_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "huge.png", file_name(frames[0]))
        archive.writestr(file_name(frames[1]), bytes(100 << 20))
    huge, bomb = check_zip(path, frames)
    assert "20000x20000 pixels, its frame 512x256" in huge
    assert "104857600 bytes, more than a PNG of 512x256 pixels can have" in bomb


def test_other_classes_are_not_for_this_server(few, settings, tmp_path):
    own = {**settings, "model": {**settings["model"], "num_classes": 7}}
    with pytest.raises(InputError, match="not trained on the 19 classes"):
        submission.submit(own, SHIPPED, few, tmp_path / "test.zip")
