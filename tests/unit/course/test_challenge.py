"""The challenge: what a submission holds, every way in which it can be wrong, the leaderboard."""

import json
import pickle
import re
import shutil

import numpy as np
import pytest
import yaml

from bisenet_lib.common.array_files import read_arrays
from bisenet_lib.config import configuration
from bisenet_lib.config.datasets import build_dataset
from bisenet_lib.course import challenge
from bisenet_lib.data import conversion
from bisenet_lib.data.minicity.dataset import VERSION
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation.evaluator import evaluate_checkpoint
from bisenet_lib.network import checkpoint
from bisenet_lib.training.run_log import read_log
from bisenet_lib.training.trainer import fit

pytestmark = pytest.mark.slow
FRAMES = {
    "train": [f"aachen_{number:06}_000019" for number in range(4)],
    "val": ["frankfurt_000000_000294", "munster_000000_000019"],
}
SMALL = (64, 32)


@pytest.fixture(scope="module")
def city(tmp_path_factory, frame_maker):
    """A data set of six frames that says it is MiniCity."""
    root = tmp_path_factory.mktemp("city") / "minicity"
    for split, stems in FRAMES.items():
        for stem in stems:
            frame_maker(root, split, stem)
    conversion.prepare(root)
    made = {"version": VERSION, "seed": 0, "size": [512, 256], "varied": 0.0, "train": 4, "val": 2}
    (root / "minicity.json").write_text(json.dumps(made))
    return root


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for name, value in {"TRAIN_FRAMES": 4, "VAL_FRAMES": 2}.items():
        monkeypatch.setattr(challenge, name, value)


@pytest.fixture(scope="module")
def run(city, tmp_path_factory):
    """Six iterations of two crops of 64x32."""
    settings = configuration.load_config("laptop", dataset=city, iters=6, batch_size=2)
    for section in ("train_dataset", "val_dataset"):
        for transform in settings[section]["transforms"]:
            for key in ("target_size", "crop_size"):
                if key in transform:
                    transform[key] = list(SMALL)
    folder = tmp_path_factory.mktemp("runs") / "run"
    fit(settings, folder, device="cpu", save_interval=3, log_iters=2)
    return folder


@pytest.fixture(scope="module")
def made(run, city, tmp_path_factory):
    """Its submission, and what it was said to be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(challenge, "TRAIN_FRAMES", 4)
        patch.setattr(challenge, "VAL_FRAMES", 2)
        folder = tmp_path_factory.mktemp("board") / "ada"
        return folder, challenge.submit(run, folder, name="Ada", dataset=city, device="cpu")


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made[0], tmp_path / "copy")


def test_the_budget_is_what_the_laptop_profile_takes():
    settings = configuration.load_config("laptop")
    size = challenge.trained_pixels(settings, "")
    passes = settings["iters"] * settings["batch_size"]
    challenge.check_budget(passes, size, "")
    assert passes * size[0] * size[1] == challenge.BUDGET
    with pytest.raises(InputError, match=r"801 images of 256x128, 1\.00 times .* it is 800 images"):
        challenge.check_budget(passes + 1, size, "")
    with pytest.raises(InputError, match="at this size it is 200 images"):
        challenge.check_budget(201, (512, 256), "")
    assert challenge.check_rules(settings, "") == {}


def test_the_size_that_is_counted_is_that_of_the_samples(run):
    settings = configuration.load_config(run / "config.yml")
    sample = build_dataset(settings["train_dataset"])[0]
    assert challenge.trained_pixels(settings, "") == sample["img"].shape[:0:-1] == SMALL


def test_a_run_becomes_a_folder_that_is_scored_from_its_weights(run, city, made):
    folder, entry = made
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.yml",
        "metrics.jsonl",
        "model.pdparams",
        "state.json",
        "submission.json",
    ]
    settings = configuration.load_config(run / "config.yml")
    scores = evaluate_checkpoint(settings, run, engine="paddle", device="cpu").scores
    np.testing.assert_allclose(entry.miou, scores.miou, atol=0.001)
    assert entry.name == "Ada" and entry.image_passes == 12 and entry.size == SMALL
    np.testing.assert_allclose(entry.share, 12 * 64 * 32 / (800 * 256 * 128))
    assert entry.changed["iters"] == "6" and "train_dataset.dataset_root" not in entry.changed
    assert not any(name.startswith("aux_head") for name in read_arrays(folder / "model.pdparams"))
    assert challenge.check(folder, city, device="cpu") == entry


def edit_json(file, **values):
    def edit(folder):
        path = folder / file
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return edit


def edit_config(change):
    def edit(folder):
        path = folder / "config.yml"
        values = yaml.safe_load(path.read_text())
        change(values)
        path.write_text(yaml.safe_dump(values, sort_keys=False))

    return edit


def edit_log(change):
    def edit(folder):
        records = change(read_log(folder))
        (folder / "metrics.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))

    return edit


def every(kind, **values):
    return lambda records: [{**one, **values} if kind in one else one for one in records]


def cut(name):
    def edit(folder):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return edit


def put(section, **values):
    return edit_config(lambda settings: settings[section].update(values))


def add_transform(section, **step):
    return edit_config(lambda settings: settings[section]["transforms"].insert(0, step))


ROUNDED_UP = {"type": "Resize", "target_size": [64, 32], "size_divisor": 512}


def put_resize(section, **values):
    return edit_config(lambda settings: settings[section]["transforms"][0].update(values))


def no_crop(settings):
    steps = settings["train_dataset"]["transforms"]
    steps[:] = [step for step in steps if step["type"] != "RandomPaddingCrop"]


WRONG = {
    "claims more": (edit_json("submission.json", miou=0.9), "submission.json: says 90.00 % mIoU"),
    "the log claims more": (edit_log(every("miou", miou=0.9)), "metrics.jsonl: says 90.00 % mIoU"),
    "no claim": (edit_json("submission.json", miou="much"), "submission.json: damaged"),
    "long name": (edit_json("submission.json", name="x" * 61), "submission.json: damaged"),
    "cut claim": (cut("submission.json"), "submission.json: damaged"),
    "cut state": (cut("state.json"), "state.json: damaged"),
    "cut weights": (cut("model.pdparams"), "model.pdparams: not a checkpoint of arrays"),
    "no weights": (lambda folder: (folder / "model.pdparams").unlink(), "no weights there"),
    "no log": (lambda folder: (folder / "metrics.jsonl").unlink(), "metrics.jsonl: missing"),
    "empty log": (edit_log(lambda records: []), "not the whole log of a run"),
    "gap": (edit_log(lambda records: [r for r in records if r["iteration"] != 4]), "not the whole"),
    "twice": (edit_log(lambda records: records * 2), "not the whole log"),
    "ends early": (edit_log(lambda records: records[:1]), "ends at iteration 2; the checkpoint"),
    "odd records": (edit_log(every("loss", lr="high")), "not a record of a training"),
    "other rate": (put("lr_scheduler", learning_rate=0.1), "iteration 2: lr is 0.04"),
    "other data": (edit_log(every("loss", epoch=1)), "iteration 4: epoch is 1; a run with this"),
    "other heads": (edit_log(every("loss", losses=[1.0])), "losses is 1; a run"),
    "more iterations": (
        edit_config(lambda settings: settings.update(iters=5)),
        "ends at iteration 6",
    ),
    "other batch": (
        edit_config(lambda settings: settings.update(batch_size=1)),
        "total_batch is 2, the configuration's 1",
    ),
    "began elsewhere": (
        edit_json("state.json", init_model="best.pdparams"),
        "began with the weights of best.pdparams",
    ),
    "other network": (put("model", expansion=4), "does not fit this network"),
    "huge network": (put("model", head_channels=10**6), "model.head_channels is 1000000; give 1"),
    "word for a width": (put("model", head_channels="wide"), "model.head_channels is 'wide'"),
    "pretrained": (put("model", pretrained="x.pdparams"), "model.pretrained is 'x.pdparams'"),
    "fewer classes": (put("val_dataset", num_classes=2), "num_classes is 2; in the challenge"),
    "ignored class": (put("val_dataset", ignore_index=0), "ignore_index is 0; in the challenge"),
    "trained on val": (put("train_dataset", train_path="/x/val.txt"), "train.txt of MiniCity"),
    "easier frames": (
        add_transform("val_dataset", type="RandomHorizontalFlip"),
        "val_dataset: RandomHorizontalFlip; only Resize and Normalize",
    ),
    "larger frames": (put_resize("val_dataset", target_size=[2048, 1024]), "resizes to 2048x1024"),
    "frames rounded up": (put_resize("val_dataset", size_divisor=2048), "resizes to no fixed size"),
    "no size": (edit_config(no_crop), "its images have no fixed size"),
    "size rounded up": (
        edit_config(lambda settings: settings["train_dataset"].update(transforms=[ROUNDED_UP])),
        "its images have no fixed size",
    ),
    "tiny crop": (
        edit_config(
            lambda settings: settings["train_dataset"]["transforms"][2].update(crop_size=[8, 8])
        ),
        "crops of 8x8",
    ),
    "unknown key": (edit_config(lambda settings: settings.update(itres=5)), "unknown key 'itres'"),
    "code in the configuration": (
        add_transform("train_dataset", type="AddMultiLabelAuxiliaryCategory"),
        "config.yml",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_wrong_with_a_submission_is_named(fault, copy, city):
    spoil, told = WRONG[fault]
    spoil(copy)
    with pytest.raises(InputError, match=re.escape(told)):
        challenge.check(copy, city, device="cpu")


def test_more_images_than_the_budget_are_named(run, city, tmp_path, monkeypatch):
    monkeypatch.setattr(challenge, "BUDGET", 11 * 64 * 32)
    with pytest.raises(InputError, match=r"run: trained on 12 images .* it is 11 images"):
        challenge.submit(run, tmp_path / "out", name="x", dataset=city, device="cpu")
    assert not list(tmp_path.iterdir())


def test_a_state_that_the_optimizer_contradicts_is_named(run, city, tmp_path):
    other = shutil.copytree(run, tmp_path / "other")
    newest = checkpoint.newest(other)
    edit_json("state.json", iteration=4)(newest)
    with pytest.raises(InputError, match="its state says 4 iterations, its optimizer 6"):
        challenge.submit(other, tmp_path / "out", name="x", dataset=city)


def test_scores_are_of_the_course_s_minicity_alone(made, city, tmp_path):
    with pytest.raises(InputError, match="not MiniCity as the course makes it"):
        challenge.check(made[0], tmp_path)
    edit = json.loads((city / "minicity.json").read_text()) | {"seed": 1}
    (tmp_path / "minicity.json").write_text(json.dumps(edit))
    with pytest.raises(InputError, match="not MiniCity as the course makes it"):
        challenge.leaderboard(made[0].parent, tmp_path)


def test_the_leaderboard_scores_the_good_and_says_what_is_wrong_with_the_others(
    made, run, city, tmp_path, command
):
    board = tmp_path / "board"
    shutil.copytree(made[0], board / "ada")
    shutil.copytree(made[0], board / "bob")
    edit_json("submission.json", name="<script>Bob")(board / "bob")
    shutil.copytree(made[0], board / "eve")
    edit_json("submission.json", miou=1.0)(board / "eve")
    (board / "mail.zip").write_bytes(b"PK")
    weak = shutil.copytree(made[0], board / "weak")
    arrays = read_arrays(run / "iter_3" / checkpoint.WEIGHTS)
    zeros = {name: 0 * one for name, one in arrays.items() if not name.startswith("aux")}
    (weak / checkpoint.WEIGHTS).write_bytes(pickle.dumps(zeros))
    edit_log(lambda records: [one for one in records if "loss" in one])(weak)
    edit_json("submission.json", name="Weak", miou=None)(weak)
    code, printed = command("course", "challenge", "leaderboard", board, "--dataset", city)
    assert code == 0
    assert re.findall(r"\d\. (\S+): mIoU", printed) == ["Ada", "<script>Bob", "Weak"]
    page = (board / "leaderboard.html").read_text()
    assert "<script>" not in page and "&lt;script&gt;Bob" in page
    assert page.index("Ada") < page.index("script&gt;Bob") < page.index("Weak")
    assert "the same weights as Ada" in page
    assert "eve/submission.json: says 100.00 % mIoU" in page
    assert "mail.zip: not a folder; unpack it" in page
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page) and str(board) not in page
    code, printed = command(
        "course", "challenge", "leaderboard", tmp_path / "none", "--dataset", city
    )
    assert code == 1 and "no submission there" in printed


@pytest.fixture
def measured(city, tmp_path):
    """What `make experiments` writes, of two rows."""
    scores = {"base": (0.2,), "minicity_fast": (0.31, 0.29, 0.33)}
    rows = [
        {
            "name": name,
            "against": "base",
            "runs": [
                {"seed": seed, "miou": miou, "pixel_accuracy": 0.9}
                for seed, miou in enumerate(values)
            ],
        }
        for name, values in scores.items()
    ]
    path = tmp_path / "experiments.json"
    made = json.loads((city / "minicity.json").read_text())
    path.write_text(json.dumps({"dataset": made, "rows": rows}))
    return path


def test_the_line_to_beat_is_the_mean_of_the_course_s_own_runs(measured):
    line = challenge.line_to_beat(measured)
    assert line.name == "the course's own: minicity_fast, mean of 3 seeds (± 2.00)"
    np.testing.assert_allclose([line.miou, line.pixel_accuracy, line.share], [0.31, 0.9, 1])
    assert line.changed["model.booster"] == "false" and line.changed["batch_size"] == "2"
    results = json.loads(measured.read_text())
    for other in (
        {**results, "dataset": {**results["dataset"], "seed": 1}},
        {**results, "dataset": "cityscapes"},
        {**results, "rows": results["rows"][:1]},
    ):
        measured.write_text(json.dumps(other))
        assert challenge.line_to_beat(measured) is None
    measured.write_text("{")
    with pytest.raises(InputError, match="not what `make experiments` writes"):
        challenge.line_to_beat(measured)
    measured.unlink()
    assert challenge.line_to_beat(measured) is None


def test_the_line_stands_among_the_submissions_and_takes_no_place(
    made, measured, city, command, monkeypatch
):
    home = measured.parent
    (home / "notebooks").mkdir()
    measured.rename(home / "notebooks" / "experiments.json")
    monkeypatch.setattr("bisenet_lib.course.project.HOME", home)
    shutil.copytree(made[0], home / "board" / "ada")
    words = ("course", "challenge", "leaderboard", home / "board", "--dataset", city)
    _, printed = command(*words)
    assert made[1].miou < 0.31, "two iterations are no match for it"
    own, ada = printed.splitlines()[:2]
    assert own == "- the course's own: minicity_fast, mean of 3 seeds (± 2.00): mIoU 31.00 %"
    assert ada.startswith("1. Ada: mIoU ")
    page = (home / "board" / "leaderboard.html").read_text()
    assert page.count('<tr class="line">') == 1
    assert page.index("minicity_fast, mean of 3 seeds") < page.index("Ada")
    assert "model.booster: false" in page


def test_the_command_submits(run, city, tmp_path, command):
    out = tmp_path / "grace"
    words = ("course", "challenge", "submit", run, out, "--dataset", city)
    code, printed = command(*words)
    assert code == 0 and "grace: mIoU " in printed and "12 images of 64x32, 0 % of" in printed
    code, printed = command(*words)
    assert code == 1 and "holds files already" in printed
