"""Interactive graph cut from strokes and clicks (Boykov & Jolly 2001), with colours learnt in turn."""
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
class GraphCut(Segmenter):
    """Stroke or click on the object and on what is around it; the boundary between them follows the strongest edges."""

    name = "graph_cut"
    title = "Graph cut"
    order = 20

    @dataclass
    class Params:
        """Weights of the evidence."""

        smoothness: float = param(25.0, min=0, max=500, label="Smoothness", help="How much the length of the boundary counts.")
        rounds: int = param(5, min=1, max=20, label="Rounds", help="Rounds of learning colours and cutting.")
        parts: int = param(5, min=1, max=12, label="Colours", help="Colours per side.", advanced=True)
        colour: float = param(1.0, min=0, max=10, label="Colour", help="Weight of the colour models.", advanced=True)
        distance: float = param(4.0, min=0, max=20, label="Nearness", advanced=True,
                                help="Weight of the distance to the clicks, along ways that cross no edge.")
        trust: float = param(4.0, min=.5, max=100, label="Trust in colour", advanced=True,
                             help="The most that the colour of a single pixel can say.")
        prior: float = param(2.0, min=0, max=50, label="Prior", advanced=True,
                             help="Weight of an existing mask or a network's probability.")
        island: float = param(.05, min=0, max=1, label="Drop islands below", advanced=True,
                              help="Parts smaller than this share of the largest are dropped unless marked.")
        local: bool = param(False, label="Local strokes", help="Strokes change the mask only where they touch the change.")

    _session: CutSession | None = None

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Prepare for an image, uint8 (H, W, 3) RGB; grey is accepted."""
        from segcore.energy.coarse import Weights
        from segcore.energy.session import CutSession

        p = self.params
        weights = Weights(smoothness=p.smoothness, rounds=p.rounds, parts=p.parts, colour=p.colour, barrier=0,
                          prior=p.prior, trust=p.trust, island=p.island, distance=p.distance)
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
