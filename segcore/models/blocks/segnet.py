"""The layers of SegNet (Badrinarayanan, Kendall, Cipolla, PAMI 2017): VGG-16 with normalisation, and its mirror image."""
from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from segcore.models.blocks.vgg import GROUPS


class SegNetModule(nn.Module):
    """Any size: unpooling restores exactly what pooling saw, so no padding is needed."""

    def __init__(self, classes: int, bias: bool) -> None:
        super().__init__()
        def block(cin: int, cout: int) -> nn.Sequential:
            return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1, bias=bias), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))
        down, up, cin = [], [], 3
        for widths in GROUPS:
            inputs = (cin, *widths[:-1])
            down.append(nn.Sequential(*(block(a, b) for a, b in zip(inputs, widths, strict=True))))
            backwards = list(zip(widths[::-1], inputs[::-1], strict=True))
            if cin == 3:
                up.append(nn.Sequential(block(64, 64), nn.Conv2d(64, classes, 3, padding=1)))
            else:
                up.append(nn.Sequential(*(block(a, b) for a, b in backwards)))
            cin = widths[-1]
        self.encoder, self.decoder = nn.ModuleList(down), nn.ModuleList(up)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        places = []
        for group in self.encoder:
            x = group(x)
            size = x.shape
            x, indices = F.max_pool2d(x, 2, return_indices=True, ceil_mode=True)
            places.append((indices, size))
        for group, (indices, size) in zip(list(self.decoder)[::-1], places[::-1], strict=True):
            x = group(F.max_unpool2d(x, indices, 2, output_size=size[-2:]))
        return x
