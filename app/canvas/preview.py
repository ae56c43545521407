"""What a gesture shows before it is painted: masks, strokes, lines, points and rectangles, readable on any photo."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF

from app.canvas.geometry import Rect, View, intersect, is_empty
from app.canvas.overlay import Colors, Paint, argb, render
from app.canvas.palette import tables
from segcore.types import Box

FOREGROUND, BACKGROUND = (46, 204, 96), (235, 64, 64)
DARK, LIGHT = QColor(0, 0, 0, 170), QColor(255, 255, 255)
INSIDE = QColor(255, 255, 255, 40)
STROKES = tables((argb(BACKGROUND, 0.55), argb(FOREGROUND, 0.55), 0))


@dataclass(frozen=True, slots=True)
class Preview:
    """The arguments of `Context.preview`; all absent means nothing is shown."""

    mask: NDArray[np.bool_] | None = None
    box: Box | None = None
    lines: Sequence[Sequence[tuple[float, float]]] = ()
    closed: bool = False
    points: Sequence[tuple[float, float, bool]] = ()
    rect: tuple[float, float, float, float] | None = None
    strokes: NDArray[np.int8] | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return (self.mask is None and self.strokes is None and self.rect is None
                and not len(self.lines) and not len(self.points))


def mask_paint(color: tuple[int, int, int], width: int) -> Paint:
    """How a previewed mask looks: tinted, with an outline of dashes in white and dark that is seen on everything."""
    light, dark = argb((255, 255, 255)), argb((20, 20, 20))
    return tables((0, argb(color, 0.45)), (argb((0, 0, 0), 0.35), light), (argb((0, 0, 0), 0.35), dark), width)


def mask_view(view: View, box: Box, margin: int = 0) -> View:
    """The view as the pixels of `box`, with `margin` more on each side, see it: they are their whole image."""
    y0, y1, _ = box[0].indices(view.shape[0])
    x0, x1, _ = box[1].indices(view.shape[1])
    x, y = view.to_screen(x0 - margin, y0 - margin)
    return View(view.scale, x, y, (y1 - y0 + 2 * margin, x1 - x0 + 2 * margin), view.size)


def render_mask(preview: Preview, view: View, color: tuple[int, int, int], width: int) -> tuple[Rect, Colors] | None:
    """The previewed mask in the device pixels where it is visible, or None."""
    if preview.mask is None or preview.mask.size == 0:
        return None
    mask = preview.mask.view(np.uint8)
    if preview.box is not None:     # surroundings, so that the outline closes where the mask touches the edge of its box
        mask, view = np.pad(mask, 1), mask_view(view, preview.box, 1)
    rect = intersect(view.image_rect, (0, 0, *view.size))
    if is_empty(rect):
        return None
    return rect, render(mask, mask_paint(color, width), view, rect)


def render_strokes(preview: Preview, view: View) -> tuple[Rect, Colors] | None:
    """The foreground and background strokes in the device pixels where they are visible, or None."""
    if preview.strokes is None or is_empty(view.visible):
        return None
    return view.visible, render(preview.strokes, STROKES, view, view.visible)


def draw_shade(painter: QPainter, rect: tuple[float, float, float, float], view: View) -> None:
    """Darken the photo outside a rectangle; below masks and strokes, so that they stay bright."""
    left, top, right, bottom = view.visible
    outside = QPainterPath()
    outside.addRect(QRectF(left, top, right - left, bottom - top))
    outside.addRect(_on_screen(rect, view))
    painter.fillPath(outside, QColor(0, 0, 0, 75))


def draw_shapes(painter: QPainter, preview: Preview, view: View, ratio: float) -> None:
    """Rectangle, lines and points; the painter works in device pixels, `ratio` of them are one unit of line width."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if preview.rect is not None:
        _draw_rect(painter, _on_screen(preview.rect, view), ratio)
    for line in preview.lines:
        _draw_line(painter, [QPointF(*view.to_screen(x, y)) for x, y in line], preview.closed, ratio)
    for x, y, is_foreground in preview.points:
        _draw_point(painter, QPointF(*view.to_screen(x, y)), FOREGROUND if is_foreground else BACKGROUND, ratio)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def draw_ring(painter: QPainter, at: QPointF, radius: float, ratio: float) -> None:
    """The brush's true size as a light ring inside a dark one, and a dot in the middle when the ring is wide."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    radius = max(radius, 1.5 * ratio)
    for color, width, r in ((DARK, 3.0, radius), (LIGHT, 1.25, radius)):
        painter.setPen(QPen(color, width * ratio))
        painter.drawEllipse(at, r, r)
    if radius > 8 * ratio:
        painter.setPen(QPen(DARK, 4 * ratio, c=Qt.PenCapStyle.RoundCap))
        painter.drawPoint(at)
        painter.setPen(QPen(LIGHT, 2 * ratio, c=Qt.PenCapStyle.RoundCap))
        painter.drawPoint(at)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _draw_rect(painter: QPainter, inner: QRectF, ratio: float) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for color, width in ((DARK, 3.0), (LIGHT, 1.25)):
        painter.setPen(QPen(color, width * ratio, j=Qt.PenJoinStyle.MiterJoin))
        painter.drawRect(inner)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def _on_screen(rect: tuple[float, float, float, float], view: View) -> QRectF:
    return QRectF(QPointF(*view.to_screen(*rect[:2])), QPointF(*view.to_screen(*rect[2:]))).normalized()


def _draw_line(painter: QPainter, line: list[QPointF], closed: bool, ratio: float) -> None:
    if not line:
        return
    polygon = QPolygonF(line)
    for color, width in ((DARK, 3.75), (LIGHT, 1.75)):
        pen = QPen(color, width * ratio, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(QBrush(INSIDE) if closed and color is LIGHT else Qt.BrushStyle.NoBrush)
        painter.drawPolygon(polygon) if closed else painter.drawPolyline(polygon)


def _draw_point(painter: QPainter, at: QPointF, color: tuple[int, int, int], ratio: float) -> None:
    painter.setPen(QPen(DARK, 4.5 * ratio))
    painter.setBrush(QColor(*color))
    painter.drawEllipse(at, 5 * ratio, 5 * ratio)
    painter.setPen(QPen(LIGHT, 2 * ratio))
    painter.drawEllipse(at, 5 * ratio, 5 * ratio)
