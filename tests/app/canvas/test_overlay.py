"""The overlay against a slow rendering, pixel by pixel, from the definition."""
from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from numpy.typing import NDArray

from app.canvas.geometry import View
from app.canvas.overlay import RIM, Paint, argb, argb_table, render, sample
from app.canvas.palette import RegionPalette
from segcore.types import LabelClass, Region

RNG = np.random.default_rng(7)
FILL = argb_table(RNG.integers(0, 256, (5, 3)), 0.5)
EDGE = argb_table(RNG.integers(0, 256, (5, 3)), 1.0)
VIEWS = [View(*place, (30, 44), (50, 40)) for place in
         ((1.0, 3, -4), (0.41, 5.3, 2.8), (3.7, -31.2, -8.9), (16.0, -200.5, -100.25), (0.03, 7, 7))]
PAINTS = {"fill": Paint(FILL), "outline": Paint(FILL, EDGE), "selected": Paint(FILL, EDGE, None, 3, 2)}


def blobs(dtype: type = np.uint16) -> NDArray[np.generic]:
    return np.kron(RNG.integers(0, 5, (6, 11)), np.ones((5, 4), int)).astype(dtype)


def slow(labels: NDArray[np.generic], paint: Paint, view: View) -> NDArray[np.uint32]:
    x0, y0, x1, y1 = view.image_rect
    height, width = labels.shape

    def label(x: int, y: int) -> int:
        column, row = view.to_image(x + 0.5, y + 0.5)
        return int(labels[min(max(int(row * (height / view.shape[0])), 0), height - 1),
                          min(max(int(column * (width / view.shape[1])), 0), width - 1)])

    left, top, right, bottom = view.visible
    picture = np.zeros((bottom - top, right - left), np.uint32)
    for y in range(top, bottom):
        for x in range(left, right):
            here = label(x, y)
            color = paint.fill[here]
            if paint.edge is not None:
                near, close = ({label(i, j) for j in range(max(y - reach, y0), min(y + reach + 1, y1))
                                for i in range(max(x - reach, x0), min(x + reach + 1, x1))} for reach in (paint.width, 1))
                color = paint.edge[here] if len(near) > 1 else color
                color = RIM if paint.selected in close and here != paint.selected else color
            picture[y - top, x - left] = color
    return picture


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("paint", PAINTS.values(), ids=PAINTS)
def test_equals_the_definition(view: View, paint: Paint) -> None:
    labels = blobs()
    assert np.array_equal(render(labels, paint, view, view.visible), slow(labels, paint, view))


@pytest.mark.parametrize("view", VIEWS[:4])
def test_parts_are_parts_of_the_whole(view: View) -> None:
    """So that repainting a changed box, or the strip that comes into view while panning, leaves no seam."""
    labels, paint = blobs(), Paint(FILL, EDGE, argb_table(RNG.integers(0, 256, (5, 3))), 2, 2)
    x0, y0, x1, y1 = view.visible
    whole = render(labels, paint, view, (x0, y0, x1, y1))
    for _ in range(20):
        a, b = sorted(RNG.integers(x0, x1 + 1, 2))
        c, d = sorted(RNG.integers(y0, y1 + 1, 2))
        if a < b and c < d:
            assert np.array_equal(render(labels, paint, view, (a, c, b, d)), whole[c - y0:d - y0, a - x0:b - x0])


def test_dashes_move_with_the_image() -> None:
    labels, paint = blobs(), Paint(FILL, EDGE, argb_table(RNG.integers(0, 256, (5, 3))))
    view = View(1.7, -3.4, -2.9, (30, 44), (50, 40))
    moved = view.placed(view.scale, view.x + 5, view.y + 3)
    assert np.array_equal(render(labels, paint, view, (10, 8, 40, 30)), render(labels, paint, moved, (15, 11, 45, 33)))


@pytest.mark.parametrize("dx, dy", [(1, 0), (0, 1), (1, 1), (1, -1)])
def test_dashes_are_dashes_along_rows_columns_and_both_diagonals(dx: int, dy: int) -> None:
    labels, two = np.zeros((64, 64), np.uint16), np.zeros(2, np.uint32)
    y, x = np.mgrid[:64, :64]
    labels[dx * (y - 32) < dy * (x - 32)] = 1
    view = View(1.0, 0, 0, (64, 64), (64, 64))
    picture = render(labels, Paint(two, two + 1, two + 2), view, (0, 0, 64, 64))
    line = [int(picture[32 + dy * n, 32 + dx * n]) for n in range(-28, 28)]
    runs = [len(list(run)) for _, run in groupby(line)]
    assert set(line) == {1, 2} and max(runs) <= 8, line


@pytest.mark.parametrize("dtype", [np.int16, np.int8])
def test_minus_one_takes_the_last_colour(dtype: type) -> None:
    labels = blobs(dtype)
    labels[labels == 4] = -1
    paint = Paint(FILL)
    view = VIEWS[0]
    assert np.array_equal(render(labels, paint, view, view.visible), slow(labels, paint, view))


def test_planes_of_another_size_are_stretched() -> None:
    view = VIEWS[2]
    labels = blobs()[::3, ::2].copy()
    assert np.array_equal(render(labels, Paint(FILL), view, view.visible), slow(labels, Paint(FILL), view))
    assert sample(labels, view, view.visible).dtype == np.uint16


def test_premultiplied_colours() -> None:
    assert argb((255, 128, 0)) == 0xFFFF8000
    assert argb((255, 128, 0), 0.5) == 0x80804000
    assert argb((255, 255, 255), 0) == 0
    table = argb_table(RNG.integers(0, 256, (100, 3)), RNG.random(100))
    assert all(((table >> shift) & 255 <= table >> 24).all() for shift in (0, 8, 16))


CLASSES = {1: LabelClass(1, "cat", (200, 40, 40)), 2: LabelClass(2, "sky", (40, 90, 220), is_thing=False)}


def palette(regions: dict[int, Region], mode: str = "both", selected: int = 0, **options: object) -> Paint:
    made = RegionPalette()
    made.mode = mode
    for name, value in options.items():
        setattr(made, name, value)
    made.rebuild(regions, CLASSES, selected)
    return made.paint()


def test_touching_things_of_a_class_differ_and_stuff_does_not() -> None:
    regions = {i: Region(i, 1) for i in range(1, 40)} | {i: Region(i, 2) for i in range(40, 45)}
    fill = palette(regions).fill
    def distance(a: int, b: int) -> int:
        return sum(abs(int(fill[a] >> s & 255) - int(fill[b] >> s & 255)) for s in (0, 8, 16))
    assert all(distance(i, i + 1) > 20 for i in range(1, 38))
    assert len({int(c) for c in fill[40:45]}) == 1
    assert fill[0] == 0 and fill[100] == 0


def test_modes() -> None:
    regions = {1: Region(1, 1), 2: Region(2, 2)}
    assert palette(regions, "fill").edge is None
    assert not palette(regions, "outline").fill.any() and palette(regions, "outline").edge is not None
    assert palette(regions, "mask").fill[2] == argb((40, 90, 220)) and palette(regions, "mask").fill[0] >> 24 == 255
    off = palette(regions, "off", selected=1)
    assert not off.fill.any() and off.edge is None
    assert palette(regions, "fill", opacity=0.25).fill[2] == argb((40, 90, 220), 0.25)


def test_selected_locked_and_hidden() -> None:
    regions = {1: Region(1, 1), 2: Region(2, 2, locked=True)}
    chosen = palette(regions, selected=1)
    assert chosen.edge is not None and chosen.edge[1] == 0xFFFFFFFF and chosen.selected == 1
    assert chosen.dash is not None and chosen.dash[2] != chosen.edge[2] and chosen.dash[1] == chosen.edge[1]
    hidden = palette(regions, selected=1, hidden_classes=frozenset({1}))
    assert hidden.fill[1] == 0 and hidden.edge is not None and hidden.edge[1] == 0 and hidden.selected is None
    assert palette(regions, hidden_regions=frozenset({2})).fill[2] == 0


def test_tables_follow_the_region_table() -> None:
    made = RegionPalette()
    regions = {1: Region(1, 1)}
    made.rebuild(regions, CLASSES, 0)
    regions[2] = Region(2, 2)
    assert not made.knows(regions)
    assert made.update(regions) is False, "a new region has no pixels yet: nothing to repaint"
    assert made.knows(regions) and made.paint().fill[2]
    regions[1] = Region(1, 2)
    assert made.update(regions) is True
    assert made.paint().fill[1] == made.paint().fill[2]
    del regions[2]
    made.update(regions)
    regions[2] = Region(2, 1)
    made.update(regions)
    fresh = RegionPalette()
    fresh.rebuild(regions, CLASSES, 0)
    assert np.array_equal(made.paint().fill, fresh.paint().fill)
