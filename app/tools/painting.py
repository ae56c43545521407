"""What the tools share: an edit with its target region, strokes, outlines and the dragging of rectangles."""
from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tools import Context
from segcore.history import Edit
from segcore.types import Event

Point = tuple[float, float]
Steps = Generator[None, Event, None]

PINCH = 1.2
"""Factor of a brush's radius per wheel tick."""


@contextmanager
def paint_edit(ctx: Context, title: str, *, erase: bool = False, source: str = "hand") -> Iterator[tuple[Edit, int]]:
    """One undo step together with the region it paints (0 when erasing), which is selected once it is done.

    A region that is new and got no pixel, because all of them are protected or outside the image, is taken back.
    """
    with ctx.edit(title) as edit:
        known = set(edit.regions)
        region = 0 if erase else ctx.target(edit, source)
        yield edit, region
        painted = erase or region in known or bool((ctx.annotation.region_map == region).any())
        if not painted:
            edit.revert()
            ctx.notify("Nothing was painted: every pixel there is protected.")
    if painted and not erase:
        ctx.select(region)


def paint_mask(edit: Edit, mask: NDArray[np.bool_], region: int, over: set[int] | None = None) -> None:
    """Paint a mask of the size of the image, touching only the box that holds its pixels."""
    from segcore import masks

    bounds = masks.bounding_box(mask)
    if bounds is not None:
        box = (slice(bounds[1], bounds[3]), slice(bounds[0], bounds[2]))
        edit.paint(box, mask[box], region, over=over)


def paint_outline(ctx: Context, corners: list[Point], *, erase: bool, title: str) -> None:
    """Give the inside of a closed outline to the selected region, or unlabel it."""
    from segcore import masks

    with paint_edit(ctx, f"Erase {title.lower()}" if erase else title, erase=erase) as (edit, region):
        box, mask = masks.polygon(ctx.shape, corners)
        edit.paint(box, mask, region)


def region_at(ctx: Context, event: Event) -> int:
    """The region under the pointer; 0 for unlabelled pixels and outside the image."""
    x, y = math.floor(event.x), math.floor(event.y)
    height, width = ctx.shape
    return int(ctx.annotation.region_map[y, x]) if 0 <= y < height and 0 <= x < width else 0


def size_option(params: object) -> str:
    """Name of the option that Shift+wheel and [ ] change: a brush's radius, the width of strokes; empty for neither."""
    return next((name for name in ("radius", "width") if hasattr(params, name)), "")


def resize(params: Any, steps: float) -> None:
    """Make a tool's size `steps` ticks larger, smaller when negative, by its smallest step at least, within its bounds."""
    name = size_option(params)
    bounds, size = params.__dataclass_fields__[name].metadata, getattr(params, name)
    least = bounds.get("step") or 1
    change = max(abs(size * (PINCH ** steps - 1)), least * abs(steps))
    wanted = round((size + math.copysign(change, steps)) / least) * least if steps else size
    setattr(params, name, min(max(wanted, bounds["min"]), bounds["max"]))


def stroke(ctx: Context, edit: Edit, region: int, start: Event, params: Any, over: set[int] | None = None) -> Steps:
    """Paint `region` under the pointer until its button is released, with the `radius`, `shape` and `pressure` of `params`."""
    from segcore import masks

    last = (start.x, start.y)

    def step(event: Event) -> None:
        nonlocal last
        here = (event.x, event.y)
        radius = params.radius * (min(max(event.pressure, 0.05), 1.0) if params.pressure else 1.0)
        box, mask = masks.thick_line(ctx.shape, last, here, radius, params.shape == "square")
        edit.paint(box, mask, region, over=over)
        last = here

    yield from drag(start, step)


def drag(start: Event, step: Callable[[Event], None], kinds: tuple[str, ...] = ("move",)) -> Steps:
    """Call `step` for the press that begins a drag and for every event of `kinds`, until its button is released."""
    event = start
    while event.kind != "release" or event.button not in ("", start.button):
        if event is start or event.kind in kinds:
            step(event)
        event = yield


def drag_rectangle(ctx: Context, start: Event) -> Generator[None, Event, tuple[float, float, float, float]]:
    """Show the rectangle that is being dragged; returns it as xyxy inside the image. Shift makes it a square."""
    rect = (start.x, start.y, start.x, start.y)

    def step(event: Event) -> None:
        nonlocal rect
        rect = _rectangle(start, event, ctx.shape)
        ctx.preview(rect=rect)

    yield from drag(start, step)
    return rect


def _rectangle(start: Event, event: Event, shape: tuple[int, int]) -> tuple[float, float, float, float]:
    dx, dy = event.x - start.x, event.y - start.y
    if "shift" in event.modifiers:
        side = max(abs(dx), abs(dy))
        dx, dy = (-side if dx < 0 else side), (-side if dy < 0 else side)
    xs, ys = sorted((start.x, start.x + dx)), sorted((start.y, start.y + dy))
    return (max(xs[0], 0.0), max(ys[0], 0.0), min(xs[1], float(shape[1])), min(ys[1], float(shape[0])))
