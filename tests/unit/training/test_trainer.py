"""Training on a tiny tree: the run folder, resume, and agreement with PaddleSeg's own modules."""

import json
import re
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from bisenet_lib.common import array_files
from bisenet_lib.config import configuration
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import evaluator
from bisenet_lib.evaluation.metrics import Scores
from bisenet_lib.network import bisenetv2, checkpoint
from bisenet_lib.runtime.paddleseg_compat import paddle, paddleseg
from bisenet_lib.runtime.ranks import ALONE
from bisenet_lib.training import run_log, trainer
from bisenet_lib.training.data_loading import Seeded, batches

from paddleseg.cvlibs import Config, SegBuilder  # isort: skip

pytestmark = pytest.mark.slow


def paddlesegs(settings, folder):
    """What PaddleSeg's own builder makes of a configuration, nothing of this library in it."""
    configuration.save_config(settings, folder / "settings.yml")
    return SegBuilder(Config(str(folder / "settings.yml")))


@pytest.fixture
def settings(tiny):
    return configuration.load_config(tiny)


def weights(folder):
    return array_files.read_arrays(checkpoint.weights_file(folder))


def equal(left, right):
    return left.keys() == right.keys() and all((left[key] == right[key]).all() for key in left)


def test_run_folder_holds_what_the_design_says(settings, tmp_path):
    run = tmp_path / "run"
    result = trainer.fit(settings, run, save_interval=2, log_iters=1, use_vdl=True)
    names = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    expected = {"config.yml", "metrics.jsonl"} | {
        "best_model/model.pdparams",
        "best_model/state.json",
    }
    expected |= {
        f"iter_{n}/{file}"
        for n in (2, 4)
        for file in ("model.pdparams", "model.pdopt", "state.json")
    }
    assert expected <= names
    assert len([name for name in names - expected if name.startswith("vdlrecords")]) == 1
    assert names - expected == {name for name in names if name.startswith("vdlrecords")}
    assert configuration.load_config(run / "config.yml") == {**settings, "world_size": 1}

    records = run_log.read_log(run)
    steps = [one for one in records if "loss" in one]
    assert [one["iteration"] for one in steps] == [1, 2, 3, 4]
    assert [one["epoch"] for one in steps] == [1, 2, 3, 4]
    assert all(sum(one["losses"]) == pytest.approx(one["loss"]) for one in steps)
    assert all(len(one["losses"]) == 5 and one["ips"] > 0 for one in steps)
    assert steps[1]["lr"] == pytest.approx(settings["lr_scheduler"]["learning_rate"] * 0.75**0.9)
    scored = [one for one in records if "miou" in one]
    assert [one["iteration"] for one in scored] == [2, 4]
    assert result.best_miou == max(one["miou"] for one in scored)
    assert result.scores.miou == scored[-1]["miou"]


def test_best_model_scores_what_the_run_reported(settings, tmp_path):
    result = trainer.fit(settings, tmp_path / "run", save_interval=1)
    again = evaluator.evaluate_checkpoint(settings, tmp_path / "run", engine="paddle").scores
    assert again.miou == result.best_miou


def test_resumed_run_equals_an_undisturbed_one_bit_for_bit(settings, tmp_path):
    whole = trainer.fit(settings, tmp_path / "whole", save_interval=2, log_iters=1)
    part = tmp_path / "part"
    trainer.fit(settings, part, save_interval=2, log_iters=1)
    for folder in ("iter_4", "best_model"):
        for file in (part / folder).iterdir():
            file.unlink()
        (part / folder).rmdir()
    resumed = trainer.fit(settings, part, save_interval=2, log_iters=1, resume_model=part)

    assert equal(weights(tmp_path / "whole" / "iter_4"), weights(part / "iter_4"))
    assert equal(
        {
            k: v
            for k, v in array_files.read_arrays(tmp_path / "whole/iter_4/model.pdopt").items()
            if "velo" in k
        },
        {
            k: v
            for k, v in array_files.read_arrays(part / "iter_4/model.pdopt").items()
            if "velo" in k
        },
    )
    assert resumed.best_miou == whole.best_miou
    drop = ("ips", "seconds")
    logs = [
        [{k: v for k, v in one.items() if k not in drop} for one in run_log.read_log(run)]
        for run in (tmp_path / "whole", part)
    ]
    assert logs[0] == logs[1]


def test_seed_decides_everything(settings, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        trainer.fit(settings, tmp_path / name, do_eval=False, seed=seed)
    runs = [weights(tmp_path / name / "iter_4") for name in "abc"]
    assert equal(runs[0], runs[1])
    assert not equal(runs[0], runs[2])


def test_reading_in_workers_changes_nothing(settings, tmp_path):
    for name, workers in (("a", 0), ("b", 2)):
        trainer.fit(settings, tmp_path / name, do_eval=False, num_workers=workers)
    assert equal(weights(tmp_path / "a" / "iter_4"), weights(tmp_path / "b" / "iter_4"))


@pytest.mark.parametrize("on_cpu", [False, True])
def test_losses_and_update_equal_paddlesegs_own_modules(settings, tmp_path, monkeypatch, on_cpu):
    """One step written out with PaddleSeg's builder alone, against ``trainer.Step``."""
    settings["loss"]["coef"] = [1, 0.5, 2, 3, 0.25]

    def fresh():
        paddle.seed(3)
        return paddlesegs(settings, tmp_path)

    labels = np.random.default_rng(1).integers(0, 19, (2, 32, 64))
    labels[:, :3] = 255
    data = {
        "img": paddle.to_tensor(np.random.default_rng(0).normal(size=(2, 3, 32, 64)), "float32"),
        "label": paddle.to_tensor(labels),
    }
    theirs = fresh()
    theirs.model.train()
    paddle.seed(4)
    logits = theirs.model(data["img"])
    expected = [
        coefficient * loss(one, data["label"])
        for one, loss, coefficient in zip(
            logits, theirs.loss["types"], settings["loss"]["coef"], strict=True
        )
    ]
    optimizer = theirs.optimizer
    sum(expected).backward()
    optimizer.step()

    ours = trainer.build(settings, 3)
    ours.model.set_state_dict(fresh().model.state_dict())
    ours.model.train()
    paddle.seed(4)
    if not on_cpu:
        monkeypatch.setattr(bisenetv2, "_on_cpu", lambda x: False)
        ours = replace(ours, losses=theirs.loss)
    losses = trainer.Step(ours, trainer.Options(), "cpu", ALONE)(data)
    assert_equal = np.testing.assert_array_equal
    if on_cpu:
        assert_equal = partial(np.testing.assert_allclose, rtol=1e-5, atol=2e-6)
    assert_equal([float(one) for one in losses], [float(one) for one in expected])
    left, right = ours.model.state_dict(), theirs.model.state_dict()
    for key in right:
        assert_equal(left[key].numpy(), right[key].numpy(), err_msg=key)


def test_paddleseg_opens_our_checkpoint_and_we_open_its(settings, tmp_path):
    trainer.fit(settings, tmp_path / "ours", do_eval=False)
    with paddle.utils.unique_name.guard():  # a fresh process
        built = paddlesegs(settings, tmp_path)
    assert paddleseg.utils.resume(built.model, built.optimizer, str(tmp_path / "ours/iter_4")) == 4
    theirs = {key: value.numpy() for key, value in built.model.state_dict().items()}
    assert equal(theirs, weights(tmp_path / "ours" / "iter_4"))

    with paddle.utils.unique_name.guard():
        built = paddlesegs(settings, tmp_path)
        paddleseg.core.train(
            built.model,
            built.train_dataset,
            optimizer=built.optimizer,
            losses=built.loss,
            save_dir=str(tmp_path / "theirs"),
            iters=2,
            batch_size=2,
            log_iters=1,
        )
    result = trainer.fit(
        settings, tmp_path / "on", do_eval=False, resume_model=tmp_path / "theirs" / "iter_2"
    )
    assert result.iterations == 4
    assert [one["iteration"] for one in run_log.read_log(tmp_path / "on")] == [4]


def test_older_checkpoints_are_pruned_also_across_a_resume(settings, tmp_path):
    run = tmp_path / "run"
    short = {**settings, "iters": 2}
    trainer.fit(short, run, do_eval=False, save_interval=1, keep_checkpoint_max=2)
    trainer.fit(
        settings, run, do_eval=False, save_interval=1, keep_checkpoint_max=2, resume_model=run
    )
    assert [one.name for one in checkpoint.checkpoints(run)] == ["iter_3", "iter_4"]


def test_order_visits_every_image_once_an_epoch():
    keys = [key for batch in batches(7, 2, seed=0, first=0, last=6) for key in batch]
    assert [position for position, _ in keys] == list(range(12))
    epochs = [sorted(index for _, index in keys[start : start + 6]) for start in (0, 6)]
    assert all(len(set(epoch)) == 6 for epoch in epochs)
    assert [i for _, i in keys[:6]] != [i for _, i in keys[6:]]
    later = [key for batch in batches(7, 2, seed=0, first=4, last=6) for key in batch]
    assert later == keys[8:]


def test_a_sample_depends_on_seed_and_position_only(settings):
    dataset = configuration.build_component(settings["train_dataset"])
    first = Seeded(dataset, 0)[(5, 1)]["img"]
    assert (Seeded(dataset, 0)[(5, 1)]["img"] == first).all()
    assert (Seeded(dataset, 0)[(6, 1)]["img"] != first).any()
    assert (Seeded(dataset, 1)[(5, 1)]["img"] != first).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "fp8"}, "precision is 'fp8'; choose one of fp32, fp16, bf16"),
        ({"precision": "fp16"}, "precision fp16 needs a GPU"),
        ({"amp_level": "O3"}, "amp_level is 'O3'; choose one of O1, O2"),
        ({"device": "tpu"}, "device 'tpu' is not there"),
        ({"save_interval": 0}, "save_interval is 0"),
        ({"log_iters": 0}, "log_iters is 0"),
        ({"keep_checkpoint_max": 0}, "keep_checkpoint_max is 0"),
        ({"log_iters": "2"}, "log_iters is '2'"),
        ({"num_workers": -1}, "num_workers is -1"),
        ({"seed": -1}, "seed is -1; give a whole number from 0"),
    ],
)
def test_bad_options_are_refused_before_anything_is_written(settings, tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        trainer.fit(settings, tmp_path / "run", **{"device": "cpu", **options})
    assert not (tmp_path / "run").exists()


def test_scoring_needs_a_validation_set(settings, tmp_path):
    del settings["val_dataset"]
    with pytest.raises(InputError, match="do_eval needs a val_dataset"):
        trainer.fit(settings, tmp_path / "run", do_eval=True)


def test_a_finished_run_is_not_resumed_in_silence(settings, tmp_path):
    trainer.fit(settings, tmp_path / "run", do_eval=False)
    with pytest.raises(InputError, match="has 4 iterations, and --iters asks for 4"):
        trainer.fit(settings, tmp_path / "on", do_eval=False, resume_model=tmp_path / "run")
    assert not (tmp_path / "on").exists()


def test_a_used_run_folder_is_not_written_over(settings, tmp_path):
    run = tmp_path / "run"
    trainer.fit(settings, run, do_eval=False)
    before = (run / "metrics.jsonl").read_text()
    with pytest.raises(InputError, match="holds another run, up to iter_4"):
        trainer.fit(settings, run, do_eval=False, seed=5)
    other = tmp_path / "other"
    trainer.fit({**settings, "iters": 2}, other, do_eval=False)
    with pytest.raises(InputError, match="holds another run"):
        trainer.fit(settings, run, do_eval=False, resume_model=other)
    assert (run / "metrics.jsonl").read_text() == before


def test_resuming_from_an_older_checkpoint_drops_the_later_ones(settings, tmp_path):
    run = tmp_path / "run"
    trainer.fit(settings, run, do_eval=False, save_interval=1)
    trainer.fit(
        {**settings, "iters": 3},
        run,
        do_eval=False,
        keep_checkpoint_max=2,
        resume_model=run / "iter_2",
    )
    assert [one.name for one in checkpoint.checkpoints(run)] == ["iter_2", "iter_3"]


def test_the_best_model_comes_along_into_another_run_folder(settings, tmp_path):
    first = trainer.fit({**settings, "iters": 2}, tmp_path / "a", save_interval=1)
    state = tmp_path / "a" / "iter_2" / "state.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "best_miou": 0.99}))
    result = trainer.fit(settings, tmp_path / "b", resume_model=tmp_path / "a")
    assert result.best_miou == 0.99
    assert equal(weights(tmp_path / "b"), weights(tmp_path / "a"))
    assert first.best_miou < 0.99

    (tmp_path / "a" / "best_model" / "model.pdparams").unlink()
    alone = trainer.fit(settings, tmp_path / "c", resume_model=tmp_path / "a")
    assert alone.best_miou == alone.scores.miou


def test_weights_that_are_no_numbers_are_not_saved(settings, tmp_path):
    settings["lr_scheduler"]["learning_rate"] = 1e30
    run = tmp_path / "run"
    with pytest.raises(InputError, match=r"no longer finite at iteration 2.*Lower"):
        trainer.fit(settings, run, do_eval=False, save_interval=2, log_iters=4)
    assert checkpoint.checkpoints(run) == []


def test_speed_counts_the_wait_for_a_device_to_finish(tmp_path):
    class Slow:
        def detach(self):
            return self

        def __float__(self):
            time.sleep(0.2)
            return 1.0

    log = run_log.Log(tmp_path, {"iteration": 0}, use_vdl=False, ranks=ALONE)
    log.step([Slow()], [0, 1, 2, 3])
    assert log.flush(1, 1, 0.1, [])["ips"] <= 20
    log.close()


def test_a_loss_that_is_no_number_stops_the_run(settings, tmp_path):
    settings["lr_scheduler"]["learning_rate"] = 1e30
    with pytest.raises(InputError, match=r"the loss is (nan|inf) at iteration \d+"):
        trainer.fit(settings, tmp_path / "run", do_eval=False, log_iters=1)


def test_a_loss_that_is_no_number_names_its_images(settings, tmp_path):
    settings["lr_scheduler"]["learning_rate"] = 1e30
    with pytest.raises(InputError) as raised:
        trainer.fit(settings, tmp_path / "run", do_eval=False, log_iters=4)
    message = str(raised.value)
    iteration = int(re.search(r"at iteration (\d)", message)[1])
    assert iteration in (2, 3, 4)
    assert "learning rate" in message
    names = configuration.build_component(settings["train_dataset"]).file_list
    seen = batches(len(names), 2, seed=0, first=0, last=4).indices(iteration)
    assert all(names[index][0] in message for index in seen)
    assert sum(one[0] in message for one in names) == 2


def test_resume_keeps_the_total_batch(settings, tmp_path):
    trainer.fit({**settings, "iters": 2}, tmp_path / "run", do_eval=False)
    other = {**settings, "batch_size": 3}
    with pytest.raises(InputError, match=r"with 2 images an iteration .* now there would be 3"):
        trainer.fit(other, tmp_path / "on", do_eval=False, resume_model=tmp_path / "run")


def test_ohem_trains(settings, tmp_path):
    settings["loss"]["types"] = [{"type": "OhemCrossEntropyLoss", "min_kept": 500}]
    result = trainer.fit(settings, tmp_path / "run")
    assert result.iterations == 4
    assert all(
        np.isfinite(one["loss"]) for one in run_log.read_log(tmp_path / "run") if "loss" in one
    )


def test_ranks_share_one_batch():
    """Two ranks of two see, in order, what one process of four sees."""
    alone = list(batches(9, 4, seed=5, first=1, last=4))
    ranks = [list(batches(9, 2, seed=5, first=1, last=4, rank=rank, ranks=2)) for rank in (0, 1)]
    assert [left + right for left, right in zip(*ranks, strict=True)] == alone


def test_the_loss_scaler_is_resumed(settings):
    """On a CPU Paddle switches the scaler off, so one that counts stands in for it."""

    class Scaler:
        def is_enable(self):
            return True

        def state_dict(self):
            return {"scale": np.array([512.0], np.float32), "incr_count": 3}

        def load_state_dict(self, there):
            self.there = there

    step = trainer.Step(trainer.build(settings, 0), trainer.Options(), "cpu", ALONE)
    step.scaler, state = Scaler(), {}
    step.remember(state)
    step.resume(json.loads(json.dumps(state)))
    assert step.scaler.there == {"scale": [512.0], "incr_count": 3}


def test_a_log_cut_off_by_a_kill_is_read_up_to_there(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(json.dumps({"iteration": 1}) + '\n{"iterat')
    assert run_log.read_log(tmp_path) == [{"iteration": 1}]
    assert run_log.read_log(tmp_path / "nowhere") == []


def test_an_evaluation_is_logged_with_the_iou_of_each_class(tmp_path):
    matrix = np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])  # the third class does not occur
    log = run_log.Log(tmp_path, {"iteration": 0}, use_vdl=False, ranks=ALONE)
    log.evaluated(7, Scores(matrix, 1, ("a", "b", "c")), 2.0)
    log.close()
    (record,) = run_log.read_log(tmp_path)
    assert record["iou"] == [0.75, 0.8, None]
    assert record["miou"] == pytest.approx(0.775) and record["acc"] == 0.875
