"""The thirteen convolutions of VGG-16 (Simonyan and Zisserman, ICLR 2015), in the five groups that its poolings separate."""
from __future__ import annotations

import torch
from torch import Tensor, nn

GROUPS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class VGG16(nn.Module):
    """RGB (N, 3, H, W) to the results of the five poolings: 64, 128, 256, 512, 512 channels at strides 2 to 32.

    `first_padding` is that of the first convolution: FCN pads by 100, so that fully connected layers fit small images.
    `dilated` ends at stride 8, as DeepLab does: 3x3 poolings, the last two without stride, the last group dilated. `width`
    is that of the first group.
    """

    def __init__(self, first_padding: int = 1, *, dilated: bool = False, width: int = 64) -> None:
        super().__init__()
        self.channels = tuple(widths[-1] * width // 64 for widths in GROUPS)
        groups, cin = [], 3
        for number, (depth, cout) in enumerate(zip(map(len, GROUPS), self.channels, strict=True)):
            layers: list[nn.Module] = []
            dilation = 2 if dilated and number == 4 else 1
            for _ in range(depth):
                padding = dilation if cin > 3 else first_padding
                layers += [nn.Conv2d(cin, cout, 3, padding=padding, dilation=dilation), nn.ReLU(inplace=True)]
                cin = cout
            groups.append(nn.Sequential(*layers))
        self.groups = nn.ModuleList(groups)
        # Sizes are rounded up, as in Caffe, where FCN comes from.
        halve = nn.MaxPool2d(3, 2, 1) if dilated else nn.MaxPool2d(2, ceil_mode=True)
        self.pools = [halve] * 3 + ([nn.MaxPool2d(3, 1, 1)] * 2 if dilated else [halve] * 2)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        for group, pool in zip(self.groups, self.pools, strict=True):
            x = pool(group(x))
            features.append(x)
        return features


def bilinear_kernel(size: int) -> Tensor:
    """The (size, size) kernel with which a transposed convolution of stride size / 2 interpolates bilinearly."""
    centre = (size - 1) / 2
    line = 1 - (torch.arange(size) - centre).abs() / ((size + 1) // 2)
    return line[:, None] * line[None, :]


def upsampling(classes: int, factor: int, learned: bool) -> nn.ConvTranspose2d:
    """Bias-free transposed convolution by `factor` that starts as bilinear interpolation, class by class."""
    layer = nn.ConvTranspose2d(classes, classes, 2 * factor, factor, bias=False)
    with torch.no_grad():
        layer.weight.zero_()
        for c in range(classes):
            layer.weight[c, c] = bilinear_kernel(2 * factor)
    layer.weight.requires_grad_(learned)
    return layer
