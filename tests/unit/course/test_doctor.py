"""Each check of the doctor, on a machine where it holds and on one where it doesn't."""

import os
from collections import namedtuple
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bisenet_lib.cli.main import app
from bisenet_lib.course import doctor, project
from bisenet_lib.course.preflight import Check
from bisenet_lib.data.minicity.dataset import SETTINGS, VERSION

CUDA_WHEEL = {
    "full_version": "3.2.2",
    "cuda_version": "12.6",
    "compiled_cuda_archs": [70, 75, 80, 86, 90],
}
CPU_WHEEL = {"full_version": "3.2.2", "cuda_version": "False", "compiled_cuda_archs": []}
GB = 1_000_000_000


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Put an nvidia-smi on PATH that answers with a text and an exit code."""

    def answers(text: str, code: int = 0) -> None:
        tool = tmp_path / "nvidia-smi"
        tool.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\nexit {code}\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return answers


def test_packages_as_locked():
    check = doctor.check_packages(project.find_course() / "requirements.lock")
    assert check.ok, check.found


def test_in_a_learner_s_copy_it_looks_at_the_copy_s_data(tmp_path, monkeypatch):
    """The course's own folder may be read-only for learners; the packages are still its own."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / project.FIRST).touch()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert project.find_course() == tmp_path
    found = {check.name: check for check in doctor.checks()}
    assert found["MiniCity"].found == f"none in {tmp_path / 'data' / 'minicity'}"
    assert found["packages"].ok
    monkeypatch.chdir("/")
    assert project.find_course() == project.HOME


def test_packages_that_differ(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==0.0.1\nno-such-package==1.0\n")
    check = doctor.check_packages(lock)
    assert check.ok is False
    assert "no-such-package missing, locked 1.0" in check.found
    assert check.fix.endswith("--no-deps --no-build-isolation numpy==0.0.1 no-such-package==1.0")


def test_a_package_for_macos_is_asked_for_there_alone(tmp_path, monkeypatch):
    lock = tmp_path / "requirements.lock"
    lock.write_text("no-such-package==1.0 ; sys_platform == 'darwin'\n")
    assert doctor.check_packages(lock).ok
    monkeypatch.setattr(doctor.sys, "platform", "darwin")
    assert "no-such-package missing, locked 1.0" in doctor.check_packages(lock).found


def test_an_old_opencv_over_the_locked_one(tmp_path, monkeypatch):
    lock = tmp_path / "requirements.lock"
    lock.write_text("opencv-python-headless==5.0.0.93\n")
    versions = {"opencv-python": "4.5.5.64", "opencv-python-headless": "5.0.0.93"}
    monkeypatch.setattr(doctor, "_installed", versions.get)
    check = doctor.check_packages(lock)
    assert check.ok is False
    assert "opencv-python lies over" in check.found
    assert check.fix.endswith("--force-reinstall opencv-python-headless==5.0.0.93")


def test_packages_without_a_lock(tmp_path):
    check = doctor.check_packages(tmp_path / "requirements.lock")
    assert check.ok is False
    assert "git checkout" in check.fix


def test_the_gpu_build_stands_for_the_cpu_build(tmp_path, monkeypatch):
    (tmp_path / "lock").write_text("paddlepaddle==3.2.2\n")
    monkeypatch.setattr(doctor, "_installed", {"paddlepaddle-gpu": "3.2.2"}.get)
    assert doctor.check_packages(tmp_path / "lock").ok
    monkeypatch.setattr(doctor, "_installed", {"paddlepaddle-gpu": "2.6.2"}.get)
    assert doctor.check_packages(tmp_path / "lock").ok is False


@pytest.mark.parametrize(
    ("gpu", "numpy", "fix"),
    [
        ("3.2.2", "1.0", ["numpy==1.26.4"]),
        ("2.6.2", "1.26.4", ["make install-gpu"]),
        ("2.6.2", "1.0", ["make install-gpu", "numpy==1.26.4"]),
        (None, "1.0", ["paddlepaddle==3.2.2 numpy==1.26.4"]),
    ],
)
def test_no_fix_puts_a_cpu_build_over_the_gpu_build(tmp_path, monkeypatch, gpu, numpy, fix):
    (tmp_path / "lock").write_text("paddlepaddle==3.2.2\nnumpy==1.26.4\n")
    installed = {"paddlepaddle-gpu": gpu, "numpy": numpy}
    monkeypatch.setattr(doctor, "_installed", installed.get)
    check = doctor.check_packages(tmp_path / "lock")
    lines = [line.partition("--no-build-isolation ")[2] or line for line in check.fix.splitlines()]
    assert check.ok is False and lines == fix


def test_cores_are_told():
    check = doctor.check_cores()
    assert check.ok
    assert f"of {os.cpu_count()}" in check.found


def test_memory():
    assert doctor.check_memory(need_gb=0.01).ok
    check = doctor.check_memory(need_gb=1e6)
    assert check.ok is False
    assert "PROFILE=smoke" in check.fix
    assert "the largest: " in check.fix


def test_shared_memory(tmp_path, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage(2 * GB))
    assert doctor.check_shared_memory(tmp_path).ok
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage(64_000_000))
    check = doctor.check_shared_memory(tmp_path)
    assert check.ok is False
    assert "--shm-size=2g" in check.fix
    assert doctor.check_shared_memory(tmp_path / "none").ok is None


def test_no_gpu(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (check,) = doctor.check_gpu(CPU_WHEEL)
    assert check.ok is None


def test_a_gpu_that_the_wheel_has_code_for(nvidia_smi):
    nvidia_smi("NVIDIA H200, 560.35.03, 9.0\nNVIDIA GeForce RTX 4090, 560.35.03, 8.9")
    first, second = doctor.check_gpu(CUDA_WHEEL)
    assert first.ok
    assert second.ok, "code for 8.6 runs on 8.9"
    assert first.name == "GPU 0"
    assert "compute capability 9.0" in first.found


@pytest.mark.parametrize(
    ("answer", "wheel", "told", "fix"),
    [
        ("NVIDIA H200, 560.35.03, 9.0", CPU_WHEEL, "CPU build", "make install-gpu"),
        ("NVIDIA B200, 580.65.06, 10.0", CUDA_WHEEL, "has code only for 7.0, 7.5", "cu129"),
        ("NVIDIA Tesla K80, 560.35.03, 3.7", CUDA_WHEEL, "has code only for", "--device cpu"),
        ("NVIDIA A100, 470.82.01, 8.0", CUDA_WHEEL, "needs driver 525", "nvidia-driver-525"),
    ],
)
def test_a_gpu_that_cannot_be_used(nvidia_smi, answer, wheel, told, fix):
    nvidia_smi(answer)
    (check,) = doctor.check_gpu(wheel)
    assert check.ok is False
    assert told in check.found
    assert fix in check.fix


def test_the_last_cuda_wheel_of_the_package_index_has_no_code_for_an_h200(nvidia_smi):
    nvidia_smi("NVIDIA H200, 560.35.03, 9.0")
    wheel = {
        "full_version": "2.6.2",
        "cuda_version": "11.8",
        "compiled_cuda_archs": [35, 50, 60, 70, 75, 80, 86],
    }
    (check,) = doctor.check_gpu(wheel)
    assert check.ok is False


def test_a_wheel_that_does_not_say_its_gpus(nvidia_smi):
    nvidia_smi("NVIDIA A100, 560.35.03, 8.0")
    (check,) = doctor.check_gpu({"full_version": "2.4.2", "cuda_version": "11.7"})
    assert check.ok is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Failed to initialize NVML: Driver/library version mismatch", 18),
        ('Field "compute_cap" is not a valid field to query.', 2),
        ("No devices were found", 6),
        ("", 0),
    ],
)
def test_a_driver_that_does_not_answer(nvidia_smi, text, code):
    nvidia_smi(text, code)
    (check,) = doctor.check_gpu(CUDA_WHEEL)
    assert check.ok is False
    assert (text or "no answer") in check.found
    assert "reboot" in check.fix


def test_the_installed_wheel_is_read_without_importing_it(nvidia_smi):
    nvidia_smi("NVIDIA H200, 560.35.03, 9.0")
    (check,) = doctor.check_gpu()
    assert "CPU build" in check.found


def frame(root: Path, *parts: str) -> None:
    path = root.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A plug-in's file, and a stand-in for Paddle that runs a line when it is asked for devices."""

    def answers(line: str) -> None:
        package = tmp_path / "stand-in" / "paddle"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("from paddle import device\n")
        code = f"def get_available_custom_device():\n    {line}\n"
        (package / "device.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(package.parent))
        monkeypatch.setenv("CUSTOM_DEVICE_ROOT", str(tmp_path))
        (tmp_path / "libcard.so").touch()

    return answers


@pytest.mark.parametrize(
    ("line", "ok", "found"),
    [
        ("return ['card:0', 'card:1']", True, "card:0, card:1; --device card"),
        ("return ['card']", True, "card:0; --device card"),
        ("return []", False, "Paddle finds no device of it"),
        ("raise OSError('libdriver.so is missing')", False, "(OSError: libdriver.so is missing)"),
        ("import os; os.abort()", False, "(exit code -6)"),
    ],
)
def test_custom_devices_are_listed(plugin, monkeypatch, line, ok, found):
    plugin(line)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    [check] = doctor.check_accelerators()
    assert (check.name, check.ok) == ("custom devices", ok)
    assert check.found.endswith(found)
    assert ok or ("libcard.so" in check.found and "--device cpu" in check.fix)


def test_minicity(tmp_path):
    check = doctor.check_minicity(tmp_path)
    assert check.ok is False
    assert check.fix == f'bisenet minicity "{tmp_path}"'
    frame(tmp_path, "leftImg8bit", "train", "mini", "mini_0_0_leftImg8bit.png")
    assert doctor.check_minicity(tmp_path).ok
    (tmp_path / SETTINGS).write_text(f'{{"version": {VERSION}}}')
    assert doctor.check_minicity(tmp_path).ok
    (tmp_path / SETTINGS).write_text('{"version": 1}')
    check = doctor.check_minicity(tmp_path)
    assert check.ok is False
    assert check.fix == f'rm -r "{tmp_path}" && bisenet minicity "{tmp_path}"'


def test_cityscapes(tmp_path):
    assert doctor.check_cityscapes(None).ok is None
    check = doctor.check_cityscapes(tmp_path)
    assert check.ok is False
    assert "leftImg8bit and gtFine" in check.found
    frame(tmp_path, "leftImg8bit", "train", "ulm", "ulm_000000_000019_leftImg8bit.png")
    check = doctor.check_cityscapes(tmp_path)
    assert "no gtFine" in check.found
    assert "csDownload" in check.fix
    assert "leftImg8bit_trainvaltest.zip" not in check.fix
    frame(tmp_path, "gtFine", "train", "ulm", "ulm_000000_000019_gtFine_labelIds.png")
    assert doctor.check_cityscapes(tmp_path).ok


def test_the_report_is_plain_text():
    found = [
        Check("a", True, "fine"),
        Check("b", False, "broken", "mend it\nor replace it"),
        Check("c", None, "only told"),
    ]
    assert doctor.report(found).splitlines() == [
        "OK    a: fine",
        "FAULT b: broken",
        "          mend it",
        "          or replace it",
        "--    c: only told",
    ]


def test_all_checks_run_and_the_variable_of_cityscapesscripts_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv(doctor.CITYSCAPES_VARIABLE, str(tmp_path))
    found = doctor.checks()
    assert found[-1].name == "Cityscapes"
    assert found[-1].ok is False
    assert {"Python", "packages", "CPU cores", "memory", "MiniCity"} <= {one.name for one in found}


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (None, 0), (False, 1)])
def test_the_command_exits_with_1_on_a_fault(monkeypatch, ok, code):
    monkeypatch.setattr(doctor, "checks", lambda _: [Check("x", ok, "found [this]", "mend it")])
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == code
    assert "x: found [this]" in result.output
    assert ("mend it" in result.output) is (ok is False)
