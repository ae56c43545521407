"""SwiftNet: a pretrained encoder, spatial pyramid pooling for context and a light ladder of lateral connections."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class SwiftNet(Model):
    """Fast street-scene network: small encoder, pyramid pooling, light decoder at a quarter of the size."""

    name = "swiftnet"
    title = "SwiftNet"
    order = 10
    paper = "Oršić, Krešo, Bevandić, Šegvić: In Defense of Pre-trained ImageNet Architectures for Real-time Semantic " \
            "Segmentation of Road-driving Images, CVPR 2019"

    @dataclass
    class Params:
        backbone: str = param("squeezenet1_1", choices=("squeezenet1_1",), label="Encoder")
        width: int = param(128, min=8, max=512, label="Decoder channels")
        detail: bool = param(False, label="Fine decoder",
                             help="One more step, to half of the size (not in the paper): thin things such as poles survive")

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.ladder import LadderNet
        from segcore.models.blocks.squeezenet import SqueezeNetEncoder
        width = self.params.width
        widths = (width, width, width // 2, width // 2) if self.params.detail else (width, width, width)
        return LadderNet(SqueezeNetEncoder(), num_classes, widths)
