"""A picture of which classes are taken for which: one row per class of the labels, one column per class predicted."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.theme import colors
from segcore.types import LabelClass

EDGE = 20
STRIPE = 7
LARGEST_CELL = 26


class Confusion(QWidget):
    """Cells are as dark as the share of a class's pixels that fell there; the tooltip spells it out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shares: Any = np.zeros((0, 0))
        self._rows: list[LabelClass] = []
        self._columns: list[LabelClass | None] = []
        self.setAccessibleName("Confusion picture")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_matrix(self, matrix: Any, classes: Sequence[LabelClass]) -> None:
        """Show an int64 (C, C + 1) matrix as in app.evaluation_run; rows of classes without a labelled pixel are left out."""
        rows = np.flatnonzero(matrix.sum(axis=1))
        columns = np.flatnonzero(matrix.sum(axis=0) + np.isin(np.arange(matrix.shape[1]), rows))
        self._rows, self._columns = [classes[i] for i in rows], [classes[i] if i < len(classes) else None for i in columns]
        part = matrix[np.ix_(rows, columns)]
        self._shares = part / np.maximum(part.sum(axis=1, keepdims=True), 1)
        self._fit()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def _fit(self) -> None:
        """As high as the rows at this width."""
        self.setFixedHeight(round(self._cell(self.width()) * len(self._shares) + self._origin()[1]) + 2)

    def words(self, row: int, column: int) -> str:
        """What a cell says."""
        taken, share = self._columns[column], 100 * self._shares[row, column]
        name = self._rows[row].name
        if taken is not None and taken.id == self._rows[row].id:
            return f"{share:.1f} % of “{name}” is recognised"
        other = f"“{taken.name}”" if taken is not None else "no class of the project"
        return f"{share:.1f} % of “{name}” is taken for {other}"

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Row and column under a point."""
        if not len(self._shares):
            return None
        side, (left, top) = self._cell(self.width()), self._origin()
        row, column = int((y - top) // side), int((x - left) // side)
        inside = 0 <= row < len(self._shares) and 0 <= column < self._shares.shape[1]
        return (row, column) if inside else None

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            found = self.cell_at(event.pos().x(), event.pos().y())
            if found is not None:
                QToolTip.showText(event.globalPos(), self.words(*found), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not len(self._shares):
            return
        painter, c, side = QPainter(self), colors(), self._cell(self.width())
        left, top = self._origin()
        painter.setPen(QColor(c.muted))
        painter.drawText(QRectF(left, 0, self.width() - left, EDGE), Qt.AlignmentFlag.AlignVCenter, "Predicted →")
        painter.save()
        painter.translate(0, top + side * len(self._shares))
        painter.rotate(-90)
        place = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(QRectF(0, 0, side * len(self._shares), EDGE), place, "← Labels")
        painter.restore()
        for index, label in enumerate(self._rows):
            painter.fillRect(QRectF(left - STRIPE - 2, top + index * side + 1, STRIPE, side - 2), QColor(*label.color))
        for index, taken in enumerate(self._columns):
            box = QRectF(left + index * side + 1, top - STRIPE - 2, side - 2, STRIPE)
            painter.fillRect(box, QColor(*taken.color) if taken is not None else QColor(c.line))
        for (row, column), share in np.ndenumerate(self._shares):
            taken = self._columns[column]
            right = taken is not None and taken.id == self._rows[row].id
            color = QColor(c.accent if right else c.danger)
            color.setAlphaF(float(share) ** 0.6)    # small confusions should be seen as well
            painter.fillRect(QRectF(left + column * side, top + row * side, side, side), color)
        painter.setPen(QPen(QColor(c.line), 1))
        for row in range(len(self._shares) + 1):
            painter.drawLine(int(left), int(top + row * side), int(left + self._shares.shape[1] * side), int(top + row * side))
        for column in range(self._shares.shape[1] + 1):
            x = int(left + column * side)
            painter.drawLine(x, int(top), x, int(top + len(self._shares) * side))

    def _cell(self, width: int) -> float:
        return min(LARGEST_CELL, max(4.0, (width - EDGE - STRIPE - 8) / max(1, self._shares.shape[1])))

    def _origin(self) -> tuple[float, float]:
        return EDGE + STRIPE + 4, EDGE + STRIPE + 4
