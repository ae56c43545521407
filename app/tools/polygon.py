"""The polygon: corners set by clicks, each can still be dragged; closing it paints."""
from __future__ import annotations

import math

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.painting import Point, paint_outline
from segcore.types import Event

GRAB = 9.0
"""Screen pixels from a corner within which a press takes hold of it."""


@TOOLS.add
class Polygon(Tool):
    """Click the corners of an outline; click the first one, double-click or press Enter to fill it.

    Starting with the right button takes the outline's inside away instead. Corners can be dragged; Backspace removes the last.
    """

    name = "polygon"
    title = "Polygon"
    shortcut = "P"
    order = 130
    hint = "Left: corners · Right: take away · Enter: close · Backspace: one back"

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Collect corners until the outline is closed, then paint it."""
        if event.button not in ("left", "right"):
            return
        outline, erase = Outline(ctx), event.button == "right"
        while not outline.feed(event):
            event = yield
        ctx.preview()
        if len(outline.corners) >= 3:
            paint_outline(ctx, outline.corners, erase=erase, title="Polygon")


class Outline:
    """The corners of an outline being drawn, and what events do to them."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.corners: list[Point] = []
        self.held: int | None = None        # the corner under the button
        self.can_close = False              # the button went down on the first corner and has not moved yet

    def feed(self, event: Event) -> bool:
        """Take one event; True when the outline is complete, or has no corner left."""
        handle = {"press": self._press, "move": self._move, "release": self._release, "double": self._close,
                  "key": self._key}.get(event.kind)
        done = handle is not None and handle(event)
        if not done:
            self._show((event.x, event.y) if event.kind in ("press", "move", "release") else None)
        return done

    def _press(self, event: Event) -> bool:
        self.held = self._corner_at(event)
        self.can_close = self.held == 0 and len(self.corners) >= 3
        if self.held is None:
            self.held = len(self.corners)
            self.corners.append((event.x, event.y))
        return False

    def _move(self, event: Event) -> bool:
        if self.held is not None:
            if self._corner_at(event) != self.held:
                self.can_close = False
            if not self.can_close:
                self.corners[self.held] = (event.x, event.y)
        return False

    def _release(self, event: Event) -> bool:
        self.held = None
        return self.can_close

    def _close(self, event: Event) -> bool:
        if len(self.corners) >= 3:
            return True
        self.ctx.notify("An outline needs at least three corners.")
        return False

    def _key(self, event: Event) -> bool:
        if event.key == "Enter":
            return self._close(event)
        if event.key == "Backspace":
            self.corners.pop()
            self.held = None
        return not self.corners

    def _corner_at(self, event: Event) -> int | None:
        """The nearest corner within reach of the pointer."""
        reach = GRAB / self.ctx.scale
        near = [(math.dist((event.x, event.y), corner), i) for i, corner in enumerate(self.corners)]
        distance, index = min(near, default=(math.inf, 0))
        return index if distance <= reach else None

    def _show(self, pointer: Point | None) -> None:
        line = [*self.corners, pointer] if pointer and self.held is None else self.corners
        handles = [(x, y, True) for x, y in self.corners]
        self.ctx.preview(lines=[line], closed=len(line) >= 3, points=handles)
