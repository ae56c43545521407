"""The decoder of SwiftNet (Oršić et al., CVPR 2019): pyramid pooling, then upsample, add a lateral feature, blend."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Encoder(Protocol):
    """Gives features from the finest to the coarsest scale; `channels` are their widths."""

    channels: Sequence[int]

    def __call__(self, x: Tensor) -> list[Tensor]: ...


def conv_bn(cin: int, cout: int, kernel: int = 1) -> nn.Sequential:
    """Convolution without bias, batch normalisation, ReLU; the size is kept."""
    return nn.Sequential(nn.Conv2d(cin, cout, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(cout),
                         nn.ReLU(inplace=True))


class PyramidPooling(nn.Module):
    """Context from average-pooled grids beside the features themselves: (N, cin, H, W) to (N, cout, H, W)."""

    def __init__(self, cin: int, cout: int, grids: Sequence[int] = (8, 4, 2, 1)) -> None:
        super().__init__()
        self.grids = tuple(grids)
        self.reduce = conv_bn(cin, cout)
        # No batch normalisation here: the 1 x 1 grid of a batch of one has a single value per channel.
        self.levels = nn.ModuleList(nn.Conv2d(cout, cout // 4, 1) for _ in self.grids)
        self.fuse = conv_bn(cout + cout // 4 * len(self.grids), cout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(x)
        size = x.shape[-2:]
        pooled = [F.interpolate(torch.relu(level(pool(x, grid))), size=size, mode="bilinear", align_corners=False)
                  for grid, level in zip(self.grids, self.levels, strict=True)]
        fused: Tensor = self.fuse(torch.cat([x, *pooled], 1))
        return fused


def pool(x: Tensor, grid: int) -> Tensor:
    """Average over a grid with `grid` rows and as many columns as keep the cells square."""
    height, width = x.shape[-2:]
    size = min(grid, height), max(1, min(width, round(grid * width / height)))
    if x.device.type == "mps":      # which averages only over cells of equal size
        return F.adaptive_avg_pool2d(x.cpu(), size).to(x.device)
    return F.adaptive_avg_pool2d(x, size)


class LadderNet(nn.Module):
    """Encoder, pyramid pooling on its coarsest feature, ladder steps to finer features, 1x1 classifier, bilinear to full size.

    `widths` are the channels of the ladder from the coarsest feature on; the ladder ends where `widths` does.
    """

    def __init__(self, encoder: Encoder, num_classes: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.encoder = encoder
        *finer, coarsest = encoder.channels
        self.context = PyramidPooling(coarsest, widths[0])
        steps = list(zip(finer[::-1], widths, widths[1:], strict=False))
        self.laterals = nn.ModuleList(conv_bn(channels, width) for channels, width, _ in steps)
        self.blends = nn.ModuleList(conv_bn(width, after, 3) for _, width, after in steps)
        self.classifier = nn.Conv2d(widths[-1], num_classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        *finer, coarsest = self.encoder(image)
        x = self.context(coarsest)
        for feature, lateral, blend in zip(finer[::-1], self.laterals, self.blends, strict=False):
            x = blend(F.interpolate(x, size=feature.shape[-2:], mode="bilinear", align_corners=False) + lateral(feature))
        return F.interpolate(self.classifier(x), size=image.shape[-2:], mode="bilinear", align_corners=False)
