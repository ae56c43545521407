"""Label planes painted over the photo: sampled at screen resolution, coloured through a table, outlined where labels meet.

Nothing here depends on how many regions there are: a plane costs what its visible device pixels cost.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.canvas.geometry import Rect, View
from segcore.types import Box

Labels = NDArray[Any]
Colors = NDArray[np.uint32]
DASH_STEPS, DASH = (5, 3), 16
"""Steps that one device pixel to the right and one down make, and those of one dash, a power of two: dashes of 2 to 8 pixels
along rows, columns and both diagonals."""


@dataclass(frozen=True, slots=True)
class Paint:
    """What each label looks like, premultiplied 0xAARRGGBB, indexed by label; label -1 is the last entry.

    `edge` colours the pixels beside another label (None: no outlines), `dash` every other bit of them, `selected` is a label
    with a dark rim around its outline. `width` is the outline's, in device pixels on each side.
    """

    fill: Colors
    edge: Colors | None = None
    dash: Colors | None = None
    selected: int | None = None
    width: int = 1


@dataclass(frozen=True, slots=True)
class Layer:
    """One more plane of labels for `Canvas.layers`, such as a network's proposal.

    `labels` is int16, uint16 or uint8 of any (h, w); it is stretched over the image. `paint.fill[label]` is the colour
    (see `argb`); -1 takes the last entry. Replace a layer to change it.
    """

    labels: Labels
    paint: Paint


def argb(color: tuple[int, int, int], alpha: float = 1.0) -> int:
    """A premultiplied 0xAARRGGBB from RGB 0..255 and alpha 0..1."""
    return int(argb_table(np.array([color]), alpha)[0])


def argb_table(colors: NDArray[Any], alpha: float | NDArray[np.float64] = 1.0) -> Colors:
    """Premultiplied 0xAARRGGBB, uint32 (N,), from RGB (N, 3) 0..255 and alpha 0..1."""
    share = np.broadcast_to(np.asarray(alpha, np.float64), (len(colors),))
    rgb = np.rint(np.asarray(colors, np.float64) * share[:, None]).astype(np.uint32)
    opaque = np.rint(share * 255).astype(np.uint32)
    packed: Colors = ((opaque << 24) | (rgb[:, 0] << 16) | (rgb[:, 1] << 8) | rgb[:, 2]).astype(np.uint32)
    return packed


RIM = argb((0, 0, 0), 0.65)


def sample(labels: Labels, view: View, rect: Rect) -> Labels:
    """The label under the centre of each device pixel of `rect`; of the type of `labels` and the size of `rect`."""
    columns = view.columns(rect[0], rect[2], labels.shape[1])
    rows = view.rows(rect[1], rect[3], labels.shape[0])
    part: Labels = labels[:, columns[0]:columns[-1] + 1]
    columns = columns - columns[0]
    if view.scale * view.shape[0] > labels.shape[0]:    # fewer label rows than screen rows: spread the columns first
        part = part[rows[0]:rows[-1] + 1].take(columns, axis=1).take(rows - rows[0], axis=0)
    else:
        part = part.take(rows, axis=0).take(columns, axis=1)
    return part


def render(labels: Labels, paint: Paint, view: View, rect: Rect) -> Colors:
    """A plane of labels as it looks in the device pixels `rect`, uint32 premultiplied ARGB of the size of `rect`.

    What a pixel looks like does not depend on `rect`, so that parts can be rendered again on their own.
    """
    margin = paint.width + 1 if paint.edge is not None else 0
    x0, y0, x1, y1 = _grown(rect, margin, view.image_rect)
    labels = sample(labels, view, (x0, y0, x1, y1))
    inner = slice(rect[1] - y0, rect[3] - y0), slice(rect[0] - x0, rect[2] - x0)
    picture = paint.fill.take(labels[inner], mode="wrap")
    if paint.edge is not None:
        # Dashes are tied to the image, not to the screen, so that they move with it.
        phase = (DASH_STEPS[0] * (rect[0] - math.floor(view.x + 0.5))
                 + DASH_STEPS[1] * (rect[1] - math.floor(view.y + 0.5)))
        _outline(labels, inner, paint, picture, phase)
    return picture


def _outline(labels: Labels, inner: Box, paint: Paint, picture: Colors, phase: int) -> None:
    """Draw outlines into `picture`, which shows the part `inner` of `labels`; only pixels beside a border cost anything."""
    import cv2
    assert paint.edge is not None
    side = 2 * paint.width + 1
    kernel = np.ones((side, side), np.uint8)
    at = np.flatnonzero((cv2.dilate(labels, kernel) != cv2.erode(labels, kernel))[inner])
    here = labels[inner].reshape(-1).take(at)
    colors = paint.edge.take(here, mode="wrap")
    if paint.dash is not None:
        other = paint.dash.take(here, mode="wrap")
        dashed = np.flatnonzero(other != colors)
        y, x = np.divmod(at[dashed], picture.shape[1])
        dashed = dashed[(DASH_STEPS[0] * x + DASH_STEPS[1] * y + phase) & DASH > 0]
        colors[dashed] = other[dashed]
    if paint.selected is not None:
        near = cv2.dilate((labels == paint.selected).view(np.uint8), np.ones((3, 3), np.uint8))[inner].reshape(-1).take(at)
        colors[(near > 0) & (here != paint.selected)] = RIM
    picture.reshape(-1)[at] = colors


def _grown(rect: Rect, margin: int, limit: Rect) -> Rect:
    return (max(rect[0] - margin, min(limit[0], rect[0])), max(rect[1] - margin, min(limit[1], rect[1])),
            min(rect[2] + margin, max(limit[2], rect[2])), min(rect[3] + margin, max(limit[3], rect[3])))
