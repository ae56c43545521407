"""The lock: one holder at a time, the dead give way, other computers never do."""
from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from segcore import lock as lock_module
from segcore import safe_io
from segcore.errors import StorageError
from segcore.lock import NAME, Lock


@pytest.fixture
def dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def plant(folder: Path, **fields: object) -> None:
    row = {"pid": os.getppid(), "host": socket.gethostname(), "user": "ann", "started": "yesterday",
           "birth": lock_module._birth(os.getppid()), "folder_id": lock_module._folder_id(folder), **fields}
    (folder / NAME).write_text(json.dumps(row))


def test_only_one_holds_it_and_it_can_be_given_back(tmp_path: Path) -> None:
    one, two = Lock(tmp_path), Lock(tmp_path)
    assert one.acquire() and one.holder == ""
    assert not two.acquire() and str(os.getpid()) in two.holder
    two.release()
    assert (tmp_path / NAME).exists(), "who does not hold it cannot give it back"
    one.release()
    assert os.listdir(tmp_path) == [] and two.acquire()
    assert two.acquire(take_over=True)
    one.release()
    assert (tmp_path / NAME).exists()


def test_a_living_holder_is_named_and_kept(tmp_path: Path) -> None:
    plant(tmp_path)
    lock = Lock(tmp_path)
    os.utime(tmp_path / NAME, (4_000_000_000, 4_000_000_000))
    assert not lock.acquire()
    assert "ann on " + socket.gethostname() in lock.holder and str(os.getppid()) in lock.holder
    assert lock.acquire(take_over=True)


def test_another_computer_is_never_robbed_however_old_its_lock(tmp_path: Path, dead: int) -> None:
    plant(tmp_path, host="elsewhere", pid=dead, folder_id="x")
    os.utime(tmp_path / NAME, (0, 0))
    before = (tmp_path / NAME).read_bytes()
    lock = Lock(tmp_path)
    assert not lock.acquire() and "elsewhere" in lock.holder and (tmp_path / NAME).read_bytes() == before


def test_the_dead_give_way(tmp_path: Path, dead: int) -> None:
    for fields in ({"pid": dead}, {"pid": os.getpid()}, {"birth": "an earlier process of the same number"},
                   {"pid": os.getpid(), "birth": lock_module._birth(os.getpid())}, {"folder_id": "the original of this copy"}):
        plant(tmp_path, **fields)
        lock = Lock(tmp_path)
        assert lock.acquire(), fields
        lock.release()


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"{}", b"[1]", b'{"pid": "x", "host": 1}', bytes(99), b"[" * 99999,
                b'{"pid": Infinity, "host": ""}'], ids=range(8)
)
def test_a_damaged_lock_gives_way(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert Lock(tmp_path).acquire()


def test_a_lock_that_is_just_being_written_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).write_bytes(b"")
    monkeypatch.setattr(lock_module.time, "sleep", lambda seconds: plant(tmp_path))
    assert not Lock(tmp_path).acquire()


def test_a_lock_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(StorageError):
        Lock(tmp_path).acquire()


def test_a_copied_folder_is_free(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    original = Lock(tmp_path / "a")
    assert original.acquire()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert Lock(tmp_path / "b").acquire()
    (tmp_path / "link").symlink_to("a")
    assert not Lock(tmp_path / "link").acquire(), "the same folder by another name"


def test_a_fresh_lock_is_put_back_when_it_was_taken_for_the_stale_one(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    plant(tmp_path)
    fresh = (tmp_path / NAME).read_bytes()
    lock._set_aside(b"the stale one that was read a moment ago")
    assert (tmp_path / NAME).read_bytes() == fresh and os.listdir(tmp_path) == [NAME]


def test_of_many_that_start_at_once_one_gets_it(tmp_path: Path, dead: int) -> None:
    code = ("import sys, pathlib; sys.path.insert(0, sys.argv[2]); from segcore.lock import Lock\n"
            "lock = Lock(pathlib.Path(sys.argv[1])); print('ready', flush=True); sys.stdin.readline()\n"
            "print(lock.acquire(), flush=True); sys.stdin.readline()")
    plant(tmp_path, pid=dead)
    root = str(Path(__file__).parents[2])
    crowd = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), root], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) for _ in range(4)]
    for process in crowd:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in crowd:
        process.stdin.write("\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
    answers = [process.stdout.readline() for process in crowd]  # type: ignore[union-attr]
    for process in crowd:
        process.communicate("\n")
    assert sorted(answers) == ["False\n"] * 3 + ["True\n"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Protected(safe_io.FileSystem):
        def create(self, path: str, mode: int = 0o666) -> int:
            raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(safe_io, "FS", Protected())
    with pytest.raises(StorageError, match="write-protected"):
        Lock(tmp_path).acquire()
