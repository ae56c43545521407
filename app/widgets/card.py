"""A large button with an icon or picture, a title and a line of explanation."""
from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFont, QFontMetrics, QIcon, QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from app.theme import Colors, colors

RADIUS = 10.0


class Card(QAbstractButton):
    """Painted by itself, because a style sheet cannot lay out three things in a button. `accent` makes it the one to press."""

    def __init__(self, title: str, text: str, icon: QIcon | None = None, *, key: str = "", accent: bool = False,
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(title)
        self.setAccessibleDescription(text)
        self._line, self._key, self._accent = text, key, accent
        self._picture = QPixmap()
        self.setIcon(icon or QIcon())
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_picture(self, picture: QPixmap) -> None:
        """Show a photo at the left instead of the icon."""
        self._picture = picture
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(250, 88)

    def minimumSizeHint(self) -> QSize:
        return QSize(190, 76)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.update()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c = QPainter(self), colors()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_ground(painter, c)
        left = self._paint_picture(painter, c)
        self._paint_words(painter, c, left)

    def _paint_ground(self, painter: QPainter, c: Colors) -> None:
        lit = self.underMouse() or self.isDown()
        ground = (c.accent_hover if lit else c.accent) if self._accent else (c.hover if self.isDown() else c.panel)
        edge = c.text if self.hasFocus() and self._accent else c.accent if lit or self.hasFocus() or self._accent else c.line
        painter.setPen(QColor(edge))
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), RADIUS - 1, RADIUS - 1)

    def _paint_picture(self, painter: QPainter, c: Colors) -> int:
        """Draw icon or photo; returns where the words begin."""
        side = self.height() - 20
        if not self._picture.isNull():
            frame = QRectF(10, 10, side * 4 / 3, side)
            path = QPainterPath()
            path.addRoundedRect(frame, 6, 6)
            painter.save()
            painter.setClipPath(path)
            scale = max(frame.width() / self._picture.width(), frame.height() / self._picture.height())
            source = QRectF(0, 0, frame.width() / scale, frame.height() / scale)
            source.moveCenter(QRectF(self._picture.rect()).center())
            painter.drawPixmap(frame, self._picture, source)
            painter.restore()
            return int(frame.right()) + 13
        size = 26
        self.icon().paint(painter, 18, (self.height() - size) // 2, size, size)
        return 18 + size + 15

    def _paint_words(self, painter: QPainter, c: Colors, left: int) -> None:
        room = self.width() - left - 12
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        line = QFontMetrics(self.font()).lineSpacing()
        key_width = QFontMetrics(self.font()).horizontalAdvance(self._key) + 8 if self._key else 0
        rows = QFontMetrics(self.font()).boundingRect(0, 0, room, 500, Qt.TextFlag.TextWordWrap, self._line).height()
        top = (self.height() - line - 4 - min(rows, 2 * line)) // 2
        painter.setFont(bold)
        painter.setPen(QColor(c.on_accent if self._accent else c.text))
        title = QFontMetrics(bold).elidedText(self.text(), Qt.TextElideMode.ElideMiddle, room - key_width)
        painter.drawText(left, top, room - key_width, line + 2, Qt.AlignmentFlag.AlignVCenter, title)
        painter.setFont(self.font())
        painter.setPen(QColor(c.on_accent if self._accent else c.muted))
        if self._key:
            painter.drawText(left, top, room, line + 2, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._key)
        painter.drawText(left, top + line + 4, room, 2 * line + 2, Qt.TextFlag.TextWordWrap, self._line)
