"""What a run is told about its learning rate and its speed, and what is set for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bisenet_lib.cli import main
from bisenet_lib.common.processes import cores
from bisenet_lib.config import configuration, profiles
from bisenet_lib.runtime import devices
from bisenet_lib.runtime.paddleseg_compat import MKL_ON_AMD, THREADS, paddle

pytestmark = pytest.mark.slow

RECIPE = "bisenet_cityscapes_1024x1024_160k"
CPUINFO = Path("/proc/cpuinfo")
ON_AMD = CPUINFO.exists() and "AuthenticAMD" in CPUINFO.read_text()


@pytest.mark.parametrize(
    ("name", "batch_size", "ranks", "rate", "numbers"),
    [
        (RECIPE, 4, 4, 0.05, "16 images an iteration (4 x 4). This run has 16 (4 x 4)"),
        (RECIPE, 4, 1, 0.0125, "16 images an iteration (4 x 4). This run has 4 (4 x 1)"),
        (RECIPE, 2, 8, 0.05, "16 images an iteration (4 x 4). This run has 16 (2 x 8)"),
        ("laptop", 4, 2, 0.1, "4 images an iteration (4 x 1). This run has 8 (4 x 2)"),
    ],
)
def test_the_rate_grows_with_the_total_batch(name, batch_size, ranks, rate, numbers):
    expected, why = configuration.expected_rate(name, batch_size, ranks)
    assert expected == pytest.approx(rate)
    assert f"{profiles.find_config(name).stem}, 0.05, belongs to {numbers}" in why
    assert f"--learning-rate {rate:g} fits" in why


def test_a_file_of_ones_own_belongs_to_its_own_batch(tiny):
    assert configuration.expected_rate(tiny, 2, 1)[0] == pytest.approx(0.05)
    assert configuration.expected_rate(tiny, 1, 1)[0] == pytest.approx(0.025)


def test_a_configuration_says_for_how_many_processes_it_is(tiny, tmp_path):
    """A copy keeps what it says, and a file's name says nothing."""
    copy = tmp_path / "mine.yml"
    configuration.save_config(configuration.load_config(RECIPE), copy)
    assert configuration.expected_rate(copy, 4, 1)[0] == pytest.approx(0.0125)
    of_that_name = tiny.rename(tmp_path / f"{RECIPE}.yml")
    assert configuration.expected_rate(of_that_name, 2, 1)[0] == pytest.approx(0.05)


def test_the_configuration_of_a_run_says_its_own_rate(tiny, tmp_path, monkeypatch, capsys):
    """A run at half the batch with half the rate; its config.yml, used again, fits that batch."""
    first = (tiny, "--batch-size", 1, "--learning-rate", 0.025)
    resolved = tmp_path / "first" / "config.yml"
    warned = []
    for number, words in enumerate((first, (resolved,), (resolved, "--batch-size", 2))):
        folder = tmp_path / ("first" if number == 0 else f"run{number}")
        arguments = ("train", "--config", *words, "--iters", 1, "--save-dir", folder)
        monkeypatch.setattr(sys, "argv", ["bisenet", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        printed = capsys.readouterr().err
        assert ended.value.code == 0, printed
        warned.append("warning" in printed)
    assert warned == [False, False, True]


@pytest.mark.parametrize(
    ("options", "warned"),
    [
        ((), False),
        (("--batch-size", 1), True),
        (("--batch-size", 1, "--learning-rate", 0.025), False),
        (("--learning-rate", 0.1), True),
    ],
)
def test_the_command_warns_of_a_rate_that_does_not_fit(
    tiny, tmp_path, monkeypatch, capsys, options, warned
):
    words = ("train", "--config", tiny, "--iters", 1, "--save-dir", tmp_path / "run", *options)
    monkeypatch.setattr(sys, "argv", ["bisenet", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main.main()
    printed = capsys.readouterr()
    assert ended.value.code == 0, printed.err
    assert "1 iterations" in printed.out
    assert ("warning: the learning rate of tiny, 0.05, belongs to 2" in printed.err) is warned


@pytest.fixture
def flags(monkeypatch):
    """What reaches ``paddle.set_flags`` on a machine that seems to have a GPU."""
    given = {}
    monkeypatch.setattr(paddle, "set_flags", given.update)
    monkeypatch.setattr(paddle.device, "set_device", lambda name: None)
    monkeypatch.setattr(devices, "available", lambda: ["cpu", "gpu:0"])
    for name in devices.CUDNN_FLAGS:
        monkeypatch.delenv(name, raising=False)
    return given


@pytest.mark.parametrize("name", ["auto", "gpu", "gpu:0"])
def test_a_gpu_gets_the_recipes_cudnn_flags(flags, name):
    devices.select(name)
    assert flags == {
        "FLAGS_cudnn_exhaustive_search": True,
        "FLAGS_cudnn_batchnorm_spatial_persistent": True,
    }


def test_a_flag_the_user_set_is_left_alone(flags, monkeypatch):
    monkeypatch.setenv("FLAGS_cudnn_exhaustive_search", "0")
    devices.select("gpu")
    assert flags == {"FLAGS_cudnn_batchnorm_spatial_persistent": True}


def test_a_cpu_gets_no_cudnn_flags(flags):
    devices.select("cpu")
    assert flags == {}


def test_the_settings_line_names_what_decides_the_speed(monkeypatch):
    monkeypatch.setenv(THREADS, "3")
    monkeypatch.setenv(MKL_ON_AMD, "5")
    monkeypatch.setattr(devices, "SET_HERE", {MKL_ON_AMD: "5"})
    assert devices.settings_line("gpu:0", 2) == (
        "gpu:0: 2 process(es), 3 thread(s) each (OMP_NUM_THREADS), MKL_DEBUG_CPU_TYPE=5; "
        "chosen for this machine: MKL_DEBUG_CPU_TYPE"
    )


def test_the_settings_line_says_nothing_of_what_is_not_set(monkeypatch):
    monkeypatch.setenv(THREADS, "1")
    monkeypatch.delenv(MKL_ON_AMD, raising=False)
    monkeypatch.setattr(devices, "SET_HERE", {})
    line = "cpu: 1 process(es), 1 thread(s) each (OMP_NUM_THREADS)"
    assert devices.settings_line("cpu", 1) == line


def settings_of_a_fresh_process(**given):
    """What a process that was given these has in its environment, and what it set itself."""
    names = (THREADS, MKL_ON_AMD)
    env = {name: value for name, value in os.environ.items() if name not in names}
    child = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import json, os; from bisenet_lib.runtime.paddleseg_compat import SET_HERE; "
            f"print(json.dumps([{{n: os.environ.get(n) for n in {names}}}, SET_HERE]))",
        ],
        env=env | given,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(child.stdout.splitlines()[-1])


def test_what_the_user_set_is_neither_changed_nor_listed():
    given = {THREADS: "1", MKL_ON_AMD: "4"}
    assert settings_of_a_fresh_process(**given) == [given, {}]
    _, set_here = settings_of_a_fresh_process(**{MKL_ON_AMD: "4"})
    assert set_here == {THREADS: str(cores())}


def test_what_the_user_left_open_is_set_and_listed():
    in_force, set_here = settings_of_a_fresh_process()
    assert set_here == {THREADS: str(cores())} | ({MKL_ON_AMD: "5"} if ON_AMD else {})
    assert {name: value for name, value in in_force.items() if value is not None} == set_here
