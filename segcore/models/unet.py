"""U-Net: every feature of the way down is handed over to the way up."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class UNet(Model):
    """Contracting and expanding path with skip connections: learns from few images."""

    name = "unet"
    title = "U-Net"
    order = 35
    paper = "Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation, MICCAI 2015"

    @dataclass
    class Params:
        padding: str = param("same", choices=("same", "valid"), label="Padding",
                             help="Valid is the paper's: the image is mirrored at its border, so that no layer sees zeros")
        norm: bool = param(False, label="Batch normalisation")
        width: int = param(64, min=4, max=256, label="Channels of the first level")
        depth: int = param(4, min=1, max=6, label="Levels below the first")

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.unet import UNetModule
        p = self.params
        return UNetModule(num_classes, p.width, p.depth, p.norm, p.padding == "valid")
