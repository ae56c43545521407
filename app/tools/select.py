"""Selecting and moving: a click selects the region under the pointer, a drag moves its pixels."""
from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.painting import region_at
from segcore.errors import SegcoreError
from segcore.types import Box, Event

SLACK = 4.0
"""Screen pixels that a click may wobble before it becomes a drag."""


@TOOLS.add
class Select(Tool):
    """Click a region to select it, drag it to move it.

    A click on unlabelled pixels selects nothing, so that the next stroke starts a new region.
    """

    name = "select"
    title = "Select and move"
    shortcut = "V"
    order = 10
    cursor = "arrow"
    hint = "Click: select · Drag: move · Delete: remove"

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Select at the press, move while dragging."""
        if event.button != "left":
            return
        start, region = event, region_at(ctx, event)
        ctx.select(region)
        while event.kind != "release" and math.dist((start.x, start.y), (event.x, event.y)) * ctx.scale <= SLACK:
            event = yield
        if event.kind == "release" or not region:
            return
        yield from _move(ctx, region, start, event)


def _move(ctx: Context, region: int, start: Event, event: Event) -> Gesture:
    from segcore import masks

    if ctx.annotation.regions[region].locked:
        raise SegcoreError("The region is locked.", "Unlock it in the list of regions to move it.")
    mask = ctx.annotation.region_map == region
    x0, y0, x1, y1 = masks.bounding_box(mask) or (0, 0, 0, 0)
    shape = mask[y0:y1, x0:x1].copy()
    with ctx.edit("Move region") as edit:
        # Lifted once and put down once; on the way it is a preview, so that a move costs what is on the screen.
        edit.paint((slice(y0, y1), slice(x0, x1)), shape, 0, over={region})
        while True:
            box, part = _placed(ctx.shape, shape, x0 + round(event.x - start.x), y0 + round(event.y - start.y))
            if event.kind == "release":
                break
            ctx.preview(part, box)
            event = yield
        edit.paint(box, part, region)
    ctx.preview()


def _placed(image: tuple[int, int], mask: NDArray[np.bool_], x: int, y: int) -> tuple[Box, NDArray[np.bool_]]:
    """The box of a mask with its top left corner at (x, y), and the part of it that lies inside the image, maybe none."""
    rows, columns = (slice(min(max(at, 0), limit), min(max(at + size, 0), limit))
                     for at, size, limit in zip((y, x), mask.shape, image, strict=True))
    return (rows, columns), mask[rows.start - y:rows.stop - y, columns.start - x:columns.stop - x]
