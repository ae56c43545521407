"""Training losses, one file each: `LOSSES["cross_entropy"]()(logits, target)`."""
from __future__ import annotations

from typing import TYPE_CHECKING

from segcore.registry import Plugin, Registry

if TYPE_CHECKING:
    from torch import Tensor


class Loss(Plugin):
    """logits (N, C, H, W), target (N, H, W) int64 with 255 ignored, to a scalar.

    `weights`, float32 (C,) on the device of the logits, is set by training when classes are to be balanced.
    """

    weights: Tensor | None = None

    def __call__(self, logits: Tensor, target: Tensor) -> Tensor:
        raise NotImplementedError


LOSSES: Registry[Loss] = Registry(__name__)
