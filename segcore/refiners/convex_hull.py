"""Makes regions convex."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segcore import masks
from segcore.params import param
from segcore.refiners import REFINERS, Refiner, check_probabilities, clamp_fixed
from segcore.types import Box

TOUCH = 1e-6
"""Tolerance, in pixels, for a pixel centre that lies on the hull's edge; it counts as inside."""


@REFINERS.add
class ConvexHull(Refiner):
    """Makes convex: dents and holes are filled up to a rubber band put round the region; for balls, signs, windows, cells.

    With two planes (background, region) the region grows. With more, large parts go first, so that small ones stay on top.
    """

    name = "convex_hull"
    title = "Convex hull"
    order = 50
    per_region = True

    @dataclass
    class Params:
        each_part: bool = param(True, label="Each part on its own", help="Off: one hull around all parts of a region together")

    def refine(self, image: NDArray[np.uint8], prob: NDArray[np.float32],
               fixed: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Make pixels that change class certain and leave the rest as it was; see `Refiner.refine`. Fixed pixels stay."""
        result = clamp_fixed(check_probabilities(image, prob), fixed)
        labels = result.argmax(axis=0).astype(np.int32) if result.size else np.zeros(prob.shape[1:], np.int32)
        hulls = []
        for index in [1] if len(result) == 2 else np.unique(labels):
            for box, part in _parts(labels == index, self.params.each_part):
                hulls.append((int(index), box, hull(part)))
        convex = labels.copy()
        for index, box, inside in sorted(hulls, key=lambda h: -int(h[2].sum())):
            convex[box][inside] = index
        changed = convex != labels
        if fixed is not None:
            changed &= fixed < 0
        result[:, changed] = 0
        result[convex[changed], changed] = 1
        return result


def _parts(mask: NDArray[np.bool_], each: bool) -> Iterator[tuple[Box, NDArray[np.bool_]]]:
    """(box, mask in it) of each connected part, or of the whole mask."""
    if not each:
        bounds = masks.bounding_box(mask)
        if bounds is not None:
            x0, y0, x1, y1 = bounds
            yield (slice(y0, y1), slice(x0, x1)), mask[y0:y1, x0:x1]
        return
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    for label, (x, y, width, height, _area) in enumerate(stats.tolist()):
        if label:
            box = slice(y, y + height), slice(x, x + width)
            yield box, parts[box] == label


def hull(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool (H, W): every pixel whose centre lies in the convex hull of the centres of the mask's pixels."""
    y, x = np.nonzero(masks.boundary(mask))
    corners = cv2.convexHull(np.column_stack((x, y)).astype(np.int32)).reshape(-1, 2).astype(np.float64)
    left, right = np.full(len(mask), np.inf), np.full(len(mask), -np.inf)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        rows = np.arange(int(min(y0, y1)), int(max(y0, y1)) + 1)
        # A level edge adds nothing: its ends belong to its neighbours as well, unless it is all there is.
        ends = (x0 + (rows - y0) * ((x1 - x0) / (y1 - y0)),) if y0 != y1 else (np.array([x0]), np.array([x1]))
        for cross in ends:
            left[rows], right[rows] = np.minimum(left[rows], cross), np.maximum(right[rows], cross)
    columns = np.arange(mask.shape[1])
    inside: NDArray[np.bool_] = (columns >= left[:, None] - TOUCH) & (columns <= right[:, None] + TOUCH)
    return inside
