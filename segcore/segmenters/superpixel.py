"""Superpixels: small patches of one colour that keep to edges, chosen by painting over them (SLIC, Achanta et al. 2012)."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.energy.evidence import BACKGROUND, OBJECT, as_rgb, hard_seeds
from segcore.errors import PromptError
from segcore.params import param
from segcore.segmenters import SEGMENTERS, Segmenter, check_prompt
from segcore.types import Prediction, Prompt

SIZES = {"small": 1 / 60, "medium": 1 / 30, "large": 1 / 15}
"""Side of a patch, as a share of the image's shorter side."""
WORKING_PIXELS = 2_000_000
"""Patches are found on a copy of at most this size; photos are larger, patches of them are not finer."""


@SEGMENTERS.add
class Superpixel(Segmenter):
    """Paint roughly over the object: every patch of even colour that you touch is taken whole."""

    name = "superpixel"
    title = "Superpixels"
    order = 40

    @dataclass
    class Params:
        """How large the patches are."""

        size: str = param("medium", choices=tuple(SIZES), label="Patches", help="Size of the patches.")
        smoothness: float = param(10.0, min=1.0, max=40.0, label="Smoothness",
                                  help="Higher: rounder patches; lower: closer to edges.")

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Keep the image, uint8 (H, W, 3) RGB; patches of a size are found when first asked for."""
        self._image = as_rgb(image)
        self._maps: dict[tuple[str, float], NDArray[np.int32]] = {}

    def patches(self) -> NDArray[np.int32]:
        """int32 (H, W): number of the patch of every pixel, 0-based."""
        if not hasattr(self, "_image"):
            raise PromptError("No image has been set.")
        key = (self.params.size, self.params.smoothness)
        if key not in self._maps:
            self._maps[key] = _slic(self._image, SIZES[self.params.size], self.params.smoothness)
        return self._maps[key]

    def predict(self, prompt: Prompt) -> Prediction:
        """All patches that object strokes touch, less those touched last by background; in doubt the larger touch wins.

        A prior starts from the patches that it covers by more than half. Raises PromptError when nothing is touched.
        """
        patches = self.patches()
        shape: tuple[int, int] = patches.shape  # type: ignore[assignment]
        check_prompt(prompt, shape)
        seeds, count = hard_seeds(prompt, shape, 0.5), int(patches.max()) + 1
        touched = [np.bincount(patches[seeds == side], minlength=count) for side in (OBJECT, BACKGROUND)]
        if not touched[0].any() and prompt.prior is None:
            raise PromptError("Paint over the object, or click it.")
        share = np.zeros(count, np.float32)
        if prompt.prior is not None:
            sums = np.bincount(patches.ravel(), prompt.prior.ravel(), count)
            share = (sums / np.bincount(patches.ravel(), minlength=count)).astype(np.float32)
        share = np.where(touched[0] > touched[1], 1.0, np.where(touched[1] > 0, 0.0, share)).astype(np.float32)
        prob = share[patches]
        return Prediction(prob=prob, mask=prob > 0.5, made_by=self.name)


def _slic(image: NDArray[np.uint8], side: float, smoothness: float) -> NDArray[np.int32]:
    """int32 (H, W) patch numbers; images too small for more than one patch are one."""
    import cv2

    h, w = image.shape[:2]
    scale = min(1.0, (WORKING_PIXELS / (h * w)) ** 0.5)
    small = cv2.resize(image, (max(1, round(w * scale)), max(1, round(h * scale))), interpolation=cv2.INTER_AREA)
    step = max(4, round(min(small.shape[:2]) * side))
    if min(small.shape[:2]) < 2 * step:
        return np.zeros((h, w), np.int32)
    slic = cv2.ximgproc.createSuperpixelSLIC(cv2.cvtColor(cv2.GaussianBlur(small, (3, 3), 0), cv2.COLOR_RGB2Lab),
                                             algorithm=cv2.ximgproc.SLIC, region_size=step, ruler=smoothness)
    slic.iterate(6)
    slic.enforceLabelConnectivity(25)
    labels = slic.getLabels()
    if labels.shape != (h, w):
        # Nearest only: a number between two patches is another patch.
        labels = cv2.resize(labels, (w, h), interpolation=cv2.INTER_NEAREST)
    return labels.astype(np.int32, copy=False)
