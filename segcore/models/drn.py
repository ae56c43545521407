"""DRN: dilation instead of striding, and layers that take away the grid which dilation leaves."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn

DEPTHS = {"c26": (1, 1, 2, 2, 2, 2, 1, 1), "c42": (1, 1, 3, 4, 6, 3, 1, 1), "c58": (1, 1, 3, 4, 6, 3, 1, 1),
          "d22": (1, 1, 2, 2, 2, 2, 1, 1), "d38": (1, 1, 3, 4, 6, 3, 1, 1), "d54": (1, 1, 3, 4, 6, 3, 1, 1),
          "d105": (1, 1, 3, 4, 23, 3, 1, 1)}
"""Blocks of the eight levels."""

BOTTLENECKS = ("c58", "d54", "d105")


@MODELS.add
class DRNModel(Model):
    """Dilated residual network: keeps an eighth of the size all through; C and D remove gridding."""

    name = "drn"
    title = "DRN"
    order = 48
    paper = "Yu, Koltun, Funkhouser: Dilated Residual Networks, CVPR 2017"

    @dataclass
    class Params:
        variant: str = param("d22", choices=("a50", "c26", "c42", "c58", "d22", "d38", "d54", "d105"), label="Variant",
                             help="A is a dilated ResNet; C and D have degridding levels, D is simpler")

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.drn import DRN, DRNModule
        from segcore.models.blocks.resnet import ResNet
        variant = self.params.variant
        if variant == "a50":
            return DRNModule(ResNet("resnet50", 8), 2048, num_classes)
        return DRNModule(DRN(DEPTHS[variant], variant in BOTTLENECKS, variant.startswith("d")), 512, num_classes)
