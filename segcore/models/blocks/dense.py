"""The layers of FC-DenseNet (Jégou et al., CVPR Workshops 2017)."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segcore.models.blocks.padding import AnySize


def step(cin: int, cout: int, kernel: int) -> nn.Sequential:
    """Batch normalisation, ReLU, convolution, dropout."""
    return nn.Sequential(nn.BatchNorm2d(cin), nn.ReLU(), nn.Conv2d(cin, cout, kernel, padding=kernel // 2), nn.Dropout2d(0.2))


class DenseBlock(nn.Module):
    """`layers` steps that each see all features so far and add `growth`; gives the new features alone."""

    def __init__(self, cin: int, layers: int, growth: int) -> None:
        super().__init__()
        self.steps = nn.ModuleList(step(cin + i * growth, growth, 3) for i in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        new: list[Tensor] = []
        for layer in self.steps:
            new.append(layer(torch.cat([x, *new], 1)))
        return torch.cat(new, 1)


class FCDenseNetModule(AnySize):
    """Five dense blocks down, a bottleneck, five up; on the way up only new features are enlarged, or memory would explode."""

    multiple = 32

    def __init__(self, classes: int, layers: Sequence[int], bottleneck: int, growth: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 48, 3, padding=1)
        self.down, self.shrink = nn.ModuleList(), nn.ModuleList()
        width, skips = 48, []
        for count in layers:
            self.down.append(DenseBlock(width, count, growth))
            width += count * growth
            skips.append(width)
            self.shrink.append(nn.Sequential(step(width, width, 1), nn.MaxPool2d(2)))
        self.bottleneck = DenseBlock(width, bottleneck, growth)
        new = bottleneck * growth
        self.enlarge, self.up = nn.ModuleList(), nn.ModuleList()
        for count, skip in zip(layers[::-1], skips[::-1], strict=True):
            self.enlarge.append(nn.ConvTranspose2d(new, new, 3, stride=2, padding=1, output_padding=1))
            self.up.append(DenseBlock(new + skip, count, growth))
            width, new = new + skip, count * growth
        self.classifier = nn.Conv2d(width + new, classes, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def logits(self, image: Tensor) -> Tensor:
        x, skips = self.first(image), []
        for block, shrink in zip(self.down, self.shrink, strict=True):
            x = torch.cat([x, block(x)], 1)
            skips.append(x)
            x = shrink(x)
        new = self.bottleneck(x)
        for enlarge, block, skip in zip(self.enlarge, self.up, skips[::-1], strict=True):
            x = torch.cat([enlarge(new), skip], 1)
            new = block(x)
        logits: Tensor = self.classifier(torch.cat([x, new], 1))
        return logits
