"""GrabCut: drag a box, see the mask, correct it with strokes, accept it."""
from __future__ import annotations

from dataclasses import dataclass

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.cutting import CLICK, Cut, CutParams, first_marks
from app.tools.painting import drag_rectangle
from segcore.types import Event


@TOOLS.add
class GrabCutTool(Tool):
    """Drag a box round an object: its mask snaps to the edges. Stroke to correct it, Enter to accept.

    Left strokes say "object", right strokes "background"; each makes a better mask. Backspace takes the last stroke back.
    """

    name = "grab_cut"
    title = "GrabCut"
    shortcut = "G"
    order = 210
    hint = "Drag a box · Left: object · Right: background · Enter: accept · Backspace: one back"

    @dataclass
    class Params(CutParams):
        """How to cut."""

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """A box, unless the selected region is the start, then strokes until the mask is accepted."""
        if event.button not in ("left", "right"):
            return
        marks = first_marks(ctx, self.params)
        first_stroke: Event | None = event
        if marks.prior is None:
            box = yield from drag_rectangle(ctx, event)
            if min(box[2] - box[0], box[3] - box[1]) * ctx.scale <= CLICK:
                ctx.preview()
                ctx.notify("Drag a box round the object first.")
                return
            marks.box, first_stroke = box, None
        yield from Cut(ctx, "grab_cut", "GrabCut", self.params, marks).run(first_stroke)
