"""The form made from a Params dataclass."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QSlider
from pytestqt.qtbot import QtBot

from app.tools import TOOLS
from app.widgets.controls import NumberControl, decimals, fine_step
from app.widgets.param_form import ParamForm
from segcore.formats import FORMATS
from segcore.params import param
from segcore.refiners import REFINERS
from segcore.segmenters import SEGMENTERS


@dataclass
class Params:
    """One of each kind."""

    size: int = param(5, min=1, max=9, label="Size", help="How large.", unit="px")
    radius: float = param(12.0, min=0.5, max=500, step=0.5, label="Radius", help="Half of it.")
    rate: float = param(0.0001, label="Rate", help="Without bounds.")
    shape: str = param("round", choices=("round", "square"), label="Shape", help="Which.")
    name: str = param("a", label="Name", help="Any text.")
    on: bool = param(True, label="On", help="Whether.")
    depth: int = param(2, min=1, max=4, label="Depth", help="Rarely needed.", advanced=True)


@pytest.fixture
def form(qtbot: QtBot) -> ParamForm:
    form = ParamForm(Params)
    qtbot.addWidget(form)
    form.resize(320, 320)
    form.show()
    return form


@pytest.fixture
def told(form: ParamForm) -> list[tuple[str, Any]]:
    told: list[tuple[str, Any]] = []
    form.changed.connect(lambda name, value: told.append((name, value)))
    return told


def test_shows_the_defaults_with_their_types(form: ParamForm) -> None:
    assert form.values() == {"size": 5, "radius": 12.0, "rate": 0.0001, "shape": "round", "name": "a", "on": True, "depth": 2}
    assert type(form.values()["size"]) is int and type(form.values()["radius"]) is float
    assert Params(**form.values()) == Params()


def test_typing_tells_the_new_value(form: ParamForm, told: list[tuple[str, Any]], qtbot: QtBot) -> None:
    spin = form.controls["size"].focus
    spin.setFocus()
    spin.selectAll()
    qtbot.keyClicks(spin, "7")
    assert told == [], "not before it is finished"
    qtbot.keyClick(spin, Qt.Key.Key_Return)
    assert told == [("size", 7)]
    assert form.controls["size"].widget.findChild(QSlider).value() == 750


def test_keys_move_the_slider(form: ParamForm, told: list[tuple[str, Any]], qtbot: QtBot) -> None:
    slider = form.controls["radius"].widget.findChild(QSlider)
    qtbot.keyClick(slider, Qt.Key.Key_End)
    assert told[-1] == ("radius", 500.0)
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert told[-1] == ("radius", 0.5) and form.values()["radius"] == 0.5


def test_other_controls_tell(form: ParamForm, told: list[tuple[str, Any]], qtbot: QtBot) -> None:
    qtbot.keyClick(form.controls["on"].widget, Qt.Key.Key_Space)
    combo = form.controls["shape"].widget
    assert isinstance(combo, QComboBox) and [combo.itemText(i) for i in range(2)] == ["Round", "Square"]
    qtbot.keyClick(combo, Qt.Key.Key_Down)
    line = form.controls["name"].widget
    qtbot.keyClicks(line, "bc")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert told == [("on", False), ("shape", "square"), ("name", "abc")]


def test_set_values_is_silent_and_forgiving(form: ParamForm, told: list[tuple[str, Any]]) -> None:
    form.set_values({"size": 99, "radius": "wide", "shape": "oval", "on": False, "unknown": 1})
    assert told == []
    assert form.values() == {**form.defaults(), "size": 9, "on": False}


def test_reset_tells_what_changed(form: ParamForm, told: list[tuple[str, Any]]) -> None:
    assert not form.reset_button.isEnabled()
    form.set_values({"size": 3, "on": False})
    assert form.reset_button.isEnabled()
    form.reset_button.click()
    assert told == [("size", 5), ("on", True)] and form.values() == form.defaults()


def test_advanced_fields_are_folded_away(form: ParamForm) -> None:
    depth = form.controls["depth"].widget
    assert not depth.isVisible()
    form._more.click()
    assert depth.isVisible()


def test_tooltips_names_and_buddies(form: ParamForm) -> None:
    for name, control in form.controls.items():
        assert control.widget.toolTip() == Params.__dataclass_fields__[name].metadata["help"]
        assert control.focus.accessibleName() == Params.__dataclass_fields__[name].metadata["label"]
    labels = {label.text(): label.buddy() for label in form.findChildren(QLabel)}
    assert labels["Size"] is form.controls["size"].focus
    assert isinstance(form.controls["on"].widget, QCheckBox) and form.controls["on"].widget.text() == "On"
    assert form.controls["size"].focus.suffix() == " px"


def test_the_wheel_counts_only_with_the_focus(form: ParamForm, told: list[tuple[str, Any]]) -> None:
    spin = form.controls["size"].focus

    def turn() -> None:
        position = QPointF(spin.rect().center())
        event = QWheelEvent(position, spin.mapToGlobal(position), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
                            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)
        QApplication.sendEvent(spin, event)

    form.controls["name"].widget.setFocus()
    turn()
    assert told == []
    spin.setFocus()
    turn()
    assert told == [("size", 6)]


@pytest.mark.parametrize("low, high, step", [(0.5, 500, 0.5), (0, 100_000, None), (0, 1, None), (1, 60, None)])
def test_the_slider_reaches_both_bounds_and_comes_back(qtbot: QtBot, low: float, high: float, step: float | None) -> None:
    kind = int if low == 0 and high > 1 or low == 1 else float
    control = NumberControl(kind, low, {"min": low, "max": high, "step": step})
    qtbot.addWidget(control.widget)
    slider = control.widget.findChild(QSlider)
    seen = []
    for position in range(1001):
        slider.setValue(position)
        seen.append(control.value())
        control.set_value(control.value())
        assert slider.value() == pytest.approx(position, abs=1000 / 4)
    assert seen[0] == low and seen[-1] == high and seen == sorted(seen)


def test_steps_and_decimals() -> None:
    assert [fine_step(0, 1), fine_step(0, 500), fine_step(None, 3)] == [0.01, 1.0, 0.1]
    assert [decimals(v) for v in (0.5, 1.0, 0.0001, 20, 1e-12)] == [1, 0, 4, 0, 9]


@pytest.mark.parametrize("plugin", [*TOOLS, *SEGMENTERS, *REFINERS, *FORMATS], ids=lambda p: f"{p.__module__}")
def test_every_declaration_makes_a_form(plugin: Any, qtbot: QtBot) -> None:
    form = ParamForm(plugin.Params)
    qtbot.addWidget(form)
    assert plugin.Params(**form.values()) == plugin.Params()
