"""New project, restore, recover, shortcuts, preferences, about."""
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

from app.dialogs import about
from app.replacing import replace_annotation
from segcore.errors import ProjectError
from segcore.types import Annotation, Region


def test_new_project_needs_a_folder_then_makes_and_opens_it(window, qtbot, photos, tmp_path):
    dialog = window.dialogs.show("new_project")
    dialog._create()
    assert dialog.problem.text()
    dialog.photos.line.setText(str(photos))
    assert dialog.folder.line.text() == str(photos.with_name("photos labels"))
    dialog.folder.line.setText(str(tmp_path / "mine"))
    dialog.sets.setCurrentIndex(dialog.sets.findData("camvid"))
    dialog._choose_classes()
    dialog._create()
    qtbot.waitUntil(lambda: window.workspace.project is not None, timeout=10_000)
    project = window.workspace.project
    assert project.folder == tmp_path / "mine" and len(project.images) == 4 and len(project.classes) == 11
    assert not (tmp_path / "mine" / "images").exists() or not list((tmp_path / "mine" / "images").iterdir())


def test_new_project_over_an_existing_one_is_refused(window, qtbot, photos, opened):
    dialog = window.dialogs.show("new_project")
    dialog.photos.line.setText(str(photos))
    dialog.folder.line.setText(str(opened.workspace.project.folder))
    dialog._create()
    qtbot.waitUntil(lambda: bool(dialog.problem.text()), timeout=10_000)
    assert "already" in dialog.problem.text()


def test_restore_is_one_undo_step(opened, paint, qtbot):
    workspace = opened.workspace
    paint(slice(2, 9), slice(3, 12))
    assert workspace.autosave.finish()
    first = workspace.document.annotation.region_map.copy()
    paint(slice(20, 30), slice(20, 30))
    assert workspace.autosave.finish()
    second = workspace.document.annotation.region_map.copy()
    steps = len(workspace.document.history.titles())
    dialog = opened.dialogs.show("restore")
    assert dialog.list.count() >= 1
    qtbot.waitUntil(lambda: dialog._go.isEnabled(), timeout=10_000)
    dialog._restore()
    assert np.array_equal(workspace.document.annotation.region_map, first)
    assert len(workspace.document.history.titles()) == steps + 1
    opened.run("undo")
    assert np.array_equal(workspace.document.annotation.region_map, second)


def test_restore_without_versions_says_so(opened):
    dialog = opened.dialogs.show("restore")
    assert dialog.list.count() == 0 and "No earlier version" in dialog._picture._text
    assert not dialog._go.isEnabled()


def test_replacing_is_exact_with_locks_and_policies(opened, paint):
    from segcore.history import PaintPolicy
    document = opened.workspace.document
    paint()
    opened.run("lock_region")
    document.policy = PaintPolicy(protect_others=True, only_unlabelled=True)
    wanted = Annotation(document.shape, {n: Region(n, n % 20, locked=n == 7) for n in range(1, 200)})
    wanted.region_map[:] = np.random.default_rng(5).integers(0, 200, document.shape)
    before = document.annotation.copy()
    replace_annotation(document, wanted, "Restore")
    assert np.array_equal(document.annotation.region_map, wanted.region_map)
    assert document.annotation.regions == wanted.regions
    document.undo()
    assert np.array_equal(document.annotation.region_map, before.region_map)
    assert document.annotation.regions == before.regions


def test_replacing_by_another_size_is_refused(opened):
    with pytest.raises(ProjectError):
        replace_annotation(opened.workspace.document, Annotation((3, 3)), "Restore")


def recovered(name: str) -> SimpleNamespace:
    return SimpleNamespace(name=name, annotation=None, edits=3, saved_at=0.0, last_title="Brush stroke")


def test_recover_gives_the_chosen_ones_to_the_workspace(opened, monkeypatch):
    got: list[str] = []
    monkeypatch.setattr(opened.workspace, "recover", lambda chosen: got.extend(item.name for item in chosen))
    opened.workspace.recovery_found.emit([recovered("a"), recovered("b")])
    dialog = opened.dialogs.current
    dialog.tree.topLevelItem(1).setCheckState(0, Qt.CheckState.Unchecked)
    dialog._recover()
    assert got == ["a"]


def test_shortcuts_dialog_searches_warns_and_assigns(opened):
    dialog = opened.dialogs.show("shortcuts")
    dialog.search.setText("hide masks")
    assert not dialog._rows["hide_masks"].isHidden() and dialog._rows["undo"].isHidden()
    dialog.search.setText("")
    dialog.choose("fit")
    dialog.keys.setKeySequence(QKeySequence("H"))
    assert "Hide masks" in dialog._note.text()
    dialog._assign()
    assert opened.acts["fit"].shortcuts() == [QKeySequence("H")]
    assert opened.acts["hide_masks"].shortcuts() == []
    assert "H" in opened.acts["fit"].toolTip()
    dialog._put_all_back()
    assert QKeySequence("Ctrl+F") in opened.acts["fit"].shortcuts()


def test_shortcuts_dialog_lists_everything_and_the_keys_of_the_canvas(opened):
    from app.shortcuts import FIXED, bindings
    dialog = opened.dialogs.show("shortcuts")
    assert set(dialog._rows) == {b.name for b in bindings()}
    last = dialog.tree.topLevelItem(dialog.tree.topLevelItemCount() - 1)
    assert last.childCount() == len(FIXED)


def test_preferences_take_effect_and_are_kept(opened):
    from app.theme import colors
    dialog = opened.dialogs.show("preferences")
    theme = dialog.findChild(object, "view/theme")
    theme.setCurrentIndex(theme.findData("dark"))
    theme.activated.emit(theme.currentIndex())
    assert colors().name == "dark" and opened.workspace.settings.get("view/theme") == "dark"
    dialog.findChild(object, "edit/undo_megabytes").setValue(64)
    assert opened.workspace.settings.get("edit/undo_megabytes") == 64
    opened.run("theme_light")


def test_about_names_version_and_folders(opened):
    dialog = opened.dialogs.show("about")
    assert about.version()
    dialog.reject()


@pytest.mark.parametrize("name", ["new_project", "export", "import_labels", "restore", "shortcuts", "preferences", "about"])
def test_every_dialog_fits_a_small_screen_and_can_be_closed(opened, name, qtbot):
    dialog = opened.dialogs.show(name)
    qtbot.wait(30)
    assert dialog.width() <= 1000 and dialog.height() <= 700
    dialog.reject()
    assert not dialog.isVisible()


def test_go_to_opens_the_image_of_that_number(opened, qtbot):
    opened.run("go_to")
    dialog = opened.dialogs.current
    assert dialog.isVisible() and dialog.number.value() == 1 and dialog.number.maximum() == 4
    assert dialog.focusWidget() is dialog.number
    qtbot.keyClicks(dialog.number, "3")
    qtbot.keyClick(dialog.number, Qt.Key.Key_Return)
    assert opened.workspace.index == 2 and opened.dialogs.current is None
