"""The Region menu: new, next, class, lock, cleaning."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.commands import Child, Command, Window, can_edit, has_document
from app.commands.edit import has_selection


def step_region(window: Window, delta: int) -> None:
    """Select the next region, by its first pixel from the top, and bring it into view."""
    document = window.workspace.document
    ids = sorted(document.annotation.regions)
    if not ids:
        window.workspace.say("This image has no regions yet.")
        return
    if document.active_region in ids:
        chosen = ids[(ids.index(document.active_region) + delta) % len(ids)]
    else:
        chosen = ids[0 if delta > 0 else -1]
    document.select(chosen)
    show_region(window, chosen)


def show_region(window: Window, region_id: int) -> None:
    """Move the view so that a region is in its middle, zooming only as far as needed."""
    import numpy as np
    where = window.workspace.document.annotation.region_map == region_id
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    if rows.size:
        window.canvas.center_on((columns[0] + columns[-1] + 1) / 2, (rows[0] + rows[-1] + 1) / 2)


def choose_class(window: Window, index: int) -> None:
    """Make the class at this place of the list the active one: new regions get it, existing ones keep theirs."""
    workspace = window.workspace
    classes = [c for c in workspace.project.classes if not _is_background(c)]
    if index >= len(classes):
        workspace.say(f"There are only {len(classes)} classes.")
        return
    workspace.document.set_active_class(classes[index].id)
    workspace.say(f"Class: {classes[index].name}")


def change_class(window: Window) -> list[Child]:
    """The submenu that gives the selected region another class."""
    if not has_selection(window):
        return []
    document = window.workspace.document
    def changer(class_id: int) -> Callable[[Window], None]:
        return lambda w: document.change_region(document.active_region, "Change class", class_id=class_id)
    present = document.annotation.regions[document.active_region].class_id
    return [Child(c.name, changer(c.id), c.id == present) for c in window.workspace.project.classes]


def toggle_lock(window: Window) -> None:
    """Lock the selected region against every tool, or unlock it."""
    document = window.workspace.document
    region = document.annotation.regions[document.active_region]
    document.change_region(region.id, "Unlock region" if region.locked else "Lock region", locked=not region.locked)


def snap_region(window: Window) -> None:
    """Pull the selected region's boundary onto the edges of the picture."""
    from app.snapping import snap_region
    snap_region(window.workspace)


def fill_holes(window: Window) -> None:
    """Give enclosed unlabelled pixels to the selected region."""
    from segcore import masks
    _reshape(window, "Fill holes", masks.fill_holes)


def remove_specks(window: Window) -> None:
    """Drop parts of the selected region that are smaller than a hundredth of its largest."""
    from segcore import masks
    def clean(mask: Any) -> Any:
        return masks.remove_specks(mask, max(4, int(mask.sum()) // 100))
    _reshape(window, "Remove specks", clean)


def brush_size(window: Window, steps: float) -> None:
    """Make the brush, or the strokes of a cut, larger or smaller, as that many ticks of the wheel would."""
    from app.tools.painting import size_option
    params = window.canvas.tool.params if window.canvas.tool is not None else None
    name = size_option(params)
    if not name:
        window.workspace.say("This tool has no size.")
        return
    window.canvas.resize_brush(steps)
    window.workspace.say(f"{name.capitalize()}: {getattr(params, name):g} px")


def switch(name: str, title: str, key: str, tooltip: str) -> Command:
    """A command for one of the switches that say what painting may take; the panel of tool options shows them too."""
    setting = f"paint/{name}"
    def is_on(window: Window) -> bool:
        return bool(window.workspace.settings.get(setting, False))
    return Command(name, title, "region", lambda w: w.workspace.settings.set(setting, not is_on(w)), (key,), tooltip=tooltip,
                   checked=is_on, separator_before=name == "protect_others")


def _reshape(window: Window, title: str, change: Callable[[Any], Any]) -> None:
    document = window.workspace.document
    region_id = document.active_region
    before = document.annotation.region_map == region_id
    after = change(before)
    with document.edit(title) as edit:
        everything = (slice(0, before.shape[0]), slice(0, before.shape[1]))
        edit.paint(everything, after & ~before, region_id, over={0})
        edit.paint(everything, before & ~after, 0, over={region_id})
    changed = int((after != before).sum())
    window.workspace.say(f"{title}: {changed} pixels changed." if changed else f"{title}: nothing to do.")


def _is_background(label_class: Any) -> bool:
    return bool(label_class.id == 0 and label_class.name == "background")


def _is_locked(window: Window) -> bool:
    document = window.workspace.document
    region = document.annotation.regions.get(document.active_region) if document else None
    return region is not None and region.locked


def _digit(index: int) -> Command:
    return Command(f"class_{index + 1}", f"Class {index + 1}", "region/Class of new regions",
                   lambda w: choose_class(w, index), (str(index + 1),), tooltip="What the next region will be.",
                   enabled=has_document)


COMMANDS = [
    Command("new_region", "New region", "region", lambda w: w.workspace.document.select(0), ("N",), "plus",
            "The next stroke starts a new region of the active class.", enabled=can_edit),
    Command("next_region", "Next region", "region", lambda w: step_region(w, 1), ("Tab",), "right",
            "Selects the next region and brings it into view.", enabled=has_document, on_canvas=True),
    Command("previous_region", "Previous region", "region", lambda w: step_region(w, -1), ("Shift+Tab",), "",
            "Selects the region before and brings it into view.", enabled=has_document, on_canvas=True),
    *(_digit(index) for index in range(9)),
    Command("change_class", "Change class to", "region", children=change_class, icon="class"),
    Command("lock_region", "Locked", "region", toggle_lock, ("Ctrl+L",), "lock", "No tool changes a locked region.",
            enabled=has_selection, checked=_is_locked),
    Command("snap_region", "Snap to edges", "region", snap_region, ("X",), "snap",
            "Pulls the boundary of the selected region onto the edges of the picture beside it.", enabled=has_selection,
            separator_before=True),
    Command("fill_holes", "Fill holes", "region", fill_holes, ("Ctrl+Shift+H",), "",
            "Gives enclosed unlabelled pixels to the region.", enabled=has_selection),
    Command("remove_specks", "Remove specks", "region", remove_specks, ("Ctrl+Shift+K",), "clean",
            "Drops parts much smaller than the rest of the region.", enabled=has_selection),
    Command("smaller_brush", "Smaller brush", "region", lambda w: brush_size(w, -1), ("[",), "minus",
            "Makes the brush smaller; so does Shift+wheel.", enabled=has_document, separator_before=True),
    Command("larger_brush", "Larger brush", "region", lambda w: brush_size(w, 1), ("]",), "",
            "Makes the brush larger; so does Shift+wheel.", enabled=has_document),
    switch("protect_others", "Protect other regions", "Ctrl+Shift+P",
           "No tool takes pixels from a region that is not selected."),
    switch("only_unlabelled", "Paint only unlabelled", "Ctrl+Shift+U",
           "Painting fills free pixels and takes none from a region."),
]
