"""Refiners: image + probabilities -> better probabilities. One file each; `REFINERS["dense_crf"](iterations=5)` makes one."""
from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from segcore.errors import PromptError
from segcore.registry import Plugin, Registry


class Refiner(Plugin):
    """Turns probabilities into better ones, guided by the image."""

    per_region: ClassVar[bool] = False
    """Whether it improves one region on its own, so that stored annotations are refined region by region."""
    notice: str = ""
    """A sentence for the user about the last `refine`, for example that it worked at reduced resolution."""

    def refine(self, image: NDArray[np.uint8], prob: NDArray[np.float32],
               fixed: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Refine `prob`, float32 (C, H, W) summing to one over C, on `image`, uint8 (H, W, 3) RGB; returns the same shape.

        `fixed` int (H, W): plane index of pixels whose answer is already known (strokes, locked regions), -1 elsewhere.
        """
        raise NotImplementedError


def check_probabilities(image: NDArray[np.uint8], prob: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `prob` as float32 (C, H, W), finite and summing to one; raise PromptError when it cannot be one.

    Goes plane by plane and copies only what is not normalised yet: 21 classes of a 14 MP photo are 1.2 GB.
    """
    if prob.ndim != 3 or prob.shape[0] < 1:
        raise PromptError(f"Probabilities must be (classes, height, width), not {prob.shape}.")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise PromptError(f"The image must be uint8 (height, width, 3), not {image.dtype} {image.shape}.")
    if prob.shape[1:] != image.shape[:2]:
        raise PromptError(f"The probabilities are {prob.shape[2]}×{prob.shape[1]} pixels, the image is "
                          f"{image.shape[1]}×{image.shape[0]}.")
    total = np.zeros(prob.shape[1:], np.float32)
    for plane in prob:
        if not np.isfinite(plane).all():
            raise PromptError("The probabilities hold values that are not numbers.")
        if (plane < 0).any():
            raise PromptError("The probabilities hold negative values.")
        total += plane
    if (total <= 0).any():
        raise PromptError("At some pixels the probabilities are all zero.")
    if prob.dtype == np.float32 and np.abs(total - 1).max(initial=0) < 1e-5:
        return prob
    return np.divide(prob, total, dtype=np.float32)


def clamp_fixed(prob: NDArray[np.float32], fixed: NDArray[np.integer] | None) -> NDArray[np.float32]:
    """A copy of `prob` in which the pixels with `fixed` >= 0 are certain; raises PromptError for a plane that is not there."""
    result = np.array(prob, np.float32)
    if fixed is None:
        return result
    if fixed.shape != prob.shape[1:]:
        raise PromptError(f"The fixed pixels are a map of {fixed.shape}, the probabilities of {prob.shape[1:]}.")
    known = fixed >= 0
    if fixed.max(initial=-1) >= prob.shape[0]:
        raise PromptError(f"A fixed pixel has plane {fixed.max()}, but there are only {prob.shape[0]}.")
    for index, plane in enumerate(result):
        plane[known] = fixed[known] == index
    return result


def as_planes(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(2, H, W) probabilities, background first, of a hard mask; what region refiners start from."""
    return np.stack((~mask, mask)).astype(np.float32)


REFINERS: Registry[Refiner] = Registry(__name__)
