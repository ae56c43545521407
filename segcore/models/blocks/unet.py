"""The layers of U-Net (Ronneberger, Fischer, Brox, MICCAI 2015)."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcore.models.blocks.padding import AnySize


class UNetModule(AnySize):
    """Two convolutions per level, pooling down, 2x2 transposed convolutions up, skips joined by concatenation.

    With `valid`, convolutions are unpadded and the image is mirrored around by what they take away, so that the answer still
    has the image's size.
    """

    def __init__(self, classes: int, width: int, depth: int, norm: bool, valid: bool) -> None:
        super().__init__()
        self.multiple, self.depth, self.valid = 2 ** depth, depth, valid
        widths = [width * 2 ** level for level in range(depth + 1)]
        pad = 0 if valid else 1
        self.down = nn.ModuleList(double(a, b, norm, pad) for a, b in zip([3, *widths], widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in widths[-2::-1])
        self.join = nn.ModuleList(double(2 * w, w, norm, pad) for w in widths[-2::-1])
        self.classifier = nn.Conv2d(width, classes, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def logits(self, image: Tensor) -> Tensor:
        size = image.shape
        x, skips = self.mirrored(image) if self.valid else image, []
        for level, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        for up, block, skip in zip(self.up, self.join, skips[-2::-1], strict=True):
            x = up(x)
            x = block(torch.cat([centre_crop(skip, x.shape), x], 1))
        return centre_crop(self.classifier(x), size)

    def mirrored(self, image: Tensor) -> Tensor:
        """The image with a mirrored margin: every level takes 4 of its pixels on the way down and on the way up."""
        lost = 12 * self.multiple - 8               # 184 at depth 4: 572 pixels become 388
        lost += -(lost + 4) % self.multiple         # and what makes every pooling see an even size
        margin = lost // 2
        while margin > 0:   # a mirror image can be no wider than the image itself
            step = min(margin, image.shape[-1] - 1, image.shape[-2] - 1)
            image = F.pad(image, (step, step, step, step), mode="reflect")
            margin -= step
        return image


def double(cin: int, cout: int, norm: bool, padding: int) -> nn.Sequential:
    """Two 3x3 convolutions, each with ReLU and, with `norm`, batch normalisation instead of a bias."""
    layers: list[nn.Module] = []
    for a in (cin, cout):
        layers += [nn.Conv2d(a, cout, 3, padding=padding, bias=not norm), *([nn.BatchNorm2d(cout)] if norm else []),
                   nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def centre_crop(x: Tensor, shape: torch.Size) -> Tensor:
    """The middle of `x`, of the height and width of `shape`."""
    top, left = (x.shape[-2] - shape[-2]) // 2, (x.shape[-1] - shape[-1]) // 2
    return x[..., top:top + shape[-2], left:left + shape[-1]]
