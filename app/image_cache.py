"""Decoded photos by name, bounded by bytes, filled by jobs: the open image, its neighbours, and those just left."""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject

from app.jobs import Job, Jobs
from segcore.errors import ProjectError
from segcore.project import ImageEntry, Project
from segcore.types import Annotation, Image


@dataclass(frozen=True, slots=True)
class Loaded:
    """A photo ready to be shown: decoded, its pyramid built, its annotation read.

    `problem` is a sentence when the annotation could not be used; `locked` then says that it must not be replaced.
    """

    entry: ImageEntry
    image: Image
    pyramid: Any
    annotation: Annotation | None
    problem: str = ""
    locked: bool = False

    @property
    def nbytes(self) -> int:
        return int(self.image.pixels.nbytes * 2.4) + (self.annotation.region_map.nbytes if self.annotation else 0)


class ImageCache(QObject):
    """Loads in the background and keeps what was loaded; the least recently used goes first."""

    def __init__(self, jobs: Jobs, limit_bytes: int = 600 << 20, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._limit = jobs, limit_bytes
        self._items: OrderedDict[str, Loaded] = OrderedDict()
        self._loading: dict[str, Job] = {}
        self._waiting: dict[str, tuple[Callable[[Loaded], None], Callable[[Exception], None]]] = {}

    def clear(self) -> None:
        """Forget everything; what is being loaded is dropped when it arrives."""
        for job in self._loading.values():
            job.cancel()
        self._items.clear()
        self._loading.clear()
        self._waiting.clear()

    def forget(self, name: str) -> None:
        """Drop one image, because it or its annotation changed on disk."""
        self._items.pop(name, None)

    def get(self, name: str) -> Loaded | None:
        """The loaded image, or None if it is not there yet."""
        if name in self._items:
            self._items.move_to_end(name)
        return self._items.get(name)

    def load(self, project: Project, entry: ImageEntry, on_ready: Callable[[Loaded], None] | None = None,
             on_error: Callable[[Exception], None] | None = None) -> None:
        """Load in the background; only the newest image asked for with `on_ready` gets an answer, prefetches get none."""
        if on_ready is not None and on_error is not None:
            self._waiting = {entry.name: (on_ready, on_error)}
        if entry.name in self._loading:
            return
        self._loading[entry.name] = self._jobs.call(
            f"Open {entry.name}", lambda: load(project, entry), lane="image", quiet=True,
            on_done=self._arrived, on_error=lambda error, name=entry.name: self._failed(name, error))

    def _arrived(self, loaded: Loaded) -> None:
        self._loading.pop(loaded.entry.name, None)
        self._items[loaded.entry.name] = loaded
        total = sum(item.nbytes for item in self._items.values())
        while len(self._items) > 1 and total > self._limit:
            total -= self._items.popitem(last=False)[1].nbytes
        ready, _ = self._waiting.pop(loaded.entry.name, (None, None))
        if ready is not None:
            ready(loaded)

    def _failed(self, name: str, error: Exception) -> None:
        self._loading.pop(name, None)
        _, failed = self._waiting.pop(name, (None, None))
        if failed is not None:
            failed(error)


def load(project: Project, entry: ImageEntry) -> Loaded:
    """Decode a photo and its annotation; runs in a thread. Raises ImageError when the photo itself is unusable."""
    from app.canvas.tiles import build_pyramid
    image = project.read_image(entry)
    annotation, problem, locked = None, "", False
    try:
        annotation = project.read_annotation(entry, image.shape)
    except ProjectError as error:
        # A damaged file was copied aside by the project and may be replaced; one of another size is somebody's work.
        problem, locked = str(error), type(error).__name__ == "SizeMismatch"
    return Loaded(entry, image, build_pyramid(image.pixels), annotation, problem, locked)
