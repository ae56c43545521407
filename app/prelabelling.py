"""Has a network label many images of the project: only pixels without a label, and one image at a time safely on disk."""
from __future__ import annotations

import queue
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from app.proposal import Piece, Proposal, accept_pieces, drain, paint_pieces
from app.proposer import new_proposal, predict_planes
from app.worker_wire import Kept
from segcore.errors import ModelError, SegcoreError
from segcore.history import Edit
from segcore.types import Progress

if TYPE_CHECKING:
    from app.jobs import Job
    from app.workspace import Workspace
    from segcore.model_zoo import ModelCard
    from segcore.project import Project

POLL = 0.02
RETRY_MS, MOST_TRIES = 200, 25
TITLE = "Accept prediction"


@dataclass
class Finished:
    """A proposal for one image, on its way from the job to the window, which answers how many regions it made, or an error."""

    name: str
    proposal: Proposal
    tries: int = 0
    answer: queue.SimpleQueue[int | Exception] = field(default_factory=queue.SimpleQueue)


@dataclass
class Report:
    """What came of it: images labelled, images without anything to add, images that failed and why."""

    labelled: int = 0
    unchanged: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)

    def text(self) -> str:
        """One sentence for the user."""
        parts = [f"{self.labelled} image{'s' if self.labelled != 1 else ''} labelled"]
        if self.unchanged:
            parts.append(f"{self.unchanged} left as they were")
        if self.failed:
            name, why = self.failed[0]
            parts.append(f"{len(self.failed)} failed ({name}: {why})")
        return ", ".join(parts).rstrip(".") + "."


class Prelabelling(QObject):
    """One run at a time. Starting again goes on where a cancelled one stopped: what this network has labelled is passed over.

    The open image is changed through its document, as one undo step; the others in their files, of which the project keeps
    earlier versions.
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.workspace = workspace
        self.job: Job | None = None
        self.report = Report()
        workspace.project_changed.connect(self.cancel)

    def start(self, card: ModelCard, mapping: dict[int, int | None], which: str = "unlabelled") -> None:
        """Label all images ("all") or those without labels ("unlabelled"); raises SegcoreError when that cannot begin."""
        project = self.workspace.project
        if project is None:
            raise SegcoreError("No project is open.", "Open one first.")
        if project.read_only:
            raise SegcoreError("This project is read only here, so predictions cannot be stored.")
        if self.job is not None:
            raise SegcoreError("Images are being labelled already.", "Cancel that in the list of jobs first.")
        if not any(class_id is not None for class_id in mapping.values()):
            raise ModelError("None of the network's classes has a class in the project.", "Choose or add some first.")
        self.report = Report()
        names = [e.name for e in project.images if which == "all" or not project.has_annotation(e)]
        names = self._without_open_image(names, f"model:{card.name}" if which == "all" else "")
        if not names:
            self.workspace.say("Every image has labels already.")
            return
        self.workspace.save_now()
        run = _Run(self.workspace, project, card, mapping, self.report)
        self.job = self.workspace.jobs.start(f"Predict on {len(names)} images", lambda: run.steps(names),
                                             on_progress=self._on_progress, on_done=self._on_end, on_cancelled=self._on_end,
                                             on_error=self._on_error)

    def cancel(self) -> None:
        """Stop after the image in hand; what was labelled stays."""
        if self.job is not None:
            self.job.cancel()

    def _without_open_image(self, names: list[str], source: str) -> list[str]:
        """Leave the open image out if it has regions of this source: its labels may not be in the file yet."""
        document = self.workspace.document
        if document is None or document.entry.name not in names:
            return names
        if not any(not source or region.source == source for region in document.annotation.regions.values()):
            return names
        self.report.unchanged += 1
        return [name for name in names if name != document.entry.name]

    def _on_progress(self, progress: Progress) -> None:
        if isinstance(progress.value, Finished):
            self._store(progress.value)

    def _store(self, finished: Finished) -> None:
        """On the window's thread, which alone knows what is open and what is not saved yet."""
        workspace, document, project = self.workspace, self.workspace.document, self.workspace.project
        assert project is not None
        if document is not None and document.entry.name == finished.name:
            plan = finished.proposal.plan(document.annotation, document.classes, min_area=self._min_area())

            def apply(pieces: list[Piece]) -> None:
                if workspace.document is not document:
                    self._store(finished)
                    return
                if pieces:
                    accept_pieces(document, pieces, finished.proposal.source, title=TITLE)
                finished.answer.put(len(pieces))
            workspace.jobs.start(TITLE, lambda: plan, lane="cut", quiet=True, on_done=apply, on_error=finished.answer.put)
        elif workspace.autosave is not None and workspace.autosave.is_unsaved(finished.name):
            finished.tries += 1
            if finished.tries > MOST_TRIES:
                finished.answer.put(SegcoreError("Its labels could not be saved yet."))
                return
            workspace.save_now()
            QTimer.singleShot(RETRY_MS, self, lambda: self._store(finished))
        else:
            # The lane of saves has one thread: nothing else writes an annotation meanwhile.
            workspace.jobs.call(TITLE, lambda: label_file(project, finished, self._min_area()), lane="save", quiet=True,
                                on_done=lambda count: self._on_stored(finished, count), on_error=finished.answer.put)

    def _on_stored(self, finished: Finished, count: int) -> None:
        workspace, project = self.workspace, self.workspace.project
        if count and project is not None:
            document = workspace.document
            if document is None or document.entry.name != finished.name or not document.revision:
                workspace.reload(finished.name)
        finished.answer.put(count)

    def _on_end(self, report: Report | None) -> None:
        self.job = None
        project = self.workspace.project
        if project is not None and self.report.labelled and not project.read_only:
            self.workspace.jobs.call("Save project", project.save, lane="save", quiet=True, on_error=self.workspace.report)
        stopped = "Stopped: " if report is None else ""
        self.workspace.say(stopped + self.report.text(), "warning" if self.report.failed else "info")

    def _on_error(self, error: Exception) -> None:
        self._on_end(None)
        self.workspace.report(error)

    def _min_area(self) -> int | None:
        return self.workspace.settings.get("model/min_area", 0) or None


class _Run:
    """The part that runs in the job's thread."""

    def __init__(self, workspace: Workspace, project: Project, card: ModelCard, mapping: dict[int, int | None],
                 report: Report) -> None:
        self._workspace, self._project, self._card, self._mapping, self._report = workspace, project, card, mapping, report
        self._threshold = float(workspace.settings.get("model/threshold", 0.5))

    def steps(self, names: list[str]) -> Generator[Progress, None, Report]:
        """Predict one image after the other; one that fails is noted and the rest goes on."""
        for done, name in enumerate(names):
            yield Progress(done, len(names), name)
            try:
                for step in self._label(name):
                    yield Progress(done, len(names), f"{name}: {step.message}" if step.message else name, step.value)
            except SegcoreError as error:
                if self._workspace.worker.given_up:
                    raise
                self._report.failed.append((name, error.message))
        return self._report

    def _label(self, name: str) -> Generator[Progress, None, None]:
        entry = self._project.entry(name)
        image = self._project.read_image(entry)
        source = f"model:{self._card.name}"
        before = self._project.read_annotation(entry, image.shape)
        if any(region.source == source for region in before.regions.values()):
            self._report.unchanged += 1
            return
        planes, _ = yield from predict_planes(self._workspace, self._card, Kept(image.sha256 or name, image.pixels), name)
        proposal = new_proposal(self._card, planes, image.shape, self._mapping, self._threshold)
        yield from proposal.prepare()
        finished = Finished(name, proposal)
        yield Progress(0, 0, "", finished)
        while finished.answer.empty():
            time.sleep(POLL)
            yield Progress(0, 0, "")
        answer = finished.answer.get()
        if isinstance(answer, SegcoreError):
            raise answer
        if isinstance(answer, Exception):
            raise SegcoreError(f"{type(answer).__name__}: {answer}") from answer
        self._report.labelled += answer > 0
        self._report.unchanged += answer == 0


def label_file(project: Project, finished: Finished, min_area: int | None) -> int:
    """Add a proposal to an image's stored annotation, where nothing is labelled yet; returns how many pieces that made."""
    proposal, entry = finished.proposal, project.entry(finished.name)
    annotation = project.read_annotation(entry, proposal.shape)
    classes = {c.id: c for c in project.classes}
    pieces: list[Any] = drain(proposal.plan(annotation, classes, min_area=min_area))
    if pieces:
        with Edit(annotation, TITLE) as edit:
            paint_pieces(edit, pieces, proposal.source)
        project.write_annotation(entry, annotation)
    return len(pieces)
