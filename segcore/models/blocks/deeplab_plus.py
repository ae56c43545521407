"""The decoder of DeepLab v3+ (Chen et al., ECCV 2018)."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcore.models.blocks.aspp import ASPP
from segcore.models.blocks.norm import conv_norm_relu
from segcore.models.blocks.xception import Separable


class DeepLabPlusModule(nn.Module):
    """Pyramid pooling on the coarse feature, enlarged to the fine one, which joins it with 48 channels (section 3.1)."""

    def __init__(self, backbone: nn.Module, low: int, high: int, classes: int, output_stride: int, decoder_convs: int,
                 separable: bool) -> None:
        super().__init__()
        self.backbone = backbone
        self.aspp = ASPP(high, (12, 24, 36) if output_stride == 8 else (6, 12, 18), dropout=0.1)
        self.low = conv_norm_relu(low, 48)
        def layer(cin: int) -> nn.Sequential:
            if not separable:
                return conv_norm_relu(cin, 256, 3)
            return nn.Sequential(Separable(cin, 256, between=True), nn.BatchNorm2d(256), nn.ReLU())
        self.decoder = nn.Sequential(*(layer(256 if index else 256 + 48) for index in range(decoder_convs)))
        self.classifier = nn.Conv2d(256, classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        features = self.backbone(image)
        low = self.low(features[0])
        high = F.interpolate(self.aspp(features[-1]), size=low.shape[-2:], mode="bilinear", align_corners=False)
        logits = self.classifier(self.decoder(torch.cat([low, high], 1)))
        return F.interpolate(logits, size=image.shape[-2:], mode="bilinear", align_corners=False)
