"""Online hard example mining: cross entropy of the pixels that the network gets wrong (Shrivastava et al., CVPR 2016)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.losses import LOSSES, Loss
from segcore.params import param
from segcore.types import VOID

if TYPE_CHECKING:
    from torch import Tensor


@LOSSES.add
class OHEM(Loss):
    """Mean of the cross entropies above -log(threshold), but of at least the hardest share of the labelled pixels."""

    name = "ohem"
    title = "Hard pixels (OHEM)"
    order = 20

    @dataclass
    class Params:
        threshold: float = param(0.7, min=0.01, max=0.999, label="Probability", help="Pixels are hard below this probability")
        share: float = param(1 / 16, min=0, max=1, label="At least", help="Share of the pixels that always count")

    def __call__(self, logits: Tensor, target: Tensor) -> Tensor:
        import math

        import torch.nn.functional as F
        losses = F.cross_entropy(logits, target, self.weights, ignore_index=VOID, reduction="none")[target != VOID]
        if losses.numel() == 0:
            return logits.sum() * 0
        losses = losses.sort(descending=True).values
        at_least = max(1, int(self.params.share * losses.numel()))
        hard = int((losses > -math.log(self.params.threshold)).sum())
        return losses[:max(at_least, hard)].mean()
