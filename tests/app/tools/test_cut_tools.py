"""GrabCut and graph cut: what they ask, what they show, what accepting does. The segmenter is played by the test."""
from __future__ import annotations

import numpy as np
import pytest
from fake_context import FakeContext, Hand, rectangle, slow_stroke

from app.tools import TOOLS
from app.tools.painting import resize
from segcore.types import Event

OBJECT = (10, 8, 30, 28)


@pytest.fixture
def ctx() -> FakeContext:
    return FakeContext()


@pytest.fixture
def mask(ctx: FakeContext) -> np.ndarray:
    return rectangle(ctx.shape, *OBJECT)


def test_grab_cut_asks_with_the_box_and_paints_only_on_enter(ctx: FakeContext, mask: np.ndarray) -> None:
    hand = Hand(ctx, TOOLS["grab_cut"](iterations=3))
    hand.drag((5, 4), (20, 20), (38, 33))
    (name, prompt, params), = ctx.asked
    assert name == "grab_cut" and prompt.box == (5, 4, 38, 33) and prompt.scribble is None and prompt.prior is None
    assert params.iterations == 3 and len(prompt.points) == 0
    hand.answer(mask)
    assert ctx.previews[-1]["mask"] is mask and not ctx.annotation.region_map.any()
    hand.key("Enter")
    assert np.array_equal(ctx.mask(1), mask) and ctx.annotation.regions[1].source == "grab_cut"
    assert ctx.history.titles() == ["GrabCut"] and not hand.runner.running and ctx.active_region == 1


def test_strokes_become_the_scribble_of_the_next_question(ctx: FakeContext, mask: np.ndarray) -> None:
    hand = Hand(ctx, TOOLS["grab_cut"](width=4))
    hand.drag((5, 4), (38, 33))
    hand.answer(mask)
    hand.drag((12, 12), (20, 12))
    hand.drag((34, 10), (34, 25), button="right")
    scribble = ctx.asked[-1][1].scribble
    assert scribble is not None and scribble.dtype == np.int8
    assert np.array_equal(scribble == 1, slow_stroke(ctx.shape, [(12, 12), (20, 12)], 2))
    assert np.array_equal(scribble == 0, slow_stroke(ctx.shape, [(34, 10), (34, 25)], 2))
    assert len(ctx.asked) == 3 and ctx.previews[-1]["strokes"] is scribble


def test_backspace_takes_strokes_back_and_then_ends(ctx: FakeContext, mask: np.ndarray) -> None:
    hand = Hand(ctx, TOOLS["grab_cut"]())
    hand.drag((5, 4), (38, 33))
    hand.answer(mask)
    hand.drag((12, 12), (20, 12))
    hand.key("Backspace")
    assert ctx.asked[-1][1].scribble is None and len(ctx.asked) == 3
    hand.key("Backspace")
    assert not hand.runner.running and not ctx.history.titles()


def test_the_width_of_the_next_stroke_asks_nothing_other_options_do(ctx: FakeContext, mask: np.ndarray) -> None:
    tool = TOOLS["grab_cut"](width=10)
    hand = Hand(ctx, tool)
    hand.drag((5, 4), (38, 33))
    hand.answer(mask)
    resize(tool.params, 1)
    hand.runner.feed(Event("params"))
    assert tool.params.width == 12 and isinstance(tool.params.width, int) and len(ctx.asked) == 1
    resize(tool.params, -20)
    assert tool.params.width == 2
    tool.params.iterations += 1
    hand.runner.feed(Event("params"))
    assert len(ctx.asked) == 2 and ctx.asked[-1][2].iterations == tool.params.iterations


def test_width_of_strokes_is_in_screen_pixels() -> None:
    ctx = FakeContext(scale=0.5)
    Hand(ctx, TOOLS["graph_cut"](width=4)).drag((12, 12), (40, 12))
    assert np.array_equal(ctx.asked[-1][1].scribble == 1, slow_stroke(ctx.shape, [(12, 12), (40, 12)], 4))


def test_enter_before_the_answer_accepts_it_when_it_comes(ctx: FakeContext, mask: np.ndarray) -> None:
    hand = Hand(ctx, TOOLS["grab_cut"]())
    hand.drag((5, 4), (38, 33))
    hand.key("Enter")
    assert hand.runner.running and not ctx.history.titles()
    hand.answer(mask)
    assert np.array_equal(ctx.mask(1), mask) and not hand.runner.running


def test_an_empty_mask_cannot_be_accepted(ctx: FakeContext, mask: np.ndarray) -> None:
    hand = Hand(ctx, TOOLS["grab_cut"]())
    hand.drag((5, 4), (38, 33))
    hand.answer(np.zeros_like(mask), "Nothing was found.")
    assert ctx.said == ["Nothing was found."]
    hand.key("Enter")
    assert hand.runner.running and "no mask" in ctx.said[-1] and not ctx.annotation.regions


def test_a_click_is_no_box(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["grab_cut"]())
    hand.click(10, 10)
    assert not ctx.asked and not hand.runner.running and "box" in ctx.said[-1]


def test_escape_leaves_no_trace(ctx: FakeContext, mask: np.ndarray) -> None:
    ctx.add(mask, 3)
    before = ctx.snapshot()
    for name in ("grab_cut", "graph_cut"):
        hand = Hand(ctx, TOOLS[name]())
        hand.drag((5, 4), (38, 33))
        hand.answer(mask)
        hand.escape()
        hand.answer(mask)
        assert ctx.snapshot() == before and not hand.runner.running and not any(ctx.previews[-1].values())


def test_each_mask_is_a_region_of_its_own_unless_told_otherwise(ctx: FakeContext, mask: np.ndarray) -> None:
    ctx.add(rectangle(ctx.shape, 40, 0, 50, 5), 3)
    ctx.select(3)
    hand = Hand(ctx, TOOLS["grab_cut"]())
    hand.drag((5, 4), (38, 33))
    hand.answer(mask)
    hand.key("Enter")
    assert sorted(ctx.annotation.regions) == [1, 3] and np.array_equal(ctx.mask(1), mask)
    ctx.select(3)
    hand = Hand(ctx, TOOLS["grab_cut"](new_region=False))
    hand.drag((5, 4), (38, 33))
    hand.answer(mask)
    hand.key("Enter")
    assert np.array_equal(ctx.mask(3), mask | rectangle(ctx.shape, 40, 0, 50, 5))


@pytest.mark.parametrize("name", ["grab_cut", "graph_cut"])
def test_the_selected_region_can_be_the_start_and_is_replaced(ctx: FakeContext, mask: np.ndarray, name: str) -> None:
    old, neighbour = rectangle(ctx.shape, 6, 6, 20, 20), rectangle(ctx.shape, 50, 30, 60, 40)
    ctx.add(old, 3)
    ctx.add(neighbour, 4)
    ctx.select(3)
    before = ctx.snapshot()
    hand = Hand(ctx, TOOLS[name](start_from_region=True))
    hand.drag((12, 12), (25, 25))
    prompt = ctx.asked[-1][1]
    assert prompt.box is None and prompt.prior.dtype == np.float32
    assert np.array_equal(prompt.prior > 0.5, old) and prompt.prior.min() > 0 and prompt.prior.max() < 1
    ctx.select(4)       # another region was clicked in the list meanwhile
    hand.answer(mask)
    hand.key("Enter")
    assert np.array_equal(ctx.mask(3), mask) and np.array_equal(ctx.mask(4), neighbour)
    assert len(ctx.history.titles()) == 1
    ctx.history.undo(ctx.annotation)
    assert ctx.snapshot() == before


def test_clicks_of_the_graph_cut_are_points(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["graph_cut"]())
    hand.click(12, 12, button="right")
    assert not ctx.asked and "left button" in ctx.said[-1]
    hand.click(20, 21)
    prompt = ctx.asked[-1][1]
    assert prompt.points.tolist() == [[12, 12], [20, 21]] and prompt.labels.tolist() == [0, 1] and prompt.scribble is None
    assert prompt.points.dtype == np.float32 and prompt.labels.dtype == np.uint8


def test_the_mask_goes_when_no_object_stroke_is_left(ctx: FakeContext, mask: np.ndarray) -> None:
    hand = Hand(ctx, TOOLS["graph_cut"]())
    hand.click(12, 12, button="right")
    hand.click(20, 21)
    hand.answer(mask)
    hand.key("Backspace")
    assert ctx.previews[-1]["mask"] is None and hand.runner.running
    hand.key("Backspace")
    assert not hand.runner.running


def test_protected_regions_are_spared_on_accepting(ctx: FakeContext, mask: np.ndarray) -> None:
    from segcore.history import PaintPolicy
    other = rectangle(ctx.shape, 0, 0, 20, 40)
    ctx.add(other, 3)
    ctx.policy = PaintPolicy(only_unlabelled=True)
    hand = Hand(ctx, TOOLS["grab_cut"]())
    hand.drag((5, 4), (38, 33))
    hand.answer(mask)
    hand.key("Enter")
    assert np.array_equal(ctx.mask(3), other) and np.array_equal(ctx.mask(1), mask & ~other)


def test_a_failed_answer_leaves_the_gesture_running(ctx: FakeContext, mask: np.ndarray) -> None:
    from segcore.types import Event
    hand = Hand(ctx, TOOLS["grab_cut"]())
    hand.drag((5, 4), (38, 33))
    hand.key("Enter")
    hand.runner.feed(Event("failed"))
    assert hand.runner.running
    hand.drag((12, 12), (20, 12))
    hand.answer(mask)
    assert hand.runner.running, "Enter was meant for the answer that failed"
    hand.key("Enter")
    assert np.array_equal(ctx.mask(1), mask)


def test_the_real_segmenter_finds_a_square(ctx: FakeContext, mask: np.ndarray) -> None:
    from segcore.segmenters import SEGMENTERS
    ctx.image = np.where(mask[..., None], np.uint8([220, 60, 40]), np.uint8([40, 90, 200]))
    hand = Hand(ctx, TOOLS["grab_cut"]())
    hand.drag((5, 4), (38, 33))
    segmenter = SEGMENTERS["grab_cut"]()
    segmenter.set_image(ctx.image)
    hand.answer(segmenter.predict(ctx.asked[-1][1]).mask)
    hand.key("Enter")
    assert np.array_equal(ctx.mask(1), mask)


def test_a_stroke_after_enter_means_not_yet(ctx: FakeContext, mask: np.ndarray) -> None:
    hand = Hand(ctx, TOOLS["grab_cut"]())
    hand.drag((5, 4), (38, 33))
    hand.key("Enter")
    hand.drag((12, 12), (20, 12))
    hand.answer(mask)
    assert hand.runner.running and not ctx.annotation.regions
