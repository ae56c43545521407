"""The box: fills or clears a plain rectangle."""
from __future__ import annotations

import math

import numpy as np

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.painting import drag_rectangle, paint_edit
from segcore.types import Event


@TOOLS.add
class BoxTool(Tool):
    """Drag a rectangle and fill it with the selected region; the right button clears it.

    Hold Shift for a square.
    """

    name = "box"
    title = "Box"
    shortcut = "R"
    order = 150
    hint = "Left: fill · Right: erase · Shift: square"

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Show the rectangle while it is dragged, paint it at the release."""
        if event.button not in ("left", "right"):
            return
        rect = yield from drag_rectangle(ctx, event)
        ctx.preview()
        # Pixels whose centre lies in the rectangle, the rule of all other shapes too.
        x0, y0, x1, y1 = (max(math.ceil(v - 0.5), 0) for v in rect)
        if x1 <= x0 or y1 <= y0:
            return
        erase = event.button == "right"
        with paint_edit(ctx, "Erase box" if erase else "Box", erase=erase) as (edit, region):
            edit.paint((slice(y0, y1), slice(x0, x1)), np.ones((y1 - y0, x1 - x0), np.bool_), region)
