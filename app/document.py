"""The open image and its annotation: the only object that may change them."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from segcore.errors import SegcoreError
from segcore.history import Edit, History, PaintPolicy, Patch
from segcore.project import ImageEntry
from segcore.types import EVERYTHING, Annotation, Box, Image, LabelClass, Region


class Document(QObject):
    """One image under the user's hands. Every change goes through `edit`, `undo` or `redo`, on the window's thread."""

    changed = Signal(object)            # Box of pixels to repaint
    committed = Signal(object)          # Patch that brought the annotation to its present state (undo and redo included)
    regions_changed = Signal()          # the region table changed
    active_changed = Signal()           # another active class or region
    classes_replayed = Signal(object)   # tuple of LabelClass: undo or redo of an edit of the project's classes

    def __init__(self, entry: ImageEntry, image: Image, annotation: Annotation | None = None, *,
                 classes: Sequence[LabelClass] = (), read_only_reason: str = "", history: History | None = None) -> None:
        super().__init__()
        self.entry, self.image = entry, image
        self.annotation = annotation or Annotation(image.shape)
        self.history = history or History()
        self.classes = {c.id: c for c in classes}
        self.read_only_reason = read_only_reason
        self.policy = PaintPolicy()
        self.revision = self.saved_revision = 0
        # Objects first: hardly anybody begins with the background.
        self._active_class = next((c.id for c in classes if c.is_thing), next(iter(self.classes), 1))
        self._active_region = 0
        self._edit: Edit | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return self.image.shape

    @property
    def dirty(self) -> bool:
        return self.revision != self.saved_revision

    @property
    def active_class(self) -> int:
        return self._active_class

    @property
    def active_region(self) -> int:
        return self._active_region

    def set_active_class(self, class_id: int) -> None:
        """New regions get this class; a selected region of another class is deselected."""
        region = self.annotation.regions.get(self._active_region)
        self._active_class = class_id
        if region is not None and region.class_id != class_id:
            self._active_region = 0
        self.active_changed.emit()

    def select(self, region_id: int) -> None:
        """Make a region, and its class, the active one; 0 selects none."""
        region = self.annotation.regions.get(region_id)
        self._active_region = region.id if region else 0
        if region:
            self._active_class = region.class_id
        self.active_changed.emit()

    def edit(self, title: str) -> Edit:
        """Begin a transaction that becomes one undo step; refused while another one is open, since neither could roll back."""
        if self.read_only_reason:
            raise SegcoreError(self.read_only_reason)
        self._refuse_during_edit()
        self._edit = Edit(self.annotation, title, policy=self.policy, selected=self._active_region,
                    on_change=self._on_change, on_commit=self._commit)
        return self._edit

    def target(self, edit: Edit, source: str = "hand") -> int:
        """The region that a stroke paints: the active one, the one region of a stuff class, or a new one."""
        region = edit.regions.get(self._active_region)
        if region is not None and region.class_id == self._active_class:
            if region.locked:
                raise SegcoreError("The selected region is locked.", "Unlock it in the list of regions, or select another.")
            return region.id
        label_class = self.classes.get(self._active_class)
        if label_class is not None and not label_class.is_thing:
            for region in edit.regions.values():
                if region.class_id == self._active_class and not region.locked:
                    return region.id
        return edit.new_region(self._active_class, source)

    def change_region(self, region_id: int, title: str, **fields: object) -> None:
        """Change the class, lock or source of a region, as one undo step."""
        region = self.annotation.regions.get(region_id)
        if region is None:
            return
        with self.edit(title) as edit:
            edit.set_region(replace(region, **fields))  # type: ignore[arg-type]
        self._repaint_all()
        if region_id == self._active_region:
            self.select(region_id)

    def remove_region(self, region_id: int, title: str = "Delete region") -> None:
        """Delete a region and unlabel its pixels, as one undo step; a locked one is refused."""
        region = self.annotation.regions.get(region_id)
        if region is None:
            return
        if region.locked:
            raise SegcoreError("The region is locked.", "Unlock it in the list of regions first.")
        with self.edit(title) as edit:
            edit.remove_region(region_id)
        self.select(0)

    def record_classes(self, title: str, before: Sequence[LabelClass], after: Sequence[LabelClass]) -> None:
        """Put an edit of the project's classes, already done, among the undo steps."""
        table: dict[int, Region] = dict(self.annotation.regions)
        self._commit(Patch(title, None, (), table, table, tuple(before), tuple(after)))

    def undo(self) -> str:
        """Take back the last step; returns its title, empty when there is none."""
        self._refuse_during_edit()
        title = self.history.undo_title
        self._replay(self.history.undo(self.annotation))
        return title

    def redo(self) -> str:
        """Do the last undone step again; returns its title, empty when there is none."""
        self._refuse_during_edit()
        title = self.history.redo_title
        self._replay(self.history.redo(self.annotation))
        return title

    def _refuse_during_edit(self) -> None:
        if self._edit is not None and self._edit.is_open:
            raise SegcoreError("A stroke is still going on.", "Finish it, or cancel it with Esc, first.")

    def _replay(self, patch: Patch | None) -> None:
        if patch is None:
            return
        if self._active_region not in self.annotation.regions:
            self._active_region = 0
        if patch.classes_after is not None:
            self.classes_replayed.emit(patch.classes_after)
        self.revision += 1
        tables_differ = patch.regions_before != patch.regions_after
        self.changed.emit(EVERYTHING if tables_differ or patch.box is None else patch.box)
        self.regions_changed.emit()
        self.active_changed.emit()
        self.committed.emit(patch)

    def _on_change(self, box: Box) -> None:
        self.changed.emit(box)

    def _commit(self, patch: Patch) -> None:
        self.history.push(patch)
        self.revision += 1
        if patch.regions_before != patch.regions_after:
            self.regions_changed.emit()
        self.committed.emit(patch)

    def _repaint_all(self) -> None:
        self.changed.emit(EVERYTHING)
