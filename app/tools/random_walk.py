"""Random walker: strokes of object and background; each pixel goes where a random walk from it ends."""
from __future__ import annotations

from dataclasses import dataclass

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.cutting import Cut, CutParams, first_marks
from segcore.params import param
from segcore.types import Event


@TOOLS.add
class RandomWalkTool(Tool):
    """Stroke the object with the left button and its surroundings with the right; soft and broken edges hold. Enter accepts.

    Good where an edge has gaps: a walk rarely finds them. Backspace takes the last stroke back.
    """

    name = "random_walk"
    title = "Random walker"
    shortcut = "Shift+R"
    order = 260
    hint = "Left: object · Right: background · Enter: accept · Backspace: one back · Esc: cancel"

    @dataclass
    class Params(CutParams):
        """How strongly edges hold the walk back."""

        beta: float = param(90.0, min=1.0, max=1000.0, label="Edge strength", help="Higher: walks hardly ever cross an edge.")

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Strokes until the mask is accepted."""
        if event.button in ("left", "right"):
            yield from Cut(ctx, self.name, self.title, self.params, first_marks(ctx, self.params)).run(event)
