"""Atrous spatial pyramid pooling (Chen et al., DeepLab v3, arXiv 1706.05587); layer names are those of torchvision."""
from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ImagePooling(nn.Sequential):
    """The mean over the image through a 1x1 convolution, spread over the image again."""

    def __init__(self, cin: int, cout: int) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), nn.Conv2d(cin, cout, 1, bias=False), nn.BatchNorm2d(cout), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        pooled: Tensor = self[1](self[0](x))
        # A single value per channel has no statistics of its own: training on one image uses the running ones.
        norm = self[2]
        statistics = norm.training and pooled.shape[0] > 1
        pooled = torch.relu(F.batch_norm(pooled, norm.running_mean, norm.running_var, norm.weight, norm.bias, statistics,
                                         norm.momentum, norm.eps))
        return pooled.expand(-1, -1, *x.shape[-2:])


class ASPP(nn.Module):
    """1x1, a 3x3 per dilation rate, and image pooling, side by side, joined by a 1x1; (N, cin, H, W) to (N, cout, H, W)."""

    def __init__(self, cin: int, rates: Sequence[int], cout: int = 256, dropout: float = 0.5) -> None:
        super().__init__()
        branches: list[nn.Module] = [nn.Sequential(nn.Conv2d(cin, cout, 1, bias=False), nn.BatchNorm2d(cout), nn.ReLU())]
        branches += [nn.Sequential(nn.Conv2d(cin, cout, 3, padding=rate, dilation=rate, bias=False), nn.BatchNorm2d(cout),
                                   nn.ReLU()) for rate in rates]
        self.convs = nn.ModuleList([*branches, ImagePooling(cin, cout)])
        self.project = nn.Sequential(nn.Conv2d(len(self.convs) * cout, cout, 1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(),
                                     nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(torch.cat([branch(x) for branch in self.convs], 1))
        return y
