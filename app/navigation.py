"""The way from one image of the project to the next: loading, prefetching, and what is kept of an image that was left."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.document import Document
from app.image_cache import ImageCache, Loaded
from app.jobs import Jobs
from app.settings import Settings
from segcore.history import History, PaintPolicy
from segcore.types import Annotation

if TYPE_CHECKING:
    from segcore.project import ImageEntry, Project

PARKED_BYTES = 256 << 20


@dataclass(slots=True)
class _Parked:
    """What is kept of an edited image, so that coming back finds its labels and undo steps."""

    annotation: Annotation
    history: History
    revision: int
    saved_revision: int

    @property
    def nbytes(self) -> int:
        return self.annotation.region_map.nbytes + self.history.nbytes


class Navigation(QObject):
    """Which image of which project is open. Base of the Workspace."""

    project_changed = Signal()
    document_changed = Signal()
    about_to_leave = Signal()           # the document goes away: running gestures end
    entry_changed = Signal(str)         # state or annotation of an image changed
    said = Signal(str, str)             # text, kind: info, warning, error

    def __init__(self, settings: Settings | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings or Settings(parent=self)
        self.jobs = Jobs(self)
        self.cache = ImageCache(self.jobs, parent=self)
        self.settings.changed.connect(self._on_setting)
        self.project: Project | None = None
        self.document: Document | None = None
        self.index = -1
        self.loading = ""
        """Name of the image that is being decoded, empty when none is."""
        self._parked: dict[str, _Parked] = {}
        self._prefetch_soon = QTimer(self, singleShot=True, interval=40)
        self._prefetch_soon.timeout.connect(self._prefetch)

    @property
    def entry(self) -> ImageEntry | None:
        """The image that is shown or being loaded."""
        return self.project.images[self.index] if self.project and 0 <= self.index < len(self.project.images) else None

    def say(self, text: str, kind: str = "info") -> None:
        """Tell the user a sentence; kind is info, warning or error."""
        self.said.emit(text, kind)

    def report(self, error: Exception) -> None:
        """Tell the user about a failure: ours in its own words, others with where the details are."""
        from app.messages import describe
        self.say(describe(error), "error")

    def go_to(self, index: int) -> None:
        """Show an image; at once when it is in memory, otherwise as soon as it is decoded."""
        if self.project is None:
            return
        if not self.project.images:
            self._leave()
            self.index = -1
            self._set_document(None)
            return
        index = max(0, min(index, len(self.project.images) - 1))
        entry = self.project.images[index]
        if index == self.index and self.document is not None and self.document.entry.name == entry.name:
            return
        self._leave()
        self.index, self.loading = index, ""
        self.settings.set(f"project/image/{self.project.folder}", entry.name)
        loaded = self.cache.get(entry.name)
        if loaded is not None:
            self._show(loaded)
            return
        self.loading = entry.name
        self._set_document(None)
        self.cache.load(self.project, entry, self._show, self._on_load_error)

    def go_to_name(self, name: str) -> None:
        """Show the image of that name, if the project has it."""
        if self.project is not None:
            self.go_to(self.project.index(name))

    def step(self, delta: int, where: Callable[[ImageEntry], bool] | None = None) -> None:
        """Go to the next (or previous) image, or to the next one for which `where` is true."""
        if self.project is None:
            return
        index, count = self.index + delta, len(self.project.images)
        while where is not None and 0 <= index < count and not where(self.project.images[index]):
            index += delta
        if 0 <= index < count:
            self.go_to(index)
        elif where is not None:
            self.say("No further image like that.")
        else:
            self.say("This is the last image." if delta > 0 else "This is the first image.")

    def reload(self, name: str) -> None:
        """Read an image's annotation again, because something other than its document wrote it."""
        self.cache.forget(name)
        self._parked.pop(name, None)
        self.entry_changed.emit(name)
        if self.document is not None and self.document.entry.name == name:
            self.about_to_leave.emit()
            self.document = None
            self.go_to(self.index)

    def _leave(self) -> None:
        """End what runs on the open image and keep its labels and undo steps."""
        document = self.document
        if document is None:
            return
        self.about_to_leave.emit()
        if document.revision:
            name = document.entry.name
            self._parked.pop(name, None)
            self._parked[name] = _Parked(document.annotation, document.history, document.revision, document.saved_revision)
            self._drop_oldest_parked()

    def _drop_oldest_parked(self) -> None:
        total = sum(p.nbytes for p in self._parked.values())
        for name in list(self._parked)[:-1]:
            if total <= PARKED_BYTES:
                break
            if self._is_unsaved(name):
                continue    # nothing else holds these labels yet
            total -= self._parked.pop(name).nbytes
            self.cache.forget(name)

    def _is_unsaved(self, name: str) -> bool:
        """True while an image's file is behind its labels."""
        return False

    def _show(self, loaded: Loaded) -> None:
        if self.project is None or self.entry is None or self.entry.name != loaded.entry.name:
            return
        self.loading = ""
        self._set_document(self._new_document(loaded, self._parked.pop(loaded.entry.name, None)))
        self._prefetch_soon.start()

    def _prefetch(self) -> None:
        """Load the neighbours, once this image is painted: decoding them at once would take the processor from it."""
        for index in (self.index + 1, self.index - 1):
            if self.project is not None and 0 <= index < len(self.project.images) \
                    and self.cache.get(self.project.images[index].name) is None:
                self.cache.load(self.project, self.project.images[index])

    def _new_document(self, loaded: Loaded, parked: _Parked | None) -> Document:
        assert self.project is not None
        reason = loaded.problem if loaded.locked else ""
        if self.project.read_only:
            reason = f"This project is read only here: {self.project.holder or 'its folder cannot be written'}."
        limit = int(self.settings.get("edit/undo_megabytes", 256)) << 20
        document = Document(self.project.entry(loaded.entry.name), loaded.image,
                            parked.annotation if parked else loaded.annotation, classes=self.project.classes,
                            read_only_reason=reason, history=parked.history if parked else History(limit))
        document.policy = self._paint_policy()
        if parked:
            document.revision, document.saved_revision = parked.revision, parked.saved_revision
        else:
            for sentence in (loaded.problem, *loaded.image.notices):
                if sentence:
                    self.say(sentence, "warning")
        return document

    def _paint_policy(self) -> PaintPolicy:
        """What the user has said about which pixels painting may take."""
        return PaintPolicy(*(bool(self.settings.get(f"paint/{name}", False)) for name in ("protect_others", "only_unlabelled")))

    def _on_setting(self, key: str) -> None:
        if key.startswith("paint/") and self.document is not None:
            self.document.policy = self._paint_policy()

    def _set_document(self, document: Document | None) -> None:
        self.document = document
        self.document_changed.emit()

    def _on_load_error(self, error: Exception) -> None:
        self.loading = ""
        self.report(error)
        self.document_changed.emit()
