"""Intersection over union per class and its mean, the measure of PASCAL VOC."""
from __future__ import annotations

from dataclasses import dataclass

from segcore.metrics import METRICS
from segcore.metrics.confusion import ConfusionMetric


@METRICS.add
class IoU(ConfusionMetric):
    """Intersection over union of each class: TP / (TP + FP + FN) over all images together."""

    name = "iou"
    title = "IoU per class"
    order = 30

    @dataclass
    class Params:
        """No options."""

    def value(self) -> dict[int, float]:
        return self.iou()


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
        figures = self.iou()
        return sum(figures.values()) / len(figures) if figures else 0.0
