import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bisenet_lib.common.atomic_files import clear_leftovers, write_text, written_whole
from bisenet_lib.common.parallel import each, every
from bisenet_lib.errors import InputError

pytestmark = pytest.mark.slow


def inverse(number: int) -> float:
    if number == 0:
        raise InputError("number is 0")
    return 1 / number


def defect(number: int) -> int:
    return [][number]


def killed(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def touch_slowly(path: Path) -> None:
    time.sleep(0.05)
    path.touch()


def test_every_gives_all_results_in_order_or_names_what_failed():
    assert every(inverse, [4, 1, 2], workers=2) == [0.25, 1, 0.5]
    with pytest.raises(InputError, match=r"^number is 0$"):
        every(inverse, [4, 0, 2])


@pytest.mark.parametrize("workers", [1, 2])
def test_one_bad_item_neither_stops_nor_hides_in_the_rest(workers):
    results = dict(each(inverse, [4, 0, 2], workers=workers))
    assert results[4] == 0.25 and results[2] == 0.5
    assert isinstance(results[0], InputError) and str(results[0]) == "number is 0"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_defect_is_raised(workers):
    with pytest.raises(IndexError):
        list(each(defect, [1, 2, 3], workers=workers))


def test_a_killed_worker_is_reported():
    with pytest.raises(InputError, match="workers is 2: one of them was killed"):
        list(each(killed, [1, 2], workers=2))


def test_no_items_and_no_workers():
    assert list(each(inverse, [], workers=2)) == []
    with pytest.raises(InputError, match="workers is 0"):
        list(each(inverse, [1], workers=0))


def test_leaving_early_drops_what_has_not_begun(tmp_path):
    for _ in each(touch_slowly, [tmp_path / str(number) for number in range(40)], workers=2):
        break
    assert 0 < len(list(tmp_path.iterdir())) < 20


def test_workers_end_when_their_parent_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import time\nfrom bisenet_lib.common.parallel import each\n"
        "if __name__ == '__main__':\n"
        "    for _ in each(time.sleep, [0.01, 60, 60], workers=2):\n"
        "        print('one is done', flush=True)\n"
    )
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE)
    assert parent.stdout.readline() == b"one is done\n"
    workers = psutil.Process(parent.pid).children()
    assert len(workers) >= 2
    parent.kill()
    parent.wait()
    assert not psutil.wait_procs(workers, timeout=20)[1]
    parent.stdout.close()


@pytest.mark.parametrize("begun", [False, True])
def test_ctrl_c_ends_workers_at_once_and_without_a_traceback(tmp_path, begun):
    """A terminal sends it to all of them, while they start or when each has its items."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys, time\nfrom bisenet_lib.common.parallel import each\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        "        for _ in each(time.sleep, [0.1] * 8 + [5] * 248, workers=2):\n"
        "            print('one is done', flush=True)\n"
        "    except KeyboardInterrupt:\n"
        "        sys.exit('interrupted')\n"
    )
    parent = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    if begun:
        parent.stdout.readline()
    while len(psutil.Process(parent.pid).children()) < 3:  # with multiprocessing's own
        time.sleep(0.01)
    os.killpg(parent.pid, signal.SIGINT)
    _, printed = parent.communicate(timeout=15)  # eight more items take 40 s
    assert parent.returncode == 1
    assert "interrupted" in printed and "Traceback" not in printed, printed


def test_written_whole_replaces_only_on_success(tmp_path):
    path = tmp_path / "new" / "list.txt"
    write_text(path, "old\n")
    with pytest.raises(RuntimeError), written_whole(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old\n"
    write_text(path, "new\n")
    assert path.read_text() == "new\n"
    assert [file.name for file in path.parent.iterdir()] == ["list.txt"]


def test_a_file_where_the_folder_should_be_is_named(tmp_path):
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(InputError, match=r"run/list\.txt: cannot be written"):
        write_text(tmp_path / "run" / "list.txt", "text")
    (tmp_path / "list.txt").mkdir()
    with pytest.raises(InputError, match=r"list\.txt: cannot be written"):
        write_text(tmp_path / "list.txt", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.txt", "run"]


def test_clear_leftovers_of_dead_processes_only(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = tmp_path / f".a.{ended.pid}.part.png"
    mine = tmp_path / f".a.{os.getpid()}.part.png"
    others = [tmp_path / "a.part.png", tmp_path / ".a.part", tmp_path / "b.png"]
    for path in (dead, mine, *others):
        path.touch()
    clear_leftovers(tmp_path)
    assert not dead.exists()
    assert all(path.exists() for path in (mine, *others))
    clear_leftovers(Path(tmp_path / "absent"))
