"""The panel of tool options."""
from __future__ import annotations

import pytest
from bench import Bench
from PySide6.QtCore import Qt

from app.panels.tool_options import ToolOptionsPanel
from app.tools import TOOLS
from segcore.history import PaintPolicy


@pytest.fixture
def panel(bench: Bench) -> ToolOptionsPanel:
    bench.set_tool("brush")
    return bench.open(ToolOptionsPanel)


def test_shows_the_tool_with_its_shortcut_and_hint(bench: Bench, panel: ToolOptionsPanel) -> None:
    for name in ("brush", "grab_cut", "box"):
        bench.set_tool(name)
        assert panel._heading.text() == TOOLS[name].title and panel._hint.text() == TOOLS[name].hint
        assert panel._keys.text() == TOOLS[name].shortcut
        assert panel.form is not None and panel.form.isVisible() == bool(panel.form.controls)


def test_a_change_reaches_the_tool_and_is_remembered(bench: Bench, panel: ToolOptionsPanel) -> None:
    spin = panel.form.controls["radius"].focus
    spin.selectAll()
    bench.qtbot.keyClicks(spin, "33")
    bench.qtbot.keyClick(spin, Qt.Key.Key_Return)
    assert bench.canvas.tool.params.radius == 33
    bench.set_tool("eraser")
    assert panel.form.values()["radius"] == 12
    bench.set_tool("brush")
    assert panel.form.values()["radius"] == 33


def test_a_change_from_elsewhere_is_shown_and_applied(bench: Bench, panel: ToolOptionsPanel) -> None:
    bench.change_tool_params(radius=5.5)
    assert panel.form.values()["radius"] == 5.5 and bench.canvas.tool.params.radius == 5.5
    bench.canvas.resize_brush(2)
    assert panel.form.values()["radius"] == bench.canvas.tool.params.radius == 8
    assert bench.workspace.settings.get("tools/brush")["radius"] == 8
    bench.set_tool("grab_cut")
    bench.canvas.resize_brush(1)
    assert panel.form.values()["width"] == bench.canvas.tool.params.width == 12


def test_the_switches_are_the_policy_of_every_document(bench: Bench, panel: ToolOptionsPanel) -> None:
    panel.switches["protect_others"].click()
    assert bench.document.policy == PaintPolicy(protect_others=True)
    bench.workspace.settings.set("paint/only_unlabelled", True)
    assert panel.switches["only_unlabelled"].isChecked()
    bench.workspace.reload("photo0.png")
    bench.qtbot.waitUntil(lambda: bench.workspace.document is not None)
    assert bench.document.policy == PaintPolicy(protect_others=True, only_unlabelled=True)


def test_without_a_tool(bench: Bench, panel: ToolOptionsPanel) -> None:
    bench.canvas.set_tool(None)
    assert panel.form is None and panel._heading.text() == "No tool"
    bench.workspace.settings.set("tools/brush", {"radius": 3})


def test_a_stored_value_of_another_kind_is_passed_over(bench: Bench, panel: ToolOptionsPanel) -> None:
    bench.workspace.settings.set("tools/brush", {"radius": "wide", "shape": "oval", "extra": 1})
    assert bench.canvas.tool.params == TOOLS["brush"].Params()
