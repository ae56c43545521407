"""The panel of networks: choose one, let it predict, see what its classes become, refine, and accept."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from app.panels import Panel
from app.prelabelling import Prelabelling
from app.proposal_layer import plane_colors, proposal_layer
from app.proposer import Proposer
from app.theme import icon
from app.widgets.class_section import ClassSection
from app.widgets.job_row import JobRow
from app.widgets.network_chooser import NetworkChooser
from app.widgets.param_form import rule
from app.widgets.proposal_controls import ProposalControls
from segcore.errors import SegcoreError
from segcore.refiners import REFINERS

if TYPE_CHECKING:
    from app.canvas.overlay import Layer
    from app.main_window import MainWindow

EMPTY = "Press Predict: the network colours what it recognises, and nothing is labelled until you accept it."
NO_IMAGE = "Open an image, and a network can propose labels for it."


class ModelPanel(Panel):
    """Networks propose labels; you accept them."""

    name = "model"
    title = "Model"
    icon = "model"
    order = 50
    tab_with = "images"
    height_share = 420

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.proposer = Proposer(self.workspace)
        self.prelabelling = Prelabelling(self.workspace)
        self.chooser = NetworkChooser(self.proposer, self._attempt)
        self.predict_button = QPushButton(icon("play", "on_accent"), "Predict")
        self.predict_button.setProperty("accent", True)
        self.predict_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more = self._make_more()
        self.running = JobRow()
        self.classes = ClassSection(self.proposer, self._attempt)
        self.hint = QLabel(EMPTY, wordWrap=True)
        self.hint.setProperty("role", "muted")
        self.controls = ProposalControls(REFINERS["dense_crf"].Params, self.workspace.settings)
        self._layer: Layer | None = None
        self._lay_out()
        self._connect()
        self._keys = self._make_keys()
        self._show_job()
        self._show_proposal()

    # what commands and buttons ask for

    def predict(self) -> None:
        """Let the chosen network propose labels for the open image; what to do with them is in this panel, so it is shown."""
        self.proposer.predict()
        if self.window_.docks is not None:
            self.window_.docks.reveal(self.name)

    def refine(self) -> None:
        """Make the proposal follow the edges of the photo."""
        self.proposer.refine(self.controls.params())

    def accept(self) -> None:
        """Turn all of the proposal into regions."""
        self.proposer.accept()

    def accept_class(self) -> None:
        """Turn the selected classes of the proposal into regions."""
        planes = self.classes.table.selected_planes()
        if not planes:
            raise SegcoreError("No class is selected.", "Click a row of the table first.")
        self.proposer.accept(planes)

    def discard(self) -> None:
        """Take the proposal away."""
        self.proposer.discard()

    def predict_many(self, which: str) -> None:
        """Let the chosen network label all images ("all") or those without labels ("unlabelled")."""
        card = self.proposer.card
        if card is not None:
            self.prelabelling.start(card, self.proposer.classes.mapping(card), which)

    # within

    def _attempt(self, action: Callable[[], Any]) -> None:
        self.window_.attempt(lambda window: action())

    def _make_more(self) -> QToolButton:
        more = QToolButton(toolTip="Predict on other images", accessibleName="Predict on other images")
        more.setIcon(icon("more"))
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(more)
        for title, which in (("Predict on all images without labels", "unlabelled"), ("Predict on all images", "all")):
            menu.addAction(title, lambda which=which: self._attempt(lambda: self.predict_many(which)))
        more.setMenu(menu)
        return more

    def _lay_out(self) -> None:
        content = QWidget(self, objectName="form")
        layout = QVBoxLayout(content)
        layout.setContentsMargins(11, 8, 11, 11)
        layout.setSpacing(8)
        start = QHBoxLayout()
        start.addWidget(self.predict_button, 1)
        start.addWidget(self.more)
        layout.addWidget(self.chooser.list)
        layout.addLayout(start)
        for widget in (self.running, self.hint, self.controls, self.classes, self.controls.options, rule(), self.chooser):
            layout.addWidget(widget)
        layout.addStretch(1)
        area = QScrollArea(self, widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(area)
        outer.addWidget(self.controls.buttons)

    def _connect(self) -> None:
        workspace, controls = self.workspace, self.controls
        self.proposer.job_changed.connect(self._show_job)
        workspace.document_changed.connect(self._show_job)
        workspace.proposal_changed.connect(self._show_proposal)
        workspace.classes_changed.connect(self.proposer.remap)
        workspace.settings.changed.connect(self._on_setting)
        for signal, verb in ((self.predict_button.clicked, self.predict), (controls.refine_wanted, self.refine),
                             (controls.accept_wanted, self.accept), (controls.accept_class_wanted, self.accept_class),
                             (controls.discard_wanted, self.discard)):
            signal.connect(lambda *_, verb=verb: self._attempt(verb))
        controls.threshold_changed.connect(self._on_threshold)
        controls.refined_toggled.connect(self._on_refined)

    def _make_keys(self) -> list[QShortcut]:
        """Enter and Esc, on the canvas only and only while there is a proposal; a running gesture takes them first."""
        return [QShortcut(QKeySequence(key), self.window_.canvas, lambda verb=verb: self._attempt(verb),
                          context=Qt.ShortcutContext.WidgetShortcut)
                for key, verb in (("Return", self.accept), ("Enter", self.accept), ("Esc", self.discard))]

    def _show_job(self) -> None:
        job, document = self.proposer.job, self.workspace.document
        self.running.show_job(job)
        self.running.setVisible(job is not None)
        self.predict_button.setEnabled(job is None and document is not None)
        for part in (self.controls, self.controls.options, self.controls.buttons):
            part.setEnabled(job is None)
        self.hint.setText(EMPTY if document is not None else NO_IMAGE)
        self.hint.setVisible(job is None and self.workspace.proposal is None)

    def _show_proposal(self) -> None:
        proposal = self.workspace.proposal
        for part in (self.controls, self.controls.options, self.controls.buttons):
            part.setVisible(proposal is not None)
        for key in self._keys:
            key.setEnabled(proposal is not None)
        if proposal is not None:
            self.controls.threshold.set_value(proposal.threshold)
            self.controls.show_refined(proposal.refinement is not None, proposal.refined)
        self._show_job()
        self._show_on_canvas()

    def _show_on_canvas(self) -> None:
        proposal, project, canvas = self.workspace.proposal, self.workspace.project, self.window_.canvas
        others = [layer for layer in canvas.layers if layer is not self._layer]
        self._layer = None
        if proposal is not None and project is not None:
            colors = plane_colors(proposal.colors, proposal.mapping, {c.id: c.color for c in project.classes})
            self._layer = proposal_layer(proposal, colors, self.controls.opacity.value(), canvas.overlay_mode)
        canvas.layers = [*others, self._layer] if self._layer is not None else others

    def _on_threshold(self, value: float) -> None:
        proposal = self.workspace.proposal
        if proposal is not None:
            proposal.threshold = value
            self.classes.refresh_shares()
            self._show_on_canvas()

    def _on_refined(self, refined: bool) -> None:
        if self.workspace.proposal is not None:
            self.workspace.proposal.refined = refined
            self.workspace.proposal_changed.emit()

    def _on_setting(self, key: str) -> None:
        if key in ("model/opacity", "view/overlay_mode"):
            self._show_on_canvas()
