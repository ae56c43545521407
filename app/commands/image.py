"""The Image menu: going from image to image, and marking what is done."""
from __future__ import annotations

from app.commands import Command, Window, has_project


def next_unlabelled(window: Window) -> None:
    """Go to the next image that nobody has labelled yet, from here to the end and then from the start."""
    workspace = window.workspace
    images = workspace.project.images
    order = [*range(workspace.index + 1, len(images)), *range(workspace.index)]
    found = next((i for i in order if images[i].state == "new"), None)
    if found is None:
        workspace.say("Every other image has labels.")
    else:
        workspace.go_to(found)


def toggle_state(window: Window, state: str) -> None:
    """Give the open image a state, or take it away again."""
    workspace = window.workspace
    entry = workspace.entry
    if entry.state == state:
        state = "labelled" if workspace.project.has_annotation(entry) else "new"
    workspace.set_state(entry.name, state)
    workspace.say(f"{entry.name} is marked as {state}.".encode("utf-8", "replace").decode())


def mark_done(window: Window) -> None:
    """Mark the open image as done and go to the next one."""
    was_done = window.workspace.entry.state == "done"
    toggle_state(window, "done")
    if not was_done and window.workspace.settings.get("edit/advance_when_done", False):
        window.workspace.step(1)


def has_images(window: Window) -> bool:
    """True while a project with images is open."""
    return has_project(window) and bool(window.workspace.project.images)


def _can_mark(window: Window) -> bool:
    return has_images(window) and window.workspace.entry is not None and not window.workspace.project.read_only


def _is(state: str, window: Window) -> bool:
    return has_images(window) and window.workspace.entry is not None and window.workspace.entry.state == state


COMMANDS = [
    Command("previous_image", "Previous image", "image", lambda w: w.workspace.step(-1), ("A", "Ctrl+Left"), "previous",
            "Goes to the image before this one.", enabled=has_images),
    Command("next_image", "Next image", "image", lambda w: w.workspace.step(1), ("D", "Ctrl+Right"), "next",
            "Goes to the image after this one.", enabled=has_images),
    Command("next_unlabelled", "Next unlabelled image", "image", next_unlabelled, ("Ctrl+Shift+D",), "unlabelled",
            "Goes to the next image without labels.", enabled=has_images),
    Command("go_to", "Go to image…", "image", lambda w: w.dialogs.show("go_to"), ("Ctrl+G",), "",
            "Goes to an image by its number.", enabled=has_images),
    Command("mark_done", "Done", "image", mark_done, ("Ctrl+Return",), "check", "Marks this image as finished.",
            enabled=_can_mark, checked=lambda w: _is("done", w), separator_before=True),
    Command("flag", "Flagged for review", "image", lambda w: toggle_state(w, "flagged"), ("Ctrl+Shift+F",), "flag",
            "Marks this image as one to look at again.", enabled=_can_mark, checked=lambda w: _is("flagged", w)),
]
