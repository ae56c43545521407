"""The two paths of BiSeNet (Yu et al., ECCV 2018) and what joins them."""
from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcore.models.blocks.norm import PooledNorm, conv_norm_relu


class Attention(nn.Module):
    """A gate in 0..1 per channel from the mean over the image."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = PooledNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.norm(self.conv(x.mean((2, 3), keepdim=True))))


class AttentionRefinement(nn.Module):
    """3x3 and a gate per channel; (N, cin, H, W) to (N, cout, H, W)."""

    def __init__(self, cin: int, cout: int) -> None:
        super().__init__()
        self.conv = conv_norm_relu(cin, cout, 3)
        self.gate = Attention(cout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return x * self.gate(x)


class ContextPath(nn.Module):
    """Features at stride 8 from those at 16 and 32 and from the whole image; also gives those at 16, for a second loss."""

    def __init__(self, c16: int, c32: int) -> None:
        super().__init__()
        self.tail = conv_norm_relu(c32, 128, pooled=True)
        self.refine32, self.refine16 = AttentionRefinement(c32, 128), AttentionRefinement(c16, 128)
        self.head32, self.head16 = conv_norm_relu(128, 128, 3), conv_norm_relu(128, 128, 3)

    def forward(self, f8: Tensor, f16: Tensor, f32: Tensor) -> tuple[Tensor, Tensor]:
        whole = self.tail(f32.mean((2, 3), keepdim=True))
        coarse = self.head32(F.interpolate(self.refine32(f32) + whole, size=f16.shape[-2:]))
        fine = self.head16(F.interpolate(self.refine16(f16) + coarse, size=f8.shape[-2:]))
        return fine, coarse


class Fusion(nn.Module):
    """Both paths through 1x1, and what a gate per channel finds important once more on top."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = conv_norm_relu(channels, channels)
        self.gate = Attention(channels)

    def forward(self, detail: Tensor, context: Tensor) -> Tensor:
        x: Tensor = self.conv(torch.cat([detail, context], 1))
        return x + x * self.gate(x)


class BiSeNetModule(nn.Module):
    """A shallow path for detail, a deep one for context, joined at stride 8; with `aux` two more outputs in training."""

    def __init__(self, backbone: nn.Module, channels: Sequence[int], classes: int, aux: bool) -> None:
        super().__init__()
        self.backbone = backbone
        self.context = ContextPath(*channels[-2:])
        self.spatial = nn.Sequential(conv_norm_relu(3, 64, 7, 2), conv_norm_relu(64, 64, 3, 2), conv_norm_relu(64, 64, 3, 2),
                                     conv_norm_relu(64, 128))
        self.fusion = Fusion(256)
        def head(cin: int, width: int) -> nn.Sequential:
            return nn.Sequential(conv_norm_relu(cin, width, 3), nn.Conv2d(width, classes, 1))
        self.head = head(256, 256)
        self.aux_heads = nn.ModuleList(head(128, 64) for _ in range(2)) if aux else None

    def forward(self, image: Tensor) -> Tensor | tuple[Tensor, ...]:
        fine, coarse = self.context(*self.backbone(image)[-3:])
        outputs = [self.head(self.fusion(self.spatial(image), fine))]
        if self.training and self.aux_heads is not None:
            outputs += [head(x) for head, x in zip(self.aux_heads, (fine, coarse), strict=True)]
        sized = [F.interpolate(x, size=image.shape[-2:], mode="bilinear", align_corners=False) for x in outputs]
        return tuple(sized) if len(sized) > 1 else sized[0]
