"""The three files of pins agree, and an unsuitable machine is told so before any download."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections import namedtuple
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from bisenet_lib.course import preflight
from bisenet_lib.deployment.demo.server import PORTS

ROOT = Path(__file__).parents[2]
PIN_FILES = {name: (ROOT / name).read_text() for name in ("pyproject.toml", "requirements.lock")}
PIN_FILES["environment.yml"] = (ROOT / "environment.yml").read_text()
EXTRA = (ROOT / "requirements.extra.lock").read_text().splitlines()
MAKEFILE_TARGETS = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.M)
GPU = {"paddlepaddle": "paddlepaddle-gpu"}
OUTDATED = {"opencv-python": "paddleseg", "typing": "cityscapesscripts"}
"""What is not installed, and the package that asks for it."""
ALONE = {"paddleseg", "cityscapesscripts"}
"""Installed by a command of their own where pip looks for what a package asks for."""


def pins(lines: list[str]) -> dict[str, str]:
    split = (re.split(r"(?:\[.*\])?==", line.partition(";")[0].strip()) for line in lines)
    return {canonicalize_name(name): version for name, version in split}


def ranges(requirements: list[str]) -> dict[str, SpecifierSet]:
    """Name to the versions allowed."""
    parsed = map(Requirement, requirements)
    return {canonicalize_name(one.name): one.specifier for one in parsed}


def disagreements(pyproject: str, lock: str, environment: str) -> list[str]:
    """Every pin that is not the same in the three files, or not in the range that is asked for."""
    project = tomllib.loads(pyproject)["project"]
    extras = project["optional-dependencies"]
    locked = pins(lock.splitlines())
    listed = yaml.safe_load(environment)["dependencies"][-1]["pip"]
    conda = pins([line for line in listed if not line.startswith("-")])
    wanted = ranges([*project["dependencies"], *extras["cpu"], *extras["test"]])
    found = [
        f"requirements.lock: {name} is {locked.get(name)}, pyproject.toml says {allowed}"
        for name, allowed in wanted.items()
        if name not in locked or locked[name] not in allowed
    ]
    for_gpu = {
        GPU.get(name, name): version
        for name, version in locked.items()
        if name not in ALONE | {"appnope"}  # of macOS, which has no such GPU
    }
    if any(
        f"{name}=={locked.get(name)}" not in environment.partition("\nname:")[0] for name in ALONE
    ):
        found.append(
            f"environment.yml: the second command is not about {', '.join(ALONE)} as locked"
        )
    found += [
        f"environment.yml: {name} is {conda.get(name)}, requirements.lock says {for_gpu.get(name)}"
        for name in sorted(for_gpu.keys() | conda.keys())
        if for_gpu.get(name) != conda.get(name)
    ]
    gpu = pins(extras["gpu"])["paddlepaddle-gpu"]
    if gpu != locked.get("paddlepaddle"):
        found.append(f"pyproject.toml: paddlepaddle-gpu is {gpu}, not {locked['paddlepaddle']}")
    return found


def test_the_three_files_of_pins_agree():
    assert disagreements(*PIN_FILES.values()) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "told"),
    [
        ("pyproject.toml", "numpy>=2.3,<2.4", "numpy>=2.4,<3", "numpy is 2.3.5"),
        ("environment.yml", "paddleseg==2.8.0", "paddleseg==2.9.0", "the second command"),
        ("pyproject.toml", "paddlepaddle-gpu==3.2.2", "paddlepaddle-gpu==2.6.2", "is 2.6.2"),
        ("requirements.lock", "paddlepaddle==3.2.2", "paddlepaddle==3.3.1", "is 3.3.1"),
        ("requirements.lock", "wcwidth==0.9.4\n", "", "wcwidth is 0.9.4"),
        ("environment.yml", "paddlepaddle-gpu==3.2.2", "paddlepaddle-gpu==3.0.0", "is 3.0.0"),
        ("environment.yml", "paddlepaddle-gpu==3.2.2", "paddlepaddle==3.2.2", "-gpu is None"),
        ("environment.yml", "      - wcwidth==0.9.4\n", "", "wcwidth is None"),
    ],
)
def test_one_changed_pin_is_told(file, before, after, told):
    assert before in PIN_FILES[file]
    doctored = {**PIN_FILES, file: PIN_FILES[file].replace(before, after)}
    assert any(told in line for line in disagreements(*doctored.values()))


def test_the_lock_holds_names_and_versions_only():
    for line in PIN_FILES["requirements.lock"].splitlines():
        assert re.fullmatch(r"[a-z0-9-]+==[a-z0-9.]+( ; sys_platform == 'darwin')?", line)


@pytest.mark.slow
def test_pip_check_says_nothing_but_what_is_overridden():
    command = [sys.executable, "-m", "pip", "check"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    said = re.sub("(?m)^openvino .* requires openvino-telemetry.*\n", "", said)  # make openvino
    about = [
        f"{owner} {metadata.version(owner)} requires {name}," for name, owner in OUTDATED.items()
    ]
    assert [line for line in said.splitlines() if not line.startswith(tuple(about))] == []
    assert len(said.splitlines()) == len(OUTDATED)


def test_what_is_overridden_is_what_uv_is_told():
    told = tomllib.loads(PIN_FILES["pyproject.toml"])["tool"]["uv"]["override-dependencies"]
    assert {Requirement(text).name for text in told} == set(OUTDATED)


def test_the_gpu_build_comes_from_paddles_own_index():
    listed = yaml.safe_load(PIN_FILES["environment.yml"])["dependencies"][-1]["pip"]
    addresses = [line for line in listed if "://" in line]
    assert addresses == ["--extra-index-url https://www.paddlepaddle.org.cn/packages/stable/cu126/"]


def required_by(name: str, extras: frozenset[str]) -> set[tuple[str, frozenset[str]]]:
    """What an installed package needs on any Python of the course, on Linux."""
    needed = set()
    for text in metadata.requires(name) or []:
        one = Requirement(text)
        wheres = [
            {"python_version": python, "python_full_version": f"{python}.9", "extra": extra}
            for python in ("3.11", "3.12", "3.13")
            for extra in ("", *extras)
        ]
        if one.marker is None or any(one.marker.evaluate(where) for where in wheres):
            needed.add((canonicalize_name(one.name), frozenset(one.extras)))
    return {one for one in needed if one[0] not in OUTDATED}


def test_the_lock_is_closed_and_holds_nothing_idle():
    locked = set(pins(PIN_FILES["requirements.lock"].splitlines())) - {"appnope"}
    project = tomllib.loads(PIN_FILES["pyproject.toml"])["project"]
    extras = project["optional-dependencies"]
    direct = ranges([*project["dependencies"], *extras["cpu"], *extras["test"]])
    todo = [(name, frozenset()) for name in direct]
    reached = set()
    while todo:
        if (one := todo.pop()) not in reached:
            reached.add(one)
            todo += required_by(*one)
    needed = {name for name, _ in reached}
    assert needed - locked == set(), "needed, not locked"
    assert locked - needed == set(), "locked, needed by nothing"


def test_the_lock_of_site_and_browser_is_closed_and_beside_the_course():
    locked = set(pins(PIN_FILES["requirements.lock"].splitlines()))
    extra = pins(EXTRA)
    assert not locked & set(extra)
    extras = tomllib.loads(PIN_FILES["pyproject.toml"])["project"]["optional-dependencies"]
    direct = pins([*extras["site"], *extras["browser"]])
    assert direct.items() <= extra.items()
    todo, reached = [(name, frozenset()) for name in direct], set()
    while todo:
        if (one := todo.pop()) not in reached:
            reached.add(one)
            try:
                todo += required_by(*one)
            except metadata.PackageNotFoundError:
                pytest.skip("make slides, make site or make test-browser installs them")
    needed = {name for name, _ in reached} - locked
    assert needed == set(extra)


@pytest.mark.slow
def test_every_locked_package_installs_on_the_first_release_of_each_python():
    """Debian 12 has Python 3.11.2: preflight lets it through, so the lock has to take it."""
    refused = []
    for line in [*PIN_FILES["requirements.lock"].splitlines(), *EXTRA]:
        try:
            wanted = SpecifierSet(metadata.metadata(line.split("==")[0])["Requires-Python"] or "")
        except metadata.PackageNotFoundError:  # of the site and the browser tests
            assert line in EXTRA or line.endswith("'darwin'"), f"{line}: not installed"
            continue
        firsts = [f"{major}.{minor}.0" for major, minor in preflight.PYTHONS]
        refused += [f"{line} needs {wanted}" for first in firsts if first not in wanted]
    assert refused == []


def test_every_dependency_has_its_reason():
    section = PIN_FILES["pyproject.toml"].split("dependencies = [")[1].split("[project.scripts]")[0]
    for line in section.splitlines():
        if "==" in line:
            assert re.search(r"# \w", line), f"no reason: {line}"


# --- preflight -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "ok"), [((3, 11, 7), True), ((3, 12, 0), True), ((3, 9, 18), False)]
)
def test_python(version, ok):
    check = preflight.check_python(version, "/opt/python")
    assert check.ok is ok
    assert "/opt/python" in check.found
    assert bool(check.fix) is not ok


def test_python_names_the_package_managers_when_none_is_found(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    check = preflight.check_python((3, 14, 0), "python3")
    assert "need 3.11, 3.12 or 3.13 (paddlepaddle has no wheel for a newer one yet)" in check.found
    fix = check.fix
    for tool in ("uv", "apt-get", "brew", "winget", "conda", "pyenv"):
        assert f"{tool}:" in fix


@pytest.mark.parametrize(
    ("where", "ok"),
    [
        (("Linux", "x86_64", 64, ("glibc", "2.36")), True),
        (("Linux", "aarch64", 64, ("glibc", "2.31")), True),
        (("Linux", "x86_64", 64, ("glibc", "2.17")), False),
        (("Linux", "x86_64", 64, ("", "")), False),
        (("Linux", "x86_64", 32, ("glibc", "2.36")), False),
        (("Linux", "armv7l", 64, ("glibc", "2.36")), False),
        (("Darwin", "arm64", 64), True),
        (("Darwin", "x86_64", 64), False),
        (("Windows", "AMD64", 64), True),
    ],
)
def test_platform(where, ok):
    check = preflight.check_platform(*where)
    assert check.ok is ok
    assert bool(check.fix) is not ok


def test_libraries():
    assert preflight.check_libraries().ok
    check = preflight.check_libraries(["libgomp.so.1", "libnowhere.so.7"])
    assert not check.ok
    assert "libnowhere.so.7" in check.found
    assert "libgomp.so.1" not in check.found
    assert check.fix


def loaded(file: str) -> dict[str, str]:
    """The libraries a file loads, and those that they load: name and path."""
    printed = subprocess.run(["ldd", file], capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"(\S+) => (/\S+)", printed))


@pytest.mark.skipif(sys.platform != "linux", reason="asks ldd")
def test_preflight_asks_for_every_library_that_no_package_brings():
    """Beside what every Linux with Python has."""
    there = {f"lib{name}" for name in ("c", "m", "dl", "pthread", "rt", "gcc_s", "stdc++", "z")}
    packages = Path(sysconfig.get_path("platlib"))
    needed = {}
    for pattern in ("cv2/*.so", "paddle/base/libpaddle.so"):
        needed |= loaded(str(next(packages.glob(pattern))))
    system = {
        name: path for name, path in needed.items() if not Path(path).is_relative_to(packages)
    }
    asked = {name: path for name, path in system.items() if name in preflight.LIBRARIES}
    brought = set().union(*(loaded(path) for path in asked.values()))
    missing = set(system) - set(asked) - brought
    assert {name for name in missing if name.partition(".so")[0] not in there} == set()


def test_venv(monkeypatch):
    assert preflight.check_venv(sys.version_info).ok
    monkeypatch.setattr(preflight.importlib.util, "find_spec", lambda name: None)
    check = preflight.check_venv((3, 12, 3))
    assert not check.ok
    assert "apt-get install -y python3.12-venv" in check.fix


def test_folder(tmp_path):
    assert preflight.check_folder(str(tmp_path)).ok
    check = preflight.check_folder(str(tmp_path / "nowhere"))
    assert not check.ok
    assert "chown" in check.fix


def test_disk(tmp_path):
    assert preflight.check_disk(str(tmp_path), 0.001).ok
    check = preflight.check_disk(str(tmp_path), 1e9)
    assert not check.ok
    assert "need 1000000000.0 GB" in check.found
    assert "free" in check.fix


@pytest.mark.parametrize(
    ("free", "same_disk", "ok"),
    [
        (2.6, True, [False]),
        (3.3, True, [True]),
        (2.6, False, [True, True]),
        (0.6, False, [False] * 2),
    ],
)
def test_space_for_the_installation_and_for_pip(tmp_path, monkeypatch, free, same_disk, ok):
    usage = namedtuple("usage", "free")
    temporary = str(tmp_path / "temporary")
    devices = {str(tmp_path): 1, temporary: 1 if same_disk else 2}
    monkeypatch.setattr(preflight, "_device", devices.get)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: usage(free * 1e9))
    found = preflight.check_install_space(str(tmp_path), temporary)
    assert [check.ok for check in found] == ok
    assert ("TMPDIR" in found[-1].fix) is not ok[-1]


@pytest.mark.parametrize(
    ("made_for", "python", "ok"),
    [(None, True, True), ("/old/place", True, False), (None, False, False)],
)
def test_environment(tmp_path, made_for, python, ok):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / ".installed").write_text(f"{made_for or tmp_path}\n")
    target = Path(sys.executable) if python else tmp_path / "removed"
    (tmp_path / ".venv" / "bin" / "python").symlink_to(target)
    check = preflight.check_environment(str(tmp_path))
    assert check.ok is ok
    assert check.fix == ("" if ok else "rm -rf .venv && make install")


def test_preflight_is_silent_on_a_suitable_machine(tmp_path, capsys):
    assert preflight.main([str(tmp_path)]) == 0
    assert capsys.readouterr() == ("", "")


def test_preflight_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(preflight, "INSTALL_GB", 1e9)
    monkeypatch.setattr(preflight.sys, "version_info", (3, 9, 18, "final", 0))
    assert preflight.main([str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "nothing was downloaded" in told
    assert "FAULT Python: 3.9.18" in told
    assert "FAULT disk space" in told


@pytest.mark.parametrize(("user", "told"), [(0, "apt-get install"), (1000, "sudo apt-get install")])
def test_root_needs_no_sudo(monkeypatch, user, told):
    monkeypatch.setattr(preflight.os, "geteuid", lambda: user)
    fault = preflight.Check("libgomp", False, "missing", "sudo apt-get install -y libgomp1")
    assert preflight.report_lines([fault])[1].strip() == f"{told} -y libgomp1"


# --- make ----------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path):
    """A copy of what `make` needs, without an environment, in a folder with a space."""
    folder = tmp_path / "my course"
    (folder / "bisenet_lib" / "course").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "bisenet_lib/course/preflight.py"):
        shutil.copy(ROOT / name, folder / name)
    for path in ROOT.glob("requirements*.lock"):
        shutil.copy(path, folder / path.name)
    return folder


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],  # printed where make itself runs the tests
        cwd=folder,
        env={**os.environ, "MAKEFLAGS": "", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def fake_python(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_make_alone_lists_the_targets(project):
    listed = make(project).stdout
    for target in ("run", "test", "lab", "doctor", "install", "clean"):
        assert re.search(rf"^{target} ", listed, re.M)


def test_make_with_an_old_python_stops_before_anything_is_made(project):
    old = fake_python(
        project / "bin",
        "python3",
        f'exec "{sys.executable}" -c "import sys, runpy; sys.version_info = (3, 9, 18);'
        ' sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name=\'__main__\')" "$@"',
    )
    done = make(project, "run", f"PYTHON={old}")
    assert done.returncode != 0
    assert "need 3.11, 3.12 or 3.13" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / ".venv").exists()


def test_make_passes_over_a_shim_that_does_not_run(project):
    shims = project / "shims"
    for name in ("python3.13", "python3.12"):
        fake_python(shims, name, "echo 'no such version' >&2; exit 127")
    fake_python(shims, "python3.11", f'exec "{sys.executable}" "$@"')
    done = make(project, "-n", "install", PATH=f"{shims}:{os.environ['PATH']}")
    chosen = Path(shlex.split(done.stdout)[0])
    assert chosen.resolve() == Path(sys.executable).resolve()


def test_make_lets_uv_bring_a_python(project):
    """Where none of the computer's own is suitable."""
    tools = project / "tools"
    for name in ("python3.13", "python3.12", "python3.11", "python3", "python"):
        fake_python(tools, name, "exit 1")
    fake_python(tools, "uv", f'[ "$2" = find ] && echo "{sys.executable}"; exit 0')
    done = make(project, "-n", "install", PATH=f"{tools}:{os.environ['PATH']}")
    assert Path(shlex.split(done.stdout)[0]) == Path(sys.executable)


def test_an_interrupted_install_starts_again_and_a_whole_one_does_not(project):
    (project / ".venv").mkdir()
    assert "-m venv --clear .venv" in make(project, "-n", "install").stdout
    (project / ".venv" / ".installed").write_text(f"{project}\n")
    assert "venv" not in make(project, "-n", "install").stdout
    (project / "requirements.lock").touch()
    again = make(project, "-n", "install").stdout
    assert "-m venv  .venv" in again
    assert "pip install --no-deps --no-build-isolation -r requirements.lock" in again


def test_make_run_passes_the_profile_and_the_data_set(project):
    shown = make(project, "-n", "run", "PROFILE=smoke", "CITYSCAPES=/my data").stdout
    assert '--profile smoke --cityscapes "/my data"' in shown


@pytest.fixture
def installed(project):
    """The copy with an environment whose programs only tell how they were called."""
    binaries = project / ".venv" / "bin"
    binaries.mkdir(parents=True)
    for name in (
        "python",
        "bisenet",
        "jupyter",
        "pytest",
        "ruff",
        "codespell",
        "lint-imports",
        "mypy",
    ):
        fake_python(binaries, name, f'echo "CALLED {name} $*"')
    (project / "data").mkdir()
    (project / "notebooks").mkdir()
    (project / "notebooks" / "00_start.ipynb").touch()
    (project / ".venv" / ".installed").write_text(f"{project}\n")
    return project


@pytest.mark.parametrize(
    ("target", "called"),
    [
        ("doctor", "bisenet doctor"),
        ("run", "bisenet course run"),
        ("outputs", "jupyter nbconvert"),
        ("test", "pytest --numprocesses 2 --dist loadfile tests"),
        ("check", "mypy"),
        ("lint", "ruff format"),
        ("lab", "jupyter lab"),
        ("install-gpu", "python -m pip install paddlepaddle-gpu=="),
        ("openvino", "python -m pip install --no-deps openvino==2"),
        ("slides", "python tools/publish/slides.py runs/slides"),
        ("site", "python -m pip install --no-deps -r requirements.extra.lock"),
    ],
)
def test_make_works_in_a_folder_with_a_space(installed, target, called):
    done = make(installed, target)
    assert done.returncode == 0, done.stderr
    assert f"CALLED {called}" in done.stdout


def test_make_installs_into_a_folder_with_a_space(installed):
    (installed / ".venv" / ".installed").unlink()
    python = fake_python(installed / "bin", "python3", 'echo "CALLED python3 $*"')
    done = make(installed, "install", f"PYTHON={python}")
    assert done.returncode == 0, done.stderr
    assert "CALLED python -m pip install --no-deps" in done.stdout
    assert (installed / ".venv" / ".installed").read_text() == f"{installed}\n"


def test_make_clean_keeps_the_runs(installed):
    (installed / "runs").mkdir()
    (installed / "data" / "minicity").mkdir(parents=True)
    assert make(installed, "clean").returncode == 0
    assert (installed / "runs").exists()
    assert not (installed / ".venv").exists() and not (installed / "data" / "minicity").exists()


# --- a start without an installation ---------------------------------------------------------


def test_the_dev_container_installs_what_preflight_asks_for_and_runs_make():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    version = re.search(r"python:(\d+)\.(\d+)-", container["image"])
    assert tuple(map(int, version.groups())) in preflight.PYTHONS
    assert container["onCreateCommand"] == preflight.GET_LIBRARIES["apt-get"]
    command, target = container["updateContentCommand"].split()
    assert (command, target in MAKEFILE_TARGETS) == ("make", True)
    assert container["forwardPorts"] == [PORTS[0]]
    for port in container["portsAttributes"].values():
        assert port["label"].removeprefix("make ") in MAKEFILE_TARGETS
    for name in container["customizations"]["codespaces"]["openFiles"]:
        assert (ROOT / name).is_file()


def test_binder_takes_the_python_and_the_libraries_that_preflight_asks_for():
    files = {path.name: path.read_text().split() for path in (ROOT / ".binder").iterdir()}
    assert set(files) == {"runtime.txt", "apt.txt", "postBuild"}  # and no environment of its own
    version = files["runtime.txt"][0].removeprefix("python-")
    assert tuple(map(int, version.split("."))) in preflight.PYTHONS
    asked = preflight.GET_LIBRARIES["apt-get"].partition("install -y ")[2].split()
    assert set(files["apt.txt"]) == {"make", *asked}


def test_binder_installs_the_course_and_gives_its_own_server_the_kernel(installed):
    shutil.copytree(ROOT / ".binder", installed / ".binder")
    server = installed / "server"
    server.mkdir()
    fake_python(server / "bin", "python", f'exec "{sys.executable}" "$@"')
    done = subprocess.run(
        [installed / ".binder" / "postBuild"],
        cwd=installed,
        env={"PATH": os.environ["PATH"], "HOME": str(installed), "KERNEL_PYTHON_PREFIX": server},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    called = re.findall("^CALLED (.*)", done.stdout, re.M)
    assert called == [
        "bisenet minicity data/minicity",
        f"python -m ipykernel install --prefix {server}",
    ]
