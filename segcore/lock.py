"""One writer per project: a lock file that names its holder, is taken over from the dead, and never from another computer."""
from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from segcore import safe_io

NAME = ".segdesk.lock"
_held: set[str] = set()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a lock file says holds it. `birth` tells processes with recycled numbers apart; `folder_id` tells copied folders."""

    pid: int = 0
    host: str = ""
    user: str = ""
    started: str = ""
    birth: str = ""
    folder_id: str = ""

    def __str__(self) -> str:
        who = f"{self.user} on {self.host}" if self.user else self.host
        return f"{who or 'an unknown program'} (process {self.pid}, since {self.started})" if self.pid else "an unknown program"


class Lock:
    """The lock of one project folder; `holder` is "" when it is ours, otherwise a sentence part saying who has it."""

    def __init__(self, folder: Path) -> None:
        self.path = Path(os.path.realpath(folder)) / NAME
        self.holder = ""
        self._mine = b""

    def acquire(self, *, take_over: bool = False) -> bool:
        """Try to take the lock; `take_over` takes it from a living holder too, for when the user says so.

        Returns False, with `holder` set, when somebody has it. Raises StorageError when the folder cannot be written.
        """
        self._mine = _describe(self.path.parent)
        for _ in range(5):
            if safe_io.put_new(self.path, self._mine):
                _held.add(str(self.path))
                self.holder = ""
                return True
            found = self._read()
            if found is None:
                continue
            holder = _parse(found)
            if holder is None and not take_over:
                # Where files cannot be made whole at once, its owner may just be writing it.
                time.sleep(0.3)
                if self._read() != found:
                    continue
            if not take_over and holder is not None and self._alive(holder):
                self.holder = str(holder)
                return False
            self._set_aside(found)
        self.holder = self.holder or "another program"
        return False

    def release(self) -> None:
        """Give the lock back, if it is still ours."""
        _held.discard(str(self.path))
        with contextlib.suppress(OSError):
            if self._mine and self.path.read_bytes() == self._mine:
                self.path.unlink()
        self._mine = b""

    def _read(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self.holder = "an unknown program"
            raise safe_io.storage_error(error, self.path, 0) from error

    def _set_aside(self, stale: bytes) -> None:
        """Remove a stale lock, unless somebody replaced it by a fresh one in the meantime."""
        aside = self.path.with_name(f"{NAME}.{os.getpid()}")
        try:
            os.rename(self.path, aside)
        except OSError:
            return
        try:
            fresh = aside.read_bytes()
            if fresh != stale:
                safe_io.put_new(self.path, fresh)
        finally:
            aside.unlink(missing_ok=True)

    def _alive(self, holder: Holder) -> bool:
        if holder.host != socket.gethostname():
            return True
        if holder.folder_id and holder.folder_id != _folder_id(self.path.parent):
            return False  # a copied project brought the lock of the original along
        if holder.pid == os.getpid() and holder.birth == _birth(holder.pid):
            return str(self.path) in _held
        return safe_io.process_alive(holder.pid) and holder.birth == _birth(holder.pid)


def _describe(folder: Path) -> bytes:
    started = time.strftime("%Y-%m-%d %H:%M:%S")
    row = {"app": "SegDesk", "pid": os.getpid(), "host": socket.gethostname(), "user": _user(), "started": started,
           "birth": _birth(os.getpid()), "folder_id": _folder_id(folder), "nonce": os.urandom(4).hex()}
    return json.dumps(row).encode("ascii")


def _parse(data: bytes) -> Holder | None:
    try:
        row = json.loads(data)
        return Holder(int(row["pid"]), str(row["host"]), str(row.get("user", "")), str(row.get("started", "")),
                      str(row.get("birth", "")), str(row.get("folder_id", "")))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _folder_id(folder: Path) -> str:
    try:
        status = os.stat(folder)
    except OSError:
        return ""
    return f"{status.st_dev:x}-{status.st_ino:x}"


def _birth(pid: int) -> str:
    """What tells a process from an earlier one of the same number: the boot and the tick it started at; "" if unknown."""
    if not sys.platform.startswith("linux"):
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        ticks = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return ""
    return f"{boot}-{ticks}"


