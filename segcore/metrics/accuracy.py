"""Shares of correctly labelled pixels: over all pixels, and averaged over the classes."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segcore.metrics import METRICS
from segcore.metrics.confusion import ConfusionMetric


@METRICS.add
class PixelAccuracy(ConfusionMetric):
    """Share of the reference's labelled pixels that got the right class."""

    name = "pixel_accuracy"
    title = "Pixel accuracy"
    order = 10

    @dataclass
    class Params:
        """No options."""

    def value(self) -> float:
        return float(self.hits.sum() / max(1, self.matrix.sum()))


@METRICS.add
class ClassAccuracy(ConfusionMetric):
    """Share of correct pixels of each class (recall), averaged over the classes that occur in the references."""

    name = "class_accuracy"
    title = "Class accuracy"
    order = 15

    @dataclass
    class Params:
        """No options."""

    def value(self) -> float:
        pixels = self.in_reference
        occurring = pixels > 0
        return float(np.mean(self.hits[occurring] / pixels[occurring])) if occurring.any() else 0.0
