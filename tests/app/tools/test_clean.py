"""Cleaning a region with a click."""
from __future__ import annotations

import numpy as np
import pytest
from fake_context import FakeContext, Hand, rectangle

from app.tools import TOOLS
from segcore.errors import SegcoreError


@pytest.fixture
def ctx() -> FakeContext:
    """A square with a small hole, a large hole, a hole that another region fills, and two specks, one in the large hole."""
    ctx = FakeContext()
    s = ctx.shape
    body = rectangle(s, 5, 5, 35, 35) & ~rectangle(s, 7, 7, 9, 9) & ~rectangle(s, 15, 15, 25, 25)
    body &= ~rectangle(s, 28, 28, 32, 32)
    ctx.add(body | rectangle(s, 45, 5, 47, 7) | rectangle(s, 18, 18, 20, 20), 3)
    ctx.add(rectangle(s, 28, 28, 32, 32), 4)
    return ctx


def test_holes_are_filled_and_specks_removed_in_one_step(ctx: FakeContext) -> None:
    before, fourth = ctx.snapshot(), ctx.mask(4)
    Hand(ctx, TOOLS["clean"]()).click(6, 6)
    assert np.array_equal(ctx.mask(3), rectangle(ctx.shape, 5, 5, 35, 35) & ~fourth)
    assert np.array_equal(ctx.mask(4), fourth)
    assert ctx.history.titles() == ["Clean region"] and ctx.said == ["Filled 100 px of holes, removed 4 px of specks."]
    ctx.history.undo(ctx.annotation)
    assert ctx.snapshot() == before


def test_only_small_holes(ctx: FakeContext) -> None:
    Hand(ctx, TOOLS["clean"](largest_hole=4, remove_specks=False)).click(6, 6)
    assert ctx.mask(3)[7, 7] and not ctx.mask(3)[16, 16] and ctx.mask(3)[5, 45]


def test_only_specks(ctx: FakeContext) -> None:
    Hand(ctx, TOOLS["clean"](fill_holes=False, smallest_part=5)).click(6, 6)
    assert not ctx.mask(3)[7, 7] and not ctx.mask(3)[5, 45]


def test_a_small_region_is_not_wiped_out() -> None:
    ctx = FakeContext()
    ctx.add(rectangle(ctx.shape, 5, 5, 8, 8) | rectangle(ctx.shape, 20, 5, 22, 7), 3)
    Hand(ctx, TOOLS["clean"](smallest_part=1000)).click(6, 6)
    assert np.array_equal(ctx.mask(3), rectangle(ctx.shape, 5, 5, 8, 8))


def test_nothing_there_and_locked(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["clean"]())
    hand.click(55, 35)
    assert "Click a region" in ctx.said[-1] and not ctx.history.titles()
    ctx.add(ctx.mask(3), 3, locked=True)
    hand.click(6, 6)
    assert isinstance(hand.errors[0], SegcoreError) and not ctx.history.titles()
