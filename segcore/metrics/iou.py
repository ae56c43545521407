"""Intersection over union, the measure of PASCAL VOC: per class, averaged, weighted by frequency, and near boundaries only."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.metrics import METRICS
from segcore.metrics.confusion import ConfusionMetric, check_pair
from segcore.params import param
from segcore.types import VOID


def mean(figures: dict[int, float]) -> float:
    """The average of the figures, 0 when there are none."""
    return sum(figures.values()) / len(figures) if figures else 0.0


@METRICS.add
class MeanIoU(ConfusionMetric):
    """Mean of the classes' intersection over union; classes that occur nowhere are left out."""

    name = "mean_iou"
    title = "Mean IoU"
    order = 20

    @dataclass
    class Params:
        """No options."""

    def value(self) -> float:
        return mean(self.iou())


@METRICS.add
class IoU(ConfusionMetric):
    """Intersection over union of each class, TP / (TP + FP + FN) over all images together: a dictionary by class index."""

    name = "iou"
    title = "IoU per class"
    order = 25

    @dataclass
    class Params:
        """No options."""

    def value(self) -> dict[int, float]:
        return self.iou()


@METRICS.add
class FrequencyWeightedIoU(ConfusionMetric):
    """Intersection over union of the classes, weighted by their share of the references' pixels."""

    name = "fw_iou"
    title = "Frequency-weighted IoU"
    order = 30

    @dataclass
    class Params:
        """No options."""

    def value(self) -> float:
        pixels = self.in_reference
        return float(sum(pixels[c] * value for c, value in self.iou().items()) / max(1, pixels.sum()))


@METRICS.add
class TrimapIoU(ConfusionMetric):
    """Mean IoU of the pixels within `width` pixels of a boundary of the reference (Krähenbühl and Koltun, 2011)."""

    name = "trimap_iou"
    title = "Trimap mean IoU"
    order = 40

    @dataclass
    class Params:
        width: int = param(5, min=1, max=1000, label="Band width", unit="px")

    def update(self, predicted: NDArray[np.integer], reference: NDArray[np.integer]) -> None:
        check_pair(predicted, reference)
        super().update(predicted, np.where(boundary_band(reference, self.params.width), reference, VOID))

    def value(self) -> float:
        return mean(self.iou())


def boundary_band(labels: NDArray[np.integer], width: float) -> NDArray[np.bool_]:
    """True (H, W) where a pixel of another label lies within the Euclidean distance `width`."""
    import cv2
    band = np.zeros(labels.shape, bool)
    for value in np.unique(labels):
        same = labels == value
        if not same.all():
            distance = cv2.distanceTransform(same.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            band |= same & (distance <= width + 1e-3)
    return band
