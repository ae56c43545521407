"""ResNet-50 and -101 feature extractors (He et al., CVPR 2016), dilated to an output stride; names are those of torchvision."""
from __future__ import annotations

import torch
from torch import Tensor, nn

DEPTHS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the stride), 1x1 around an identity; (N, cin, H, W) to (N, 4 * width, H / stride, W / stride)."""

    def __init__(self, cin: int, width: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(cin, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = None
        if stride > 1 or cin != 4 * width:
            self.downsample = nn.Sequential(nn.Conv2d(cin, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)))
        return torch.relu(self.bn3(self.conv3(x)) + identity)


class ResNet(nn.Module):
    """RGB (N, 3, H, W) to the features after each of the four stages: 256, 512, 1024, 2048 channels.

    With `output_stride` 16 the last stage, with 8 the last two, are dilated instead of strided.
    """

    channels = (256, 512, 1024, 2048)

    def __init__(self, name: str, output_stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        cin, stride, dilation = 64, 4, 1
        for number, (width, depth) in enumerate(zip((64, 128, 256, 512), DEPTHS[name], strict=True), 1):
            wanted = 1 if number == 1 else 2
            step = wanted if stride * wanted <= output_stride else 1
            # A stage that gives up its stride dilates from its second block on; its first still sees the undilated grid.
            after = dilation * wanted // step
            blocks = [Bottleneck(cin, width, step, dilation)]
            blocks += [Bottleneck(4 * width, width, 1, after) for _ in range(depth - 1)]
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
            cin, stride, dilation = 4 * width, stride * step, after
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
