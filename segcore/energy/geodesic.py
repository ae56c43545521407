"""Distances along paths through an image: how far a pixel is from given seeds if crossing edges is expensive."""
from __future__ import annotations

import numpy as np
from numba import boolean, float32, float64, int64, njit, types, void

from segcore.energy.colour_model import PIXELS

SEEDS = types.Array(boolean, 2, "C", readonly=True)


@njit
def _difference(pixels, y, x, v, u):  # type: ignore[no-untyped-def]
    square = np.int64(0)
    for c in range(3):
        away = np.int64(pixels[y, x, c]) - np.int64(pixels[v, u, c])
        square += away * away
    return np.float32(np.sqrt(np.float32(square)))


@njit([void(PIXELS, float32[:, ::1], float64, int64)], nogil=True, cache=True)
def spread(pixels, distance, step, passes):  # type: ignore[no-untyped-def]
    """Lower `distance` float32 (H, W), 0 at seeds and large elsewhere, to the geodesic distance, in place.

    A step to a neighbour costs its length × `step` plus the colour difference (Toivanen's raster scan: forth and back is one
    pass; Criminisi et al., ECCV 2008).
    """
    height, width = distance.shape
    for turn in range(2 * passes):
        way = 1 if turn % 2 == 0 else -1
        for row in range(height):
            y = row if way == 1 else height - 1 - row
            for column in range(width):
                x = column if way == 1 else width - 1 - column
                best = distance[y, x]
                for dy, dx, reach in ((0, -1, 1.0), (-1, -1, 1.4142), (-1, 0, 1.0), (-1, 1, 1.4142)):
                    v, u = y + dy * way, x + dx * way
                    if 0 <= v < height and 0 <= u < width and distance[v, u] < best:
                        way_on = np.float32(reach * step) + _difference(pixels, y, x, v, u)
                        best = min(best, distance[v, u] + way_on)
                distance[y, x] = best


@njit([float32[:, ::1](PIXELS, SEEDS, int64)], nogil=True, cache=True)
def barrier(pixels, seeds, passes):  # type: ignore[no-untyped-def]
    """float32 (H, W): least range of values, summed over channels, that a path to a seed must span (Zhang et al., ICCV 2015).

    0 at seeds; a pixel that looks like what surrounds the seeds, and is joined to it, stays near 0.
    """
    height, width = seeds.shape
    total = np.empty((height, width), np.float32)
    total[:] = 0
    distance = np.empty((height, width), np.float32)
    low, high = np.empty((height, width), np.uint8), np.empty((height, width), np.uint8)
    for c in range(3):
        for y in range(height):
            for x in range(width):
                distance[y, x] = 0 if seeds[y, x] else 1e6
                low[y, x] = high[y, x] = pixels[y, x, c]
        for turn in range(2 * passes):
            way = 1 if turn % 2 == 0 else -1
            for row in range(height):
                y = row if way == 1 else height - 1 - row
                for column in range(width):
                    x = column if way == 1 else width - 1 - column
                    for dy, dx in ((0, -1), (-1, 0)):
                        v, u = y + dy * way, x + dx * way
                        if 0 <= v < height and 0 <= u < width:
                            least, most = min(low[v, u], pixels[y, x, c]), max(high[v, u], pixels[y, x, c])
                            if np.float32(most) - np.float32(least) < distance[y, x]:
                                distance[y, x], low[y, x], high[y, x] = np.float32(most) - np.float32(least), least, most
        total += np.minimum(distance, np.float32(255))
    return total


