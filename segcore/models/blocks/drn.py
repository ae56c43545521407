"""Dilated residual networks with levels that remove the grid artefacts of dilation (Yu, Koltun, Funkhouser, CVPR 2017)."""
from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from segcore.models.blocks.norm import conv_norm_relu
from segcore.models.blocks.resnet import BasicBlock, Bottleneck, projection

WIDTHS = (16, 32, 64, 128, 256, 512, 512, 512)
STRIDES = (1, 2, 2, 2, 1, 1, 1, 1)
DILATIONS = (1, 1, 1, 1, 2, 4, 2, 1)
"""Of the eight levels; those of the last two fall again, which is what removes the grid."""


class DRN(nn.Module):
    """RGB (N, 3, H, W) to one feature at stride 8 with 512 channels.

    `simple`, architecture D: the first two and the last two levels are plain convolutions. Else C: they are residual, the last
    two without their identities, which would carry the grid on.
    """

    channels = (512,)

    def __init__(self, depths: Sequence[int], bottleneck: bool, simple: bool) -> None:
        super().__init__()
        levels: list[nn.Module] = [conv_norm_relu(3, WIDTHS[0], 7)]
        cin = WIDTHS[0]
        for number, (depth, width, stride, dilation) in enumerate(zip(depths, WIDTHS, STRIDES, DILATIONS, strict=True)):
            outer, degrid = number < 2 or number > 5, number > 5
            block = Bottleneck if bottleneck and not outer else BasicBlock
            layers: list[nn.Module] = []
            for index in range(depth):
                step = stride if index == 0 else 1
                if degrid or outer and simple:
                    layers.append(conv_norm_relu(cin, width, 3, step, dilation))
                    layers += [] if simple else [conv_norm_relu(width, width, 3, 1, dilation)]
                    cin = width
                else:
                    layers.append(block(cin, width, step, dilation))
                    cin = block.expansion * width
            levels.append(nn.Sequential(*layers))
        self.levels = nn.Sequential(*levels)
        # The authors' network computes the identity of level 7 and throws it away; it is here for their parameter counts.
        self.unused = None if simple or not bottleneck else projection(4 * WIDTHS[5], WIDTHS[6], 1)
        if self.unused is not None:
            self.unused.requires_grad_(False)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> list[Tensor]:
        return [self.levels(x)]


class DRNModule(nn.Module):
    """A backbone at stride 8, a 1x1 classifier, fixed bilinear upsampling."""

    def __init__(self, backbone: nn.Module, channels: int, classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = nn.Conv2d(channels, classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        logits = self.classifier(self.backbone(image)[-1])
        return F.interpolate(logits, size=image.shape[-2:], mode="bilinear", align_corners=False)
