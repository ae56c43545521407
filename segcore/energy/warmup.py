"""Compile every kernel once, into numba's cache, so that nobody waits for a compiler in the window.

The app calls `warm_up` in a child process at the first run. All kernels have explicit signatures, one specialisation for
each type that is used, so that importing them is what compiles them; numba keeps the result beside the modules, or in the
user's cache folder when those cannot be written.
"""
from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from segcore.types import Progress


def warm_up() -> Iterator[Progress]:
    """Compile or load all kernels of `segcore.energy`, one Progress per module; seconds the first time, then at once."""
    package = importlib.import_module("segcore.energy")
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if m.name != "warmup"]
    for done, name in enumerate(names, 1):
        importlib.import_module(f"segcore.energy.{name}")
        yield Progress(done, len(names), name)
