"""The eraser: takes pixels back to unlabelled, from everything or only from the selected region."""
from __future__ import annotations

from dataclasses import dataclass

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.painting import paint_edit, stroke
from segcore.params import param
from segcore.types import Event


@TOOLS.add
class Eraser(Tool):
    """Make pixels unlabelled again. Locked regions are left alone."""

    name = "eraser"
    title = "Eraser"
    shortcut = "E"
    order = 120
    cursor = "ring"
    hint = "Left: erase · [ ] or Shift+wheel: size"

    @dataclass
    class Params:
        """Size, shape and what may be erased."""

        radius: float = param(12.0, min=0.5, max=500, step=0.5, label="Radius", unit="px", help="Half the width of the stroke.")
        shape: str = param("round", choices=("round", "square"), label="Shape", help="Round, or square with sharp corners.")
        pressure: bool = param(False, label="Pen pressure", help="A pen pressed lightly erases a thinner stroke.")
        only_selected: bool = param(False, label="Only the selected region", help="Leave all other regions as they are.")

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Erase from press to release."""
        if event.button not in ("left", "right"):
            return
        if self.params.only_selected and not ctx.active_region:
            ctx.notify("Select the region to erase from, or switch off “Only the selected region”.")
            return
        over = {ctx.active_region} if self.params.only_selected else None
        with paint_edit(ctx, "Erase", erase=True) as (edit, _):
            yield from stroke(ctx, edit, 0, event, self.params, over)
