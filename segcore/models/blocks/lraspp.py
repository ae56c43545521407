"""The lite reduced ASPP head of MobileNet V3 (Howard et al., ICCV 2019, figure 10); layer names are those of torchvision."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcore.models.blocks.mobilenet import MobileNetV3


class LRASPPHead(nn.Module):
    """Low (stride 8) and high (stride 16) features to class scores at stride 8."""

    def __init__(self, low: int, high: int, classes: int, inner: int = 128) -> None:
        super().__init__()
        self.cbr = nn.Sequential(nn.Conv2d(high, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU())
        self.scale = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(high, inner, 1, bias=False), nn.Sigmoid())
        self.low_classifier = nn.Conv2d(low, classes, 1)
        self.high_classifier = nn.Conv2d(inner, classes, 1)

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        x = F.interpolate(self.cbr(high) * self.scale(high), size=low.shape[-2:], mode="bilinear", align_corners=False)
        return torch.add(self.low_classifier(low), self.high_classifier(x))


class LRASPPModule(nn.Module):
    """MobileNet V3-Large with the head, resized to the image."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.backbone = MobileNetV3()
        self.classifier = LRASPPHead(*self.backbone.channels, classes)

    def forward(self, image: Tensor) -> Tensor:
        logits = self.classifier(*self.backbone(image))
        return F.interpolate(logits, size=image.shape[-2:], mode="bilinear", align_corners=False)
