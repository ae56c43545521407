"""A proposal as a layer of the canvas."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from app.canvas.overlay import Layer, Paint, argb_table
from app.canvas.palette import line_colors
from app.proposal import Proposal

Color = tuple[int, int, int]


def proposal_layer(proposal: Proposal, colors: Sequence[Color], opacity: float, mode: str = "both") -> Layer:
    """What the canvas shows of a proposal: fill at `opacity` and outlines, in `colors` per plane; hidden ones are transparent.

    `mode` is the canvas's way of showing regions; “outline” leaves the fill away, “fill” the outlines.
    """
    table = np.array([*colors, (0, 0, 0)], np.float64)
    shown = np.array([plane not in proposal.hidden for plane in range(len(colors))] + [False])
    fill = argb_table(table, np.where(shown, 0.0 if mode == "outline" else opacity, 0.0))
    edge = argb_table(line_colors(table), np.where(shown, 1.0, 0.0))
    return Layer(proposal.label_map(), Paint(fill, None if mode == "fill" else edge))


def plane_colors(colors: Sequence[Color], mapping: Mapping[int, int | None], of_classes: Mapping[int, Color]) -> list[Color]:
    """The colour of each plane: that of the class it becomes, its own, from `colors`, where it becomes none."""
    return [of_classes.get(-1 if (target := mapping.get(plane)) is None else target, own) for plane, own in enumerate(colors)]
