"""Cleaning: fills the holes of a region and removes its specks."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.painting import region_at
from segcore.errors import SegcoreError
from segcore.params import param
from segcore.types import Event


@TOOLS.add
class Clean(Tool):
    """Click a region to fill its holes and remove its specks.

    Only unlabelled holes are filled: what another region has stays its own.
    """

    name = "clean"
    title = "Clean region"
    shortcut = "K"
    order = 310
    hint = "Click a region: fill its holes, remove its specks"

    @dataclass
    class Params:
        """What counts as a hole or a speck."""

        fill_holes: bool = param(True, label="Fill holes", help="Give enclosed unlabelled pixels to the region.")
        largest_hole: int = param(0, min=0, max=100_000, label="Holes up to", unit="px", help="0 fills holes of every size.")
        remove_specks: bool = param(True, label="Remove specks", help="Unlabel small parts that are not connected to the rest.")
        smallest_part: int = param(50, min=1, max=100_000, label="Specks below", unit="px",
                                   help="Parts with fewer pixels are removed; the largest part always stays.")

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Clean at the press."""
        if event.button not in ("left", "right"):
            return
        region = region_at(ctx, event)
        if not region:
            ctx.notify("Click a region to clean it; there is none here.")
            return
        ctx.select(region)
        clean_region(ctx, region, self.params)
        return
        yield


def clean_region(ctx: Context, region: int, params: Clean.Params) -> None:
    """Fill the holes and remove the specks of a region as one undo step, and say what was done."""
    from segcore import masks

    if ctx.annotation.regions[region].locked:
        raise SegcoreError("The region is locked.", "Unlock it in the list of regions to clean it.")
    mask = ctx.annotation.region_map == region
    bounds = masks.bounding_box(mask)
    if bounds is None:
        return
    box = (slice(bounds[1], bounds[3]), slice(bounds[0], bounds[2]))
    mask = mask[box]
    keep = _without_specks(mask, params.smallest_part) if params.remove_specks else mask
    free = (ctx.annotation.region_map[box] == 0) | (mask & ~keep)
    holes = masks.fill_holes(keep, params.largest_hole) & ~keep & free if params.fill_holes else np.zeros_like(keep)
    specks = mask & ~keep & ~holes
    with ctx.edit("Clean region") as edit:
        edit.paint(box, specks, 0, over={region})
        edit.paint(box, holes, region, over={0, region})
    filled, removed = int(np.count_nonzero(holes & ~mask)), int(np.count_nonzero(specks))
    ctx.notify(f"Filled {filled:,} px of holes, removed {removed:,} px of specks.")


def _without_specks(mask: NDArray[np.bool_], smallest: int) -> NDArray[np.bool_]:
    """The parts that stay; never nothing, so that no region is wiped out by a click."""
    from segcore import masks

    keep = masks.remove_specks(mask, smallest)
    if not keep.any():
        labels, count = masks.components(mask)
        keep = labels == 1 + int(np.argmax(np.bincount(labels.ravel(), minlength=count + 1)[1:]))
    return keep
