"""Where the image lies on the screen: one frozen value that photo, overlay, grid and pointer all share, so that they agree."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.types import Box

LARGEST_SCALE = 64.0
SMALLEST_SCALE = 0.01

Rect = tuple[int, int, int, int]
"""x0, y0, x1, y1 in device pixels, half open."""


@dataclass(frozen=True, slots=True)
class View:
    """`scale` device pixels per image pixel; `x`, `y` the device position of the image's upper left corner.

    `shape` is the image's (height, width), `size` the widget's (width, height) in device pixels.
    """

    scale: float = 1.0
    x: float = 0.0
    y: float = 0.0
    shape: tuple[int, int] = (1, 1)
    size: tuple[int, int] = (1, 1)

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Image coordinates of a device position."""
        return (x - self.x) / self.scale, (y - self.y) / self.scale

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """Device position of image coordinates."""
        return x * self.scale + self.x, y * self.scale + self.y

    def columns(self, x0: int, x1: int, count: int | None = None) -> NDArray[np.intp]:
        """Image column under the centre of each device column x0..x1; of a plane `count` columns wide when given."""
        return _indices(x0, x1, self.x, self.scale, self.shape[1], count)

    def rows(self, y0: int, y1: int, count: int | None = None) -> NDArray[np.intp]:
        """Image row under the centre of each device row y0..y1; of a plane `count` rows high when given."""
        return _indices(y0, y1, self.y, self.scale, self.shape[0], count)

    @property
    def image_rect(self) -> Rect:
        """The device pixels whose centre lies on the image, visible or not; never empty, however thin the image."""
        x0, x1 = _span(self.x, self.shape[1] * self.scale)
        y0, y1 = _span(self.y, self.shape[0] * self.scale)
        return x0, y0, x1, y1

    @property
    def visible(self) -> Rect:
        """The device pixels of the widget that show the image."""
        return intersect(self.image_rect, (0, 0, *self.size))

    def device_rect(self, box: Box, margin: int = 0) -> Rect:
        """The visible device pixels that show a box of the image, and `margin` more on each side."""
        y0, y1, _ = box[0].indices(self.shape[0])
        x0, x1, _ = box[1].indices(self.shape[1])
        if y1 <= y0 or x1 <= x0:
            return 0, 0, 0, 0
        left, top = self.to_screen(x0, y0)
        right, bottom = self.to_screen(x1, y1)
        return intersect(self.visible, (math.floor(left) - margin, math.floor(top) - margin,
                                        math.ceil(right) + margin, math.ceil(bottom) + margin))

    def zoomed(self, scale: float, at: tuple[float, float]) -> View:
        """The view at another scale with the image point under the device position `at` kept there."""
        x, y = self.to_image(*at)
        return self.placed(scale, at[0] - x * scale, at[1] - y * scale)

    def placed(self, scale: float, x: float, y: float) -> View:
        """The view with another scale and place; at 100 % whole pixels fall on whole pixels, which keeps the photo sharp."""
        if scale == 1.0:
            x, y = float(round(x)), float(round(y))
        return View(scale, x, y, self.shape, self.size)

    def kept_in_sight(self, margin: float = 48.0) -> View:
        """The same view, moved if need be so that at least `margin` device pixels of the image stay in the widget."""
        (height, width), (w, h) = self.shape, self.size
        x = _kept(self.x, width * self.scale, w, margin)
        y = _kept(self.y, height * self.scale, h, margin)
        return self if (x, y) == (self.x, self.y) else self.placed(self.scale, x, y)


def fitted(shape: tuple[int, int], size: tuple[int, int], margin: float) -> View:
    """The whole image in the middle of the widget with `margin` device pixels around it."""
    (height, width), (w, h) = shape, size
    room_x, room_y = max(w - 2 * margin, 1.0), max(h - 2 * margin, 1.0)
    scale = min(room_x / width, room_y / height, LARGEST_SCALE)
    return View(scale, 0, 0, shape, size).placed(scale, (w - width * scale) / 2, (h - height * scale) / 2)


def intersect(a: Rect, b: Rect) -> Rect:
    """What two rectangles share; (0, 0, 0, 0) when nothing."""
    x0, y0, x1, y1 = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else (0, 0, 0, 0)


def is_empty(rect: Rect) -> bool:
    """Whether a rectangle holds no pixel."""
    return rect[2] <= rect[0] or rect[3] <= rect[1]


def _indices(start: int, stop: int, origin: float, scale: float, length: int, count: int | None) -> NDArray[np.intp]:
    count = length if count is None else count
    positions = ((np.arange(start, stop) + 0.5) - origin) / scale * (count / length)     # rounds as View.to_image does
    found: NDArray[np.intp] = np.clip(np.floor(positions), 0, count - 1).astype(np.intp)
    return found


def _span(origin: float, extent: float) -> tuple[int, int]:
    first, last = math.ceil(origin - 0.5), math.ceil(origin + extent - 0.5)
    if last <= first:
        first = math.floor(origin + extent / 2)
        last = first + 1
    return first, last


def _kept(origin: float, extent: float, room: float, margin: float) -> float:
    margin = min(margin, extent, room)
    return min(max(origin, margin - extent), room - margin)
