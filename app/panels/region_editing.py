"""What can be done to several regions at once, each as one undo step."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from segcore.errors import SegcoreError
from segcore.history import Edit

if TYPE_CHECKING:
    from app.workspace import Workspace

Ids = Sequence[int]


class RegionEditing:
    """Edits regions of the open image by their ids; what cannot be done is said in the window."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def set_class(self, ids: Ids, class_id: int) -> bool:
        """Give regions another class."""
        def change(edit: Edit) -> None:
            for region_id in ids:
                edit.set_region(replace(edit.regions[region_id], class_id=class_id))
        done, document = self._edit("Change class", change), self._workspace.document
        if done and document is not None and document.active_region in ids:
            document.select(document.active_region)     # its class is the active one
        return done

    def set_locked(self, ids: Ids, locked: bool) -> bool:
        """Lock regions against every tool, or unlock them."""
        def change(edit: Edit) -> None:
            for region_id in ids:
                edit.set_region(replace(edit.regions[region_id], locked=locked))
        return self._edit(f"{'Lock' if locked else 'Unlock'} {counted(len(ids))}", change)

    def delete(self, ids: Ids) -> bool:
        """Delete regions and unlabel their pixels; refused when one is locked."""
        def change(edit: Edit) -> None:
            _refuse_locked(edit, ids)
            for region_id in ids:
                edit.remove_region(region_id)
        done, document = self._edit(f"Delete {counted(len(ids))}", change), self._workspace.document
        if done and document is not None and document.active_region in ids:
            document.select(0)
        return done

    def merge(self, ids: Ids) -> bool:
        """Give all pixels of regions to the first of them and drop the others; refused when one is locked."""
        document = self._workspace.document
        if document is None or len(ids) < 2:
            return False
        region_map = document.annotation.region_map

        def change(edit: Edit) -> None:
            from segcore import masks
            _refuse_locked(edit, ids)
            for region_id in ids[1:]:
                mask = region_map == region_id
                x0, y0, x1, y1 = masks.bounding_box(mask) or (0, 0, 0, 0)
                edit.paint((slice(y0, y1), slice(x0, x1)), mask[y0:y1, x0:x1], ids[0], over={region_id})
                edit.remove_region(region_id)
        done = self._edit(f"Merge {counted(len(ids))}", change)
        if done:
            document.select(ids[0])
        return done

    def _edit(self, title: str, change: Callable[[Edit], None]) -> bool:
        document = self._workspace.document
        if document is None:
            return False
        try:
            with document.edit(title) as edit:
                change(edit)
        except SegcoreError as error:
            self._workspace.report(error)
            return False
        return True


def counted(regions: int) -> str:
    """A number of regions in words."""
    return "1 region" if regions == 1 else f"{regions:,} regions"


def _refuse_locked(edit: Edit, ids: Ids) -> None:
    if any(edit.regions[i].locked for i in ids):
        raise SegcoreError("A locked region is among the selected ones.", "Unlock it first.")
