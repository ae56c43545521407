"""How much a boundary between two neighbouring pixels costs: γ / distance · exp(-β ‖colour difference‖²)."""
from __future__ import annotations

import numpy as np
from numba import float32, float64, njit
from numpy.typing import NDArray

from segcore.energy.colour_model import PIXELS

FORWARD = ((1, 0), (0, 1), (1, 1), (-1, 1))
"""(dx, dy) of the E, S, SE and SW neighbour."""


def beta(pixels: NDArray[np.uint8], sample: int = 60_000) -> float:
    """1 / (2 · mean squared difference of neighbours) of a uint8 (H, W, 3) image, from about `sample` pixels; 0 if uniform."""
    height, width = pixels.shape[:2]
    step = max(1, int((height * width / sample) ** .5))
    total, pairs = 0.0, 0
    for dx, dy in FORWARD:
        x0, x1 = max(0, -dx), width - max(0, dx)
        here = pixels[:height - dy:step, x0:x1:step].astype(np.float32)
        there = pixels[dy::step, x0 + dx:x1 + dx:step].astype(np.float32)[:here.shape[0]]
        total += float(((here - there) ** 2).sum())
        pairs += here.shape[0] * here.shape[1]
    return pairs / (2 * total) if total > 0 else 0.0


@njit
def weight(pixels, y, x, v, u, reach, strength, falloff):  # type: ignore[no-untyped-def]
    """Capacity of the edge between pixels (y, x) and (v, u) at distance `reach`."""
    square = np.int64(0)
    for c in range(3):
        away = np.int64(pixels[y, x, c]) - np.int64(pixels[v, u, c])
        square += away * away
    return np.float32(strength / reach * np.exp(np.float32(-falloff * square)))


@njit([float32[:, :, ::1](PIXELS, float64, float64)], nogil=True, cache=True)
def edge_weights(pixels, strength, falloff):  # type: ignore[no-untyped-def]
    """float32 (4, H, W) capacities of the edges to the E, S, SE, SW neighbour, 0 where there is none.

    `strength` is γ, `falloff` β, `pixels` a contiguous uint8 (H, W, 3) image.
    """
    height, width = pixels.shape[:2]
    out = np.zeros((4, height, width), np.float32)
    for k, (dx, dy) in enumerate(FORWARD):
        reach = np.sqrt(float(dx * dx + dy * dy))
        for y in range(height - dy):
            for x in range(max(0, -dx), width - max(0, dx)):
                out[k, y, x] = weight(pixels, y, x, y + dy, x + dx, reach, strength, falloff)
    return out
