"""Xception feature extractors (Chollet, CVPR 2017), also deepened as in DeepLab v3+ and small as in BiSeNet."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segcore.models.blocks.norm import conv_norm_relu, he_initialise


class Separable(nn.Sequential):
    """Depthwise 3x3 and 1x1; `between` puts normalisation and ReLU between the two as well (DeepLab v3+)."""

    def __init__(self, cin: int, cout: int, stride: int = 1, dilation: int = 1, between: bool = False) -> None:
        layers: list[nn.Module] = [nn.Conv2d(cin, cin, 3, stride, dilation, dilation, cin, bias=False)]
        layers += [nn.BatchNorm2d(cin), nn.ReLU()] if between else []
        super().__init__(*layers, nn.Conv2d(cin, cout, 1, bias=False))


class Block(nn.Module):
    """ReLU, separable convolution, normalisation for each width, around an identity or a 1x1.

    The block shrinks by max pooling, or, with `strided`, by the last of its convolutions.
    """

    def __init__(self, cin: int, widths: Sequence[int], stride: int = 1, dilation: int = 1, *, strided: bool = False,
                 projected: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index, (a, b) in enumerate(zip((cin, *widths), widths, strict=False), 1):
            step = stride if strided and index == len(widths) else 1
            layers += [nn.ReLU(), Separable(a, b, step, dilation, strided), nn.BatchNorm2d(b)]
        if stride > 1 and not strided:
            layers.append(nn.MaxPool2d(3, stride, 1))
        self.body = nn.Sequential(*layers)
        self.skip = None
        if projected or cin != widths[-1]:
            self.skip = nn.Sequential(nn.Conv2d(cin, widths[-1], 1, stride, bias=False), nn.BatchNorm2d(widths[-1]))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return y + (x if self.skip is None else self.skip(x))


class Xception(nn.Module):
    """RGB (N, 3, H, W) to features at stride 4 (128 or 256 channels) and at the output stride, 16 or 8 (2048 channels).

    Not `modified`: the original with 8 blocks in its middle. `modified`: 16 blocks in the middle, strided convolutions in
    place of poolings, normalisation and ReLU after each depthwise convolution (DeepLab v3+, section 3.3; also “Xception-65”).
    """

    def __init__(self, output_stride: int, modified: bool) -> None:
        super().__init__()
        self.channels = (256 if modified else 128, 2048)
        fine = output_stride == 8
        depth, middle = 16 if modified else 8, 2 if fine else 1     # dilated where the stride before was given up
        self.stem = nn.Sequential(conv_norm_relu(3, 32, 3, 2), conv_norm_relu(32, 64, 3))
        self.entry = nn.ModuleList([
            Block(64, (128,) * 3 if modified else (128,) * 2, 2, strided=modified),
            Block(128, (256,) * 3 if modified else (256,) * 2, 2, strided=modified),
            Block(256, (728,) * 3 if modified else (728,) * 2, 1 if fine else 2, strided=modified)])
        self.middle = nn.Sequential(*(Block(728, (728,) * 3, 1, middle, strided=modified) for _ in range(depth)))
        last = 2 * middle
        self.exit = Block(728, (728, 1024, 1024) if modified else (728, 1024), 1, middle, strided=modified)
        widths = (1024, 1536, 1536, 2048) if modified else (1024, 1536, 2048)
        layers: list[nn.Module] = []
        for a, b in zip(widths, widths[1:], strict=False):
            # The last normalisation of the listed variant neither scales nor shifts: what follows is linear in it.
            norm = nn.BatchNorm2d(b, affine=modified or b < 2048)
            layers += [Separable(a, b, 1, last, modified), norm, nn.ReLU()]
        self.tail = nn.Sequential(*layers)
        he_initialise(self)

    def forward(self, x: Tensor) -> list[Tensor]:
        first, second, third = self.entry
        low = x = first(self.stem(x))
        if self.channels[0] > 128:      # the authors take what the second block is about to shrink
            low = second.body[:-3](x)
            x = second.body[-3:](low) + second.skip(x)
        else:
            x = second(x)
        return [low, self.tail(torch.relu(self.exit(self.middle(third(x)))))]


class SmallBlock(nn.Module):
    """Three separable convolutions, normalised, around an identity or a separable projection."""

    def __init__(self, cin: int, width: int, stride: int) -> None:
        super().__init__()
        def layer(a: int, b: int, step: int) -> nn.Sequential:
            return nn.Sequential(Separable(a, b, step), nn.BatchNorm2d(b))
        self.body = nn.Sequential(layer(cin, width, stride), nn.ReLU(), layer(width, width, 1), nn.ReLU(),
                                  layer(width, 4 * width, 1))
        self.skip = layer(cin, 4 * width, stride) if stride > 1 or cin != 4 * width else None

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return torch.relu(y + (x if self.skip is None else self.skip(x)))


class Xception39(nn.Module):
    """RGB (N, 3, H, W) to features at strides 8, 16 and 32 with 64, 128 and 256 channels: the small one of BiSeNet."""

    channels = (64, 128, 256)

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_norm_relu(3, 8, 3, 2), nn.MaxPool2d(3, 2, 1))
        stages, cin = [], 8
        for width, depth in zip((16, 32, 64), (4, 8, 4), strict=True):
            later = (SmallBlock(4 * width, width, 1) for _ in range(depth - 1))
            stages.append(nn.Sequential(SmallBlock(cin, width, 2), *later))
            cin = 4 * width
        self.stages = nn.ModuleList(stages)
        he_initialise(self)

    def forward(self, x: Tensor) -> list[Tensor]:
        x, features = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features
