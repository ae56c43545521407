"""DeepLab v3+: a decoder that gives the dilated network its sharp borders back."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class DeepLabV3Plus(Model):
    """Atrous spatial pyramid pooling and a small decoder that joins features at a quarter of the size."""

    name = "deeplab_v3plus"
    title = "DeepLab v3+"
    order = 52
    paper = "Chen, Zhu, Papandreou, Schroff, Adam: Encoder-Decoder with Atrous Separable Convolution for Semantic Image " \
            "Segmentation, ECCV 2018"

    @dataclass
    class Params:
        backbone: str = param("resnet50", choices=("xception", "xception65", "resnet50", "resnet101", "mobilenet_v2"),
                              label="Backbone", help="xception65 is the paper's modified one, xception the original")
        output_stride: int = param(16, min=8, max=16, step=8, label="Output stride", help="8 is finer and slower")
        decoder_convs: int = param(1, min=1, max=4, label="Convolutions of the decoder", help="The paper found two best",
                                   advanced=True)
        separable: bool = param(False, label="Separable decoder", help="As the paper does with Xception", advanced=True)
        width: float = param(1.0, min=0.25, max=2, label="Width", help="Of MobileNet V2", advanced=True)

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.deeplab_plus import DeepLabPlusModule
        from segcore.models.blocks.mobilenet import MobileNetV2
        from segcore.models.blocks.resnet import ResNet
        from segcore.models.blocks.xception import Xception
        p = self.params
        makers: dict[str, Callable[[], Any]] = {"mobilenet_v2": lambda: MobileNetV2(p.output_stride, p.width),
                                                "xception": lambda: Xception(p.output_stride, modified=False),
                                                "xception65": lambda: Xception(p.output_stride, modified=True)}
        backbone = makers[p.backbone]() if p.backbone in makers else ResNet(p.backbone, p.output_stride)
        return DeepLabPlusModule(backbone, backbone.channels[0], backbone.channels[-1], num_classes, p.output_stride,
                                 p.decoder_convs, p.separable)
