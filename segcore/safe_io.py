"""The one place that writes files: whole, durable, or not at all. Everything else hands it bytes or lines."""
from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from segcore.errors import StorageError

_PART = re.compile(r"\.segdesk-(\d+)-[0-9a-f]{8}\.part")
_MARKER = ".segdesk-partial"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOSYS)
_BUSY_ON_WINDOWS = (5, 32, 33)  # access denied, sharing violation, lock violation: a virus scanner or a sync client
_WAITS = (0.05, 0.1, 0.2, 0.4, 0.75, 1.0)
_DAY = 86400.0


class FileSystem:
    """The few calls that touch the disk, in one object so that tests can put a failing disk in its place."""

    def create(self, path: str, mode: int = 0o666) -> int:
        """Open a new file for writing and return its descriptor; raises FileExistsError."""
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), mode)

    def append_to(self, path: str) -> int:
        """Open a file, made when missing, for appending and return its descriptor."""
        return os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)

    def write(self, fd: int, data: memoryview) -> int:
        """Write some of `data`; returns how many bytes."""
        return os.write(fd, data)

    def sync(self, fd: int) -> None:
        """Wait until the file is on the disk."""
        os.fsync(fd)

    def read(self, path: str) -> bytes:
        """All bytes of a file."""
        with open(path, "rb") as file:
            return file.read()

    def link(self, source: str, target: str) -> None:
        """A second name for a file; raises FileExistsError."""
        os.link(source, target)

    def replace(self, source: str, target: str) -> None:
        """Rename over the target in one step."""
        os.replace(source, target)

    def sync_folder(self, folder: str) -> None:
        """Wait until the names in a folder are on the disk; nothing where the system has no such call."""
        if os.name == "nt":
            return
        try:
            fd = os.open(folder, os.O_RDONLY)
        except PermissionError:  # a folder that may be written but not listed
            return
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise
        finally:
            os.close(fd)


FS = FileSystem()


def put(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` as the whole content of `path`, or leave what was there: temporary file beside it, sync, verify, rename.

    Folders are made when missing, symbolic links are written through, mode bits are kept, and a write-protected file is
    refused. When it returns, the bytes survive a power cut. Raises StorageError, with the old file untouched.
    """
    target = os.path.realpath(path)
    try:
        _make_folder(os.path.dirname(target))
        old = _check_target(target)
        temp = os.path.join(os.path.dirname(target), f".segdesk-{os.getpid()}-{os.urandom(4).hex()}.part")
        try:
            _fill(temp, data, old)
            _replace(temp, target)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temp)
        FS.sync_folder(os.path.dirname(target))
    except OSError as error:
        raise storage_error(error, path, len(data)) from error


def _make_folder(folder: str) -> None:
    if os.path.isdir(folder):
        return
    parent = os.path.dirname(folder)
    _make_folder(parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder)
    FS.sync_folder(parent)


def _check_target(target: str) -> os.stat_result | None:
    try:
        old = os.stat(target)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), target)
    # The mode is looked at as well because root may write anything, and renaming needs no right on the file itself.
    if not old.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), target)
    return old


def _fill(temp: str, data: bytes, old: os.stat_result | None) -> None:
    fd = FS.create(temp)
    try:
        _write_all(fd, data)
        if old is not None and os.name == "posix":
            with contextlib.suppress(OSError):
                os.fchown(fd, old.st_uid, old.st_gid)
            with contextlib.suppress(OSError):
                os.fchmod(fd, stat.S_IMODE(old.st_mode))
        FS.sync(fd)
    finally:
        os.close(fd)
    if FS.read(temp) != data:
        raise OSError(errno.EIO, "what was written reads back differently", temp)


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        written = FS.write(fd, rest)
        if written <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]


def _replace(temp: str, target: str) -> None:
    for wait in _WAITS:
        try:
            FS.replace(temp, target)
            return
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _BUSY_ON_WINDOWS:
                raise
            time.sleep(wait)
    FS.replace(temp, target)


def put_new(path: str | os.PathLike[str], data: bytes) -> bool:
    """Write a file only if there is none of that name yet, whole from the first moment; returns False when there is.

    Two processes that try at once cannot both get True. Raises StorageError.
    """
    target = os.fspath(path)
    temp = os.path.join(os.path.dirname(target), f".segdesk-{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        try:
            _fill(temp, data, None)
            try:
                FS.link(temp, target)
            except FileExistsError:
                return False
            except OSError:  # file systems without hard links: the name is still exclusive, the content comes a moment later
                try:
                    _fill(target, data, None)
                except FileExistsError:
                    return False
            return True
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temp)
    except OSError as error:
        raise storage_error(error, path, len(data)) from error


class Appender:
    """A file that only grows, by whole durable pieces; a piece that fails is taken back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            _make_folder(os.path.abspath(path.parent))
            self._fd = FS.append_to(os.fspath(path))
            self.size = os.fstat(self._fd).st_size
            FS.sync_folder(os.fspath(path.parent))
        except OSError as error:
            raise storage_error(error, path, 0) from error

    def append(self, data: bytes) -> None:
        """Add `data` and wait until it is on the disk. Raises StorageError; the file is then as it was before."""
        try:
            _write_all(self._fd, data)
            FS.sync(self._fd)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self.size)
            raise storage_error(error, self.path, len(data)) from error
        self.size += len(data)

    def close(self) -> None:
        """Close the file; appending ends."""
        os.close(self._fd)


@contextlib.contextmanager
def partial_folder(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield `<folder>.partial` to be filled; it becomes `folder` when the block succeeds and is removed when it does not.

    Raises StorageError when `folder` exists and is not empty, or when the partial folder is somebody else's.
    """
    final = Path(folder)
    partial = final.with_name(final.name + ".partial")
    try:
        _prepare_partial(final, partial)
    except OSError as error:
        raise storage_error(error, partial, 0) from error
    try:
        yield partial
        _finish_partial(partial, final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _prepare_partial(final: Path, partial: Path) -> None:
    if final.exists() and (not final.is_dir() or any(final.iterdir())):
        raise StorageError(f"“{show(final)}” already exists and is not an empty folder.", "Choose another folder.")
    if partial.exists():
        if not (partial / _MARKER).exists():
            raise StorageError(f"“{show(partial)}” is in the way.", "Move it elsewhere or choose another folder.")
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    put(partial / _MARKER, b"")


def _finish_partial(partial: Path, final: Path) -> None:
    try:
        (partial / _MARKER).unlink()
        if final.exists():
            final.rmdir()
        os.rename(partial, final)
        FS.sync_folder(os.fspath(final.parent))
    except OSError as error:
        raise storage_error(error, final, 0) from error


def sweep(folder: str | os.PathLike[str], names: Iterable[str] | None = None) -> list[str]:
    """Remove temporary files that a killed SegDesk left in `folder`, and nothing else; returns their names.

    A file counts as left behind when its process is gone or it is older than a day. `names` saves listing the folder.
    """
    removed: list[str] = []
    try:
        listed = os.listdir(folder) if names is None else list(names)
    except OSError:
        return removed
    for name in listed:
        match = _PART.fullmatch(name)
        if match is None:
            continue
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):
            pid = int(match[1])
            if (pid != os.getpid() and not process_alive(pid)) or time.time() - os.stat(path).st_mtime > _DAY:
                os.unlink(path)
                removed.append(name)
    return removed


def is_part(name: str) -> bool:
    """Whether a file name is that of one of our temporary files."""
    return _PART.fullmatch(name) is not None


def process_alive(pid: int) -> bool:
    """Whether a process of this computer has the number `pid`."""
    if pid <= 0 or pid > 0x7FFFFFFF:
        return False
    if sys.platform == "win32":  # there, os.kill(pid, 0) would end it
        import ctypes
        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def show(path: str | os.PathLike[str]) -> str:
    """A path as text for a sentence: bytes that are not UTF-8 and control characters are replaced."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in os.fsdecode(path))


def storage_error(error: OSError, path: str | os.PathLike[str], needed: int) -> StorageError:
    """The sentence for an OSError met while writing `needed` bytes to `path`."""
    name = show(path)
    if error.errno in _FULL:
        return StorageError(f"“{name}” could not be saved: the disk is full; {needed:,} bytes are needed.",
                            "Free some space and save again; the earlier file is unchanged.")
    if error.errno in _DENIED:
        return StorageError(f"“{name}” could not be saved: it or its folder is write-protected; {needed:,} bytes are needed.",
                            "Change its permissions or save elsewhere; the earlier file is unchanged.")
    reason = error.strerror or str(error)
    return StorageError(f"“{name}” could not be saved: {reason}; {needed:,} bytes are needed.",
                        "Check the drive and save again.")
