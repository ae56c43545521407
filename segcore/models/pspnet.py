"""PSPNet: what a pixel is depends on the scene, seen as means over coarse grids."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class PSPNet(Model):
    """Pyramid pooling on a dilated ResNet: context from the whole image down to a sixth of it."""

    name = "pspnet"
    title = "PSPNet"
    order = 55
    paper = "Zhao, Shi, Qi, Wang, Jia: Pyramid Scene Parsing Network, CVPR 2017"

    @dataclass
    class Params:
        backbone: str = param("resnet50", choices=("resnet18", "resnet50", "resnet101", "resnet152"), label="Backbone")
        aux: bool = param(False, label="Auxiliary loss", help="On the third stage, weight 0.4 in the paper")
        width: int = param(64, min=8, max=128, label="Width", help="Of the backbone's first stage", advanced=True)

    def build(self, num_classes: int) -> nn.Module:
        from torch import nn

        from segcore.models.blocks.heads import Segmenter
        from segcore.models.blocks.norm import conv_norm_relu
        from segcore.models.blocks.pyramid import PyramidPooling
        from segcore.models.blocks.resnet import ResNet
        p = self.params
        backbone = ResNet(p.backbone, 8, width=p.width, deep_stem=True, cycles={3: (2,), 4: (4,)})
        *_, third, last = backbone.channels

        def head(cin: int, cout: int) -> nn.Sequential:
            return nn.Sequential(conv_norm_relu(cin, cout, 3), nn.Dropout2d(0.1), nn.Conv2d(cout, num_classes, 1))
        classifier = nn.Sequential(PyramidPooling(last), head(2 * last, last // 4))
        return Segmenter(backbone, classifier, head(third, third // 4) if p.aux else None, align_corners=True)
