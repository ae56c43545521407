"""FCN-32s, -16s and -8s on VGG-16 (Shelhamer, Long, Darrell, PAMI 2017): convolutions all through, skips, upsampling."""
from __future__ import annotations

import torch
from torch import Tensor, nn

from segcore.models.blocks.vgg import VGG16, upsampling

STRIDES = {"fcn32s": (32,), "fcn16s": (2, 16), "fcn8s": (2, 2, 8), "fcn8s_at_once": (2, 2, 8)}
"""Factors of the upsamplings, from the coarsest score on."""

OFFSETS = {"fcn32s": (19,), "fcn16s": (5, 27), "fcn8s": (5, 9, 31), "fcn8s_at_once": (5, 9, 31)}
"""Where the finer score map, and at last the image, begin in what is added to or cropped to them (the authors' crop layers)."""


class FCNModule(nn.Module):
    """The first convolution pads by 100 pixels, so that an image of any size leaves something for the 7 x 7 kernel of fc6."""

    def __init__(self, variant: str, classes: int, fixed: bool, width: int = 4096) -> None:
        super().__init__()
        self.encoder = VGG16(first_padding=100)
        self.fc6 = nn.Conv2d(512, width, 7)
        self.fc7 = nn.Conv2d(width, width, 1)
        self.drop = nn.Dropout2d(0.5)
        factors, self.offsets = STRIDES[variant], OFFSETS[variant]
        self.at_once = variant == "fcn8s_at_once"
        self.scores = nn.ModuleList(nn.Conv2d(cin, classes, 1) for cin in (width, 512, 256)[:len(factors)])
        # With `fixed`, as in the published networks, the last upsampling stays bilinear.
        self.upsamplings = nn.ModuleList(upsampling(classes, factor, learned=not fixed or i < len(factors) - 1)
                                         for i, factor in enumerate(factors))

    def forward(self, image: Tensor) -> Tensor:
        features = self.encoder(image)
        x = self.drop(torch.relu(self.fc7(self.drop(torch.relu(self.fc6(features[4]))))))
        x = self.scores[0](x)
        # Scaling by these lets all scales be trained at once (section 4.3).
        skips = zip((features[3], features[2]), (0.01, 0.0001), list(self.scores)[1:], strict=False)
        for up, offset, (feature, scale, score) in zip(self.upsamplings, self.offsets, skips, strict=False):
            x = up(x)
            x = x + crop(score(feature * scale if self.at_once else feature), offset, x.shape)
        return crop(self.upsamplings[-1](x), self.offsets[-1], image.shape)


def crop(x: Tensor, offset: int, shape: torch.Size) -> Tensor:
    """The part of `x` that begins at (offset, offset) and has the height and width of `shape`."""
    return x[..., offset:offset + shape[-2], offset:offset + shape[-1]]
