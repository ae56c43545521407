"""Pulls boundaries onto the edges beside them."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.params import param
from segcore.refiners import REFINERS, Refiner, check_probabilities, clamp_fixed


@REFINERS.add
class Snap(Refiner):
    """Snaps boundaries to the nearest edges of the photo, exactly, by a minimum cut; nothing farther away changes.

    With two planes (background, region) the region's boundary moves. With more, the boundary of one class after the other, from
    the largest to the smallest, against all that is around it.
    """

    name = "snap"
    title = "Snap to edges"
    order = 12
    per_region = True

    @dataclass
    class Params:
        reach: int = param(8, min=1, max=200, label="Reach", unit="px", help="How far the boundary may move")
        smoothness: float = param(20.0, min=0, max=500, label="Smoothness", help="How much the length of the boundary counts")
        colour: float = param(1.0, min=0, max=10, step=0.1, label="Colour", advanced=True,
                              help="Weight of the colours of both sides")

    def refine(self, image: NDArray[np.uint8], prob: NDArray[np.float32],
               fixed: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Make pixels that change class certain and leave the rest as it was; see `Refiner.refine`. Fixed pixels stay."""
        from segcore.energy.snapping import snap
        result = clamp_fixed(check_probabilities(image, prob), fixed)
        labels = result.argmax(axis=0).astype(np.int32) if result.size else np.zeros(prob.shape[1:], np.int32)
        pixels, p = np.ascontiguousarray(image), self.params
        snapped = labels.copy()
        present, sizes = np.unique(labels, return_counts=True)
        for index in [1] if len(result) == 2 else present[np.argsort(-sizes)].tolist():
            mask = snapped == index
            if mask.any() and not mask.all():
                moved = snap(pixels, mask, _seeds(fixed, index, mask.shape), p.reach, p.smoothness, p.colour)
                snapped = _given_up(snapped, mask & ~moved)
                snapped[moved] = index
        changed = snapped != labels
        if fixed is not None:
            changed &= fixed < 0
        result[:, changed] = 0
        result[snapped[changed], changed] = 1
        return result


def _seeds(fixed: NDArray[np.integer] | None, index: int, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """int8 (H, W): 1 where fixed pixels have this plane, 0 where they have another, -1 elsewhere."""
    if fixed is None:
        return np.full(shape, -1, np.int8)
    return np.where(fixed < 0, -1, fixed == index).astype(np.int8)


def _given_up(labels: NDArray[np.int32], lost: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The labels with `lost` pixels given to the nearest other pixel's."""
    import cv2
    if not lost.any():
        return labels
    index = int(labels[lost][0])
    unknown = (labels == index).astype(np.uint8)        # what was not lost is not to be joined again
    _, near = cv2.distanceTransformWithLabels(unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    of_seed = np.zeros(int(near.max()) + 1, np.int32)
    of_seed[near[unknown == 0]] = labels[unknown == 0]
    return np.where(lost, of_seed[near], labels)
