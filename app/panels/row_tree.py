"""A list of rows with columns, some of which are buttons: clicking an eye or a lock is no choice of the row."""
from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHeaderView, QTreeView, QWidget

from app.theme import colors


class RowTree(QTreeView):
    """A flat QTreeView in the look of our panels. `empty_text` is shown while there is no row."""

    button_clicked = Signal(QModelIndex)

    def __init__(self, model: QAbstractItemModel, widths: Mapping[int, int], buttons: frozenset[int], parent: QWidget) -> None:
        super().__init__(parent)
        self.empty_text = ""
        self._buttons = buttons
        self._pressed = QModelIndex()
        self.setModel(model)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setIconSize(QSize(14, 14))
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(24)
        for column, width in widths.items():
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed if width else QHeaderView.ResizeMode.Stretch)
            if width:
                header.resizeSection(column, width)

    def keyboardSearch(self, search: str) -> None:
        """Letters are shortcuts here, not a search through the list."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.column() in self._buttons:
            self._pressed = index
        else:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, QModelIndex()
        if not pressed.isValid():
            super().mouseReleaseEvent(event)
        elif self.indexAt(event.position().toPoint()) == pressed:
            self.button_clicked.emit(pressed)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.indexAt(event.position().toPoint()).column() in self._buttons:
            self.mousePressEvent(event)
        else:
            super().mouseDoubleClickEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.empty_text and self.isEnabled() and self.model().rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(QColor(colors().muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(12, 6, -12, -6), flags, self.empty_text)
