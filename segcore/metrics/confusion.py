"""The confusion matrix that the class-wise metrics share."""
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcore.errors import PromptError
from segcore.metrics import Metric
from segcore.types import VOID


class ConfusionMetric(Metric):
    """Counts pairs of (reference, predicted) class; 255 in the reference is ignored, in the prediction it is a wrong answer."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.matrix: NDArray[np.int64] = np.zeros((256, 256), np.int64)

    def update(self, predicted: NDArray[np.integer], reference: NDArray[np.integer]) -> None:
        check_pair(predicted, reference)
        pairs = reference.astype(np.int32) * 256 + predicted
        self.matrix += np.bincount(pairs[reference != VOID].ravel(), minlength=65536).reshape(256, 256)

    @property
    def hits(self) -> NDArray[np.int64]:
        """Correct pixels per class, int64 (256,)."""
        return self.matrix.diagonal()

    @property
    def in_reference(self) -> NDArray[np.int64]:
        """Reference pixels per class, int64 (256,)."""
        return self.matrix.sum(axis=1)

    def iou(self) -> dict[int, float]:
        """Intersection over union of every class that occurs in the references or the predictions."""
        union = self.in_reference + self.matrix.sum(axis=0) - self.hits
        return {int(c): float(self.hits[c] / union[c]) for c in np.flatnonzero(union) if c != VOID}


def check_pair(predicted: NDArray[np.integer], reference: NDArray[np.integer]) -> None:
    """Raise PromptError unless both are (H, W) maps of the same size with class indices in 0..255."""
    if predicted.ndim != 2 or predicted.shape != reference.shape:
        raise PromptError(f"The masks differ in size: {predicted.shape} and {reference.shape}.",
                          "Compare masks of the same photo.")
    for array in (predicted, reference):
        if array.size and (array.min() < 0 or array.max() > VOID):
            raise PromptError("A mask has class indices outside 0 to 255.")
