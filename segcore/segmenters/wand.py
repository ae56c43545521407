"""The magic wand: pixels of nearly the colour that was clicked, measured in CIE Lab, connected to the click or anywhere."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.energy.evidence import as_rgb
from segcore.errors import PromptError
from segcore.params import param
from segcore.segmenters import SEGMENTERS, Segmenter, check_prompt
from segcore.types import Prediction, Prompt

KEPT = 4
SOFT = 1.5
"""Beyond the tolerance the probability falls to zero at this multiple of it."""


@SEGMENTERS.add
class Wand(Segmenter):
    """Click a colour: everything like it is selected, as far as it hangs together or all over the image."""

    name = "wand"
    title = "Magic wand"
    order = 50

    @dataclass
    class Params:
        """How alike, and where."""

        tolerance: float = param(12.0, min=0.0, max=100.0, step=0.5, label="Tolerance", unit="ΔE",
                                 help="Largest difference from the clicked colour, in CIE Lab (1976). 2 is barely visible.")
        contiguous: bool = param(True, label="Contiguous", help="Only what hangs together with the clicked pixel.")

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Convert the image, uint8 (H, W, 3) RGB, to Lab."""
        import cv2

        self._lab = cv2.cvtColor(as_rgb(image), cv2.COLOR_RGB2Lab)
        self._distances: dict[tuple[int, int], NDArray[np.uint8]] = {}

    def predict(self, prompt: Prompt) -> Prediction:
        """Points labelled 1 add their colour, points labelled 0 take theirs away; a box limits the answer.

        Raises PromptError without any point inside the image.
        """
        if not hasattr(self, "_lab"):
            raise PromptError("No image has been set.")
        shape: tuple[int, int] = self._lab.shape[:2]
        check_prompt(prompt, shape)
        clicks = zip(prompt.points.tolist(), prompt.labels.tolist(), strict=True)
        seeds = [(int(x), int(y), bool(label)) for (x, y), label in clicks if 0 <= x < shape[1] and 0 <= y < shape[0]]
        if not seeds:
            raise PromptError("The wand needs a click inside the image.")
        mask, prob = np.zeros(shape, np.bool_), np.zeros(shape, np.float32)
        for x, y, add in seeds:
            chosen, soft = self._select(x, y)
            mask = mask | chosen if add else mask & ~chosen
            prob = np.maximum(prob, soft) if add else np.minimum(prob, 1 - soft)
        if prompt.box is not None:
            _limit(mask, prob, prompt.box)
        return Prediction(prob=prob, mask=mask, made_by=self.name)

    def _select(self, x: int, y: int) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Pixels like the one at (x, y), and how much they are like it."""
        distance, limit = self._distance(x, y), round(self.params.tolerance * 2)
        chosen = distance <= limit
        if self.params.contiguous:
            chosen = _component(chosen, x, y)
        soft = np.clip((limit * SOFT + 1 - distance.astype(np.float32)) / (limit * (SOFT - 1) + 1), 0, 1)
        soft[~chosen] = np.minimum(soft[~chosen], 0.49) if not self.params.contiguous else 0
        return chosen, np.maximum(soft, chosen * np.float32(0.51))

    def _distance(self, x: int, y: int) -> NDArray[np.uint8]:
        """Twice the ΔE of every pixel to the clicked colour, capped at 255.

        The last few are kept, because dragging changes only the tolerance.
        """
        if (x, y) not in self._distances:
            import cv2

            around = self._lab[max(y - 1, 0):y + 2, max(x - 1, 0):x + 2].reshape(-1, 3)
            colour = np.median(around, axis=0)
            # 8-bit Lab holds L scaled by 255/100.
            total = np.zeros(self._lab.shape[:2], np.float32)
            for channel, scale in enumerate((100 / 255, 1.0, 1.0)):
                table = (((np.arange(256) - colour[channel]) * scale) ** 2).astype(np.float32)
                total += cv2.LUT(self._lab[..., channel], table)
            if len(self._distances) == KEPT:
                del self._distances[next(iter(self._distances))]
            self._distances[x, y] = np.minimum(2 * cv2.sqrt(total), 255).astype(np.uint8)
        return self._distances[x, y]


def _component(chosen: NDArray[np.bool_], x: int, y: int) -> NDArray[np.bool_]:
    """The 4-connected part of `chosen` that holds (x, y); the pixel alone when it is not chosen."""
    import cv2

    fill = np.zeros((chosen.shape[0] + 2, chosen.shape[1] + 2), np.uint8)
    if chosen[y, x]:
        cv2.floodFill(chosen.astype(np.uint8), fill, (x, y), 1, flags=4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8))
    fill[y + 1, x + 1] = 1
    return fill[1:-1, 1:-1].astype(np.bool_)


def _limit(mask: NDArray[np.bool_], prob: NDArray[np.float32], box: tuple[float, float, float, float]) -> None:
    from segcore.energy.evidence import box_slices

    outside = np.ones(mask.shape, np.bool_)
    outside[box_slices(box, mask.shape)] = False
    mask[outside], prob[outside] = False, 0
