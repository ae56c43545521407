"""DANet: attention between all positions and between all channels."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class DANet(Model):
    """Dual attention on a dilated ResNet: alike pixels and unlike channels inform each other."""

    name = "danet"
    title = "DANet"
    order = 58
    paper = "Fu, Liu, Tian, Li, Bao, Fang, Lu: Dual Attention Network for Scene Segmentation, CVPR 2019"

    @dataclass
    class Params:
        backbone: str = param("resnet50", choices=("resnet18", "resnet50", "resnet101"), label="Backbone")
        gate: float = param(0.0, min=0, max=1, step=0.1, label="Attention at the start", advanced=True,
                            help="The paper starts without attention and lets it grow")
        width: int = param(64, min=8, max=128, label="Width", help="Of the backbone's first stage", advanced=True)

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.attention import DANetModule
        from segcore.models.blocks.resnet import ResNet
        backbone = ResNet(self.params.backbone, 8, width=self.params.width)
        return DANetModule(backbone, backbone.channels[-1], num_classes, self.params.gate)
