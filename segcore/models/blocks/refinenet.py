"""Multi-path refinement (Lin, Milan, Shen, Reid, CVPR 2017)."""
from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv3(cin: int, cout: int, bias: bool = False) -> nn.Conv2d:
    """3x3 that keeps the size."""
    return nn.Conv2d(cin, cout, 3, padding=1, bias=bias)


class ResidualUnits(nn.Module):
    """ReLU and 3x3, twice, around an identity; `count` of these (section 3.2, residual convolution unit)."""

    def __init__(self, channels: int, count: int) -> None:
        super().__init__()
        self.units = nn.ModuleList(nn.Sequential(nn.ReLU(), conv3(channels, channels, bias=True), nn.ReLU(inplace=True),
                                                 conv3(channels, channels)) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        for unit in self.units:
            x = x + unit(x)
        return x


class ChainedPooling(nn.Module):
    """5x5 max pooling of stride 1 and 3x3, chained; every link of the chain is added (section 3.2)."""

    def __init__(self, channels: int, links: int) -> None:
        super().__init__()
        self.links = nn.ModuleList(conv3(channels, channels) for _ in range(links))

    def forward(self, x: Tensor) -> Tensor:
        x = total = torch.relu(x)
        for conv in self.links:
            x = conv(F.max_pool2d(x, 5, 1, 2))
            total = total + x
        return total


class RefineBlock(nn.Module):
    """A feature of the backbone and the coarser path, adapted, summed at the finer size, pooled in a chain, refined."""

    def __init__(self, cin: int, channels: int, coarser: int, links: int) -> None:
        super().__init__()
        self.reduce = conv3(cin, channels)
        self.adapt = ResidualUnits(channels, 2)
        self.fuse = conv3(channels, channels) if coarser else None
        self.fuse_coarser = conv3(coarser, channels) if coarser else None
        self.pool = ChainedPooling(channels, links)
        self.output = ResidualUnits(channels, 3)

    def forward(self, feature: Tensor, coarser: Tensor | None) -> Tensor:
        x: Tensor = self.adapt(self.reduce(feature))
        if self.fuse is not None and self.fuse_coarser is not None and coarser is not None:
            x = self.fuse(x) + F.interpolate(self.fuse_coarser(coarser), size=x.shape[-2:], mode="bilinear", align_corners=True)
        refined: Tensor = self.output(self.pool(x))
        return refined


class RefineNetModule(nn.Module):
    """Four refinement blocks from stride 32 to stride 4, where a 3x3 classifies."""

    def __init__(self, backbone: nn.Module, channels: Sequence[int], classes: int, width: int, links: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.drop = nn.Dropout(0.5)
        blocks, coarser = [], 0
        for cin in channels[::-1]:
            blocks.append(RefineBlock(cin, width if coarser else 2 * width, coarser, links))
            coarser = width if coarser else 2 * width
        self.blocks = nn.ModuleList(blocks)
        self.classifier = conv3(width, classes, bias=True)

    def forward(self, image: Tensor) -> Tensor:
        x = None
        for number, (block, feature) in enumerate(zip(self.blocks, self.backbone(image)[::-1], strict=True)):
            x = block(self.drop(feature) if number < 2 else feature, x)
        logits = self.classifier(self.drop(x))
        return F.interpolate(logits, size=image.shape[-2:], mode="bilinear", align_corners=False)
