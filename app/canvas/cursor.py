"""What the pointer looks like over the canvas: the tool's cursor, the brush's ring of true size, or a hand."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter

from app.canvas.preview import draw_ring

if TYPE_CHECKING:
    from app.canvas.view import Canvas

ROOM = 5
"""Pixels around the ring that its lines may touch."""


class CanvasCursor:
    """The cursor of one canvas. A ring is painted; the system's cursor is hidden meanwhile."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self.at: QPointF | None = None
        """Where the pointer is in the widget, None when it is elsewhere."""

    def radius(self) -> float | None:
        """Device pixels of the brush's radius; None when the tool has no ring or the photo is being moved."""
        canvas = self._canvas
        if canvas.tool is None or canvas.tool.cursor != "ring" or canvas.input.panning or canvas.scene.document is None:
            return None
        return float(canvas.tool.params.radius) * canvas.scale

    def shape(self) -> Qt.CursorShape:
        """The system's cursor to show."""
        canvas = self._canvas
        if canvas.input.panning:
            return Qt.CursorShape.ClosedHandCursor if canvas.input.dragging else Qt.CursorShape.OpenHandCursor
        if self.radius() is not None:
            return Qt.CursorShape.BlankCursor
        aims = canvas.scene.document is not None and canvas.tool is not None and canvas.tool.cursor != "arrow"
        return Qt.CursorShape.CrossCursor if aims else Qt.CursorShape.ArrowCursor

    def move(self, position: QPointF | None) -> list[QRect]:
        """Note another place; returns what must be painted again, in widget coordinates."""
        places, self.at = (self.at, position), position
        radius = self.radius()
        if radius is None:
            return []
        reach = max(radius / self._canvas.devicePixelRatioF(), 2) + ROOM
        return [QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach).toAlignedRect() for at in places if at is not None]

    def draw(self, painter: QPainter, ratio: float) -> None:
        """Paint the ring, if there is one; the painter works in device pixels."""
        radius = self.radius()
        if radius is not None and self.at is not None:
            draw_ring(painter, self.at * ratio, radius, ratio)
