"""Graph cut: strokes on the object and on what is around it; the border between them follows the strongest edges."""
from __future__ import annotations

from dataclasses import dataclass

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.cutting import Cut, CutParams, first_marks
from segcore.types import Event


@TOOLS.add
class GraphCutTool(Tool):
    """Stroke or click on the object with the left button and on its surroundings with the right; Enter accepts.

    Each stroke makes a better mask; Backspace takes the last one back.
    """

    name = "graph_cut"
    title = "Graph cut"
    shortcut = "Shift+G"
    order = 220
    hint = "Left: object · Right: background · Enter: accept · Backspace: one back"

    @dataclass
    class Params(CutParams):
        """How to cut."""

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Strokes until the mask is accepted."""
        if event.button in ("left", "right"):
            yield from Cut(ctx, "graph_cut", "Graph cut", self.params, first_marks(ctx, self.params)).run(event)
