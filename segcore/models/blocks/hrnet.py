"""HRNet (Wang et al., PAMI 2020) with object-contextual representations (Yuan, Chen, Wang, ECCV 2020)."""
from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcore.models.blocks.norm import conv_norm_relu, he_initialise
from segcore.models.blocks.resnet import BasicBlock, Bottleneck


class Exchange(nn.Module):
    """Residual blocks on every scale, then every scale receives the sum of all."""

    def __init__(self, channels: Sequence[int], depth: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*(BasicBlock(c, c, 1, 1) for _ in range(depth))) for c in channels)
        self.paths = nn.ModuleList(nn.ModuleList(path(channels, source, target) for source in range(len(channels)))
                                   for target in range(len(channels)))

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        own = [branch(x) for branch, x in zip(self.branches, features, strict=True)]
        fused = []
        for target, paths in zip(own, self.paths, strict=True):
            parts = [resized(p(x), target.shape) for p, x in zip(paths, own, strict=True)]   # type: ignore[call-overload]
            fused.append(torch.relu(torch.stack(parts).sum(0)))
        return fused


def path(channels: Sequence[int], source: int, target: int) -> nn.Module:
    """From one scale to another: itself, 1x1 to a finer one, 3x3 of stride 2 step by step to a coarser one."""
    if source == target:
        return nn.Identity()
    if source > target:
        return conv_norm_relu(channels[source], channels[target])[:2]
    steps: list[nn.Module] = [conv_norm_relu(channels[source], channels[source], 3, 2) for _ in range(target - source - 1)]
    return nn.Sequential(*steps, conv_norm_relu(channels[source], channels[target], 3, 2)[:2])


class HRNet(nn.Module):
    """RGB (N, 3, H, W) to (N, 15 width, H / 4, W / 4): scales 1/4 to 1/32 in parallel, joined.

    `extra` further channels of the input, such as clicks, are added after the first convolution (Sofiiuk et al., 2021).
    """

    def __init__(self, width: int, small: bool, extra: int = 0) -> None:
        super().__init__()
        depth = 2 if small else 4
        self.first, self.second = conv_norm_relu(3, 64, 3, 2), conv_norm_relu(64, 64, 3, 2)
        self.extra = ExtraInput(extra) if extra else None
        self.layer1 = nn.Sequential(Bottleneck(64, 64, 1, 1), *(Bottleneck(256, 64, 1, 1) for _ in range(depth - 1)))
        widths = [width * 2 ** scale for scale in range(4)]
        self.channels = (sum(widths),)
        self.starts = nn.ModuleList([conv_norm_relu(256, widths[0], 3), *(
            conv_norm_relu(a, b, 3, 2) for a, b in zip((256, *widths[1:]), widths[1:], strict=False))])
        modules = (1, 3, 2) if small else (1, 4, 3)
        self.stages = nn.ModuleList(nn.ModuleList(Exchange(widths[:scales], depth) for _ in range(count))
                                    for scales, count in zip((2, 3, 4), modules, strict=True))

    def forward(self, image: Tensor) -> Tensor:
        x = self.first(image[:, :3])
        if self.extra is not None:
            x = x + self.extra(image[:, 3:])
        x = self.layer1(self.second(x))
        features = [self.starts[0](x)]
        coarsest = x
        for start, stage in zip(list(self.starts)[1:], self.stages, strict=True):
            features.append(start(coarsest))
            for exchange in stage:  # type: ignore[attr-defined]
                features = exchange(features)
            coarsest = features[-1]
        return torch.cat([resized(f, features[0].shape) for f in features], 1)


class ExtraInput(nn.Module):
    """(N, k, H, W) to (N, 64, H / 2, W / 2), scaled by a learned number that starts small."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(channels, 16, 1), nn.LeakyReLU(0.2), nn.Conv2d(16, 64, 3, 2, 1))
        self.scale = nn.Parameter(torch.full((1,), 0.05))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.body(x)


class ObjectContext(nn.Module):
    """Every pixel receives from the classes it resembles, each described by the pixels that a first guess gives it."""

    def __init__(self, cin: int, key: int) -> None:
        super().__init__()
        self.pixel = nn.Sequential(conv_norm_relu(cin, key), conv_norm_relu(key, key))
        self.object = nn.Sequential(conv_norm_relu(cin, key, pooled=True), conv_norm_relu(key, key, pooled=True))
        self.down, self.up = conv_norm_relu(cin, key, pooled=True), conv_norm_relu(key, cin)
        self.join = nn.Sequential(conv_norm_relu(2 * cin, cin), nn.Dropout2d(0.05))

    def forward(self, x: Tensor, guess: Tensor) -> Tensor:
        weights = torch.softmax(guess.flatten(2), 2)
        objects = (x.flatten(2) @ weights.transpose(1, 2))[..., None]           # (N, cin, classes, 1)
        parts = self.pixel(x), self.object(objects), self.down(objects)
        query, key, value = (part.flatten(2).transpose(1, 2) for part in parts)
        received = F.scaled_dot_product_attention(query, key, value)
        context = self.up(received.transpose(1, 2).reshape(x.shape[0], -1, *x.shape[2:]))
        joined: Tensor = self.join(torch.cat([context, x], 1))
        return joined


class HRNetOCRModule(nn.Module):
    """HRNet, a first guess, object context, the classifier; in training gives the guess as well."""

    def __init__(self, classes: int, width: int, small: bool, ocr_width: int, extra: int = 0) -> None:
        super().__init__()
        self.backbone = HRNet(width, small, extra)
        cin = self.backbone.channels[-1]
        self.reduce = nn.Sequential(nn.Conv2d(cin, 2 * ocr_width, 3, padding=1), nn.BatchNorm2d(2 * ocr_width),
                                    nn.ReLU(inplace=True))
        self.guess = nn.Sequential(nn.Conv2d(cin, cin, 1), nn.BatchNorm2d(cin), nn.ReLU(inplace=True),
                                   nn.Conv2d(cin, classes, 1))
        self.context = ObjectContext(2 * ocr_width, ocr_width)
        self.classifier = nn.Conv2d(2 * ocr_width, classes, 1)
        he_initialise(self)

    def forward(self, image: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        features = self.backbone(image)
        guess = self.guess(features)
        logits = resized(self.classifier(self.context(self.reduce(features), guess)), image.shape)
        return (logits, resized(guess, image.shape)) if self.training else logits


def resized(x: Tensor, shape: torch.Size) -> Tensor:
    """Bilinear to the height and width at the end of `shape`."""
    if x.shape[-2:] == shape[-2:]:
        return x
    return F.interpolate(x, size=shape[-2:], mode="bilinear", align_corners=True)
