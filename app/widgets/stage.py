"""The middle of the window: start page or canvas, with the banner for errors floating over it."""
from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.widgets.banner import Banner


class Stage(QStackedWidget):
    """Shows one of two pages; the banner lies over both."""

    def __init__(self, start_page: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas: QWidget | None = None
        self.addWidget(start_page)
        self.banner = Banner(self)
        self.banner.installEventFilter(self)

    def set_canvas(self, canvas: QWidget) -> None:
        """Add the canvas, still hidden."""
        self._canvas = canvas
        self.addWidget(canvas)
        self.banner.raise_()

    def show_canvas(self, shown: bool) -> None:
        """Show the canvas, or else the start page."""
        self.setCurrentIndex(1 if shown and self._canvas is not None else 0)
        if shown and self._canvas is not None:
            self._canvas.setFocus()
        self.banner.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_banner()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.LayoutRequest):
            self._place_banner()
        return False

    def _place_banner(self) -> None:
        width = min(720, self.width() - 32)
        self.banner.setFixedWidth(max(width, 200))
        height = self.banner.layout().heightForWidth(self.banner.width())
        self.banner.setFixedHeight(height if height > 0 else self.banner.sizeHint().height())
        self.banner.move((self.width() - self.banner.width()) // 2, 14)
