"""A plot of a few curves over steps: one scale at the left, one at the right, the values under the mouse spelt out."""
from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import colors

Point = tuple[float, float]
LEFT, RIGHT, TOP, BOTTOM = 40, 40, 20, 18
DOTS = 60
"""Up to so many points each is drawn as a dot too."""


@dataclass(frozen=True)
class Curve:
    """One line: `points` (x, y) by rising x; `role` is a field of app.theme.Colors; `right` puts it on the right scale.

    With `smooth` the points are drawn pale and their running average on top. `low` and `high` widen the scale.
    """

    name: str
    points: Sequence[Point]
    role: str = "accent"
    right: bool = False
    smooth: bool = False
    low: float | None = None
    high: float | None = None
    text: Callable[[float], str] = "{:.3g}".format


class Plot(QWidget):
    """Shows curves; `text` stands there while there are none."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = text
        self._curves: list[Curve] = []
        self._mouse: float | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(280, 170)

    def minimumSizeHint(self) -> QSize:
        return QSize(180, 120)

    def show_curves(self, curves: Sequence[Curve]) -> None:
        """Show these curves from now on; those without points are left out."""
        self._curves = [curve for curve in curves if curve.points]
        self.setAccessibleDescription(self.reading(math.inf))
        self.update()

    def reading(self, x: float) -> str:
        """What the curves say at the point nearest to x, in words."""
        if not self._curves:
            return self._text
        near = {curve.name: nearest(curve.points, x) for curve in self._curves}
        at = max((p[0] for p in near.values()), key=lambda value: -abs(value - x) if math.isfinite(x) else value)
        parts = [f"{c.name} {c.text(near[c.name][1])}" for c in self._curves]
        return f"Step {at:.0f}: " + ", ".join(parts)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._mouse = event.position().x()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._mouse = None
        self.update()

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c = QPainter(self), colors()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(c.line))
        painter.setBrush(QColor(c.panel))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if not self._curves:
            painter.setPen(QColor(c.muted))
            painter.drawText(self.rect().adjusted(16, 8, -16, -8), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                             self._text)
            return
        small = painter.font()
        small.setPointSizeF(small.pointSizeF() * 0.85)
        painter.setFont(small)
        area = QRectF(LEFT, TOP, self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM)
        xs = scale_of([x for curve in self._curves for x, _ in curve.points])
        self._paint_scale(painter, area, xs)
        for right in (False, True):
            curves = [curve for curve in self._curves if curve.right == right]
            if curves:
                ys = scale_of([v for curve in curves for v in [*(y for _, y in curve.points), curve.low, curve.high]
                               if v is not None and math.isfinite(v)])
                self._paint_ticks(painter, area, ys, curves[0])
                for curve in curves:
                    self._paint_curve(painter, area, xs, ys, curve)
        self._paint_words(painter, area, xs)

    def _paint_scale(self, painter: QPainter, area: QRectF, xs: Point) -> None:
        painter.setPen(QColor(colors().muted))
        y = area.bottom() + 2
        for value in ticks(*xs, 4):
            x = place(value, xs, area.left(), area.right())
            painter.drawText(QRectF(x - 30, y, 60, BOTTOM - 3), Qt.AlignmentFlag.AlignHCenter, short(value))

    def _paint_ticks(self, painter: QPainter, area: QRectF, ys: Point, curve: Curve) -> None:
        c = colors()
        for value in ticks(*ys, 4):
            y = place(value, ys, area.bottom(), area.top())
            if not curve.right or all(other.right for other in self._curves):
                painter.setPen(QPen(QColor(c.line), 1))
                painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(getattr(c, curve.role)))
            box = QRectF(area.right() + 4, y - 8, RIGHT - 6, 16) if curve.right else QRectF(2, y - 8, LEFT - 6, 16)
            side = Qt.AlignmentFlag.AlignLeft if curve.right else Qt.AlignmentFlag.AlignRight
            painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, curve.text(value))

    def _paint_curve(self, painter: QPainter, area: QRectF, xs: Point, ys: Point, curve: Curve) -> None:
        color = QColor(getattr(colors(), curve.role))
        points = thinned([p for p in curve.points if math.isfinite(p[1])], int(area.width()))
        lines = [(points, 1.0, 0.35), (averaged(points), 1.75, 1.0)] if curve.smooth else [(points, 1.75, 1.0)]
        for line, width, strength in lines:
            color.setAlphaF(strength)
            painter.setPen(QPen(color, width))
            path = QPolygonF([QPointF(place(x, xs, area.left(), area.right()), place(y, ys, area.bottom(), area.top()))
                              for x, y in line])
            painter.drawPolyline(path)
        if len(points) <= (1 if curve.smooth else DOTS):
            painter.setBrush(color)
            for point in path:
                painter.drawEllipse(point, 2.2, 2.2)

    def _paint_words(self, painter: QPainter, area: QRectF, xs: Point) -> None:
        """The values under the mouse, or the last ones."""
        x = math.inf
        if self._mouse is not None and area.width() > 0:
            share = min(1.0, max(0.0, (self._mouse - area.left()) / area.width()))
            x = xs[0] + share * (xs[1] - xs[0])
            at = area.left() + share * area.width()
            painter.setPen(QPen(QColor(colors().muted), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(at, area.top()), QPointF(at, area.bottom()))
        painter.setPen(QColor(colors().text))
        painter.drawText(QRectF(8, 2, self.width() - 16, TOP - 3), Qt.AlignmentFlag.AlignCenter, self.reading(x))


def nearest(points: Sequence[Point], x: float) -> Point:
    """The point whose x is closest."""
    right = min(bisect_left(points, (x, -math.inf)), len(points) - 1)
    left = max(0, right - 1)
    return points[left] if abs(points[left][0] - x) < abs(points[right][0] - x) else points[right]


def scale_of(values: Sequence[float]) -> Point:
    """Bounds that hold all values, never of no width."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` + 1 round numbers between the bounds: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def place(value: float, scale: Point, start: float, end: float) -> float:
    """Where a value of the scale falls between two coordinates."""
    return start + (value - scale[0]) / (scale[1] - scale[0]) * (end - start)


def short(value: float) -> str:
    """A number of steps in few characters."""
    return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"


def averaged(points: Sequence[Point], keep: float = 0.9) -> list[Point]:
    """The running average of the y values, unbiased at its start."""
    total = weight = 0.0
    found = []
    for x, y in points:
        total, weight = keep * total + (1 - keep) * y, keep * weight + (1 - keep)
        found.append((x, total / weight))
    return found


def thinned(points: Sequence[Point], most: int) -> Sequence[Point]:
    """At most about `most` points: neighbours are averaged, since no two can be told apart on a pixel."""
    if len(points) <= max(2, most):
        return points
    size = math.ceil(len(points) / max(2, most))
    groups = [points[i:i + size] for i in range(0, len(points), size)]
    return [(group[-1][0], sum(y for _, y in group) / len(group)) for group in groups]
