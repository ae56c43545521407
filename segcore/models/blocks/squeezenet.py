"""The SqueezeNet 1.1 feature extractor (Iandola et al., arXiv 1602.07360), tapped at every stride for decoders."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from segcore.errors import ModelError

_PUBLISHED_MEAN = (123.68, 116.779, 103.939)


class Fire(nn.Module):
    """Squeeze to few channels by 1x1, then expand by 1x1 and 3x3 side by side; (N, cin, H, W) to (N, 2 * expand, H, W)."""

    def __init__(self, cin: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(cin, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.squeeze(x))
        return torch.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], 1))


class SqueezeNetEncoder(nn.Module):
    """RGB (N, 3, H, W) to features at strides 2, 4, 8 and 16 with 64, 128, 256 and 512 channels.

    Layer names are those of the published weights (`features.0.weight` …). Unlike the classifier, the stem and the poolings are
    padded, so that a feature at stride s belongs to the s x s pixels around it and the sizes are ceil(H / s).
    """

    channels = (64, 128, 256, 512)

    def __init__(self) -> None:
        super().__init__()
        def pool() -> nn.MaxPool2d:
            return nn.MaxPool2d(3, 2, padding=1)
        self.features = nn.ModuleList([
            nn.Conv2d(3, 64, 3, stride=2, padding=1), nn.ReLU(inplace=True), pool(), Fire(64, 16, 64), Fire(128, 16, 64),
            pool(), Fire(128, 32, 128), Fire(256, 32, 128),
            pool(), Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256)])
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> list[Tensor]:
        taps = []
        for i, layer in enumerate(self.features):
            x = layer(x)
            if i in (1, 4, 7, 12):
                taps.append(x)
        return taps

    def load_published(self, arrays: Mapping[str, Any], mean: Sequence[float], std: Sequence[float]) -> None:
        """Start from ImageNet weights that expect BGR 0..255 minus a mean; our normalisation is folded into the first layer.

        `mean` and `std` are those of this program's input (RGB in 0..1). Raises ModelError when the weights are others.
        """
        state = {name: torch.as_tensor(arrays[name]).float() for name in self.state_dict() if name in arrays}
        if len(state) < len(self.state_dict()):
            raise ModelError("The file does not hold the weights of SqueezeNet 1.1.")
        kernel, bias = state["features.0.weight"].flip(1), state["features.0.bias"]
        scale, shift = 255 * torch.tensor(std), 255 * torch.tensor(mean) - torch.tensor(_PUBLISHED_MEAN)
        state["features.0.weight"] = kernel * scale[:, None, None]
        state["features.0.bias"] = bias + (kernel.sum((2, 3)) * shift).sum(1)
        self.load_state_dict(state)
