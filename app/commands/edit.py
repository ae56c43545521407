"""The Edit menu: undo, redo, the selected region."""
from __future__ import annotations

from app.commands import Command, Window, can_edit, has_document
from segcore.types import Event


def undo(window: Window) -> None:
    """Take back the last step; while a tool is at work, its last stroke or corner."""
    if in_gesture(window):
        window.canvas.feed(Event("key", key="Backspace"))
        return
    title = window.workspace.document.undo()
    if title:
        window.workspace.say(f"Undone: {title}")


def redo(window: Window) -> None:
    """Do the last undone step again; not while a tool is at work."""
    if in_gesture(window):
        return
    title = window.workspace.document.redo()
    if title:
        window.workspace.say(f"Done again: {title}")


def in_gesture(window: Window) -> bool:
    """True while a tool has begun something and not ended it."""
    return bool(window.has_canvas and window.canvas.runner.running)


def delete_region(window: Window) -> None:
    """Delete the selected region."""
    document = window.workspace.document
    document.remove_region(document.active_region)


def has_selection(window: Window) -> bool:
    """True while a region is selected in an image that may be changed."""
    return can_edit(window) and bool(window.workspace.document.active_region)


def _undo_title(window: Window) -> str:
    return window.workspace.document.history.undo_title if has_document(window) else ""


def _redo_title(window: Window) -> str:
    return window.workspace.document.history.redo_title if has_document(window) else ""


def _something_selected(window: Window) -> bool:
    return has_document(window) and bool(window.workspace.document.active_region)


def _named(verb: str, title: str) -> str:
    return f"{verb} {title[:1].lower()}{title[1:]}".strip()


COMMANDS = [
    Command("undo", "Undo", "edit", undo, ("Ctrl+Z",), "undo", "Takes back the last step in this image.",
            enabled=lambda w: in_gesture(w) or bool(_undo_title(w)), text=lambda w: _named("Undo", _undo_title(w))),
    Command("redo", "Redo", "edit", redo, ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "Does the last undone step again.",
            enabled=lambda w: bool(_redo_title(w)), text=lambda w: _named("Redo", _redo_title(w))),
    Command("delete_region", "Delete region", "edit", delete_region, ("Del",), "trash",
            "Deletes the selected region and unlabels its pixels.", enabled=has_selection, separator_before=True),
    Command("deselect", "Select none", "edit", lambda w: w.workspace.document.select(0), ("Ctrl+D",), "",
            "The next stroke starts a new region.", enabled=_something_selected),
    Command("preferences", "Preferences…", "edit", lambda w: w.dialogs.show("preferences"), ("Ctrl+,",), "settings",
            "Theme, saving, memory, and where networks run.", separator_before=True),
]
