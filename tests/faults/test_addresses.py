"""Addresses where a path belongs: refused by every command, and no folder is left behind."""

import sys

import pytest

from bisenet_lib.cli import main
from bisenet_lib.common.atomic_files import folder_written_whole, write_text
from bisenet_lib.config import configuration
from bisenet_lib.errors import InputError
from bisenet_lib.importers.importing import import_folder

SHIPPED = "data/checkpoints/bisenetv2_minicity"


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("minicity gs://bucket/city --train 1 --val 1 --test 0", "gs://bucket/city"),
        ("inspect s3://bucket/cityscapes", "s3://bucket/cityscapes"),
        ("convert https://host/cityscapes", "https://host/cityscapes"),
        ("convert data --json s3://bucket/report.json", "--json s3://bucket/report.json"),
        ("doctor --cityscapes gs://bucket/cs", "--cityscapes gs://bucket/cs"),
        ("train --config smoke --save-dir s3://bucket/run", "--save-dir s3://bucket/run"),
        ("train --config https://host/a.yml", "--config https://host/a.yml"),
        ("train --dataset=hdfs://host/set", "--dataset=hdfs://host/set"),
        ("launch --nproc 2 --save-dir gs://bucket/run", "--save-dir gs://bucket/run"),
        ("launch --log-dir gs://bucket/log", "--log-dir gs://bucket/log"),
        ("evaluate https://host/model.pdparams", "https://host/model.pdparams"),
        ("score gs://bucket/predictions --dataset data/minicity", "gs://bucket/predictions"),
        (f"export {SHIPPED} --output gs://bucket/exported", "--output gs://bucket/exported"),
        (f"predict {SHIPPED} rtsp://camera/1 --output out", "rtsp://camera/1"),
        (f"predict {SHIPPED} http://host/a.jpg --output out", "http://host/a.jpg"),
        (f"predict {SHIPPED} README.md --output s3://bucket/out", "--output s3://bucket/out"),
        ("submit --check https://host/a.zip --dataset data", "--check https://host/a.zip"),
        ("import gs://bucket/photos out", "gs://bucket/photos"),
        ("import notebooks file:///tmp/out", "file:///tmp/out"),
        ("import notebooks out --classes https://host/classes.txt", "--classes https://host/"),
        ("course run 01 --cityscapes gs://bucket/cs", "--cityscapes gs://bucket/cs"),
        ("course run 01 -p dataset=gs://bucket/cs", "-p dataset=gs://bucket/cs"),
        ("course run 01 -p dataset gs://bucket/cs", "gs://bucket/cs"),
    ],
)
def test_every_command_refuses_them(monkeypatch, capsys, tmp_path, command, named):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["bisenet", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 1
    assert named in capsys.readouterr().err.partition(": an address.")[0]
    assert not list(tmp_path.iterdir())


def test_what_a_notebook_makes_of_them_is_not_written(monkeypatch, tmp_path):
    """There a parameter is text, and becomes a path whose slashes are one."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"gs:/bucket/results\.json: an address"):
        write_text("gs:/bucket/results.json", "{}")
    with pytest.raises(InputError, match="an address"), folder_written_whole("s3://bucket/set"):
        pass
    with pytest.raises(InputError, match="an address"):
        import_folder("photos", "gs://bucket/set")
    assert not list(tmp_path.iterdir())
    write_text(tmp_path / "a:b" / "c", "a colon alone makes no address")


def test_a_configuration_that_names_one(tmp_path):
    settings = configuration.load_config("smoke")
    settings["val_dataset"]["dataset_root"] = "gs://bucket/set"
    configuration.save_config(settings, tmp_path / "a.yml")
    with pytest.raises(InputError, match="val_dataset: dataset_root: gs://bucket/set: an address"):
        configuration.load_config(tmp_path / "a.yml")
