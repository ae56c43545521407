"""Commands: declared well, and each does to the window what it says."""
from __future__ import annotations

import numpy as np
import pytest

from app.commands import MENUS, all_commands
from app.commands.image import next_unlabelled


@pytest.mark.parametrize("command", all_commands(), ids=lambda c: c.name)
def test_every_command_says_what_it_is(command):
    assert command.title[0].isupper() or command.title[0].isdigit()
    assert command.menu.split("/")[0] in MENUS
    assert command.children or command.tooltip.endswith(".") or command.menu.endswith("Theme")


def test_every_command_is_in_a_menu(window):
    shown = set()
    def walk(menu):
        for action in menu.actions():
            shown.add(action.objectName())
            if action.menu():
                walk(action.menu())
    for action in window.menuBar().actions():
        walk(action.menu())
    assert {c.name for c in all_commands() if c.children is None} <= shown


def test_tooltips_show_title_keys_and_summary(window):
    tip = window.acts["next_image"].toolTip()
    assert "Next image" in tip and "D, Ctrl+Right" in tip and "after this one" in tip
    tip = window.acts["brush"].toolTip()
    assert "Brush" in tip and "B" in tip


def test_without_a_project_only_what_makes_sense_is_enabled(window):
    window.acts.refresh_now()
    for name in ("save", "export", "undo", "next_image", "fit", "predict", "new_region", "delete_region"):
        assert not window.acts[name].isEnabled(), name
    for name in ("open_folder", "new_project", "open_sample", "shortcuts", "preferences", "quit"):
        assert window.acts[name].isEnabled(), name


def test_every_enabled_command_without_a_dialog_runs(opened, paint, qtbot):
    paint()
    asking = {"open_folder", "open_project", "go_to", "quit", "close_project", "full_screen", "predict", "open_sample",
              "next_image", "previous_image", "next_unlabelled"}
    for command in all_commands():
        if command.name in asking or command.children or "…" in command.title or command.menu == "help":
            continue
        opened.run(command.name)
        assert opened.stage.banner.text == "", command.name
        opened.stage.banner.dismiss()


def test_next_previous_and_the_ends(opened, qtbot):
    opened.run("next_image")
    assert opened.workspace.index == 1
    opened.run("previous_image")
    opened.run("previous_image")
    assert opened.workspace.index == 0


def test_next_unlabelled_skips_and_wraps(opened):
    workspace = opened.workspace
    workspace.set_state("photo 1.png", "labelled")
    opened.run("next_unlabelled")
    assert workspace.index == 2
    workspace.set_state("photo 3.png", "done")
    next_unlabelled(opened)
    assert workspace.index == 0


def test_done_and_flag_are_switches(opened, paint):
    entry = opened.workspace.project.images[0]
    opened.run("mark_done")
    assert opened.workspace.project.entry(entry.name).state == "done"
    opened.acts.refresh_now()
    assert opened.acts["mark_done"].isChecked()
    opened.run("mark_done")
    assert opened.workspace.project.entry(entry.name).state == "new"
    opened.run("flag")
    assert opened.workspace.project.entry(entry.name).state == "flagged"


def test_delete_region_and_undo(opened, paint):
    region = paint()
    annotation = opened.workspace.document.annotation
    before = annotation.region_map.copy()
    opened.run("delete_region")
    assert region not in annotation.regions and not annotation.region_map.any()
    opened.run("undo")
    assert np.array_equal(opened.workspace.document.annotation.region_map, before)


def test_a_locked_region_is_not_deleted_and_the_banner_says_so(opened, paint):
    region = paint()
    opened.run("lock_region")
    opened.run("delete_region")
    assert region in opened.workspace.document.annotation.regions
    assert "locked" in opened.stage.banner.text


def test_tab_selects_the_next_region_and_shows_it(opened, paint):
    first = paint(slice(2, 9), slice(3, 12))
    second = paint(slice(30, 40), slice(40, 60))
    document = opened.workspace.document
    opened.run("next_region")
    assert document.active_region == first
    opened.run("next_region")
    assert document.active_region == second
    opened.run("previous_region")
    assert document.active_region == first


def test_digits_choose_the_class_of_the_list_without_background(opened):
    opened.run("class_3")
    classes = opened.workspace.project.classes
    assert classes[0].name == "background"
    assert opened.workspace.document.active_class == classes[3].id


def test_change_class_of_the_selected_region(opened, paint):
    region = paint()
    command = next(c for c in all_commands() if c.name == "change_class")
    next(child for child in command.children(opened) if child.title == "dog").run(opened)
    assert opened.workspace.document.annotation.regions[region].class_id == 12


def test_fill_holes_and_remove_specks_are_one_step_each(opened, paint):
    document = opened.workspace.document
    region = paint(slice(5, 35), slice(5, 35))
    with document.edit("hole and speck") as edit:
        edit.paint((slice(10, 12), slice(10, 12)), np.ones((2, 2), bool), 0)
        edit.paint((slice(45, 46), slice(60, 61)), np.ones((1, 1), bool), region)
    document.select(region)
    opened.run("fill_holes")
    assert (document.annotation.region_map[5:35, 5:35] == region).all()
    opened.run("remove_specks")
    assert document.annotation.region_map[45, 60] == 0
    assert document.history.titles()[-2:] == ["Fill holes", "Remove specks"]


def test_fill_holes_takes_no_other_region(opened, paint):
    document = opened.workspace.document
    outer = paint(slice(5, 35), slice(5, 35))
    inner = paint(slice(10, 20), slice(10, 20))
    document.select(outer)
    opened.run("fill_holes")
    assert (document.annotation.region_map[10:20, 10:20] == inner).all()


def test_brush_size_keys(opened):
    opened.set_tool("brush")
    before = opened.canvas.tool.params.radius
    opened.run("larger_brush")
    assert opened.canvas.tool.params.radius > before
    opened.run("smaller_brush")
    opened.run("smaller_brush")
    assert opened.canvas.tool.params.radius < before


def test_hide_masks_and_back(opened):
    opened.run("mode_outline")
    assert opened.canvas.overlay_mode == "outline"
    opened.run("hide_masks")
    assert opened.canvas.overlay_mode == "off"
    opened.run("hide_masks")
    assert opened.canvas.overlay_mode == "outline"
    opened.acts.refresh_now()
    assert opened.acts["mode_outline"].isChecked() and not opened.acts["hide_masks"].isChecked()


def test_opacity_brightness_and_contrast(opened):
    opened.run("opacity_more")
    assert opened.canvas.opacity == pytest.approx(0.55)
    assert opened.action_bar._opacity.value() == 55
    opened.run("brighter")
    opened.run("more_contrast")
    assert opened.canvas.brightness == pytest.approx(0.1) and opened.canvas.contrast == pytest.approx(0.1)
    opened.run("reset_light")
    assert opened.canvas.brightness == opened.canvas.contrast == 0


def test_switches_of_painting_are_shared_with_the_panel(opened):
    opened.run("protect_others")
    assert opened.workspace.document.policy.protect_others
    opened.acts.refresh_now()
    assert opened.acts["protect_others"].isChecked()


def test_theme_commands(opened):
    from app.theme import colors
    opened.run("theme_dark")
    assert colors().name == "dark"
    opened.run("theme_light")
    assert colors().name == "light"


def test_open_recent_lists_this_project(opened):
    command = next(c for c in all_commands() if c.name == "open_recent")
    assert [child.title.split("   ")[0] for child in command.children(opened)] == ["photos"]


def test_first_mask_in_under_six_actions(window, qtbot):
    """Sample, tool, drag, Enter: what the start page promises."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest
    actions = 0
    QTest.mouseClick(window.start_page.cards["open_sample"], Qt.MouseButton.LeftButton)
    actions += 1
    if window.stage.banner.text:
        pytest.skip("the sample photos are not there")
    qtbot.waitUntil(lambda: window.workspace.document is not None, timeout=10_000)
    window.activateWindow()
    window.canvas.setFocus()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window.canvas, Qt.Key.Key_G)
    actions += 1
    assert window.canvas.tool.name == "grab_cut"
    size = window.canvas.size()
    start, end = QPoint(size.width() // 4, size.height() // 4), QPoint(3 * size.width() // 4, 3 * size.height() // 4)
    QTest.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(window.canvas, (start + end) / 2)
    QTest.mouseMove(window.canvas, end)
    QTest.mouseRelease(window.canvas, Qt.MouseButton.LeftButton, pos=end)
    actions += 1
    qtbot.waitUntil(lambda: window.canvas.scene.preview.mask is not None, timeout=20_000)
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    actions += 1
    qtbot.waitUntil(lambda: bool(window.workspace.document.annotation.region_map.any()))
    assert actions < 6
