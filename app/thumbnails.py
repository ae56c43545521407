"""Small pictures of photos, read in the background and kept within a bound of bytes."""
from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

if TYPE_CHECKING:
    from app.jobs import Jobs

LIMIT_BYTES = 32 << 20
QUEUE = 60
"""How many wishes are kept: more than fit on a screen, so that scrolling through thousands does not read them all."""


def read(path: Path, size: int) -> QImage:
    """Read a photo at `size` pixels or less; for use in a thread. Raises ImageError."""
    from segcore.image_io import read_thumbnail
    pixels = read_thumbnail(path, size)
    height, width = pixels.shape[:2]
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


class Thumbnails(QObject):
    """A cache by name; what was asked for last is read first."""

    ready = Signal(str)

    def __init__(self, jobs: Jobs, size: int, limit_bytes: int = LIMIT_BYTES, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._size, self._limit = jobs, size, limit_bytes
        self._pictures: OrderedDict[str, QPixmap] = OrderedDict()
        self._wishes: OrderedDict[str, Path] = OrderedDict()
        self._generation = 0
        self._reading = ""
        self.nbytes = 0

    def clear(self) -> None:
        """Forget all pictures and wishes; what is being read is dropped when it arrives."""
        self._generation += 1
        self._pictures.clear()
        self._wishes.clear()
        self._reading = ""
        self.nbytes = 0

    def get(self, name: str, path: Path) -> QPixmap | None:
        """The picture of that name, or None; then it will be read from `path` and `ready` emitted. Empty when unreadable."""
        picture = self._pictures.get(name)
        if picture is not None:
            self._pictures.move_to_end(name)
            return picture
        self._wishes[name] = path
        self._wishes.move_to_end(name)
        if len(self._wishes) > QUEUE:
            self._wishes.popitem(last=False)
        self._read_next()
        return None

    def _read_next(self) -> None:
        if self._reading or not self._wishes:
            return
        name, path = self._wishes.popitem()
        self._reading = name
        generation, size = self._generation, self._size
        self._jobs.call("Thumbnail", lambda: read(path, size), lane="thumbs", quiet=True,
                        on_done=lambda image: self._arrived(name, generation, image),
                        on_error=lambda error: self._arrived(name, generation, None))

    def _arrived(self, name: str, generation: int, image: QImage | None) -> None:
        if generation != self._generation:
            return
        self._reading = ""
        self._keep(name, QPixmap.fromImage(image) if image is not None else QPixmap())
        self.ready.emit(name)
        self._read_next()

    def _keep(self, name: str, picture: QPixmap) -> None:
        self._pictures[name] = picture
        self.nbytes += _bytes(picture)
        while self.nbytes > self._limit and len(self._pictures) > 1:
            self.nbytes -= _bytes(self._pictures.popitem(last=False)[1])


def _bytes(picture: QPixmap) -> int:
    return picture.width() * picture.height() * 4 + 100
