"""Dense upsampling convolution (Wang et al., WACV 2018): the classifier itself predicts the pixels of every cell."""
from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from segcore.models.blocks.deeplab import Sum, atrous
from segcore.models.blocks.padding import AnySize


class DUC(nn.Sequential):
    """(N, cin, h, w) to logits (N, C, factor h, factor w): one channel per class and pixel of a cell, then rearranged."""

    def __init__(self, cin: int, classes: int, factor: int, rates: Sequence[int]) -> None:
        parts = Sum(atrous(cin, classes * factor ** 2, 3, rate) for rate in rates)
        for part in parts:
            nn.init.normal_(part.weight, std=0.01)
            nn.init.zeros_(part.bias)
        super().__init__(parts, nn.PixelShuffle(factor))


class DUCModule(AnySize):
    """A backbone at stride 8 and dense upsampling."""

    multiple = 8

    def __init__(self, backbone: nn.Module, head: DUC) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head

    def logits(self, image: Tensor) -> Tensor:
        logits: Tensor = self.head(self.backbone(image)[-1])
        return logits
