"""Weights with a configuration from a stranger: whatever opens them runs nothing of theirs."""

import os
import pickle

import pytest
import yaml

from bisenet_lib.config import configuration
from bisenet_lib.course import notebook
from bisenet_lib.errors import InputError
from bisenet_lib.network import checkpoint, profiling
from bisenet_lib.runtime.paddleseg_compat import paddle

EVALUATED = "__import__('os').mkdir({mark!r}) or 'nn.LayerNorm'"


class MakesFolder:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def mark(tmp_path):
    """What a stranger's code makes if it runs."""
    return tmp_path / "made-by-a-stranger"


@pytest.fixture
def folder(tiny, tmp_path):
    """A run folder with fresh weights."""
    paddle.seed(0)
    model = profiling.build_network()
    optimizer = paddle.optimizer.Momentum(0.1, parameters=model.parameters())
    folder = tmp_path / "strange"
    checkpoint.save_checkpoint(folder, 2, model, optimizer, {})
    configuration.save_config(configuration.load_config(tiny), folder / "config.yml")
    return folder


def transformer(mark):
    backbone = {"type": "ViT_small_patch16_224", "norm_layer": EVALUATED.format(mark=str(mark))}
    return {"type": "SegmentationTransformer", "backbone": backbone, "backbone_indices": [11]}


def of_a_network(settings, mark):
    settings["model"] = {**transformer(mark), "num_classes": 19}
    return "model: the type 'SegmentationTransformer' may not stand"


def inside_another_value(settings, mark):
    settings["model"]["lambd"] = transformer(mark)
    return "model: a component in 'lambd' may not stand"


def inside_a_transform(settings, mark):
    settings["val_dataset"]["transforms"][-1]["mean"] = transformer(mark)
    return "val_dataset.transforms: a component in 'mean' may not stand"


def of_a_transform(settings, mark):
    settings["val_dataset"]["transforms"].append({"type": "Compose", "transforms": []})
    return "val_dataset.transforms: the type 'Compose' may not stand"


def of_a_loss(settings, mark):
    nested = {"type": "MixedLoss", "losses": [transformer(mark)], "coef": [1]}
    settings["loss"]["types"] = [nested]
    return "loss.types: the type 'MixedLoss' may not stand"


def a_data_set_that_is_fetched(settings, mark):
    section = settings["val_dataset"]
    settings["val_dataset"] = {"type": "OpticDiscSeg", "mode": "val"}
    settings["val_dataset"] |= {key: section[key] for key in ("dataset_root", "transforms")}
    return "val_dataset: the type 'OpticDiscSeg' may not stand"


def an_address(settings, mark):
    settings["model"]["pretrained"] = "https://example.org/model.pdparams"
    return "model: pretrained 'https://example.org/model.pdparams' may not stand"


ATTACKS = [
    of_a_network,
    inside_another_value,
    inside_a_transform,
    of_a_transform,
    of_a_loss,
    a_data_set_that_is_fetched,
    an_address,
]


def spoil(folder, mark, attack):
    path = folder / "config.yml"
    settings = yaml.safe_load(path.read_text())
    expected = attack(settings, mark)
    path.write_text(yaml.safe_dump(settings))
    return expected


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_may_run_or_fetch_is_refused(command, folder, mark, tmp_path, attack):
    expected = spoil(folder, mark, attack)
    code, printed = command("evaluate", folder, "--save-dir", tmp_path / "scores")
    assert not mark.exists()
    assert code == 1
    assert f"{folder / 'config.yml'}: {expected}" in printed
    assert "copy it to a folder without weights and give the copy with --config" in printed


@pytest.mark.parametrize(
    "name", ["predict", "export", "submit", "evaluate", "train", "resume", "notebook"]
)
def test_every_way_to_open_the_folder(command, folder, tree, mark, tmp_path, name):
    expected = spoil(folder, mark, of_a_network)
    photo = next(tree.glob("leftImg8bit/val/*/*.png"))
    given = ["--config", folder / "config.yml"]  # by name it is still a stranger's
    words = {
        "predict": [folder, photo, "--output", tmp_path / "out"],
        "export": [folder / "iter_2", "--output", tmp_path / "out"],
        "submit": [folder, "--dataset", tree, "--output", tmp_path / "out.zip"],
        "evaluate": [folder, *given],
        "train": [*given, "--resume-model", folder, "--save-dir", folder],
        "resume": ["--resume-model", folder, "--save-dir", folder],
    }
    if name == "notebook":
        with pytest.raises(InputError, match=expected):
            notebook.open_network(folder)
    else:
        code, printed = command("train" if name == "resume" else name, *words[name])
        assert code == 1
        assert expected in printed
    assert not mark.exists()


def test_a_pickle_as_pretrained_is_never_unpickled(command, folder, mark, tmp_path):
    """Its weights would be replaced by those of the folder anyway."""
    pickled = tmp_path / "model.pdparams"
    pickled.write_bytes(pickle.dumps({"weight": MakesFolder(str(mark))}))
    spoil(folder, mark, lambda settings, _: settings["model"].update(pretrained=str(pickled)))
    words = ["--engine", "paddle", "--save-dir", tmp_path / "scores"]
    code, printed = command("evaluate", folder, *words)
    assert code == 0, printed
    words = ["--config", folder / "config.yml", "--save-dir", tmp_path / "run"]
    code, printed = command("train", *words)
    assert code == 1
    assert "it would run posix.mkdir" in printed
    assert not mark.exists()


def test_a_configuration_of_the_users_own_may_use_all_of_paddleseg(command, tiny, tmp_path):
    settings = configuration.load_config(tiny)
    fusion = {"type": "PPLiteSeg", "num_classes": 19, "backbone": {"type": "STDC1"}}
    settings |= {"model": fusion, "iters": 1}
    settings["loss"]["coef"] = [1] * 3
    configuration.save_config(settings, tmp_path / "mine.yml")
    words = ["--config", tmp_path / "mine.yml"]
    code, printed = command("train", *words, "--save-dir", tmp_path / "run")
    assert code == 0, printed
    code, printed = command("evaluate", tmp_path / "run", "--save-dir", tmp_path / "scores")
    assert code == 1
    assert "config.yml: model: the type 'PPLiteSeg' may not stand" in printed
    words += ["--engine", "paddle", "--save-dir", tmp_path / "scores"]
    code, printed = command("evaluate", tmp_path / "run", *words)
    assert code == 0, printed


def python_name(text):
    return text.replace("batch_size: 2", "batch_size: !!python/name:os.system")


def without_end(text):
    """Nine lists of ten, each in the next: a billion values in a few hundred bytes."""
    bomb = "&a0 [x]"
    for level in range(9):
        bomb = f"&a{level + 1} [{bomb}{f', *a{level}' * 9}]"
    return text + f"test_config: {bomb}\n"


def merged_without_end(text):
    lines = ["m0: &m0 {k: v}"]
    for level in range(12):
        lines.append(f"m{level + 1}: &m{level + 1} {{<<: [{', '.join([f'*m{level}'] * 10)}]}}")
    return text + "test_config:\n" + "".join(f"  {line}\n" for line in lines)


def in_itself(text):
    return text + "test_config: &a {b: *a}\n"


def nested(text):
    return text + "test_config: " + "[" * 1500 + "]" * 1500 + "\n"


def base_of_itself(text):
    return text + "_base_: config.yml\n"


def base_in_a_circle(text):
    return text + "_base_: ../circle.yml\n"


def base_without_end(text):
    return text + "_base_: /dev/zero\n"


@pytest.mark.parametrize(
    ("spoilt", "expected"),
    [
        (python_name, "python/name"),
        (without_end, "it unfolds to more than"),
        (merged_without_end, "it unfolds to more than 1000 keys"),
        (in_itself, "it unfolds to more than"),
        (nested, "maximum recursion depth"),
        (base_of_itself, "its _base_ leads back to"),
        (base_in_a_circle, "its _base_ leads back to"),
        (base_without_end, "/dev/zero: no such file"),
    ],
)
def test_a_file_that_has_no_end_or_holds_objects(command, folder, tmp_path, spoilt, expected):
    (tmp_path / "circle.yml").write_text("_base_: strange/config.yml\n")
    path = folder / "config.yml"
    path.write_text(spoilt(path.read_text()))
    code, printed = command("evaluate", folder)
    assert code == 1
    assert f"{path}: not a configuration in YAML" in printed
    assert expected in printed
