"""GCN: large kernels, made of lines, to classify and to localise at once."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class GCN(Model):
    """Global convolutional network: large separable kernels on every stage of a ResNet, refined at borders."""

    name = "gcn"
    title = "GCN"
    order = 53
    paper = "Peng, Zhang, Yu, Luo, Sun: Large Kernel Matters: Improve Semantic Segmentation by Global Convolutional Network, " \
            "CVPR 2017"

    @dataclass
    class Params:
        backbone: str = param("resnet50", choices=("resnet18", "resnet50", "resnet101", "resnet152"), label="Backbone")
        kernel: int = param(7, min=3, max=31, step=2, label="Kernel size", help="Odd; the paper found 15 best")
        width: int = param(64, min=8, max=128, label="Width", help="Of the backbone's first stage", advanced=True)

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.gcn import GCNModule
        from segcore.models.blocks.resnet import ResNet
        backbone = ResNet(self.params.backbone, 32, width=self.params.width)
        return GCNModule(backbone, backbone.channels, num_classes, self.params.kernel // 2 * 2 + 1)
