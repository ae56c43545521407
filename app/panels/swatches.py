"""Small rounded squares in the colour of a class, for lists and menus."""
from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

SIDE = 14


@lru_cache(maxsize=1024)
def swatch(color: tuple[int, int, int]) -> QIcon:
    """An icon of one RGB colour, with a thin edge that shows on light and dark grounds."""
    pixmap = QPixmap(4 * SIDE, 4 * SIDE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(4, 4)
    painter.setPen(QColor(128, 128, 128, 150))
    painter.setBrush(QColor(*color))
    painter.drawRoundedRect(QRectF(0.5, 0.5, SIDE - 1, SIDE - 1), 3.5, 3.5)
    painter.end()
    picture = QIcon(pixmap)
    # A selected row must not tint the colour that the list is there to tell.
    picture.addPixmap(pixmap, QIcon.Mode.Selected)
    return picture
