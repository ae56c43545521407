"""The layers of DeconvNet (Noh, Hong, Han, ICCV 2015): VGG-16 to a vector, and its mirror image with unpooling."""
from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from segcore.models.blocks.norm import PooledNorm, he_initialise
from segcore.models.blocks.padding import AnySize
from segcore.models.blocks.vgg import GROUPS


def layer(cin: int, cout: int, kernel: int = 3, *, up: bool = False) -> nn.Sequential:
    """Convolution, or transposed convolution, normalisation, ReLU; a kernel of 7 is unpadded."""
    kind = nn.ConvTranspose2d if up else nn.Conv2d
    return nn.Sequential(kind(cin, cout, kernel, padding=1 if kernel == 3 else 0), PooledNorm(cout), nn.ReLU(inplace=True))


class DeconvNetModule(AnySize):
    """With `fc6` the 7 x 7 cells of 224 x 224 pixels become one vector of `width` values and are restored from it.

    Smaller images are padded to 224 pixels, larger ones give a grid of vectors. Without `fc6` the coarsest feature goes to
    the mirror image directly. `width` is 4096 in the paper and scales all layers.
    """

    multiple = 32

    def __init__(self, classes: int, fc6: bool, width: int) -> None:
        super().__init__()
        scaled = [tuple(w * width // 4096 for w in widths) for widths in GROUPS]
        down: list[nn.Module] = []
        up: list[nn.Module] = []
        cin = 3
        for widths in scaled:
            inputs = (cin, *widths[:-1])
            down.append(nn.Sequential(*(layer(a, b) for a, b in zip(inputs, widths, strict=True))))
            # The mirror image: what the group took in is what its counterpart gives, and 64 channels in place of RGB.
            outputs = (inputs[0] if up else widths[0], *inputs[1:])
            up.append(nn.Sequential(*(layer(a, b, up=True) for a, b in zip(widths[::-1], outputs[::-1], strict=True))))
            cin = widths[-1]
        self.encoder, self.decoder = nn.ModuleList(down), nn.ModuleList(up)
        vector = (layer(cin, width, 7), layer(width, width, 1), layer(width, cin, 7, up=True))
        self.vector = nn.Sequential(*vector) if fc6 else None
        self.classifier = nn.Conv2d(scaled[0][0], classes, 1)
        he_initialise(self)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        if self.vector is not None and min(height, width) < 224:
            image = F.pad(image, (0, max(0, 224 - width), 0, max(0, 224 - height)), mode="replicate")
        return super().forward(image)[..., :height, :width]

    def logits(self, image: Tensor) -> Tensor:
        x, places = image, []
        for group in self.encoder:
            x, indices = F.max_pool2d(group(x), 2, return_indices=True)
            places.append(indices)
        if self.vector is not None:
            x = self.vector(x)
        for group, indices in zip(list(self.decoder)[::-1], places[::-1], strict=True):
            x = group(F.max_unpool2d(x, indices, 2))
        logits: Tensor = self.classifier(x)
        return logits
