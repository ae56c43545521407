"""Dice loss (Milletari et al., V-Net, 2016): one minus the overlap of probabilities and labels, class by class."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.losses import LOSSES, Loss
from segcore.params import param
from segcore.types import VOID

if TYPE_CHECKING:
    from torch import Tensor


@LOSSES.add
class Dice(Loss):
    """1 - mean over the classes that occur of 2 sum(p y) / (sum(p²) + sum(y²)), sums over all labelled pixels of the batch."""

    name = "dice"
    title = "Dice"
    order = 30

    @dataclass
    class Params:
        squared: bool = param(True, label="Squared denominator", help="As in V-Net; without it, sum(p) + sum(y)")

    def __call__(self, logits: Tensor, target: Tensor) -> Tensor:
        import torch
        labelled = target != VOID
        prob = logits.movedim(1, -1)[labelled].softmax(1)
        truth = torch.nn.functional.one_hot(target[labelled], logits.shape[1]).to(prob.dtype)
        present = truth.sum(0) > 0
        if not present.any():
            return logits.sum() * 0
        prob, truth = prob[:, present], truth[:, present]
        size = (prob.square() + truth).sum(0) if self.params.squared else (prob + truth).sum(0)
        return 1 - (2 * (prob * truth).sum(0) / size).mean()
