"""The modules of ESPNet (Mehta et al., ECCV 2018); layer names are those of the published weights."""
from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcore.models.blocks.padding import AnySize

EPS = 1e-3
DILATIONS = (1, 2, 4, 8, 16)


class Conv(nn.Module):
    """Convolution without bias that keeps the size, up to its stride."""

    def __init__(self, cin: int, cout: int, kernel: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, (kernel - 1) // 2 * dilation, dilation, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y


class NormAct(nn.Module):
    """Batch normalisation and PReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels, eps=EPS)
        self.act = nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.bn(x))
        return y


class ConvNormAct(NormAct):
    """Convolution, batch normalisation, PReLU."""

    def __init__(self, cin: int, cout: int, kernel: int, stride: int = 1) -> None:
        super().__init__(cout)
        self.conv = nn.Conv2d(cin, cout, kernel, stride, (kernel - 1) // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.conv(x))


class Pyramid(nn.Module):
    """Reduce, convolve with dilations 1 to 16, join hierarchically: every branch adds those of smaller dilation (section 3).

    With stride 2 it halves the size; with `residual` the input is added.
    """

    def __init__(self, cin: int, cout: int, kernel: int = 1, stride: int = 1, residual: bool = False) -> None:
        super().__init__()
        narrow = cout // len(DILATIONS)
        self.residual = residual
        self.c1 = Conv(cin, narrow, kernel, stride)
        for dilation in DILATIONS:
            # What does not divide evenly goes to the undilated branch.
            width = cout - narrow * (len(DILATIONS) - 1) if dilation == 1 else narrow
            self.add_module(f"d{dilation}", Conv(narrow, width, 3, dilation=dilation))

    def joined(self, x: Tensor) -> Tensor:
        """(N, cin, H, W) to (N, cout, H', W') before normalisation."""
        reduced = self.c1(x)
        first, *branches = [self.get_submodule(f"d{dilation}")(reduced) for dilation in DILATIONS]
        joined, total = [first], None
        for branch in branches:
            total = branch if total is None else total + branch
            joined.append(total)
        y = torch.cat(joined, 1)
        return x + y if self.residual else y


class ResidualPyramid(Pyramid):
    """A pyramid of the same size, followed by normalisation."""

    def __init__(self, cin: int, cout: int, residual: bool = True) -> None:
        super().__init__(cin, cout, residual=residual)
        self.bn = NormAct(cout)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bn(self.joined(x))
        return y


class DownPyramid(Pyramid):
    """A pyramid of half the size, followed by normalisation."""

    def __init__(self, cin: int, cout: int) -> None:
        super().__init__(cin, cout, kernel=3, stride=2)
        self.bn = nn.BatchNorm2d(cout, eps=EPS)
        self.act = nn.PReLU(cout)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.bn(self.joined(x)))
        return y


class Encoder(nn.Module):
    """ESPNet-C: features at strides 2, 4 and 8 with 19, 131 and 256 channels, joined with the shrunken image."""

    def __init__(self, num_classes: int, p: int, q: int) -> None:
        super().__init__()
        self.level1 = ConvNormAct(3, 16, 3, 2)
        self.b1 = NormAct(16 + 3)
        self.level2_0 = DownPyramid(16 + 3, 64)
        self.level2 = nn.ModuleList(ResidualPyramid(64, 64) for _ in range(p))
        self.b2 = NormAct(128 + 3)
        self.level3_0 = DownPyramid(128 + 3, 128)
        self.level3 = nn.ModuleList(ResidualPyramid(128, 128) for _ in range(q))
        self.b3 = NormAct(256)
        self.classifier = Conv(256, num_classes, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        half = F.avg_pool2d(image, 3, 2, 1)
        quarter = F.avg_pool2d(half, 3, 2, 1)
        fine = self.b1(torch.cat([self.level1(image), half], 1))
        start = self.level2_0(fine)
        middle = self.b2(torch.cat([through(self.level2, start), start, quarter], 1))
        start = self.level3_0(middle)
        coarse = self.b3(torch.cat([start, through(self.level3, start)], 1))
        return fine, middle, coarse


class ESPNetModule(AnySize):
    """The whole network: the encoder and a decoder that joins its three scales in class space."""

    multiple = 8

    def __init__(self, classes: int, p: int, q: int) -> None:
        super().__init__()
        self.encoder = Encoder(classes, p, q)
        self.level3_C = Conv(128 + 3, classes, 1)
        self.br = nn.BatchNorm2d(classes, eps=EPS)
        self.conv = ConvNormAct(16 + 3 + classes, classes, 3)
        self.up_l3 = nn.Sequential(double(classes, classes))
        joint = max(classes, len(DILATIONS))    # with fewer channels a pyramid has none for its branches
        self.combine_l2_l3 = nn.Sequential(NormAct(2 * classes), ResidualPyramid(2 * classes, joint, residual=False))
        self.up_l2 = nn.Sequential(double(joint, classes), NormAct(classes))
        self.classifier = double(classes, classes)

    def logits(self, image: Tensor) -> Tensor:
        fine, middle, coarse = self.encoder(image)
        coarse = self.up_l3(self.br(self.encoder.classifier(coarse)))
        joined = self.up_l2(self.combine_l2_l3(torch.cat([self.level3_C(middle), coarse], 1)))
        logits: Tensor = self.classifier(self.conv(torch.cat([joined, fine], 1)))
        return logits


def double(cin: int, cout: int) -> nn.ConvTranspose2d:
    """Learned upsampling by two."""
    return nn.ConvTranspose2d(cin, cout, 2, stride=2, bias=False)


def through(layers: Iterable[nn.Module], x: Tensor) -> Tensor:
    """The layers one after the other."""
    for layer in layers:
        x = layer(x)
    return x
