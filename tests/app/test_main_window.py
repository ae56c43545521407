"""The window: start page first, workbench with a project, commands, errors, drops, layout kept."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QLineEdit

from app.main_window import MainWindow
from app.workspace import Workspace
from segcore.errors import SegcoreError


def test_starts_with_the_start_page_alone(window):
    assert window.stage.currentWidget() is window.start_page
    assert not any(dock.isVisible() for dock in window.findChildren(QDockWidget))
    assert not window.action_bar.isVisible()


def test_opening_a_folder_shows_canvas_tools_and_panels(opened):
    assert opened.stage.currentWidget() is opened.canvas
    assert opened.tool_bar.isVisible() and opened.action_bar.isVisible()
    assert opened.panel("images").isVisible()
    assert opened.canvas.tool is not None
    assert opened.acts[opened.canvas.tool.name].isChecked()
    assert "photo 0.png" in opened.windowTitle()


def test_panels_leave_room_for_the_photo_on_a_small_screen(opened, qtbot):
    qtbot.wait(50)
    assert opened.width() <= 1366 and opened.height() <= 768
    assert opened.canvas.width() >= 0.6 * opened.width()


def test_no_visible_panel_is_empty(opened, qtbot):
    qtbot.wait(50)
    for dock in opened.findChildren(QDockWidget):
        if dock.isVisible():
            assert dock.widget() is not None and dock.widget().children()


def test_panel_of_jobs_is_hidden_while_nothing_runs(opened):
    docks = {dock.objectName(): dock for dock in opened.findChildren(QDockWidget)}
    assert docks["dock_jobs"].isHidden()


def test_closing_the_project_returns_to_the_start_page_with_the_project_in_its_list(opened):
    opened.run("close_project")
    assert opened.stage.currentWidget() is opened.start_page
    assert [item.name for item in opened.start_page._shown] == ["photos"]


def test_a_command_that_fails_shows_its_sentence_in_the_banner(opened):
    def fail(window):
        raise SegcoreError("The disk is full.", "Free some space.")
    opened.attempt(fail)
    assert opened.stage.banner.text == "The disk is full. Free some space."


def test_an_unexpected_failure_names_the_log_and_not_the_traceback(opened):
    from app.messages import log_file, start_log
    start_log()
    def fail(window):
        raise ZeroDivisionError("secret detail")
    opened.attempt(fail)
    assert str(log_file()) in opened.stage.banner.text
    assert "secret detail" not in opened.stage.banner.text
    assert "secret detail" in log_file().read_text()


def test_the_same_error_twice_is_one_banner_and_another_follows_on_dismissal(window):
    window.workspace.say("one", "error")
    window.workspace.say("one", "error")
    window.workspace.say("two", "error")
    banner = window.stage.banner
    assert banner.text == "one"
    banner._close.click()
    assert banner.text == "two"
    banner._close.click()
    assert banner.text == ""


def test_a_warning_goes_by_itself_and_an_error_stays(window, qtbot):
    banner = window.stage.banner
    banner._until.setInterval(20)
    window.workspace.say("careful", "warning")
    window.workspace.say("broken", "error")
    assert banner.text == "careful"
    qtbot.waitUntil(lambda: banner.text == "broken")
    qtbot.wait(60)
    assert banner.text == "broken"


def test_messages_go_to_the_status_bar_and_leave_it_again(opened, monkeypatch):
    bar = opened.statusBar()
    bar._until.setInterval(30)
    opened.workspace.say("Saved.")
    assert bar.message == "Saved."
    QTest.qWait(80)
    assert bar.message != "Saved."


def test_status_bar_tells_position_colour_and_class(opened, paint):
    paint()
    opened.statusBar().show_pointer(4.7, 3.2)
    bar = opened.statusBar()
    assert bar._position.text() == "4, 3"
    assert bar._color.text() == "0 90 200"
    document = opened.workspace.document
    assert bar._class.text() == document.classes[document.active_class].name
    bar.show_pointer(float("nan"), float("nan"))
    assert bar._position.text() == bar._class.text() == ""


def test_undo_is_named_after_its_step_and_enabled_only_when_there_is_one(opened, paint):
    opened.acts.refresh_now()
    assert not opened.acts["undo"].isEnabled()
    paint()
    opened.acts.refresh_now()
    assert opened.acts["undo"].text() == "Undo brush stroke"
    opened.run("undo")
    opened.acts.refresh_now()
    assert opened.acts["redo"].text() == "Redo brush stroke"
    assert not opened.workspace.document.annotation.region_map.any()


def test_letters_run_commands_on_the_canvas_but_are_typed_in_a_field(opened, qtbot):
    opened.activateWindow()
    opened.canvas.setFocus()
    qtbot.waitUntil(opened.isActiveWindow)
    QTest.keyClick(opened.canvas, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: opened.workspace.index == 1)
    search = opened.panel("images").search
    assert isinstance(search, QLineEdit)
    search.setFocus()
    QTest.keyClicks(search, "d1hb")
    qtbot.wait(20)
    assert search.text() == "d1hb"
    assert opened.workspace.index == 1


def test_tab_walks_through_controls_outside_the_canvas(opened):
    from app.commands import all_commands
    scoped = {c.name for c in all_commands() if "Tab" in c.shortcuts or "Shift+Tab" in c.shortcuts}
    assert scoped
    for name in scoped:
        assert opened.acts[name].shortcutContext() == Qt.ShortcutContext.WidgetWithChildrenShortcut
        assert opened.acts[name] in opened.canvas.actions()
        assert opened.acts[name] not in opened.actions()


def test_dropping_a_folder_opens_it(window, qtbot, photos):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(photos))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, mime, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, left, none)
    QApplication.sendEvent(window, event)
    qtbot.waitUntil(lambda: window.workspace.document is not None)


def test_dropped_text_is_left_alone(window):
    mime = QMimeData()
    mime.setText("hello")
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
                            Qt.KeyboardModifier.NoModifier)
    enter.ignore()
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted()


def test_title_marks_unsaved_work(opened, paint, qtbot):
    assert not opened.windowTitle().startswith("•")
    paint()
    assert opened.windowTitle().startswith("• photo 0.png")
    opened.run("save")
    qtbot.waitUntil(lambda: not opened.windowTitle().startswith("•"))


def test_layout_of_the_panels_is_kept(opened, qtbot, photos):
    images = next(d for d in opened.findChildren(QDockWidget) if d.objectName() == "dock_images")
    opened.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, images)
    settings = opened.workspace.settings
    opened.close()
    assert settings.get("window/layout")
    again = MainWindow(Workspace(settings))
    qtbot.addWidget(again)
    again.show()
    again.workspace.open_path(photos)
    images = next(d for d in again.findChildren(QDockWidget) if d.objectName() == "dock_images")
    assert again.dockWidgetArea(images) == Qt.DockWidgetArea.LeftDockWidgetArea
    again.workspace.shutdown()


def test_closing_asks_when_labels_cannot_be_saved(opened, paint, monkeypatch):
    from PySide6.QtWidgets import QMessageBox

    from segcore.errors import StorageError
    def full(*args, **kwargs):
        raise StorageError("The disk is full.")
    paint()
    monkeypatch.setattr(type(opened.workspace.project), "write_annotation", full)
    asked: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: asked.append(box.informativeText()))
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: box.defaultButton())
    opened.close()
    assert opened.isVisible() and opened.workspace.project is not None
    assert "The disk is full." in asked[0]
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: box.buttons()[1 - box.buttons().index(box.defaultButton())])
    opened.close()
    assert not opened.isVisible()


def test_closing_the_window_writes_the_labels(opened, paint):
    paint()
    project = opened.workspace.project
    path = project.annotation_path(opened.workspace.document.entry)
    opened.close()
    assert path.is_file()


def test_window_opens_without_heavy_imports():
    code = ("import sys; from PySide6.QtWidgets import QApplication; a = QApplication([]);"
            "from app.main_window import MainWindow; from app.workspace import Workspace;"
            "w = MainWindow(Workspace()); w.show();"
            "a.processEvents();"
            "print(sorted({'torch', 'numba', 'cv2', 'PIL'} & set(sys.modules)))")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                           cwd=Path(__file__).parents[2])
    assert found.stdout.strip() == "[]", found.stdout + found.stderr
