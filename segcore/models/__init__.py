"""Trainable networks of the literature, one file each: `MODELS["segnet"]().build(num_classes)` gives a torch module."""
from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from segcore.registry import Plugin, Registry

if TYPE_CHECKING:
    from torch import nn


class Model(Plugin):
    """Builds a network: RGB float (N, 3, H, W), normalised as `mean`/`std` say, to logits (N, C, H, W)."""

    paper: ClassVar[str] = ""
    """Authors, title, year."""
    mean: ClassVar[tuple[float, float, float]] = (0.485, 0.456, 0.406)
    std: ClassVar[tuple[float, float, float]] = (0.229, 0.224, 0.225)

    def build(self, num_classes: int) -> nn.Module:
        """A freshly initialised network with `num_classes` outputs at the input's full size."""
        raise NotImplementedError


MODELS: Registry[Model] = Registry(__name__)
