"""Live wire: an outline that clings to edges between the points that are clicked (Mortensen & Barrett 1995)."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.energy.evidence import as_rgb
from segcore.errors import PromptError
from segcore.params import param
from segcore.segmenters import SEGMENTERS, Segmenter, check_prompt
from segcore.types import Prediction, Prompt

WORKING_PIXELS = 300_000
"""Size of the copy on which a path is found first; a corridor round it is then searched at full size."""
Pixel = tuple[int, int]


@SEGMENTERS.add
class LiveWire(Segmenter):
    """Click along an outline: between the clicks it follows the edges of the picture by itself."""

    name = "live_wire"
    title = "Live wire"
    order = 80

    @dataclass
    class Params:
        """What counts as an edge."""

        smoothing: float = param(1.0, min=0.3, max=10.0, step=0.1, label="Smoothing", unit="px",
                                 help="Blur before edges are measured; higher ignores texture.")
        snap: float = param(0.0, min=0.0, max=60.0, label="Snap", unit="px",
                            help="How far a click may be moved to the strongest edge near it.")

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Weigh the edges of the image, uint8 (H, W, 3) RGB, at full size and on a small copy."""
        import cv2

        from segcore.energy.shortest_path import path_costs

        rgb = as_rgb(image)
        self._shape: Pixel = rgb.shape[:2]  # type: ignore[assignment]
        h, w = self._shape
        self._scale = min(1.0, (WORKING_PIXELS / (h * w)) ** 0.5)
        size = (max(1, round(w * self._scale)), max(1, round(h * self._scale)))
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if self._scale < 1 else rgb
        self._small = path_costs(_gradient(small, self.params.smoothing))
        self._rgb = rgb
        self._trees: dict[Pixel, NDArray[np.int8]] = {}
        self._snaps: dict[tuple[Pixel, int], Pixel] = {}
        self._legs: dict[tuple[Pixel, Pixel], list[Pixel]] = {}

    def predict(self, prompt: Prompt) -> Prediction:
        """The inside of the outline through the points, in their order, closed from the last to the first.

        Points are clicks on the outline whatever their label. With fewer than three the outline has no inside yet: the mask
        is the line itself. Raises PromptError without a point.
        """
        import cv2

        corners = self._corners(prompt)
        outline = self.outline(corners)
        mask = np.zeros(self._shape, np.uint8)
        cv2.polylines(mask, [np.array(outline, np.int32)], False, 1)
        if len(corners) > 2:
            # The line runs along the inner side of the edge: its pixels belong to the object.
            cv2.fillPoly(mask, [np.array(outline, np.int32)], 1)
        return Prediction(prob=mask.astype(np.float32), mask=mask.astype(np.bool_), made_by=self.name)

    def outline(self, corners: list[Pixel], *, closed: bool = True) -> list[Pixel]:
        """Pixels (x, y) of the wire through `corners`; back to the first one when `closed`."""
        pairs = list(zip(corners, corners[1:], strict=False))
        if closed and len(corners) > 2:
            pairs.append((corners[-1], corners[0]))
        pixels = list(corners[:1])
        for a, b in pairs:
            pixels.extend(self._leg(a, b)[1:])
        return pixels

    def preview(self, prompt: Prompt) -> Prediction:
        """The same from the small copy only, for while the pointer moves."""
        import cv2

        corners = self._corners(prompt)
        pixels = list(corners[:1])
        for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
            pixels.extend(self._legs.get((a, b)) or self._coarse(a, b))
        mask = np.zeros(self._shape, np.uint8)
        cv2.fillPoly(mask, [np.array(pixels, np.int32)], 1)
        return Prediction(prob=mask.astype(np.float32), mask=mask.astype(np.bool_), made_by=self.name)

    def _corners(self, prompt: Prompt) -> list[Pixel]:
        if not hasattr(self, "_shape"):
            raise PromptError("No image has been set.")
        check_prompt(prompt, self._shape)
        h, w = self._shape
        corners = [self._snapped((min(max(int(x), 0), w - 1), min(max(int(y), 0), h - 1))) for x, y in prompt.points.tolist()]
        if not corners:
            raise PromptError("Click along the object's outline.")
        return corners

    def _snapped(self, p: Pixel) -> Pixel:
        """The pixel of the strongest gradient within `snap` pixels; nearer ones count more."""
        reach = int(self.params.snap)
        if reach == 0:
            return p
        if (p, reach) not in self._snaps:
            x0, y0 = max(p[0] - reach, 0), max(p[1] - reach, 0)
            x1, y1 = min(p[0] + reach + 1, self._shape[1]), min(p[1] + reach + 1, self._shape[0])
            gradient = _gradient(self._rgb[y0:y1, x0:x1], self.params.smoothing)
            far = np.hypot(np.arange(x0, x1)[None] - p[0], np.arange(y0, y1)[:, None] - p[1]) / reach
            y, x = np.unravel_index(int(np.argmax((gradient + 1e-3) * np.clip(1 - far ** 2, 0, 1))), gradient.shape)
            self._snaps[p, reach] = (int(x) + x0, int(y) + y0)
        return self._snaps[p, reach]

    def _leg(self, a: Pixel, b: Pixel) -> list[Pixel]:
        """The wire from a to b at full size; kept, because most legs stay while the last one moves."""
        if (a, b) not in self._legs:
            coarse = self._coarse(a, b)
            self._legs[a, b] = coarse if self._scale == 1.0 else self._refined(a, b, coarse)
        return self._legs[a, b]

    def _coarse(self, a: Pixel, b: Pixel) -> list[Pixel]:
        """The wire from a to b as found on the small copy; both ends exact."""
        from segcore.energy.shortest_path import follow, tree

        start, end = self._to_small(a), self._to_small(b)
        if start not in self._trees:
            if len(self._trees) > 60:
                self._trees.clear()
            self._trees[start] = tree(self._small, start)
        inner = [self._to_full(p) for p in reversed(follow(self._trees[start], end))]
        return [a, *inner[1:-1], b]

    def _refined(self, a: Pixel, b: Pixel, coarse: list[Pixel]) -> list[Pixel]:
        """Search again at full size, in a corridor round the coarse wire."""
        import cv2

        from segcore.energy.shortest_path import follow, path_costs, tree

        reach = int(np.ceil(2.5 / self._scale))
        points = np.array(coarse, np.int32)
        x0, y0 = np.maximum(points.min(axis=0) - reach - 2, 0)
        x1, y1 = np.minimum(points.max(axis=0) + reach + 3, (self._shape[1], self._shape[0]))
        corridor = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.polylines(corridor, [points - (x0, y0)], False, 1, thickness=2 * reach + 1)
        costs = path_costs(_gradient(self._rgb[y0:y1, x0:x1], self.params.smoothing))
        costs[corridor == 0] = 0
        start, end = (int(a[0] - x0), int(a[1] - y0)), (int(b[0] - x0), int(b[1] - y0))
        path = follow(tree(costs, start, end), end)
        return [(int(x + x0), int(y + y0)) for x, y in reversed(path)] if len(path) > 1 or a == b else coarse

    def _to_small(self, p: Pixel) -> Pixel:
        h, w = self._small.shape
        return min(int(p[0] * self._scale), w - 1), min(int(p[1] * self._scale), h - 1)

    def _to_full(self, p: Pixel) -> Pixel:
        h, w = self._shape
        return min(int((p[0] + 0.5) / self._scale), w - 1), min(int((p[1] + 0.5) / self._scale), h - 1)


def _gradient(rgb: NDArray[np.uint8], sigma: float) -> NDArray[np.float32]:
    """Largest gradient magnitude of the three channels, float32 (H, W)."""
    import cv2

    smooth = cv2.GaussianBlur(rgb, (0, 0), sigma)
    dx, dy = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(dx.reshape(-1, 3), dy.reshape(-1, 3)).reshape(rgb.shape).max(axis=2), np.float32)
