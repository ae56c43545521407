"""Wand and superpixels, driven by hand and answered by the real segmenters."""
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_context import FakeContext, Hand, rectangle  # noqa: E402

from app.canvas.predictor import params_for  # noqa: E402
from app.tools import TOOLS  # noqa: E402
from segcore.segmenters import SEGMENTERS  # noqa: E402
from segcore.types import Event  # noqa: E402


@pytest.fixture
def ctx() -> FakeContext:
    """A red and a darker red square on green."""
    ctx = FakeContext((60, 100))
    ctx.image[:] = (40, 160, 60)
    ctx.image[10:50, 10:40] = (200, 40, 40)
    ctx.image[10:50, 60:90] = (170, 30, 30)
    return ctx


def answer(ctx: FakeContext, hand: Hand) -> None:
    """Let the segmenter that was asked last answer."""
    name, prompt, params = ctx.asked[-1]
    segmenter = SEGMENTERS[name](**params_for(name, params))
    segmenter.set_image(ctx.image)
    hand.runner.feed(Event("prediction", value=segmenter.predict(prompt)))


def test_a_press_takes_the_colour_and_a_drag_takes_more(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["wand"](contiguous=False, tolerance=3.0))
    hand.press(20, 20)
    answer(ctx, hand)
    assert np.array_equal(ctx.previews[-1]["mask"], rectangle(ctx.shape, 10, 10, 40, 50))
    hand.move(20, 20 + 4 * 30)     # 30 ΔE
    answer(ctx, hand)
    both = rectangle(ctx.shape, 10, 10, 40, 50) | rectangle(ctx.shape, 60, 10, 90, 50)
    assert np.array_equal(ctx.previews[-1]["mask"], both) and ctx.annotation.regions == {}
    hand.release(20, 90)
    hand.key("Enter")
    assert np.array_equal(ctx.mask(1), both) and ctx.annotation.regions[1].source == "wand"
    assert ctx.history.titles() == ["Magic wand"] and ctx.previews[-1]["mask"] is None


def test_right_takes_away_and_backspace_takes_back(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["wand"](contiguous=False, tolerance=40.0))
    hand.click(20, 20)
    hand.click(70, 20, "right")
    answer(ctx, hand)
    assert not ctx.previews[-1]["mask"].any()
    hand.key("Enter")       # nothing to accept: the gesture goes on
    hand.key("Backspace")
    answer(ctx, hand)
    assert ctx.previews[-1]["mask"].sum() == 2 * 30 * 40
    hand.key("Backspace")
    assert not hand.runner.running and ctx.history.titles() == [] and ctx.annotation.regions == {}


def test_touched_patches_are_painted_whole_and_taken_away_again(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["superpixel"](radius=2.0, size="small"))
    hand.drag((15, 15), (35, 45))
    assert hand.runner.running and not ctx.annotation.regions
    answer(ctx, hand)
    assert not hand.runner.running and ctx.history.titles() == ["Superpixels"]
    painted, touched = ctx.mask(1), ctx.asked[-1][1].scribble == 1
    assert painted[touched].all() and painted.sum() > touched.sum()
    hand.drag((15, 15), (35, 45), button="right")
    answer(ctx, hand)
    assert not ctx.annotation.region_map[painted].any() and ctx.history.titles() == ["Superpixels", "Erase superpixels"]


def test_a_failed_answer_ends_the_stroke_without_a_trace(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["superpixel"]())
    hand.drag((15, 15), (35, 45))
    hand.runner.feed(Event("failed"))
    assert not hand.runner.running and ctx.annotation.regions == {} and ctx.history.titles() == []
