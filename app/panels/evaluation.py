"""The panel that measures: how well a network agrees with the labels, what it confuses, and where it is worst."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.class_map import ClassMap, reference
from app.evaluation_run import WHICH, Evaluation, chosen_entries, evaluate
from app.panels import Panel
from app.panels.swatches import swatch
from app.theme import icon
from app.uncertainty import Queue, rank
from app.widgets.confusion import Confusion
from app.widgets.job_row import JobRow
from segcore.errors import ModelError, SegcoreError
from segcore.model_zoo import ModelCard, list_models

if TYPE_CHECKING:
    from app.jobs import Job
    from app.main_window import MainWindow

EMPTY = "Press Evaluate: the network's predictions are compared with your labels, and nothing is changed."
NO_PROJECT = "Open a project to compare a network with its labels."
MOST_ROWS = 8
"""Rows of a table that are shown before it scrolls."""


class EvaluationPanel(Panel):
    """Tells how good a network is on your labels."""

    name = "evaluation"
    title = "Evaluate"
    icon = "evaluate"
    order = 65
    tab_with = "model"
    height_share = 420

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.classes = ClassMap(self.workspace)
        self.job: Job | None = None
        self.result: Evaluation | Queue | None = None
        self.network = QComboBox(accessibleName="Network", toolTip="The network that is measured")
        self.which = QComboBox(accessibleName="Images", toolTip="The images it is measured on")
        for box in (self.network, self.which):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(12)
        for split, title in WHICH.items():
            self.which.addItem(title, split)
        self.button = QPushButton(icon("play", "on_accent"), "Evaluate")
        self.button.setProperty("accent", True)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.running = JobRow()
        self.hint, self.summary = QLabel(EMPTY, wordWrap=True), QLabel(wordWrap=True)
        self.hint.setProperty("role", "muted")
        self.table = make_table("Result by class", ("Class", "IoU", "Pixels"))
        self.worst = make_table("Images, worst first", ("Worst images", "Mean IoU"))
        self.worst.setToolTip("Click an image to open it")
        self.confusion = Confusion()
        self._results = QWidget(self, objectName="form")
        self._lay_out()
        self._connect()
        self._on_project()

    def start(self) -> None:
        """Compare the chosen network with the labels of the chosen images."""
        project, card = self.workspace.project, self.network.currentData()
        if project is None:
            raise SegcoreError("No project is open.", "Open one first.")
        if card is None:
            raise ModelError("There is no network to measure.", "Train one, or install the program again.")
        mapping, ranking = self.classes.mapping(card), self.which.currentData() == "unlabelled"
        if not ranking and not any(class_id is not None for class_id in mapping.values()):
            raise ModelError(f"None of the classes of “{card.title or card.name}” is a class of the project.",
                             "Choose what they become in the Model panel.")
        entries = chosen_entries(project, self.which.currentData())
        self.cancel()
        self.workspace.save_now()
        job = self.workspace.jobs.start(
            "Rank images" if ranking else "Evaluate", lambda: rank(self.workspace, project, card, entries) if ranking
            else evaluate(self.workspace, project, card, mapping, entries), lane="long",
            on_progress=lambda _: self._show(), on_done=self._on_done, on_error=self._on_error,
            on_cancelled=lambda _: self._end(job))
        self.job = job
        self._show()

    def cancel(self) -> None:
        """Stop measuring."""
        if self.job is not None:
            self.job.cancel()
            self.job = None
            self._show()

    # within

    def _attempt(self, action: Callable[[], Any]) -> None:
        self.window_.attempt(lambda window: action())

    def _lay_out(self) -> None:
        content = QWidget(self, objectName="form")
        layout = QVBoxLayout(content)
        layout.setContentsMargins(11, 8, 11, 11)
        layout.setSpacing(8)
        for part in (self.network, self.which, self.button, self.running, self.hint, self._results):
            layout.addWidget(part)
        results = QVBoxLayout(self._results)
        results.setContentsMargins(0, 0, 0, 0)
        results.setSpacing(8)
        for part in (self.summary, self.worst, self.table, self.confusion):
            results.addWidget(part)
        layout.addStretch(1)
        area = QScrollArea(self, widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)

    def _connect(self) -> None:
        workspace = self.workspace
        self.button.clicked.connect(lambda: self._attempt(self.start))
        workspace.project_changed.connect(self._on_project)
        workspace.networks_changed.connect(self._list_networks)
        self.which.currentIndexChanged.connect(lambda: self.button.setText(
            "Rank images" if self.which.currentData() == "unlabelled" else "Evaluate"))
        self.worst.cellClicked.connect(lambda row, _: self._go_to(row))
        self.worst.cellActivated.connect(lambda row, _: self._go_to(row))

    def _go_to(self, row: int) -> None:
        name = self.worst.item(row, 0).data(Qt.ItemDataRole.UserRole)
        self._attempt(lambda: self.workspace.go_to_name(name))

    def _on_project(self) -> None:
        self.cancel()
        self.result = None
        self._list_networks()
        self._show()

    def _list_networks(self) -> None:
        """The networks there are; what was chosen stays chosen, else it is the newest."""
        project, before = self.workspace.project, self.network.currentData()
        cards: list[ModelCard] = list_models(project.folder if project else None)
        self.network.clear()
        for card in cards:
            self.network.addItem(icon("model"), card.title or card.name, card)
        names = [reference(card) for card in cards]
        chosen = reference(before) if before is not None else ""
        self.network.setCurrentIndex(names.index(chosen) if chosen in names else len(cards) - 1)

    def _on_done(self, result: Evaluation | Queue) -> None:
        self.job, self.result = None, result
        self.workspace.say(result.text(), "warning" if result.failed else "info")
        self._fill(result)
        self._show()

    def _on_error(self, error: Exception) -> None:
        self._end(self.job)
        self.workspace.report(error)

    def _end(self, job: Job | None) -> None:
        if self.job is job:
            self.job = None
        self._show()

    def _show(self) -> None:
        self.running.show_job(self.job)
        self.running.setVisible(self.job is not None)
        project = self.workspace.project
        self.button.setEnabled(self.job is None and project is not None)
        self.hint.setText(EMPTY if project is not None else NO_PROJECT)
        self.hint.setVisible(self.job is None and self.result is None)
        self._results.setVisible(self.result is not None)

    def _fill(self, result: Evaluation | Queue) -> None:
        measured = isinstance(result, Evaluation)
        self.summary.setText(result.text())
        self.worst.setHorizontalHeaderLabels(("Worst images", "Mean IoU") if measured else ("Label next", "Unsure"))
        self.worst.setRowCount(0)
        for score in result.worst if isinstance(result, Evaluation) else result.scores:
            cell = add_row(self.worst, score.name, f"{100 * score.value:.1f} %")
            cell.setData(Qt.ItemDataRole.UserRole, score.name)
            cell.setToolTip(score.name)
        fit_height(self.worst)
        self.table.setVisible(measured)
        self.confusion.setVisible(measured)
        if isinstance(result, Evaluation):
            self._fill_classes(result)

    def _fill_classes(self, result: Evaluation) -> None:
        pixels, iou = result.matrix.sum(axis=1), result.iou
        share = pixels / max(1, pixels.sum())
        self.table.setRowCount(0)
        for index in sorted(range(len(iou)), key=lambda i: (np.isnan(iou[i]), iou[i])):
            label, there = result.classes[index], not np.isnan(iou[index])
            add_row(self.table, label.name, f"{100 * iou[index]:.1f} %" if there else "–",
                    f"{100 * share[index]:.1f} %" if pixels[index] else "–").setIcon(swatch(label.color))
        fit_height(self.table)
        self.confusion.show_matrix(result.matrix, result.classes)


def make_table(name: str, titles: tuple[str, ...]) -> QTableWidget:
    """A table that is read, not written; the first column takes the room."""
    table = QTableWidget(0, len(titles), accessibleName=name)
    table.setHorizontalHeaderLabels(titles)
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return table


def add_row(table: QTableWidget, *texts: str) -> QTableWidgetItem:
    """One more row at the end; returns its first cell."""
    row = table.rowCount()
    table.insertRow(row)
    for column, text in enumerate(texts):
        cell = QTableWidgetItem(text)
        if column:
            cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        table.setItem(row, column, cell)
    return table.item(row, 0)


def fit_height(table: QTableWidget) -> None:
    """As high as its rows, up to MOST_ROWS of them."""
    table.resizeRowsToContents()
    rows = sum(table.rowHeight(row) for row in range(min(MOST_ROWS, table.rowCount())))
    table.setFixedHeight(table.horizontalHeader().sizeHint().height() + rows + 3)
