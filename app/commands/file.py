"""The File menu: opening, saving, data sets in and out."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app import recent
from app.commands import Child, Command, Window, has_document, has_project
from segcore.safe_io import show


def open_folder(window: Window) -> None:
    """Ask for a folder of photos and open it."""
    _open(window, _ask_folder(window, "Open a folder of photos"))


def open_project(window: Window) -> None:
    """Ask for a project folder and open it."""
    _open(window, _ask_folder(window, "Open a project"))


def open_sample(window: Window) -> None:
    """Open the photos that come with the program."""
    from app import opening
    opening.open_sample(window.workspace)


def recent_projects(window: Window) -> list[Child]:
    """The Open Recent submenu."""
    def opener(folder: Path) -> Callable[[Window], None]:
        return lambda window: _open(window, folder)
    return [Child(f"{item.name}   {show(item.path)}", opener(item.path)) for item in recent.projects(window.workspace.settings)]


def save(window: Window) -> None:
    """Write what is not in its file yet."""
    window.workspace.save_now()
    window.workspace.say(window.workspace.saved_text())


def close_project(window: Window) -> None:
    """Save and go back to the start page."""
    if window.frame.may_close():
        window.workspace.close_project()


def _can_write(window: Window) -> bool:
    return has_project(window) and not window.workspace.project.read_only


def _open(window: Window, path: str | Path) -> None:
    if path:
        window.stage.banner.dismiss()    # what was said of the last attempt
        window.workspace.open_path(path)


def _ask_folder(window: Window, title: str) -> str:
    from PySide6.QtWidgets import QFileDialog
    start = str(window.workspace.settings.get("window/last_folder", str(Path.home())))
    folder = QFileDialog.getExistingDirectory(window, title, start)
    if folder:
        window.workspace.settings.set("window/last_folder", str(Path(folder).parent))
    return folder


COMMANDS = [
    Command("open_folder", "Open folder of photos…", "file", open_folder, ("Ctrl+O", "Ctrl+U"), "open",
            "Opens a folder of photos, or a project in it; labels are kept beside the photos."),
    Command("open_project", "Open project…", "file", open_project, ("Ctrl+Shift+O",), "folder",
            "Opens a project that was made before."),
    Command("new_project", "New project…", "file", lambda w: w.dialogs.show("new_project"), ("Ctrl+N",), "plus",
            "Makes a project with its own classes, from a folder of photos."),
    Command("open_recent", "Open recent", "file", children=recent_projects, icon="clock"),
    Command("open_sample", "Open the sample project", "file", open_sample, (), "image",
            "A few photos that come with the program, to try every tool on."),
    Command("save", "Save now", "file", save, ("Ctrl+S",), "save", "Everything is saved by itself; this does not wait.",
            enabled=_can_write, separator_before=True),
    Command("restore", "Restore an earlier version…", "file", lambda w: w.dialogs.show("restore"), (), "clock",
            "Brings back the labels of this image as they were saved before, as one undo step.", enabled=has_document),
    Command("import", "Import labels…", "file", lambda w: w.dialogs.show("import_labels"), ("Ctrl+I",), "import",
            "Reads a data set, such as PASCAL VOC, into this project.", enabled=_can_write, separator_before=True),
    Command("export", "Export data set…", "file", lambda w: w.dialogs.show("export"), ("Ctrl+E",), "export",
            "Writes the labelled images as a data set, with a preview and a check.", enabled=has_project),
    Command("close_project", "Close project", "file", close_project, ("Ctrl+W",), "", "Saves and goes back to the start page.",
            enabled=has_project, separator_before=True),
    Command("quit", "Quit", "file", lambda w: w.close(), ("Ctrl+Q",), "", "Saves and closes the window."),
]
