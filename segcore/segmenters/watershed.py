"""Watershed from markers: strokes flood the image, and meet where its gradient is steepest (Meyer 1992)."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.energy.evidence import BACKGROUND, OBJECT, as_rgb, box_slices, hard_seeds
from segcore.errors import PromptError
from segcore.params import param
from segcore.segmenters import SEGMENTERS, Segmenter, check_prompt
from segcore.types import Prediction, Prompt


@SEGMENTERS.add
class Watershed(Segmenter):
    """Mark object and background with strokes; they grow until they meet at the steepest edge between them."""

    name = "watershed"
    title = "Watershed"
    order = 60

    @dataclass
    class Params:
        """What is smoothed away first."""

        smoothing: int = param(1, min=0, max=10, label="Smoothing", unit="px", help="Blur before edges are measured.")
        radius: float = param(3.0, min=0.5, max=50, step=0.5, label="Click radius", unit="px", help="Size of a click's marker.")

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Keep the image, uint8 (H, W, 3) RGB, smoothed."""
        import cv2

        self._image = as_rgb(image)
        size = 2 * self.params.smoothing + 1
        self._smooth = cv2.GaussianBlur(self._image, (size, size), 0) if size > 1 else self._image

    def predict(self, prompt: Prompt) -> Prediction:
        """The pixels that object markers reach first. What lies outside the box, or the image's border, is background.

        A prior marks its surest pixels where there are no strokes. Raises PromptError when the object has no marker.
        """
        if not hasattr(self, "_image"):
            raise PromptError("No image has been set.")
        shape: tuple[int, int] = self._image.shape[:2]
        check_prompt(prompt, shape)
        seeds = hard_seeds(prompt, shape, self.params.radius)
        if prompt.prior is not None:
            seeds[(prompt.prior > 0.9) & (seeds < 0)] = OBJECT
            seeds[(prompt.prior < 0.1) & (seeds < 0)] = BACKGROUND
        if not (seeds == OBJECT).any():
            raise PromptError("The watershed needs a stroke or click on the object.")
        _surround(seeds, prompt, shape)
        mask = self._flood(seeds)
        return Prediction(prob=mask.astype(np.float32), mask=mask, made_by=self.name)

    def _flood(self, seeds: NDArray[np.int8]) -> NDArray[np.bool_]:
        import cv2

        markers = np.where(seeds == OBJECT, 2, np.where(seeds == BACKGROUND, 1, 0)).astype(np.int32)
        if (markers != 1).all():
            return np.ones(seeds.shape, np.bool_)
        # A frame of one pixel, because OpenCV writes its dividing line over the image's border.
        framed = cv2.copyMakeBorder(markers, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        image = cv2.copyMakeBorder(self._smooth, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        framed = cv2.watershed(image, framed)[1:-1, 1:-1]
        return _share_divide(framed) & (seeds != BACKGROUND) | (seeds == OBJECT)


def _surround(seeds: NDArray[np.int8], prompt: Prompt, shape: tuple[int, int]) -> None:
    """Background outside the box; without box or background stroke, the image's border that the object does not touch."""
    if prompt.box is not None:
        outside = np.ones(shape, np.bool_)
        outside[box_slices(prompt.box, shape)] = False
        seeds[outside & (seeds != OBJECT)] = BACKGROUND
    elif not (seeds == BACKGROUND).any() and min(shape) > 2:
        for edge in (seeds[0], seeds[-1], seeds[:, 0], seeds[:, -1]):
            edge[edge != OBJECT] = BACKGROUND


def _share_divide(markers: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Object pixels; those of the dividing line (-1) go with the object when more of their neighbours do."""
    import cv2

    sides = np.where(markers == 2, 1.0, np.where(markers == 1, -1.0, 0.0)).astype(np.float32)
    balance = cv2.boxFilter(sides, -1, (3, 3), normalize=False, borderType=cv2.BORDER_REPLICATE)
    return np.where(markers < 1, balance > 0, markers == 2)
