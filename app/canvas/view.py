"""The canvas: shows the open photo with its regions at any zoom, and hands the pointer to the chosen tool."""
from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.canvas.context import CanvasContext
from app.canvas.geometry import Rect
from app.canvas.gestures import GestureRunner
from app.canvas.input import CanvasInput
from app.canvas.overlay import Layer
from app.canvas.palette import line_colors
from app.canvas.preview import Preview, draw_ring
from app.canvas.scene import Scene, qrect
from app.canvas.viewport import Viewport
from app.tools import Tool
from segcore.types import Box, Event

if TYPE_CHECKING:
    from app.canvas.tiles import Pyramid
    from app.document import Document
    from app.workspace import Workspace

PATIENCE_MS = 150
"""How long the last photo stays while the next one loads; shorter waits show no "Loading…" at all."""


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

    opacity = Shown(0.45, "view/opacity")           # of the overlay's fill, 0..1
    overlay_mode = Shown("both", "view/overlay_mode")   # both, fill, outline, mask, off
    show_grid = Shown(True, "view/pixel_grid")
    brightness = Shown(0.0)                         # -1..1, of the view only
    contrast = Shown(0.0)                           # -1..1
    hidden_classes = Shown(frozenset())             # class ids that are not painted
    hidden_regions = Shown(frozenset())             # region ids that are not painted

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.context = CanvasContext(workspace, self)
        self.runner = GestureRunner(self.context, workspace.report)
        self.context.runner = self.runner
        self.pointer = (math.nan, math.nan)
        self._cursor_at: QPointF | None = None
        self._scene = Scene()
        self._document: Document | None = None
        self._kept_view = self.view_state()
        self._last_error = ""
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._show_no_document)
        self._input = CanvasInput(self)
        self.setAccessibleName("Canvas")
        self.setAccessibleDescription("The photo with its regions; draw on it with the selected tool.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        workspace.document_changed.connect(self._on_document)
        workspace.about_to_leave.connect(self._on_leave)
        workspace.classes_changed.connect(self._on_classes)
        workspace.said.connect(self._on_said)
        self.view_changed.connect(self._on_view)
        self._on_document()

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
        if self._document is not None:
            self.runner.feed(event)

    def resize_brush(self, steps: float) -> None:
        """Make the tool's radius larger or smaller by wheel steps; a running gesture is told."""
        from app.tools.painting import resize
        if self.tool is None or not steps:
            return
        if hasattr(self.tool.params, "radius"):
            resize(self.tool.params, steps)
            self.params_changed.emit()
            self.update()
            self.feed(Event("params", *self.pointer))
        else:
            self.feed(Event("wheel", *self.pointer, value=steps))

    # what is shown

    @property
    def layers(self) -> Sequence[Layer]:
        """Planes of labels over the regions, such as a proposal; set a new list to change them. A new image has none."""
        return self._scene.layers

    @layers.setter
    def layers(self, layers: Iterable[Layer]) -> None:
        self._scene.set_layers(tuple(layers))
        self.update()

    def set_preview(self, preview: Preview) -> None:
        """Show marks of the running gesture; masks and strokes are drawn again when they are other arrays."""
        if preview.empty and self._scene.preview.empty:
            return
        self._scene.tint = self._tint()
        self._scene.set_preview(preview)
        self.update()

    def restyle(self) -> None:
        """Take over how regions and photo are to look."""
        self._scene.set_light(self.brightness, self.contrast)
        self._scene.set_style(self.overlay_mode, self.opacity, frozenset(self.hidden_classes), frozenset(self.hidden_regions),
                              self.show_grid)
        self.display_changed.emit()
        self.update()

    def point_at(self, position: QPointF | None) -> None:
        """Note where the pointer is, in widget coordinates, or that it left; draws the ring there."""
        before, self._cursor_at = self._cursor_at, position
        self.pointer = self.image_point(position) if position is not None else (math.nan, math.nan)
        height, width = self.view.shape
        inside = self._document is not None and 0 <= self.pointer[0] < width and 0 <= self.pointer[1] < height
        self.pointer_moved.emit(*(self.pointer if inside else (math.nan, math.nan)))
        if self._ring_radius() is not None:
            for at in (before, position):
                if at is not None:
                    self.update(self._ring_rect(at))

    def show_cursor(self) -> None:
        """Set the mouse cursor for panning or for the tool; a ring is painted, so the system's cursor goes."""
        if self._input.panning:
            dragged = self._input.dragging
            self.setCursor(Qt.CursorShape.ClosedHandCursor if dragged else Qt.CursorShape.OpenHandCursor)
        elif self._ring_radius() is not None:
            self.setCursor(Qt.CursorShape.BlankCursor)
        else:
            crossed = self._document is not None and self.tool is not None and self.tool.cursor != "arrow"
            self.setCursor(Qt.CursorShape.CrossCursor if crossed else Qt.CursorShape.ArrowCursor)
        if self._cursor_at is not None:
            self.update()

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the exposed part."""
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        painter.scale(1 / ratio, 1 / ratio)
        area = event.rect()
        exposed = (math.floor(area.left() * ratio), math.floor(area.top() * ratio),
                   math.ceil((area.right() + 1) * ratio), math.ceil((area.bottom() + 1) * ratio))
        painter.fillRect(qrect(exposed), _ground(self))
        if self._scene.document is None:
            _draw_words(painter, self, self._words())
            return
        self._scene.set_view(self.view, ratio)
        self._scene.draw(painter, exposed)
        radius = self._ring_radius()
        if radius is not None and self._cursor_at is not None:
            draw_ring(painter, self._cursor_at * ratio, radius, ratio)

    def event(self, event: QEvent) -> bool:
        """Let the tool have its events; follow changes of screen and theme."""
        taker = self.__dict__.get("_input")     # absent while the widget is being made
        if taker is not None and taker.take(event):
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._resized(self.view_state())
        elif event.type() == QEvent.Type.PaletteChange:
            self.update()
        return super().event(event)

    # within

    def _on_document(self) -> None:
        """Show the workspace's document, or wait a moment for the next one."""
        document = self.workspace.document
        if document is self._document and document is not None:
            return
        self.runner.cancel()
        self._follow(document)
        if document is None:
            if getattr(self.workspace, "loading", "") and self._scene.document is not None:
                self._patience.start()
            else:
                self._show_no_document()
            return
        self._patience.stop()
        self._last_error = ""
        self._scene.set_document(document, self._pyramid_of(document))
        self._show_shape(document.shape)
        if self.workspace.settings.get("view/keep_zoom", False):
            self.restore_view(self._kept_view)
        else:
            self.fit()
        self.restyle()
        self.show_cursor()
        self.view_changed.emit()

    def _follow(self, document: Document | None) -> None:
        slots = (("changed", self._on_changed), ("regions_changed", self._on_regions), ("active_changed", self._on_active))
        for name, slot in slots:
            if self._document is not None:
                getattr(self._document, name).disconnect(slot)
            if document is not None:
                getattr(document, name).connect(slot)
        self._document = document

    def _pyramid_of(self, document: Document) -> Pyramid:
        """The pyramid made when the photo was loaded, or a new one."""
        from app.canvas.tiles import build_pyramid
        loaded = self.workspace.cache.get(document.entry.name)
        if loaded is not None and loaded.image is document.image and loaded.pyramid is not None:
            pyramid: Pyramid = loaded.pyramid
            return pyramid
        return build_pyramid(document.image.pixels)

    def _on_leave(self) -> None:
        self.runner.cancel()
        self.context.predictor.forget()
        self._kept_view = self.view_state()

    def _show_no_document(self) -> None:
        self._scene.set_document(None, None)
        self.show_cursor()
        self.update()

    def _on_changed(self, box: Box) -> None:
        self._update_device(self._scene.mark(box))

    def _on_regions(self) -> None:
        self._update_device(self._scene.mark((slice(0, 0), slice(0, 0))))

    def _on_classes(self) -> None:
        self._scene.restyle()
        self.update()

    def _on_active(self) -> None:
        self._scene.reselect()
        self.update()

    def _on_view(self) -> None:
        if self._cursor_at is not None:
            self.point_at(self._cursor_at)

    def _on_said(self, text: str, kind: str) -> None:
        if kind == "error":
            self._last_error = text

    def _update_device(self, rect: Rect | None) -> None:
        if rect is None:
            self.update()
            return
        ratio = self.devicePixelRatioF()
        if rect[2] > rect[0]:
            left, top = math.floor(rect[0] / ratio), math.floor(rect[1] / ratio)
            self.update(left, top, math.ceil(rect[2] / ratio) - left, math.ceil(rect[3] / ratio) - top)

    def _ring_radius(self) -> float | None:
        """Device pixels of the brush's radius, None when the tool has no ring or the photo is being moved."""
        if self.tool is None or self.tool.cursor != "ring" or self._input.panning or self._document is None:
            return None
        return float(self.tool.params.radius) * self.scale

    def _ring_rect(self, at: QPointF) -> QRect:
        ratio = self.devicePixelRatioF()
        reach = max((self._ring_radius() or 0) / ratio, 2) + 5
        return QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach).toAlignedRect()

    def _tint(self) -> tuple[int, int, int]:
        """The colour of what the active class would paint."""
        if self._document is None:
            return 255, 255, 255
        import numpy as np
        look = self._document.classes.get(self._document.active_class)
        color = line_colors(np.array([look.color if look else (255, 255, 255)], float))[0]
        return int(color[0]), int(color[1]), int(color[2])

    def _words(self) -> str:
        loading = getattr(self.workspace, "loading", "")
        if loading:
            return f"Loading {loading}…"
        return self._last_error or "No image is open."


def _ground(widget: QWidget) -> QColor:
    """A neutral colour around the photo that fits a light or dark window."""
    light = widget.palette().color(QPalette.ColorRole.Window).lightness() > 127
    return QColor(228, 230, 234) if light else QColor(19, 21, 24)


def _draw_words(painter: QPainter, widget: QWidget, words: str) -> None:
    painter.resetTransform()
    painter.setPen(widget.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText))
    painter.drawText(widget.rect().adjusted(32, 32, -32, -32), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)
