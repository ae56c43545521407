"""The worker process: runs tasks one after the other for the window, and ends when the window does. Knows no Qt.

Started as `python -m app.worker_child MODULE FD…`: the module with the tasks and the inherited shared memory.
"""
from __future__ import annotations

import contextlib
import faulthandler
import importlib
import io
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Generator
from typing import Any

from numpy.typing import NDArray

from app.worker_wire import InSlot, open_slot, receive, send
from segcore import errors
from segcore.errors import ModelError, SegcoreError


class Child:
    """Takes requests off the pipe in a thread, runs them in order in the main one."""

    def __init__(self, tasks: str, files: list[int]) -> None:
        self._tasks, self._files = tasks, files
        # Anything that prints must not end up between the messages.
        self._input, self._output = io.FileIO(os.dup(0), "r"), io.FileIO(os.dup(1), "w")
        os.dup2(2, 1)
        self._requests: queue.SimpleQueue[tuple[int, str, str, dict[str, Any]]] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        self._arrays: dict[int, tuple[InSlot, NDArray[Any]]] = {}

    def serve(self) -> None:
        """Work until the window is gone."""
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            number, task, doing, arguments = self._requests.get()
            if number not in self._cancelled:
                self._run(number, task, doing, arguments)
            self._cancelled.discard(number)

    def _listen(self) -> None:
        try:
            while True:
                kind, *rest = receive(self._input)
                if kind == "cancel":
                    self._cancelled.add(rest[0])
                else:
                    number, task, doing, arguments = rest
                    found = {k: self._open(v) if isinstance(v, InSlot) else v for k, v in arguments.items()}
                    self._requests.put((number, task, doing, found))
        except (EOFError, OSError):
            os._exit(0)     # the window is gone; a network in the middle of a layer must not keep this process alive

    def _open(self, place: InSlot) -> NDArray[Any]:
        """The same array object for the same photo, so that tasks can tell that it has not changed."""
        known = self._arrays.get(place.slot)
        if known is None or known[0] != place:
            known = self._arrays[place.slot] = (place, open_slot(self._files, place))
        return known[1]

    def _run(self, number: int, task: str, doing: str, arguments: dict[str, Any]) -> None:
        self._say("begun", number)
        try:
            steps: Generator[Any, None, Any] = find_task(self._tasks, task)(**arguments)
            while number not in self._cancelled:
                self._say("progress", number, next(steps))
            steps.close()
            self._say("cancelled", number)
        except StopIteration as stop:
            self._answer(number, stop.value)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever happens in a task is reported as a sentence
            if not isinstance(error, SegcoreError):
                traceback.print_exc()
            self._say("failed", number, plain_error(error, doing))
            if poisons_process(error):
                os._exit(3)

    def _answer(self, number: int, value: Any) -> None:
        try:
            self._say("done", number, value)
        except (TypeError, AttributeError, ValueError) as error:    # what pickle says of an object that cannot travel
            self._say("failed", number, ModelError(f"The answer cannot be handed over: {error}."))

    def _say(self, *message: Any) -> None:
        send(self._output, message)


def find_task(module: str, name: str) -> Any:
    """The generator function of that name in the module of tasks; raises ModelError when there is none."""
    function = getattr(importlib.import_module(module), name, None)
    if function is None or name.startswith("_"):
        raise ModelError(f"The worker has no task “{name}”.")
    return function


def plain_error(error: BaseException, doing: str) -> SegcoreError:
    """What the user is told of an error; always of a class of segcore.errors, which the window can load."""
    if isinstance(error, SegcoreError):
        known = next(c for c in type(error).__mro__ if c.__module__ == errors.__name__)
        return known(error.message, error.hint)
    text = str(error).strip().splitlines()[0][:200] if str(error).strip() else ""
    if type(error).__name__ == "OutOfMemoryError" or "CUDA" in text and "out of memory" in text:
        return ModelError(f"The graphics card ran out of memory while {doing}.", "Choose the processor (CPU) as the device.")
    if isinstance(error, MemoryError) or "allocate memory" in text:
        return ModelError(f"The computer ran out of memory while {doing}.", "Close other programs, or use a smaller network.")
    if poisons_process(error):
        return ModelError(f"The graphics card failed while {doing}.", "The worker starts again; if it fails again, choose CPU.")
    if isinstance(error, ImportError):
        return ModelError(f"A part of the program is missing: {text}.", "Install the packages again (make run).")
    return ModelError(f"Something went wrong while {doing}: {type(error).__name__} {text}".rstrip() + ".")


def poisons_process(error: BaseException) -> bool:
    """Whether nothing on the graphics card works any more in this process: only a new one helps."""
    text = str(error)
    return isinstance(error, RuntimeError) and "out of memory" not in text and ("CUDA error" in text or "cuDNN error" in text)


def main() -> None:
    """Serve the window that started this process."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(5)      # the window's own threads come first
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # Ctrl+C in a terminal reaches both; the window decides
    faulthandler.enable()
    Child(sys.argv[1], [int(fd) for fd in sys.argv[2:]]).serve()


if __name__ == "__main__":
    main()
