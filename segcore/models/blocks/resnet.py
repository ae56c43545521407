"""ResNet feature extractors (He et al., CVPR 2016), dilated to an output stride; names are those of torchvision."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

DEPTHS = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3), "resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3),
          "resnet152": (3, 8, 36, 3)}


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the stride), 1x1 around an identity; (N, cin, H, W) to (N, 4 * width, H / stride, W / stride)."""

    expansion = 4

    def __init__(self, cin: int, width: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(cin, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = projection(cin, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)))
        return torch.relu(self.bn3(self.conv3(x)) + identity)


class BasicBlock(nn.Module):
    """Two 3x3 around an identity; (N, cin, H, W) to (N, width, H / stride, W / stride)."""

    expansion = 1

    def __init__(self, cin: int, width: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(cin, width, 3, stride, dilation, dilation, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = projection(cin, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        x = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(x)) + identity)


def projection(cin: int, cout: int, stride: int) -> nn.Sequential | None:
    """What brings an identity to other sizes, or None where it has them."""
    if stride == 1 and cin == cout:
        return None
    return nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))


class ResNet(nn.Module):
    """RGB (N, 3, H, W) to the features after each of the four stages: `channels`, (256, 512, 1024, 2048) from ResNet-50 on.

    With `output_stride` 16 the last stage, with 8 the last two, are dilated instead of strided. `cycles` gives a stage (1 to 4)
    dilations of its own, which its blocks take in turn. `deep_stem` starts with three 3x3 (Zhao et al., CVPR 2017) in place
    of one 7x7. `width` is the narrowest width of a block.
    """

    def __init__(self, name: str, output_stride: int, *, width: int = 64, deep_stem: bool = False,
                 cycles: Mapping[int, Sequence[int]] | None = None) -> None:
        super().__init__()
        block = BasicBlock if name in ("resnet18", "resnet34") else Bottleneck
        widths = tuple(width * 2 ** stage for stage in range(4))
        self.channels = tuple(block.expansion * w for w in widths)
        cin = 2 * width if deep_stem else width
        self.conv1 = stem(width) if deep_stem else nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(cin)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        stride, dilation = 4, 1
        for number, (narrow, depth) in enumerate(zip(widths, DEPTHS[name], strict=True), 1):
            wanted = 1 if number == 1 else 2
            step = wanted if stride * wanted <= output_stride else 1
            # A stage that gives up its stride dilates from its second block on; its first still sees the undilated grid.
            before, dilation = dilation, dilation * wanted // step
            own = (cycles or {}).get(number)
            dilations = [own[i % len(own)] for i in range(depth)] if own else [before] + [dilation] * (depth - 1)
            blocks = [block(cin, narrow, step, dilations[0])]
            blocks += [block(block.expansion * narrow, narrow, 1, d) for d in dilations[1:]]
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
            cin, stride = block.expansion * narrow, stride * step
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        features = []
        for number in range(1, 5):
            x = self.get_submodule(f"layer{number}")(x)
            features.append(x)
        return features


def stem(width: int) -> nn.Sequential:
    """Three 3x3 convolutions from RGB to twice the width, the first with stride 2; the last without its normalisation."""
    return nn.Sequential(nn.Conv2d(3, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
                         nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
                         nn.Conv2d(width, 2 * width, 3, 1, 1, bias=False))
