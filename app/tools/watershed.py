"""Watershed: strokes of object and background that grow until they meet at the steepest edge."""
from __future__ import annotations

from dataclasses import dataclass

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.cutting import Cut, CutParams, first_marks
from segcore.params import param
from segcore.types import Event


@TOOLS.add
class WatershedTool(Tool):
    """Stroke the object with the left button and its surroundings with the right: both grow until they meet. Enter accepts.

    Good where colours do not tell object and background apart but edges do. Backspace takes the last stroke back.
    """

    name = "watershed"
    title = "Watershed"
    shortcut = "Shift+W"
    order = 250
    hint = "Left: object · Right: background · Enter: accept · Backspace: one back · Esc: cancel"

    @dataclass
    class Params(CutParams):
        """What is smoothed away first."""

        smoothing: int = param(1, min=0, max=10, label="Smoothing", unit="px", help="Blur before edges are measured.")

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Strokes until the mask is accepted."""
        if event.button in ("left", "right"):
            yield from Cut(ctx, self.name, self.title, self.params, first_marks(ctx, self.params)).run(event)
