"""What a few clicks say about all pixels: geodesic distance to those on the object against those on the background."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcore.energy import geodesic
from segcore.energy.evidence import BACKGROUND, OBJECT

STEP = 2.0
"""Cost of one pixel's way in grey values, so that flat areas have an extent too."""


def _distance(pixels: NDArray[np.uint8], seeds: NDArray[np.bool_]) -> NDArray[np.float32]:
    out = np.where(seeds, np.float32(0), np.float32(1e9))
    geodesic.spread(pixels, out, STEP, 2)
    return out


def click_evidence(pixels: NDArray[np.uint8], seeds: NDArray[np.int8]) -> NDArray[np.float32]:
    """float32 (h, w) in -1..1: 1 at object clicks, -1 at background clicks (the image's border when there are none)."""
    thing, rest = seeds == OBJECT, seeds == BACKGROUND
    rest = rest | _border(seeds, thing)
    if not thing.any() or not rest.any():
        return np.zeros(seeds.shape, np.float32)
    near, far = _distance(pixels, thing), _distance(pixels, rest)
    return (far - near) / np.maximum(far + near, 1)


def _border(seeds: NDArray[np.int8], thing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    out = np.zeros(seeds.shape, bool)
    out[0], out[-1], out[:, 0], out[:, -1] = True, True, True, True
    return out & ~thing


def first_guess(pixels: NDArray[np.uint8], seeds: NDArray[np.int8]) -> NDArray[np.bool_]:
    """bool (h, w): what is nearer to the marks on the object than to those on the background or the image's border."""
    return click_evidence(pixels, seeds) > .2
