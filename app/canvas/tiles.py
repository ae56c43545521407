"""The photo at every zoom: halved copies, made once off the window's thread; the visible part comes from the best one."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage, QPainter, QTransform

from app.canvas.geometry import Rect, View

EXACT_FROM = 2.0
"""From this scale on every image pixel is shown as a plain square."""

SMALLEST_LEVEL = 128
ENOUGH = 0.85
"""Pixels that a level must have per pixel of the screen, in each direction."""


@dataclass(frozen=True, slots=True)
class Pyramid:
    """`levels[0]` is the photo itself, uint8 (H, W, 3) RGB, not copied; the others are uint8 (h, w, 4) BGRA, halves."""

    levels: tuple[NDArray[np.uint8], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the photo."""
        return self.levels[0].shape[:2]

    def render(self, view: View, rect: Rect) -> NDArray[np.uint32]:
        """The device pixels `rect` of the photo as 0xffRRGGBB, uint32 of the size of `rect`."""
        if view.scale >= EXACT_FROM:
            return self._exact(view, rect)
        return self._smooth(view, rect)

    def _exact(self, view: View, rect: Rect) -> NDArray[np.uint32]:
        columns, rows = view.columns(rect[0], rect[2]), view.rows(rect[1], rect[3])
        part = self.levels[0][rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
        picture: NDArray[np.uint32] = _packed(part).take(columns - columns[0], axis=1).take(rows - rows[0], axis=0)
        return picture

    def _smooth(self, view: View, rect: Rect) -> NDArray[np.uint32]:
        level = self.levels[self._level_for(view.scale)]
        height, width = level.shape[:2]
        part_rows, part_columns = view.rows(rect[1] - 1, rect[3] + 1, height), view.columns(rect[0] - 1, rect[2] + 1, width)
        y0, y1, x0, x1 = part_rows[0], part_rows[-1] + 1, part_columns[0], part_columns[-1] + 1
        y0, x0, y1, x1 = max(y0 - 1, 0), max(x0 - 1, 0), min(y1 + 1, height), min(x1 + 1, width)
        part = _packed(level[y0:y1, x0:x1])
        # Screen pixels per pixel of the level, and where on the picture the part begins.
        step_x, step_y = view.scale * view.shape[1] / width, view.scale * view.shape[0] / height
        left, top = view.x + x0 * step_x - rect[0], view.y + y0 * step_y - rect[1]
        picture = np.empty((rect[3] - rect[1], rect[2] - rect[0]), np.uint32)
        _stretch(part, picture, QTransform(step_x, 0, 0, step_y, left, top))
        _mend_borders(level, view, rect, picture)
        return picture

    def _level_for(self, scale: float) -> int:
        """The smallest level that has about as many pixels as the screen shows; a little fewer cannot be told by eye."""
        height, width = self.shape[0] * scale * ENOUGH, self.shape[1] * scale * ENOUGH
        enough = [i for i, level in enumerate(self.levels) if level.shape[0] >= height and level.shape[1] >= width]
        return enough[-1] if enough else 0


def build_pyramid(pixels: NDArray[np.uint8]) -> Pyramid:
    """Halve a photo, uint8 (H, W, 3) RGB, by area averages until it is small; about 10 ms for 14 megapixels, any thread."""
    import cv2
    levels = [pixels]
    level = pixels
    while max(level.shape[:2]) > SMALLEST_LEVEL:
        height, width = level.shape[:2]
        level = cv2.resize(level, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
        if level.shape[2] == 3:
            level = cv2.cvtColor(level, cv2.COLOR_RGB2BGRA)
        level.flags.writeable = False
        levels.append(level)
    return Pyramid(tuple(levels))


def adjust(picture: NDArray[np.uint32], brightness: float, contrast: float) -> NDArray[np.uint32]:
    """Brightness and contrast for the eye only, both -1..1 with 0 as neutral, on a packed 0xffRRGGBB picture."""
    import cv2
    gain = (1 + contrast) / (1.0001 - contrast) if contrast > 0 else 1 + contrast
    values = np.clip((np.arange(256) - 127.5) * gain + 127.5 + 255 * brightness, 0, 255).astype(np.uint8)
    table = np.repeat(values[None, :, None], 4, axis=2)
    table[..., 3] = 255
    return _packed(cv2.LUT(picture.view(np.uint8).reshape(*picture.shape, 4), table))


def _packed(part: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """RGB or BGRA bytes as one contiguous uint32 0xffRRGGBB per pixel."""
    if part.shape[2] == 3:
        import cv2
        part = cv2.cvtColor(part, cv2.COLOR_RGB2BGRA)
    packed: NDArray[np.uint32] = np.ascontiguousarray(part).view(np.uint32)[..., 0]
    return packed


def _mend_borders(level: NDArray[np.uint8], view: View, rect: Rect, picture: NDArray[np.uint32]) -> None:
    """Fill the outermost pixels of the image, which Qt leaves out when it rounds them away, or when the image is that thin."""
    height, width = level.shape[:2]
    edge = view.image_rect
    columns, rows = view.columns(rect[0], rect[2], width), view.rows(rect[1], rect[3], height)
    for at, is_edge in ((0, rect[0] == edge[0]), (-1, rect[2] == edge[2])):
        if is_edge:
            picture[:, at] = _packed(level[rows, columns[at]][:, None])[:, 0]
    for at, is_edge in ((0, rect[1] == edge[1]), (-1, rect[3] == edge[3])):
        if is_edge:
            picture[at] = _packed(level[rows[at], columns][None])[0]


def _stretch(part: NDArray[np.uint32], picture: NDArray[np.uint32], transform: QTransform) -> None:
    """Draw one packed picture into another, bilinear; Qt does it in one thread in two thirds of OpenCV's time in two."""
    source, target = (QImage(p.data, p.shape[1], p.shape[0], p.strides[0], QImage.Format.Format_RGB32) for p in (part, picture))
    target.fill(0)
    painter = QPainter(target)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setTransform(transform)
    painter.drawImage(0, 0, source)
    painter.end()
