"""The photo at every zoom: halved copies, made once off the window's thread, and the visible part resampled from the best one."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.canvas.geometry import Rect, View

EXACT_FROM = 2.0
"""From this scale on every image pixel is shown as a plain square."""

SMALLEST_LEVEL = 128


@dataclass(frozen=True, slots=True)
class Pyramid:
    """`levels[0]` is the photo itself, uint8 (H, W, 3) RGB, not copied; the others are uint8 (h, w, 4) BGRA, each half as large."""

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
        return _packed(part).take(columns - columns[0], axis=1).take(rows - rows[0], axis=0)

    def _smooth(self, view: View, rect: Rect) -> NDArray[np.uint32]:
        import cv2
        level = self.levels[self._level_for(view.scale)]
        height, width = level.shape[:2]
        # A device pixel's centre, in the level's pixels: centre = index * step + start.
        step_x, step_y = width / (view.shape[1] * view.scale), height / (view.shape[0] * view.scale)
        start_x, start_y = (rect[0] + 0.5 - view.x) * step_x - 0.5, (rect[1] + 0.5 - view.y) * step_y - 0.5
        columns, rows = rect[2] - rect[0], rect[3] - rect[1]
        x0, y0 = _within(start_x - 1, width), _within(start_y - 1, height)
        x1, y1 = _within(start_x + columns * step_x + 2, width), _within(start_y + rows * step_y + 2, height)
        part = level[y0:y1 + 1, x0:x1 + 1]
        if step_x == step_y == 1.0 and start_x == int(start_x) and start_y == int(start_y):
            x, y = int(start_x) - x0, int(start_y) - y0
            return _packed(part[y:y + rows, x:x + columns])
        to_level = np.array([[step_x, 0.0, start_x - x0], [0.0, step_y, start_y - y0]])
        return _packed(cv2.warpAffine(part, to_level, (columns, rows), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                                      borderMode=cv2.BORDER_REPLICATE))

    def _level_for(self, scale: float) -> int:
        """The smallest level that still has as many pixels as the screen shows."""
        needed = self.shape[0] * scale, self.shape[1] * scale
        level = 0
        while level + 1 < len(self.levels) and all(n >= need for n, need in zip(self.levels[level + 1].shape, needed, strict=False)):
            level += 1
        return level


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
    return cv2.LUT(picture.view(np.uint8).reshape(*picture.shape, 4), table).view(np.uint32)[..., 0]


def _packed(part: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """RGB or BGRA bytes as one contiguous uint32 0xffRRGGBB per pixel."""
    if part.shape[2] == 3:
        import cv2
        part = cv2.cvtColor(part, cv2.COLOR_RGB2BGRA)
    return np.ascontiguousarray(part).view(np.uint32)[..., 0]


def _within(position: float, length: int) -> int:
    return min(max(int(np.floor(position)), 0), length - 1)
