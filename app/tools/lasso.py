"""The lasso: a free-hand outline, filled at the release."""
from __future__ import annotations

import math

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.painting import Point, drag, paint_outline
from segcore.types import Event

SMALLEST_STEP = 1.0
"""Screen pixels that the pointer must move for another corner."""


@TOOLS.add
class Lasso(Tool):
    """Draw an outline in one sweep; its inside is filled at the release. The right button takes it away."""

    name = "lasso"
    title = "Lasso"
    shortcut = "Shift+P"
    order = 140
    hint = "Left: fill the outline · Right: take it away"

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Follow the pointer from press to release, then paint."""
        if event.button not in ("left", "right"):
            return
        corners: list[Point] = []

        def step(event: Event) -> None:
            here = (event.x, event.y)
            if not corners or math.dist(here, corners[-1]) * ctx.scale >= SMALLEST_STEP:
                corners.append(here)
                ctx.preview(lines=[corners], closed=True)

        yield from drag(event, step)
        ctx.preview()
        if len(corners) >= 3:
            paint_outline(ctx, corners, erase=event.button == "right", title="Lasso")
