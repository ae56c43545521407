"""ESPNet: spatial pyramids of dilated convolutions that are cheap because they first reduce the channels."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class ESPNet(Model):
    """Very small network: 0.36 million weights, pyramids of dilated convolutions, decoder with three skips."""

    name = "espnet"
    title = "ESPNet"
    order = 20
    paper = "Mehta, Rastegari, Caspi, Shapiro, Hajishirzi: ESPNet: Efficient Spatial Pyramid of Dilated Convolutions for " \
            "Semantic Segmentation, ECCV 2018"

    @dataclass
    class Params:
        p: int = param(2, min=1, max=16, label="Modules at 1/4 of the size")
        q: int = param(8, min=1, max=32, label="Modules at 1/8 of the size")

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.esp import ESPNetModule
        return ESPNetModule(num_classes, self.params.p, self.params.q)
