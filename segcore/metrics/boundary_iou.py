"""Boundary IoU (Cheng et al., CVPR 2021): intersection over union of the inner rims of the masks, so that contours count."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcore.metrics import METRICS, Metric
from segcore.metrics.confusion import check_pair
from segcore.params import param
from segcore.types import VOID


@METRICS.add
class BoundaryIoU(Metric):
    """Mean over the classes of the IoU of their inner rims, whose width is a share of the image's diagonal.

    Rims are counted over all images together; the image's frame counts as a boundary, as in the authors' definition.
    """

    name = "boundary_iou"
    title = "Boundary IoU"
    order = 45

    @dataclass
    class Params:
        share: float = param(0.02, min=0.0001, max=1, label="Rim width", help="Share of the diagonal")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.intersection: NDArray[np.int64] = np.zeros(256, np.int64)
        self.union: NDArray[np.int64] = np.zeros(256, np.int64)

    def update(self, predicted: NDArray[np.integer], reference: NDArray[np.integer]) -> None:
        check_pair(predicted, reference)
        width = max(1, round(self.params.share * float(np.hypot(*reference.shape))))
        predicted = np.where(reference == VOID, VOID, predicted)
        for value in np.union1d(predicted, reference):
            if value != VOID:
                ours, theirs = inner_rim(predicted == value, width), inner_rim(reference == value, width)
                self.intersection[value] += np.count_nonzero(ours & theirs)
                self.union[value] += np.count_nonzero(ours | theirs)

    def value(self) -> float:
        occurring = self.union > 0
        return float(np.mean(self.intersection[occurring] / self.union[occurring])) if occurring.any() else 0.0


def inner_rim(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """The pixels of a mask (H, W) that lose to `width` erosions by a 3x3 square, beyond the frame being outside."""
    import cv2
    padded = np.pad(mask, 1).astype(np.uint8)
    return mask & (cv2.distanceTransform(padded, cv2.DIST_C, 3)[1:-1, 1:-1] <= width)
