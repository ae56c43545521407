"""The classes as rows: swatch and name, share of the image, digit key, eye."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics

from app.panels.swatches import swatch
from app.theme import colors, icon
from segcore.types import LabelClass

if TYPE_CHECKING:
    from app.panels.classes import ClassesPanel

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NAME, SHARE, KEY, EYE = range(4)


class ClassList(QAbstractTableModel):
    """Row = place in `project.classes`."""

    def __init__(self, panel: ClassesPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self._classes: list[LabelClass] = []
        self._keys: dict[int, str] = {}
        self._active = -1

    def read(self) -> None:
        """Take over the project's classes."""
        project = self._panel.workspace.project
        self.beginResetModel()
        self._classes = list(project.classes) if project else []
        self._keys = {c.id: str(n) for n, c in enumerate(filter(_has_key, self._classes), 1) if n <= 9}
        self._active = -1
        self.endResetModel()

    def touch(self) -> None:
        """Redraw every row."""
        if self._classes:
            self.dataChanged.emit(self.index(0, NAME), self.index(len(self._classes) - 1, EYE))

    def set_active(self, row: int) -> None:
        """Mark the class that new regions get."""
        if row != self._active:
            self._active = row
            self.touch()

    def row_of(self, class_id: int) -> int:
        """The row of a class, -1 when there is none of that id."""
        return next((row for row, c in enumerate(self._classes) if c.id == class_id), -1)

    def widths(self, metrics: QFontMetrics) -> dict[int, int]:
        """Column widths; 0 for the one that takes what is left."""
        return {NAME: 0, SHARE: metrics.horizontalAdvance("100.0 %") + 10, KEY: 28, EYE: 30}

    # Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._classes)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 4

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        project = self._panel.workspace.project
        editable = index.column() == NAME and project is not None and not project.read_only
        return flags | Qt.ItemFlag.ItemIsEditable if editable else flags

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._classes):
            return None
        label_class = self._classes[index.row()]
        if role == Role.ToolTipRole:
            return self._tip(label_class, index.column())
        if role == Role.FontRole and index.column() == NAME:
            font = QFont(self._panel.font())
            font.setBold(index.row() == self._active)
            return font
        if role == Role.ForegroundRole and (index.column() != NAME or self._is_hidden(label_class)):
            return QColor(colors().muted)
        if role == Role.TextAlignmentRole and index.column() in (SHARE, KEY):
            side = Qt.AlignmentFlag.AlignRight if index.column() == SHARE else Qt.AlignmentFlag.AlignHCenter
            return Qt.AlignmentFlag.AlignVCenter | side
        return self._cell(label_class, index.column(), role)

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        return role == Role.EditRole and index.column() == NAME and self._panel.editing.rename(index.row(), str(value))

    def _cell(self, label_class: LabelClass, column: int, role: int) -> Any:
        if role == Role.DecorationRole:
            if column == EYE:
                return icon("eye_off" if self._is_hidden(label_class) else "eye", "muted")
            return swatch(label_class.color) if column == NAME else None
        if role == Role.EditRole or role == Role.DisplayRole and column == NAME:
            return label_class.name
        if role == Role.AccessibleTextRole:
            return f"{label_class.name}, {self._share(label_class) or 'not in this image'}"
        if role == Role.DisplayRole:
            return {SHARE: self._share(label_class), KEY: self._keys.get(label_class.id, "")}.get(column)
        return None

    def _is_hidden(self, label_class: LabelClass) -> bool:
        return label_class.id in self._panel._canvas.hidden_classes

    def _pixels(self, label_class: LabelClass) -> tuple[int, int]:
        """Regions and pixels of a class in the open image."""
        document = self._panel.workspace.document
        ids = [r.id for r in document.annotation.regions.values() if r.class_id == label_class.id] if document else []
        return len(ids), sum(self._panel.areas.area(i) or 0 for i in ids)

    def _share(self, label_class: LabelClass) -> str:
        _, pixels = self._pixels(label_class)
        if not pixels:
            return ""
        percent = 100 * pixels / self._panel.areas.total
        return f"{percent:.1f} %" if percent >= 0.1 else "< 0.1 %"

    def _tip(self, label_class: LabelClass, column: int) -> str:
        if column == EYE:
            return "Hidden: click to show its regions" if self._is_hidden(label_class) else "Click to hide its regions"
        if column == KEY and label_class.id in self._keys:
            return f"Press {self._keys[label_class.id]} to choose this class"
        count, pixels = self._pixels(label_class)
        kind = "objects, one region each" if label_class.is_thing else "stuff, one region per image"
        return f"{label_class.name}: index {label_class.id}, {kind}\n{count:,} regions, {pixels:,} px in this image"


def _has_key(label_class: LabelClass) -> bool:
    """The digit keys leave the background out: it is hardly ever painted."""
    return not (label_class.id == 0 and label_class.name == "background")
