"""MobileNet V2 (Sandler et al., CVPR 2018) and V3-Large (Howard et al., ICCV 2019) feature extractors; torchvision's names."""
from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

V2_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks, stride of the first block."""

V3_BLOCKS = ((3, 16, 16, 0, 0, 1), (3, 64, 24, 0, 0, 2), (3, 72, 24, 0, 0, 1), (5, 72, 40, 1, 0, 2), (5, 120, 40, 1, 0, 1),
             (5, 120, 40, 1, 0, 1), (3, 240, 80, 0, 1, 2), (3, 200, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1),
             (3, 480, 112, 1, 1, 1), (3, 672, 112, 1, 1, 1), (5, 672, 160, 1, 1, 2), (5, 960, 160, 1, 1, 1),
             (5, 960, 160, 1, 1, 1))
"""Kernel, expanded and final channels, squeeze-and-excitation, hard swish, stride."""


def divisible(channels: float, by: int = 8) -> int:
    """The nearest multiple of `by`, at least `by` and not under 90 % of what was asked, as the papers' code rounds widths."""
    rounded = max(by, int(channels + by / 2) // by * by)
    return rounded + by if rounded < 0.9 * channels else rounded


def conv_norm(cin: int, cout: int, kernel: int, stride: int = 1, dilation: int = 1, *, groups: int = 1, eps: float = 1e-5,
              activation: Callable[[], nn.Module] | None = None) -> nn.Sequential:
    """Convolution, batch normalisation and an activation."""
    layers = [nn.Conv2d(cin, cout, kernel, stride, (kernel - 1) // 2 * dilation, dilation, groups, bias=False),
              nn.BatchNorm2d(cout, eps=eps)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class InvertedResidualV2(nn.Module):
    """Expand, depthwise convolution, project; with the input added where the shapes allow."""

    def __init__(self, cin: int, cout: int, expansion: int, stride: int, dilation: int) -> None:
        super().__init__()
        wide = cin * expansion
        layers = [conv_norm(cin, wide, 1, activation=nn.ReLU6)] if expansion > 1 else []
        layers += [conv_norm(wide, wide, 3, stride, dilation, groups=wide, activation=nn.ReLU6), *conv_norm(wide, cout, 1)]
        self.conv = nn.Sequential(*layers)
        self.residual = stride == 1 and cin == cout

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return x + y if self.residual else y


class MobileNetV2(nn.Module):
    """RGB (N, 3, H, W) to features at stride 4 (24 channels) and at the output stride (320), times `width`."""

    def __init__(self, output_stride: int, width: float = 1.0) -> None:
        super().__init__()
        step_of_widths = 8 if width >= 1 else 1     # as in the authors' DeepLab, whose narrow networks are not rounded
        cin = divisible(32 * width, step_of_widths)
        layers: list[nn.Module] = [conv_norm(3, cin, 3, 2, activation=nn.ReLU6)]
        stride, dilation, channels = 2, 1, []
        for expansion, base, count, wanted in V2_STAGES:
            cout = divisible(base * width, step_of_widths)
            for index in range(count):
                step = wanted if index == 0 and stride * wanted <= output_stride else 1
                layers.append(InvertedResidualV2(cin, cout, expansion, step, dilation))
                stride *= step
                if index == 0 and step < wanted:    # from the next block on, dilation stands in for the stride
                    dilation *= wanted
                cin = cout
            channels.append(cout)
        self.features = nn.Sequential(*layers)
        self.channels = (channels[1], channels[-1])
        initialise(self)

    def forward(self, x: Tensor) -> list[Tensor]:
        low = self.features[:4](x)
        return [low, self.features[4:](low)]


class SqueezeExcite(nn.Module):
    """Channels scaled by a hard sigmoid of two 1x1 convolutions of their means."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * F.hardsigmoid(self.fc2(torch.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class InvertedResidualV3(nn.Module):
    """The block of V3: kernel 3 or 5, optional squeeze-and-excitation, ReLU or hard swish."""

    def __init__(self, cin: int, row: tuple[int, ...], dilation: int) -> None:
        super().__init__()
        kernel, wide, cout, excite, swish, wanted = row
        activation = nn.Hardswish if swish else nn.ReLU
        stride = 1 if dilation > 1 else wanted
        layers: list[nn.Module] = [conv_norm(cin, wide, 1, eps=1e-3, activation=activation)] if wide != cin else []
        layers.append(conv_norm(wide, wide, kernel, stride, dilation, groups=wide, eps=1e-3, activation=activation))
        layers += [SqueezeExcite(wide, divisible(wide // 4))] if excite else []
        self.block = nn.Sequential(*layers, conv_norm(wide, cout, 1, eps=1e-3))
        self.residual = wanted == 1 and cin == cout

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.block(x)
        return x + y if self.residual else y


class MobileNetV3(nn.Sequential):
    """RGB (N, 3, H, W) to features at stride 8 (40 channels) and 16 (960); the last three blocks are dilated by two."""

    channels = (40, 960)

    def __init__(self) -> None:
        layers: list[nn.Module] = [conv_norm(3, 16, 3, 2, eps=1e-3, activation=nn.Hardswish)]
        cin = 16
        for index, row in enumerate(V3_BLOCKS):
            layers.append(InvertedResidualV3(cin, row, 2 if index >= len(V3_BLOCKS) - 3 else 1))
            cin = row[2]
        super().__init__(*layers, conv_norm(cin, 6 * cin, 1, eps=1e-3, activation=nn.Hardswish))
        initialise(self)

    def forward(self, x: Tensor) -> list[Tensor]:  # type: ignore[override]
        low = x
        for index, layer in enumerate(self):
            x = layer(x)
            low = x if index == 4 else low
        return [low, x]


def initialise(module: nn.Module) -> None:
    """He initialisation of all convolutions."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
