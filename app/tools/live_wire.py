"""Live wire: click along an outline; between the clicks it follows the edges by itself."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.painting import paint_edit, paint_mask
from segcore.params import param
from segcore.types import Event, Prompt

CLOSE = 9.0
"""Screen pixels from the first click within which another one closes the outline."""
SNAP = 5.0
"""Screen pixels that a click may be moved to an edge."""


@TOOLS.add
class LiveWireTool(Tool):
    """Click along an outline: between the clicks it clings to the edges. The first point, a double-click or Enter closes it.

    Starting with the right button takes the outline's inside away instead. Backspace takes the last click back.
    """

    name = "live_wire"
    title = "Live wire"
    shortcut = "L"
    order = 205
    hint = "Left: click along the edge, right: outline to take away · Enter or first point: close · Backspace: one back"

    @dataclass
    class Params:
        """What counts as an edge."""

        smoothing: float = param(1.0, min=0.3, max=10.0, step=0.1, label="Smoothing", unit="px",
                                 help="Blur before edges are measured; higher ignores texture.")
        snap: bool = param(True, label="Snap to edges", help="Clicks move to the strongest edge within a few screen pixels.")

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Clicks until the outline is closed; the inside of the full answer to the last of them is painted."""
        if event.button not in ("left", "right"):
            return
        erase, clicks, closing, shown = event.button == "right", list[tuple[float, float]](), False, None
        while True:
            points: list[tuple[float, float]] = []
            if event.kind in ("press", "double") and event.button in ("left", "right"):
                closing = self._closes(ctx, clicks, event)
                clicks += [] if closing else [(event.x, event.y)]
                points = clicks
            elif event.kind == "key" and event.key in ("Enter", "Backspace"):
                closing = event.key == "Enter" and len(clicks) >= 3
                clicks = clicks[:-1] if event.key == "Backspace" else clicks
                points = clicks
            elif event.kind == "move" and not closing:
                points = [*clicks, (event.x, event.y)]
            elif event.kind in ("coarse", "prediction"):
                shown = event.value
            elif event.kind == "failed":
                closing = False
            if not clicks or closing and event.kind == "prediction":
                break
            if points:
                self._ask(ctx, points)
            ctx.preview(shown.mask if shown else None, points=[(x, y, not erase) for x, y in clicks])
            event = yield
        ctx.preview()
        if clicks and shown is not None:
            with paint_edit(ctx, "Erase live wire" if erase else self.title, erase=erase, source=self.name) as (edit, region):
                paint_mask(edit, shown.mask, region)

    @staticmethod
    def _closes(ctx: Context, clicks: list[tuple[float, float]], event: Event) -> bool:
        near = len(clicks) >= 3 and math.dist((event.x, event.y), clicks[0]) * ctx.scale <= CLOSE
        return near or event.kind == "double" and len(clicks) >= 3

    def _ask(self, ctx: Context, points: list[tuple[float, float]]) -> None:
        prompt = Prompt(points=np.array(points, np.float32), labels=np.ones(len(points), np.uint8))
        snap = min(round(SNAP / ctx.scale), 60) if self.params.snap else 0
        ctx.predict(self.name, prompt, {"smoothing": self.params.smoothing, "snap": float(snap)})


