"""DeepLab v2: atrous spatial pyramid pooling on a residual network, at several scales."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn

RATES = {"aspp_l": (6, 12, 18, 24), "aspp_s": (2, 4, 8, 12), "large_fov": (12,)}
"""Dilations of the classifiers that are summed."""


@MODELS.add
class DeepLabV2(Model):
    """Classifiers with four fields of view, summed, on a dilated ResNet-101 or VGG-16."""

    name = "deeplab_v2"
    title = "DeepLab v2"
    order = 49
    paper = "Chen, Papandreou, Kokkinos, Murphy, Yuille: DeepLab: Semantic Image Segmentation with Deep Convolutional Nets, " \
            "Atrous Convolution, and Fully Connected CRFs, PAMI 2018"

    @dataclass
    class Params:
        variant: str = param("aspp_l", choices=tuple(RATES), label="Field of view")
        backbone: str = param("resnet101", choices=("resnet101", "vgg16"), label="Backbone")
        multiscale: str = param("none", choices=("none", "max", "attention"), label="Scales",
                                help="Three scales at once, fused by the maximum or by learned attention")
        width: int = param(64, min=4, max=128, label="Width", help="Of the first layer, the others follow", advanced=True)

    def build(self, num_classes: int) -> nn.Module:
        from torch import nn

        from segcore.models.blocks.deeplab import DeepLabModule, MultiScale, Sum, atrous, fc_head
        from segcore.models.blocks.resnet import ResNet
        from segcore.models.blocks.vgg import VGG16
        p, rates = self.params, RATES[self.params.variant]
        backbone: ResNet | VGG16
        if p.backbone == "vgg16":
            backbone = VGG16(dilated=True, width=p.width)
            head = Sum(fc_head(backbone.channels[-1], 16 * p.width, num_classes, 3, rate) for rate in rates)
        else:
            backbone = ResNet(p.backbone, 8, width=p.width, cycles={3: (2,), 4: (4,)})
            head = Sum(atrous(backbone.channels[-1], num_classes, 3, rate) for rate in rates)
            for part in head:
                nn.init.normal_(part.weight, std=0.01)
                nn.init.zeros_(part.bias)
        network = DeepLabModule(backbone, head)
        if p.multiscale == "none":
            return network
        return MultiScale(network, backbone.channels[-1] if p.multiscale == "attention" else 0)
