"""The magic wand: press on a colour, drag to widen the tolerance, add and take away more colours, accept."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.painting import paint_edit, paint_mask
from segcore.params import param
from segcore.types import Event, Prediction, Prompt

PIXELS_PER_STEP = 4.0
"""Screen pixels of dragging for one ΔE of tolerance."""
STILL = 4.0
"""Screen pixels below which the pointer counts as not moved."""


@TOOLS.add
class WandTool(Tool):
    """Press on a colour and drag to widen what counts as alike; Enter accepts.

    Further presses add their colour with the left button and take it away with the right. Backspace takes the last one back.
    """

    name = "wand"
    title = "Magic wand"
    shortcut = "W"
    order = 240
    hint = "Press and drag: tolerance · Left: add, right: take away · Enter: accept · Backspace: one back · Esc: cancel"

    @dataclass
    class Params:
        """How alike, and where."""

        tolerance: float = param(12.0, min=0.0, max=100.0, step=0.5, label="Tolerance", unit="ΔE",
                                 help="Largest difference from the pressed colour. Dragging from the press changes it.")
        contiguous: bool = param(True, label="Contiguous", help="Only what hangs together with the pressed pixel.")
        new_region: bool = param(True, label="New region each time",
                                 help="An accepted mask becomes a region of its own; when off, it joins the selected one.")

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Presses until the mask is accepted, or none is left."""
        picks, answer, params, held = list[tuple[float, float, bool]](), None, self.params, False
        while True:
            asking = True
            if event.kind in ("press", "double") and event.button in ("left", "right"):
                picks.append((event.x, event.y, event.button == "left" and "shift" not in event.modifiers))
                held = True
            elif event.kind == "move" and held and (wider := self._dragged(ctx, picks[-1], event)):
                params = wider
            elif event.kind == "key" and event.key == "Backspace":
                picks, held = picks[:-1], False
            elif event.kind == "params":
                params = self.params
            else:
                asking, held = False, held and event.kind != "release"
            if event.kind == "prediction":
                answer = event.value
            if not picks or event.key == "Enter" and answer is not None and answer.mask.any():
                break
            if asking:
                ctx.predict("wand", _prompt(picks), params)
            ctx.preview(answer.mask if answer else None, points=picks)
            event = yield
        ctx.preview()
        if picks and answer is not None:
            accept(ctx, answer, self.title, self.params.new_region)

    def _dragged(self, ctx: Context, pick: tuple[float, float, bool], event: Event) -> WandTool.Params | None:
        """The options with the tolerance that the drag stands for; None while the pointer has hardly moved."""
        moved = math.dist((event.x, event.y), pick[:2]) * ctx.scale
        if moved <= STILL:
            return None
        tolerance = min(moved / PIXELS_PER_STEP, 100.0)
        ctx.notify(f"Tolerance {tolerance:.0f} ΔE")
        return replace(self.params, tolerance=tolerance)


def _prompt(picks: list[tuple[float, float, bool]]) -> Prompt:
    points = np.array([p[:2] for p in picks], np.float32).reshape(-1, 2)
    return Prompt(points=points, labels=np.array([p[2] for p in picks], np.uint8))


def accept(ctx: Context, answer: Prediction, title: str, new_region: bool) -> None:
    """Paint a mask as a new region, or into the selected one."""
    if new_region:
        ctx.select(0)
    with paint_edit(ctx, title, source=answer.made_by or "hand") as (edit, region):
        paint_mask(edit, answer.mask, region)
