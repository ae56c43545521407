"""The window's model: the open project with its classes, proposals and saving, on top of the way between its images."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.document import Document
from app.image_cache import Loaded
from app.navigation import Navigation, _Parked
from app.settings import Settings
from segcore.errors import SegcoreError
from segcore.types import LabelClass

if TYPE_CHECKING:
    from app.autosave import Autosave
    from app.proposal import Proposal
    from app.worker import WorkerClient
    from segcore.journal import Journal, Recovered
    from segcore.project import Project


class Workspace(Navigation):
    """What every panel, command and dialog works on. It changes only on the window's thread."""

    classes_changed = Signal()
    saved_changed = Signal()
    proposal_changed = Signal()
    networks_changed = Signal()         # one was trained: the project has more, or a better one
    recovery_found = Signal(object)     # list of journal.Recovered: newer than their files

    def __init__(self, settings: Settings | None = None, parent: QObject | None = None) -> None:
        super().__init__(settings, parent)
        self.proposal: Proposal | None = None
        self.autosave: Autosave | None = None
        self.journal: Journal | None = None
        self._worker: WorkerClient | None = None

    @property
    def worker(self) -> WorkerClient:
        """The process for everything that needs torch; started at first use."""
        if self._worker is None:
            from app.worker import WorkerClient
            self._worker = WorkerClient()
        return self._worker

    # project

    def open_path(self, path: object) -> None:
        """Open a project, a folder of photos, or one photo; a failure is reported and leaves what was open."""
        from app import opening
        try:
            opening.open_path(self, path)
        except (SegcoreError, OSError) as error:
            self.report(error)

    def use_project(self, project: Project) -> None:
        """Make an opened project the current one and show the image that was open last, or the first."""
        from app import opening
        from app.autosave import Autosave
        self.close_project()
        self.project = project
        self.journal, recovered = opening.open_journal(project, self.report)
        self.autosave = Autosave(project, self.jobs, self.journal, parent=self)
        self.autosave.changed.connect(self.saved_changed)
        self.autosave.failed.connect(self.report)
        self.autosave.saved.connect(self.entry_changed)
        self.settings.set("project/last", str(project.folder))
        self.project_changed.emit()
        self.classes_changed.emit()
        for notice in project.notices:
            self.say(notice, "warning")
        names = [entry.name for entry in project.images]
        last = self.settings.get(f"project/image/{project.folder}", "")
        self.go_to(names.index(last) if last in names else 0)
        if recovered:
            self.recovery_found.emit(recovered)

    def recover(self, chosen: Sequence[Recovered]) -> None:
        """Put back what the journal holds of these images; what was not chosen stays aside for a month."""
        if self.project is None or self.journal is None:
            return
        try:
            self.journal.restore(chosen)
        except (SegcoreError, OSError) as error:
            self.report(error)
            return
        for item in chosen:
            self.reload(item.name)

    def close_project(self) -> bool:
        """Save and let go of the project; False when something could not be saved (the journal still has it)."""
        if self.project is None or self.autosave is None:
            return True
        self._leave()
        saved = self.autosave.close()
        self._parked.clear()
        self.cache.clear()
        self.autosave.deleteLater()
        project, self.project, self.autosave = self.project, None, None
        project.close()
        self.index, self.loading = -1, ""
        self._set_document(None)
        self.project_changed.emit()
        return saved

    def set_state(self, name: str, state: str) -> None:
        """Mark an image new, labelled, done or flagged."""
        if self.project is None or self.project.read_only:
            return
        self.project.update_entry(name, state=state)
        if self.document is not None and self.document.entry.name == name:
            self.document.entry = self.project.entry(name)
        self.entry_changed.emit(name)
        self._save_project()

    # classes

    def set_classes(self, classes: Sequence[LabelClass], title: str) -> None:
        """Replace the project's classes, as one undo step of the open image."""
        if self.project is None:
            return
        before = tuple(self.project.classes)
        self._apply_classes(tuple(classes))
        if self.document is not None:
            self.document.record_classes(title, before, tuple(classes))

    def class_of(self, class_id: int) -> LabelClass:
        """The class of that id; a grey stand-in when the project no longer has it."""
        classes = self.project.classes if self.project else []
        return next((c for c in classes if c.id == class_id), LabelClass(class_id, f"unknown-{class_id}", (128, 128, 128)))

    # saving

    def save_now(self) -> None:
        """Write what is not in its file yet, without waiting for the autosave."""
        if self.autosave is not None:
            self.autosave.save_all()

    def saved_text(self) -> str:
        """The state of saving in a few words, for the status bar."""
        if self.project is None or self.autosave is None:
            return ""
        if self.project.read_only:
            return "Read only"
        if self.autosave.reason:
            return "Not saved: trying again"
        if self.autosave.busy:
            return "Saving…"
        return "Unsaved changes" if self.autosave.pending else "All saved"

    # proposals

    def set_proposal(self, proposal: Proposal | None) -> None:
        """Show a network's proposal for the open image, or none."""
        if proposal is not self.proposal:
            self.proposal = proposal
            self.proposal_changed.emit()

    def shutdown(self) -> bool:
        """Save, stop threads and the worker; False when something could not be saved."""
        saved = self.close_project()
        self.settings.flush()
        self.jobs.shutdown()
        if self._worker is not None:
            self._worker.shutdown()
        return saved

    # within

    def _leave(self) -> None:
        super()._leave()
        if self.document is not None:
            self.set_proposal(None)
            self.save_now()

    def _is_unsaved(self, name: str) -> bool:
        return self.autosave is not None and self.autosave.is_unsaved(name)

    def _new_document(self, loaded: Loaded, parked: _Parked | None) -> Document:
        document = super()._new_document(loaded, parked)
        if self.autosave is not None:
            self.autosave.watch(document)
        document.classes_replayed.connect(self._apply_classes)
        document.committed.connect(self._on_committed)
        previous = self.settings.get("project/active_class")
        if previous in document.classes:
            document.set_active_class(previous)
        document.active_changed.connect(self._remember_class)
        return document

    def _apply_classes(self, classes: tuple[LabelClass, ...]) -> None:
        assert self.project is not None
        self.project.set_classes(list(classes))
        if self.document is not None:
            self.document.classes = {c.id: c for c in classes}
        self.classes_changed.emit()
        self._save_project()

    def _remember_class(self) -> None:
        if self.document is not None:
            self.settings.set("project/active_class", self.document.active_class)

    def _on_committed(self) -> None:
        if self.document is None or self.project is None:
            return
        entry = self.project.entry(self.document.entry.name)
        if entry.state == "new" and self.document.annotation.regions:
            self.set_state(entry.name, "labelled")

    def _save_project(self) -> None:
        if self.project is not None and not self.project.read_only:
            self.jobs.call("Save project", self.project.save, lane="save", quiet=True, on_error=self.report)
