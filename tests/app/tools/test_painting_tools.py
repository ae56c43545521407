"""Brush, eraser, box, polygon, lasso and fill against slow oracles, with undo, Esc, locks and the two paint policies."""
from __future__ import annotations

import numpy as np
import pytest
from fake_context import FakeContext, Hand, rectangle, slow_polygon, slow_stroke

from app.tools import TOOLS
from segcore.errors import SegcoreError
from segcore.history import PaintPolicy

PATH = [(10.3, 8.2), (25.7, 12.4), (31.1, 30.9)]
CORNERS = [(5.2, 4.1), (50.6, 8.3), (40.4, 33.8), (9.7, 25.5)]


@pytest.fixture
def ctx() -> FakeContext:
    return FakeContext()


@pytest.mark.parametrize("shape", ["round", "square"])
@pytest.mark.parametrize("radius", [2.5, 6.0])
def test_brush_paints_every_pixel_within_its_radius(ctx: FakeContext, shape: str, radius: float) -> None:
    Hand(ctx, TOOLS["brush"](radius=radius, shape=shape)).drag(*PATH)
    expected = slow_stroke(ctx.shape, PATH, radius, shape == "square")
    assert np.array_equal(ctx.mask(1), expected)
    assert ctx.annotation.regions[1].class_id == 1 and ctx.active_region == 1
    assert ctx.history.titles() == ["Brush stroke"]


def test_brush_is_live_before_the_release(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["brush"](radius=3))
    hand.press(10, 10)
    assert ctx.mask(1).any() and ctx.repainted
    assert not ctx.history.titles()


def test_right_button_of_the_brush_erases(ctx: FakeContext) -> None:
    ctx.add(np.ones(ctx.shape, np.bool_), 3)
    Hand(ctx, TOOLS["brush"](radius=4)).drag(*PATH, button="right")
    assert np.array_equal(ctx.mask(0), slow_stroke(ctx.shape, PATH, 4))
    assert ctx.history.titles() == ["Erase"]


def test_later_strokes_add_to_the_selected_region(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["brush"](radius=2))
    hand.drag((5, 5), (9, 5))
    hand.drag((30, 20), (40, 20))
    assert list(ctx.annotation.regions) == [1] and len(ctx.history.titles()) == 2


def test_pen_pressure_thins_the_stroke(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["brush"](radius=8, pressure=True))
    hand.press(20, 20, pressure=0.5)
    hand.release(20, 20)
    assert np.array_equal(ctx.mask(1), slow_stroke(ctx.shape, [(20, 20)], 4))


@pytest.mark.parametrize("name, options", [("brush", {"radius": 5}), ("eraser", {"radius": 5}), ("box", {}), ("lasso", {}),
                                           ("polygon", {}), ("select", {})])
def test_escape_puts_everything_back(ctx: FakeContext, name: str, options: dict[str, object]) -> None:
    ctx.add(rectangle(ctx.shape, 4, 4, 30, 30), 7)
    ctx.select(7)
    before = ctx.snapshot()
    hand = Hand(ctx, TOOLS[name](**options))
    hand.press(12, 12)
    hand.move(20, 22)
    hand.move(33, 26)
    hand.escape()
    assert ctx.snapshot() == before
    assert not ctx.history.titles() and not hand.errors and not hand.runner.running


def test_undo_and_redo_are_exact(ctx: FakeContext) -> None:
    ctx.add(rectangle(ctx.shape, 4, 4, 30, 30), 7)
    before = ctx.snapshot()
    Hand(ctx, TOOLS["polygon"]())
    Hand(ctx, TOOLS["brush"](radius=5)).drag(*PATH)
    after = ctx.snapshot()
    ctx.history.undo(ctx.annotation)
    assert ctx.snapshot() == before
    ctx.history.redo(ctx.annotation)
    assert ctx.snapshot() == after


def test_protect_others_spares_them(ctx: FakeContext) -> None:
    other = rectangle(ctx.shape, 15, 5, 30, 25)
    ctx.add(other, 7)
    ctx.policy = PaintPolicy(protect_others=True)
    Hand(ctx, TOOLS["brush"](radius=5)).drag(*PATH)
    assert np.array_equal(ctx.mask(7), other)
    assert np.array_equal(ctx.mask(1), slow_stroke(ctx.shape, PATH, 5) & ~other)


@pytest.mark.parametrize("name", ["box", "fill"])
def test_only_unlabelled_takes_nothing(ctx: FakeContext, name: str) -> None:
    other = rectangle(ctx.shape, 15, 5, 30, 25)
    ctx.add(other, 7)
    ctx.policy = PaintPolicy(only_unlabelled=True)
    hand = Hand(ctx, TOOLS[name]())
    hand.drag((2, 2), (40, 35))
    assert np.array_equal(ctx.mask(7), other)
    assert ctx.mask(1).any()


def test_a_new_region_without_a_pixel_is_taken_back(ctx: FakeContext) -> None:
    ctx.add(np.ones(ctx.shape, np.bool_), 7)
    ctx.policy = PaintPolicy(only_unlabelled=True)
    before = ctx.snapshot()
    Hand(ctx, TOOLS["brush"](radius=5)).drag(*PATH)
    assert ctx.snapshot() == before and not ctx.history.titles()
    assert ctx.active_region == 0 and "protected" in ctx.said[-1]


@pytest.mark.parametrize("name", ["brush", "box", "fill", "lasso"])
def test_a_locked_region_is_refused_and_spared(ctx: FakeContext, name: str) -> None:
    ctx.add(rectangle(ctx.shape, 4, 4, 30, 30), 7, locked=True)
    ctx.select(7)
    before = ctx.snapshot()
    hand = Hand(ctx, TOOLS[name]())
    hand.drag((35, 10), (45, 12), (40, 30))
    assert ctx.snapshot() == before and isinstance(hand.errors[0], SegcoreError)
    Hand(ctx, TOOLS["eraser"]()).drag((10, 10), (20, 20))
    assert ctx.snapshot() == before


def test_read_only_is_refused(ctx: FakeContext) -> None:
    ctx.read_only = True
    hand = Hand(ctx, TOOLS["brush"]())
    hand.press(10, 10)
    assert str(hand.errors[0]) == "The project is read only." and not hand.runner.running


def test_eraser_can_spare_all_but_the_selected(ctx: FakeContext) -> None:
    ctx.add(rectangle(ctx.shape, 0, 0, 30, 40), 7)
    ctx.add(rectangle(ctx.shape, 30, 0, 60, 40), 8)
    hand = Hand(ctx, TOOLS["eraser"](radius=4, only_selected=True))
    hand.drag((20, 20), (40, 20))
    assert not ctx.mask(0).any() and "Select" in ctx.said[-1]
    ctx.select(8)
    hand.drag((20, 20), (40, 20))
    assert np.array_equal(ctx.mask(0), slow_stroke(ctx.shape, [(20, 20), (40, 20)], 4) & rectangle(ctx.shape, 30, 0, 60, 40))


@pytest.mark.parametrize("path, box", [([(5.2, 6.4), (20.7, 30.6)], (5, 6, 21, 31)),
                                       ([(20.5, 30.5), (5.5, 6.5)], (5, 6, 20, 30)),
                                       ([(50, 30), (80, 90)], (50, 30, 60, 40)), ([(-9, -9), (4, 3)], (0, 0, 4, 3))])
def test_box_covers_pixel_centres(ctx: FakeContext, path: list[tuple[float, float]], box: tuple[int, int, int, int]) -> None:
    Hand(ctx, TOOLS["box"]()).drag(*path)
    assert np.array_equal(ctx.mask(1), rectangle(ctx.shape, *box))


def test_box_with_shift_is_square_and_a_click_is_nothing(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["box"]())
    hand.click(10, 10)
    assert not ctx.history.titles()
    hand.press(10, 10)
    hand.move(15, 22, modifiers=frozenset({"shift"}))
    hand.release(15, 22)
    assert np.array_equal(ctx.mask(1), rectangle(ctx.shape, 10, 10, 22, 22))


@pytest.mark.parametrize("end", ["enter", "double", "first"])
def test_polygon_closes_in_three_ways(ctx: FakeContext, end: str) -> None:
    from segcore.types import Event
    hand = Hand(ctx, TOOLS["polygon"]())
    for corner in CORNERS:
        hand.click(*corner)
    assert hand.runner.running and ctx.previews[-1]["lines"][0][:4] == CORNERS
    if end == "enter":
        hand.key("Enter")
    elif end == "double":
        hand.runner.feed(Event("double", *CORNERS[-1], "left"))
    else:
        hand.click(CORNERS[0][0] + 2, CORNERS[0][1] - 2)
    assert not hand.runner.running
    assert np.array_equal(ctx.mask(1), slow_polygon(ctx.shape, CORNERS))
    assert ctx.history.titles() == ["Polygon"] and not any(ctx.previews[-1].values())


def test_polygon_with_the_right_button_takes_away(ctx: FakeContext) -> None:
    ctx.add(np.ones(ctx.shape, np.bool_), 7)
    hand = Hand(ctx, TOOLS["polygon"]())
    for corner in CORNERS:
        hand.click(*corner, button="right")
    hand.key("Enter")
    assert np.array_equal(ctx.mask(0), slow_polygon(ctx.shape, CORNERS))


def test_polygon_corners_can_be_dragged_and_taken_back(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["polygon"]())
    hand.click(5, 5)
    hand.click(50, 5)
    hand.click(30, 20)
    hand.click(55, 38)
    hand.key("Backspace")
    hand.drag((30, 20), (35, 30))
    hand.key("Enter")
    assert np.array_equal(ctx.mask(1), slow_polygon(ctx.shape, [(5, 5), (50, 5), (35, 30)]))


def test_polygon_needs_three_corners_and_ends_without_any(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["polygon"]())
    hand.click(5, 5)
    hand.click(30, 5)
    hand.key("Enter")
    assert hand.runner.running and "three" in ctx.said[-1]
    hand.key("Backspace")
    hand.key("Backspace")
    assert not hand.runner.running and not ctx.history.titles()


def test_reach_of_corners_is_in_screen_pixels() -> None:
    ctx = FakeContext(scale=10.0)
    hand = Hand(ctx, TOOLS["polygon"]())
    for corner in [(5, 5), (8, 5), (8, 8), (5, 8)]:
        hand.click(*corner)
    hand.key("Enter")
    assert np.array_equal(ctx.mask(1), rectangle(ctx.shape, 5, 5, 8, 8))


@pytest.mark.parametrize("button, region", [("left", 1), ("right", 0)])
def test_lasso_fills_its_outline(ctx: FakeContext, button: str, region: int) -> None:
    if button == "right":
        ctx.add(np.ones(ctx.shape, np.bool_), 7)
    Hand(ctx, TOOLS["lasso"]()).drag(*CORNERS, button=button)
    assert np.array_equal(ctx.mask(region), slow_polygon(ctx.shape, CORNERS))


def test_fill_takes_the_enclosed_area_only(ctx: FakeContext) -> None:
    ring = rectangle(ctx.shape, 10, 10, 30, 30) & ~rectangle(ctx.shape, 12, 12, 28, 28)
    ctx.add(ring, 7)
    Hand(ctx, TOOLS["fill"]()).click(20, 20)
    assert np.array_equal(ctx.mask(1), rectangle(ctx.shape, 12, 12, 28, 28))
    Hand(ctx, TOOLS["fill"](contiguous=False)).click(0, 0)
    assert np.array_equal(ctx.mask(1), ~ring)
    Hand(ctx, TOOLS["fill"]()).click(200, 5)
    assert ctx.history.titles() == ["Fill", "Fill"]


def test_fill_with_the_right_button_unlabels(ctx: FakeContext) -> None:
    ctx.add(rectangle(ctx.shape, 2, 2, 10, 10) | rectangle(ctx.shape, 20, 20, 30, 30), 7)
    Hand(ctx, TOOLS["fill"]()).click(5, 5, button="right")
    assert np.array_equal(ctx.mask(7), rectangle(ctx.shape, 20, 20, 30, 30))


def test_stuff_classes_share_one_region(ctx: FakeContext) -> None:
    ctx.active_class = 2
    hand = Hand(ctx, TOOLS["box"]())
    hand.drag((0, 0), (5, 5))
    ctx.select(0)
    hand.drag((20, 20), (30, 30))
    assert list(ctx.annotation.regions) == [1]


def test_resizing_moves_by_ticks_and_stays_within_bounds() -> None:
    from app.tools.painting import resize
    params = TOOLS["brush"](radius=10).params
    seen = []
    for steps in (1, -1, -1, 40, -200, 1, 1):
        resize(params, steps)
        seen.append(params.radius)
    assert seen == [12, 10, 8.5, 500, 0.5, 1, 1.5]
