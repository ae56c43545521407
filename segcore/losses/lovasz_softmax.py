"""Lovász-Softmax (Berman, Rannen Triki, Blaschko, CVPR 2018): a convex surrogate of the intersection over union itself."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.losses import LOSSES, Loss
from segcore.params import param
from segcore.types import VOID

if TYPE_CHECKING:
    from torch import Tensor


@LOSSES.add
class LovaszSoftmax(Loss):
    """Mean over the classes that are present of the Lovász extension of the Jaccard loss, equation 11 of the paper."""

    name = "lovasz_softmax"
    title = "Lovász-Softmax"
    order = 50

    @dataclass
    class Params:
        pixels: int = param(0, min=0, max=100_000_000, label="Pixels per step",
                            help="Sorts a random part only, which is faster; 0 is all")

    def __call__(self, logits: Tensor, target: Tensor) -> Tensor:
        import torch
        scores, labels = logits.movedim(1, -1).reshape(-1, logits.shape[1]), target.reshape(-1)
        chosen = torch.nonzero(labels != VOID).squeeze(1)
        if self.params.pixels and len(chosen) > self.params.pixels:
            chosen = chosen[torch.randint(len(chosen), (self.params.pixels,), device=chosen.device)]
        prob, labels = scores[chosen].float().softmax(1), labels[chosen]
        truth = torch.nn.functional.one_hot(labels, prob.shape[1]).to(prob.dtype)
        present = truth.sum(0) > 0
        if not present.any():
            return logits.sum() * 0
        truth = truth[:, present]
        errors, order = (truth - prob[:, present]).abs().sort(dim=0, descending=True)
        return (errors * jaccard_gradient(truth.gather(0, order))).sum(0).mean()


def jaccard_gradient(truth: Tensor) -> Tensor:
    """Gradient of the Jaccard loss along pixels sorted by falling error (algorithm 1); truth 0/1 (N, C), result (N, C)."""
    total = truth.sum(0, keepdim=True)
    seen = truth.cumsum(0)
    jaccard = 1 - (total - seen) / (total + (1 - truth).cumsum(0))
    jaccard[1:] -= jaccard[:-1].clone()
    return jaccard
