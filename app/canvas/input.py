"""Turns what pointer, wheel, pen and keys do over the canvas into zooming, panning and events for the running gesture."""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import (
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPointingDevice,
    QSinglePointEvent,
    QTabletEvent,
    QWheelEvent,
)

from segcore.types import Event

if TYPE_CHECKING:
    from app.canvas.view import Canvas

ZOOM_PER_TICK = 1.25
BUTTONS = {Qt.MouseButton.LeftButton: "left", Qt.MouseButton.RightButton: "right", Qt.MouseButton.MiddleButton: "middle"}
MODIFIERS = {Qt.KeyboardModifier.ShiftModifier: "shift", Qt.KeyboardModifier.ControlModifier: "ctrl",
             Qt.KeyboardModifier.AltModifier: "alt"}
KEYS = {Qt.Key.Key_Return: "Enter", Qt.Key.Key_Enter: "Enter", Qt.Key.Key_Escape: "Escape", Qt.Key.Key_Backspace: "Backspace"}


class CanvasInput:
    """Takes a canvas's events; what it does not use goes on to the widget and the window's shortcuts."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._pan_from: QPointF | None = None
        self._space = False
        self._pen_down = False
        self._handlers: dict[QEvent.Type, Callable[[Any], bool]] = {
            QEvent.Type.MouseButtonPress: self._press, QEvent.Type.MouseMove: self._move,
            QEvent.Type.MouseButtonRelease: self._release, QEvent.Type.MouseButtonDblClick: self._double,
            QEvent.Type.Wheel: self._wheel, QEvent.Type.NativeGesture: self._pinch,
            QEvent.Type.TabletPress: self._pen, QEvent.Type.TabletMove: self._pen, QEvent.Type.TabletRelease: self._pen,
            QEvent.Type.ShortcutOverride: self._claim_key, QEvent.Type.KeyPress: self._key_press,
            QEvent.Type.KeyRelease: self._key_release, QEvent.Type.Leave: self._leave, QEvent.Type.FocusOut: self._focus_out}

    @property
    def panning(self) -> bool:
        """Whether dragging moves the photo: Space is held or the middle button is down."""
        return self._space or self._pan_from is not None

    @property
    def dragging(self) -> bool:
        """Whether the photo is being moved right now."""
        return self._pan_from is not None

    def take(self, event: QEvent) -> bool:
        """Act on an event; True when it needs nobody else."""
        handler = self._handlers.get(event.type())
        return handler is not None and handler(event)

    # pointer

    def _press(self, event: QMouseEvent) -> bool:
        self._canvas.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.MiddleButton or self._space and event.button() == Qt.MouseButton.LeftButton:
            self._pan_from = event.position()
            self._canvas.show_cursor()
        elif event.button() in BUTTONS:
            self._feed("press", event, BUTTONS[event.button()])
        return True

    def _double(self, event: QMouseEvent) -> bool:
        # The second of two quick strokes: a press for whoever waits for one.
        if not self._canvas.runner.running or event.button() == Qt.MouseButton.MiddleButton or self._space:
            return self._press(event)
        if event.button() in BUTTONS:
            self._feed("double", event, BUTTONS[event.button()])
        return True

    def _move(self, event: QMouseEvent) -> bool:
        self._canvas.point_at(event.position())
        if self._pan_from is not None:
            step = event.position() - self._pan_from
            self._pan_from = event.position()
            self._canvas.pan_by(step.x(), step.y())
        else:
            self._feed("move", event)
        return True

    def _release(self, event: QMouseEvent) -> bool:
        if self._pan_from is not None and event.button() in (Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton):
            self._pan_from = None
            self._canvas.show_cursor()
        elif event.button() in BUTTONS:
            self._feed("release", event, BUTTONS[event.button()])
        return True

    def _pen(self, event: QTabletEvent) -> bool:
        kind = event.type()
        if self._space or event.button() == Qt.MouseButton.MiddleButton:
            return False        # Qt then sends it again as a mouse event, which pans
        button = BUTTONS.get(event.button(), "")
        if event.pointerType() == QPointingDevice.PointerType.Eraser and button == "left":
            button = "right"
        self._canvas.point_at(event.position())
        if kind == QEvent.Type.TabletPress:
            self._canvas.setFocus(Qt.FocusReason.MouseFocusReason)
        name = {QEvent.Type.TabletPress: "press", QEvent.Type.TabletRelease: "release"}.get(kind, "move")
        self._feed(name, event, button, event.pressure())
        event.accept()
        return True

    def _feed(self, kind: str, event: QSinglePointEvent, button: str = "", pressure: float = 1.0) -> None:
        x, y = self._canvas.image_point(event.position())
        self._canvas.feed(Event(kind, x, y, button, modifiers=_modifiers(event.modifiers()), pressure=pressure))

    def _leave(self, event: QEvent) -> bool:
        self._canvas.point_at(None)
        return False

    # wheel and trackpad

    def _wheel(self, event: QWheelEvent) -> bool:
        event.accept()
        turned, pixels = event.angleDelta(), event.pixelDelta()
        steps = (turned.y() or turned.x()) / 120
        zooms = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not zooms:
            self._canvas.resize_brush(steps)
        elif event.device().type() == QInputDevice.DeviceType.TouchPad and not pixels.isNull() and not zooms:
            self._canvas.pan_by(pixels.x(), pixels.y())
        elif steps:
            self._canvas.zoom_by(ZOOM_PER_TICK ** steps, self._canvas.image_point(event.position()))
        self._canvas.point_at(event.position())
        return True

    def _pinch(self, event: QNativeGestureEvent) -> bool:
        if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
            return False
        self._canvas.zoom_to(self._canvas.scale * math.exp(event.value()), self._canvas.image_point(event.position()))
        return True

    # keys

    def _claim_key(self, event: QKeyEvent) -> bool:
        """Keep the window's shortcuts from taking keys that the running gesture, or panning, wants."""
        if event.key() == Qt.Key.Key_Space or event.key() in KEYS and self._canvas.runner.running:
            event.accept()
            return True
        return False

    def _key_press(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = True
                self._canvas.show_cursor()
            return True
        key = KEYS.get(Qt.Key(event.key()))
        if key is None or not self._canvas.runner.running:
            return False
        if key == "Escape":
            self._canvas.runner.cancel()
        else:
            x, y = self._canvas.pointer
            self._canvas.feed(Event("key", x, y, key=key, modifiers=_modifiers(event.modifiers())))
        return True

    def _key_release(self, event: QKeyEvent) -> bool:
        if event.key() != Qt.Key.Key_Space:
            return False
        if not event.isAutoRepeat():
            self._space = False
            self._canvas.show_cursor()
        return True

    def _focus_out(self, event: QEvent) -> bool:
        self._space = False
        self._pan_from = None
        self._canvas.show_cursor()
        return False


def _modifiers(held: Qt.KeyboardModifier) -> frozenset[str]:
    return frozenset(name for modifier, name in MODIFIERS.items() if held & modifier)
