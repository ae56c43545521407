"""The regions of the open image: select, find, change class, lock, hide, merge, delete; fast with thousands of them."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, QTimer
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout

from app.panels import Panel
from app.panels.areas import areas_of
from app.panels.region_editing import RegionEditing, counted
from app.panels.region_list import AREA, EYE, LOCK, REGION, RegionList
from app.panels.row_tree import RowTree
from app.panels.swatches import swatch
from app.theme import icon, theme

if TYPE_CHECKING:
    from app.main_window import MainWindow

EMPTY_TEXT = "No regions yet. Paint one with the brush (B), or drag a box round an object with GrabCut (G)."


class RegionsPanel(Panel):
    """Regions of the open image."""

    name = "regions"
    title = "Regions"
    icon = "region"
    order = 30
    tab_with = "classes"
    height_share = 330

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._canvas = window.canvas
        self.areas = areas_of(window.workspace)
        self.editing = RegionEditing(window.workspace)
        self.model = RegionList(self)
        self.view = self._make_view()
        self.counter = QLabel(self)
        self.counter.setProperty("role", "muted")
        self._lay_out()
        self._refresh_later = QTimer(self, singleShot=True, interval=0)
        self._refresh_later.timeout.connect(self.refresh)
        self._follow()
        self._on_document()

    # what the user can do

    def selected(self) -> list[int]:
        """Ids of the selected rows, top to bottom."""
        return [self.model.region_id(row) for row in sorted({i.row() for i in self.view.selectionModel().selectedRows()})]

    def toggle_visible(self, ids: list[int]) -> None:
        """Show or hide regions on the canvas."""
        self._canvas.hidden_regions = frozenset(self._canvas.hidden_regions) ^ frozenset(ids)

    def center_on(self, region_id: int) -> None:
        """Bring a region into the middle of the canvas."""
        from segcore import masks
        document = self.workspace.document
        box = masks.bounding_box(document.annotation.region_map == region_id) if document is not None else None
        if box is not None:
            self._canvas.center_on((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)

    def refresh(self) -> None:
        """Show the regions as they are now."""
        place = self.view.verticalScrollBar().value()
        self.model.read()
        self.view.verticalScrollBar().setValue(place)
        self._show_active()
        self._show_count()

    # within

    def _make_view(self) -> RowTree:
        view = RowTree(self.model, self.model.widths(self.fontMetrics()), frozenset({EYE, LOCK}), self)
        view.empty_text = EMPTY_TEXT
        view.setSortingEnabled(True)
        view.sortByColumn(REGION, Qt.SortOrder.AscendingOrder)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        view.setAccessibleName("Regions of the image")
        view.button_clicked.connect(self._on_button)
        view.doubleClicked.connect(self._on_double_clicked)
        view.selectionModel().currentRowChanged.connect(self._on_current)
        view.customContextMenuRequested.connect(self._show_menu)
        return view

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self.counter, 1)
        for name in ("new_region", "delete_region"):
            if name in self.window_.acts:
                button = QToolButton(self)
                button.setDefaultAction(self.window_.acts[name])
                button.setIconSize(QSize(16, 16))
                row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(5)
        layout.addWidget(self.view, 1)
        layout.addLayout(row)

    def _follow(self) -> None:
        self.areas.changed.connect(self._on_areas)
        self._canvas.display_changed.connect(self.model.touch)
        theme().changed.connect(self.model.touch)
        self.workspace.classes_changed.connect(self._refresh_later.start)
        self.workspace.document_changed.connect(self._on_document)

    def _on_document(self) -> None:
        document = self.workspace.document
        self._canvas.hidden_regions = frozenset()
        if document is not None:
            document.regions_changed.connect(self._refresh_later.start)
            document.active_changed.connect(self._show_active)
        self.view.setEnabled(document is not None)
        self.refresh()

    def _on_areas(self) -> None:
        if self.view.header().sortIndicatorSection() == AREA:
            self.refresh()
        else:
            self.model.touch()
            self._show_count()

    def _on_button(self, index: QModelIndex) -> None:
        region_id = self.model.region_id(index.row())
        if index.column() == EYE:
            self.toggle_visible([region_id])
        else:
            self.editing.set_locked([region_id], not self.model.region(index.row()).locked)

    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.center_on(self.model.region_id(index.row()))

    def _on_current(self, now: QModelIndex, before: QModelIndex) -> None:
        """Mouse and arrow keys select the region on the canvas too."""
        document = self.workspace.document
        if document is not None and now.isValid() and self.view.hasFocus():
            region_id = self.model.region_id(now.row())
            if region_id != document.active_region:
                document.select(region_id)

    def _show_active(self) -> None:
        document = self.workspace.document
        row = self.model.row_of(document.active_region) if document is not None else -1
        if row < 0:
            self.view.selectionModel().clear()
        elif row != self.view.currentIndex().row() or not self.view.selectionModel().hasSelection():
            self.view.setCurrentIndex(self.model.index(row, REGION))
            self.view.scrollTo(self.model.index(row, REGION))

    def _show_count(self) -> None:
        total, free = self.areas.total, self.areas.area(0)
        text = counted(self.model.rowCount())
        if total and free is not None:
            text += f" · {100 * (total - free) / total:.0f} % labelled"
        self.counter.setText(text if total else "")

    def _show_menu(self, at: QPoint) -> None:
        ids, menu = self.selected(), QMenu(self)
        if not ids or self.workspace.project is None:
            return
        classes = menu.addMenu(icon("class"), "Change class to")
        for label_class in self.workspace.project.classes:
            classes.addAction(swatch(label_class.color), label_class.name,
                              lambda class_id=label_class.id: self.editing.set_class(ids, class_id))
        locked = all(self.model.region(self.model.row_of(i)).locked for i in ids)
        menu.addAction(icon("unlock" if locked else "lock"), "Unlock" if locked else "Lock",
                       lambda: self.editing.set_locked(ids, not locked))
        menu.addAction(icon("eye"), "Show or hide", lambda: self.toggle_visible(ids))
        menu.addAction(icon("fit"), "Bring into view", lambda: self.center_on(ids[0]))
        menu.addAction(icon("merge"), "Merge into one", lambda: self.editing.merge(ids)).setEnabled(len(ids) > 1)
        empty = [self.model.region_id(row) for row in range(self.model.rowCount())
                 if self.areas.area(self.model.region_id(row)) == 0]
        menu.addSeparator()
        if empty:
            menu.addAction("Delete regions without pixels", lambda: self.editing.delete(empty))
        menu.addAction(icon("trash"), "Delete", lambda: self.editing.delete(ids))
        menu.exec(self.view.viewport().mapToGlobal(at))
