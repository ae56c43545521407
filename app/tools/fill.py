"""The fill bucket: gives the connected area under the pointer to the selected region."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.tools import TOOLS, Context, Gesture, Tool
from app.tools.painting import paint_edit, paint_mask
from segcore.params import param
from segcore.types import Event


@TOOLS.add
class Fill(Tool):
    """Click an area to give it to the selected region: unlabelled space up to its borders, or another region.

    The right button makes the area unlabelled.
    """

    name = "fill"
    title = "Fill"
    shortcut = "F"
    order = 160
    hint = "Left: fill the area · Right: make it unlabelled"

    @dataclass
    class Params:
        """How far the fill goes."""

        contiguous: bool = param(True, label="Connected pixels only",
                                 help="Stop where the area ends; when off, every pixel with the same label is taken.")

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Fill at the press."""
        from segcore import masks

        x, y = math.floor(event.x), math.floor(event.y)
        labels = ctx.annotation.region_map
        if event.button not in ("left", "right") or not (0 <= y < labels.shape[0] and 0 <= x < labels.shape[1]):
            return
        erase = event.button == "right"
        mask = masks.flood_fill(labels, x, y) if self.params.contiguous else np.equal(labels, labels[y, x])
        with paint_edit(ctx, "Erase area" if erase else "Fill", erase=erase) as (edit, region):
            paint_mask(edit, mask, region)
        return
        yield
