"""Pixel-wise cross entropy, the standard loss of semantic segmentation."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.losses import LOSSES, Loss
from segcore.params import param
from segcore.types import VOID

if TYPE_CHECKING:
    from torch import Tensor


@LOSSES.add
class CrossEntropy(Loss):
    """Mean of -w[y] log p[y] over labelled pixels, divided by the sum of their weights when `weights` are set."""

    name = "cross_entropy"
    title = "Cross entropy"
    order = 10

    @dataclass
    class Params:
        smoothing: float = param(0.0, min=0, max=1, label="Label smoothing")

    def __call__(self, logits: Tensor, target: Tensor) -> Tensor:
        import torch.nn.functional as F
        total = F.cross_entropy(logits, target, self.weights, ignore_index=VOID, reduction="sum",
                                label_smoothing=self.params.smoothing)
        labelled = target != VOID
        if self.weights is None:
            return total / labelled.sum().clamp(min=1)
        return total / self.weights[target[labelled]].sum().clamp(min=1e-6)
