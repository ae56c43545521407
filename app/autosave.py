"""Keeps what was committed: each step goes to the journal at once, the annotation's file follows a second later."""
from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from app.document import Document
from app.jobs import Job, Jobs
from segcore.errors import SegcoreError
from segcore.history import Patch
from segcore.journal import Journal
from segcore.project import ImageEntry, Project
from segcore.types import Annotation

RETRY_MS = 10_000


@dataclass(slots=True)
class _Unsaved:
    """A document whose file is behind, and why."""

    document: Document
    reason: str = ""


class Autosave(QObject):
    """Saves documents of one project in the background. A failed save keeps the old file, is said, and is tried again."""

    changed = Signal()              # the saved state may read differently now
    failed = Signal(object)         # the exception, once per reason
    saved = Signal(str)             # name of the image whose annotation was written

    def __init__(self, project: Project, jobs: Jobs, journal: Journal | None, delay_ms: int = 1000,
                 parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._project, self._jobs, self._journal = project, jobs, journal
        self._unsaved: dict[str, _Unsaved] = {}
        self._running: dict[str, Job] = {}
        self._timer = QTimer(self, singleShot=True, interval=delay_ms)
        self._timer.timeout.connect(self.save_all)
        self._retry = QTimer(self, singleShot=True, interval=RETRY_MS)
        self._retry.timeout.connect(self.save_all)

    def watch(self, document: Document) -> None:
        """Follow a document's commits from now on."""
        document.committed.connect(self._on_committed)
        name = document.entry.name
        if name in self._unsaved:
            # The image was left and came back before its file was written: this document now stands for it.
            self._unsaved[name].document = document

    @property
    def reason(self) -> str:
        """Why the last save failed; empty when none did."""
        return next((u.reason for u in self._unsaved.values() if u.reason), "")

    @property
    def pending(self) -> bool:
        """True while something committed is not yet in its file."""
        return bool(self._unsaved)

    @property
    def busy(self) -> bool:
        return bool(self._running)

    def is_unsaved(self, name: str) -> bool:
        """True while an image's file is behind; then its document, not the file, is the truth."""
        return name in self._unsaved

    def save_all(self) -> None:
        """Start saving everything that is behind."""
        for name in list(self._unsaved):
            self._save(name)

    def finish(self, seconds: float = 10.0) -> bool:
        """Save everything now and wait for it; True when nothing is left unsaved."""
        self._timer.stop()
        for name in list(self._unsaved):
            unsaved = self._unsaved[name]
            if name in self._running:
                self._jobs.wait(self._running[name], seconds)
            try:
                self._write(unsaved.document.entry, unsaved.document.annotation, unsaved.document.revision)
            except (SegcoreError, OSError) as error:
                self._note_failure(name, error)
                continue
            self._note_success(name, unsaved.document.revision)
        return not self._unsaved

    def close(self) -> bool:
        """Finish, and let go of the journal; True when nothing is left unsaved."""
        # Steps still on their way to the journal come first in its lane.
        self._jobs.wait(self._jobs.call("Journal", lambda: None, lane="save", quiet=True), 10.0)
        saved = self.finish()
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        return saved

    def _write(self, entry: ImageEntry, annotation: Annotation, revision: int) -> None:
        """Write one annotation, then let the journal forget what led to it; in any thread."""
        keep = self._project.annotations.version_due(entry.name)
        self._project.write_annotation(entry, annotation, keep_version=keep)
        journal = self._journal
        if journal is not None:
            journal.saved(entry.name, revision)

    def _on_committed(self, patch: Patch) -> None:
        document = self.sender()
        assert isinstance(document, Document)
        name = document.entry.name
        self._unsaved.setdefault(name, _Unsaved(document)).document = document
        if self._journal is not None:
            journal, shape, revision = self._journal, document.shape, document.revision
            self._jobs.call("Journal", lambda: journal.append(name, patch, shape, revision), lane="save", quiet=True,
                            on_error=self._on_journal_error)
        self._timer.start()
        self.changed.emit()

    def _save(self, name: str) -> None:
        if name in self._running:
            self._timer.start()    # one save of an image at a time; the newer state follows
            return
        document = self._unsaved[name].document
        revision, snapshot, entry = document.revision, document.annotation.copy(), document.entry
        self._running[name] = self._jobs.call(
            f"Save {name}", lambda: self._write(entry, snapshot, revision), lane="save", quiet=True,
            on_done=lambda _: self._note_success(name, revision), on_error=lambda error: self._note_failure(name, error))
        self.changed.emit()

    def _note_success(self, name: str, revision: int) -> None:
        self._running.pop(name, None)
        unsaved = self._unsaved.get(name)
        if unsaved is not None:
            unsaved.document.saved_revision = revision
            unsaved.reason = ""
            if unsaved.document.revision == revision:
                del self._unsaved[name]
        self.saved.emit(name)
        self.changed.emit()

    def _note_failure(self, name: str, error: Exception) -> None:
        self._running.pop(name, None)
        unsaved = self._unsaved.get(name)
        if unsaved is not None and unsaved.reason != str(error):
            unsaved.reason = str(error)
            self.failed.emit(error)
        self._retry.start()
        self.changed.emit()

    def _on_journal_error(self, error: Exception) -> None:
        self._journal = None    # said once; the files themselves are still saved
        self.failed.emit(error)
