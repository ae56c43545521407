"""The pyramid pooling module (Zhao et al., CVPR 2017)."""
from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcore.models.blocks.norm import conv_norm_relu


class PyramidPooling(nn.Module):
    """The features beside their means over grids of 1, 4, 9 and 36 cells; (N, cin, H, W) to (N, 2 cin, H, W) (section 3.2)."""

    def __init__(self, cin: int, bins: Sequence[int] = (1, 2, 3, 6)) -> None:
        super().__init__()
        self.bins = tuple(bins)
        self.levels = nn.ModuleList(conv_norm_relu(cin, cin // len(self.bins), pooled=True) for _ in self.bins)

    def forward(self, x: Tensor) -> Tensor:
        levels = [level(grid_means(x, bins)) for bins, level in zip(self.bins, self.levels, strict=True)]
        return torch.cat([x, *(F.interpolate(level, size=x.shape[-2:], mode="bilinear", align_corners=True)
                               for level in levels)], 1)


def grid_means(x: Tensor, bins: int) -> Tensor:
    """(N, C, H, W) to the means over bins x bins cells."""
    if x.device.type == "mps":      # which averages only over cells of equal size
        return F.adaptive_avg_pool2d(x.cpu(), bins).to(x.device)
    return F.adaptive_avg_pool2d(x, bins)
