"""The live wire tool, driven by hand and answered by the real segmenter."""
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_context import FakeContext, Hand, rectangle  # noqa: E402

from app.tools import TOOLS  # noqa: E402
from segcore.segmenters import SEGMENTERS  # noqa: E402
from segcore.types import Event  # noqa: E402


@pytest.fixture
def ctx() -> FakeContext:
    ctx = FakeContext((80, 120))
    ctx.image[20:60, 30:90] = 200
    return ctx


def answer(ctx: FakeContext, hand: Hand, kind: str = "prediction") -> None:
    name, prompt, params = ctx.asked[-1]
    segmenter = SEGMENTERS[name](**params)
    segmenter.set_image(ctx.image)
    hand.runner.feed(Event(kind, value=segmenter.predict(prompt)))


@pytest.mark.parametrize("finish", ["Enter", "first", "double"])
def test_corners_become_the_object_once_the_full_answer_is_there(ctx: FakeContext, finish: str) -> None:
    hand = Hand(ctx, TOOLS["live_wire"](snap=False))
    for x, y in ((30, 20), (89, 20), (89, 59), (30, 59)):
        hand.click(x, y)
        hand.move(x + 1, y + 1)
    answer(ctx, hand)
    assert hand.runner.running and ctx.annotation.regions == {}
    if finish == "Enter":
        hand.key("Enter")
    elif finish == "first":
        hand.click(31, 21)
    else:
        hand.runner.feed(Event("double", 30, 59, "left"))
    answer(ctx, hand, "coarse")
    assert hand.runner.running and ctx.annotation.regions == {}, "a coarse answer is not painted"
    answer(ctx, hand)
    assert not hand.runner.running and ctx.history.titles() == ["Live wire"]
    truth = rectangle(ctx.shape, 30, 20, 90, 60)
    assert (ctx.mask(1) & truth).sum() / (ctx.mask(1) | truth).sum() > 0.93


def test_backspace_to_the_start_leaves_nothing(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["live_wire"]())
    hand.click(30, 20)
    hand.click(89, 20)
    hand.key("Backspace")
    assert len(ctx.asked[-1][1].points) == 1
    hand.key("Backspace")
    assert not hand.runner.running and ctx.history.titles() == [] and np.all(ctx.annotation.region_map == 0)
