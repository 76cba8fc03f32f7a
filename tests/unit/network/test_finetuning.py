"""Fine-tuning: what is taken over from a checkpoint, what is initialised, and what is refused."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bisenet_lib.common import array_files
from bisenet_lib.config import configuration
from bisenet_lib.errors import InputError
from bisenet_lib.network import checkpoint, profiling
from bisenet_lib.network.checkpoint import start_from
from bisenet_lib.runtime.paddleseg_compat import paddle
from bisenet_lib.training import trainer
from bisenet_lib.training.launcher import Plan, launch

pytestmark = pytest.mark.slow

SHIPPED = Path(__file__).parents[3] / "data" / "checkpoints" / "bisenetv2_minicity"
HEADS = ("head", "aux_head1", "aux_head2", "aux_head3", "aux_head4")


def arrays(model):
    return {key: value.numpy().copy() for key, value in model.state_dict().items()}


@pytest.fixture
def six(tiny):
    """The tiny configuration with six classes: labels above 5 become ignored."""
    settings = configuration.load_config(tiny)
    root = Path(settings["train_dataset"]["dataset_root"])
    for path in root.rglob("*labelTrainIds.png"):
        values = np.array(Image.open(path))
        values[values > 5] = 255
        Image.fromarray(values).save(path)
    for section in ("model", "train_dataset", "val_dataset"):
        settings[section]["num_classes"] = 6
    return settings


def test_the_shipped_checkpoint_with_six_classes():
    """Its features are those of the 19-class network; its heads stay as they were."""
    model, whole = profiling.build_network(6), profiling.build_network()
    before = arrays(model)
    start = start_from(model, SHIPPED, 6)
    after, there = arrays(model), array_files.read_arrays(SHIPPED / "model.pdparams")
    for key, value in after.items():
        fresh = key.startswith(("aux_head", "head.conv_1x1"))
        np.testing.assert_array_equal(value, before[key] if fresh else there[key], err_msg=key)
    assert (len(start.kept), len(start.resized), len(start.absent)) == (322, 2, 32)
    said = str(start)
    assert "322 of 356 arrays kept, 34 initialised" in said
    assert "head.conv_1x1 (19 classes there, 6 here)" in said
    assert "aux_head1, aux_head2, aux_head3, aux_head4 (not in the file)" in said

    checkpoint.load_weights(whole, SHIPPED)
    image = paddle.to_tensor(np.random.default_rng(0).normal(size=(1, 3, 64, 64)), "float32")
    features = []
    for one in (model, whole):
        one.eval()
        *_, semantic = one.sb(image)
        features.append(one.head.conv_3x3(one.bga(one.db(image), semantic)).numpy())
    np.testing.assert_array_equal(*features)


def test_a_checkpoint_with_auxiliary_heads_gives_all_but_the_last_convolutions(tmp_path):
    source, model = profiling.build_network(), profiling.build_network(3)
    checkpoint.save_weights(source, tmp_path / "model.pdparams")
    before, there = arrays(model), arrays(source)
    start = start_from(model, tmp_path, 3)
    assert {name.rpartition(".")[0] for name in start.resized} == {f"{h}.conv_1x1" for h in HEADS}
    assert not start.absent
    for key, value in arrays(model).items():
        np.testing.assert_array_equal(value, (before if key in start.resized else there)[key])


def test_with_as_many_classes_everything_is_kept(tmp_path):
    source, model = profiling.build_network(), profiling.build_network()
    checkpoint.save_weights(source, tmp_path / "model.pdparams")
    start = start_from(model, tmp_path, 19)
    assert str(start).endswith("356 of 356 arrays kept")
    there = arrays(source)
    assert all((there[key] == value).all() for key, value in arrays(model).items())


def narrower(there):
    there.clear()
    there |= arrays(profiling.build_network(lambd=0.125))


def of_one_other_layer(there):
    there["db.convs.0._conv.weight"] = np.zeros((64, 3, 5, 5), np.float32)


def without_the_detail_branch(there):
    for key in [key for key in there if key.startswith("db.")]:
        del there[key]


def of_strangers(there):
    there.clear()
    there["layer.weight"] = np.zeros((3, 3), np.float32)


def with_two_class_counts(there):
    there["head.conv_1x1.bias"] = np.zeros(7, np.float32)


@pytest.mark.parametrize(
    "spoil",
    [
        narrower,
        of_one_other_layer,
        without_the_detail_branch,
        of_strangers,
        with_two_class_counts,
    ],
)
def test_weights_of_another_network_are_refused_and_change_nothing(tmp_path, spoil):
    there = array_files.read_arrays(SHIPPED / "model.pdparams")
    spoil(there)
    paddle.save(there, str(tmp_path / "model.pdparams"))
    model = profiling.build_network(6)
    before = arrays(model)
    with pytest.raises(InputError, match="weights of another network"):
        start_from(model, tmp_path, 6)
    assert all((before[key] == value).all() for key, value in arrays(model).items())


def test_a_run_says_what_it_began_with_and_a_resumed_one_does_not_read_it(six, tmp_path, capsys):
    checkpoint.save_weights(profiling.build_network(), tmp_path / "start" / "model.pdparams")
    whole = tmp_path / "whole"
    options = {"do_eval": False, "save_interval": 2}
    trainer.fit(six, whole, init_model=tmp_path / "start", **options)
    said = f"started from {tmp_path}/start/model.pdparams: 346 of 356 arrays kept"
    assert said in capsys.readouterr().out
    assert json.loads((whole / "iter_4/state.json").read_text())["init_model"].endswith(
        "start/model.pdparams"
    )
    (tmp_path / "start" / "model.pdparams").unlink()
    trainer.fit(six, tmp_path / "resumed", resume_model=whole / "iter_2", **options)
    assert "started from" not in capsys.readouterr().out
    left, right = (array_files.read_arrays(tmp_path / name / "iter_4/model.pdparams")
                   for name in ("whole", "resumed"))  # fmt: skip
    assert all((left[key] == right[key]).all() for key in left)
    trainer.fit(six, tmp_path / "fresh", **options)
    fresh = array_files.read_arrays(tmp_path / "fresh" / "iter_4" / "model.pdparams")
    assert any((left[key] != fresh[key]).any() for key in left)


RANK = """
import hashlib, sys
from bisenet_lib.config import configuration
from bisenet_lib.runtime import ranks
from bisenet_lib.training import trainer
there, settings = ranks.join(), configuration.load_config(sys.argv[1])
made = trainer.build(settings, seed=there.rank)
trainer.begin(made, sys.argv[2], there)
step = trainer.Step(made, trainer.Options(), "cpu", there)
values = b"".join(one.numpy().tobytes() for one in made.model.state_dict().values())
print("weights", hashlib.sha256(values).hexdigest(), flush=True)
"""


def test_all_ranks_begin_with_the_same_weights(six, tmp_path):
    """Even where their fresh heads would differ, as with the seeds here."""
    configuration.save_config(six, tmp_path / "six.yml")
    (tmp_path / "rank.py").write_text(RANK)
    script = [str(tmp_path / "rank.py"), str(tmp_path / "six.yml"), str(SHIPPED)]
    logs = launch(Plan(2), script, tmp_path / "log", show=lambda text: None, say=lambda text: None)
    texts = [log.read_text() for log in logs]
    found = [re.findall(r"^weights (\w{64})$", text, re.M) for text in texts]
    assert len(found[0]) == 1
    assert found[0] == found[1]
    assert ["started from" in text for text in texts] == [True, False]
