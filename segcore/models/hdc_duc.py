"""ResNet-DUC-HDC: dilations that leave no gaps, and upsampling that is learned."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn

BRANCHES = 4
"""Fields of view of the pyramid, whose dilations are multiples of 6."""


@MODELS.add
class HDCDUC(Model):
    """Hybrid dilated convolution against gridding, dense upsampling convolution for thin objects."""

    name = "hdc_duc"
    title = "ResNet-DUC-HDC"
    order = 54
    paper = "Wang, Chen, Yuan, Liu, Huang, Hou, Cottrell: Understanding Convolution for Semantic Segmentation, WACV 2018"

    @dataclass
    class Params:
        backbone: str = param("resnet101", choices=("resnet50", "resnet101", "resnet152"), label="Backbone")
        dilation: str = param("bigger", choices=("plain", "rf", "bigger"), label="Dilations",
                              help="Plain has gaps; “rf” cycles through 1, 2, 3; “bigger” through 1, 2, 5, 9")
        aspp: bool = param(True, label="Spatial pyramid", help="Sum of four fields of view")
        width: int = param(64, min=8, max=128, label="Width", help="Of the backbone's first stage", advanced=True)

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.duc import DUC, DUCModule
        from segcore.models.blocks.resnet import DEPTHS, ResNet
        p = self.params
        whole, rest = divmod(DEPTHS[p.backbone][2], 3)
        cycles: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
            "plain": ((2,), (4,)), "rf": ((1, 2, 3) * whole + (2,) * rest, (3, 4, 5)), "bigger": ((1, 2, 5, 9), (5, 9, 17))}
        third, fourth = cycles[p.dilation]
        backbone = ResNet(p.backbone, 8, width=p.width, cycles={3: third, 4: fourth})
        rates = tuple(6 * i for i in range(1, BRANCHES + 1)) if p.aspp else (1,)
        return DUCModule(backbone, DUC(backbone.channels[-1], num_classes, 8, rates))
