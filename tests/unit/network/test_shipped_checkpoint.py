"""The checkpoint that ships with the course is what its README says."""

import re
from pathlib import Path

import numpy as np
import pytest

from bisenet_lib.common import array_files
from bisenet_lib.config import configuration
from bisenet_lib.course import notebook
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import evaluator
from bisenet_lib.network import checkpoint, profiling
from bisenet_lib.runtime.paddleseg_compat import paddle
from bisenet_lib.training import run_log

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
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
    minicity = notebook.open_dataset(ROOT / "data" / "minicity", "laptop")
    settings = configuration.load_config(checkpoint.config_file(FOLDER), dataset=minicity)
    scores = evaluator.evaluate_checkpoint(settings, FOLDER, engine=engine).scores
    said = re.search(r"Validation mIoU ([\d.]+) %", (FOLDER / "README.md").read_text())[1]
    assert 100 * scores.miou == pytest.approx(float(said), abs=0.02)
    logged = max(one["miou"] for one in run_log.read_log(FOLDER) if "miou" in one)
    assert scores.miou == pytest.approx(logged, abs=2e-4)
    assert scores.frames == 40
    assert scores.absent == []


def test_weights_without_auxiliary_heads_load_and_others_do_not(tmp_path):
    model = profiling.build_network()
    before = model.aux_head1.conv_1x1.weight.numpy()
    checkpoint.load_weights(model, FOLDER)
    assert (model.aux_head1.conv_1x1.weight.numpy() == before).all()
    there = array_files.read_arrays(FOLDER / "model.pdparams")
    assert (model.head.conv_1x1.weight.numpy() == there["head.conv_1x1.weight"]).all()
    there["aux_head1.conv_1x1.bias"] = np.zeros(19, np.float32)
    paddle.save(there, str(tmp_path / "some.pdparams"))
    with pytest.raises(InputError, match="does not fit this network"):
        checkpoint.load_weights(model, tmp_path / "some.pdparams")
