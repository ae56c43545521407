"""SegNet: the decoder puts values back where the encoder's poolings took them from."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class SegNet(Model):
    """VGG-16 and its mirror image, joined by the indices of the poolings."""

    name = "segnet"
    title = "SegNet"
    order = 45
    paper = "Badrinarayanan, Kendall, Cipolla: SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image " \
            "Segmentation, PAMI 2017"

    @dataclass
    class Params:
        bias: bool = param(True, label="Biases", help="In the convolutions before a normalisation", advanced=True)

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.segnet import SegNetModule
        return SegNetModule(num_classes, self.params.bias)
