"""Fills the holes that a mask has inside."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore import masks
from segcore.params import param
from segcore.refiners import REFINERS, Refiner, check_probabilities, clamp_fixed

MANY_CLASSES_SHARE = 0.001


@REFINERS.add
class FillHoles(Refiner):
    """Fills holes: pixels that one class encloses on all sides become part of it.

    With two planes (background, region) the holes of the region are filled. With more, every class may have holes, and by
    default only small ones are filled, since a car that stands on the road is no hole in the road.
    """

    name = "fill_holes"
    title = "Fill holes"
    order = 20
    per_region = True

    @dataclass
    class Params:
        max_area: int = param(0, min=0, max=10**9, label="Largest hole", unit="px",
                              help="Only fill holes up to this many pixels; 0 is every hole of a region, or up to a "
                                   "thousandth of the photo when there are many classes")

    def refine(self, image: NDArray[np.uint8], prob: NDArray[np.float32],
               fixed: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Make filled pixels certain and leave the rest as it was; see `Refiner.refine`. Fixed pixels keep their class."""
        result = clamp_fixed(check_probabilities(image, prob), fixed)
        labels = result.argmax(axis=0)
        region = len(result) == 2
        limit = self.params.max_area or (0 if region else max(1, round(labels.size * MANY_CLASSES_SHARE)))
        free = np.ones(labels.shape, bool) if fixed is None else fixed < 0
        for index in [1] if region else range(len(result)):
            mask = labels == index
            holes = masks.fill_holes(mask, limit) & ~mask & free
            result[:, holes] = 0
            result[index, holes] = 1
        return result
