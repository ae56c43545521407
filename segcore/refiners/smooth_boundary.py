"""Rounds off jagged boundaries."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segcore.params import param
from segcore.refiners import REFINERS, Refiner, check_probabilities, clamp_fixed


@REFINERS.add
class SmoothBoundary(Refiner):
    """Smooths boundaries: every pixel takes the class that a round neighbourhood, weighted by nearness, mostly has.

    Corners become round and stairs straight; straight edges stay where they are, also at the photo's own edge. Parts thinner
    than the reach vanish. It does not look at the photo.
    """

    name = "smooth_boundary"
    title = "Smooth boundary"
    order = 40
    per_region = True

    @dataclass
    class Params:
        reach: float = param(3.0, min=0.5, max=100, step=0.5, label="Reach", unit="px",
                             help="Standard deviation of the neighbourhood; larger is smoother")

    def refine(self, image: NDArray[np.uint8], prob: NDArray[np.float32],
               fixed: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Make pixels that change class certain and leave the rest as it was; see `Refiner.refine`. Fixed pixels stay."""
        result = clamp_fixed(check_probabilities(image, prob), fixed)
        if not result.size:
            return result
        labels = result.argmax(axis=0).astype(np.int32)
        best, smooth = np.full(labels.shape, -1, np.float32), labels.copy()
        for index in np.unique(labels):
            share = _share(labels == index, self.params.reach)
            # A tie keeps what was there.
            better = (share > best + 1e-5) | ((share > best - 1e-5) & (labels == index))
            best[better], smooth[better] = share[better], index
        changed = smooth != labels
        if fixed is not None:
            changed &= fixed < 0
        result[:, changed] = 0
        result[smooth[changed], changed] = 1
        return result


def _share(mask: NDArray[np.bool_], reach: float) -> NDArray[np.float32]:
    """float32 (H, W): which share of each pixel's neighbourhood, mirrored at the photo's edge, is in the mask."""
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), reach, borderType=cv2.BORDER_REFLECT), np.float32)
