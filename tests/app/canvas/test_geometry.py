"""Screen and image coordinates fit each other exactly, at every zoom."""
from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.canvas.geometry import LARGEST_SCALE, View, fitted, intersect

scales = st.floats(0.01, LARGEST_SCALE)
places = st.floats(-5000, 5000)
sides = st.integers(1, 40000)
views = st.builds(lambda s, x, y, h, w, a, b: View(s, x, y, (h, w), (a, b)), scales, places, places, sides, sides,
                  st.integers(1, 3000), st.integers(1, 3000))


@given(views, places, places)
def test_there_and_back(view: View, x: float, y: float) -> None:
    back = view.to_screen(*view.to_image(x, y))
    assert math.isclose(back[0], x, abs_tol=1e-6) and math.isclose(back[1], y, abs_tol=1e-6)


@given(views, st.lists(scales, min_size=1, max_size=12), st.floats(0, 1), st.floats(0, 1))
def test_the_pixel_under_the_cursor_stays_under_it(view: View, zooms: list[float], u: float, v: float) -> None:
    cursor = view.to_screen(u * view.shape[1], v * view.shape[0])
    point = view.to_image(*cursor)
    for scale in zooms:
        view = view.zoomed(scale, cursor)
        # At 100 % the image is put on whole device pixels, which then are image pixels: half of one at most, each time.
        slack = 0.5 * sum(z == 1.0 for z in zooms) + 1e-6 * max(1, abs(point[0]), abs(point[1]))
        assert all(abs(a - b) <= slack for a, b in zip(view.to_image(*cursor), point, strict=True))


@given(views)
def test_every_visible_pixel_is_the_one_under_its_centre(view: View) -> None:
    x0, y0, x1, y1 = view.visible
    for i, column in zip(range(x0, x1), view.columns(x0, x1)[:50], strict=False):
        exact = (i + 0.5 - view.x) / view.scale
        assert column == min(max(math.floor(exact), 0), view.shape[1] - 1)


@given(views, st.integers(0, 60), st.integers(0, 60), st.integers(1, 60), st.integers(1, 60))
def test_a_changed_box_is_repainted_wherever_it_shows(view: View, top: int, left: int, height: int, width: int) -> None:
    box = (slice(top, top + height), slice(left, left + width))
    x0, y0, x1, y1 = view.visible
    columns, rows = view.columns(x0, x1), view.rows(y0, y1)
    shows_x = x0 + np.flatnonzero((columns >= left) & (columns < left + width))
    shows_y = y0 + np.flatnonzero((rows >= top) & (rows < top + height))
    if shows_x.size and shows_y.size and view.shape[0] * view.scale >= 1 and view.shape[1] * view.scale >= 1:
        rect = view.device_rect(box)
        assert rect[0] <= shows_x[0] and shows_x[-1] < rect[2] and rect[1] <= shows_y[0] and shows_y[-1] < rect[3]


@given(sides, sides, st.integers(60, 3000), st.integers(60, 3000))
def test_fit_shows_all_in_the_middle(height: int, width: int, w: int, h: int) -> None:
    view = fitted((height, width), (w, h), 16)
    left, top = view.to_screen(0, 0)
    right, bottom = view.to_screen(width, height)
    assert min(left, top) >= 15 and right <= w - 15 and bottom <= h - 15
    assert abs(left + right - w) <= 2 and abs(top + bottom - h) <= 2
    x0, y0, x1, y1 = view.visible
    assert x1 > x0 and y1 > y0, "however thin, something is seen"


@given(views)
def test_the_image_cannot_be_lost(view: View) -> None:
    kept = view.kept_in_sight(48)
    x0, y0, x1, y1 = intersect(kept.image_rect, (0, 0, *kept.size))
    assert x1 > x0 and y1 > y0
    assert kept.scale == view.scale


def test_hundred_percent_lies_on_whole_pixels() -> None:
    view = View(0.7, 3.3, -8.8, (100, 100), (300, 200)).zoomed(1.0, (50.5, 20.25))
    assert view.x == int(view.x) and view.y == int(view.y)
