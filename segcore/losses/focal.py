"""Focal loss (Lin et al., ICCV 2017): cross entropy in which pixels that are right already count little."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.losses import LOSSES, Loss
from segcore.params import param
from segcore.types import VOID

if TYPE_CHECKING:
    from torch import Tensor


@LOSSES.add
class Focal(Loss):
    """Mean over labelled pixels of -w[y] (1 - p[y])^gamma log p[y]."""

    name = "focal"
    title = "Focal"
    order = 40

    @dataclass
    class Params:
        gamma: float = param(2.0, min=0, max=10, label="Gamma", help="0 is cross entropy")

    def __call__(self, logits: Tensor, target: Tensor) -> Tensor:
        labelled = target != VOID
        if not labelled.any():
            return logits.sum() * 0
        truth = target[labelled][:, None]
        log_prob = logits.movedim(1, -1)[labelled].log_softmax(1).gather(1, truth)[:, 0]
        losses = -(1 - log_prob.exp()).clamp(min=1e-8) ** self.params.gamma * log_prob
        if self.weights is not None:
            losses = losses * self.weights[truth[:, 0]]
        return losses.mean()
