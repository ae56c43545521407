"""Lets networks that halve the image several times take any size: pad to a multiple, run, crop."""
from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class AnySize(nn.Module):
    """A network whose input is padded, by repeating the border, to multiples of `multiple`, and whose output is cropped back.

    Subclasses define `logits(image)`, (N, 3, H, W) to (N, C, H, W) for H and W that are multiples.
    """

    multiple = 32

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        extra = (-width) % self.multiple, (-height) % self.multiple
        if any(extra):
            image = F.pad(image, (0, extra[0], 0, extra[1]), mode="replicate")
        return self.logits(image)[..., :height, :width]

    def logits(self, image: Tensor) -> Tensor:
        """The network itself."""
        raise NotImplementedError
