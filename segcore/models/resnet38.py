"""ResNet-38: wider and shallower than other residual networks, and as good."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.models import MODELS, Model
from segcore.params import param

if TYPE_CHECKING:
    from torch import nn


@MODELS.add
class ResNet38(Model):
    """Wide, shallow residual network at an eighth of the size, with a dilated classifier."""

    name = "resnet38"
    title = "ResNet-38 (Wider or Deeper)"
    order = 57
    paper = "Wu, Shen, van den Hengel: Wider or Deeper: Revisiting the ResNet Model for Visual Recognition, " \
            "Pattern Recognition 2019"

    @dataclass
    class Params:
        head_convs: int = param(2, min=1, max=2, label="Convolutions of the classifier",
                                help="Dilated by 12; the paper has both")
        width: int = param(64, min=4, max=64, label="Width", help="Of the first layer, the others follow", advanced=True)

    def build(self, num_classes: int) -> nn.Module:
        from torch import nn

        from segcore.models.blocks.deeplab import atrous
        from segcore.models.blocks.heads import Segmenter
        from segcore.models.blocks.wide import WideResNet38
        p = self.params
        backbone = WideResNet38(p.width)
        cin, narrow = backbone.channels[-1], 8 * p.width
        hidden: list[nn.Module] = [atrous(cin, narrow, 3, 12), nn.ReLU(inplace=True)] if p.head_convs == 2 else []
        return Segmenter(backbone, nn.Sequential(*hidden, atrous(narrow if hidden else cin, num_classes, 3, 12)))
