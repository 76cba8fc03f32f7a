"""Claims on folders that several processes and hosts share."""

import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from bisenet_lib.common import claims
from bisenet_lib.common.claims import CLAIM, Owner, Taken, claimed, owner_of, this_process
from bisenet_lib.errors import InputError

COUNTING = """
import sys, time
from pathlib import Path
from bisenet_lib.common.claims import Taken, claimed

folder, done = Path(sys.argv[1]), 0
while done < 10:
    try:
        with claimed(folder):
            number = int((folder / "count").read_text())
            time.sleep(0.001)
            (folder / "count").write_text(str(number + 1))
            done += 1
    except Taken:
        time.sleep(0.001)
"""


def write_claim(folder, owner: Owner, age: float = 0) -> None:
    path = folder / CLAIM
    path.write_text(json.dumps(owner.__dict__))
    os.utime(path, (time.time() - age, time.time() - age))


@pytest.mark.slow
def test_of_several_processes_one_has_it_at_a_time(tmp_path):
    (tmp_path / "count").write_text("0")
    command = [sys.executable, "-c", COUNTING, str(tmp_path)]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(120) for process in processes] == [0] * 4
    assert (tmp_path / "count").read_text() == "40"
    assert owner_of(tmp_path) is None and not (tmp_path / CLAIM).exists()


def test_it_is_released_also_after_a_failure(tmp_path):
    with pytest.raises(KeyError), claimed(tmp_path / "new"):
        assert owner_of(tmp_path / "new") == this_process()
        with pytest.raises(Taken, match=f"process {os.getpid()} on "), claimed(tmp_path / "new"):
            pass
        raise KeyError
    assert owner_of(tmp_path / "new") is None
    with claimed(tmp_path / "new") as claim:
        assert claim.holds()


def test_that_of_a_process_which_has_ended_is_void(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    began = psutil.Process(ended.pid).create_time()
    ended.wait()
    write_claim(tmp_path, Owner(this_process().host, ended.pid, began))
    with claimed(tmp_path) as claim:
        assert claim.holds()


def test_another_process_with_its_number_is_not_its_owner(tmp_path):
    mine = this_process()
    write_claim(tmp_path, Owner(mine.host, mine.pid, mine.began - 1000))
    with claimed(tmp_path) as claim:
        assert claim.holds()


def test_on_another_host_it_is_void_when_it_is_no_longer_renewed(tmp_path):
    owner = Owner("elsewhere", os.getpid(), this_process().began)
    write_claim(tmp_path, owner, age=claims.LOST_SECONDS - 60)
    with pytest.raises(Taken, match="on elsewhere"), claimed(tmp_path):
        pass
    write_claim(tmp_path, owner, age=claims.LOST_SECONDS + 60)
    assert owner_of(tmp_path) is None
    with claimed(tmp_path) as claim:
        assert claim.holds()


def test_one_that_was_cut_off_counts_until_it_is_old(tmp_path):
    (tmp_path / CLAIM).write_text('{"host": "some')
    with pytest.raises(Taken, match="unknown host"), claimed(tmp_path):
        pass
    os.utime(tmp_path / CLAIM, (1, 1))
    with claimed(tmp_path) as claim:
        assert claim.holds()


def test_it_is_renewed_and_one_that_was_lost_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "RENEWED_SECONDS", 0.02)
    with claimed(tmp_path) as claim:
        os.utime(tmp_path / CLAIM, (1, 1))
        until = time.monotonic() + 10
        while (tmp_path / CLAIM).stat().st_mtime < 2:
            assert time.monotonic() < until, "the claim was not renewed"
            time.sleep(0.01)
        write_claim(tmp_path, Owner("elsewhere", 1, 1))
        assert not claim.holds()
    assert owner_of(tmp_path) == Owner("elsewhere", 1, 1)


def test_a_full_disk_is_named_and_no_empty_claim_is_left(mount_disk):
    disk = mount_disk("1m")
    folder = disk / "run"
    folder.mkdir()
    (folder / claims.LOCK).touch()
    with pytest.raises(OSError), (disk / "filler").open("wb") as file:
        file.write(bytes(2 << 20))
    with pytest.raises(InputError, match="run: cannot be written"), claimed(folder):
        pass
    assert not (folder / CLAIM).exists()
