"""The classes of a network, one row each: shown or not, colour, the class of the project it becomes, share of the picture."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableWidget, QTableWidgetItem, QWidget

from app.theme import icon
from segcore.types import LabelClass

EYE, NAME, BECOMES, SHARE = range(4)
ROWS_SHOWN = 7
ARROW = "  ▾"


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
        self.verticalHeader().setDefaultSectionSize(25)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIconSize(QSize(14, 14))
        self.setTabKeyNavigation(False)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in (NAME, BECOMES):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(EYE, 28)
        self.setColumnWidth(SHARE, self.fontMetrics().horizontalAdvance("100.0 %") + 16)
        self.cellClicked.connect(self._clicked)
        self._planes: list[int] = []
        self._names: Sequence[str] = ()
        self._mapping: Mapping[int, int | None] = {}
        self._classes: Sequence[LabelClass] = ()
        self._hidden: set[int] = set()

    def set_rows(self, names: Sequence[str], colors: Sequence[tuple[int, int, int]], mapping: Mapping[int, int | None],
                 classes: Sequence[LabelClass], hidden: set[int], shares: Sequence[float] | None) -> None:
        """Show every plane, the largest share first; those that take no pixel are pale."""
        chosen = set(self.selected_planes())
        self._names, self._mapping, self._classes, self._hidden = names, dict(mapping), list(classes), set(hidden)
        self._planes = sorted(range(len(names)), key=lambda p: -shares[p]) if shares is not None else list(range(len(names)))
        self.setRowCount(len(self._planes))
        self.clearSelection()
        for row, plane in enumerate(self._planes):
            absent = shares is not None and shares[plane] == 0
            self._fill(row, plane, colors[plane], absent)
            self._set_share(row, None if shares is None else shares[plane])
            if plane in chosen:
                flags = self.selectionModel().SelectionFlag
                self.selectionModel().select(self.model().index(row, NAME), flags.Select | flags.Rows)
        self._fit()

    def set_shares(self, shares: Sequence[float]) -> None:
        """Show new shares without moving rows."""
        for row, plane in enumerate(self._planes):
            self._set_share(row, shares[plane])

    def selected_planes(self) -> list[int]:
        """The planes of the selected rows."""
        return [self._planes[index.row()] for index in self.selectionModel().selectedRows()]

    def row_of(self, plane: int) -> int:
        """Where a plane is listed."""
        return self._planes.index(plane)

    def menu(self, plane: int) -> QMenu:
        """The choices of what a plane may become."""
        menu, name = QMenu(self), self._names[plane]
        self._offer(menu, plane, "Ignore", icon("cross", "muted"), None)
        if not any(label.name == name for label in self._classes):
            menu.addAction(icon("plus"), f"Add class “{name}”".replace("&", "&&"), lambda: self.add_wanted.emit(plane))
        menu.addSeparator()
        for label in self._classes:
            self._offer(menu, plane, label.name, swatch(label.color), label.id)
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space shows or hides, Enter opens the choices of the current row."""
        row = self.currentRow()
        if row >= 0 and event.key() == Qt.Key.Key_Space:
            self._clicked(row, EYE)
        elif row >= 0 and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._clicked(row, BECOMES)
        else:
            super().keyPressEvent(event)

    def _clicked(self, row: int, column: int) -> None:
        plane = self._planes[row]
        if column == EYE:
            self.shown_changed.emit(plane, plane in self._hidden)
        elif column == BECOMES:
            menu = self.menu(plane)
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(self.viewport().mapToGlobal(self.visualItemRect(self.item(row, BECOMES)).bottomLeft()))

    def _offer(self, menu: QMenu, plane: int, text: str, picture: QIcon, class_id: int | None) -> None:
        action = menu.addAction(picture, text.replace("&", "&&"), lambda: self.mapped.emit(plane, class_id))
        action.setData(class_id)
        if self._mapping.get(plane) == class_id:
            font = action.font()
            font.setBold(True)
            action.setFont(font)

    def _fill(self, row: int, plane: int, color: tuple[int, int, int], absent: bool) -> None:
        name, shown = self._names[plane], plane not in self._hidden
        eye = QTableWidgetItem(icon("eye" if shown else "eye_off", "text" if shown else "muted"), "")
        eye.setToolTip("Shown; click to hide. A hidden class is not accepted." if shown else "Hidden; click to show.")
        eye.setData(Qt.ItemDataRole.AccessibleTextRole, f"{name} is {'shown' if shown else 'hidden'}")
        self.setItem(row, EYE, eye)
        target = next((c for c in self._classes if c.id == self._mapping.get(plane)), None)
        becomes = QTableWidgetItem((target.name if target else "ignore") + ARROW)
        becomes.setToolTip(f"“{name}” of the network becomes {f'“{target.name}”' if target else 'nothing'}; click to choose")
        for column, item in ((NAME, QTableWidgetItem(swatch(color), name)), (BECOMES, becomes)):
            if absent or column == BECOMES and target is None:
                item.setForeground(self.palette().placeholderText())
            self.setItem(row, column, item)

    def _set_share(self, row: int, share: float | None) -> None:
        item = QTableWidgetItem("" if share is None else share_text(share))
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setForeground(self.palette().placeholderText())
        self.setItem(row, SHARE, item)

    def _fit(self) -> None:
        """As high as its rows, up to some."""
        rows = max(1, min(self.rowCount(), ROWS_SHOWN))
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows * self.verticalHeader().defaultSectionSize() + 3)


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
    picture = QIcon(pixmap)
    picture.addPixmap(pixmap, QIcon.Mode.Selected)      # a selected row must not tint it
    return picture
