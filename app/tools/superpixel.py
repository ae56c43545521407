"""Superpixels: paint over patches of even colour; each one that is touched is taken whole."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.painting import drag, paint_edit, paint_mask
from segcore.params import param
from segcore.types import Event, Prompt


@TOOLS.add
class SuperpixelTool(Tool):
    """Paint roughly over the object: every patch of even colour that you touch is taken whole.

    The left button adds patches to the selected region, the right button takes them away.
    """

    name = "superpixel"
    title = "Superpixels"
    shortcut = "S"
    order = 230
    cursor = "ring"
    hint = "Left: add patches · Right: take them away · Esc: cancel"

    @dataclass
    class Params:
        """How large patches and pointer are."""

        radius: float = param(6.0, min=0.5, max=100.0, step=0.5, label="Radius", unit="px", help="Size of the pointer.")
        size: str = param("medium", choices=("small", "medium", "large"), label="Patches", help="Size of the patches.")
        smoothness: float = param(10.0, min=1.0, max=40.0, label="Smoothness", advanced=True,
                                  help="Higher: rounder patches; lower: closer to edges.")

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Collect touched patches until the button goes up, then paint those of the last answer."""
        from segcore import masks

        if event.button not in ("left", "right"):
            return
        start, last = event, (event.x, event.y)
        touched = np.full(ctx.shape, -1, np.int8)

        def step(here: Event) -> None:
            nonlocal last
            if here.kind == "prediction":
                ctx.preview(here.value.mask)
                return
            box, mask = masks.thick_line(ctx.shape, last, (here.x, here.y), self.params.radius)
            touched[box][mask] = 1
            last = (here.x, here.y)
            if (touched == 1).any():
                ctx.predict(self.name, Prompt(scribble=touched.copy()), self.params)

        yield from drag(start, step, ("move", "prediction"))
        if not (touched == 1).any():
            return
        ctx.predict(self.name, Prompt(scribble=touched), self.params)
        while (event := (yield)).kind not in ("prediction", "failed"):
            pass
        ctx.preview()
        if event.kind == "prediction" and event.value is not None:
            erase = start.button == "right"
            with paint_edit(ctx, "Erase superpixels" if erase else self.title, erase=erase, source=self.name) as (edit, region):
                paint_mask(edit, event.value.mask, region)
