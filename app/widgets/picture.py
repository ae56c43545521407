"""A picture that fits its place: for previews in dialogs."""
from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import colors


class Picture(QWidget):
    """Shows an RGB array at the largest size that fits, with hard pixels; a sentence while there is none."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._text = text
        self.setMinimumSize(220, 165)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(380, 280)

    def set_pixels(self, pixels: Any) -> None:
        """Show uint8 (H, W, 3) RGB."""
        height, width = pixels.shape[:2]
        self._image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self.update()

    def set_text(self, text: str) -> None:
        """Show a sentence instead of a picture."""
        self._image, self._text = None, text
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c = QPainter(self), colors()
        painter.fillRect(self.rect(), QColor(c.canvas))
        if self._image is None:
            painter.setPen(QColor(c.muted))
            painter.drawText(self.rect().adjusted(16, 16, -16, -16), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                             self._text)
            return
        scale = min(self.width() / self._image.width(), self.height() / self._image.height())
        size = (self._image.width() * scale, self._image.height() * scale)
        target = QRectF((self.width() - size[0]) / 2, (self.height() - size[1]) / 2, *size)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
        painter.drawImage(target, self._image)
