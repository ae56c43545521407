"""Measures of agreement between index masks, one file each: `update(predicted, reference)` per image, then `value()`."""
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcore.registry import Plugin, Registry


class Metric(Plugin):
    """Accumulates over images; reference pixels of 255 are ignored."""

    def update(self, predicted: NDArray[np.integer], reference: NDArray[np.integer]) -> None:
        """Add one image: two integer (H, W) maps of class indices."""
        raise NotImplementedError

    def value(self) -> Any:
        """The figure so far, in 0..1, or a dictionary of figures."""
        raise NotImplementedError


METRICS: Registry[Metric] = Registry(__name__)
