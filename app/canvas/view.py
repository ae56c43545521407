"""The canvas: shows the open photo with its regions at any zoom, and hands the pointer to the chosen tool."""
from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.canvas.context import CanvasContext
from app.canvas.cursor import CanvasCursor
from app.canvas.geometry import Rect
from app.canvas.gestures import GestureRunner
from app.canvas.input import CanvasInput
from app.canvas.overlay import Layer
from app.canvas.palette import line_colors
from app.canvas.preview import Preview
from app.canvas.scene import Scene, qrect
from app.canvas.showing import Showing
from app.canvas.viewport import Viewport, ViewState
from app.theme import colors
from app.tools import Tool
from segcore.types import Event

if TYPE_CHECKING:
    from app.workspace import Workspace

BUSY_MS = 250
"""How long an answer may take before the canvas says that it is being computed."""


class Shown:
    """A setting of what is shown: stored on the canvas, redrawn when set, and kept in the user's settings if it has a key."""

    def __init__(self, default: Any, key: str = "") -> None:
        self._default, self._key = default, key

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_shown_{name}"

    def __get__(self, canvas: Canvas | None, owner: type) -> Any:
        if canvas is None:
            return self
        stored = canvas.workspace.settings.get(self._key, self._default) if self._key else self._default
        return canvas.__dict__.setdefault(self._name, stored)

    def __set__(self, canvas: Canvas, value: Any) -> None:
        if value != self.__get__(canvas, type(canvas)):
            canvas.__dict__[self._name] = value
            if self._key:
                canvas.workspace.settings.set(self._key, value)
            canvas.restyle()


class Canvas(Viewport):
    """Shows `workspace.document` and feeds `runner` with what the pointer does; see `Viewport` for zoom and place."""

    pointer_moved = Signal(float, float)    # image coordinates; nan when the pointer is not over the image
    tool_changed = Signal(str)              # name of the tool, empty for none
    params_changed = Signal()               # the wheel changed the tool's options
    display_changed = Signal()              # opacity, mode, brightness … or what is hidden

    opacity = Shown(0.45, "view/opacity")               # of the overlay's fill, 0..1
    overlay_mode = Shown("both", "view/overlay_mode")   # both, fill, outline, mask, off
    show_grid = Shown(True, "view/pixel_grid")
    brightness = Shown(0.0)                             # -1..1, of the view only
    contrast = Shown(0.0)                               # -1..1
    hidden_classes = Shown(frozenset())                 # class ids that are not painted
    hidden_regions = Shown(frozenset())                 # region ids that are not painted

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.context = CanvasContext(workspace, self)
        self.runner = GestureRunner(self.context, workspace.report)
        self.context.runner = self.runner
        self.scene = Scene()
        self.pointer = (math.nan, math.nan)
        self._cursor = CanvasCursor(self)
        self._busy = QTimer(self, singleShot=True, interval=BUSY_MS)
        self._busy.timeout.connect(self.update)
        self.context.predictor.on_busy = self._show_busy
        self.runner.on_end = self._show_busy
        self.input = CanvasInput(self)
        self._showing = Showing(self)
        self.setAccessibleName("Canvas")
        self.setAccessibleDescription("The photo with its regions; draw on it with the selected tool.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.view_changed.connect(self._on_view)
        self.restyle()
        self._showing.show_document()

    # tools

    @property
    def tool(self) -> Tool | None:
        """The tool that gets the pointer."""
        return self.runner.tool

    def set_tool(self, tool: Tool | None) -> None:
        """Use another tool; what the old one had begun is rolled back."""
        self.runner.set_tool(tool)
        self.show_cursor()
        self.tool_changed.emit(tool.name if tool else "")
        self.update()

    def feed(self, event: Event) -> None:
        """Hand an event to the running gesture or let a press begin one."""
        if self._showing.document is not None:
            self.runner.feed(event)

    def resize_brush(self, steps: float) -> None:
        """Make the tool's brush or strokes larger or smaller by wheel steps; a running gesture is told."""
        from app.tools.painting import resize, size_option
        if self.tool is None or not steps:
            return
        if not size_option(self.tool.params):
            self.feed(Event("wheel", *self.pointer, value=steps))
            return
        resize(self.tool.params, steps)
        self.params_changed.emit()
        self.update()
        self.feed(Event("params", *self.pointer))

    # what is shown

    @property
    def layers(self) -> Sequence[Layer]:
        """Planes of labels over the regions, such as a proposal; set a new list to change them. A new image has none."""
        return self.scene.layers

    @layers.setter
    def layers(self, layers: Iterable[Layer]) -> None:
        self.scene.set_layers(tuple(layers))
        self.update()

    def set_preview(self, preview: Preview) -> None:
        """Show marks of the running gesture; masks and strokes are drawn again when they are other arrays."""
        if preview.empty and self.scene.preview.empty:
            return
        self.scene.tint = self._tint()
        self.scene.set_preview(preview)
        self.update()

    def restyle(self) -> None:
        """Take over how regions and photo are to look."""
        self.scene.set_light(self.brightness, self.contrast)
        self.scene.set_style(self.overlay_mode, self.opacity, frozenset(self.hidden_classes), frozenset(self.hidden_regions),
                             self.show_grid)
        self.display_changed.emit()
        self.update()

    def show_shape(self, shape: tuple[int, int], state: ViewState | None = None) -> None:
        """Begin with another image of that (height, width): fitted, or placed as `view_state` said of another one."""
        super().show_shape(shape, state)
        self.view_changed.emit()

    def point_at(self, position: QPointF | None) -> None:
        """Note where the pointer is, in widget coordinates, or that it left; draws the ring there."""
        for area in self._cursor.move(position):
            self.update(area)
        self.pointer = self.image_point(position) if position is not None else (math.nan, math.nan)
        height, width = self.view.shape
        inside = self.scene.document is not None and 0 <= self.pointer[0] < width and 0 <= self.pointer[1] < height
        self.pointer_moved.emit(*(self.pointer if inside else (math.nan, math.nan)))

    def show_cursor(self) -> None:
        """Set the mouse cursor for panning or for the tool."""
        self.setCursor(self._cursor.shape())
        if self._cursor.at is not None:
            self.update()

    def update_device(self, rect: Rect | None) -> None:
        """Have device pixels painted again, all of them when None."""
        ratio = self.devicePixelRatioF()
        if rect is None:
            self.update()
        elif rect[2] > rect[0]:
            left, top = math.floor(rect[0] / ratio), math.floor(rect[1] / ratio)
            self.update(left, top, math.ceil(rect[2] / ratio) - left, math.ceil(rect[3] / ratio) - top)

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the exposed part."""
        painter = QPainter(self)
        area, ratio = event.rect(), self.devicePixelRatioF()
        painter.scale(1 / ratio, 1 / ratio)
        exposed = (math.floor(area.left() * ratio), math.floor(area.top() * ratio),
                   math.ceil((area.right() + 1) * ratio), math.ceil((area.bottom() + 1) * ratio))
        painter.fillRect(qrect(exposed), QColor(colors().canvas))
        if self.scene.document is None:
            _draw_words(painter, self, self._showing.words())
            return
        self.scene.set_view(self.view, ratio)
        self.scene.draw(painter, exposed)
        self._cursor.draw(painter, ratio)
        if self._is_waiting and not self._busy.isActive():
            _draw_busy(painter, self)

    def event(self, event: QEvent) -> bool:
        """Let the tool have its events; follow changes of screen and theme."""
        taker = self.__dict__.get("input")      # absent while the widget is being made
        if taker is not None and taker.take(event):
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.follow_size()
        elif event.type() == QEvent.Type.PaletteChange:
            self.update()
        return super().event(event)

    # within

    @property
    def _is_waiting(self) -> bool:
        return self.runner.running and self.context.predictor.busy

    def _show_busy(self) -> None:
        """A gesture began or stopped waiting for an answer."""
        if self._is_waiting and not self._busy.isActive():
            self._busy.start()
        elif not self._is_waiting:
            self._busy.stop()
        self.update()

    def _on_view(self) -> None:
        if self._cursor.at is not None:
            self.point_at(self._cursor.at)

    def _tint(self) -> tuple[int, int, int]:
        """The colour of what the active class would paint."""
        document = self.scene.document
        look = document.classes.get(document.active_class) if document is not None else None
        red, green, blue = line_colors(np.array([look.color if look else (255, 255, 255)], float))[0]
        return int(red), int(green), int(blue)


def _draw_words(painter: QPainter, widget: QWidget, words: str) -> None:
    painter.resetTransform()
    painter.setPen(widget.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText))
    painter.drawText(widget.rect().adjusted(32, 32, -32, -32), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)


def _draw_busy(painter: QPainter, widget: QWidget) -> None:
    """A dark label at the lower edge: an answer is on its way."""
    painter.resetTransform()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    words = "Computing…  Esc cancels"
    label = painter.fontMetrics().boundingRect(words).adjusted(-14, -7, 14, 7)
    label.moveCenter(widget.rect().center())
    label.moveBottom(widget.height() - 14)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 190))
    painter.drawRoundedRect(label, label.height() / 2, label.height() / 2)
    painter.setPen(QColor(255, 255, 255))
    painter.drawText(label, Qt.AlignmentFlag.AlignCenter, words)
