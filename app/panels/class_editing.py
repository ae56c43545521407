"""What can be done to the project's classes, each as one undo step of the open image."""
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from segcore.types import VOID, LabelClass

if TYPE_CHECKING:
    from app.workspace import Workspace

RGB = tuple[int, int, int]


class ClassEditing:
    """Edits classes by their place in the project; what cannot be done is said in the window."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def classes(self) -> list[LabelClass]:
        """The classes as they are now; empty without a project."""
        project = self._workspace.project
        return list(project.classes) if project is not None else []

    def may_edit(self) -> bool:
        """Whether the project can be changed; says so when it cannot."""
        project = self._workspace.project
        if project is not None and project.read_only:
            self._workspace.say("This project is read only here, so its classes stay as they are.", "warning")
        return project is not None and not project.read_only

    def add(self) -> int:
        """Add a class with a free id, a free name and a colour of its own; returns its place, -1 when that was not possible."""
        from segcore.classes import voc_color
        classes = self.classes
        ids, names = {c.id for c in classes}, {c.name for c in classes}
        free = next((i for i in range(VOID) if i not in ids), None)
        if free is None:
            self._workspace.say(f"A project can have at most {VOID} classes.", "warning")
            return -1
        name = next(n for n in (f"class {k}" for k in range(free, 2 * VOID + 1)) if n not in names)
        added = self._set([*classes, LabelClass(free, name, voc_color(free))], f"Add class {name}")
        return len(classes) if added else -1

    def rename(self, place: int, name: str) -> bool:
        """Give a class another name; refused when it is empty or taken."""
        classes, name = self.classes, " ".join(name.split())
        if not name or name == classes[place].name:
            return False
        if any(c.name == name for c in classes):
            self._workspace.say(f"There is already a class “{name}”.", "warning")
            return False
        return self._replace(place, f"Rename {classes[place].name} to {name}", name=name)

    def recolor(self, place: int, color: RGB) -> bool:
        """Give a class another RGB colour."""
        old = self.classes[place]
        return color != old.color and self._replace(place, f"Colour of {old.name}", color=color)

    def set_thing(self, place: int, is_thing: bool) -> bool:
        """Say whether a class is countable objects, or stuff with one region per image."""
        return self._replace(place, f"{self.classes[place].name}: {'objects' if is_thing else 'stuff'}", is_thing=is_thing)

    def delete(self, place: int) -> bool:
        """Delete a class; refused while the open image has regions of it."""
        classes, document = self.classes, self._workspace.document
        gone = classes[place]
        used = sum(r.class_id == gone.id for r in document.annotation.regions.values()) if document else 0
        if used:
            regions = "1 region" if used == 1 else f"{used:,} regions"
            self._workspace.say(f"{regions} of this image are “{gone.name}”. Give them another class first.", "warning")
            return False
        deleted = self._set([c for c in classes if c is not gone], f"Delete class {gone.name}")
        if deleted:
            self._workspace.say(f"Class “{gone.name}” deleted. Where other images use it, it shows as unknown.")
        return deleted

    def _replace(self, place: int, title: str, **changes: Any) -> bool:
        classes = self.classes
        classes[place] = replace(classes[place], **changes)
        return self._set(classes, title)

    def _set(self, classes: list[LabelClass], title: str) -> bool:
        if not self.may_edit():
            return False
        self._workspace.set_classes(classes, title)
        return True
