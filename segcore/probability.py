"""Class probabilities kept small: planes at a network's working scale, and what is made of them at the size of the photo."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcore.types import VOID


def at_size(plane: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.float32]:
    """One plane (h, w) as float32 of `shape` (H, W), bilinear; the same array when it has that size already."""
    import cv2
    plane = np.asarray(plane, np.float32)
    if plane.shape == shape:
        return plane
    return np.asarray(cv2.resize(plane, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def label_map(prob: NDArray[Any], shape: tuple[int, int], threshold: float = 0.0,
              planes: Sequence[int] | None = None) -> NDArray[np.uint8]:
    """The most probable plane of every pixel, uint8 `shape`; 255 where its probability is below `threshold`.

    `prob` is (C, h, w) of any float type and any size, C at most 255; `planes` restricts the choice. Goes plane by plane, so
    that a 14-megapixel photo needs three planes of memory and not one per class.
    """
    best = np.full(shape, np.nextafter(np.float32(max(threshold, 1e-12)), np.float32(0)), np.float32)
    labels = np.full(shape, VOID, np.uint8)
    for index in range(len(prob)) if planes is None else planes:
        plane = at_size(prob[index], shape)
        better = plane > best
        np.copyto(best, plane, where=better)
        labels[better] = index
    return labels
