"""The writer: whole or not at all, through links, with its mode, and a disk that fails at any moment."""
from __future__ import annotations

import errno
import itertools
import os
import pickle
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from segcore import safe_io
from segcore.errors import StorageError

OLD, NEW = b"old content" * 50, b"new content" * 70


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "a.bin").write_bytes(OLD)
    return tmp_path / "a.bin"


class Failing(safe_io.FileSystem):
    """Fails one kind of call, from the n-th time on, `times` times."""

    def __init__(self, call: str, error: OSError | None, nth: int = 1, times: int = 10**9) -> None:
        self.call, self.error, self.nth, self.times, self.seen = call, error, nth, times, 0

    def _meet(self, call: str) -> bool:
        if call != self.call:
            return False
        self.seen += 1
        hit = self.nth <= self.seen < self.nth + self.times
        if hit and self.error is not None:
            raise self.error
        return hit

    def create(self, path: str, mode: int = 0o666) -> int:
        self._meet("create")
        return super().create(path, mode)

    def write(self, fd: int, data: memoryview) -> int:
        return 0 if self._meet("write") else super().write(fd, data[:100])

    def sync(self, fd: int) -> None:
        self._meet("sync")
        super().sync(fd)

    def read(self, path: str) -> bytes:
        return b"other" if self._meet("read") else super().read(path)

    def link(self, source: str, target: str) -> None:
        self._meet("link")
        super().link(source, target)

    def replace(self, source: str, target: str) -> None:
        self._meet("replace")
        super().replace(source, target)


@pytest.mark.parametrize(("call", "error", "nth"), [
    ("create", OSError(errno.ENOSPC, "full"), 1), ("create", PermissionError(errno.EACCES, "no"), 1),
    ("write", OSError(errno.ENOSPC, "full"), 3), ("write", OSError(errno.EDQUOT, "quota"), 1), ("write", None, 2),
    ("sync", OSError(errno.EIO, "bad disk"), 1), ("read", None, 1), ("read", OSError(errno.ESTALE, "gone"), 1),
    ("replace", OSError(errno.ENOTCONN, "share gone"), 1)])
def test_a_failing_disk_leaves_the_old_file_and_no_other(path: Path, monkeypatch: pytest.MonkeyPatch, call: str,
                                                         error: OSError | None, nth: int) -> None:
    monkeypatch.setattr(safe_io, "FS", Failing(call, error, nth))
    with pytest.raises(StorageError) as caught:
        safe_io.put(path, NEW)
    assert path.read_bytes() == OLD and os.listdir(path.parent) == ["a.bin"]
    assert str(path) in caught.value.message and f"{len(NEW):,} bytes" in caught.value.message and caught.value.hint
    monkeypatch.undo()
    safe_io.put(path, NEW)
    assert path.read_bytes() == NEW


def test_short_writes_are_completed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_io, "FS", Failing("none", None))
    safe_io.put(path, NEW)
    assert path.read_bytes() == NEW


def test_a_file_that_another_program_holds_for_a_moment_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = PermissionError(errno.EACCES, "in use")
    busy.winerror = 32  # type: ignore[attr-defined]
    disk = Failing("replace", busy, times=3)
    monkeypatch.setattr(safe_io, "FS", disk)
    monkeypatch.setattr(safe_io.time, "sleep", lambda seconds: None)
    safe_io.put(path, NEW)
    assert path.read_bytes() == NEW and disk.seen == 4
    monkeypatch.setattr(safe_io, "FS", Failing("replace", busy))
    with pytest.raises(StorageError):
        safe_io.put(path, OLD)
    assert path.read_bytes() == NEW and os.listdir(path.parent) == ["a.bin"]


def test_an_interrupt_leaves_no_temporary_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_io, "FS", Failing("replace", KeyboardInterrupt()))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        safe_io.put(path, NEW)
    assert path.read_bytes() == OLD and os.listdir(path.parent) == ["a.bin"]


def test_mode_bits_stay_and_new_files_follow_the_umask(path: Path) -> None:
    path.chmod(0o640)
    safe_io.put(path, NEW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    umask = os.umask(0o027)
    try:
        safe_io.put(path.with_name("fresh"), NEW)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.with_name("fresh").stat().st_mode) == 0o640


def test_links_are_written_through(path: Path) -> None:
    link, twice, dangling = (path.with_name(name) for name in ("link", "twice", "dangling"))
    link.symlink_to("a.bin")
    twice.symlink_to(link)
    dangling.symlink_to("sub/fresh")
    safe_io.put(twice, NEW)
    assert link.is_symlink() and twice.is_symlink() and path.read_bytes() == NEW
    safe_io.put(dangling, NEW)
    assert dangling.is_symlink() and (path.parent / "sub" / "fresh").read_bytes() == NEW


def test_a_write_protected_file_is_refused(path: Path) -> None:
    path.chmod(0o444)
    with pytest.raises(StorageError, match="write-protected"):
        safe_io.put(path, NEW)
    assert path.read_bytes() == OLD


def test_a_folder_in_the_way_is_refused(path: Path) -> None:
    (path.parent / "folder").mkdir()
    with pytest.raises(StorageError):
        safe_io.put(path.parent / "folder", NEW)
    with pytest.raises(StorageError):
        safe_io.put(path / "below a file", NEW)


def test_folders_are_made_and_names_of_any_bytes_work(tmp_path: Path) -> None:
    path = tmp_path / "x" / "y" / os.fsdecode(b"\xff\n.bin")
    safe_io.put(path, NEW)
    assert path.read_bytes() == NEW
    path.chmod(0o444)
    with pytest.raises(StorageError) as caught:
        safe_io.put(path, OLD)
    caught.value.message.encode("utf-8")
    assert "\n" not in caught.value.message
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_name_of_the_greatest_length_works(tmp_path: Path) -> None:
    safe_io.put(tmp_path / ("n" * 255), NEW)
    assert os.listdir(tmp_path) == ["n" * 255]


def test_put_new_never_replaces(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not safe_io.put_new(path, NEW) and path.read_bytes() == OLD
    assert safe_io.put_new(path.with_name("b"), NEW)
    monkeypatch.setattr(safe_io, "FS", Failing("link", OSError(errno.EPERM, "no hard links here")))
    assert not safe_io.put_new(path, NEW) and path.read_bytes() == OLD
    assert safe_io.put_new(path.with_name("c"), NEW) and path.with_name("c").read_bytes() == NEW
    assert sorted(os.listdir(path.parent)) == ["a.bin", "b", "c"]


def test_an_append_that_fails_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = safe_io.Appender(tmp_path / "deep" / "log")
    log.append(OLD)
    for call, nth in (("write", 3), ("sync", 1)):
        monkeypatch.setattr(safe_io, "FS", Failing(call, OSError(errno.ENOSPC, "full"), nth))
        with pytest.raises(StorageError):
            log.append(NEW)
        assert log.path.read_bytes() == OLD
    monkeypatch.undo()
    log.append(NEW)
    log.close()
    assert log.path.read_bytes() == OLD + NEW and log.size == len(OLD + NEW)


def test_a_partial_folder_becomes_the_folder_or_nothing(tmp_path: Path) -> None:
    final = tmp_path / "out"
    final.mkdir()
    with safe_io.partial_folder(final) as partial:
        assert partial == tmp_path / "out.partial"
        safe_io.put(partial / "sub" / "a", NEW)
        assert not list(final.iterdir())
    assert os.listdir(tmp_path) == ["out"] and os.listdir(final) == ["sub"] and (final / "sub" / "a").read_bytes() == NEW
    with pytest.raises(StorageError, match="not an empty folder"), safe_io.partial_folder(final):
        pass
    assert (final / "sub" / "a").exists()


def test_a_cancelled_export_leaves_no_folder(tmp_path: Path) -> None:
    def export() -> Iterator[int]:
        with safe_io.partial_folder(tmp_path / "out") as partial:
            for i in itertools.count():
                safe_io.put(partial / str(i), NEW)
                yield i

    steps = export()
    next(steps), next(steps)
    steps.close()
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError), safe_io.partial_folder(tmp_path / "out"):
        raise FileNotFoundError("the caller's own error stays what it is")
    assert os.listdir(tmp_path) == []


def test_the_partial_folder_of_a_killed_export_is_replaced_and_that_of_others_kept(tmp_path: Path) -> None:
    killed = safe_io.partial_folder(tmp_path / "out")
    safe_io.put(killed.__enter__() / "half", NEW)
    del killed
    with safe_io.partial_folder(tmp_path / "out") as partial:
        assert not (partial / "half").exists()
    (tmp_path / "b.partial").mkdir()
    (tmp_path / "b.partial" / "precious").write_bytes(OLD)
    with pytest.raises(StorageError, match="in the way"), safe_io.partial_folder(tmp_path / "b"):
        pass
    assert (tmp_path / "b.partial" / "precious").read_bytes() == OLD


def test_only_our_own_dead_temporary_files_are_swept(tmp_path: Path) -> None:
    dead = next(pid for pid in range(4_000_000, 3_000_000, -1) if not safe_io.process_alive(pid))
    ours = [f".segdesk-{dead}-0123abcd.part", f".segdesk-{os.getpid()}-0123abce.part"]
    os.utime(_touch(tmp_path / ours[1]), (0, 0))
    _touch(tmp_path / ours[0])
    others = [".a.png.tmp", f".segdesk-{dead}-0123abc.part", f"segdesk-{dead}-0123abcd.part", ".segdesk-x-0123abcd.part",
              "a.part", f".segdesk-{dead}-0123abcd.part.png", ".segdesk.lock", f".segdesk-{os.getpid()}-0123abcd.part",
              f".segdesk-{os.getppid()}-0123abcd.part"]
    for name in others:
        _touch(tmp_path / name)
    assert sorted(safe_io.sweep(tmp_path)) == sorted(ours)
    assert sorted(os.listdir(tmp_path)) == sorted(others)
    assert safe_io.sweep(tmp_path / "missing") == []


def _touch(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def test_which_processes_are_alive() -> None:
    assert safe_io.process_alive(os.getpid()) and safe_io.process_alive(1)
    assert not any(safe_io.process_alive(pid) for pid in (0, -1, 1 << 40))
