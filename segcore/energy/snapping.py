"""The exact cut of a band round a given boundary, with colours learnt close to it."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcore.energy import colour_model, contrast
from segcore.energy.evidence import UNKNOWN, bounds
from segcore.energy.multilevel import Frame, Terms, cut_band
from segcore.types import Box

Mask = NDArray[np.bool_]
LEARN = 4
"""Colours are learnt from a rim this many times as wide as the band."""


def snap(pixels: NDArray[np.uint8], mask: Mask, seeds: NDArray[np.int8], reach: int, smoothness: float, colour: float) -> Mask:
    """The mask bool (H, W) after its boundary has moved by at most `reach` pixels onto edges of a uint8 (H, W, 3) image.

    `seeds` int8 (H, W) holds hard marks. Pixels follow the given mask the more the farther they lie from its boundary, so
    that the boundary moves to a near edge rather than to a far one.
    """
    where = bounds(mask)
    if where is None:
        return mask
    rows, cols = _around(where, (LEARN + 1) * reach, mask.shape)
    inner = np.ascontiguousarray(mask[rows, cols])
    depth = _depth(inner) + _depth(~inner)
    band = depth <= reach
    part = np.ascontiguousarray(pixels[rows, cols])
    bins = colour_model.colour_bins(part)
    side = np.where(depth <= LEARN * reach, inner, 2).astype(np.uint8)
    side[depth <= min(2, reach)] = 2
    table = _table(bins, side, colour)
    pull = np.where(inner, 1, -1) * (1.5 * np.clip(depth / reach, 0, 1) ** 2)
    height, width = inner.shape
    frame = Frame(0, 0, height, width, 0)
    terms = Terms(table, np.ascontiguousarray(pull, np.float32), [np.ascontiguousarray(seeds[rows, cols])],
                  (0, 0, height, width), smoothness)
    out = mask.copy()
    out[rows, cols] = cut_band(part, frame, terms, inner.view(np.uint8).copy(), band, 0, contrast.beta(part)).view(np.bool_)
    marked = seeds != UNKNOWN
    out[marked] = seeds[marked] == 1
    return out


def _depth(mask: Mask) -> NDArray[np.float32]:
    import cv2

    return cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)


def _around(box: Box, by: int, shape: tuple[int, ...]) -> Box:
    rows, cols = (slice(max(0, s.start - by), min(n, s.stop + by)) for s, n in zip(box, shape, strict=True))
    return rows, cols


def _table(bins: NDArray[np.uint16], side: NDArray[np.uint8], colour: float) -> NDArray[np.float32]:
    counts = colour_model.count_colours(bins, side, np.ones(side.shape, np.float32))
    if not counts[0].any() or not counts[1].any():
        return np.zeros(colour_model.BINS, np.float32)
    rest, thing = (colour_model.mixture_table(colour_model.fit_mixture(c, np.zeros((0, 10)), 5, 5, colour_model.SPREAD))
                   for c in counts)
    return (np.float32(colour) * np.clip(rest - thing, -4, 4)).astype(np.float32)
