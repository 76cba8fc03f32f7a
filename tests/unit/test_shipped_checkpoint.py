"""The checkpoint that ships with the course is what its README says."""

import re
from pathlib import Path

import numpy as np
import pytest

from bisenet_lib import checkpoint, config, evaluation, lesson, network, runlog
from bisenet_lib.errors import InputError
from bisenet_lib.paddleseg_compat import paddle

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "data" / "checkpoints" / "bisenetv2_minicity"


def test_it_is_small_and_whole():
    kept = [
        one for one in FOLDER.iterdir() if one.suffix != ".onnx"
    ]  # earlier versions kept it here
    files = {one.name: one.stat().st_size for one in kept}
    assert files.keys() == {"model.pdparams", "config.yml", "metrics.jsonl", "README.md"}
    assert sum(files.values()) <= 10e6


@pytest.mark.parametrize("engine", ["paddle", "onnx"])
def test_its_score_is_that_of_its_readme_and_of_its_log(engine):
    minicity = lesson.open_dataset(ROOT / "data" / "minicity", "laptop")
    settings = config.load(checkpoint.config_file(FOLDER), dataset=minicity)
    scores = evaluation.evaluate_checkpoint(settings, FOLDER, engine=engine).scores
    said = re.search(r"Validation mIoU ([\d.]+) %", (FOLDER / "README.md").read_text())[1]
    assert 100 * scores.miou == pytest.approx(float(said), abs=0.02)
    logged = max(one["miou"] for one in runlog.read(FOLDER) if "miou" in one)
    assert scores.miou == pytest.approx(logged, abs=2e-4)
    assert scores.frames == 40
    assert scores.absent == []


def test_weights_without_auxiliary_heads_load_and_others_do_not(tmp_path):
    model = network.build()
    before = model.aux_head1.conv_1x1.weight.numpy()
    checkpoint.load_weights(model, FOLDER)
    assert (model.aux_head1.conv_1x1.weight.numpy() == before).all()
    there = checkpoint.read(FOLDER / "model.pdparams")
    assert (model.head.conv_1x1.weight.numpy() == there["head.conv_1x1.weight"]).all()
    there["aux_head1.conv_1x1.bias"] = np.zeros(19, np.float32)
    paddle.save(there, str(tmp_path / "some.pdparams"))
    with pytest.raises(InputError, match="does not fit this network"):
        checkpoint.load_weights(model, tmp_path / "some.pdparams")
