"""Runs generator functions of segcore off the window's thread; the only bridge between threads and the window."""
from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from segcore.types import Progress

Steps = Generator[Any, None, Any]
LANES = {"work": 2, "image": 2, "save": 1, "thumbs": 1, "cut": 1, "long": 2}
"""Threads per lane: within a lane of one thread jobs keep their order."""


class Job:
    """One run of a generator. All its callbacks arrive on the window's thread, none after `cancel`."""

    def __init__(self, title: str, quiet: bool, callbacks: dict[str, Callable[[Any], None] | None]) -> None:
        self.title, self.quiet = title, quiet
        self.progress: Progress | None = None
        self.callbacks = callbacks
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask the job to stop at its next step; its generator is closed, so that it can clean up."""
        self._cancelled.set()


class Jobs(QObject):
    """Starts jobs and delivers what they yield and return."""

    changed = Signal()                          # a job started, moved on or ended
    _posted = Signal(object, object, object)    # job, kind, value: from any thread

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.running: list[Job] = []
        self._futures: dict[Job, Future[None]] = {}
        self._pools: dict[str, ThreadPoolExecutor] = {}
        # A bound method of a QObject of this thread: anything else would run in the worker's thread.
        self._posted.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def start(self, title: str, steps: Callable[[], Steps], *, lane: str = "work", quiet: bool = False,
              on_progress: Callable[[Any], None] | None = None, on_done: Callable[[Any], None] | None = None,
              on_error: Callable[[Exception], None] | None = None, on_cancelled: Callable[[Any], None] | None = None) -> Job:
        """Run `steps()` to its end in a thread of `lane`; `quiet` jobs are not listed in the window.

        `on_progress` gets what the generator yields, `on_done` what it returns, `on_error` what it raises.
        """
        job = Job(title, quiet, {"progress": on_progress, "done": on_done, "error": on_error, "cancelled": on_cancelled})
        self.running.append(job)
        if lane not in self._pools:
            self._pools[lane] = ThreadPoolExecutor(LANES[lane], thread_name_prefix=f"job-{lane}")
        self._futures[job] = self._pools[lane].submit(self._run, job, steps)
        self.changed.emit()
        return job

    def call(self, title: str, function: Callable[[], Any], **options: Any) -> Job:
        """Run a plain function as a job."""
        def steps() -> Steps:
            return function()
            yield
        return self.start(title, steps, **options)

    def wait(self, job: Job, seconds: float) -> bool:
        """Block until a job's thread is done with it; for saving before the window closes."""
        future = self._futures.get(job)
        if future is not None:
            try:
                future.result(seconds)
            except TimeoutError:
                return False
        return True

    def shutdown(self, seconds: float = 5.0) -> None:
        """Cancel everything but saves, and wait for the threads."""
        for job in self.running:
            job.cancel()
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for future in list(self._futures.values()):
            if not future.cancelled():
                try:
                    future.result(seconds)
                except TimeoutError:
                    break

    def _run(self, job: Job, make_steps: Callable[[], Steps]) -> None:
        try:
            steps = make_steps()
            while not job.cancelled:
                self._post(job, "progress", next(steps))
            steps.close()
            self._post(job, "cancelled", None)
        except StopIteration as stop:
            self._post(job, "done", stop.value)
        except Exception as error:  # noqa: BLE001 - a job may fail in any way; its owner is told
            self._post(job, "error", error)

    def _post(self, job: Job, kind: str, value: Any) -> None:
        with contextlib.suppress(RuntimeError):    # the window is gone; nobody is left to tell
            self._posted.emit(job, kind, value)

    def _deliver(self, job: Job, kind: str, value: Any) -> None:
        if kind == "progress":
            if isinstance(value, Progress):
                job.progress = value
        elif job in self.running:
            self.running.remove(job)
            self._futures.pop(job, None)
        callback = job.callbacks.get(kind)
        if callback is not None and (kind == "cancelled" or not job.cancelled):
            callback(value)
        if not job.quiet:
            self.changed.emit()
