"""Running notebooks: a good one, a failing one, one that dies, and parameters refused."""

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from bisenet_lib.cli.main import app
from bisenet_lib.course import notebook, parameters, runner
from bisenet_lib.errors import InputError

pytestmark = pytest.mark.slow

PARAMETERS = """profile: str = "laptop"  # smoke, laptop or cityscapes
dataset: str = "../data/minicity"
run_dir: str = "../runs/laptop/x"
iterations: int = 5  # steps of training
rate: float = 0.05"""
GOOD = [
    "import os, sys",
    "block = bytearray(150_000_000)",
    "os.system('echo from a child')",
    "from bisenet_lib.course import notebook",
    "notebook.report_result(run_dir, f'mIoU 0.5 after {iterations}', python=sys.executable,"
    " where=os.getcwd(), dataset=dataset, profile=profile)",
]
BAD = [
    "import subprocess, sys",
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
    " start_new_session=True); open('child', 'w').write(str(child.pid))",
    "import time; time.sleep(1); {}['missing']",
    "print('never')",
]


@pytest.fixture
def write(notebook_writer):
    def with_parameters(path, cells, parameters=PARAMETERS):
        notebook_writer(path, cells, parameters)

    return with_parameters


@pytest.fixture
def folder(tmp_path, write):
    (tmp_path / "city" / "leftImg8bit").mkdir(parents=True)
    write(tmp_path / "notebooks" / "00_good.ipynb", GOOD)
    return tmp_path


def run_folder(folder: Path, profile: str = "laptop", **given) -> Path:
    """Where :func:`run` leaves its results."""
    named = given | {"dataset": str(folder / "city")}
    return folder / "runs" / f"{profile},{parameters.name_of(named)}"


def run(folder: Path, **options) -> tuple[list[runner.Outcome], str]:
    shown = io.StringIO()
    outcomes = runner.run(
        runner.notebooks(folder / "notebooks"),
        cityscapes=folder / "city",
        runs_dir=folder / "runs",
        console=Console(file=shown, width=200),
        **options,
    )
    return outcomes, shown.getvalue()


def test_a_notebook_runs_and_its_result_is_tabulated(folder):
    (outcome,), shown = run(folder, profile="smoke", parameters={"iterations": 7, "rate": 1})
    assert outcome.error == ""
    assert outcome.headline == "mIoU 0.5 after 7"
    assert outcome.seconds > 0
    assert outcome.peak_mb > 150, "the 150 MB that the notebook takes are in it"
    assert "mIoU 0.5 after 7" in shown
    assert "total" in shown

    run_dir = run_folder(folder, "smoke", iterations=7, rate=1) / "00_good"
    results = json.loads((run_dir / "results.json").read_text())
    assert results["python"] == sys.executable
    assert results["where"] == str(folder / "notebooks")
    assert results["dataset"] == str(folder / "city")
    assert results["profile"] == "smoke"
    assert "mIoU 0.5 after 7" in (run_dir / "00_good.html").read_text()
    assert nbformat.read(run_dir / "00_good.ipynb", as_version=4).cells[-1].outputs
    record = json.loads((run_dir.parent / "course.json").read_text())
    assert record["notebooks"]["00_good"]["headline"] == "mIoU 0.5 after 7"
    assert record["parameters"] == {"iterations": 7, "rate": 1}


def test_the_run_ends_in_a_page_with_the_headline_figure(folder):
    path = folder / "notebooks" / "00_good.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1:] = [
        nbformat.v4.new_markdown_cell("# 00 Good\n\n## A red square"),
        nbformat.v4.new_code_cell(
            "from PIL import Image\nImage.new('RGB', (3, 2), 'red')",
            metadata={"tags": ["headline"]},
        ),
    ]
    nbformat.write(notebook, path)
    (outcome,), shown = run(folder)
    page = run_folder(folder) / "index.html"
    assert shown.splitlines()[-1] == page.as_uri()
    assert outcome.figure == "A red square"
    figure = page.parent / "00_good" / "headline.png"
    assert Image.open(figure).getpixel((0, 0)) == (255, 0, 0)
    assert 'src="00_good/headline.png"' in page.read_text()
    assert "00_good/00_good.html" in page.read_text()

    notebook.cells[-1].source = "1 / 0"
    nbformat.write(notebook, path)
    run(folder)
    assert not figure.exists(), "the figure of an earlier run"
    assert "<img" not in page.read_text()


def test_the_page_is_written_after_each_notebook(folder, write):
    look = "from pathlib import Path; print((Path(run_dir).parent / 'index.html').read_text())"
    write(folder / "notebooks" / "01_look.ipynb", [look])
    run(folder)
    executed = nbformat.read(run_folder(folder) / "01_look" / "01_look.ipynb", as_version=4)
    seen = executed.cells[-1].outputs[0].text
    assert "Running 01_look." in seen
    assert "mIoU 0.5 after 5" in seen


def test_the_command_that_goes_on_is_the_same_run(folder, write):
    write(folder / "notebooks" / "01_bad.ipynb", BAD)
    changed = {"iterations": 7, "rate": 0.5}
    _, shown = run(folder, profile="smoke", parameters=changed)
    words = shlex.split(re.search(r"Go on with: bisenet (.*)", shown)[1])
    assert words[:3] == ["course", "run", "01_bad"]
    write(folder / "notebooks" / "01_bad.ipynb", ["iterations", "rate"])
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    record = json.loads((run_folder(folder, "smoke", **changed) / "course.json").read_text())
    assert [one["error"] for one in record["notebooks"].values()] == ["", ""]
    assert "Go on with" not in result.output


def test_the_kernel_is_this_python_whatever_the_user_has(folder, monkeypatch):
    spec = folder / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    theirs = {"argv": ["false"], "display_name": "another", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(theirs))
    monkeypatch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
    (outcome,), _ = run(folder)
    assert outcome.error == ""


def test_a_failing_notebook_stops_the_course_and_says_where(folder, write):
    write(folder / "notebooks" / "01_bad.ipynb", BAD)
    write(folder / "notebooks" / "02_never.ipynb", GOOD)
    outcomes, shown = run(folder)
    assert [one.notebook for one in outcomes] == ["00_good", "01_bad"]
    assert "cell In [5]: KeyError: 'missing'" in outcomes[1].error
    assert "01_bad.ipynb, cell In [5]: KeyError" in shown
    assert "mIoU 0.5 after 5" in shown, "the table so far is shown"
    bad = run_folder(folder) / "01_bad"
    assert str(bad / "01_bad.html") in shown
    assert "KeyError" in (bad / "01_bad.html").read_text()
    assert not (run_folder(folder) / "02_never").exists()


def test_what_a_notebook_leaves_running_is_ended(folder, write):
    write(folder / "notebooks" / "01_bad.ipynb", BAD)
    run(folder)
    child = int((folder / "notebooks" / "child").read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"


def test_a_kernel_that_dies_is_told(folder, write):
    write(folder / "notebooks" / "00_good.ipynb", ["import os", "os.kill(os.getpid(), 9)"])
    (outcome,), shown = run(folder)
    assert "its process died" in outcome.error
    assert "kernel.log" in shown


def test_an_old_headline_is_not_taken_for_a_new_one(folder, write):
    run(folder)
    write(folder / "notebooks" / "00_good.ipynb", ["print('no report')"])
    (outcome,), _ = run(folder)
    assert outcome.headline == ""


def test_a_part_of_the_course_leaves_the_rest_of_the_record(folder, write):
    run(folder)
    write(folder / "notebooks" / "01_more.ipynb", ["1"])
    (folder / "notebooks" / "00_good.ipynb").unlink()
    run(folder)
    record = json.loads((run_folder(folder) / "course.json").read_text())
    assert list(record["notebooks"]) == ["00_good", "01_more"]


def test_two_data_sets_have_a_folder_each_and_minicity_the_plain_one(folder, write):
    write(folder / "notebooks" / "00_good.ipynb", ["1"])
    run(folder)
    (folder / "town").symlink_to(folder / "city")
    paths = runner.notebooks(folder / "notebooks")
    options = {"runs_dir": folder / "runs", "console": Console(quiet=True)}
    runner.run(paths, cityscapes=folder / "town", **options)
    assert list((folder / "runs").iterdir()) == [run_folder(folder)], "a link is the same data set"
    for name in ("town", "data/minicity"):
        (folder / name).unlink(missing_ok=True)
        (folder / name / "leftImg8bit").mkdir(parents=True)
    runner.run(paths, cityscapes=folder / "town", **options)
    runner.run(paths, **options)
    assert len(list((folder / "runs").iterdir())) == 3
    assert (folder / "runs" / "laptop" / "course.json").is_file()


@pytest.mark.parametrize(
    "old", [b"{", b"\xff", b"[]", b"7", b"{}", b'{"dataset": "CITY", "notebooks": 7}']
)
def test_a_record_that_cannot_be_read_is_dropped(folder, old, write):
    write(folder / "notebooks" / "00_good.ipynb", ["1"])
    path = run_folder(folder) / "course.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(old.replace(b"CITY", os.fsencode(folder / "city")))
    run(folder)
    assert list(json.loads(path.read_text())["notebooks"]) == ["00_good"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"parameters": {"iteration": 3}}, "did you mean 'iterations'?"),
        ({"parameters": {"zzz": 3}}, "there are: profile, dataset"),
        ({"parameters": {"iterations": "many"}}, "must be of type int"),
        ({"parameters": {"iterations": True}}, "must be of type int"),
        ({"parameters": {"profile": "smoke"}}, "set by the option --profile"),
        ({"parameters": {"run_dir": "x"}}, "set by the option --runs-dir"),
        ({"profile": "tiny"}, "smoke, laptop, cityscapes"),
    ],
)
def test_a_mistake_is_refused_before_anything_runs(folder, options, told):
    with pytest.raises(InputError, match=told.replace("?", r"\?")):
        run(folder, **options)
    assert not (folder / "runs").exists()


def test_a_data_set_that_is_not_there(folder):
    (folder / "city" / "leftImg8bit").rmdir()
    with pytest.raises(InputError, match="leftImg8bit/ and gtFine/"):
        run(folder)


def test_the_cityscapes_profile_needs_the_data_set(folder):
    with pytest.raises(InputError, match="--cityscapes DIR"):
        runner.run(runner.notebooks(folder / "notebooks"), profile="cityscapes")


def test_times_are_kept_of_both_profiles(folder, write):
    (folder / "data").mkdir()
    (folder / "city").rename(folder / "data" / "minicity")
    write(folder / "notebooks" / "00_good.ipynb", ["1"])
    paths = runner.notebooks(folder / "notebooks")
    runs = folder / "runs"
    kept = folder / "times.json"
    runner.run(paths, profile="smoke", runs_dir=runs, console=Console(quiet=True))
    with pytest.raises(InputError, match="run: bisenet course run 00_good --profile laptop"):
        runner.keep_times(paths, kept, runs)
    assert not kept.exists()
    (outcome,) = runner.run(paths, runs_dir=runs, console=Console(quiet=True))
    runner.keep_times(paths, kept, runs)
    measured = json.loads(kept.read_text())
    assert list(measured) == ["smoke", "laptop"]
    told = {"seconds": outcome.seconds, "peak_mb": outcome.peak_mb}
    assert measured["laptop"] == {"00_good": told}


def test_notebooks_are_found_by_the_start_of_their_names(folder, write):
    write(folder / "notebooks" / "01_more.ipynb", ["1"])
    found = runner.notebooks(folder / "notebooks", ["01"])
    assert [path.stem for path in found] == ["01_more"]
    with pytest.raises(InputError, match="there are: 00_good, 01_more"):
        runner.notebooks(folder / "notebooks", ["07"])
    with pytest.raises(InputError, match="no notebook"):
        runner.notebooks(folder / "city")


def test_report_writes_numbers_and_arrays(tmp_path, capsys):
    notebook.report_result(tmp_path / "run", "mIoU 0.5", miou=np.float32(0.5), iou=np.array([1, 2]))
    assert capsys.readouterr().out == "mIoU 0.5\n"
    written = json.loads((tmp_path / "run" / "results.json").read_text())
    assert written == {"headline": "mIoU 0.5", "miou": 0.5, "iou": [1, 2]}


def test_a_sweep_has_one_miou_to_compare(tmp_path):
    with pytest.raises(TypeError, match="list"):
        notebook.report_result(tmp_path / "run", "mIoU 0.4 -> 0.5", miou=[0.4, 0.5])
    assert not (tmp_path / "run" / "results.json").exists()


TYPED = """flag: bool = False
names = ["a"]
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("iterations=3", 3),
        ("rate=1e-3", 0.001),
        ("rate=2", 2.0),
        ("profile=123", "123"),
        ("profile=true", "true"),
        ("profile=", ""),
        ("run_dir=a=[b", "a=[b"),
        ("flag=True", True),
        ("flag=false", False),
        ("names=[b, 3]", ["b", 3]),
    ],
)
def test_parameters_are_read_as_what_the_notebook_declares(folder, text, value, write):
    write(folder / "notebooks" / "01_typed.ipynb", ["1"], TYPED)
    paths = runner.notebooks(folder / "notebooks")
    (read,) = parameters.parse_parameters([text], paths).values()
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("iterations", "name=value"),
        ("iterations=[1", r"'iterations' is '\[1'; it must be of type int, such as 100"),
        ("iterations=1.5", "'iterations' is '1.5'; it must be of type int"),
        ("iterations=", "'iterations' is ''; it must be of type int"),
        ("rate=fast", "'rate' is 'fast'; it must be of type float, such as 0.05"),
        ("flag=yes", "'flag' is 'yes'; it must be of type bool, such as true or false"),
        ("names=[1", r"'names' is '\[1', which cannot be read; write it as in YAML"),
        ("iteration=1", "did you mean 'iterations'?"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_named(folder, text, told, write):
    write(folder / "notebooks" / "01_typed.ipynb", ["1"], TYPED)
    with pytest.raises(InputError, match=told):
        parameters.parse_parameters([text], runner.notebooks(folder / "notebooks"))


def test_the_command_reads_parameters_by_the_notebooks_types(folder):
    arguments = ["--cityscapes", folder / "city", "--runs-dir", folder / "runs"]
    command = ["course", "run", "--notebooks", folder / "notebooks", *arguments]
    command = [*map(os.fspath, command), "-p"]
    result = CliRunner().invoke(app, [*command, "iterations=[1"])
    assert isinstance(result.exception, InputError)
    result = CliRunner().invoke(app, [*command, "iterations", "--profile", "smoke"])
    assert "'iterations': write it as name=value" in str(result.exception)
    result = CliRunner().invoke(app, [*command, "rate=1e-3", "-p", "iterations", "3"])
    assert result.exit_code == 0
    run_dir = run_folder(folder, iterations=3, rate=0.001) / "00_good"
    assert json.loads((run_dir / "results.json").read_text())["headline"] == "mIoU 0.5 after 3"


@pytest.fixture
def installed(tmp_path):
    """Run the ``bisenet`` command with a library that lies outside the course's folder."""
    library = Path(runner.__file__).parents[1]
    shutil.copytree(library, tmp_path / "site" / library.name)

    def ask(where: Path, *words: str) -> str:
        command = [Path(sys.executable).with_name("bisenet"), *words]
        env = os.environ | {"PYTHONPATH": str(tmp_path / "site"), "COLUMNS": "200"}
        done = subprocess.run(command, cwd=where, env=env, capture_output=True, text=True)
        return done.stdout + done.stderr

    return ask


def test_an_installed_library_says_where_to_give_the_command(installed, tmp_path):
    told = installed(tmp_path, "course", "run")
    assert told.startswith(f"error: {tmp_path}: not in the course's folder, and bisenet_lib is")
    assert "--notebooks DIR" in told and "Traceback" not in told


def test_an_installed_library_finds_the_course_it_is_called_in(installed):
    notebooks = Path(runner.__file__).parents[2] / "notebooks"
    assert "03_training" in installed(notebooks / "images", "course", "params", "03")


def test_the_doctor_of_an_installed_library_asks_for_nothing_beside_it(installed, tmp_path):
    told = installed(tmp_path, "doctor")
    assert f"--    course: not in {tmp_path}" in told
    assert str(tmp_path / "site") not in told and "git checkout" not in told


def test_papermill_itself_runs_a_notebook(folder):
    command = [sys.executable, "-m", "papermill", "00_good.ipynb", "../executed.ipynb"]
    command += ["-p", "iterations", "9", "-p", "run_dir", "../runs/mine"]
    done = subprocess.run(command, cwd=folder / "notebooks", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    results = json.loads((folder / "runs" / "mine" / "results.json").read_text())
    assert results["headline"] == "mIoU 0.5 after 9"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"iters": 500, "rate": 0.02}, "iters=500,rate=0.02"),
        ({"rate": 0.02, "iters": 500}, "iters=500,rate=0.02"),
        ({"run": "a/b"}, "run=a_b,"),
        ({"run": "a_b"}, "run=a_b"),
        ({"rate": 1e-05, "flag": True}, "flag=true,rate=1e-05"),
        ({"run": "ü" * 300}, "run=" + 116 * "_" + ","),
    ],
)
def test_a_folder_is_named_after_its_parameters(given, name):
    made = parameters.name_of(given)
    assert re.fullmatch(re.escape(name) + ("[0-9a-f]{8}" if name.endswith(",") else ""), made)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"run": "a,seed=1"}, {"run": "a", "seed": 1}),
        ({"run": "a=b"}, {"run": "a_b"}),
        ({"run": "a/b"}, {"run": "a?b"}),
        ({"run": "best"}, {"run": "Best"}),
        ({"seed": 1}, {"seed": "1"}),
        ({"flag": True}, {"flag": "true"}),
        ({"run": None}, {"run": "null"}),
        ({"run": "x" * 200}, {"run": "x" * 201}),
    ],
)
def test_other_parameters_have_another_folder_also_where_case_does_not_count(one, other):
    assert parameters.name_of(one).lower() != parameters.name_of(other).lower()


def test_the_command_lists_the_parameters(folder):
    result = CliRunner().invoke(
        app, ["course", "params", "--notebooks", str(folder / "notebooks")], terminal_width=200
    )
    assert result.exit_code == 0
    assert "iterations" in result.output
    assert "steps of training" in result.output


def test_the_command_fails_when_a_notebook_does(folder, write):
    write(folder / "notebooks" / "00_good.ipynb", ["1 / 0"])
    arguments = ["--cityscapes", folder / "city", "--runs-dir", folder / "runs"]
    command = ["course", "run", "--notebooks", folder / "notebooks", *arguments]
    result = CliRunner().invoke(app, [os.fspath(one) for one in command])
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.output
