"""Selecting and moving: a click selects the region under the pointer, a drag moves its pixels."""
from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.painting import region_at
from segcore.errors import SegcoreError
from segcore.history import Edit
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
    offset = (0, 0)
    with ctx.edit("Move region") as edit:
        while event.kind != "release":
            wanted = (round(event.x - start.x), round(event.y - start.y))
            if event.kind == "move" and wanted != offset:
                offset = wanted
                edit.revert()
                edit.paint((slice(y0, y1), slice(x0, x1)), shape, 0, over={region})
                _paint_at(edit, ctx.shape, shape, x0 + offset[0], y0 + offset[1], region)
            event = yield


def _paint_at(edit: Edit, image: tuple[int, int], mask: NDArray[np.bool_], x: int, y: int, region: int) -> None:
    """Paint a mask with its top left corner at (x, y), which may lie outside the image."""
    left, top = max(-x, 0), max(-y, 0)
    right, bottom = min(image[1] - x, mask.shape[1]), min(image[0] - y, mask.shape[0])
    if right > left and bottom > top:
        box: Box = (slice(y + top, y + bottom), slice(x + left, x + right))
        edit.paint(box, mask[top:bottom, left:right], region)
