"""RefineNet: four paths bring the coarse meaning to the fine features, block by block."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class RefineNet(Model):
    """Multi-path refinement with chained residual pooling on an undilated ResNet; answers at a quarter of the size."""

    name = "refinenet"
    title = "RefineNet"
    order = 56
    paper = "Lin, Milan, Shen, Reid: RefineNet: Multi-Path Refinement Networks for High-Resolution Semantic Segmentation, " \
            "CVPR 2017"

    @dataclass
    class Params:
        backbone: str = param("resnet101", choices=("resnet50", "resnet101", "resnet152"), label="Backbone")
        links: int = param(4, min=1, max=4, label="Chained poolings")
        width: int = param(64, min=8, max=128, label="Width", help="Of the backbone's first stage, the rest follows",
                           advanced=True)

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.refinenet import RefineNetModule
        from segcore.models.blocks.resnet import ResNet
        p = self.params
        backbone = ResNet(p.backbone, 32, width=p.width)
        return RefineNetModule(backbone, backbone.channels, num_classes, 4 * p.width, p.links)
