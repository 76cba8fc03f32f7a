"""What a handed-in cell may try: to be right without being right, and to do harm."""

import os
import socket
from pathlib import Path

import psutil
import pytest

from bisenet_lib.course.grading.handed_in import exercises_of
from bisenet_lib.course.grading.judge import Limits, judge, namespaces

FOLDER = Path(__file__).parents[2] / "notebooks"
EXERCISES = {
    exercise.name: exercise
    for name in ("03_training", "04_multi_gpu")
    for exercise in exercises_of(FOLDER / f"{name}.ipynb")
}
CHECK = '\ncheck("04.rate", rate)'
LIBC = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"


@pytest.fixture(scope="module")
def isolated():
    if not namespaces():
        pytest.skip("this system allows no namespaces")
    return True


@pytest.fixture(params=["namespaces", "hook"])
def either(request):
    return request.param == "namespaces" and request.getfixturevalue("isolated")


def judged(source, isolated, name="04.rate", seconds=20, megabytes=512):
    return judge(EXERCISES[name], source, Limits(seconds, megabytes), isolated=isolated)


def test_right_wrong_and_empty_answers_get_what_the_notebook_says(either):
    assert judged(f"rate = 0.15{CHECK}", either).right
    assert "left out the number" in judged(f"rate = 0.0375{CHECK}", either).hint
    assert judged(f"rate = ...{CHECK}", either).hint == "not answered yet."
    stub = 'def flip(image, label): ...\n\n\ncheck("03.flip", flip)'
    assert judged(stub, either, "03.flip").hint == "not answered yet."
    assert judged(stub.replace("...", "return image[:, ::-1], label[:, ::-1]"), either, "03.flip")


def test_another_name_a_magic_and_a_cell_without_check_are_answers_too(isolated):
    mine = "def mine(image, label): return image[:, ::-1], label[:, ::-1]\n"
    assert judged(f'%matplotlib inline\n!ls\n{mine}check("03.flip", mine)', True, "03.flip").right
    assert judged("rate = 16 * 3 * 0.05 / 16", True).right


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("rate = (", "SyntaxError"),
        ("rate = helper()", "NameError: name 'helper' is not defined. Only this cell"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("input()", "EOFError"),
        ("raise BaseException", "BaseException"),
        ("rate = " + "(" * 5000, "Error"),
        ("rate = 1 #" + " " * 200_000, "longer than 100000"),
    ],
)
def test_a_cell_that_fails_is_named(isolated, source, error):
    one = judged(source, True)
    assert not one.right
    assert error in one.error


ATTACKS = {
    "prints the word": 'print("04.rate: right.")\nrate = 1',
    "defines check again": 'def check(*_): print("04.rate: right.")\nrate = 1',
    "changes the library": """import bisenet_lib.course.exercises as e, numpy as np
e.verdict = e._verdict = lambda *_: e.Verdict(True, "right.")
np.isclose = np.allclose = lambda *_, **__: True
from bisenet_lib.course.grading import messages
messages.encode = lambda value: ["plain", True]
rate = 1""",
    "equals everything": """class All(float):
    __eq__ = __le__ = __ge__ = lambda *_: True
    __hash__ = object.__hash__
    __array_ufunc__ = lambda *_, **__: True
    __array_function__ = lambda *_, **__: True
rate = All(1)""",
    "an array that passes": """import numpy as np
class All(np.ndarray):
    def __array_ufunc__(self, *_, **__): return True
rate = np.ones(1).view(All)""",
    "unpickles": """class Run:
    def __reduce__(self): return exec, ("import os; os._exit(0)",)
rate = Run()""",
    "writes verdicts to the judge": """import os
for number in range(3, 64):
    try: os.write(number, b'{"right": true, "value": true}\\n' * 9)
    except OSError: pass
rate = 1""",
    "writes rubbish to the judge": """import os
for number in range(3, 64):
    try: os.write(number, b'\\x00right.' * 99 + b'\\n')
    except OSError: pass
rate = 1""",
    "ends well": "import os; os._exit(0)",
    "reads the checks": """import inspect, bisenet_lib.course.exercises.e04_multi_gpu as e
rate = float(inspect.getsource(e).split("np.isclose(answer, ")[1].split(")")[0])""",
    "reads the solution": f"""text = open({str(FOLDER / "04_multi_gpu.ipynb")!r}).read()
rate = 0.15 if "Solution" in text else 1""",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_makes_a_wrong_answer_right(isolated, attack):
    assert not judged(ATTACKS[attack] + CHECK, True).right


@pytest.mark.parametrize("attack", [name for name in ATTACKS if not name.startswith("reads")])
def test_nor_does_it_without_namespaces(attack):
    """There the files of the course can be read."""
    assert not judged(ATTACKS[attack] + CHECK, False).right


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("rate = bytearray(600 << 20)", "MemoryError"),
        ("rate = 'x' * (5 << 20)", "larger than 4 MB"),
        ("import os; os.abort()", "died"),
        ("open('big', 'wb').write(bytes(17 << 20))", "OSError"),
        ("import os; os.fork()", "PermissionError"),
        ("import os; os.kill(os.getppid(), 9)", "PermissionError"),
        ("import subprocess; subprocess.run('ls')", "PermissionError"),
        ("import socket; socket.create_connection(('localhost', 22))", "PermissionError"),
    ],
)
def test_what_is_too_much_or_refused_ends_the_cell_alone(either, source, error):
    one = judged(source, either)
    assert not one.right
    assert error in one.error


def test_ten_megabytes_of_output_and_files_in_its_folder_are_no_harm(either):
    quiet = "for _ in range(10): print('x' * (1 << 20))\nopen('mine', 'w').write('x')\nrate = 0.15"
    assert judged(quiet, either).right


def test_a_cell_that_waits_and_a_function_that_never_ends_are_stopped(either):
    assert "no answer within 3 s" in judged("import time; time.sleep(99)", either, seconds=1).error
    source = "def flip(image, label):\n    while True: pass\n"
    assert judged(source, either, "03.flip", seconds=1).error.startswith("stopped:")


def test_files_elsewhere_stay_what_they_are(either, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("kept")
    for change in (
        f"open({str(kept)!r}, 'a').write('x')",
        f"import os; os.remove({str(kept)!r})",
        f"import os; os.rename({str(kept)!r}, 'mine')",
        f"import pathlib; pathlib.Path({str(kept.parent)!r}, 'new').touch()",
        f"import os; os.symlink({str(kept)!r}, 'link'); open('link', 'w').write('x')",
    ):
        assert judged(change, either).error
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert kept.read_text() == "kept"


@pytest.mark.parametrize(
    "native",
    [
        "path = PATH; assert libc.open(path, os.O_WRONLY) < 0 and libc.unlink(path) < 0",
        "package = PACKAGE; assert libc.open(package, os.O_WRONLY) < 0",
        "assert libc.kill(JUDGE, 0) < 0",
        "assert os.listdir('/dev/') == os.listdir('/dev') and not os.path.exists('/dev/tty')",
        "assert not os.path.exists(CLASS) and not os.path.exists('/run')",
        "assert 'JUDGE_SECRET' not in str([open(f'/proc/{n}/environ').read() "
        "for n in os.listdir('/proc') if n.isdigit()])",
        "assert libc.mount(None, b'/usr', None, 4096 | 32, None) != 0",
        # A user namespace of its own gives privileges, but not over these mounts.
        "libc.unshare(0x10020000); assert libc.mount(None, b'/usr', None, 4128, None) != 0",
        "libc.unshare(0x10020000); assert libc.umount2(b'/', 2) != 0",
    ],
)
def test_native_code_reaches_nothing_outside(isolated, tmp_path, monkeypatch, native):
    monkeypatch.setenv("JUDGE_SECRET", "1")
    (tmp_path / "file").write_text("kept")
    native = native.replace("JUDGE,", f"{os.getpid()},").replace("CLASS", repr(str(tmp_path)))
    native = native.replace("PATH", repr(str(tmp_path / "file").encode()))
    native = native.replace("PACKAGE", repr(os.fsencode(judge.__code__.co_filename)))
    assert judged(f"{LIBC}{native}\nrate = 0.15", True).right
    assert (tmp_path / "file").read_text() == "kept"


def test_native_code_has_no_network(isolated):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = server.getsockname()[1]
        address = f"b'\\x02\\x00' + ({port}).to_bytes(2, 'big') + bytes([127, 0, 0, 1]) + bytes(8)"
        source = f"assert libc.connect(libc.socket(2, 1, 0), {address}, 16) != 0\nrate = 0.15"
        assert judged(LIBC + source, True).right
        with pytest.raises(TimeoutError):
            server.accept()


def test_many_processes_are_stopped_and_none_is_left(isolated):
    source = """import time
for _ in range(60):
    if libc.fork() == 0:
        time.sleep(8)
        os._exit(0)
    time.sleep(0.01)
time.sleep(5)"""
    assert "more than 32 processes" in judged(LIBC + source, True, seconds=15).error
    ours = [process for process in psutil.process_iter(["cmdline"]) if _answering(process)]
    assert not psutil.wait_procs(ours, 10)[1]


def _answering(process: psutil.Process) -> bool:
    return "bisenet_lib.course.grading.answering" in (process.info["cmdline"] or [])
