"""A user's mistakes with export, predict and submit, met by the real command."""

import json
import subprocess
import sys
from contextlib import suppress

import cv2
import numpy as np
import onnx
import pytest
import yaml
from PIL import Image

from bisenet_lib.cli import main
from bisenet_lib.config import configuration
from bisenet_lib.data.labels import CLASS_NAMES
from bisenet_lib.network import checkpoint, profiling
from bisenet_lib.runtime.paddleseg_compat import paddle


def run(monkeypatch, capsys, *arguments):
    """The command in this process: exit code and what it printed."""
    monkeypatch.setattr(sys, "argv", ["bisenet", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main.main()
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return ended.value.code or 0, printed.out + printed.err


@pytest.fixture
def command(monkeypatch, capsys):
    return lambda *arguments: run(monkeypatch, capsys, *arguments)


@pytest.fixture
def model(tmp_path, colour_network):
    colour_network(tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in "abc":
        Image.new("RGB", (64, 48), "red").save(folder / f"{name}.png")
    return folder


def record(path, frames=30):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    noise = np.random.default_rng(0).integers(0, 256, (frames, 48, 64, 3), np.uint8)
    for frame in noise:
        writer.write(frame)
    writer.release()
    return path


def filled(disk, leave=0):
    """Fill a small disk but for so many bytes."""
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"x" * 4096):
            pass
    if leave:
        size = (disk / "filler").stat().st_size
        with (disk / "filler").open("r+b") as filler:
            filler.truncate(size - leave)
    return disk


def test_an_image_that_is_none_is_counted_and_stops_no_other(command, model, photos, tmp_path):
    (photos / "b.png").write_text("not an image")
    code, printed = command("predict", model, photos, "--output", tmp_path / "out")
    assert code == 1
    assert f"{photos / 'b.png'}: no image" in printed
    assert "1 problem(s); 2 segmented" in printed
    assert sorted(one.name for one in (tmp_path / "out" / "labels").iterdir()) == ["a.png", "c.png"]


def test_a_single_image_that_is_none(command, model, tmp_path):
    (tmp_path / "a.jpg").write_text("not an image")
    code, printed = command("predict", model, tmp_path / "a.jpg", "--output", tmp_path / "out")
    assert code == 1
    assert f"{tmp_path / 'a.jpg'}: no image" in printed
    assert not (tmp_path / "out").exists()


def test_a_video_that_cannot_be_decoded(command, model, tmp_path):
    (tmp_path / "a.mp4").write_bytes(np.random.default_rng(0).bytes(4000))
    code, printed = command("predict", model, tmp_path / "a.mp4", "--output", tmp_path / "out")
    assert code == 1
    assert "a.mp4: no image (" in printed
    assert "no video that can be decoded" in printed
    assert not (tmp_path / "out").exists()


def test_a_video_that_breaks_in_the_middle(command, model, tmp_path):
    path = record(tmp_path / "a.avi")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    code, printed = command("predict", model, path, "--output", tmp_path / "out")
    assert code == 1
    assert "breaks off after frame 1" in printed
    assert "of 30; " in printed
    assert (tmp_path / "out" / "a_overlay.mp4").is_file()


def test_no_image_in_the_folder(command, model, tmp_path):
    (tmp_path / "photos").mkdir()
    code, printed = command("predict", model, tmp_path / "photos", "--output", tmp_path / "out")
    assert code == 1
    assert f"{tmp_path / 'photos'}: no image in it" in printed


def test_pictures_that_are_not_read_are_named_and_stop_no_other(command, model, photos, tmp_path):
    """As a phone leaves them: the four photographs are taken, the rest is told."""
    (photos / "IMG_1.HEIC").write_bytes(b"")
    Image.new("RGB", (8, 6)).save(photos / "moving.gif")
    record(photos / "clip.mov.avi")
    (photos / "notes.txt").write_text("no picture")
    (tmp_path / "elsewhere").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "elsewhere" / "d.jpg")
    (photos / "linked").symlink_to(tmp_path / "elsewhere")
    (photos / "linked" / "round").symlink_to(photos)
    code, printed = command("predict", model, photos, "--output", tmp_path / "out")
    assert code == 1
    assert "4 images: " in printed
    assert (tmp_path / "out" / "labels" / "linked" / "d.png").is_file()
    assert f"{photos}/IMG_1.HEIC: pictures of this kind are not read" in printed
    assert f"{photos}/moving.gif: pictures of this kind" in printed
    assert f"{photos}/clip.mov.avi: a video, passed over. Give it by itself" in printed
    assert "3 problem(s); 4 segmented" in printed


def test_a_folder_of_pictures_that_are_not_read(command, model, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.heic").write_bytes(b"")
    code, printed = command("predict", model, tmp_path / "photos", "--output", tmp_path / "out")
    assert code == 1
    assert f"{tmp_path / 'photos'}: no image in it" in printed
    assert "a.heic: pictures of this kind are not read" in printed


@pytest.mark.parametrize("source", ["photos", "video"])
def test_an_output_one_may_not_write(command, model, photos, tmp_path, unwritable, source):
    source = photos if source == "photos" else record(tmp_path / "a.avi")
    (tmp_path / "out").mkdir()
    with unwritable(tmp_path / "out"):
        code, printed = command("predict", model, source, "--output", tmp_path / "out")
    assert code == 1
    assert "cannot be written" in printed
    assert not list((tmp_path / "out").rglob("*"))


@pytest.mark.parametrize("source", ["photos", "video"])
def test_a_full_disk(command, model, photos, tmp_path, mount_disk, source):
    source = photos if source == "photos" else record(tmp_path / "a.avi", frames=200)
    disk = filled(mount_disk("1m"), leave=0 if source == photos else 64 << 10)
    code, printed = command("predict", model, source, "--output", disk / "out")
    assert code == 1
    assert "cannot be written (No space left on device)" in printed or (
        "of 200 frames could be written. Free space" in printed
    )
    assert not [one for one in disk.rglob("*") if one.is_file() and one.name != "filler"]


def no_network(path):
    path.write_bytes(b"not a network")
    return "not a network from `bisenet export`"


def missing(path):
    path.unlink()
    return "not a network from `bisenet export`"


def no_metadata(path):
    there = onnx.load(path)
    del there.metadata_props[:]
    onnx.save(there, path)
    return "no 'mean' in its metadata"


@pytest.mark.parametrize("fault", [no_network, missing, no_metadata])
def test_a_model_that_is_none(command, model, photos, tmp_path, fault):
    expected = fault(model)
    code, printed = command("predict", model, photos, "--output", tmp_path / "out")
    assert code == 1
    assert f"{model}: " in printed
    assert expected in printed


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["{model}", "{photos}/nothing"], "nothing: no such image, folder or video"),
        (["{model}", "{photos}", "--size", "-1"], "--size is '-1'; give width x height"),
        (["{model}", "{photos}", "--size", "512"], "or photo for their own size"),
        (["{model}", "{photos}", "--size", "0x256"], "--size is (0, 256); give width and height"),
        (["{model}", "{photos}", "--size", "99999x1"], "1 to 8192 each, or 'photo'"),
        (["{model}", "{photos}", "--colour-blind"], "has 3 classes of its own"),
        (["{photos}", "{photos}"], "no config.yml beside it"),
        (["{photos}", "{photos}", "--config", "laptop"], "no weights there"),
    ],
)
def test_bad_arguments_of_predict(command, model, photos, tmp_path, options, expected):
    words = [one.format(model=model, photos=photos) for one in options]
    code, printed = command("predict", *words, "--output", tmp_path / "out")
    assert code == 1
    assert expected in printed


@pytest.fixture
def trained(tiny, tmp_path):
    """A run folder, its weights fresh."""
    run_folder = tmp_path / "run"
    configuration.save_config(configuration.load_config(tiny), run_folder / "config.yml")
    paddle.seed(0)
    checkpoint.save_weights(profiling.build_network(), run_folder / "best_model" / "model.pdparams")
    return run_folder


def test_export_then_predict_with_it_and_with_the_checkpoint(command, trained, photos, tmp_path):
    exported = tmp_path / "exported"
    figures = tmp_path / "figures.json"
    code, printed = command("export", trained, "--output", exported, "--json", figures)
    assert code == 0
    assert "model.onnx" in printed
    weights = trained / "best_model" / "model.pdparams"
    assert f"compared with {weights}, then written to {exported}" in printed
    found = sorted(str(one.relative_to(exported)) for one in exported.rglob("*") if one.is_file())
    names = ("deploy.yaml", "model.json", "model.pdiparams")
    assert found == ["model.onnx", *(f"paddle/{name}" for name in names)]
    first, second = json.loads(figures.read_text())["exports"]
    assert (first["path"], second["path"]) == (f"{exported}/model.onnx", f"{exported}/paddle")
    assert first["size"] == (exported / "model.onnx").stat().st_size
    assert first["parity"]["pixels"] == 1

    labels = []
    for model in (exported, exported / "model.onnx", trained):
        code, printed = command("predict", model, photos, "--output", tmp_path / "out")
        assert code == 0
        assert "3 images: " in printed
        labels.append(np.asarray(Image.open(tmp_path / "out" / "labels" / "a.png")))
    assert np.array_equal(labels[0], labels[1])
    assert np.array_equal(labels[0], labels[2])

    for again in (["evaluate", exported], ["export", exported, "--output", tmp_path / "twice"]):
        code, printed = command(*again)
        assert code == 1
        assert f"{exported}: an exported network" in printed


def test_the_size_a_network_was_trained_for_travels_in_its_export(
    command, trained, photos, tmp_path
):
    """From the configuration into the export, and on demand into either."""
    own, other = tmp_path / "own", tmp_path / "other"
    code, printed = command("export", trained, "--output", own)
    assert code == 0
    assert "photographs are shown to it at as many pixels as 64x32" in printed
    size = ("--size", "128x64", "--json", tmp_path / "export.json")
    code, printed = command("export", trained, "--output", other, *size)
    assert code == 0
    assert json.loads((tmp_path / "export.json").read_text())["trained_size"] == [128, 64]
    deploy = yaml.safe_load((other / "paddle" / "deploy.yaml").read_text())["Deploy"]
    assert deploy["image_size"] == [128, 64]
    for model, options, expected in (
        (trained, [], "64x32, as it was trained for 64x32; --size photo for its own"),
        (own, [], "64x32, as it was trained for 64x32; --size photo for its own"),
        (other, [], "96x64, as it was trained for 128x64; --size photo for its own"),
        (other, ["--size", "64x32"], "64x32, as was asked for"),
        (other, ["--size", "photo"], "its own size, as was asked for"),
    ):
        code, printed = command("predict", model, photos, "--output", tmp_path / "out", *options)
        assert code == 0
        assert f": 64x48, seen by the network at {expected}\n" in printed
        assert Image.open(tmp_path / "out" / "labels" / "a.png").size == (64, 48)
    code, printed = command("export", trained, "--output", tmp_path / "any", "--size", "photo")
    assert code == 0
    assert "at their own size: the configuration names none" in printed
    code, printed = command("export", trained, "--output", tmp_path / "large", "--size", "9000x9")
    assert code == 1
    assert "--size is (9000, 9); give width and height, 1 to 8192 each" in printed
    code, printed = command("predict", tmp_path / "any", photos, "--output", tmp_path / "out")
    assert "at its own size: its file does not say for which size it was trained" in printed


def test_a_size_on_demand_in_evaluate_and_demo(command, trained, tmp_path):
    figures = tmp_path / "figures.json"
    code, _ = command("evaluate", trained, "--size", "128x64", "--json", figures)
    assert code == 0
    assert json.loads(figures.read_text())["size"] == [128, 64]
    for name in ("evaluate", "demo", "export"):
        options = ["--output", tmp_path / "out"] if name == "export" else []
        code, printed = command(name, trained, "--size", "small", *options)
        assert code == 1
        assert "--size is 'small'; give width x height, such as 384x256, or photo" in printed


def test_an_onnx_file_planted_beside_weights_is_not_taken(
    command, trained, photos, tmp_path, colour_network
):
    labels = []
    for _ in range(2):
        code, printed = command("predict", trained, photos, "--output", tmp_path / "out")
        assert code == 0, printed
        labels.append(np.asarray(Image.open(tmp_path / "out" / "labels" / "a.png")))
        for folder in (trained, trained / "best_model"):
            colour_network(folder / "model.onnx", CLASS_NAMES)
    assert np.array_equal(*labels)
    planted = {trained / "model.onnx", trained / "best_model" / "model.onnx"}
    assert set(trained.rglob("*.onnx")) == planted


def test_predicting_with_an_onnx_file_loads_no_paddle(model, photos, tmp_path):
    words = ["bisenet", "predict", str(model), str(photos), "--output", str(tmp_path / "out")]
    program = f"""
import sys
from bisenet_lib.cli import main
sys.argv = {words!r}
try:
    main.main()
finally:
    print("loaded:", sorted({{"paddle", "paddleseg", "matplotlib"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "3 images: " in done.stdout
    assert "loaded: []" in done.stdout


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--format", "torch"], "format is 'torch'; choose onnx, paddle or both"),
        (["--dataset", "nowhere"], "give the validation set with --dataset DIR"),
        (["--images", "nowhere"], "nowhere: no such folder of images"),
        (["--config", "{wider}"], "does not fit this network"),
    ],
)
def test_bad_arguments_of_export(command, trained, tiny, tmp_path, options, expected):
    other = configuration.load_config(tiny)
    for section in ("model", "train_dataset", "val_dataset"):
        other[section]["num_classes"] = 21
    configuration.save_config(other, tmp_path / "wider.yml")
    words = [one.format(wider=tmp_path / "wider.yml") for one in options]
    code, printed = command("export", trained, "--output", tmp_path / "out", *words)
    assert code == 1
    assert expected in printed
    assert not (tmp_path / "out").exists()


def test_an_export_into_a_folder_that_holds_something(command, trained, photos):
    code, printed = command("export", trained, "--output", photos)
    assert code == 1
    assert f"{photos}: holds files already" in printed
    assert len(list(photos.iterdir())) == 3


@pytest.mark.parametrize("kind", ["onnx", "paddle"])
def test_an_export_onto_a_full_disk(command, trained, mount_disk, kind):
    disk = mount_disk("2m")
    code, printed = command("export", trained, "--output", disk / "out", "--format", kind)
    assert code == 1
    assert "cannot be written" in printed
    assert not list(disk.iterdir())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], "give a MODEL to segment with, or --check ZIP"),
        (["{trained}", "--check", "some.zip"], "give a MODEL to segment with, or --check ZIP"),
        (["--check", "some.zip"], "some.zip: no such file"),
        (["--check", "{trained}/config.yml"], "config.yml: no zip file"),
        (["{trained}", "--output", "some.tar"], "some.tar: the server takes a .zip"),
        (["{trained}", "--split", "trial"], "split is 'trial'; choose one of"),
        (["{trained}", "--scales", "0"], "scales are (0.0,)"),
    ],
)
def test_bad_arguments_of_submit(command, trained, tree, options, expected):
    words = [one.format(trained=trained) for one in options]
    code, printed = command("submit", *words, "--dataset", tree)
    assert code == 1
    assert expected in printed


def test_a_submission_with_a_damaged_image_keeps_what_is_done(command, trained, tree, tmp_path):
    path = next(tree.glob("leftImg8bit/val/munster/*.png"))
    whole = path.read_bytes()
    path.write_bytes(whole[:200])
    words = ["submit", trained, "--dataset", tree, "--split", "val", "--output", tmp_path / "a.zip"]
    code, printed = command(*words)
    assert code == 1
    assert f"{path}: truncated" in printed
    assert not (tmp_path / "a.zip").exists()
    path.write_bytes(whole)
    code, printed = command(*words)
    assert code == 0
    assert "2 frames of val, each once" in printed


def test_a_submission_onto_a_full_disk(command, trained, tree, mount_disk):
    disk = filled(mount_disk("1m"))
    code, printed = command("submit", trained, "--dataset", tree, "--output", disk / "a.zip")
    assert code == 1
    assert "cannot be written (No space left on device)" in printed
    assert not (disk / "a.zip").exists()


def test_a_bad_submission_is_told_line_by_line(command, tree, tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("notes.txt", "x")
    report = tmp_path / "report.json"
    code, printed = command(
        "submit", "--check", tmp_path / "a.zip", "--dataset", tree, "--json", report
    )
    assert code == 1
    assert "notes.txt: belongs to no frame" in printed
    assert "berlin_000000_000019: nothing in it" in printed
    assert "2 problem(s)" in printed
    assert report.read_text().count("a.zip: ") == 2
