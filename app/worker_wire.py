"""Messages between the window and its worker process: pickled heads with the arrays behind them, unpickled and uncopied.

Photos do not go through the pipe: they lie in a few files without a name that both processes have open (`Slots`).
"""
from __future__ import annotations

import io
import mmap
import os
import pickle
import struct
import sys
import tempfile
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEAD = struct.Struct("<QI")
SIZE = struct.Struct("<Q")
CHUNK = 1 << 20


class _Unpickler(pickle.Unpickler):
    """Refuses what would import torch: a tensor in a message would bring it into the window's process."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "torch":
            raise pickle.UnpicklingError(f"{module}.{name} does not belong in a message; send arrays")
        return super().find_class(module, name)


def send(pipe: io.FileIO, message: Any) -> None:
    """Write one message to a pipe; arrays in it are written from where they are. Raises OSError when it is closed."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(message, 5, buffer_callback=buffers.append)
    raws = [b.raw() for b in buffers]
    sizes = b"".join(SIZE.pack(r.nbytes) for r in raws)
    for part in (HEAD.pack(len(head), len(raws)) + sizes + head, *raws):
        view = memoryview(part)
        while view:
            view = view[pipe.write(view[:CHUNK]) or 0:]


def receive(pipe: io.FileIO) -> Any:
    """Read one message from a pipe; raises EOFError when the other end is gone."""
    head_size, count = HEAD.unpack(_read(pipe, HEAD.size))
    sizes = [SIZE.unpack(_read(pipe, SIZE.size))[0] for _ in range(count)]
    head = _read(pipe, head_size)
    return _Unpickler(io.BytesIO(head), buffers=[_read(pipe, size) for size in sizes]).load()


def _read(pipe: io.FileIO, size: int) -> memoryview:
    # np.empty, unlike bytearray, does not fill megabytes with zeros first.
    whole = view = memoryview(np.empty(size, np.uint8))
    while view:
        count = pipe.readinto(view[:CHUNK])
        if not count:
            raise EOFError
        view = view[count:]
    return whole


@dataclass(frozen=True, slots=True)
class Kept:
    """An array that the worker keeps between runs under `key`, so that a photo crosses to it once.

    The array must not change while the key stays the same.
    """

    key: str
    array: NDArray[Any]


@dataclass(frozen=True, slots=True)
class InSlot:
    """Stands for a Kept array in a message: it is in the slot of that number."""

    slot: int
    key: str
    shape: tuple[int, ...]
    dtype: str


class Slots:
    """The window's side of the shared memory: files without a name that the worker inherits; none on Windows."""

    def __init__(self, count: int = 2) -> None:
        self.files = [] if sys.platform == "win32" else [_nameless_file() for _ in range(count)]
        self._held: dict[int, InSlot] = {}      # by slot, the one used longest ago first

    def put(self, kept: Kept, in_use: set[str]) -> InSlot | None:
        """Lay an array into a slot, unless it is there already; None when every slot is in use: send it inline then."""
        array = np.ascontiguousarray(kept.array)
        for number, held in self._held.items():
            if held == InSlot(number, kept.key, array.shape, array.dtype.str):
                self._held[number] = self._held.pop(number)
                return held
        empty = [n for n in range(len(self.files)) if n not in self._held]
        free = empty + [n for n, held in self._held.items() if held.key not in in_use]
        if not free:
            return None
        _write(self.files[free[0]], array)
        self._held.pop(free[0], None)
        self._held[free[0]] = InSlot(free[0], kept.key, array.shape, array.dtype.str)
        return self._held[free[0]]

    def close(self) -> None:
        """Give the memory back."""
        for file in self.files:
            os.close(file)
        self.files, self._held = [], {}


def open_slot(files: list[int], place: InSlot) -> NDArray[Any]:
    """The array in a slot, read only and not copied; for the worker's side."""
    dtype = np.dtype(place.dtype)
    count = int(np.prod(place.shape))
    memory = mmap.mmap(files[place.slot], max(count * dtype.itemsize, 1), prot=mmap.PROT_READ)
    return np.frombuffer(memory, dtype, count).reshape(place.shape)


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("segdesk-image")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(file: int, array: NDArray[Any]) -> None:
    # Never shorter than before: the worker would crash on a mapped page that is no longer there.
    os.ftruncate(file, max(array.nbytes, 1, os.fstat(file).st_size))
    view, done = memoryview(array).cast("B"), 0
    while done < array.nbytes:
        done += os.pwrite(file, view[done:], done)
