"""What prompts say about single pixels."""
from __future__ import annotations

import numpy as np
import pytest

from segcore.energy import evidence as ev
from segcore.energy.coarse import without_islands
from segcore.errors import PromptError
from segcore.types import Prompt


def points(*xyl: tuple[float, float, int]) -> Prompt:
    return Prompt(points=np.array([p[:2] for p in xyl], np.float32), labels=np.array([p[2] for p in xyl], np.uint8))


def test_clicks_are_discs_and_the_newest_wins() -> None:
    seeds = ev.hard_seeds(points((10.5, 8.5, 1), (11.5, 8.5, 0)), (20, 30), 2.0)
    assert seeds[8, 8] == 1 and seeds[8, 11] == 0 and seeds[8, 10] == 0 and seeds[8, 14] == -1


def test_clicks_outside_are_ignored() -> None:
    assert (ev.hard_seeds(points((-1, 3, 1), (30, 3, 1)), (20, 30), 2.0) == -1).all()


def test_a_part_holds_what_the_whole_holds() -> None:
    scribble = np.random.default_rng(0).integers(-1, 2, (20, 30)).astype(np.int8)
    prompt = Prompt(points=np.array([[15, 10]], np.float32), labels=np.array([1], np.uint8), scribble=scribble)
    whole = ev.hard_seeds(prompt, (20, 30), 3.0)
    assert (ev.seeds_in(prompt, slice(5, 18), slice(4, 29), 3.0) == whole[5:18, 4:29]).all()


@pytest.mark.parametrize("box", [(-5, -5, 3, 3), (29.5, 19.5, 99, 99), (0, 0, .1, .1), (4.2, 5.7, 9.1, 8)])
def test_boxes_are_cut_to_the_image_and_never_empty(box: tuple[float, float, float, float]) -> None:
    rows, cols = ev.box_slices(box, (20, 30))
    assert 0 <= rows.start < rows.stop <= 20 and 0 <= cols.start < cols.stop <= 30


def test_marked_bounds_hold_points_and_strokes() -> None:
    scribble = np.full((20, 30), -1, np.int8)
    scribble[3, 25], scribble[19, 0] = 1, 0
    prompt = Prompt(points=np.array([[4.9, 7.2]], np.float32), labels=np.array([1], np.uint8), scribble=scribble)
    assert ev.marked_bounds(prompt, (20, 30)) == (slice(3, 8), slice(4, 26))
    assert ev.marked_bounds(Prompt(), (20, 30)) is None


def test_pictures_become_rgb_or_are_refused() -> None:
    assert ev.as_rgb(np.zeros((4, 5), np.uint8)).shape == (4, 5, 3)
    for bad in (np.zeros((4, 5, 3)), np.zeros((0, 5, 3), np.uint8), np.zeros((4, 5, 2), np.uint8)):
        with pytest.raises(PromptError):
            ev.as_rgb(bad)


def test_islands_go_unless_marked() -> None:
    mask = np.zeros((40, 40), bool)
    mask[5:25, 5:25], mask[30:32, 30:32], mask[35:37, 5:7] = True, True, True
    marked = np.zeros_like(mask)
    marked[35, 5] = True
    out = without_islands(mask, marked, .05)
    assert out[10, 10] and not out[30, 30] and out[36, 6]
