"""Putting a backbone and a classifier together, with an auxiliary classifier while training, as torchvision lays them out."""
from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class FCNHead(nn.Sequential):
    """3x3 to a quarter of the channels, then 1x1 to the classes."""

    def __init__(self, cin: int, classes: int) -> None:
        narrow = cin // 4
        super().__init__(nn.Conv2d(cin, narrow, 3, padding=1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU(), nn.Dropout(0.1),
                         nn.Conv2d(narrow, classes, 1))


class Segmenter(nn.Module):
    """Classifies the backbone's last feature and resizes to the image; in training also the feature `aux_from`, when given.

    `align_corners` is for networks whose features lie on a grid with the image's corners (sizes of 16 k + 1).
    """

    def __init__(self, backbone: nn.Module, classifier: nn.Module, aux_classifier: nn.Module | None = None, aux_from: int = -2,
                 align_corners: bool = False) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = classifier
        self.aux_classifier = aux_classifier
        self.aux_from, self.align_corners = aux_from, align_corners

    def forward(self, image: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        features = self.backbone(image)
        logits = self.resized(self.classifier(features[-1]), image)
        if self.aux_classifier is None or not self.training:
            return logits
        return logits, self.resized(self.aux_classifier(features[self.aux_from]), image)

    def resized(self, logits: Tensor, image: Tensor) -> Tensor:
        """Bilinear to the size of the image."""
        return F.interpolate(logits, size=image.shape[-2:], mode="bilinear", align_corners=self.align_corners)
