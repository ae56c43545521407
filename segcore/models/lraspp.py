"""LR-ASPP: the smallest useful head on MobileNet V3, a practical choice on a processor."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class LRASPP(Model):
    """MobileNet V3 with a gate from the whole image and one skip connection: fast without a graphics card."""

    name = "lraspp"
    title = "LR-ASPP MobileNet V3"
    order = 30
    paper = "Howard et al.: Searching for MobileNetV3, ICCV 2019"

    @dataclass
    class Params:
        """No options."""

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.lraspp import LRASPPModule
        return LRASPPModule(num_classes)
