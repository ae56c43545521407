"""Edits, patches and history against an oracle that keeps whole copies of every state."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.errors import SegcoreError
from segcore.history import TILE, Edit, History, PaintPolicy
from segcore.types import Annotation, Region

SHAPE = (300, 530)    # more than one tile each way, edges not on tile borders


def state(annotation: Annotation) -> tuple[bytes, dict[int, Region]]:
    return annotation.region_map.tobytes(), dict(annotation.regions)


box_and_seed = st.tuples(st.integers(-20, SHAPE[0]), st.integers(-20, SHAPE[1]), st.integers(1, 300), st.integers(1, 300),
                         st.integers(0, 10_000), st.sampled_from(["new", "old", "erase", "remove", "lock"]))


def random_edit(annotation: Annotation, history: History, what: tuple[int, int, int, int, int, str]) -> None:
    y, x, h, w, seed, action = what
    rng = np.random.default_rng(seed)
    rows = slice(max(y, 0), min(max(y, 0) + h, SHAPE[0]))
    cols = slice(max(x, 0), min(max(x, 0) + w, SHAPE[1]))
    mask = rng.random((max(0, rows.stop - rows.start), max(0, cols.stop - cols.start))) < 0.6
    with Edit(annotation, action, on_commit=history.push) as edit:
        ids = sorted(edit.regions)
        if action == "remove" and ids:
            edit.remove_region(ids[seed % len(ids)])
        elif action == "lock" and ids:
            old = edit.regions[ids[seed % len(ids)]]
            edit.set_region(Region(old.id, old.class_id, not old.locked, old.source))
        elif action == "erase":
            edit.paint((rows, cols), mask, 0)
        else:
            edit.paint((rows, cols), mask, ids[0] if action == "old" and ids else edit.new_region(1 + seed % 5))


@settings(max_examples=40, deadline=None)
@given(st.lists(box_and_seed, min_size=1, max_size=8), st.lists(st.booleans(), max_size=20))
def test_undo_and_redo_are_bit_exact(edits: list, walk: list[bool]) -> None:
    annotation, history = Annotation(SHAPE), History()
    states = [state(annotation)]
    for what in edits:
        random_edit(annotation, history, what)
        if state(annotation) != states[-1]:
            states.append(state(annotation))
    position = len(states) - 1
    for back in walk:
        moved = (history.undo if back else history.redo)(annotation) is not None
        position += (-1 if back else 1) * moved
        assert state(annotation) == states[position]
    while history.undo(annotation):
        position -= 1
        assert state(annotation) == states[position]
    assert position == 0
    while history.redo(annotation):
        position += 1
    assert state(annotation) == states[-1] and position == len(states) - 1


@settings(max_examples=30, deadline=None)
@given(st.lists(box_and_seed, min_size=1, max_size=4), box_and_seed)
def test_an_exception_rolls_everything_back(edits: list, last: tuple) -> None:
    annotation, history = Annotation(SHAPE), History()
    for what in edits:
        random_edit(annotation, history, what)
    before, steps = state(annotation), history.titles()

    def interrupted(patch: object) -> None:
        raise AssertionError("committed in spite of the error")
    with pytest.raises(GeneratorExit), Edit(annotation, "x", on_commit=interrupted) as edit:
        edit.paint((slice(10, 290), slice(0, 530)), np.ones((280, 530), bool), edit.new_region(3))
        edit.paint((slice(0, 300), slice(250, 260)), np.ones((300, 10), bool), 0)
        raise GeneratorExit
    assert state(annotation) == before and history.titles() == steps


@pytest.mark.parametrize("policy", [PaintPolicy(), PaintPolicy(protect_others=True), PaintPolicy(only_unlabelled=True)])
@pytest.mark.parametrize("target", [0, 1, 3])
@pytest.mark.parametrize("selected", [0, 1])
def test_policy_and_locks_decide_which_pixels_change(policy: PaintPolicy, target: int, selected: int) -> None:
    annotation = Annotation((1, 4), {1: Region(1, 1), 2: Region(2, 1), 3: Region(3, 2), 4: Region(4, 2, locked=True)})
    annotation.region_map[0] = [0, 1, 2, 4]
    with Edit(annotation, "x", policy=policy, selected=selected) as edit:
        edit.paint((slice(0, 1), slice(0, 4)), np.ones((1, 4), bool), target)

    def expected(pixel: int) -> int:
        if pixel == 4:
            return 4                                     # locked: never
        if target and (policy.protect_others or policy.only_unlabelled) and pixel not in (0, target):
            return pixel
        if not target and policy.protect_others and selected and pixel != selected:
            return pixel
        return target
    assert annotation.region_map[0].tolist() == [expected(p) for p in (0, 1, 2, 4)]


def test_a_stroke_costs_what_it_covers() -> None:
    annotation, history = Annotation((4000, 4000)), History()
    with Edit(annotation, "x", on_commit=history.push) as edit:
        edit.paint((slice(2000, 2010), slice(2000, 2010)), np.ones((10, 10), bool), edit.new_region(1))
        assert len(edit._before) == 1 and next(iter(edit._before.values())).shape == (TILE, TILE)
    assert history.nbytes < 1000


def test_history_is_bounded_by_bytes_and_says_what_it_dropped() -> None:
    annotation, history = Annotation((256, 256)), History(limit_bytes=200_000)
    rng = np.random.default_rng(1)
    for _ in range(30):
        with Edit(annotation, "noise", on_commit=history.push) as edit:
            edit.paint((slice(0, 256), slice(0, 256)), rng.random((256, 256)) < 0.5, edit.new_region(1))
    assert history.nbytes <= 200_000 and history.dropped > 0 and len(history.titles()) + history.dropped == 30


def test_nothing_painted_is_no_step() -> None:
    annotation, history = Annotation((8, 8)), History()
    with Edit(annotation, "x", on_commit=history.push) as edit:
        edit.paint((slice(0, 8), slice(0, 8)), np.ones((8, 8), bool), 0)
    assert history.titles() == []


def test_revert_starts_the_same_edit_again() -> None:
    annotation, history = Annotation((40, 40)), History()
    with Edit(annotation, "drag", on_commit=history.push) as edit:
        for x in range(5):
            edit.revert()
            region = edit.new_region(2)
            edit.paint((slice(0, 4), slice(x, x + 4)), np.ones((4, 4), bool), region)
    assert annotation.region_map.astype(bool).sum() == 16 and annotation.region_map[0, 4] and not annotation.region_map[0, 3]
    assert list(annotation.regions) == [1] and len(history.titles()) == 1


def test_65535_regions_and_no_more() -> None:
    annotation = Annotation((1, 1), {i: Region(i, 1) for i in range(1, 65535)})
    assert annotation.free_id() == 65535
    annotation.regions[65535] = Region(65535, 1)
    with pytest.raises(SegcoreError, match="65,535"):
        annotation.free_id()
