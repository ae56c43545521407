"""Restore an earlier version: what was saved before, with time and picture, brought back as one undo step."""
from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem

from app.dialogs.form import Form, muted
from app.replacing import replace_annotation
from app.widgets.picture import Picture
from segcore.types import Annotation, LabelClass

if TYPE_CHECKING:
    from app.jobs import Job
    from app.main_window import MainWindow

LONGEST = 640


class Dialog(Form):
    """A list of versions, newest first, and a picture of the chosen one."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window, "Restore an earlier version", (720, 420))
        self.list = QListWidget()
        self.list.setMaximumWidth(250)
        self.list.setAccessibleName("Earlier versions")
        self._picture = Picture("Choose a version.")
        self._facts = muted()
        self._chosen: Annotation | None = None
        self._job: Job | None = None
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self.list)
        row.addWidget(self._picture, 1)
        self.body.addLayout(row, 1)
        self.body.addWidget(self._facts)
        self.add_button("Cancel", self.reject)
        self._go = self.add_button("Restore", self._restore, accent=True)
        self._go.setEnabled(False)
        self._fill()
        self.list.currentItemChanged.connect(lambda *_: self.attempt(self._show))
        self.list.setCurrentRow(0)

    def _fill(self) -> None:
        project, document = self.workspace.project, self.workspace.document
        assert project is not None and document is not None
        for version in sorted(project.versions(document.entry), key=lambda v: v.number, reverse=True):
            item = QListWidgetItem(when(version.saved_at), self.list)
            item.setData(Qt.ItemDataRole.UserRole, version)
        if not self.list.count():
            self._picture.set_text("No earlier version of this image was kept yet. "
                                   "One is kept at every save; the last ten stay.")

    def _show(self) -> None:
        item, project, document = self.list.currentItem(), self.workspace.project, self.workspace.document
        self._chosen = None
        self._go.setEnabled(False)
        if item is None or project is None or document is None:
            return
        if self._job is not None:
            self._job.cancel()
        version, pixels, classes = item.data(Qt.ItemDataRole.UserRole), document.image.pixels, list(project.classes)
        def read() -> tuple[Annotation, NDArray[np.uint8]]:
            annotation = project.read_version(version)
            return annotation, drawn(annotation, pixels, classes)
        self._job = self.workspace.jobs.call("Read version", read, quiet=True, on_done=self._found,
                                             on_error=lambda error: self._picture.set_text(str(error)))

    def _found(self, found: Any) -> None:
        self._chosen, picture = found
        assert self._chosen is not None
        self._picture.set_pixels(picture)
        labelled = float((self._chosen.region_map > 0).mean())
        count = len(self._chosen.regions)
        self._facts.setText(f"{count} region{'s' * (count != 1)}, {labelled:.1%} of the image labelled.")
        self._go.setEnabled(True)

    def _restore(self) -> None:
        if self._chosen is not None and self.workspace.document is not None:
            replace_annotation(self.workspace.document, self._chosen, "Restore earlier version")
            self.accept()
            self.workspace.say("The earlier version is back; undo returns to the present one.")

    def done(self, result: int) -> None:
        if self._job is not None:
            self._job.cancel()
        super().done(result)


def drawn(annotation: Annotation, pixels: NDArray[np.uint8], classes: list[LabelClass]) -> NDArray[np.uint8]:
    """A small picture, uint8 (H, W, 3), of a photo under the colours of its classes."""
    step = max(1, -(-max(annotation.shape) // LONGEST))
    small = annotation.class_lut()[annotation.region_map[::step, ::step]]
    palette = np.full((256, 3), 128, np.uint8)
    for c in classes:
        palette[c.id] = c.color
    photo = pixels[::step, ::step]
    if photo.shape[:2] != small.shape:
        return palette[small]
    labelled = (annotation.region_map[::step, ::step] > 0)[..., None]
    mixed = (photo.astype(np.uint16) * 2 + palette[small].astype(np.uint16) * 3) // 5
    return np.where(labelled, mixed, photo // 2).astype(np.uint8)


def when(moment: Any) -> str:
    """A time as people say it: today 14:05, or the date."""
    time = moment if isinstance(moment, datetime.datetime) else datetime.datetime.fromtimestamp(float(moment))
    today = datetime.datetime.now(time.tzinfo).date()
    if time.date() == today:
        return f"Today, {time:%H:%M:%S}"
    if time.date() == today - datetime.timedelta(days=1):
        return f"Yesterday, {time:%H:%M}"
    return f"{time:%Y-%m-%d, %H:%M}"
