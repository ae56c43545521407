"""What the cut tools share: strokes of object and background, the preview of the newest answer, and accepting it."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tools import Context, Gesture
from app.tools.painting import Point, paint_edit, paint_mask
from segcore.params import param
from segcore.types import Event, Prediction, Prompt

Rect = tuple[float, float, float, float]

CLICK = 3.0
"""Screen pixels below which a stroke is a click, and a box no box."""


@dataclass
class CutParams:
    """How strokes look and what an accepted mask becomes."""

    width: int = param(10, min=2, max=60, label="Stroke width", unit="px", help="On the screen: the same at every zoom.")
    start_from_region: bool = param(False, label="Start from the selected region",
                                    help="The selected region, whichever tool made it, is the first guess, and is replaced.")
    new_region: bool = param(True, label="New region each time",
                             help="An accepted mask becomes a region of its own; when off, it is added to the selected one.")
    iterations: int = param(5, min=1, max=20, label="Iterations", help="Rounds of learning colours and cutting.", advanced=True)


@dataclass
class Stroke:
    """One mark of the user: a path in image coordinates, its radius in pixels and whether it is on the object."""

    path: list[Point]
    radius: float
    is_object: bool

    def is_click(self, scale: float) -> bool:
        """Whether the pointer stayed on the spot."""
        return all(math.dist(p, self.path[0]) * scale <= CLICK for p in self.path)

    def draw(self, plane: NDArray[np.int8], start: int = 0) -> None:
        """Put the path from corner `start` on into an int8 (H, W) plane, as 1 for object and 0 for background."""
        from segcore import masks

        for a, b in zip(self.path[start:], self.path[start + 1:], strict=False):
            box, mask = masks.thick_line(plane.shape, a, b, self.radius)
            plane[box][mask] = self.is_object


@dataclass
class Marks:
    """Everything the user has said so far: a box, strokes and clicks, and the region that was the first guess."""

    scale: float
    box: Rect | None = None
    region: int = 0
    prior: NDArray[np.float32] | None = None
    strokes: list[Stroke] = field(default_factory=list)

    def clicks(self) -> list[tuple[float, float, bool]]:
        """(x, y, is object) of the strokes that are clicks."""
        return [(*s.path[0], s.is_object) for s in self.strokes if s.is_click(self.scale)]

    def scribble(self, shape: tuple[int, int]) -> NDArray[np.int8] | None:
        """int8 (H, W): 1 object, 0 background, -1 neither; None without a stroke that is more than a click."""
        drawn = [s for s in self.strokes if not s.is_click(self.scale)]
        if not drawn:
            return None
        plane = np.full(shape, -1, np.int8)
        for mark in drawn:
            mark.draw(plane)
        return plane

    def says_where(self) -> bool:
        """Whether there is anything that a segmenter can start from."""
        return self.box is not None or self.prior is not None or any(s.is_object for s in self.strokes)


class Cut:
    """One object being cut out: feed it events until it is done."""

    def __init__(self, ctx: Context, segmenter: str, title: str, params: CutParams, marks: Marks) -> None:
        self.ctx, self.segmenter, self.title, self.params, self.marks = ctx, segmenter, title, params, marks
        self.prediction: Prediction | None = None
        self._drawn: NDArray[np.int8] | None = None     # the finished strokes, for the preview and the next prompt
        self._live: tuple[Stroke, NDArray[np.int8]] | None = None   # the stroke under the button, drawn over them
        self._waiting = self._accept_next = False
        self._asked = replace(params)

    def run(self, event: Event | None = None) -> Gesture:
        """Go on until the user accepts, or takes back the last thing said; `event` is the press of a first stroke."""
        if self.marks.says_where():
            self.ask()
        if event is None:
            event = yield
        handlers: dict[str, Callable[[Event], bool]] = {
            "press": self._press, "double": self._press, "move": self._move, "release": self._release, "key": self._key,
            "coarse": self._coarse, "prediction": self._answer, "params": self._again, "failed": self._failed}
        while not handlers.get(event.kind, self._ignore)(event):
            event = yield
        self.ctx.preview()

    def ask(self) -> None:
        """Send everything said so far to the segmenter."""
        clicks = self.marks.clicks()
        prompt = Prompt(points=np.array([c[:2] for c in clicks], np.float32).reshape(-1, 2),
                        labels=np.array([c[2] for c in clicks], np.uint8), box=self.marks.box, scribble=self._drawn,
                        prior=self.marks.prior)
        self._waiting, self._asked = self.marks.says_where(), replace(self.params)
        if self._waiting:
            self.ctx.predict(self.segmenter, prompt, self.params)
        else:
            self.prediction = None
            self.ctx.notify("Now mark the object with the left button.")
        self.show()

    def show(self) -> None:
        """Preview the newest answer with the marks on top."""
        mask = self.prediction.mask if self.prediction else None
        # A new view of the array tells the canvas that what is in it has changed.
        strokes = self._live[1][:] if self._live else self._drawn
        self.ctx.preview(mask, points=self.marks.clicks(), rect=self.marks.box, strokes=strokes)

    def _press(self, event: Event) -> bool:
        if event.button in ("left", "right"):
            self._accept_next = False
            is_object = event.button == "left" and "shift" not in event.modifiers
            stroke = Stroke([(event.x, event.y)], self.params.width / 2 / self.ctx.scale, is_object)
            plane = self._drawn.copy() if self._drawn is not None else np.full(self.ctx.shape, -1, np.int8)
            self._live = stroke, plane
        return False

    def _move(self, event: Event) -> bool:
        if self._live:
            stroke, plane = self._live
            stroke.path.append((event.x, event.y))
            stroke.draw(plane, len(stroke.path) - 2)
            self.show()
        return False

    def _release(self, event: Event) -> bool:
        if self._live:
            (stroke, plane), self._live = self._live, None
            self.marks.strokes.append(stroke)
            if not stroke.is_click(self.ctx.scale):
                self._drawn = plane
            self.ask()
        return False

    def _key(self, event: Event) -> bool:
        if event.key == "Enter":
            return self._accept()
        if event.key == "Backspace":
            if not self.marks.strokes:
                return True
            self.marks.strokes.pop()
            self._drawn = self.marks.scribble(self.ctx.shape)
            self.ask()
            return not (self.marks.strokes or self.marks.says_where())
        return False

    def _coarse(self, event: Event) -> bool:
        """A quick answer is shown; what is accepted is the full one, which follows."""
        self.prediction = event.value
        self.show()
        return False

    def _answer(self, event: Event) -> bool:
        self.prediction, self._waiting = event.value, False
        if event.value.message:
            self.ctx.notify(event.value.message)
        self.show()
        return self._accept_next and self._accept()

    def _again(self, event: Event) -> bool:
        """Other options give another answer; the width is only that of the strokes to come."""
        if replace(self.params, width=self._asked.width) != self._asked:
            self.ask()
        return False

    def _failed(self, event: Event) -> bool:
        self._waiting = self._accept_next = False
        return False

    def _ignore(self, event: Event) -> bool:
        return False

    def _accept(self) -> bool:
        """Paint the newest answer; when it is still on its way, as soon as it is there."""
        self._accept_next = self._waiting
        if self._waiting:
            return False
        if self.prediction is None or not self.prediction.mask.any():
            self.ctx.notify("There is no mask to accept yet. Mark the object with the left button.")
            return False
        self._paint(self.prediction.mask)
        return True

    def _paint(self, mask: NDArray[np.bool_]) -> None:
        if self.marks.region or self.params.new_region:
            self.ctx.select(self.marks.region)
        with paint_edit(self.ctx, self.title, source=self.segmenter) as (edit, region):
            if region == self.marks.region:
                paint_mask(edit, (self.ctx.annotation.region_map == region) & ~mask, 0, over={region})
            paint_mask(edit, mask, region)


def first_marks(ctx: Context, params: Any) -> Marks:
    """Nothing yet, or the selected region as the first guess when the option says so."""
    marks = Marks(ctx.scale)
    if params.start_from_region and ctx.active_region:
        inside = ctx.annotation.region_map == ctx.active_region
        if inside.any():
            # Likely, not certain: the cut may move the border wherever the picture says so.
            marks.region = ctx.active_region
            marks.prior = np.where(inside, np.float32(0.9), np.float32(0.1))
    return marks
