"""The guided filter: the cheapest way to make soft probabilities follow the edges of the photo."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.params import param
from segcore.refiners import REFINERS, Refiner, check_probabilities, clamp_fixed


@REFINERS.add
class GuidedFilter(Refiner):
    """Makes soft edges follow those of the photo: hair, grass, branches (He, Sun and Tang 2010). Fast, at any size.

    In every small window the probability is explained as a linear function of the colour; the result is that function. It
    moves edges by at most about the radius, and keeps soft what is soft in the photo.
    """

    name = "guided_filter"
    title = "Guided filter"
    order = 15

    @dataclass
    class Params:
        radius: int = param(8, min=1, max=200, label="Radius", unit="px", help="Half the side of the windows")
        epsilon: float = param(0.01, min=0.01, max=100, step=0.01, label="Contrast floor", unit="%",
                               help="Variance of colour below which a window counts as flat and is only smoothed")
        max_megapixels: float = param(2.0, min=0.01, max=100, step=0.5, label="Work at most at", unit="MP", advanced=True,
                                      help="Larger photos are analysed at this size; the result still follows the full photo")

    def refine(self, image: NDArray[np.uint8], prob: NDArray[np.float32],
               fixed: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Filter each plane and normalise; see `Refiner.refine`. Fixed pixels speak for their class and keep it."""
        from segcore.energy.guided import follow
        self.notice = ""
        result = clamp_fixed(check_probabilities(image, prob), fixed)
        if result.size == 0 or len(result) == 1:
            return result
        pixels = self.params.max_megapixels * 1e6
        if image.shape[0] * image.shape[1] > pixels:
            self.notice = f"Analysed at {self.params.max_megapixels:g} megapixels, applied to the whole photo."
        # The planes are independent until the end, so each may overwrite itself.
        follow(image, result, radius=self.params.radius, epsilon=self.params.epsilon / 100, pixels=pixels, out=result)
        if fixed is not None:
            known = fixed >= 0
            for index, plane in enumerate(result):
                plane[known] = fixed[known] == index
        return result
