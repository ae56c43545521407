"""A first, coarse answer to a prompt: iterated graph cut on a crop scaled to at most a quarter of a megapixel."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcore.energy.evidence import BACKGROUND, OBJECT, UNKNOWN, as_rgb, bounds, box_slices, grow, hard_seeds
from segcore.segmenters import check_prompt
from segcore.types import EVERYTHING, Prediction, Prompt

MAX_PIXELS = 250_000


class CoarseCut:
    """Holds one image and answers prompts on it; `box_is_hard` says that nothing outside the box is object."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self.image = as_rgb(image)
        self.shape = self.image.shape[:2]

    def predict(self, prompt: Prompt, iterations: int, made_by: str) -> Prediction:
        """The coarse cut for a prompt, `mask` bool and `prob` float32 (H, W); an empty mask with a message if a side is missing."""
        check_prompt(prompt, self.shape)
        seeds = hard_seeds(prompt, self.shape, max(2.0, .004 * max(self.shape)))
        box = box_slices(prompt.box, self.shape) if prompt.box is not None else None
        likely = prompt.prior > .5 if prompt.prior is not None else np.zeros(self.shape, bool)
        if box is None and not (seeds == OBJECT).any() and not likely.any():
            return self._answer(np.zeros(self.shape, bool), made_by, "Mark a part of the object first.")
        region = self._region(seeds, box, likely)
        small, message = self._cut(region, seeds, box, likely, iterations)
        mask = np.zeros(self.shape, bool)
        mask[region] = small
        mask[seeds == OBJECT] = True
        mask[seeds == BACKGROUND] = False
        return self._answer(mask, made_by, message)

    def _region(self, seeds: NDArray[np.int8], box: tuple[slice, slice] | None, likely: NDArray[np.bool_]) -> tuple[slice, slice]:
        whole = slice(0, self.shape[0]), slice(0, self.shape[1])
        if box is None and not likely.any():
            return whole
        inner = likely | (seeds == OBJECT)
        if box is not None:
            inner[box] = True
        return grow(bounds(inner) or whole, .5, self.shape)

    def _cut(self, region: tuple[slice, slice], seeds: NDArray[np.int8], box: tuple[slice, slice] | None,
             likely: NDArray[np.bool_], iterations: int) -> tuple[NDArray[np.bool_], str]:
        import cv2

        full = self.image[region].shape[:2]
        scale = min(1.0, (MAX_PIXELS / (full[0] * full[1])) ** .5)
        size = max(1, round(full[1] * scale)), max(1, round(full[0] * scale))
        pixels = cv2.resize(self.image[region], size, interpolation=cv2.INTER_AREA)
        inside = np.zeros(self.shape, np.uint8)
        inside[box if box is not None else EVERYTHING] = 1
        inside = cv2.resize(inside[region], size, interpolation=cv2.INTER_NEAREST)
        guess = cv2.resize(likely[region].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        labels = np.where((guess if likely.any() else inside if box is not None else 0 * inside) > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
        labels[inside == 0] = cv2.GC_BGD
        for value, code in ((OBJECT, cv2.GC_FGD), (BACKGROUND, cv2.GC_BGD)):
            marked = cv2.resize((seeds[region] == value).astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
            labels[marked] = code
        labels = labels.astype(np.uint8)
        sides = (labels & 1).astype(bool)
        if sides.all() or not sides.any():
            found, message = sides, "One side is empty, so there are no colours to tell apart. Mark some of the other side."
        else:
            cv2.setRNGSeed(1)
            cv2.grabCut(np.ascontiguousarray(pixels[..., ::-1]), labels, None, np.zeros((1, 65)), np.zeros((1, 65)),
                        iterations, cv2.GC_INIT_WITH_MASK)
            found, message = (labels & 1).astype(bool), ""
        if found.shape == full:
            return found, message
        soft = cv2.resize(found.astype(np.float32), full[::-1], interpolation=cv2.INTER_LINEAR)
        return soft > .5, message

    def _answer(self, mask: NDArray[np.bool_], made_by: str, message: str) -> Prediction:
        if not message and not mask.any():
            message = "Nothing was found that looks different from the background. Mark a part of the object."
        return Prediction(mask.astype(np.float32), mask, made_by=made_by, message=message)


__all__ = ["CoarseCut", "UNKNOWN"]
