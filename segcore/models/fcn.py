"""FCN: the first network that was trained end to end to label every pixel."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class FCN(Model):
    """Fully convolutional network: VGG-16 with skips at strides 32, 16 and 8, or a dilated ResNet."""

    name = "fcn"
    title = "FCN"
    order = 40
    paper = "Shelhamer, Long, Darrell: Fully Convolutional Networks for Semantic Segmentation, PAMI 2017"

    @dataclass
    class Params:
        variant: str = param("fcn8s", choices=("fcn32s", "fcn16s", "fcn8s", "fcn8s_at_once"), label="Variant",
                             help="For VGG-16")
        backbone: str = param("vgg16", choices=("vgg16", "resnet50", "resnet101"), label="Backbone")
        fixed: bool = param(False, label="Fixed last upsampling", help="Bilinear for ever, as in the published networks")
        aux: bool = param(False, label="Auxiliary loss", help="For ResNet")

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.fcn import FCNModule
        from segcore.models.blocks.heads import FCNHead, Segmenter
        from segcore.models.blocks.resnet import ResNet
        p = self.params
        if p.backbone == "vgg16":
            return FCNModule(p.variant, num_classes, p.fixed)
        aux = FCNHead(1024, num_classes) if p.aux else None
        return Segmenter(ResNet(p.backbone, output_stride=8), FCNHead(2048, num_classes), aux)
