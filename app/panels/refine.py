"""The panel that refines labels: choose how and what, look at the change, apply it as one step."""
from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app.panels import Panel
from app.proposer import photo_of
from app.refining import Change, apply_change, change_of, labels_of
from app.theme import icon
from app.widgets.job_row import JobRow
from app.widgets.param_form import ParamForm
from segcore.errors import PromptError, SegcoreError
from segcore.refiners import REFINERS

if TYPE_CHECKING:
    from app.canvas.overlay import Layer
    from app.document import Document
    from app.jobs import Job
    from app.main_window import MainWindow

SCOPES = {"region": "Selected region", "class": "All regions of its class", "image": "Whole image"}
EMPTY = "Select a region on the canvas, then press Preview to see what refining would change."
GAINED, LOST = (60, 220, 120), (235, 60, 60)


class RefinePanel(Panel):
    """Smooths, fills and cleans labels that are there."""

    name = "refine"
    title = "Refine"
    icon = "refine"
    order = 55
    tab_with = "model"
    height_share = 420

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.refiner, self.scope = QComboBox(accessibleName="Refiner"), QComboBox(accessibleName="What to refine")
        for cls in REFINERS:
            self.refiner.addItem(cls.title, cls.name)
            self.refiner.setItemData(self.refiner.count() - 1, cls.summary(), Qt.ItemDataRole.ToolTipRole)
        for key, title in SCOPES.items():
            self.scope.addItem(title, key)
        self.forms = {cls.name: self._make_form(cls.name, cls.Params) for cls in REFINERS}
        self.hint = QLabel(EMPTY, wordWrap=True)
        self.hint.setProperty("role", "muted")
        self.preview_button = QPushButton(icon("eye"), "Preview", toolTip="Shows what would change")
        self.apply_button = QPushButton(icon("check", "on_accent"), "Apply", toolTip="Makes the change, as one undo step")
        self.apply_button.setProperty("accent", True)
        self.shown = QCheckBox("Show the change", checked=True, toolTip="Switch between before and after")
        self.running = JobRow()
        self.job: Job | None = None
        self.change: Change | None = None
        self._layer: Layer | None = None
        self._follows: Document | None = None
        self._lay_out()
        self._connect()
        self._on_refiner()
        self._on_document()

    def preview(self) -> None:
        """Start working out what the refiner would change."""
        document = self.workspace.document
        if document is None:
            raise SegcoreError("No image is open.", "Open one first.")
        if document.read_only_reason:
            raise SegcoreError(document.read_only_reason)
        self.drop()
        asked = labels_of(document.annotation, self._regions(document), self.scope.currentData() != "image")
        name = self.refiner.currentData()
        title = self.refiner.currentText()

        def steps() -> Generator[Any, None, tuple[Change, str]]:
            refined, notice = yield from self.workspace.worker.run(
                "refine_labels", doing=f"refining ({title})", image=photo_of(document), box=asked.box, labels=asked.labels,
                fixed=asked.fixed, count=asked.count, refiner=name, params=self.forms[name].values())
            return change_of(document.annotation, asked, refined), notice
        job = self.workspace.jobs.start(title, steps, quiet=True, on_progress=self._show, on_error=self._on_error,
                                        on_done=lambda answer: self._on_done(document, *answer),
                                        on_cancelled=lambda _: self._on_cancelled(job))
        self.job = job
        self._show()

    def apply(self) -> None:
        """Make the change that is shown."""
        document, change = self.workspace.document, self.change
        if document is not None and change is not None:
            self.drop()
            apply_change(document, change, self.refiner.currentText())

    def drop(self) -> None:
        """Forget the change that is shown, or being worked out."""
        if self.job is not None:
            self.job.cancel()
        self.job = self.change = None
        self._show()

    def _regions(self, document: Document) -> set[int]:
        regions, scope = document.annotation.regions, self.scope.currentData()
        if scope == "image":
            return set(regions)
        selected = regions.get(document.active_region)
        if selected is None:
            raise PromptError("No region is selected.", "Click one with the Select tool, or refine the whole image.")
        return {selected.id} if scope == "region" else {r.id for r in regions.values() if r.class_id == selected.class_id}

    def _on_done(self, document: Document, change: Change, notice: str) -> None:
        self.job = None
        if self.workspace.document is not document:
            return
        self.change = change if change.pixels else None
        self._show()
        if not change.pixels:
            self.hint.setText("Nothing would change.")
            self.hint.show()
        if notice:
            self.workspace.say(notice)

    def _on_cancelled(self, job: Job) -> None:
        if self.job is job:
            self.drop()

    def _on_error(self, error: Exception) -> None:
        self.job = None
        self._show()
        self.workspace.report(error)

    def _show(self, *_: object) -> None:
        ready = self.change is not None
        self.running.show_job(self.job)
        self.running.setVisible(self.job is not None)
        self.apply_button.setVisible(ready)
        self.shown.setVisible(ready)
        self.preview_button.setEnabled(self.job is None and self.workspace.document is not None)
        self.hint.setVisible(self.job is None)
        change = self.change
        self.hint.setText(EMPTY if change is None else f"{change.pixels:,} pixels would change: green are added, red go away.")
        self._show_on_canvas()

    def _show_on_canvas(self) -> None:
        canvas, document = self.window_.canvas, self.workspace.document
        if self._layer is None and self.change is None:
            return
        others = [layer for layer in canvas.layers if layer is not self._layer]
        self._layer = None
        if self.change is not None and document is not None and self.shown.isChecked():
            self._layer = change_layer(self.change, document.shape)
        canvas.layers = [*others, self._layer] if self._layer is not None else others

    def _make_form(self, name: str, params: type) -> ParamForm:
        key = f"refiners/labels/{name}"
        form = ParamForm(params, self.workspace.settings.get(key, {}))
        form.changed.connect(lambda *_: self.workspace.settings.set(key, form.values()))
        form.changed.connect(self.drop)
        for slider in form.findChildren(QSlider):
            slider.setMinimumWidth(30)
        return form

    def _lay_out(self) -> None:
        content = QWidget(self, objectName="form")
        layout = QVBoxLayout(content)
        layout.setContentsMargins(11, 8, 11, 11)
        layout.setSpacing(8)
        choices = QFormLayout()
        choices.addRow("How", self.refiner)
        choices.addRow("What", self.scope)
        layout.addLayout(choices)
        for form in self.forms.values():
            layout.addWidget(form)
        buttons = QHBoxLayout()
        buttons.addWidget(self.preview_button)
        buttons.addWidget(self.apply_button)
        layout.addLayout(buttons)
        for widget in (self.shown, self.running, self.hint):
            layout.addWidget(widget)
        layout.addStretch(1)
        area = QScrollArea(self, widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)

    def _connect(self) -> None:
        for button, verb in ((self.preview_button, self.preview), (self.apply_button, self.apply)):
            button.clicked.connect(lambda *_, verb=verb: self._attempt(verb))
        self.refiner.activated.connect(self._on_refiner)
        self.scope.activated.connect(self.drop)
        self.shown.toggled.connect(self._show_on_canvas)
        self.workspace.document_changed.connect(self._on_document)

    def _attempt(self, verb: Callable[[], None]) -> None:
        self.window_.attempt(lambda window: verb())

    def _on_refiner(self) -> None:
        for name, form in self.forms.items():
            form.setVisible(name == self.refiner.currentData())
        self.refiner.setToolTip(REFINERS[self.refiner.currentData()].summary())
        self.drop()

    def _on_document(self) -> None:
        document = self.workspace.document
        if document is not None and document is not self._follows:
            document.committed.connect(self.drop)       # what is shown is no longer what would happen
        self._follows = document
        self.drop()


def change_layer(change: Change, shape: tuple[int, int]) -> Layer:
    """The pixels that a change gives to a region and those that it takes away, as a layer of the canvas."""
    from app.canvas.overlay import Layer, Paint, argb_table
    labels = np.full(shape, -1, np.int16)
    area, changed = labels[change.box], change.before != change.after
    area[changed] = 0
    area[changed & (change.after == 0)] = 1
    fill = argb_table(np.array([GAINED, LOST, (0, 0, 0)]), np.array([0.75, 0.75, 0.0]))
    return Layer(labels, Paint(fill))
