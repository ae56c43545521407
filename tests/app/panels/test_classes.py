"""The panel of classes."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench import CLASSES, Bench
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.panels.class_list import EYE, KEY, NAME, SHARE
from app.panels.classes import ClassesPanel


@pytest.fixture
def panel(bench: Bench) -> ClassesPanel:
    return bench.open(ClassesPanel)


def text(panel: ClassesPanel, row: int, column: int) -> Any:
    return panel.model.index(row, column).data()


def click(panel: ClassesPanel, row: int, column: int) -> None:
    middle = panel.view.visualRect(panel.model.index(row, column)).center()
    panel.window_.qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(middle))


def test_rows_tell_name_and_digit(panel: ClassesPanel) -> None:
    assert [text(panel, row, NAME) for row in range(3)] == ["background", "cat", "sky"]
    assert [text(panel, row, KEY) for row in range(3)] == ["", "1", "2"]


def test_a_click_chooses_and_the_choice_is_shown(bench: Bench, panel: ClassesPanel) -> None:
    click(panel, 2, NAME)
    assert bench.document.active_class == 2
    bench.document.set_active_class(1)
    assert panel.view.currentIndex().row() == 1
    assert panel.model.index(1, NAME).data(Qt.ItemDataRole.FontRole).bold()


def test_arrow_keys_choose(bench: Bench, panel: ClassesPanel) -> None:
    bench.document.set_active_class(0)
    panel.view.setFocus()
    bench.qtbot.waitUntil(panel.view.hasFocus)
    bench.qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    assert bench.document.active_class == 1


def test_the_eye_hides_without_choosing(bench: Bench, panel: ClassesPanel) -> None:
    bench.document.set_active_class(1)
    click(panel, 2, EYE)
    assert bench.canvas.hidden_classes == frozenset({2}) and bench.document.active_class == 1
    assert "Hidden" in panel.model.index(2, EYE).data(Qt.ItemDataRole.ToolTipRole)
    click(panel, 2, EYE)
    assert bench.canvas.hidden_classes == frozenset()


def test_shares_follow_the_labels(bench: Bench, panel: ClassesPanel) -> None:
    bench.add_region(0, 0, 25, 40, 1)
    bench.add_region(30, 0, 35, 4, 1)
    bench.add_region(49, 39, 50, 40, 2)
    bench.qtbot.waitUntil(lambda: text(panel, 1, SHARE) == "51.0 %")
    assert text(panel, 0, SHARE) == "" and text(panel, 2, SHARE) == "< 0.1 %"
    bench.document.undo()
    bench.qtbot.waitUntil(lambda: text(panel, 2, SHARE) == "")


def test_rename_by_typing(bench: Bench, panel: ClassesPanel) -> None:
    bench.document.set_active_class(1)
    panel.rename()
    editor = panel.view.findChild(QLineEdit)
    editor.selectAll()
    bench.qtbot.keyClicks(editor, "  big   cat ")
    bench.qtbot.keyClick(editor, Qt.Key.Key_Return)
    bench.qtbot.waitUntil(lambda: bench.workspace.project.classes[1].name == "big cat")
    assert text(panel, 1, NAME) == "big cat"
    bench.document.undo()
    assert text(panel, 1, NAME) == "cat"


def test_a_name_that_is_taken_or_empty_is_refused(bench: Bench, panel: ClassesPanel) -> None:
    assert not panel.editing.rename(1, "sky") and "already" in bench.said[-1][0]
    assert not panel.editing.rename(1, "   ") and not panel.editing.rename(1, "cat")
    assert bench.workspace.project.classes == CLASSES


def test_recolour_and_kind(bench: Bench, panel: ClassesPanel) -> None:
    panel.editing.recolor(1, (1, 2, 3))
    panel.editing.set_thing(1, False)
    cat = bench.workspace.project.classes[1]
    assert cat.color == (1, 2, 3) and not cat.is_thing
    assert bench.document.history.titles() == ["Colour of cat", "cat: stuff"]
    bench.document.undo()
    bench.document.undo()
    assert bench.workspace.project.classes == CLASSES


def test_add_takes_a_free_id_and_starts_typing(bench: Bench, panel: ClassesPanel) -> None:
    panel.add_button.click()
    new = bench.workspace.project.classes[-1]
    assert new.id == 3 and new.name == "class 3" and bench.document.active_class == 3
    assert panel.view.findChild(QLineEdit) is not None
    bench.document.undo()
    assert panel.model.rowCount() == 3


def test_delete_spares_classes_in_use(bench: Bench, panel: ClassesPanel) -> None:
    bench.add_region(0, 0, 5, 5, 1)
    bench.document.set_active_class(1)
    panel.delete_button.click()
    assert len(bench.workspace.project.classes) == 3 and "1 region" in bench.said[-1][0]
    bench.document.set_active_class(2)
    panel.delete_button.click()
    assert [c.name for c in bench.workspace.project.classes] == ["background", "cat"]


def test_a_read_only_project_keeps_its_classes(bench: Bench, panel: ClassesPanel) -> None:
    bench.workspace.project.read_only = True
    assert panel.editing.add() == -1 and not panel.editing.recolor(1, (9, 9, 9))
    assert "read only" in bench.said[-1][0]
    assert not panel.model.flags(panel.model.index(1, NAME)) & Qt.ItemFlag.ItemIsEditable
    bench.workspace.project.read_only = False


def test_the_filter_is_there_for_long_lists(tmp_path: Path, qtbot: QtBot) -> None:
    from segcore.classes import CLASS_SETS
    bench = Bench(tmp_path, qtbot, CLASS_SETS["voc"])
    panel = bench.open(ClassesPanel)
    assert panel.search.isVisible()
    qtbot.keyClicks(panel.search, "cycle")
    shown = [text(panel, row, NAME) for row in range(21) if not panel.view.isRowHidden(row, panel.view.rootIndex())]
    assert shown == ["bicycle"]
    bench.workspace.set_classes(CLASSES, "Fewer")
    assert not panel.search.isVisible() and not panel.view.isRowHidden(0, panel.view.rootIndex())
    bench.close()


def test_nothing_open(bench: Bench, panel: ClassesPanel) -> None:
    bench.workspace.close_project()
    assert panel.model.rowCount() == 0 and panel.areas.total == 0
    panel.add()
    panel.rename()
    panel.delete()
