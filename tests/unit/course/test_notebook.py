"""What the notebooks call, and what they are told when something is missing."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from bisenet_lib.config import configuration
from bisenet_lib.course import notebook
from bisenet_lib.data.cityscapes import find_frames
from bisenet_lib.data.file_lists import check_pairs
from bisenet_lib.deployment import export
from bisenet_lib.errors import InputError
from bisenet_lib.runtime.paddleseg_compat import paddle

SHIPPED = Path(__file__).parents[3] / "data" / "checkpoints" / "bisenetv2_minicity"


def test_an_opened_network_says_what_paddle_says():
    network = notebook.open_network(SHIPPED)
    image = np.random.default_rng(0).integers(0, 256, (256, 512, 3), np.uint8)
    pixels = paddle.to_tensor((image / 127.5 - 1).transpose(2, 0, 1)[np.newaxis], "float32")
    model = export.trained_network(configuration.load_config(SHIPPED / "config.yml"), SHIPPED)
    with paddle.no_grad():
        classes = model(pixels)[0].argmax(1).numpy()[0]
    assert (network(image) == classes).mean() > 0.999
    assert network.names[0] == "road"


def test_a_network_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="no weights there"):
        notebook.open_network(tmp_path / "missing")


def test_a_data_set_that_is_not_there_or_has_no_labels_is_named(tree):
    with pytest.raises(InputError, match=r"no leftImg8bit/.*parameter `dataset`"):
        notebook.open_dataset(tree / "missing", "laptop")
    shutil.rmtree(tree / "gtFine")
    with pytest.raises(InputError, match=r"no gtFine/.*Unpack gtFine_trainvaltest"):
        notebook.open_dataset(tree, "cityscapes")


def test_of_many_faults_ten_are_told(tree):
    for split in (tree / "gtFine").iterdir():
        shutil.rmtree(split)
    folder = tree / "leftImg8bit" / "train" / "aachen"
    for number in range(20):
        Image.new("RGB", (64, 32)).save(folder / f"aachen_1{number:05}_000019_leftImg8bit.png")
    with pytest.raises(InputError, match="and 15 more") as told:
        notebook.open_dataset(tree, "cityscapes")
    assert len(str(told.value).splitlines()) == 11


def test_a_frame_deleted_underneath_is_named(tree):
    notebook.open_dataset(tree, "cityscapes")
    frame = find_frames(tree, "train")[0]
    frame.label_train_ids.unlink()
    with pytest.raises(InputError, match=r"labelTrainIds\.png: missing. Run: bisenet convert"):
        notebook.load_frame(frame)
    shutil.rmtree(tree)
    with pytest.raises(InputError, match=r"leftImg8bit\.png: missing.*from its first cell"):
        notebook.load_frame(frame)


def test_the_wrong_one_of_the_two_label_files_is_told(tree):
    frame = find_frames(tree, "train")[0]
    with pytest.raises(InputError, match=r"labelIds\.png: value 23.*look like label ids"):
        check_pairs([(frame.image, frame.label_ids)], 19)


def test_a_notebook_shows_the_message_and_no_traceback(tree, capsys):
    InteractiveShell().run_cell(
        "from bisenet_lib.course import notebook\n"
        f"notebook.open_dataset({str(tree / 'missing')!r}, 'laptop')"
    )
    [shown] = capsys.readouterr().out.splitlines()
    assert shown.startswith(f"InputError: {tree / 'missing'}: no data set there")
