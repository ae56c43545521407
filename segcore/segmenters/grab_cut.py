"""GrabCut: a box, then strokes. Colour models of both sides and the cut are found in turn (Rother et al. 2004)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segcore.errors import PromptError
from segcore.params import param
from segcore.segmenters import SEGMENTERS, Segmenter
from segcore.types import Prediction, Prompt

if TYPE_CHECKING:
    from segcore.energy.session import CutSession


@SEGMENTERS.add
class GrabCut(Segmenter):
    """Draw a box round the object; the mask snaps to its edges. Correct it with strokes of object and background."""

    name = "grab_cut"
    title = "GrabCut"
    order = 10

    @dataclass
    class Params:
        """Weights of the evidence."""

        smoothness: float = param(22.0, min=0, max=500, label="Smoothness", help="How much the length of the boundary counts.")
        rounds: int = param(5, min=1, max=20, label="Rounds", help="Rounds of learning colours and cutting.")
        parts: int = param(5, min=1, max=12, label="Colours", help="Colours per side.", advanced=True)
        colour: float = param(1.0, min=0, max=10, label="Colour", help="Weight of the colour models.", advanced=True)
        barrier: float = param(0.0, min=0, max=20, label="Enclosure", advanced=True,
                               help="Weight of how well edges part a pixel from what is outside the box.")
        trust: float = param(5.0, min=.5, max=100, label="Trust in colour", advanced=True,
                             help="The most that the colour of a single pixel can say.")
        prior: float = param(2.0, min=0, max=50, label="Prior", advanced=True,
                             help="Weight of an existing mask or a network's probability.")
        island: float = param(.05, min=0, max=1, label="Drop islands below", advanced=True,
                              help="Parts smaller than this share of the largest are dropped unless marked.")
        local: bool = param(True, label="Local strokes", help="Strokes change the mask only where they touch the change.")

    _session: CutSession | None = None

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Prepare for an image, uint8 (H, W, 3) RGB; grey is accepted."""
        from segcore.energy.coarse import Weights
        from segcore.energy.session import CutSession

        p = self.params
        weights = Weights(smoothness=p.smoothness, rounds=p.rounds, parts=p.parts, colour=p.colour, barrier=p.barrier,
                          prior=p.prior, trust=p.trust, island=p.island, distance=0)
        self._session = CutSession(image, weights, p.local)

    def predict(self, prompt: Prompt) -> Prediction:
        """The mask for a box and/or strokes, points and a prior; an empty side is explained in `message`."""
        return self._opened().answer(prompt, self.name)

    def preview(self, prompt: Prompt) -> Prediction:
        """A coarse answer for while the mouse moves; it leaves no trace."""
        return self._opened().preview(prompt, self.name)

    def exact(self) -> Prediction:
        """The exact full-resolution cut of the last answer's energy, on demand; takes seconds on large photos."""
        return self._opened().exact(self.name)

    def _opened(self) -> CutSession:
        if self._session is None:
            raise PromptError("No image has been set.")
        return self._session
