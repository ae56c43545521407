"""Attention between positions and between channels (Fu et al., CVPR 2019), and its relatives."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcore.models.blocks.norm import conv_norm_relu


class PositionAttention(nn.Module):
    """Every position receives from all positions that resemble it (section 3.2); (N, C, H, W) to the same.

    `gate` is where the weight of what is received starts; the paper lets it grow from 0. Memory rises with (H W)².
    """

    def __init__(self, channels: int, gate: float = 0.0) -> None:
        super().__init__()
        narrow = max(1, channels // 8)
        self.query, self.key = nn.Conv2d(channels, narrow, 1), nn.Conv2d(channels, narrow, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gate = nn.Parameter(torch.full((1,), gate))

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (part(x).flatten(2).transpose(1, 2) for part in (self.query, self.key, self.value))
        received = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return x + self.gate * received.transpose(1, 2).reshape(x.shape)


class ChannelAttention(nn.Module):
    """Every channel receives from all channels, most from those least like it (section 3.3); (N, C, H, W) to the same."""

    def __init__(self, gate: float = 0.0) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.full((1,), gate))

    def forward(self, x: Tensor) -> Tensor:
        device = "cpu" if x.is_meta else x.device.type
        with torch.autocast(device, enabled=False):     # sums over the image overflow in half precision
            flat = x.float().flatten(2)
            energy = flat @ flat.transpose(1, 2)
            weights = torch.softmax(energy.amax(-1, keepdim=True) - energy, -1)
            received = (weights @ flat).reshape(x.shape).to(x.dtype)
        return x + self.gate * received


class NonLocal(nn.Module):
    """Embedded Gaussian non-local block (Wang et al., CVPR 2018): softmax-weighted sums over all positions, added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = max(1, channels // 2)
        self.query, self.key, self.value = (nn.Conv2d(channels, narrow, 1) for _ in range(3))
        self.out = nn.Conv2d(narrow, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (part(x).flatten(2).transpose(1, 2) for part in (self.query, self.key, self.value))
        received = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return x + self.out(received.transpose(1, 2).reshape(x.shape[0], -1, *x.shape[2:]))


class SqueezeExcitation(nn.Module):
    """Channels scaled by a gate from their means (Hu, Shen, Sun, CVPR 2018)."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        narrow = max(1, channels // reduction)
        self.squeeze, self.excite = nn.Conv2d(channels, narrow, 1), nn.Conv2d(narrow, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.excite(torch.relu(self.squeeze(x.mean((2, 3), keepdim=True)))))


class DualAttention(nn.Module):
    """Both attentions side by side; gives the logits of their sum and, in training, of each alone (section 3.4)."""

    def __init__(self, cin: int, classes: int, gate: float) -> None:
        super().__init__()
        width = cin // 4
        def head() -> nn.Sequential:
            return nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(width, classes, 1))
        self.position = nn.Sequential(conv_norm_relu(cin, width, 3), PositionAttention(width, gate),
                                      conv_norm_relu(width, width, 3))
        self.channel = nn.Sequential(conv_norm_relu(cin, width, 3), ChannelAttention(gate), conv_norm_relu(width, width, 3))
        self.both, self.of_position, self.of_channel = head(), head(), head()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        position, channel = self.position(x), self.channel(x)
        outputs: tuple[Tensor, ...] = (self.both(position + channel),)
        return (*outputs, self.of_position(position), self.of_channel(channel)) if self.training else outputs


class DANetModule(nn.Module):
    """A dilated backbone and dual attention."""

    def __init__(self, backbone: nn.Module, channels: int, classes: int, gate: float) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = DualAttention(channels, classes, gate)

    def forward(self, image: Tensor) -> Tensor | tuple[Tensor, ...]:
        outputs = [F.interpolate(x, size=image.shape[-2:], mode="bilinear", align_corners=False)
                   for x in self.head(self.backbone(image)[-1])]
        return tuple(outputs) if len(outputs) > 1 else outputs[0]
