"""Large kernels and boundary refinement (Peng et al., CVPR 2017)."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class GlobalConvolution(nn.Module):
    """k x 1 then 1 x k, and 1 x k then k x 1, summed: a k x k field of view, without a non-linearity (section 3.1)."""

    def __init__(self, cin: int, cout: int, kernel: int) -> None:
        super().__init__()
        def line(a: int, *shape: int) -> nn.Conv2d:
            return nn.Conv2d(a, cout, shape, padding=(shape[0] // 2, shape[1] // 2))
        self.left = nn.Sequential(line(cin, kernel, 1), line(cout, 1, kernel))
        self.right = nn.Sequential(line(cin, 1, kernel), line(cout, kernel, 1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.left(x) + self.right(x)
        return y


class BoundaryRefinement(nn.Module):
    """Logits and what two 3x3 correct in them (section 3.2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(inplace=True),
                                  nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.body(x)
        return y


class GCNModule(nn.Module):
    """Logits at four strides, refined, then from the coarsest on enlarged, added and refined, up to the image's size."""

    def __init__(self, backbone: nn.Module, channels: tuple[int, ...], classes: int, kernel: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.score = nn.ModuleList(nn.Sequential(GlobalConvolution(cin, classes, kernel), BoundaryRefinement(classes))
                                   for cin in channels)
        self.refine = nn.ModuleList(BoundaryRefinement(classes) for _ in range(len(channels) + 1))

    def forward(self, image: Tensor) -> Tensor:
        scores = [score(x) for score, x in zip(self.score, self.backbone(image), strict=True)][::-1]
        x = scores[0]
        for score, refine in zip(scores[1:], self.refine, strict=False):
            x = refine(resized(x, score.shape) + score)
        half = torch.Size([(side + 1) // 2 for side in image.shape[-2:]])
        for refine, size in zip(list(self.refine)[-2:], (half, image.shape), strict=True):
            x = refine(resized(x, size))
        return x


def resized(x: Tensor, shape: torch.Size) -> Tensor:
    """Bilinear to the height and width at the end of `shape`."""
    return F.interpolate(x, size=shape[-2:], mode="bilinear", align_corners=False)
