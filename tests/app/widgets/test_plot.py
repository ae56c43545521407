"""The plot: scales, round ticks, what it reads out under the mouse, and that curves are painted in both themes."""
from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from app.theme import colors, theme
from app.widgets.plot import LEFT, RIGHT, Curve, Plot, averaged, nearest, place, scale_of, short, thinned, ticks

LOSS = [(float(i), 2 / i) for i in range(1, 101)]
SCORE = [(20.0, 0.2), (60.0, 0.4), (100.0, 0.5)]


def per_cent(value: float) -> str:
    return f"{100 * value:.0f} %"


@pytest.fixture
def plot(qtbot: Any) -> Plot:
    plot = Plot("Nothing yet.")
    qtbot.addWidget(plot)
    plot.resize(300, 170)
    plot.show()
    return plot


def shown(plot: Plot) -> None:
    plot.show_curves([Curve("loss", LOSS, "warning", smooth=True, low=0.0),
                      Curve("mean IoU", SCORE, "accent", right=True, low=0.0, high=1.0, text=per_cent)])


def count(plot: Plot, role: str) -> int:
    """Pixels close to a colour of the theme."""
    image, wanted = plot.grab().toImage(), QColor(getattr(colors(), role))
    return sum(abs(c.red() - wanted.red()) + abs(c.green() - wanted.green()) + abs(c.blue() - wanted.blue()) < 40
               for y in range(image.height()) for c in [image.pixelColor(x, y) for x in range(image.width())])


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_curves_are_painted_in_the_colours_of_the_theme(plot: Plot, choice: str) -> None:
    theme().apply(choice)
    empty = count(plot, "warning"), count(plot, "accent")
    shown(plot)
    assert count(plot, "warning") > empty[0] + 100 and count(plot, "accent") > empty[1] + 100


def test_an_empty_plot_says_so(plot: Plot) -> None:
    plot.show_curves([Curve("loss", [])])
    assert plot.reading(3) == "Nothing yet." == plot.accessibleDescription()
    assert not plot.grab().isNull()


def test_the_last_values_are_read_out_and_under_the_mouse_the_nearest(plot: Plot) -> None:
    shown(plot)
    assert plot.accessibleDescription() == "Step 100: loss 0.02, mean IoU 50 %"
    assert plot.reading(50) == "Step 50: loss 0.04, mean IoU 40 %"
    assert plot.reading(-5) == "Step 1: loss 2, mean IoU 20 %"


def test_hovering_draws_a_line_and_leaving_removes_it(plot: Plot) -> None:
    shown(plot)
    before = plot.grab().toImage()
    QTest.mouseMove(plot, QPointF(LEFT + (plot.width() - LEFT - RIGHT) / 2, 80).toPoint())
    assert plot.grab().toImage() != before
    plot.leaveEvent(None)
    assert plot.grab().toImage() == before


@pytest.mark.parametrize("points", [[(1.0, 0.5)], [(1.0, 0.5), (2.0, 0.5)], [(1.0, math.nan), (2.0, 0.5)], [(1.0, math.inf)]])
def test_few_equal_and_impossible_values_are_painted(plot: Plot, points: list[tuple[float, float]]) -> None:
    plot.show_curves([Curve("loss", points, smooth=True)])
    assert not plot.grab().isNull()


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 8))
def test_ticks_are_few_round_and_within(low: float, width: float, most: int) -> None:
    high = low + width
    if high <= low:
        return
    found = ticks(low, high, most)
    assert len(found) <= most + 1 and all(low - 1e-6 * width <= t <= high + 1e-6 * width for t in found)
    steps = {f"{b - a:.0e}"[0] for a, b in zip(found, found[1:], strict=False) if b - a > 1e-9 * abs(b)}
    assert steps <= {"1", "2", "5"} or width < 1e-4 * abs(low)


@given(st.lists(st.tuples(st.integers(0, 999), st.floats(-5, 5)), min_size=1, unique_by=lambda p: p[0]), st.floats(-10, 1010))
def test_nearest_is_nearest(points: list[tuple[float, float]], x: float) -> None:
    points.sort()
    assert abs(nearest(points, x)[0] - x) == min(abs(p[0] - x) for p in points)


def test_averages_scales_and_words() -> None:
    assert [y for _, y in averaged([(1, 4.0), (2, 4.0), (3, 4.0)])] == pytest.approx([4, 4, 4])
    assert averaged([(1, 0.0), (2, 1.0)], 0.5)[1] == (2, pytest.approx(2 / 3))
    few = thinned([(float(i), float(i % 2)) for i in range(1000)], 100)
    assert len(few) == 100 and all(y == 0.5 for _, y in few) and few[-1][0] == 999
    assert scale_of([]) == (0.0, 1.0) and scale_of([3.0]) == (2.5, 3.5) and place(5, (0, 10), 100, 200) == 150
    assert [short(v) for v in (5, 2500, 20000)] == ["5", "2.5k", "20k"]
