"""The thirteen convolutions of VGG-16 (Simonyan and Zisserman, ICLR 2015), in the five groups that its poolings separate."""
from __future__ import annotations

import torch
from torch import Tensor, nn

GROUPS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class VGG16(nn.Module):
    """RGB (N, 3, H, W) to the results of the five poolings: 64, 128, 256, 512, 512 channels at strides 2 to 32.

    `first_padding` is that of the first convolution: FCN pads by 100, so that fully connected layers fit small images.
    """

    channels = (64, 128, 256, 512, 512)

    def __init__(self, first_padding: int = 1) -> None:
        super().__init__()
        groups, cin = [], 3
        for widths in GROUPS:
            layers: list[nn.Module] = []
            for width in widths:
                layers += [nn.Conv2d(cin, width, 3, padding=1 if cin > 3 else first_padding), nn.ReLU(inplace=True)]
                cin = width
            groups.append(nn.Sequential(*layers))
        self.groups = nn.ModuleList(groups)
        # Sizes are rounded up, as in Caffe, where FCN comes from.
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        for group in self.groups:
            x = self.pool(group(x))
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
