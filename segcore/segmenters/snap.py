"""Snap: cut a band round the boundary of an existing mask again, so that a rough outline falls onto the edge beside it."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.errors import PromptError
from segcore.params import param
from segcore.segmenters import SEGMENTERS, Segmenter, check_prompt
from segcore.types import Prediction, Prompt


@SEGMENTERS.add
class Snap(Segmenter):
    """Pull the boundary of the current mask onto the nearest edges, without changing anything farther away."""

    name = "snap"
    title = "Snap to edges"
    order = 30

    @dataclass
    class Params:
        """How far and how strongly."""

        reach: int = param(8, min=1, max=200, label="Reach", unit="px", help="How far the boundary may move.")
        smoothness: float = param(20.0, min=0, max=500, label="Smoothness", help="How much the length of the boundary counts.")
        colour: float = param(1.0, min=0, max=10, label="Colour", advanced=True, help="Weight of the colours of both sides.")

    _pixels: NDArray[np.uint8] | None = None

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Prepare for an image, uint8 (H, W, 3) RGB; grey is accepted."""
        from segcore.energy.evidence import as_rgb

        self._pixels = as_rgb(image)

    def predict(self, prompt: Prompt) -> Prediction:
        """The mask of `prompt.prior` (> 0.5) with its boundary moved; strokes and points in the band are kept as hard marks."""
        if self._pixels is None:
            raise PromptError("No image has been set.")
        shape: tuple[int, int] = self._pixels.shape[:2]  # type: ignore[assignment]
        check_prompt(prompt, shape)
        mask = prompt.prior > .5 if prompt.prior is not None else np.zeros(shape, bool)
        message = ""
        if mask.any() and not mask.all():
            from segcore.energy.evidence import hard_seeds
            from segcore.energy.snapping import snap

            params = self.params
            mask = snap(self._pixels, mask, hard_seeds(prompt, shape, 1.5), params.reach, params.smoothness, params.colour)
        else:
            message = "There is no boundary to snap: draw a rough mask first."
        return Prediction(mask.astype(np.float32), mask, made_by=self.name, message=message)
