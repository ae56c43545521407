"""DeconvNet: a deep mirror image of VGG-16 that unpools and deconvolves objects back to their shapes."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class DeconvNet(Model):
    """VGG-16 down to a vector and back up by unpooling and deconvolution; large."""

    name = "deconvnet"
    title = "DeconvNet"
    order = 44
    paper = "Noh, Hong, Han: Learning Deconvolution Network for Semantic Segmentation, ICCV 2015"

    @dataclass
    class Params:
        fc6: bool = param(True, label="Fully connected layers", help="Without them the network is eight times smaller")
        width: int = param(4096, min=64, max=4096, step=64, label="Width", advanced=True,
                           help="Of the fully connected layers, the others follow")

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.deconvnet import DeconvNetModule
        return DeconvNetModule(num_classes, self.params.fc6, self.params.width)
