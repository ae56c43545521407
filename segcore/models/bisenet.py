"""BiSeNet: detail and context on two paths, fast enough for video."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class BiSeNet(Model):
    """A shallow spatial path and a deep context path with attention, joined at an eighth of the size."""

    name = "bisenet"
    title = "BiSeNet"
    order = 25
    paper = "Yu, Wang, Peng, Gao, Yu, Sang: BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation, " \
            "ECCV 2018"

    @dataclass
    class Params:
        backbone: str = param("resnet18", choices=("xception39", "resnet18"), label="Backbone")
        aux: bool = param(False, label="Auxiliary losses", help="On the context path, at strides 8 and 16")

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.bisenet import BiSeNetModule
        from segcore.models.blocks.resnet import ResNet
        from segcore.models.blocks.xception import Xception39
        p = self.params
        backbone: Any = Xception39() if p.backbone == "xception39" else ResNet(p.backbone, 32)
        return BiSeNetModule(backbone, backbone.channels, num_classes, p.aux)
