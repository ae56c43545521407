"""Removes the small stray parts of a mask."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segcore import masks
from segcore.params import param
from segcore.refiners import REFINERS, Refiner, check_probabilities, clamp_fixed


@REFINERS.add
class RemoveSpecks(Refiner):
    """Removes specks: connected parts smaller than a number of pixels take the class of what is next to them.

    With two planes (background, region) only specks of the region are removed, its holes stay. With more, every class.
    """

    name = "remove_specks"
    title = "Remove specks"
    order = 30
    per_region = True

    @dataclass
    class Params:
        min_area: int = param(64, min=1, max=10**9, label="Smallest part", unit="px",
                              help="Parts with fewer pixels are removed")

    def refine(self, image: NDArray[np.uint8], prob: NDArray[np.float32],
               fixed: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Make changed pixels certain and leave the rest as it was; see `Refiner.refine`. Fixed pixels keep their class."""
        result = clamp_fixed(check_probabilities(image, prob), fixed)
        labels = result.argmax(axis=0).astype(np.int32)
        specks = np.zeros(labels.shape, bool)
        for index in [1] if len(result) == 2 else range(len(result)):
            mask = labels == index
            specks |= mask & ~masks.remove_specks(mask, self.params.min_area)
        if fixed is not None:
            specks &= fixed < 0
        if specks.any() and not specks.all():
            nearest = _nearest_labels(labels, specks)
            result[:, specks] = 0
            result[nearest[specks], specks] = 1
        return result


def _nearest_labels(labels: NDArray[np.int32], unknown: NDArray[np.bool_]) -> NDArray[np.int32]:
    """int32 (H, W): at every unknown pixel the label of the nearest known one."""
    _, seeds = cv2.distanceTransformWithLabels(unknown.view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    of_seed = np.zeros(int(seeds.max()) + 1, np.int32)
    of_seed[seeds[~unknown]] = labels[~unknown]
    result: NDArray[np.int32] = of_seed[seeds]
    return result
