"""Masks against slow definitions: distances to segments, point in polygon by counting, breadth-first search."""
from __future__ import annotations

import math
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segcore import masks
from segcore.errors import PromptError

SHAPE = (23, 31)
coordinate = st.floats(-15, 45, width=32)
point = st.tuples(coordinate, coordinate)
small_masks = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def whole(shape, part):
    box, mask = part
    full = np.zeros(shape, bool)
    full[box] = mask
    assert mask.shape == full[box].shape
    return full


def distance_to_segment(x, y, start, end):
    dx, dy = end[0] - start[0], end[1] - start[1]
    square = dx * dx + dy * dy
    t = 0 if square == 0 else max(0, min(1, ((x - start[0]) * dx + (y - start[1]) * dy) / square))
    return math.hypot(x - start[0] - t * dx, y - start[1] - t * dy)


@settings(max_examples=150, deadline=None)
@given(point, point, st.floats(0.75, 12))
def test_round_line_is_every_centre_within_the_radius(start, end, radius):
    got = whole(SHAPE, masks.thick_line(SHAPE, start, end, radius))
    for y in range(SHAPE[0]):
        for x in range(SHAPE[1]):
            away = distance_to_segment(x + 0.5, y + 0.5, start, end) - radius
            if abs(away) > 1e-5:
                assert got[y, x] == (away < 0), (x, y)


@settings(max_examples=100, deadline=None)
@given(point, point, st.floats(0.75, 12))
def test_square_line_is_a_swept_square(start, end, radius):
    got = whole(SHAPE, masks.thick_line(SHAPE, start, end, radius, square=True))
    # The sweep of a square along a segment is the set of points for which some t in 0..1 is within reach in both axes.
    for y in range(SHAPE[0]):
        for x in range(SHAPE[1]):
            margins = []
            for slack in (-1e-5, 1e-5):
                low, high = 0.0, 1.0
                for centre, a, b in ((x + 0.5, start[0], end[0]), (y + 0.5, start[1], end[1])):
                    reach = radius + slack
                    if abs(b - a) < 1e-9:
                        low, high = (low, high) if abs(centre - a) <= reach else (1.0, 0.0)
                    else:
                        ts = sorted(((centre - reach - a) / (b - a), (centre + reach - a) / (b - a)))
                        low, high = max(low, ts[0]), min(high, ts[1])
                margins.append(low <= high)
            if margins[0] == margins[1]:
                assert got[y, x] == margins[0], (x, y)


@given(st.tuples(st.floats(0, 30.9), st.floats(0, 22.9)), st.floats(0.01, 0.7))
def test_the_smallest_brush_always_paints_the_pixel_under_it(at, radius):
    assert whole(SHAPE, masks.disk(SHAPE, at, radius))[int(at[1]), int(at[0])]


@given(st.tuples(st.floats(0, 30.9), st.floats(0, 22.9)), st.tuples(st.floats(0, 30.9), st.floats(0, 22.9)))
def test_a_one_pixel_line_is_connected_and_as_long_as_its_longer_side(start, end):
    got = whole(SHAPE, masks.thick_line(SHAPE, start, end, 0.5))
    assert masks.components(got)[1] == 1
    longer = max(abs(math.floor(end[0]) - math.floor(start[0])), abs(math.floor(end[1]) - math.floor(start[1])))
    assert got.sum() == longer + 1
    assert got[int(start[1]), int(start[0])] and got[int(end[1]), int(end[0])]


def test_a_stroke_outside_the_image_is_empty():
    box, mask = masks.thick_line(SHAPE, (-50, -50), (-40, 900), 3)
    assert mask.size == 0 and np.zeros(SHAPE)[box].shape == mask.shape


def slow_inside(x, y, points):
    """Count edges above the point; an edge owns its left end but not its right one."""
    odd = False
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        if ax > bx:
            (ax, ay), (bx, by) = (bx, by), (ax, ay)
        if ax <= x < bx and ay + (x - ax) * ((by - ay) / (bx - ax)) <= y:
            odd = not odd
    return odd


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.floats(-20, 50), st.floats(-20, 50)), min_size=3, max_size=9))
def test_polygon_is_even_odd_at_pixel_centres(points):
    got = whole(SHAPE, masks.polygon(SHAPE, points))
    expected = np.array([[slow_inside(x + 0.5, y + 0.5, points) for x in range(SHAPE[1])] for y in range(SHAPE[0])])
    np.testing.assert_array_equal(got, expected)


def test_neighbouring_polygons_share_no_pixel_and_leave_none():
    apex = (15.3, 11.5)
    corners = [(0, 0), (31, 0), (31, 23), (0, 23)]
    parts = [whole(SHAPE, masks.polygon(SHAPE, [apex, a, b])) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)]
    np.testing.assert_array_equal(sum(p.astype(int) for p in parts), 1)


def test_large_polygon_equals_its_small_self():
    star = [(300 + 290 * math.cos(k * 4 * math.pi / 5), 300 + 290 * math.sin(k * 4 * math.pi / 5)) for k in range(5)]
    big = whole((600, 600), masks.polygon((600, 600), star))
    assert not big[300, 300] and big[300, 580 - 8] and slow_inside(450.5, 300.5, star) == big[300, 450]


@pytest.mark.parametrize("points", [[], [(1, 1)], [(1, 1), (5, 5)], [(2, 2), (2, 2), (2, 2)], [(99, 99), (120, 99), (99, 130)]])
def test_degenerate_polygons_are_empty(points):
    assert not whole(SHAPE, masks.polygon(SHAPE, points)).any()


def test_huge_and_broken_coordinates():
    full = whole(SHAPE, masks.polygon(SHAPE, [(-1e8, -1e8), (1e8, -1e8), (1e8, 1e8), (-1e8, 1e8)]))
    assert full.all()
    with pytest.raises(PromptError):
        masks.polygon(SHAPE, [(0, 0), (math.nan, 3), (4, 4)])
    with pytest.raises(PromptError):
        masks.thick_line(SHAPE, (0, math.inf), (3, 3), 2)


def slow_fill(values, x, y):
    seen, queue = {(y, x)}, deque([(y, x)])
    while queue:
        r, c = queue.popleft()
        for n in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
            inside = 0 <= n[0] < values.shape[0] and 0 <= n[1] < values.shape[1]
            if inside and n not in seen and values[n] == values[y, x]:
                seen.add(n)
                queue.append(n)
    return seen


@settings(deadline=None)
@given(arrays(np.uint16, (9, 11), elements=st.sampled_from([0, 1, 300])), st.integers(0, 10), st.integers(0, 8))
def test_flood_fill_equals_breadth_first_search(values, x, y):
    got = masks.flood_fill(values, x + 0.7, y + 0.2)
    assert set(zip(*(a.tolist() for a in np.nonzero(got)), strict=True)) == slow_fill(values, x, y)
    assert not masks.flood_fill(values, -1, 3).any() and not masks.flood_fill(values, 3, 9).any()


@settings(deadline=None)
@given(small_masks, st.floats(0.5, 5))
def test_grow_and_shrink_are_euclidean(mask, pixels):
    rows, columns = np.indices(mask.shape)

    def nearest(of):
        at = np.argwhere(of)
        away = np.full(mask.shape, np.inf)
        for r, c in at:
            away = np.minimum(away, np.hypot(rows - r, columns - c))
        return away

    np.testing.assert_array_equal(masks.grow(mask, pixels), nearest(mask) <= pixels)
    np.testing.assert_array_equal(masks.shrink(mask, pixels), mask & (nearest(~mask) > pixels))


@settings(deadline=None)
@given(small_masks)
def test_boundary_touches_the_outside(mask):
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    np.testing.assert_array_equal(masks.boundary(mask), mask & ~inner)


@settings(deadline=None)
@given(small_masks, st.integers(0, 4))
def test_fill_holes_fills_what_cannot_reach_the_edge(mask, max_area):
    padded = np.pad(mask, 1)
    outside = slow_fill(padded, 0, 0)
    expected = mask.copy()
    for r, c in np.argwhere(~mask):
        hole = slow_fill(mask, int(c), int(r))
        if (r + 1, c + 1) not in outside and (max_area == 0 or len(hole) <= max_area):
            expected[r, c] = True
    np.testing.assert_array_equal(masks.fill_holes(mask, max_area), expected)


@settings(deadline=None)
@given(small_masks, st.integers(1, 6))
def test_remove_specks_keeps_large_parts(mask, min_area):
    labels, count = masks.components(mask)
    assert labels.dtype == np.int32 and labels.max() == count and np.array_equal(labels > 0, mask)
    expected = np.zeros_like(mask)
    for k in range(1, count + 1):
        if (labels == k).sum() >= min_area:
            expected |= labels == k
    np.testing.assert_array_equal(masks.remove_specks(mask, min_area), expected)


def test_components_touch_by_corners_unless_told_otherwise():
    mask = np.eye(3, dtype=bool)
    assert masks.components(mask)[1] == 1 and masks.components(mask, connectivity=4)[1] == 3


@given(small_masks, st.integers(-14, 14), st.integers(-14, 14))
def test_shift_moves_every_pixel(mask, dx, dy):
    expected = np.zeros_like(mask)
    for r, c in np.argwhere(mask):
        if 0 <= r + dy < mask.shape[0] and 0 <= c + dx < mask.shape[1]:
            expected[r + dy, c + dx] = True
    np.testing.assert_array_equal(masks.shift(mask, dx, dy), expected)


@given(small_masks)
def test_bounding_box_is_tight(mask):
    box = masks.bounding_box(mask)
    if box is None:
        assert not mask.any()
        return
    x0, y0, x1, y1 = box
    inner = mask[y0:y1, x0:x1]
    assert inner.sum() == mask.sum() and inner[0].any() and inner[-1].any() and inner[:, 0].any() and inner[:, -1].any()


def test_functions_leave_their_input_alone_and_take_read_only_views():
    big = np.zeros((40, 60), bool)
    big[5:30, 7:41] = True
    big[10:12, 10:12] = False
    view = big[::2, ::3]
    view.setflags(write=False)
    before = view.copy()
    for result in (masks.grow(view, 2), masks.shrink(view, 1), masks.fill_holes(view), masks.remove_specks(view, 3),
                   masks.boundary(view), masks.shift(view, 1, 1), masks.flood_fill(view, 4, 4)):
        assert result.dtype == bool and result.shape == view.shape and result.flags.writeable
    np.testing.assert_array_equal(view, before)
