"""A gesture starts at a press, ends by returning, rolls back on cancel and error, and hears only the newest answer."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.canvas.gestures import GestureRunner
from app.tools import Gesture, Tool
from segcore.errors import SegcoreError
from segcore.history import Edit, Patch
from segcore.types import Annotation, Event

PRESS, MOVE, RELEASE = Event("press", 1, 1, "left"), Event("move", 2, 2), Event("release", 3, 3, "left")


class Bench:
    """A context of which only edits and previews are used."""

    def __init__(self) -> None:
        self.annotation = Annotation((8, 8))
        self.patches: list[Patch] = []
        self.cleared = 0
        self.errors: list[Exception] = []
        self.runner = GestureRunner(self, self.errors.append)  # type: ignore[arg-type]

    def edit(self, title: str) -> Edit:
        return Edit(self.annotation, title, on_commit=self.patches.append)

    def preview(self, *args: object, **options: object) -> None:
        self.cleared += not args and not options


def tool(script: Callable[[Bench, Event], Gesture]) -> Tool:
    class Scripted(Tool):
        """Does what the test says."""

        def gesture(self, ctx: Any, event: Event) -> Gesture:
            yield from script(ctx, event)
    return Scripted()


def paint_until_release(ctx: Bench, event: Event) -> Gesture:
    with ctx.edit("Stroke") as edit:
        while event.kind != "release":
            x, y = int(event.x), int(event.y)
            edit.paint((slice(y, y + 1), slice(x, x + 1)), np.ones((1, 1), bool), 5)
            event = yield


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_stroke_is_one_patch(bench: Bench) -> None:
    bench.runner.set_tool(tool(paint_until_release))
    for event in (MOVE, PRESS, MOVE, Event("move", 4, 6)):
        bench.runner.feed(event)
    assert bench.runner.running and not bench.patches
    bench.runner.feed(RELEASE)
    assert not bench.runner.running and len(bench.patches) == 1
    assert bench.annotation.region_map[1, 1] == bench.annotation.region_map[2, 2] == bench.annotation.region_map[6, 4] == 5


def test_every_move_arrives(bench: Bench) -> None:
    seen: list[Event] = []
    def script(ctx: Bench, event: Event) -> Gesture:
        while event.kind != "release":
            seen.append(event)
            event = yield
    bench.runner.set_tool(tool(script))
    moves = [Event("move", i / 7, i / 3) for i in range(500)]
    for event in (PRESS, *moves, RELEASE):
        bench.runner.feed(event)
    assert seen == [PRESS, *moves]


@pytest.mark.parametrize("how", ["cancel", "other tool", "error"])
def test_what_is_not_finished_is_rolled_back(bench: Bench, how: str) -> None:
    def script(ctx: Bench, event: Event) -> Gesture:
        with ctx.edit("Stroke") as edit:
            while event.kind != "key":
                edit.paint((slice(0, 4), slice(0, 4)), np.ones((4, 4), bool), 5)
                event = yield
            raise SegcoreError("No.")
    bench.annotation.region_map[:] = np.arange(64).reshape(8, 8)
    before = bench.annotation.region_map.copy()
    bench.runner.set_tool(tool(script))
    bench.runner.feed(PRESS)
    assert (bench.annotation.region_map != before).any()
    {"cancel": bench.runner.cancel, "other tool": lambda: bench.runner.set_tool(None),
     "error": lambda: bench.runner.feed(Event("key", key="Enter"))}[how]()
    assert np.array_equal(bench.annotation.region_map, before)
    assert not bench.runner.running and not bench.patches and bench.cleared
    assert [str(e) for e in bench.errors] == (["No."] if how == "error" else [])


def test_an_error_at_the_press_is_told(bench: Bench) -> None:
    def script(ctx: Bench, event: Event) -> Gesture:
        raise SegcoreError("Locked.")
        yield
    bench.runner.set_tool(tool(script))
    bench.runner.feed(PRESS)
    bench.runner.feed(MOVE)
    assert not bench.runner.running and len(bench.errors) == 1


def test_only_the_newest_answer_arrives(bench: Bench) -> None:
    seen: list[object] = []
    def script(ctx: Bench, event: Event) -> Gesture:
        while event.kind != "release":
            if event.kind in ("prediction", "failed"):
                seen.append((event.kind, event.value))
            event = yield
    bench.runner.set_tool(tool(script))
    bench.runner.feed(PRESS)
    (old, old_fails), (new, new_fails) = bench.runner.awaiting(), bench.runner.awaiting()
    old("old")
    old_fails(ValueError())
    new("coarse")
    new("full")
    error = SegcoreError("Nothing there.")
    new_fails(error)
    assert seen == [("prediction", "coarse"), ("prediction", "full"), ("failed", error)] and bench.errors == [error]
    bench.runner.feed(RELEASE)
    new("late")
    bench.runner.feed(PRESS)
    new("of the gesture before")
    assert len(seen) == 3


def test_an_answer_without_a_gesture_goes_nowhere(bench: Bench) -> None:
    bench.runner.set_tool(tool(paint_until_release))
    deliver, fail = bench.runner.awaiting()
    deliver("x")
    fail(ValueError())
    assert not bench.runner.running and not bench.errors


def test_cancel_from_inside_waits_for_the_gesture(bench: Bench) -> None:
    """Something that a tool does may lead to another tool being chosen; the running one is closed afterwards."""
    def script(ctx: Bench, event: Event) -> Gesture:
        with ctx.edit("Stroke") as edit:
            edit.paint((slice(0, 4), slice(0, 4)), np.ones((4, 4), bool), 5)
            bench.runner.cancel()
            bench.runner.feed(MOVE)
            yield
    bench.runner.set_tool(tool(script))
    bench.runner.feed(PRESS)
    assert not bench.runner.running and not bench.errors and not bench.annotation.region_map.any()


def test_cancel_from_inside_a_gesture_that_ends(bench: Bench) -> None:
    def script(ctx: Bench, event: Event) -> Gesture:
        bench.runner.cancel()
        return
        yield
    bench.runner.set_tool(tool(script))
    bench.runner.feed(PRESS)
    bench.runner.set_tool(tool(paint_until_release))
    for event in (PRESS, RELEASE):
        bench.runner.feed(event)
    assert len(bench.patches) == 1
