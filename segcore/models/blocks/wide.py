"""The wide, shallow residual network A (Wu, Shen, van den Hengel, Pattern Recognition 2019), pre-activated, at stride 8."""
from __future__ import annotations

import torch
from torch import Tensor, nn

from segcore.models.blocks.norm import he_initialise

PLAIN = ((3, 128, 128, 2, 1), (3, 256, 256, 2, 1), (6, 512, 512, 2, 1), (3, 512, 1024, 1, 2))
"""Blocks, channels of their two convolutions, stride of the first block, dilation after it."""

BOTTLENECKS = ((2048, 0.3), (4096, 0.5))
"""Channels and dropout of the last two blocks, which are dilated by 4."""


class WideBlock(nn.Module):
    """Normalisation and ReLU before the branch and before the projection of the identity, where one is needed."""

    def __init__(self, cin: int, cout: int, stride: int, branch: nn.Module) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(cin)
        self.branch = branch
        self.project = nn.Conv2d(cin, cout, 1, stride, bias=False) if stride > 1 or cin != cout else None

    def forward(self, x: Tensor) -> Tensor:
        active = torch.relu(self.norm(x))
        y: Tensor = self.branch(active)
        return y + (x if self.project is None else self.project(active))


def between(channels: int, dropout: float = 0.0) -> list[nn.Module]:
    """Normalisation, ReLU and dropout, as they stand before an inner convolution."""
    return [nn.BatchNorm2d(channels), nn.ReLU(inplace=True), *([nn.Dropout2d(dropout)] if dropout else [])]


def plain(cin: int, middle: int, cout: int, stride: int, first: int, dilation: int) -> WideBlock:
    """Two 3x3, the first with the stride and its own dilation."""
    branch = nn.Sequential(nn.Conv2d(cin, middle, 3, stride, first, first, bias=False), *between(middle),
                           nn.Conv2d(middle, cout, 3, 1, dilation, dilation, bias=False))
    return WideBlock(cin, cout, stride, branch)


def bottleneck(cin: int, cout: int, dropout: float) -> WideBlock:
    """1x1, 3x3 dilated by 4, 1x1, of a quarter, half and all of the channels."""
    branch = nn.Sequential(nn.Conv2d(cin, cout // 4, 1, bias=False), *between(cout // 4, dropout),
                           nn.Conv2d(cout // 4, cout // 2, 3, padding=4, dilation=4, bias=False), *between(cout // 2, dropout),
                           nn.Conv2d(cout // 2, cout, 1, bias=False))
    return WideBlock(cin, cout, 1, branch)


class WideResNet38(nn.Module):
    """RGB (N, 3, H, W) to one feature of 64 `width` channels at stride 8; the first layer has `width`, 64 in the paper."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1, bias=False)]
        cin, before = width, 1
        for depth, middle, wide, stride, dilation in PLAIN:
            middle, cout = middle * width // 64, wide * width // 64
            for index in range(depth):
                layers.append(plain(cin, middle, cout, 1 if index else stride, dilation if index else before, dilation))
                cin = cout
            before = dilation
        for wide, dropout in BOTTLENECKS:
            layers.append(bottleneck(cin, wide * width // 64, dropout))
            cin = wide * width // 64
        self.layers = nn.Sequential(*layers, nn.BatchNorm2d(cin), nn.ReLU(inplace=True))
        self.channels = (cin,)
        he_initialise(self)

    def forward(self, x: Tensor) -> list[Tensor]:
        return [self.layers(x)]
