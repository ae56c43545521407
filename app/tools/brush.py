"""The brush: left paints the selected region, right erases; live, one undo step per stroke."""
from __future__ import annotations

from dataclasses import dataclass

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.painting import paint_edit, stroke
from segcore.params import param
from segcore.types import Event


@TOOLS.add
class Brush(Tool):
    """Paint pixels with the left button, erase them with the right.

    The first stroke with nothing selected starts a new region; later strokes add to it.
    """

    name = "brush"
    title = "Brush"
    shortcut = "B"
    order = 110
    cursor = "ring"
    hint = "Left: paint · Right: erase · [ ] or Shift+wheel: size · N: new region"

    @dataclass
    class Params:
        """Size and shape."""

        radius: float = param(12.0, min=0.5, max=500, step=0.5, label="Radius", unit="px", help="Half the width of the stroke.")
        shape: str = param("round", choices=("round", "square"), label="Shape", help="Round, or square with sharp corners.")
        pressure: bool = param(False, label="Pen pressure", help="A pen pressed lightly draws a thinner stroke.")

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Paint from press to release."""
        if event.button in ("left", "right"):
            erase = event.button == "right"
            with paint_edit(ctx, "Erase" if erase else "Brush stroke", erase=erase) as (edit, region):
                yield from stroke(ctx, edit, region, event, self.params)
