"""The panel of regions."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import Bench
from PySide6.QtCore import QItemSelectionModel, Qt

from app.panels.areas import count_pixels
from app.panels.region_list import AREA, EYE, LOCK, REGION, SOURCE
from app.panels.regions import RegionsPanel


@pytest.fixture
def panel(bench: Bench) -> RegionsPanel:
    return bench.open(RegionsPanel)


@pytest.fixture
def three(bench: Bench, panel: RegionsPanel) -> list[int]:
    ids = [bench.add_region(0, 0, 10, 10, 1), bench.add_region(20, 0, 25, 10, 2, "model:streets"),
           bench.add_region(0, 20, 5, 22, 1, "grab_cut")]
    bench.qtbot.waitUntil(lambda: panel.model.rowCount() == 3 and panel.areas.area(ids[2]) == 10)
    return ids


def column(panel: RegionsPanel, which: int) -> list[Any]:
    return [panel.model.index(row, which).data() for row in range(panel.model.rowCount())]


def click(panel: RegionsPanel, row: int, which: int) -> None:
    middle = panel.view.visualRect(panel.model.index(row, which)).center()
    panel.window_.qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=middle)


def test_rows_tell_what_is_there(panel: RegionsPanel, three: list[int]) -> None:
    assert column(panel, REGION) == ["cat 1", "cat 3", "sky 2"]
    assert column(panel, AREA) == ["100", "10", "50"]
    assert column(panel, SOURCE) == ["hand", "GrabCut", "streets"]
    assert panel.counter.text() == "3 regions · 8 % labelled"


def test_sorting_by_area(panel: RegionsPanel, three: list[int]) -> None:
    panel.view.sortByColumn(AREA, Qt.SortOrder.DescendingOrder)
    assert column(panel, AREA) == ["100", "50", "10"]


def test_a_click_selects_on_the_canvas_and_back(bench: Bench, panel: RegionsPanel, three: list[int]) -> None:
    panel.view.setFocus()
    bench.qtbot.waitUntil(panel.view.hasFocus)
    click(panel, 2, REGION)
    assert bench.document.active_region == three[1] and bench.document.active_class == 2
    bench.document.select(three[2])
    assert panel.selected() == [three[2]]
    bench.document.select(0)
    assert panel.selected() == []


def test_double_click_brings_it_into_view(bench: Bench, panel: RegionsPanel, three: list[int]) -> None:
    bench.canvas.zoom_to(8)
    panel.view.doubleClicked.emit(panel.model.index(2, REGION))
    x, y = bench.canvas.image_point(bench.canvas.rect().toRectF().center())
    assert (x, y) == pytest.approx((22.5, 5), abs=0.6)


def test_lock_and_eye(bench: Bench, panel: RegionsPanel, three: list[int]) -> None:
    click(panel, 0, LOCK)
    assert bench.document.annotation.regions[three[0]].locked
    click(panel, 0, EYE)
    assert bench.canvas.hidden_regions == frozenset({three[0]})
    click(panel, 0, EYE)
    click(panel, 0, LOCK)
    assert not bench.document.annotation.regions[three[0]].locked and bench.canvas.hidden_regions == frozenset()


def test_change_class_of_several_is_one_step(bench: Bench, panel: RegionsPanel, three: list[int]) -> None:
    steps = len(bench.document.history.titles())
    bench.document.select(three[0])
    panel.editing.set_class([three[0], three[2]], 2)
    assert {r.class_id for r in bench.document.annotation.regions.values()} == {2}
    assert bench.document.active_class == 2 and len(bench.document.history.titles()) == steps + 1
    bench.qtbot.waitUntil(lambda: column(panel, REGION) == ["sky 1", "sky 2", "sky 3"])
    bench.document.undo()
    bench.qtbot.waitUntil(lambda: column(panel, REGION) == ["cat 1", "cat 3", "sky 2"])


def test_delete_several_and_undo(bench: Bench, panel: RegionsPanel, three: list[int]) -> None:
    before = bench.document.annotation.region_map.copy()
    panel.editing.delete(three[:2])
    assert list(bench.document.annotation.regions) == [three[2]]
    assert np.count_nonzero(bench.document.annotation.region_map) == 10
    bench.document.undo()
    assert np.array_equal(bench.document.annotation.region_map, before)


def test_merge(bench: Bench, panel: RegionsPanel, three: list[int]) -> None:
    labelled = bench.document.annotation.region_map > 0
    panel.editing.merge(three)
    assert list(bench.document.annotation.regions) == [three[0]] and bench.document.active_region == three[0]
    assert np.array_equal(bench.document.annotation.region_map == three[0], labelled)
    assert bench.document.history.titles()[-1] == "Merge 3 regions"


@pytest.mark.parametrize("what", ["delete", "merge"])
def test_locked_regions_are_refused(bench: Bench, panel: RegionsPanel, three: list[int], what: str) -> None:
    panel.editing.set_locked([three[1]], True)
    before = bench.document.annotation.region_map.copy()
    assert not getattr(panel.editing, what)(three)
    assert "locked" in bench.said[-1][0] and np.array_equal(bench.document.annotation.region_map, before)


def test_selection_of_several_survives_counting(bench: Bench, panel: RegionsPanel, three: list[int]) -> None:
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for row in (0, 2):
        panel.view.selectionModel().select(panel.model.index(row, 0), flags)
    panel.areas.changed.emit()
    assert panel.selected() == [three[0], three[1]]


def test_the_list_says_what_to_do_while_empty(bench: Bench, panel: RegionsPanel) -> None:
    assert panel.model.rowCount() == 0 and panel.counter.text().startswith("0 regions")
    panel.grab()


def test_nothing_open(bench: Bench, panel: RegionsPanel, three: list[int]) -> None:
    bench.workspace.close_project()
    assert panel.model.rowCount() == 0 and panel.counter.text() == ""
    assert not panel.editing.delete([1]) and not panel.editing.merge([1, 2])


def test_a_thousand_regions_ask_only_for_rows_in_sight(bench: Bench, panel: RegionsPanel,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    with bench.document.edit("Many") as edit:
        for n in range(1000):
            edit.new_region(1)
            edit.paint((slice(n // 50, n // 50 + 1), slice(n % 50, n % 50 + 1)), np.ones((1, 1), np.bool_), n + 1)
    bench.qtbot.waitUntil(lambda: panel.model.rowCount() == 1000 and panel.areas.area(1000) == 1)
    asked: set[int] = set()
    text = panel.model._text
    monkeypatch.setattr(panel.model, "_text", lambda region, which: asked.add(region.id) or text(region, which))
    bench.document.change_region(500, "Lock", locked=True)
    bench.qtbot.wait(20)
    panel.grab()
    assert 0 < len(asked) < 40


def test_counting_is_exact() -> None:
    rng = np.random.default_rng(0)
    region_map = rng.choice(np.array([0, 1, 2, 255, 256, 65535], np.uint16), (300, 200))
    assert np.array_equal(count_pixels(region_map), np.bincount(region_map.ravel(), minlength=65536))
    assert count_pixels(region_map[::2, ::2]).sum() == 15_000


def test_labels_that_were_there_before_are_counted(bench: Bench, panel: RegionsPanel, three: list[int]) -> None:
    panel.areas._document = None
    panel.areas._on_document()
    assert panel.areas.area(three[0]) is None
    bench.qtbot.waitUntil(lambda: panel.areas.area(three[0]) == 100)
