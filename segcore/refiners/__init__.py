"""Refiners: image + probabilities -> better probabilities. One file each; `REFINERS["dense_crf"](iterations=5)` makes one."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcore.errors import PromptError
from segcore.registry import Plugin, Registry


class Refiner(Plugin):
    """Turns probabilities into better ones, guided by the image."""

    def refine(self, image: NDArray[np.uint8], prob: NDArray[np.float32],
               fixed: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Refine `prob`, float32 (C, H, W) summing to one over C, on `image`, uint8 (H, W, 3) RGB; returns the same shape.

        `fixed` int (H, W): plane index of pixels whose answer is already known (strokes, locked regions), -1 elsewhere.
        """
        raise NotImplementedError


def check_probabilities(image: NDArray[np.uint8], prob: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `prob` as float32 (C, H, W), finite and summing to one; raise PromptError when it cannot be one."""
    if prob.ndim != 3 or prob.shape[0] < 1:
        raise PromptError(f"Probabilities must be (classes, height, width), not {prob.shape}.")
    if prob.shape[1:] != image.shape[:2]:
        raise PromptError(f"The probabilities are {prob.shape[2]}×{prob.shape[1]} pixels, the image is "
                          f"{image.shape[1]}×{image.shape[0]}.")
    if not np.isfinite(prob).all():
        raise PromptError("The probabilities hold values that are not numbers.")
    if (prob < 0).any():
        raise PromptError("The probabilities hold negative values.")
    total = prob.sum(axis=0, keepdims=True, dtype=np.float32)
    if (total <= 0).any():
        raise PromptError("At some pixels the probabilities are all zero.")
    return (prob / total).astype(np.float32, copy=False)


def as_planes(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(2, H, W) probabilities, background first, of a hard mask; what region refiners start from."""
    return np.stack((~mask, mask)).astype(np.float32)


REFINERS: Registry[Refiner] = Registry(__name__)
