"""The classes of a network, one row each: shown or not, colour, the class of the project it becomes, share of the picture."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QToolButton, QWidget

from app.theme import icon
from segcore.types import LabelClass

EYE, NAME, BECOMES, SHARE = range(4)
IGNORE, ADD = -1, -2
ROWS_SHOWN = 8


class ClassMapTable(QTableWidget):
    """Tells what the user wants through its signals; what it shows is set from outside. Selected rows: “Accept class”."""

    shown_changed = Signal(int, bool)       # plane, whether it is shown
    mapped = Signal(int, object)            # plane, class id or None
    add_wanted = Signal(int)                # plane whose class the project should get

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self.setHorizontalHeaderLabels(["", "Network", "Becomes", "Share"])
        self.setAccessibleName("Classes of the network")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(28)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIconSize(QSize(12, 12))
        self.setTabKeyNavigation(False)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        for column, mode in ((EYE, QHeaderView.ResizeMode.Fixed), (NAME, QHeaderView.ResizeMode.Stretch),
                             (BECOMES, QHeaderView.ResizeMode.Stretch), (SHARE, QHeaderView.ResizeMode.Fixed)):
            header.setSectionResizeMode(column, mode)
        self.setColumnWidth(EYE, 28)
        self.setColumnWidth(SHARE, self.fontMetrics().horizontalAdvance("100.0 %") + 12)
        self._planes: list[int] = []

    def set_rows(self, names: Sequence[str], colors: Sequence[tuple[int, int, int]], mapping: Mapping[int, int | None],
                 classes: Sequence[LabelClass], hidden: set[int], shares: Sequence[float] | None) -> None:
        """Show every plane, the largest share first; those that take no pixel are pale."""
        order = sorted(range(len(names)), key=lambda p: -shares[p]) if shares is not None else list(range(len(names)))
        chosen = set(self.selected_planes())
        self._planes = order
        self.setRowCount(len(order))
        for row, plane in enumerate(order):
            absent = shares is not None and shares[plane] == 0
            self.setCellWidget(row, EYE, self._eye(plane, names[plane], plane not in hidden))
            item = QTableWidgetItem(swatch(colors[plane]), names[plane])
            if absent:
                item.setForeground(self.palette().placeholderText())
            self.setItem(row, NAME, item)
            self.setCellWidget(row, BECOMES, self._choice(plane, names[plane], mapping.get(plane), classes))
            self._set_share(row, None if shares is None else shares[plane])
        self.clearSelection()
        for row, plane in enumerate(order):
            if plane in chosen:
                self.selectionModel().select(self.model().index(row, NAME), self.selectionModel().SelectionFlag.Select
                                             | self.selectionModel().SelectionFlag.Rows)
        self._fit()

    def set_shares(self, shares: Sequence[float]) -> None:
        """Show new shares without moving rows."""
        for row, plane in enumerate(self._planes):
            self._set_share(row, shares[plane])

    def selected_planes(self) -> list[int]:
        """The planes of the selected rows."""
        return [self._planes[index.row()] for index in self.selectionModel().selectedRows()]

    def choice(self, plane: int) -> QComboBox:
        """The list of classes that a plane may become."""
        widget = self.cellWidget(self._planes.index(plane), BECOMES)
        assert isinstance(widget, QComboBox)
        return widget

    def _eye(self, plane: int, name: str, shown: bool) -> QToolButton:
        button = QToolButton(self, checkable=True, checked=shown, accessibleName=f"Show {name}")
        button.setToolTip("Shown; a hidden class is not accepted")
        button.setStyleSheet("QToolButton, QToolButton:checked { border: 0; background: transparent; padding: 2px; }")
        button.setIcon(icon("eye" if shown else "eye_off", "text" if shown else "muted"))
        button.setIconSize(QSize(15, 15))
        button.clicked.connect(lambda checked, plane=plane: self.shown_changed.emit(plane, checked))
        return button

    def _choice(self, plane: int, name: str, class_id: int | None, classes: Sequence[LabelClass]) -> QComboBox:
        box = QuietComboBox(self, accessibleName=f"{name} becomes")
        box.addItem("Ignore", IGNORE)
        for label in classes:
            box.addItem(swatch(label.color), label.name, label.id)
        if not any(label.name == name for label in classes):
            box.insertSeparator(box.count())
            box.addItem(icon("plus"), f"Add “{name}”", ADD)
        box.setCurrentIndex(max(0, box.findData(IGNORE if class_id is None else class_id)))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.view().setMinimumWidth(170)
        box.activated.connect(lambda _, plane=plane, box=box: self._chosen(plane, box.currentData()))
        return box

    def _chosen(self, plane: int, data: int) -> None:
        if data == ADD:
            self.add_wanted.emit(plane)
        else:
            self.mapped.emit(plane, None if data == IGNORE else data)

    def _set_share(self, row: int, share: float | None) -> None:
        item = QTableWidgetItem("" if share is None else share_text(share))
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setForeground(self.palette().placeholderText())
        self.setItem(row, SHARE, item)

    def _fit(self) -> None:
        """As high as its rows, up to some."""
        rows = max(1, min(self.rowCount(), ROWS_SHOWN))
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows * self.verticalHeader().defaultSectionSize() + 3)


class QuietComboBox(QComboBox):
    """Scrolling the table must not change a choice."""

    def wheelEvent(self, event: object) -> None:
        event.ignore()  # type: ignore[attr-defined]


def share_text(share: float) -> str:
    """A share 0..1 in per cent; what is there is never “0”."""
    return "–" if share == 0 else "< 0.1 %" if share < 0.0005 else f"{100 * share:.1f} %"


def swatch(color: tuple[int, int, int]) -> QIcon:
    """A small square of a colour."""
    pixmap = QPixmap(24, 24)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(128, 128, 128, 160))
    painter.setBrush(QColor(*color))
    painter.drawRoundedRect(1, 1, 22, 22, 6, 6)
    painter.end()
    return QIcon(pixmap)
