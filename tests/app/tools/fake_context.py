"""A Context without a window, and a hand that moves over it; what the tools do is compared with slow oracles."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.canvas.gestures import GestureRunner
from app.tools import Tool
from segcore.errors import SegcoreError
from segcore.history import Edit, History, PaintPolicy, Patch
from segcore.types import Annotation, Box, Event, LabelClass, Prediction, Prompt, Region

CLASSES = {1: LabelClass(1, "cat", (255, 0, 0)), 2: LabelClass(2, "sky", (0, 0, 255), is_thing=False)}


class FakeContext:
    """Implements `app.tools.Context` on plain objects and records what it is asked."""

    def __init__(self, shape: tuple[int, int] = (40, 60), scale: float = 1.0) -> None:
        self.annotation = Annotation(shape)
        self.image = np.zeros((*shape, 3), np.uint8)
        self.history = History()
        self.policy = PaintPolicy()
        self.active_class, self.active_region, self.scale = 1, 0, scale
        self.read_only = False
        self.repainted: list[Box] = []
        self.said: list[str] = []
        self.previews: list[dict[str, Any]] = []
        self.asked: list[tuple[str, Prompt, object]] = []

    @property
    def shape(self) -> tuple[int, int]:
        return self.annotation.shape

    def edit(self, title: str) -> Edit:
        if self.read_only:
            raise SegcoreError("The project is read only.")
        return Edit(self.annotation, title, policy=self.policy, selected=self.active_region,
                    on_change=self.repainted.append, on_commit=self._commit)

    def _commit(self, patch: Patch) -> None:
        self.history.push(patch)

    def target(self, edit: Edit, source: str = "hand") -> int:
        region = edit.regions.get(self.active_region)
        if region is not None and region.class_id == self.active_class:
            if region.locked:
                raise SegcoreError("The selected region is locked.")
            return region.id
        if not CLASSES[self.active_class].is_thing:
            for region in edit.regions.values():
                if region.class_id == self.active_class and not region.locked:
                    return region.id
        return edit.new_region(self.active_class, source)

    def select(self, region_id: int) -> None:
        self.active_region = region_id if region_id in self.annotation.regions else 0

    def preview(self, mask: NDArray[np.bool_] | None = None, box: Box | None = None, *,
                lines: Sequence[Sequence[tuple[float, float]]] = (), closed: bool = False,
                points: Sequence[tuple[float, float, bool]] = (), rect: tuple[float, float, float, float] | None = None,
                strokes: NDArray[np.int8] | None = None) -> None:
        self.previews.append({"mask": mask, "box": box, "lines": [list(line) for line in lines], "closed": closed,
                              "points": list(points), "rect": rect, "strokes": strokes})

    def predict(self, segmenter: str, prompt: Prompt, params: object = None) -> None:
        self.asked.append((segmenter, prompt, params))

    def notify(self, text: str) -> None:
        self.said.append(text)

    # set-up and questions of the tests

    def add(self, mask: NDArray[np.bool_], region_id: int, *, class_id: int = 1, locked: bool = False) -> None:
        """Give pixels to a region without an undo step."""
        self.annotation.regions[region_id] = Region(region_id, class_id, locked)
        self.annotation.region_map[mask] = region_id

    def snapshot(self) -> tuple[bytes, dict[int, Region]]:
        return self.annotation.region_map.tobytes(), dict(self.annotation.regions)

    def mask(self, region_id: int) -> NDArray[np.bool_]:
        return self.annotation.region_map == region_id


class Hand:
    """Holds a tool and does what a user does; errors that reach the user are kept in `errors`."""

    def __init__(self, ctx: FakeContext, tool: Tool) -> None:
        self.ctx, self.errors = ctx, list[Exception]()
        self.runner = GestureRunner(ctx, self.errors.append)
        self.runner.set_tool(tool)

    def press(self, x: float, y: float, button: str = "left", **more: Any) -> None:
        self.runner.feed(Event("press", x, y, button, **more))

    def move(self, x: float, y: float, **more: Any) -> None:
        self.runner.feed(Event("move", x, y, **more))

    def release(self, x: float, y: float, button: str = "left") -> None:
        self.runner.feed(Event("release", x, y, button))

    def click(self, x: float, y: float, button: str = "left") -> None:
        self.press(x, y, button)
        self.release(x, y, button)

    def drag(self, *path: tuple[float, float], button: str = "left") -> None:
        self.press(*path[0], button)
        for point in path[1:]:
            self.move(*point)
        self.release(*path[-1], button)

    def key(self, key: str) -> None:
        self.runner.feed(Event("key", key=key))

    def answer(self, mask: NDArray[np.bool_], message: str = "") -> None:
        self.runner.feed(Event("prediction", value=Prediction(mask.astype(np.float32), mask, message=message)))

    def escape(self) -> None:
        self.runner.cancel()


def rectangle(shape: tuple[int, int], x0: int, y0: int, x1: int, y1: int) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


def slow_stroke(shape: tuple[int, int], path: Sequence[tuple[float, float]], radius: float,
                square: bool = False) -> NDArray[np.bool_]:
    """Pixels whose centre is at most `radius` from the path, found point by point (finely sampled when square)."""
    mask = np.zeros(shape, np.bool_)
    pairs = list(zip(path, path[1:], strict=False)) or [(path[0], path[0])]
    for row in range(shape[0]):
        for column in range(shape[1]):
            centre = np.array((column + 0.5, row + 0.5))
            for a, b in pairs:
                start, way = np.array(a, float), np.subtract(b, a).astype(float)
                if square:
                    spots = start + np.linspace(0, 1, 400)[:, None] * way
                    inside = (np.abs(spots - centre).max(axis=1) <= radius).any()
                else:
                    t = np.clip((centre - start) @ way / (way @ way), 0, 1) if way.any() else 0.0
                    inside = np.hypot(*(start + t * way - centre)) <= radius
                mask[row, column] |= inside
    return mask


def slow_polygon(shape: tuple[int, int], corners: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    """Pixels whose centre is inside by the even-odd rule, one ray per pixel."""
    mask = np.zeros(shape, np.bool_)
    for row in range(shape[0]):
        for column in range(shape[1]):
            x, y = column + 0.5, row + 0.5
            for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
                if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
                    mask[row, column] ^= True
    return mask
