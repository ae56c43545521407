"""DeepLab v3: dilated convolutions at several rates see objects at several scales."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class DeepLabV3(Model):
    """Atrous spatial pyramid pooling on a dilated backbone, from mobile to ResNet-101."""

    name = "deeplab_v3"
    title = "DeepLab v3"
    order = 50
    paper = "Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image Segmentation, arXiv 1706.05587"

    @dataclass
    class Params:
        backbone: str = param("resnet50", choices=("resnet50", "resnet101", "mobilenet_v2", "mobilenet_v3_large"),
                              label="Backbone")
        output_stride: int = param(16, min=8, max=16, step=8, label="Output stride", help="8 is finer and slower")
        aux: bool = param(False, label="Auxiliary loss")
        width: float = param(1.0, min=0.25, max=2, label="Width", help="Of MobileNet V2", advanced=True)
        mobile_head: bool = param(False, label="Mobile head", advanced=True,
                                  help="Image pooling and 1x1 only, as in the authors' mobile networks")

    def build(self, num_classes: int) -> nn.Module:
        from torch import nn

        from segcore.models.blocks.aspp import ASPP
        from segcore.models.blocks.heads import FCNHead, Segmenter
        from segcore.models.blocks.mobilenet import MobileNetV2, MobileNetV3
        from segcore.models.blocks.resnet import ResNet
        p = self.params
        makers: dict[str, Callable[[], Any]] = {"mobilenet_v2": lambda: MobileNetV2(p.output_stride, p.width),
                                                "mobilenet_v3_large": MobileNetV3}
        backbone = makers[p.backbone]() if p.backbone in makers else ResNet(p.backbone, p.output_stride)
        cin = backbone.channels[-1]
        if p.mobile_head:
            return Segmenter(backbone, nn.Sequential(ASPP(cin, ()), nn.Conv2d(256, num_classes, 1)), align_corners=True)
        rates = (12, 24, 36) if p.output_stride == 8 or p.backbone == "mobilenet_v3_large" else (6, 12, 18)
        classifier = nn.Sequential(ASPP(cin, rates), nn.Conv2d(256, 256, 3, padding=1, bias=False), nn.BatchNorm2d(256),
                                   nn.ReLU(), nn.Conv2d(256, num_classes, 1))
        return Segmenter(backbone, classifier, FCNHead(backbone.channels[-2], num_classes) if p.aux else None)
