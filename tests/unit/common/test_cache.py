"""What is kept in the user's cache: private, verified, bounded, and never another's."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bisenet_lib.common import cache
from bisenet_lib.errors import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "bisenet"


class Maker:
    """Writes a text, and counts how often."""

    def __init__(self, text="made"):
        self.text, self.calls = text, 0

    def __call__(self, path):
        self.calls += 1
        path.write_text(self.text)


def age(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_made_once_in_a_folder_of_the_user_alone(folder):
    make = Maker()
    path = cache.kept("key", ".onnx", make)
    assert path.read_text() == "made"
    assert cache.kept("key", ".onnx", make) == path
    assert make.calls == 1
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("mad"), lambda path: path.unlink()])
def test_a_changed_file_is_made_again(folder, spoil):
    path = cache.kept("key", ".onnx", Maker())
    spoil(path)
    assert cache.kept("key", ".onnx", Maker()).read_text() == "made"


def test_a_planted_file_is_not_taken(folder, tmp_path):
    """Under the right key, with the right digest in its name: a link, and another user's."""
    planted = tmp_path / "planted"
    planted.write_text("planted")
    folder.mkdir(parents=True)
    (folder / f"key-{cache.digest(planted)}.onnx").symlink_to(planted)
    assert cache.kept("key", ".onnx", Maker()).read_text() == "made"
    if os.geteuid() == 0:
        others = folder / f"other-{cache.digest(planted)}.onnx"
        others.write_text("planted")
        os.chown(others, 12345, 12345)
        assert cache.kept("other", ".onnx", Maker()).read_text() == "made"


def a_link(folder):
    (folder.parent / "elsewhere").mkdir(parents=True)
    folder.symlink_to(folder.parent / "elsewhere")
    return "a link or a file"


def open_to_others(folder):
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    return "other users may write there"


def of_another_user(folder):
    folder.mkdir(parents=True)
    if os.geteuid() != 0:
        pytest.skip("giving a folder away needs root")
    os.chown(folder, 12345, 12345)
    return "it belongs to another user"


def under_a_file(folder):
    folder.parent.write_text("")
    return "File exists"


@pytest.mark.parametrize("fault", [a_link, open_to_others, of_another_user, under_a_file])
def test_a_folder_that_is_not_private_is_refused(folder, fault):
    expected = fault(folder)
    make = Maker()
    with pytest.raises(InputError, match=f"bisenet: cannot keep .*{expected}.*XDG_CACHE_HOME"):
        cache.kept("key", ".onnx", make)
    assert make.calls == 0


def test_without_the_variable_it_is_below_the_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.kept("key", ".onnx", Maker()).parent == tmp_path / ".cache" / "bisenet"


def test_a_disk_that_is_full_leaves_nothing(mount_disk, monkeypatch):
    disk = mount_disk("1m")
    monkeypatch.setenv("XDG_CACHE_HOME", str(disk))
    with pytest.raises(InputError, match=r"bisenet: cannot keep .*No space left.*XDG_CACHE_HOME"):
        cache.kept("key", ".onnx", lambda path: path.write_bytes(bytes(2 << 20)))
    assert not list((disk / "bisenet").iterdir())


def test_a_failure_leaves_nothing(folder):
    def fail(path):
        path.write_text("half")
        raise InputError("no such weights")

    with pytest.raises(InputError, match="no such weights"):
        cache.kept("key", ".onnx", fail)
    assert not list(folder.iterdir())


def test_the_oldest_go_and_what_may_be_in_use_stays(folder):
    old = [cache.kept(f"old{number}", ".onnx", Maker()) for number in range(40)]
    for number, path in enumerate(old):
        age(path, 100_000 - number)
    half = folder / ".half.onnx"
    half.touch()
    age(half, 100_000)
    (folder / ".begun.onnx").touch()
    assert cache.kept("old3", ".onnx", Maker()) == old[3]  # used: the newest now
    new = cache.kept("new", ".onnx", Maker())
    names = {path for path in folder.iterdir() if path.name[0] != "."}
    assert names == {new, old[3], *old[-(cache.MOST_FILES - 2) :]}
    assert not half.exists()
    assert (folder / ".begun.onnx").exists()
    for number in range(cache.MOST_FILES + 3):
        cache.kept(f"at-once{number}", ".onnx", Maker())
    assert len(list(folder.glob("at-once*"))) == cache.MOST_FILES + 3


def test_many_at_once_all_get_a_whole_file(folder):
    """They may write different bytes; each file is named after its own."""

    def one(number: int) -> Path:
        return cache.kept("key", ".onnx", Maker(f"made by {number % 3}" * 1000))

    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(one, range(24)))
    assert all(path.stem.rpartition("-")[2] == cache.digest(path) for path in paths)
    assert not list(folder.glob(".*"))
