"""The refine panel: look first, then apply as one step."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.panels.refine import RefinePanel


@pytest.fixture
def panel(opened: Any) -> RefinePanel:
    panel = opened.panel("refine")
    opened.docks.reveal("refine")
    return panel


def choose(panel: RefinePanel, refiner: str, scope: str) -> None:
    panel.refiner.setCurrentIndex(panel.refiner.findData(refiner))
    panel.refiner.activated.emit(panel.refiner.currentIndex())
    panel.scope.setCurrentIndex(panel.scope.findData(scope))
    panel.scope.activated.emit(panel.scope.currentIndex())


def errors(panel: RefinePanel) -> list[str]:
    told: list[str] = []
    panel.workspace.said.connect(lambda text, kind: told.append(text) if kind == "error" else None)
    return told


def test_without_a_region_it_says_what_to_do(panel: RefinePanel) -> None:
    assert "Select a region" in panel.hint.text() and not panel.apply_button.isVisible()
    told = errors(panel)
    panel.preview_button.click()
    assert "No region is selected." in told[0]


def test_a_hole_is_previewed_filled_and_undone(panel: RefinePanel, paint: Callable[..., int], qtbot: Any) -> None:
    document, canvas = panel.workspace.document, panel.window_.canvas
    assert document is not None
    region = paint(slice(2, 20), slice(3, 30))
    with document.edit("Hole") as edit:
        edit.paint((slice(5, 8), slice(6, 9)), np.ones((3, 3), bool), 0)
    before = document.annotation.region_map.copy()
    choose(panel, "fill_holes", "region")
    panel.preview_button.click()
    qtbot.waitUntil(lambda: panel.change is not None, timeout=60_000)
    assert np.array_equal(document.annotation.region_map, before), "looking changes nothing"
    layer, = canvas.layers
    assert np.count_nonzero(layer.labels == 0) == 9 and "9 pixels" in panel.hint.text()
    panel.shown.setChecked(False)
    assert not canvas.layers
    panel.shown.setChecked(True)
    panel.apply_button.click()
    assert (document.annotation.region_map[2:20, 3:30] == region).all() and not canvas.layers
    assert document.history.titles()[-1] == "Fill holes"
    document.undo()
    assert np.array_equal(document.annotation.region_map, before)


def test_an_edit_makes_the_preview_go(panel: RefinePanel, paint: Callable[..., int], qtbot: Any) -> None:
    paint(slice(2, 20), slice(3, 30))
    with panel.workspace.document.edit("Speck") as edit:  # type: ignore[union-attr]
        edit.paint((slice(40, 42), slice(50, 52)), np.ones((2, 2), bool), panel.workspace.document.active_region)  # type: ignore[union-attr]
    choose(panel, "remove_specks", "class")
    panel.preview_button.click()
    qtbot.waitUntil(lambda: panel.change is not None, timeout=60_000)
    paint(slice(30, 34), slice(30, 34))
    assert panel.change is None and not panel.window_.canvas.layers and not panel.apply_button.isVisible()


def test_dense_crf_on_the_whole_image_and_cancelling(panel: RefinePanel, paint: Callable[..., int], qtbot: Any) -> None:
    paint(slice(2, 20), slice(3, 30))
    choose(panel, "dense_crf", "image")
    panel.preview_button.click()
    panel.running.cancel_button.click()
    qtbot.waitUntil(lambda: panel.job is None, timeout=60_000)
    panel.preview_button.click()
    qtbot.waitUntil(lambda: panel.job is None, timeout=90_000)
    assert panel.change is not None or "Nothing would change" in panel.hint.text()
