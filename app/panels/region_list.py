"""The regions as rows: class and number, pixels, who made it, eye, lock. Nothing is computed for rows out of sight."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFontMetrics

from app.panels.swatches import swatch
from app.theme import colors, icon
from segcore.types import LabelClass, Region

if TYPE_CHECKING:
    from app.panels.regions import RegionsPanel

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
REGION, AREA, SOURCE, EYE, LOCK = range(5)
HEADERS = {REGION: "Region", AREA: "Pixels", SOURCE: "Made by"}
SOURCES = {"hand": "hand", "grab_cut": "GrabCut", "graph_cut": "graph cut"}


class RegionList(QAbstractTableModel):
    """The region table of the open document, in the order that the header says."""

    def __init__(self, panel: RegionsPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self._ids: list[int] = []
        self._rows: dict[int, int] = {}
        self._classes: dict[int, LabelClass] = {}
        self._column, self._order = REGION, Qt.SortOrder.AscendingOrder

    def read(self) -> None:
        """Take over the document's regions and the project's classes."""
        workspace = self._panel.workspace
        self._classes = {c.id: c for c in workspace.project.classes} if workspace.project else {}
        ids = sorted(self._regions(), key=self._sort_key, reverse=self._order == Qt.SortOrder.DescendingOrder)
        if ids == self._ids:
            self.touch()
            return
        self.beginResetModel()
        self._ids = ids
        self._rows = {region_id: row for row, region_id in enumerate(ids)}
        self.endResetModel()

    def touch(self) -> None:
        """Redraw every row in sight."""
        if self._ids:
            self.dataChanged.emit(self.index(0, REGION), self.index(len(self._ids) - 1, LOCK))

    def region_id(self, row: int) -> int:
        """Id of the region in a row."""
        return self._ids[row]

    def region(self, row: int) -> Region:
        """The region in a row; one that has just gone is made up until the list is read again."""
        return self._regions().get(self._ids[row]) or Region(self._ids[row], 0)

    def row_of(self, region_id: int) -> int:
        """The row of a region, -1 when it has none."""
        return self._rows.get(region_id, -1)

    def widths(self, metrics: QFontMetrics) -> dict[int, int]:
        """Column widths; 0 for the one that takes what is left."""
        return {REGION: 0, AREA: metrics.horizontalAdvance("14,155,776") + 12,
                SOURCE: metrics.horizontalAdvance("Made by") + 26, EYE: 28, LOCK: 28}

    # Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 5

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section == AREA else Qt.AlignmentFlag.AlignLeft
            return Qt.AlignmentFlag.AlignVCenter | side
        return HEADERS.get(section) if role == Role.DisplayRole else None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._column, self._order = column, order
        self.read()

    def flags(self, index: Index) -> Qt.ItemFlag:
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._ids):
            return None
        region, column = self.region(index.row()), index.column()
        if role == Role.DisplayRole:
            return self._text(region, column)
        if role == Role.DecorationRole:
            return self._picture(region, column)
        if role == Role.TextAlignmentRole and column == AREA:
            return Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        if role == Role.ForegroundRole and (column != REGION or self._is_hidden(region)):
            return QColor(colors().muted)
        if role in (Role.ToolTipRole, Role.AccessibleTextRole):
            return self._tip(region, column)
        return None

    def _text(self, region: Region, column: int) -> str:
        if column == AREA:
            area = self._panel.areas.area(region.id)
            return "" if area is None else f"{area:,}"
        texts = {REGION: f"{self._class_of(region).name} {region.id}", SOURCE: _source(region)}
        return texts.get(column, "")

    def _picture(self, region: Region, column: int) -> Any:
        if column == LOCK:
            return icon("lock", "accent") if region.locked else icon("unlock", "disabled")
        if column == EYE:
            return icon("eye_off" if self._is_hidden(region) else "eye", "muted")
        return swatch(self._class_of(region).color) if column == REGION else None

    def _tip(self, region: Region, column: int) -> str:
        tips = {LOCK: "Locked: click to unlock" if region.locked else "Click to lock against every tool",
                EYE: "Hidden: click to show" if self._is_hidden(region) else "Click to hide"}
        if column in tips:
            return tips[column]
        area = self._panel.areas.area(region.id)
        pixels = "" if area is None else f", {area:,} px"
        locked = ", locked" if region.locked else ""
        return f"{self._class_of(region).name} {region.id}{pixels}, made by {_source(region)}{locked}"

    def _sort_key(self, region_id: int) -> tuple[Any, ...]:
        region = self._regions()[region_id]
        keys = {AREA: self._panel.areas.area(region_id) or 0, SOURCE: _source(region), LOCK: not region.locked,
                EYE: self._is_hidden(region), REGION: self._class_of(region).name.casefold()}
        return keys[self._column], region_id

    def _regions(self) -> dict[int, Region]:
        document = self._panel.workspace.document
        return document.annotation.regions if document is not None else {}

    def _class_of(self, region: Region) -> LabelClass:
        return self._classes.get(region.class_id) or self._panel.workspace.class_of(region.class_id)

    def _is_hidden(self, region: Region) -> bool:
        return region.id in self._panel._canvas.hidden_regions


def _source(region: Region) -> str:
    return SOURCES.get(region.source, region.source.removeprefix("model:"))
