"""The worker process of the window: networks run there, so that the window never imports torch and outlives any crash of it."""
from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Generator, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.worker_process import WorkerProcess
from app.worker_wire import Kept
from segcore.errors import ModelError
from segcore.types import Progress

__all__ = ["Kept", "WorkerClient"]

HEARTBEAT = 0.1
"""Seconds after which a waiting run yields again, so that its job notices a cancel."""
PATIENCE = 5.0
"""Seconds a cancelled task may take to its next step while another waits; then the process is replaced."""
MAX_DEATHS = 3
"""Ends in a row, without a finished task between them, after which the process is not started again by itself."""
DOING = {"predict": "predicting", "refine": "refining", "segment": "cutting out", "train": "training",
         "kept": "keeping what was learned", "device": "looking for a graphics card"}


class _Run:
    """One request: what was asked, and the answers that came so far."""

    def __init__(self, number: int, task: str, doing: str, arguments: dict[str, Any]) -> None:
        self.number, self.task, self.doing, self.arguments = number, task, doing, arguments
        self.inbox: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self.begun = self.ended = False

    @property
    def keys(self) -> set[str]:
        return {v.key for v in self.arguments.values() if isinstance(v, Kept)}


class WorkerClient(QObject):
    """Runs named tasks in a process of their own, one after the other; starts it again when it dies."""

    device_changed = Signal(str)        # what networks run on, in words
    stopped_unasked = Signal(str)       # a sentence: the process ended while nobody waited for an answer

    def __init__(self, tasks: str = "app.worker_tasks", search_path: Sequence[str] = (), parent: QObject | None = None,
                 patience: float | None = None) -> None:
        super().__init__(parent)
        self._patience = patience
        self.device = ""
        self._tasks, self._search_path = tasks, tuple(search_path)
        self._lock = threading.RLock()
        self._process: WorkerProcess | None = None
        self._runs: dict[int, _Run] = {}
        self._overdue: dict[int, float] = {}     # cancelled runs that go on, and until when they may
        self._numbers = itertools.count(1)
        self._deaths = 0
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Process id of the worker; None when it does not run."""
        process = self._process
        return process.pid if process is not None and process.exit_code is None else None

    @property
    def given_up(self) -> bool:
        """Whether the process stopped so often that only `restart` starts it again."""
        return self._deaths >= MAX_DEATHS

    def start(self) -> None:
        """Start the process unless it runs. It takes seconds to be ready; this returns at once."""
        with self._lock:
            if self._process is None and not self._closed:
                self._process = WorkerProcess(self._tasks, self._search_path, self._heard, self._ended)
                self._process.request(0, "device", DOING["device"], {}, set())

    def restart(self) -> None:
        """Start again after too many crashes, as the user asked."""
        with self._lock:
            self._deaths = 0
            self.start()

    def shutdown(self) -> None:
        """End the process for good; whoever waits gets an error."""
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
        if process is not None:
            process.close()

    def run(self, task: str, *, doing: str = "", **arguments: Any) -> Generator[Any, None, Any]:
        """Run a task in the worker: yields what it yields (its last Progress again while waiting) and returns its result.

        For the thread of a job. `doing` completes “The worker stopped while …”. Arguments must be picklable; wrap a photo in
        `Kept` to send it once. Closing the generator cancels the task. Raises the SegcoreError of the task, or ModelError
        when the process dies in the middle.
        """
        run = _Run(next(self._numbers), task, doing or DOING.get(task, f"doing “{task}”"), arguments)
        shown: Progress = Progress(0, 0, "Waiting for the worker")
        try:
            self._submit(run)
            while True:
                try:
                    kind, value = run.inbox.get(timeout=HEARTBEAT)
                except queue.Empty:
                    self._replace_stuck_process()
                    yield shown
                    continue
                if kind == "progress":
                    shown = value if isinstance(value, Progress) else shown
                    yield value
                elif kind == "done":
                    return value
                elif kind == "failed":
                    raise value
        finally:
            self._leave(run)

    def _submit(self, run: _Run) -> None:
        with self._lock:
            self._runs[run.number] = run
            if self.given_up:
                raise ModelError("The worker process keeps stopping.",
                                 "Restart SegDesk; “python main.py check” tells which part is broken.")
            if self._closed:
                raise ModelError("The worker has been ended.")
            self.start()
            self._send(run)

    def _send(self, run: _Run) -> None:
        process = self._process
        assert process is not None
        in_use = set().union(*(r.keys for r in self._runs.values()))
        # A broken pipe: the thread that listens is about to notice, and sends this run again.
        with contextlib.suppress(OSError):
            process.request(run.number, run.task, run.doing, run.arguments, in_use)

    def _leave(self, run: _Run) -> None:
        with self._lock:
            self._runs.pop(run.number, None)
            if not run.ended and self._process is not None:
                if run.begun:
                    self._overdue[run.number] = time.monotonic() + (PATIENCE if self._patience is None else self._patience)
                self._process.cancel(run.number)

    def _replace_stuck_process(self) -> None:
        with self._lock:
            stuck = any(limit < time.monotonic() for limit in self._overdue.values())
            if stuck and self._process is not None:
                self._deaths -= 1       # this end is ours
                self._process.kill()
                self._overdue.clear()

    def _heard(self, kind: str, number: int, value: Any = None) -> None:
        """A message of the process; in the thread of its pipe."""
        with self._lock:
            if kind in ("done", "failed", "cancelled"):
                self._overdue.pop(number, None)
                self._deaths = 0 if number else self._deaths
            run = self._runs.get(number)
            if run is not None:
                run.begun = True
                run.ended = kind in ("done", "failed", "cancelled")
                run.inbox.put((kind, value))
        if number == 0 and kind == "done":
            self.device = str(value)
            _tell(self.device_changed, self.device)

    def _ended(self, process: WorkerProcess) -> None:
        """The process is gone; in the thread of its pipe."""
        with self._lock:
            if process is self._process:
                self._process = None
            self._overdue.clear()
            waiting = [r for r in self._runs.values() if not r.ended]
            lost = [r for r in waiting if r.begun]
            if not self._closed:
                self._deaths += 1
            again = not self._closed and self._deaths < MAX_DEATHS
            for run in waiting if not again else lost:
                run.ended = True
                run.inbox.put(("failed", self._death_notice(run, again, process.exit_code)))
            if again:
                self.start()
                for run in waiting:
                    if not run.ended:
                        self._send(run)
        if not lost and not self._closed and self._deaths > 0:
            _tell(self.stopped_unasked, "The worker stopped; it has been started again." if again
                  else "The worker process keeps stopping; networks cannot be used.")

    def _death_notice(self, run: _Run, again: bool, exit_code: int | None) -> ModelError:
        if self._closed:
            return ModelError(f"The worker was ended while {run.doing}.")
        hint = "Perhaps memory ran out: close other programs, or choose a smaller network." if exit_code in (-9, 137) else ""
        if again:
            return ModelError(f"The worker stopped while {run.doing}; it has been started again.", hint)
        return ModelError(f"The worker stopped while {run.doing}, {MAX_DEATHS} times in a row.",
                          hint or "Restart SegDesk; “python main.py check” tells which part is broken.")


def _tell(signal: Any, text: str) -> None:
    with contextlib.suppress(RuntimeError):     # the window is gone; nobody is left to tell
        signal.emit(text)
