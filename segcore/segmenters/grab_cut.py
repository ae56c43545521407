"""GrabCut: a box, then strokes. Colour models of both sides and the cut are found in turn (Rother et al. 2004)."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.errors import PromptError
from segcore.params import param
from segcore.segmenters import SEGMENTERS, Segmenter
from segcore.types import Prediction, Prompt


@SEGMENTERS.add
class GrabCut(Segmenter):
    """Draw a box round the object; the mask snaps to its edges. Correct it with strokes of object and background."""

    name = "grab_cut"
    title = "GrabCut"
    order = 10

    @dataclass
    class Params:
        """How long to iterate."""

        iterations: int = param(5, min=1, max=20, label="Iterations", help="Rounds of learning colours and cutting.")

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Keep the image, uint8 (H, W, 3) RGB; grey is accepted."""
        from segcore.energy.coarse_cut import CoarseCut

        self._cut = CoarseCut(image)

    def predict(self, prompt: Prompt) -> Prediction:
        """The mask for a box and/or strokes, points and a prior; an empty side is explained in `message`."""
        if not hasattr(self, "_cut"):
            raise PromptError("No image has been set.")
        return self._cut.predict(prompt, self.params.iterations, self.name)
