"""Interactive segmenters: image + prompt -> mask. One file each; `SEGMENTERS["graph_cut"]()` makes one."""
from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from segcore.errors import PromptError
from segcore.registry import Plugin, Registry
from segcore.types import Prediction, Prompt


class Segmenter(Plugin):
    """Answers prompts on one image at a time. Instances are used by one thread at a time."""

    needs_torch: ClassVar[bool] = False
    """True for networks: the window then runs it in the worker process."""

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Prepare for an image, uint8 (H, W, 3) RGB; the expensive part, once per image."""
        raise NotImplementedError

    def predict(self, prompt: Prompt) -> Prediction:
        """Answer a prompt: `.mask` bool (H, W), `.prob` float32 (H, W) in 0..1. Raises PromptError when it cannot."""
        raise NotImplementedError


def check_prompt(prompt: Prompt, shape: tuple[int, int]) -> None:
    """Raise PromptError, in plain words, for a prompt that does not fit an image of `shape` (H, W)."""
    if len(prompt.points) != len(prompt.labels):
        raise PromptError(f"The prompt has {len(prompt.points)} points but {len(prompt.labels)} labels.")
    if not np.isfinite(prompt.points).all():
        raise PromptError("A point of the prompt has no finite position.")
    for name, plane in (("scribble", prompt.scribble), ("prior", prompt.prior)):
        if plane is not None and plane.shape != shape:
            raise PromptError(f"The {name} is {plane.shape[::-1]} pixels, the image {shape[::-1]}.")
    if prompt.prior is not None and not np.isfinite(prompt.prior).all():
        raise PromptError("The prior holds values that are not numbers.")
    if prompt.box is not None:
        x0, y0, x1, y1 = prompt.box
        if not np.isfinite(prompt.box).all() or x1 <= 0 or y1 <= 0 or x0 >= shape[1] or y0 >= shape[0] or x1 <= x0 or y1 <= y0:
            raise PromptError("The box does not cover any pixel of the image.", "Draw it over the object.")


SEGMENTERS: Registry[Segmenter] = Registry(__name__)
