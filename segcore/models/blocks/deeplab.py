"""The heads of DeepLab v1 (Chen et al., ICLR 2015) and v2 (Chen et al., PAMI 2018), and fusion of several scales."""
from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCALES = (1.0, 0.75, 0.5)


def atrous(cin: int, cout: int, kernel: int, rate: int) -> nn.Conv2d:
    """Dilated convolution that keeps the size, where `rate` or the kernel less one is even."""
    return nn.Conv2d(cin, cout, kernel, padding=(kernel - 1) * rate // 2, dilation=rate)


def fc_head(cin: int, width: int, classes: int, kernel: int, rate: int) -> nn.Sequential:
    """The fully connected layers of VGG-16 as convolutions: fc6 dilated by `rate`, fc7, the classifier."""
    layers = [atrous(cin, width, kernel, rate), nn.ReLU(inplace=True), nn.Dropout2d(0.5), nn.Conv2d(width, width, 1),
              nn.ReLU(inplace=True), nn.Dropout2d(0.5), nn.Conv2d(width, classes, 1)]
    for index in (0, 3):
        nn.init.kaiming_normal_(layers[index].weight, nonlinearity="relu")  # type: ignore[arg-type]
    return nn.Sequential(*layers)


class Sum(nn.ModuleList):
    """The sum of what its parts make of the same features."""

    def forward(self, x: Tensor) -> Tensor:
        total: Tensor = self[0](x)
        for part in list(self)[1:]:
            total = total + part(x)
        return total


class ImageAndPools(nn.Module):
    """Logits from the image and the first four poolings, each through 3x3 and 1x1 at stride 8 (“MSc”, v1, section 4.3)."""

    def __init__(self, channels: Sequence[int], classes: int, width: int = 128) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(nn.Conv2d(cin, width, 3, stride, 1), nn.ReLU(inplace=True), nn.Dropout2d(0.5),
                          nn.Conv2d(width, width, 1), nn.ReLU(inplace=True), nn.Dropout2d(0.5), nn.Conv2d(width, classes, 1))
            for cin, stride in zip((3, *channels[:4]), (8, 4, 2, 1, 1), strict=True))

    def forward(self, image: Tensor, features: Sequence[Tensor]) -> Tensor:
        scores = [branch(x) for branch, x in zip(self.branches, (image, *features[:4]), strict=True)]
        return torch.stack([resized(score, scores[-1]) for score in scores]).sum(0)


class DeepLabModule(nn.Module):
    """Backbone at stride 8, a head that gives logits, bilinear upsampling; `fine` adds logits of the early features."""

    def __init__(self, backbone: nn.Module, head: nn.Module, fine: ImageAndPools | None = None) -> None:
        super().__init__()
        self.backbone, self.head, self.fine = backbone, head, fine

    def scores(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The last feature, and the logits (N, C, H / 8, W / 8)."""
        features = self.backbone(image)
        logits = self.head(features[-1])
        if self.fine is not None:
            logits = logits + resized(self.fine(image, features), logits)
        return features[-1], logits

    def forward(self, image: Tensor) -> Tensor | tuple[Tensor, ...]:
        return resized(self.scores(image)[1], image)


class MultiScale(nn.Module):
    """The same network at full, three quarters and half size, fused; in training also each of the three alone.

    Fused by the maximum (v2, section 4.1), or, given the `channels` of the feature, by weights per pixel that the network
    learns (Chen et al., Attention to Scale, CVPR 2016).
    """

    def __init__(self, network: DeepLabModule, channels: int = 0) -> None:
        super().__init__()
        self.network = network
        self.attention = nn.Sequential(nn.Conv2d(channels * len(SCALES), 512, 3, padding=1), nn.ReLU(inplace=True),
                                       nn.Dropout2d(0.5), nn.Conv2d(512, len(SCALES), 1)) if channels else None

    def forward(self, image: Tensor) -> Tensor | tuple[Tensor, ...]:
        pairs = [self.network.scores(F.interpolate(image, size=shrunken(image, scale), mode="bilinear", align_corners=False)
                                     if scale < 1 else image) for scale in SCALES]
        logits = torch.stack([resized(score, pairs[0][1]) for _, score in pairs], 1)
        if self.attention is None:
            fused = logits.amax(1)
        else:
            weights = self.attention(torch.cat([resized(feature, pairs[0][0]) for feature, _ in pairs], 1))
            fused = (logits * torch.softmax(weights, 1)[:, :, None]).sum(1)
        outputs = (fused, *(score for _, score in pairs)) if self.training else (fused,)
        enlarged = tuple(resized(x, image) for x in outputs)
        return enlarged if self.training else enlarged[0]


def shrunken(image: Tensor, scale: float) -> tuple[int, int]:
    """Height and width times `scale`, at least one pixel."""
    height, width = image.shape[-2:]
    return max(1, round(height * scale)), max(1, round(width * scale))


def resized(x: Tensor, like: Tensor) -> Tensor:
    """Bilinear to the height and width of `like`."""
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)
