"""One life of the worker process as the window sees it: started, spoken to, heard from, ended."""
from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.worker_wire import Kept, Slots, receive, send

ROOT = Path(__file__).resolve().parents[1]


class WorkerProcess:
    """Starts the process at once; `on_message` and `on_end` are called in a thread of its own."""

    def __init__(self, tasks: str, search_path: Sequence[str], on_message: Callable[..., None],
                 on_end: Callable[[WorkerProcess], None]) -> None:
        self._on_message, self._on_end = on_message, on_end
        self._sending = threading.Lock()
        self._slots = Slots()
        # -P: a folder called app or segcore where the program was started must not shadow ours.
        command = [sys.executable, "-P", "-m", "app.worker_child", tasks, *map(str, self._slots.files)]
        path = os.pathsep.join([*search_path, str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        options: dict[str, Any] = {"pass_fds": self._slots.files}
        if sys.platform == "win32":
            options = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                                         env={**os.environ, "PYTHONPATH": path}, **options)
        threading.Thread(target=self._listen, name="worker-pipe", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self._process.poll()

    def request(self, number: int, task: str, doing: str, arguments: Mapping[str, Any], in_use: set[str]) -> None:
        """Ask for a task; Kept arrays whose key is in `in_use` are not displaced. Raises OSError when the process is gone."""
        with self._sending:
            if self._pipe.closed:
                raise BrokenPipeError
            sent = {name: self._place(value, in_use) for name, value in arguments.items()}
            send(self._pipe, ("run", number, task, doing, sent))

    def cancel(self, number: int) -> None:
        """Ask a task to stop at its next step."""
        with self._sending, contextlib.suppress(OSError, ValueError):
            send(self._pipe, ("cancel", number))

    def kill(self) -> None:
        """End it now."""
        self._process.kill()

    def close(self, seconds: float = 1.0) -> None:
        """Let it end by itself, as it does when its pipe closes; kill it when it does not."""
        with self._sending, contextlib.suppress(OSError):
            self._pipe.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()

    @property
    def _pipe(self) -> Any:
        return self._process.stdin

    def _place(self, value: Any, in_use: set[str]) -> Any:
        if not isinstance(value, Kept):
            return value
        place = self._slots.put(value, in_use)
        return value.array if place is None else place

    def _listen(self) -> None:
        try:
            while True:
                self._on_message(*receive(self._process.stdout))  # type: ignore[arg-type]
        except (EOFError, OSError, ValueError):
            pass
        except Exception:  # noqa: BLE001 - a message that cannot be read: the process cannot be trusted any more
            self.kill()
        self._process.wait()
        with self._sending:
            self._slots.close()
            with contextlib.suppress(OSError):
                self._pipe.close()
        self._on_end(self)
