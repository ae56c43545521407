"""The status bar: what the tool waits for, what is under the pointer, and where things stand."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWidget

from app.theme import colors

if TYPE_CHECKING:
    from app.main_window import MainWindow

MESSAGE_MS = 5000


class Swatch(QWidget):
    """A small rounded square of one colour; empty without one."""

    def __init__(self, parent: QWidget | None = None, size: int = 12) -> None:
        super().__init__(parent)
        self._color: QColor | None = None
        self.setFixedSize(size, size)

    def set_color(self, rgb: tuple[int, int, int] | None) -> None:
        """Show this colour, or nothing."""
        color = QColor(*rgb) if rgb is not None else None
        if color != self._color:
            self._color = color
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._color is not None:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QColor(colors().edge))
            painter.setBrush(self._color)
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 3, 3)


class StatusBar(QStatusBar):
    """Left: hint or message. Right: position, colour, class, zoom, image number, device, saved state."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._workspace = window, window.workspace
        self.setSizeGripEnabled(False)
        self._hint = QLabel(self)
        self._hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._hint_text = ""
        self._until = QTimer(self, singleShot=True, interval=MESSAGE_MS)
        self._until.timeout.connect(self._show_hint)
        self.addWidget(self._hint, 1)
        self._position = self._field("x, y under the pointer", "00000, 00000")
        self._color_swatch = Swatch(self)
        self._color = self._field("Colour under the pointer", "000 000 000", self._color_swatch)
        self._class_swatch = Swatch(self)
        self._class = self._field("Class under the pointer", "traffic light", self._class_swatch)
        self._zoom = self._field("Zoom", "1000 %")
        self._count = self._field("Image of how many", "00000 / 00000")
        self._device = self._field("Where networks run", "CPU")
        self._saved = self._field("Saved state", "Unsaved changes")
        self._follow()

    def say(self, text: str, kind: str = "info") -> None:
        """Show a sentence for five seconds."""
        self._hint.setObjectName(f"message_{kind}")
        self._show_text(text)
        self._until.start()

    @property
    def message(self) -> str:
        """The text at the left."""
        return self._hint.text()

    def set_hint(self, text: str) -> None:
        """What stands at the left while there is no message."""
        self._hint_text = text
        if not self._until.isActive():
            self._show_hint()

    def show_pointer(self, x: float, y: float) -> None:
        """Show position, colour and class of a point in image coordinates; nan for outside."""
        document = self._workspace.document
        if document is None or math.isnan(x) or not (0 <= x < document.shape[1] and 0 <= y < document.shape[0]):
            for label in (self._position, self._color, self._class):
                label.setText("")
            self._color_swatch.set_color(None)
            self._class_swatch.set_color(None)
            return
        column, row = int(x), int(y)
        r, g, b = (int(v) for v in document.image.pixels[row, column])
        self._position.setText(f"{column}, {row}")
        self._color.setText(f"{r} {g} {b}")
        self._color_swatch.set_color((r, g, b))
        region = document.annotation.regions.get(int(document.annotation.region_map[row, column]))
        label_class = document.classes.get(region.class_id) if region else None
        self._class.setText(label_class.name if label_class else "unlabelled" if region is None else f"class {region.class_id}")
        self._class_swatch.set_color(label_class.color if label_class else None)

    def _field(self, tip: str, widest: str, swatch: QWidget | None = None) -> QLabel:
        if swatch is not None:
            self.addPermanentWidget(swatch)
        label = QLabel(self, toolTip=tip)
        label.setMinimumWidth(label.fontMetrics().horizontalAdvance(widest) + 8)
        self.addPermanentWidget(label)
        return label

    def _follow(self) -> None:
        self._workspace.document_changed.connect(self._show_count)
        self._workspace.project_changed.connect(self._show_count)
        self._workspace.saved_changed.connect(self._show_saved)
        self._workspace.project_changed.connect(self._show_saved)
        self._window.furnished.connect(self._follow_canvas)
        self._show_device()

    def _follow_canvas(self) -> None:
        canvas = self._window.canvas
        canvas.pointer_moved.connect(self.show_pointer)
        canvas.view_changed.connect(self._show_zoom)
        canvas.tool_changed.connect(self._show_tool)
        self._workspace.worker.device_changed.connect(self._show_device)

    def _show_tool(self, name: str) -> None:
        from app.tools import TOOLS
        if name in TOOLS:
            self.set_hint(f"{TOOLS[name].title}: {TOOLS[name].summary()}")

    def _show_zoom(self) -> None:
        percent = self._window.canvas.scale * 100
        self._zoom.setText(f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %")

    def _show_count(self) -> None:
        project = self._workspace.project
        self._count.setText(f"{self._workspace.index + 1} / {len(project.images)}" if project else "")
        if self._workspace.document is None:
            self.show_pointer(math.nan, math.nan)

    def _show_saved(self) -> None:
        self._saved.setText(self._workspace.saved_text())

    def _show_device(self) -> None:
        found = self._workspace.worker.device if self._window.has_canvas else ""
        self._device.setText(found or "Starting…")
        self._device.setToolTip("Where networks run" + ("" if found else ": their process is being started"))

    def _show_hint(self) -> None:
        self._hint.setObjectName("")
        self._show_text(self._hint_text)

    def _show_text(self, text: str) -> None:
        self._hint.setText(text)
        self._hint.setToolTip(text)
        self._hint.style().polish(self._hint)
