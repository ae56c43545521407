"""The photo is shown as it is: exact from 100 %, averaged below, at any size."""
from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from app.canvas.geometry import View, fitted
from app.canvas.tiles import adjust, build_pyramid

from .conftest import photo


def rgb(packed: NDArray[np.uint32]) -> NDArray[np.uint8]:
    assert (packed >> 24 == 255).all()
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=2).astype(np.uint8)


@pytest.mark.parametrize("scale", [1.0, 2.0, 2.7, 3.0, 7.3, 16.0, 64.0])
def test_exact_pixels_from_100_percent(scale: float) -> None:
    pixels = photo(60, 90)
    view = View(1, 0, 0, (60, 90), (80, 70)).placed(scale, -13.0 if scale == 1 else -13.37 * scale, 5.0)
    rect = view.visible
    shown = rgb(build_pyramid(pixels).render(view, rect))
    for y in range(0, shown.shape[0], 3):
        for x in range(shown.shape[1]):
            column, row = view.to_image(rect[0] + x + 0.5, rect[1] + y + 0.5)
            assert (shown[y, x] == pixels[int(row), int(column)]).all()


@pytest.mark.parametrize("scale", [0.01, 0.03, 0.21, 0.5, 0.71, 0.99, 1.3, 1.99])
def test_smooth_below_200_percent_and_in_place(scale: float) -> None:
    """A slow ramp keeps its value at every place, whichever level it is taken from."""
    y, x = np.mgrid[:700, :1000]
    pixels = np.stack([x * 255 / 1000, y * 255 / 700, x * 0 + 77], axis=2).astype(np.uint8)
    view = View(1, 0, 0, pixels.shape[:2], (400, 300)).placed(scale, 20.3, -7.8 if scale > 0.3 else 9.1)
    x0, y0, x1, y1 = view.visible
    shown = rgb(build_pyramid(pixels).render(view, (x0, y0, x1, y1))).astype(float)
    wanted_x = ((np.arange(x0, x1) + 0.5 - view.x) / scale).clip(0, 999) * 255 / 1000
    wanted_y = ((np.arange(y0, y1) + 0.5 - view.y) / scale).clip(0, 699) * 255 / 700
    edge = 1 if scale < 1 else 3    # the outermost pixels may hold a share of nothing
    inner = np.s_[edge:-edge or None, edge:-edge or None]
    assert abs(shown[..., 0] - wanted_x)[inner].max(initial=0) < 2.5 + 0.2 / scale
    assert abs(shown[..., 1] - wanted_y[:, None])[inner].max(initial=0) < 2.5 + 0.2 / scale
    assert abs(shown[..., 2] - 77).max() <= 1


def test_small_pictures_are_averages_not_samples() -> None:
    pixels = np.zeros((512, 512, 3), np.uint8)
    pixels[:, ::2] = 255
    view = fitted((512, 512), (100, 100), 0)
    shown = rgb(build_pyramid(pixels).render(view, view.visible))
    assert abs(shown.astype(int) - 127).max() <= 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (7, 32768), (33, 40001), (129, 255), (3, 2)])
def test_odd_sizes(shape: tuple[int, int]) -> None:
    pixels = np.full((*shape, 3), (10, 200, 90), np.uint8)
    pyramid = build_pyramid(pixels)
    assert pyramid.levels[0] is pixels
    for view in (fitted(shape, (300, 200), 8), View(1.0, -3, -2, shape, (300, 200)), View(0.3, -3, 2, shape, (300, 200)),
                 View(1.7, -shape[1] * 1.7 + 40, 2, shape, (300, 200)), View(40.0, -3, 2, shape, (300, 200))):
        rect = view.visible
        if rect[2] > rect[0]:
            shown = rgb(pyramid.render(view, rect))
            assert shown.shape[:2] == (rect[3] - rect[1], rect[2] - rect[0])
            assert abs(shown.astype(int) - (10, 200, 90)).max() <= 1


def test_the_photo_is_not_copied_nor_changed() -> None:
    pixels = photo(300, 200)
    before = pixels.copy()
    pixels.flags.writeable = False
    pyramid = build_pyramid(pixels)
    for scale in (0.2, 1.0, 1.5, 5.0):
        view = View(scale, 0, 0, (300, 200), (100, 100))
        adjust(pyramid.render(view, view.visible), 0.3, 0.5)
    assert np.array_equal(pixels, before)
    assert sum(level.nbytes for level in pyramid.levels[1:]) < pixels.nbytes * 0.5


def test_parts_fit_the_whole() -> None:
    pyramid = build_pyramid(photo(200, 300))
    for scale in (0.4, 1.0, 3.3):
        view = View(scale, 4.0, 7.0, (200, 300), (120, 110))
        x0, y0, x1, y1 = view.visible
        whole = rgb(pyramid.render(view, (x0, y0, x1, y1))).astype(int)
        part = rgb(pyramid.render(view, (x0 + 11, y0 + 5, x1 - 3, y1 - 9))).astype(int)
        assert abs(whole[5:-9, 11:-3] - part).max() <= 3


def test_brightness_and_contrast() -> None:
    grey = np.array([[0xFF000000, 0xFF404040, 0xFF7F7F7F, 0xFFC0C0C0, 0xFFFFFFFF]], np.uint32)
    def values(*light: float) -> list[int]:
        return rgb(adjust(grey, *light))[0, :, 0].tolist()
    assert values(0, 0) == [0, 64, 127, 192, 255]
    brighter, harder, flat = values(0.2, 0), values(0, 0.5), values(0, -1)
    assert brighter[0] == 51 and brighter[-1] == 255 and brighter == sorted(brighter)
    assert harder[1] < 64 and harder[3] > 192 and harder == sorted(harder)
    assert set(flat) == {127}
