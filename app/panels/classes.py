"""The project's classes: choose what the next region will be, rename, recolour, add, delete, hide."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPoint, QSize
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QToolButton,
    QVBoxLayout,
)

from app.panels import Panel
from app.panels.areas import areas_of
from app.panels.class_editing import ClassEditing
from app.panels.class_list import EYE, NAME, ClassList
from app.panels.row_tree import RowTree
from app.theme import icon, theme

if TYPE_CHECKING:
    from app.main_window import MainWindow

FILTER_FROM = 13
"""Number of classes from which the list has a filter."""


class ClassesPanel(Panel):
    """Classes of the project; the chosen one is what new regions become."""

    name = "classes"
    title = "Classes"
    icon = "class"
    order = 20
    height_share = 260

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._canvas = window.canvas
        self.areas = areas_of(window.workspace)
        self.editing = ClassEditing(window.workspace)
        self.model = ClassList(self)
        self.search = QLineEdit(placeholderText="Filter classes", clearButtonEnabled=True)
        self.search.setAccessibleName("Filter classes by name")
        self.search.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.view = self._make_view()
        self.add_button = _button(self, "plus", "Add a class", self.add)
        self.color_button = _button(self, "color", "Colour of the class…", self.choose_color)
        self.delete_button = _button(self, "trash", "Delete the class", self.delete)
        self._lay_out()
        self._follow()
        self.refresh()

    # what the user can do

    def add(self) -> None:
        """Add a class and let the user type its name."""
        place = self.editing.add()
        if place >= 0:
            self.search.clear()
            self.activate(place)
            self.rename()

    def rename(self) -> None:
        """Type another name for the chosen class, in its row."""
        if self._row() >= 0:
            self.view.edit(self.model.index(self._row(), NAME))

    def choose_color(self) -> None:
        """Ask for another colour of the chosen class."""
        row = self._row()
        if row >= 0 and self.editing.may_edit():
            color = QColorDialog.getColor(QColor(*self.editing.classes[row].color), self, "Colour of the class")
            if color.isValid():
                self.editing.recolor(row, (color.red(), color.green(), color.blue()))

    def delete(self) -> None:
        """Delete the chosen class."""
        if self._row() >= 0:
            self.editing.delete(self._row())

    def activate(self, row: int) -> None:
        """Make the class in a row the one that new regions get."""
        if self.workspace.document is not None:
            self.workspace.document.set_active_class(self.editing.classes[row].id)

    def toggle_visible(self, row: int) -> None:
        """Show or hide the regions of a class on the canvas."""
        self._canvas.hidden_classes = frozenset(self._canvas.hidden_classes) ^ {self.editing.classes[row].id}

    def refresh(self) -> None:
        """Show the classes as they are now."""
        self.model.read()
        self.search.setVisible(self.model.rowCount() >= FILTER_FROM)
        if self.search.isHidden():
            self.search.clear()
        self._filter()
        self._show_active()

    # within

    def _make_view(self) -> RowTree:
        view = RowTree(self.model, self.model.widths(self.fontMetrics()), frozenset({EYE}), self)
        view.setHeaderHidden(True)
        view.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        view.setAccessibleName("Classes of the project")
        view.clicked.connect(self._on_clicked)
        view.button_clicked.connect(self._on_button)
        view.selectionModel().currentRowChanged.connect(self._on_current)
        view.customContextMenuRequested.connect(self._show_menu)
        return view

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self.search, 1)
        row.addStretch(0)
        for button in (self.add_button, self.color_button, self.delete_button):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(5)
        layout.addLayout(row)
        layout.addWidget(self.view, 1)

    def _follow(self) -> None:
        self.search.textChanged.connect(self._filter)
        self.areas.changed.connect(self.model.touch)
        self._canvas.display_changed.connect(self.model.touch)
        theme().changed.connect(self.model.touch)
        self.workspace.classes_changed.connect(self.refresh)
        self.workspace.project_changed.connect(self._on_project)
        self.workspace.document_changed.connect(self._on_document)
        self._on_document()

    def _on_project(self) -> None:
        self._canvas.hidden_classes = frozenset()
        self.refresh()

    def _on_document(self) -> None:
        document = self.workspace.document
        if document is not None:
            document.active_changed.connect(self._show_active)
            document.regions_changed.connect(self.model.touch)
        self._show_active()

    def _on_clicked(self, index: QModelIndex) -> None:
        self.activate(index.row())

    def _on_button(self, index: QModelIndex) -> None:
        self.toggle_visible(index.row())

    def _on_current(self, now: QModelIndex, before: QModelIndex) -> None:
        """Arrow keys choose too."""
        if self.view.hasFocus() and now.isValid():
            self.activate(now.row())

    def _show_active(self) -> None:
        document = self.workspace.document
        row = self.model.row_of(document.active_class) if document is not None else -1
        self.model.set_active(row)
        if row >= 0 and row != self._row():
            self.view.setCurrentIndex(self.model.index(row, NAME))
        for button in (self.color_button, self.delete_button):
            button.setEnabled(self._row() >= 0)

    def _show_menu(self, at: QPoint) -> None:
        index = self.view.indexAt(at)
        menu = QMenu(self)
        if index.isValid():
            row = index.row()
            chosen = self.editing.classes[row]
            self.activate(row)
            self.view.setCurrentIndex(index)
            menu.addAction(icon("edit"), "Rename", self.rename)
            menu.addAction(icon("color"), "Colour…", self.choose_color)
            stuff = menu.addAction("One region per image (stuff)", lambda: self.editing.set_thing(row, not chosen.is_thing))
            stuff.setCheckable(True)
            stuff.setChecked(not chosen.is_thing)
            menu.addAction(icon("eye"), "Show or hide", lambda: self.toggle_visible(row))
            menu.addSeparator()
            menu.addAction(icon("trash"), "Delete", self.delete)
        menu.addAction(icon("plus"), "Add a class", self.add)
        menu.exec(self.view.viewport().mapToGlobal(at))

    def _filter(self) -> None:
        words = self.search.text().casefold().split()
        for row, label_class in enumerate(self.editing.classes):
            hidden = not all(word in label_class.name.casefold() for word in words)
            self.view.setRowHidden(row, QModelIndex(), hidden)

    def _row(self) -> int:
        return self.view.currentIndex().row()


def _button(panel: ClassesPanel, picture: str, tip: str, run: Callable[[], None]) -> QToolButton:
    button = QToolButton(panel, toolTip=tip, accessibleName=tip)
    button.setIcon(icon(picture))
    button.setIconSize(QSize(16, 16))
    button.clicked.connect(lambda: run())
    return button
