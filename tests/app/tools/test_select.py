"""Selecting and moving regions."""
from __future__ import annotations

import numpy as np
import pytest
from fake_context import FakeContext, Hand, rectangle

from app.tools import TOOLS
from segcore.errors import SegcoreError


@pytest.fixture
def ctx() -> FakeContext:
    ctx = FakeContext()
    ctx.add(rectangle(ctx.shape, 5, 6, 15, 12), 3)
    ctx.add(rectangle(ctx.shape, 20, 6, 30, 12), 4)
    return ctx


def moved(mask: np.ndarray, dx: int, dy: int) -> np.ndarray:
    result = np.zeros_like(mask)
    for y, x in zip(*np.nonzero(mask), strict=True):
        if 0 <= y + dy < mask.shape[0] and 0 <= x + dx < mask.shape[1]:
            result[y + dy, x + dx] = True
    return result


def test_a_click_selects(ctx: FakeContext) -> None:
    hand = Hand(ctx, TOOLS["select"]())
    hand.click(6, 7)
    assert ctx.active_region == 3
    hand.click(50, 30)
    assert ctx.active_region == 0
    hand.click(900, -3)
    assert ctx.active_region == 0 and not ctx.history.titles()


@pytest.mark.parametrize("dx, dy", [(7, 9), (-3, 2), (11, 0), (-12, -9), (100, 100)])
def test_a_drag_moves_the_pixels_in_one_step(ctx: FakeContext, dx: int, dy: int) -> None:
    before, third, fourth = ctx.snapshot(), ctx.mask(3), ctx.mask(4)
    hand = Hand(ctx, TOOLS["select"]())
    hand.drag((8, 8), (20, 30), (40, 3), (8 + dx, 8 + dy))
    assert np.array_equal(ctx.mask(3), moved(third, dx, dy))
    assert np.array_equal(ctx.mask(4), fourth & ~ctx.mask(3))
    assert ctx.history.titles() == ["Move region"]
    ctx.history.undo(ctx.annotation)
    assert ctx.snapshot() == before


def test_a_trembling_click_moves_nothing(ctx: FakeContext) -> None:
    before = ctx.snapshot()
    Hand(ctx, TOOLS["select"]()).drag((8, 8), (10, 9), (8, 8))
    assert ctx.snapshot() == before and not ctx.history.titles()


def test_a_locked_region_stays_where_it_is(ctx: FakeContext) -> None:
    ctx.add(ctx.mask(3), 3, locked=True)
    before = ctx.snapshot()
    hand = Hand(ctx, TOOLS["select"]())
    hand.drag((8, 8), (20, 20), (30, 30))
    assert ctx.snapshot() == before and isinstance(hand.errors[0], SegcoreError)
    assert ctx.active_region == 3


def test_moving_onto_a_locked_region_spares_it(ctx: FakeContext) -> None:
    fourth = ctx.mask(4)
    ctx.add(fourth, 4, locked=True)
    Hand(ctx, TOOLS["select"]()).drag((8, 8), (20, 8), (23, 8))
    assert np.array_equal(ctx.mask(4), fourth)


def test_on_the_way_the_region_is_lifted_and_esc_puts_it_back(ctx: FakeContext) -> None:
    before, third = ctx.snapshot(), ctx.mask(3)
    hand = Hand(ctx, TOOLS["select"]())
    hand.press(8, 8)
    hand.move(0, 30)
    hand.move(1, 20)
    assert not ctx.mask(3).any()
    shown = np.zeros(ctx.shape, bool)
    shown[ctx.previews[-1]["box"]] = ctx.previews[-1]["mask"]
    assert np.array_equal(shown, moved(third, -7, 12))
    hand.escape()
    assert ctx.snapshot() == before and not ctx.history.titles()


def test_a_region_carried_back_to_its_place_is_no_step(ctx: FakeContext) -> None:
    before = ctx.snapshot()
    Hand(ctx, TOOLS["select"]()).drag((8, 8), (30, 30), (8, 8))
    assert ctx.snapshot() == before and not ctx.history.titles()
