"""HRNet with object context: keeps a quarter of the size all through, and asks which class a pixel's surroundings are."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class HRNetOCR(Model):
    """Parallel scales that exchange what they see, then each pixel attends to the classes: fine and small."""

    name = "hrnet_ocr"
    title = "HRNet-OCR"
    order = 28
    paper = "Yuan, Chen, Wang: Object-Contextual Representations for Semantic Segmentation, ECCV 2020"

    @dataclass
    class Params:
        width: int = param(18, min=8, max=64, label="Width", help="Of the finest scale: 18, 32 or 48 in the paper")
        small: bool = param(True, label="Small", help="Half of the blocks")
        ocr_width: int = param(48, min=16, max=512, label="Width of the object context")

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.hrnet import HRNetOCRModule
        p = self.params
        return HRNetOCRModule(num_classes, p.width, p.small, p.ocr_width)
