"""Paths of least cost on the pixel grid, for the live wire (Mortensen & Barrett, "Intelligent Scissors", 1995).

Dijkstra's algorithm with Dial's circular buckets, since costs are small integers: linear in the number of pixels visited.
"""
from __future__ import annotations

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

LEAST, MOST = 16, 255
"""Costs of one straight step on the strongest edge and on none; a diagonal step costs √2 as much."""
_BUCKETS = 512
_WALL = 0
_FAR = np.int32(2147483647)


def path_costs(gradient: NDArray[np.float32]) -> NDArray[np.uint8]:
    """uint8 (H, W) cost of stepping onto a pixel, 16 on strong edges to 255 on none; `gradient` ≥ 0, float32 (H, W)."""
    strong = float(np.quantile(gradient[::4, ::4], 0.95)) if gradient.size > 64 else float(gradient.max(initial=0))
    # The root lifts weak edges: a wire that may go anywhere for free along strong ones takes long ways round.
    along = np.sqrt(np.clip(gradient / max(strong, 1e-6), 0, 1))
    return (LEAST + (MOST - LEAST) * (1 - along)).astype(np.uint8)


def tree(costs: NDArray[np.uint8], start: tuple[int, int], until: tuple[int, int] | None = None) -> NDArray[np.int8]:
    """int8 (H, W): from each pixel the direction (0..7) of the next step towards `start` (x, y), -1 at it and where unreached.

    Pixels of cost 0 are walls. Stops early once `until` (x, y) is reached.
    """
    goal = -1 if until is None else until[1] * costs.shape[1] + until[0]
    found: NDArray[np.int8] = _dial(np.ascontiguousarray(costs), start[1] * costs.shape[1] + start[0], goal)
    return found


def follow(came: NDArray[np.int8], end: tuple[int, int]) -> list[tuple[int, int]]:
    """Pixels (x, y) from `end` back to the start of the tree, both included."""
    x, y = end
    path = [(x, y)]
    for _ in range(came.size):
        step = came[y, x]
        if step < 0:
            break
        x, y = x + int(_DX[step]), y + int(_DY[step])
        path.append((x, y))
    return path


_DX = np.array([1, 1, 0, -1, -1, -1, 0, 1], np.int64)
_DY = np.array([0, 1, 1, 1, 0, -1, -1, -1], np.int64)


@njit(nogil=True, cache=True, inline="always")
def _put(head, after, before, j, bucket):  # type: ignore[no-untyped-def]
    """Put pixel j in front of a bucket's list."""
    after[j], before[j] = head[bucket], -1
    if head[bucket] >= 0:
        before[head[bucket]] = j
    head[bucket] = j


@njit(nogil=True, cache=True, inline="always")
def _take(head, after, before, j, bucket):  # type: ignore[no-untyped-def]
    """Take pixel j out of a bucket's list."""
    if before[j] >= 0:
        after[before[j]] = after[j]
    else:
        head[bucket] = after[j]
    if after[j] >= 0:
        before[after[j]] = before[j]


@njit(types.int8[:, ::1](types.uint8[:, ::1], types.int64, types.int64), nogil=True, cache=True)
def _dial(costs, start, goal):  # type: ignore[no-untyped-def]
    h, w = costs.shape
    n = h * w
    flat = costs.reshape(n)
    came = np.full(n, -1, np.int8)
    distance = np.full(n, _FAR, np.int32)
    head, after, before = np.full(_BUCKETS, -1, np.int32), np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    distance[start] = 0
    head[0] = start
    waiting, at = 1, 0
    while waiting > 0:
        while head[at % _BUCKETS] < 0:
            at += 1
        i = head[at % _BUCKETS]
        _take(head, after, before, i, at % _BUCKETS)
        waiting -= 1
        if i == goal:
            break
        y, x = i // w, i % w
        for k in range(8):
            xx, yy = x + _DX[k], y + _DY[k]
            if xx < 0 or yy < 0 or xx >= w or yy >= h:
                continue
            j = yy * w + xx
            new = distance[i] + (np.int32(flat[j]) if k % 2 == 0 else (np.int32(flat[j]) * 362 + 128) // 256)
            if flat[j] == _WALL or new >= distance[j]:
                continue
            if distance[j] != _FAR:
                _take(head, after, before, j, distance[j] % _BUCKETS)
                waiting -= 1
            distance[j], came[j] = new, (k + 4) % 8
            _put(head, after, before, j, new % _BUCKETS)
            waiting += 1
    return came.reshape(h, w)
