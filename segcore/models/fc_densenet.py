"""FC-DenseNet, the “One Hundred Layers Tiramisu”: every layer sees all features before it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.errors import PromptError
from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn

PLANS = {56: ((4, 4, 4, 4, 4), 4, 12), 67: ((5, 5, 5, 5, 5), 5, 16), 103: ((4, 5, 7, 10, 12), 15, 16)}
"""Layers of the blocks on the way down (mirrored on the way up), of the bottleneck, and features that a layer adds."""


@MODELS.add
class FCDenseNet(Model):
    """Dense blocks down and up: few weights, learns from few images without pretraining, needs memory."""

    name = "fc_densenet"
    title = "FC-DenseNet (Tiramisu)"
    order = 36
    paper = "Jégou, Drozdzal, Vazquez, Romero, Bengio: The One Hundred Layers Tiramisu: Fully Convolutional DenseNets for " \
            "Semantic Segmentation, CVPR Workshops 2017"

    @dataclass
    class Params:
        layers: int = param(56, min=56, max=103, label="Layers", help="56, 67 or 103")

    def build(self, num_classes: int) -> nn.Module:
        from segcore.models.blocks.dense import FCDenseNetModule
        if self.params.layers not in PLANS:
            raise PromptError(f"There is no FC-DenseNet with {self.params.layers} layers.", "Choose 56, 67 or 103.")
        return FCDenseNetModule(num_classes, *PLANS[self.params.layers])
