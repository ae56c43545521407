"""Pointer, wheel, pen and keys: what they do to the view, and what reaches the tool."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QKeySequence, QMouseEvent, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from app.canvas.view import Canvas
from app.tools import TOOLS, Gesture, Tool
from app.workspace import Workspace
from segcore.types import Event

from .conftest import Show, photo

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
NONE, CTRL, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class Recorder(Tool):
    """Writes down what it is sent, until Enter."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.closed = False

    def gesture(self, ctx: Any, event: Event) -> Gesture:
        try:
            while event.key != "Enter":
                self.events.append(event)
                event = yield
        except GeneratorExit:
            self.closed = True
            raise

    @property
    def kinds(self) -> list[str]:
        return [e.kind for e in self.events]


@pytest.fixture
def canvas(show: Show) -> Canvas:
    canvas = show(photo(60, 80), (200, 160))
    canvas.zoom_to(2.0, (40, 30))
    canvas.set_tool(Recorder())
    canvas.setFocus()
    return canvas


def mouse(canvas: Canvas, kind: QEvent.Type, x: float, y: float, button: Qt.MouseButton = Qt.MouseButton.NoButton,
          modifiers: Qt.KeyboardModifier = NONE) -> None:
    at = QPointF(x, y)
    QApplication.sendEvent(canvas, QMouseEvent(kind, at, canvas.mapToGlobal(at), button, button, modifiers))


def press(canvas: Canvas, x: float, y: float, button: Qt.MouseButton = LEFT, modifiers: Qt.KeyboardModifier = NONE) -> None:
    mouse(canvas, QEvent.Type.MouseButtonPress, x, y, button, modifiers)


def move(canvas: Canvas, x: float, y: float) -> None:
    mouse(canvas, QEvent.Type.MouseMove, x, y)


def release(canvas: Canvas, x: float, y: float, button: Qt.MouseButton = LEFT) -> None:
    mouse(canvas, QEvent.Type.MouseButtonRelease, x, y, button)


def wheel(canvas: Canvas, x: float, y: float, steps: float, modifiers: Qt.KeyboardModifier = NONE) -> None:
    at = QPointF(x, y)
    QApplication.sendEvent(canvas, QWheelEvent(at, canvas.mapToGlobal(at), QPoint(), QPoint(0, round(120 * steps)),
                                               Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False))


def test_events_carry_image_coordinates_buttons_and_modifiers(canvas: Canvas) -> None:
    tool = canvas.tool
    press(canvas, 100, 80, RIGHT, SHIFT)
    for i in range(100):
        move(canvas, 100 + i / 10, 80)
    release(canvas, 110, 80, RIGHT)
    assert tool.kinds == ["press", *["move"] * 100, "release"], "no move is lost"
    first = tool.events[0]
    assert (first.x, first.y) == canvas.image_point(QPointF(100, 80)) == (40, 30)
    assert first.button == "right" and first.modifiers == {"shift"} and tool.events[-1].button == "right"
    assert tool.events[50].x == pytest.approx(40 + 4.9 / 2)


def test_quick_second_press(canvas: Canvas) -> None:
    """A double click is its own event for a gesture that runs, and a press when none does."""
    tool = canvas.tool
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease, QEvent.Type.MouseButtonDblClick,
                 QEvent.Type.MouseButtonRelease):
        mouse(canvas, kind, 100, 80, LEFT)
    assert tool.kinds == ["press", "release", "double", "release"]
    canvas.runner.cancel()
    tool.events.clear()
    mouse(canvas, QEvent.Type.MouseButtonDblClick, 100, 80, LEFT)
    assert tool.kinds == ["press"]


def test_the_wheel_zooms_at_the_pointer(canvas: Canvas) -> None:
    for modifiers in (NONE, CTRL):
        for x, y in ((31.0, 42.0), (120.0, 90.0)):
            canvas.zoom_to(2.0)
            canvas.center_on(40, 30)
            point, before = canvas.image_point(QPointF(x, y)), canvas.scale
            for steps in (1, 1, 0.25, -3, 5, 1, 1, 1):
                wheel(canvas, x, y, steps, modifiers)
                slack = 2 / canvas.scale     # 100 % is put on whole pixels
                assert np.allclose(canvas.image_point(QPointF(x, y)), point, atol=slack)
            assert canvas.scale > before
    assert canvas.tool.events == []


def test_zoom_has_bounds_and_stops_at_100_percent(canvas: Canvas) -> None:
    for _ in range(60):
        wheel(canvas, 100, 80, 1)
    assert canvas.scale == 64
    seen = set()
    for _ in range(90):
        wheel(canvas, 100, 80, -1)
        seen.add(canvas.scale)
    assert canvas.scale == 0.01 and 1.0 in seen


def test_shift_wheel_sizes_the_brush(canvas: Canvas, qtbot: QtBot) -> None:
    canvas.set_tool(TOOLS["brush"](radius=10))
    with qtbot.waitSignal(canvas.params_changed):
        wheel(canvas, 100, 80, 1, SHIFT)
    assert canvas.tool.params.radius > 10
    for _ in range(99):
        wheel(canvas, 100, 80, -1, SHIFT)
    assert canvas.tool.params.radius == 0.5 and canvas.scale == 2.0
    tool = Recorder()
    canvas.set_tool(tool)
    press(canvas, 100, 80)
    wheel(canvas, 100, 80, 2, SHIFT)
    assert tool.events[-1].kind == "wheel" and tool.events[-1].value == 2


@pytest.mark.parametrize("how", ["middle", "space"])
def test_dragging_moves_the_photo(canvas: Canvas, how: str) -> None:
    point = canvas.image_point(QPointF(100, 80))
    if how == "space":
        QTest.keyPress(canvas, Qt.Key.Key_Space)
        assert canvas.cursor().shape() == Qt.CursorShape.OpenHandCursor
    button = MIDDLE if how == "middle" else LEFT
    press(canvas, 100, 80, button)
    assert canvas.cursor().shape() == Qt.CursorShape.ClosedHandCursor
    move(canvas, 113, 71)
    move(canvas, 117, 75)
    release(canvas, 117, 75, button)
    if how == "space":
        QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert np.allclose(canvas.image_point(QPointF(117, 75)), point)
    assert canvas.tool.events == [] and canvas.cursor().shape() == Qt.CursorShape.CrossCursor
    move(canvas, 10, 10)
    assert np.allclose(canvas.image_point(QPointF(117, 75)), point), "no longer moving"


def test_panning_within_a_stroke(canvas: Canvas) -> None:
    press(canvas, 100, 80)
    press(canvas, 100, 80, MIDDLE)
    move(canvas, 120, 80)
    release(canvas, 120, 80, MIDDLE)
    move(canvas, 121, 80)
    release(canvas, 121, 80)
    assert canvas.tool.kinds == ["press", "move", "release"]
    assert canvas.tool.events[1].x == pytest.approx(40.5)


def test_keys_reach_a_gesture_and_escape_ends_it(canvas: Canvas) -> None:
    tool = canvas.tool
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    assert tool.events == []
    press(canvas, 100, 80)
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    assert (tool.events[-1].kind, tool.events[-1].key) == ("key", "Backspace")
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert tool.closed and not canvas.runner.running
    press(canvas, 100, 80)
    QTest.keyClick(canvas, Qt.Key.Key_Enter)
    assert not canvas.runner.running


def test_shortcuts_of_the_window_wait_while_a_gesture_needs_the_key(qtbot: QtBot, canvas: Canvas) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.setCentralWidget(canvas)
    fired: list[str] = []
    for key in ("Backspace", "Return", "N"):
        action = QAction(key, window)
        action.setShortcut(QKeySequence(key))
        action.triggered.connect(lambda _=False, key=key: fired.append(key))
        window.addAction(action)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    canvas.setFocus()
    for key in (Qt.Key.Key_Backspace, Qt.Key.Key_N):
        QTest.keyClick(canvas, key)
    assert fired == ["Backspace", "N"]
    press(canvas, 100, 80)
    for key in (Qt.Key.Key_Backspace, Qt.Key.Key_N):
        QTest.keyClick(canvas, key)
    assert fired == ["Backspace", "N", "N"] and canvas.tool.events[-1].key == "Backspace"
    window.takeCentralWidget()


def test_pen_pressure_and_eraser(canvas: Canvas) -> None:
    tool = canvas.tool
    at = QPointF(100, 80)
    for kind, pen, pressure in ((QEvent.Type.TabletPress, QPointingDevice.PointerType.Pen, 0.25),
                                (QEvent.Type.TabletMove, QPointingDevice.PointerType.Pen, 0.75),
                                (QEvent.Type.TabletRelease, QPointingDevice.PointerType.Pen, 0.0)):
        device = QPointingDevice("pen", 7, QPointingDevice.DeviceType.Stylus, pen, QPointingDevice.Capability.Pressure, 1, 2)
        button = Qt.MouseButton.NoButton if kind == QEvent.Type.TabletMove else LEFT
        event = QTabletEvent(kind, device, at, at, pressure, 0, 0, 0, 0, 0, NONE, button, button)
        QApplication.sendEvent(canvas, event)
        assert event.isAccepted(), "or it would come again as a mouse event"
    assert [(e.kind, e.button, e.pressure) for e in tool.events] == [
        ("press", "left", 0.25), ("move", "", 0.75), ("release", "left", 0.0)]
    canvas.runner.cancel()
    tool.events.clear()
    device = QPointingDevice("pen", 8, QPointingDevice.DeviceType.Stylus, QPointingDevice.PointerType.Eraser,
                             QPointingDevice.Capability.Pressure, 1, 2)
    QApplication.sendEvent(canvas, QTabletEvent(QEvent.Type.TabletPress, device, at, at, 0.5, 0, 0, 0, 0, 0, NONE, LEFT, LEFT))
    assert tool.events[0].button == "right"


def test_pointer_signal(canvas: Canvas, qtbot: QtBot) -> None:
    seen: list[tuple[float, float]] = []
    canvas.pointer_moved.connect(lambda x, y: seen.append((x, y)))
    move(canvas, 100, 80)
    move(canvas, 1, 1)
    canvas.zoom_to(1.0)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert seen[0] == (40, 30) and np.isnan(seen[-1]).all()
    move(canvas, 100, 80)
    x, y = seen[-1]
    wheel(canvas, 100, 80, 1)
    assert np.allclose(seen[-1], (x, y))
    canvas.pan_by(20, 0)
    assert seen[-1][0] < x, "the photo moved under the pointer"


def test_leaving_the_image_rolls_back_bit_exactly(show: Show, workspace: Workspace) -> None:
    for leave in ("escape", "next image", "other tool"):
        canvas = show(photo(60, 80), (200, 160))
        document = workspace.document
        document.annotation.region_map[:] = np.random.default_rng(1).integers(0, 4, (60, 80))
        pixels, regions = document.annotation.region_map.copy(), dict(document.annotation.regions)
        canvas.set_tool(TOOLS["brush"](radius=9))
        press(canvas, 60, 60)
        for i in range(30):
            move(canvas, 60 + 2 * i, 60 + i)
        assert (document.annotation.region_map != pixels).any()
        if leave == "escape":
            QTest.keyClick(canvas, Qt.Key.Key_Escape)
        elif leave == "next image":
            workspace.about_to_leave.emit()
        else:
            canvas.set_tool(TOOLS["eraser"]())
        assert np.array_equal(document.annotation.region_map, pixels) and document.annotation.regions == regions
        assert not document.history.undo_title and not document.dirty


def test_a_stroke_is_one_undo_step(show: Show, workspace: Workspace) -> None:
    canvas = show(photo(60, 80), (200, 160))
    document = workspace.document
    committed: list[Any] = []
    document.committed.connect(committed.append)
    canvas.set_tool(TOOLS["brush"](radius=4))
    press(canvas, 60, 60)
    for i in range(30):
        move(canvas, 60 + 2 * i, 60 + i)
    release(canvas, 120, 90)
    assert len(committed) == 1 and document.undo() == committed[0].title
    press(canvas, 60, 60)
    release(canvas, 60, 60)
    assert len(committed) == 3, "the undo is told too"


def test_without_an_image_nothing_starts(show: Show, workspace: Workspace) -> None:
    canvas = show(photo(60, 80), (200, 160))
    canvas.set_tool(Recorder())
    workspace.document = None
    workspace.document_changed.emit()
    press(canvas, 60, 60)
    wheel(canvas, 60, 60, 1)
    wheel(canvas, 60, 60, 1, SHIFT)
    move(canvas, 10, 10)
    assert not canvas.runner.running and canvas.tool.events == []


def test_it_can_be_found_by_assistive_technology(canvas: Canvas) -> None:
    assert canvas.accessibleName() and canvas.accessibleDescription()
    assert canvas.focusPolicy() == Qt.FocusPolicy.StrongFocus
