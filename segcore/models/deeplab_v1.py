"""DeepLab v1: VGG-16 with holes in its filters; meant to be followed by the dense CRF."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn

FC6 = {"large_fov": (3, 12, 1024), "4x4": (4, 4, 4096), "7x7": (7, 4, 4096)}
"""Kernel, dilation and width of the first fully connected layer."""


@MODELS.add
class DeepLabV1(Model):
    """Dilated VGG-16 at an eighth of the size; the dense CRF as refiner gives it its borders."""

    name = "deeplab_v1"
    title = "DeepLab v1"
    order = 46
    paper = "Chen, Papandreou, Kokkinos, Murphy, Yuille: Semantic Image Segmentation with Deep Convolutional Nets and Fully " \
            "Connected CRFs, ICLR 2015"

    @dataclass
    class Params:
        variant: str = param("large_fov", choices=("large_fov", "4x4", "7x7"), label="Field of view")
        multiscale: bool = param(False, label="Early features", help="“MSc”: the image and the first poolings are scored too")
        width: int = param(64, min=4, max=128, label="Width", help="Of the first layer, the others follow", advanced=True)

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.deeplab import DeepLabModule, ImageAndPools, fc_head
        from segcore.models.blocks.vgg import VGG16
        p = self.params
        backbone = VGG16(dilated=True, width=p.width)
        kernel, rate, width = FC6[p.variant]
        head = fc_head(backbone.channels[-1], width * p.width // 64, num_classes, kernel, rate)
        return DeepLabModule(backbone, head, ImageAndPools(backbone.channels, num_classes) if p.multiscale else None)
