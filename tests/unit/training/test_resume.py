"""A run that ended early, or whose folder suffered, and what resuming it does."""

import json
import shutil
from contextlib import contextmanager

import pytest

from bisenet_lib.common import array_files, atomic_files
from bisenet_lib.common.signals import Request, Stopped
from bisenet_lib.config import configuration
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import evaluator
from bisenet_lib.network import checkpoint
from bisenet_lib.runtime.paddleseg_compat import paddle
from bisenet_lib.runtime.ranks import Ranks
from bisenet_lib.training import run_log, trainer

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tiny):
    return configuration.load_config(tiny)


@pytest.fixture
def run(settings, tmp_path):
    """Four iterations, a checkpoint after each, without evaluation."""
    trainer.fit(settings, tmp_path / "run", do_eval=False, save_interval=1, log_iters=1)
    return tmp_path / "run"


def weights(folder):
    return array_files.read_arrays(checkpoint.weights_file(folder))


def equal(left, right):
    return left.keys() == right.keys() and all((left[key] == right[key]).all() for key in left)


def names(run):
    return [folder.name for folder in checkpoint.checkpoints(run)]


def scored(run):
    return [(one["iteration"], one["miou"]) for one in run_log.read_log(run) if "miou" in one]


def fail_at(call, monkeypatch, error):
    """Let the given call of ``evaluate`` raise, and the others work."""
    calls = []

    def evaluate(*arguments, **options):
        calls.append(1)
        if len(calls) == call:
            raise error
        return EVALUATE(*arguments, **options)

    monkeypatch.setattr(evaluator, "evaluate", evaluate)


EVALUATE = evaluator.evaluate


@pytest.mark.parametrize("failing", [1, 2])
def test_an_evaluation_that_fails_loses_no_iteration(settings, tmp_path, monkeypatch, failing):
    whole, part = tmp_path / "whole", tmp_path / "part"
    trainer.fit(settings, whole, save_interval=2, log_iters=1)
    fail_at(failing, monkeypatch, InputError("a validation image is damaged"))
    with pytest.raises(InputError, match="validation image is damaged"):
        trainer.fit(settings, part, save_interval=2, log_iters=1)
    assert names(part)[-1] == f"iter_{2 * failing}"
    assert json.loads((part / names(part)[-1] / "state.json").read_text())["evaluation_due"]

    result = trainer.fit(settings, part, save_interval=2, log_iters=1, resume_model=part)
    assert scored(part) == scored(whole)
    assert result.best_miou == max(miou for _, miou in scored(whole))
    assert equal(weights(part), weights(whole))
    assert equal(weights(part / "iter_4"), weights(whole / "iter_4"))
    with pytest.raises(InputError, match="Nothing is left to do"):
        trainer.fit(settings, part, resume_model=part)


def test_a_signal_during_evaluation_is_heard_at_the_next_frame(settings, tmp_path, monkeypatch):
    hear = []

    def count(*arguments):
        Request.latest.number = 15
        hear.append(arguments)
        return COUNT(*arguments)

    COUNT = evaluator.confusion_matrix  # noqa: N806
    monkeypatch.setattr(evaluator, "confusion_matrix", count)
    monkeypatch.setattr(evaluator, "ahead", lambda function, items, **_: map(function, items))
    monkeypatch.setattr(Request, "latest", None, raising=False)
    enter = Request.__enter__

    def remembered(self):
        Request.latest = self
        return enter(self)

    monkeypatch.setattr(Request, "__enter__", remembered)
    with pytest.raises(Stopped, match="stopped at iteration 2 and saved; its evaluation is still"):
        trainer.fit(settings, tmp_path / "run", save_interval=2)
    assert len(hear) == 1 and len(configuration.build_component(settings["val_dataset"])) == 2
    assert names(tmp_path / "run") == ["iter_2"]
    assert scored(tmp_path / "run") == []


def test_another_network_or_loss_is_refused_and_what_may_change_is_said(
    settings, tmp_path, run, capsys
):
    other = {**settings, "iters": 6, "loss": {**settings["loss"], "coef": [1, 1, 1, 1, 0.5]}}
    with pytest.raises(InputError, match=r"configured otherwise \(loss\.coef: \[1, 1, 1, 1, 1\]"):
        trainer.fit(other, run, do_eval=False, resume_model=run)
    moved = tmp_path / "moved"
    shutil.copytree(settings["train_dataset"]["dataset_root"], moved)
    settings["train_dataset"]["dataset_root"] = str(moved)
    trainer.fit({**settings, "iters": 6}, run, do_eval=False, resume_model=run)
    printed = capsys.readouterr().out
    assert "changed: iters from 4 to 6" in printed
    assert "world_size" not in printed, "it is one process before and now"
    assert (
        f"changed: train_dataset.dataset_root from {tmp_path / 'cityscapes'} to {moved}" in printed
    )


def test_more_iterations_continue_the_longer_schedule(settings, tmp_path, run):
    trainer.fit({**settings, "iters": 8}, run, do_eval=False, log_iters=1, resume_model=run)
    rates = [one["lr"] for one in run_log.read_log(run)]
    base = settings["lr_scheduler"]["learning_rate"]
    assert rates[:4] == pytest.approx([base * (1 - n / 4) ** 0.9 for n in range(4)])
    assert rates[4:] == pytest.approx([base * (1 - n / 8) ** 0.9 for n in range(4, 8)])


def test_a_lower_rate_counts_from_the_first_iteration_on(settings, run):
    settings["lr_scheduler"]["learning_rate"] /= 10
    trainer.fit(settings, run, do_eval=False, log_iters=1, resume_model=run / "iter_2")
    rates = [one["lr"] for one in run_log.read_log(run)]
    assert rates[2] == pytest.approx(rates[1] / 10 * (2 / 3) ** 0.9)


@pytest.mark.parametrize("failure", ["before the first step", "in the first step"])
def test_a_resume_that_fails_at_once_changes_nothing(settings, run, monkeypatch, failure):
    before = {path: path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}

    def fail(*_):
        raise InputError("no step today")

    name = "__call__" if failure == "in the first step" else "resume"
    monkeypatch.setattr(trainer.Step, name, fail)
    with pytest.raises(InputError, match="no step today"):
        trainer.fit(settings, run, do_eval=False, resume_model=run / "iter_1")
    after = {path: path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}
    assert after == before


@pytest.mark.parametrize(("kept", "best"), [(5, 2), (1, None)])
def test_going_back_gives_up_a_later_best_model(settings, tmp_path, monkeypatch, kept, best):
    """The best of iterations 1 to 4 is 4; the run goes back to 3, when 2 was the best."""
    mious = iter([0.1, 0.3, 0.2, 0.4, 0.05])

    def evaluate(*arguments, **options):
        scores = EVALUATE(*arguments, **options)
        known = {"pixel_accuracy": scores.pixel_accuracy, "iou": scores.iou}
        return type("Scores", (), {"miou": next(mious), **known})()

    monkeypatch.setattr(evaluator, "evaluate", evaluate)
    run = tmp_path / "run"
    trainer.fit(settings, run, save_interval=1)
    of_2 = weights(run / "iter_2")
    if kept == 1:
        shutil.rmtree(run / "iter_2")
    assert checkpoint.best_model(run) == {"iteration": 4, "miou": 0.4}
    result = trainer.fit(settings, run, save_interval=1, resume_model=run / "iter_3")
    if best is None:
        assert checkpoint.best_model(run) == {"iteration": 4, "miou": 0.05}
    else:
        assert checkpoint.best_model(run) == {"iteration": 2, "miou": 0.3}
        assert equal(weights(run / "best_model"), of_2)
    assert result.best_miou == checkpoint.best_model(run)["miou"]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("model.pdparams", b""),
        ("model.pdopt", b"cut"),
        ("state.json", b'{"iteration": 4, "se'),
        ("state.json", None),
    ],
)
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(
    settings, run, capsys, name, damage
):
    undisturbed = weights(run / "iter_4")
    if damage is None:
        (run / "iter_4" / name).unlink()
    else:
        (run / "iter_4" / name).write_bytes(damage)
    trainer.fit(settings, run, do_eval=False, resume_model=run)
    printed = capsys.readouterr().out
    assert "passed over: " in printed and str(run / "iter_4" / name) in printed
    assert f"resumed from {run / 'iter_3'}" in printed
    assert equal(weights(run / "iter_4"), undisturbed)
    (run / "iter_4" / "model.pdopt").write_bytes(b"")
    with pytest.raises(InputError, match=r"iter_4/model\.pdopt: not a checkpoint of arrays"):
        trainer.fit(settings, run, do_eval=False, resume_model=run / "iter_4")


def test_no_whole_checkpoint_is_an_error_that_names_each(run):
    for folder in checkpoint.checkpoints(run):
        (folder / "model.pdparams").write_bytes(b"")
    with pytest.raises(InputError, match="no checkpoint there is whole") as raised:
        checkpoint.open_newest(run)
    assert str(raised.value).count("model.pdparams") == 4


def test_a_bad_line_in_the_log_hides_no_other(run):
    path = run / "metrics.jsonl"
    lines = path.read_text().splitlines()
    bad = ['{"iteration": 2, "lo', "[]", "\udcff", '{"loss": 1}']
    path.write_text("\n".join([lines[0], *bad, *lines[1:]]), errors="surrogateescape")
    assert [one["iteration"] for one in run_log.read_log(run)] == [1, 2, 3, 4]


def test_a_run_folder_without_checkpoints_keeps_its_best_model(settings, tmp_path):
    run = tmp_path / "run"
    trainer.fit(settings, run)
    for folder in checkpoint.checkpoints(run):
        shutil.rmtree(folder)
    before = weights(run)
    with pytest.raises(InputError, match="holds the best_model of another run"):
        trainer.fit(settings, run, seed=5)
    assert equal(weights(run), before)


def test_the_log_of_a_run_without_a_checkpoint_is_kept_with_a_word(settings, tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    (run / "metrics.jsonl").write_text('{"iteration": 1, "loss": 3.5}\n')
    trainer.fit(settings, run, do_eval=False, log_iters=1)
    assert (run / "metrics.1.jsonl").read_text() == '{"iteration": 1, "loss": 3.5}\n'
    assert len(run_log.read_log(run)) == 4
    assert "kept as metrics.1.jsonl" in capsys.readouterr().out


def test_a_best_model_the_run_knows_nothing_of_is_passed_over(run):
    """As an earlier version left it, which trained into a used folder."""
    (run / "best_model").mkdir()
    shutil.copy(run / "iter_1" / "model.pdparams", run / "best_model")
    assert checkpoint.weights_file(run) == run / "iter_4" / "model.pdparams"


def test_which_weights_were_taken_is_said(settings, tmp_path):
    run = tmp_path / "run"
    trainer.fit({**settings, "iters": 2}, run, save_interval=2)
    trainer.fit(settings, run, do_eval=False, save_interval=2, resume_model=run)
    best = checkpoint.best_model(run)
    text = checkpoint.describe(checkpoint.weights_file(run))
    assert f"best_model/model.pdparams (iteration 2, mIoU {100 * best['miou']:.2f} %)" in text
    assert text.endswith("the run's newest checkpoint is iter_4")
    assert checkpoint.describe(run / "iter_4" / "model.pdparams").endswith("iter_4/model.pdparams")


def test_half_precision_is_evaluated_in_its_own_precision(settings, tmp_path, monkeypatch):
    """No CPU computes in bfloat16, and Paddle ignores it there; but what it is told can be seen."""
    casts, during_evaluation = [], []

    @contextmanager
    def auto_cast(enable, **options):
        casts.append({"enable": enable, **options})
        yield
        casts.pop()

    def evaluate(*arguments, **options):
        during_evaluation.extend(casts or [None])
        return EVALUATE(*arguments, **options)

    monkeypatch.setattr(paddle.amp, "auto_cast", auto_cast)
    monkeypatch.setattr(evaluator, "evaluate", evaluate)
    monkeypatch.setattr(trainer.Options, "check", lambda *_: None)
    short = {**settings, "iters": 1}
    trainer.fit(short, tmp_path / "O2", precision="bf16", amp_level="O2")
    trainer.fit(short, tmp_path / "O1", precision="bf16", amp_level="O1")
    assert during_evaluation == [{"enable": True, "level": "O2", "dtype": "bfloat16"}, None]


def test_ranks_on_gpus_ask_one_another_only_now_and_then(settings):
    asked = []

    class Counting(Ranks):
        def any(self, flag):
            asked.append(flag)
            return flag

    with Request() as request:
        for place in ("gpu:0", "cpu"):
            for iteration in range(1, 31):
                due = iteration == 25
                trainer._asked_to_stop(request, iteration, due, place, Counting(0, 4))
            assert len(asked) == {"gpu:0": 4, "cpu": 34}[place]


def test_a_power_cut_finds_what_was_renamed_on_the_disk(tmp_path, monkeypatch):
    """Every file is flushed before it gets its name, and the folder after."""
    order = []
    monkeypatch.setattr(atomic_files, "flush", lambda path: order.append(("flush", path.name)))
    replace = type(tmp_path).replace
    monkeypatch.setattr(
        type(tmp_path), "replace", lambda a, b: (order.append(("name", b.name)), replace(a, b))[1]
    )
    atomic_files.write_text(tmp_path / "state.json", "{}")
    (_, flushed), *rest = order
    assert flushed.startswith(".state.") and rest == [
        ("name", "state.json"),
        ("flush", tmp_path.name),
    ]


def test_a_warm_up_rises_in_a_line_and_goes_on_after_a_resume(settings, tmp_path):
    """Three iterations from 0.01 towards 0.04, then the decay over the five that remain."""
    settings |= {"iters": 8}
    settings["lr_scheduler"] |= {
        "learning_rate": 0.04,
        "warmup_iters": 3,
        "warmup_start_lr": 0.01,
    }
    decay = [0.04 * (1 - n / 5) ** 0.9 for n in range(5)]
    run, options = tmp_path / "run", {"do_eval": False, "save_interval": 1, "log_iters": 1}
    trainer.fit(settings, run, keep_checkpoint_max=8, **options)
    rates = [one["lr"] for one in run_log.read_log(run)]
    assert rates == pytest.approx([0.01, 0.02, 0.03, *decay])
    for start in (2, 3, 6):
        rest = tmp_path / f"rest{start}"
        trainer.fit(settings, rest, resume_model=run / f"iter_{start}", **options)
        resumed = [one["lr"] for one in run_log.read_log(rest)]
        assert resumed == rates[start:]
        assert equal(weights(rest / "iter_8"), weights(run / "iter_8"))


def test_a_longer_run_with_a_warm_up_continues_the_longer_schedule(settings, tmp_path):
    warm_up = {"learning_rate": 0.04, "warmup_iters": 2, "warmup_start_lr": 0.02}
    settings["lr_scheduler"] |= warm_up
    run, options = tmp_path / "run", {"do_eval": False, "log_iters": 1}
    trainer.fit(settings, run, **options)
    trainer.fit({**settings, "iters": 8}, run, resume_model=run, **options)
    rates = [one["lr"] for one in run_log.read_log(run)]
    assert rates[:4] == pytest.approx([0.02, 0.03, 0.04, 0.04 * 0.5**0.9])
    assert rates[4:] == pytest.approx([0.04 * (1 - n / 6) ** 0.9 for n in range(2, 6)])
