"""Dial's buckets against a textbook Dijkstra with a heap."""
from __future__ import annotations

import heapq

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.energy.shortest_path import follow, path_costs, tree


def step_cost(costs: np.ndarray, x: int, y: int, dx: int, dy: int) -> int:
    cost = int(costs[y + dy, x + dx])
    return cost if dx == 0 or dy == 0 else (cost * 362 + 128) // 256


def distances(costs: np.ndarray, start: tuple[int, int]) -> dict[tuple[int, int], int]:
    best, queue = {start: 0}, [(0, start)]
    while queue:
        d, (x, y) = heapq.heappop(queue)
        if d > best[x, y]:
            continue
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                there = (x + dx, y + dy)
                inside = 0 <= there[0] < costs.shape[1] and 0 <= there[1] < costs.shape[0]
                if (dx or dy) and inside and costs[there[1], there[0]]:
                    new = d + step_cost(costs, x, y, dx, dy)
                    if new < best.get(there, 1 << 60):
                        best[there] = new
                        heapq.heappush(queue, (new, there))
    return best


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 99_999), st.booleans())
def test_paths_are_as_short_as_dijkstras(h: int, w: int, seed: int, walls: bool) -> None:
    rng = np.random.default_rng(seed)
    costs = rng.integers(0 if walls else 1, 256, (h, w)).astype(np.uint8)
    start, end = (int(rng.integers(w)), int(rng.integers(h))), (int(rng.integers(w)), int(rng.integers(h)))
    best = distances(costs, start)
    for came in (tree(costs, start), tree(costs, start, end)):
        path = follow(came, end)
        assert path[0] == end
        if end in best:
            assert path[-1] == start
            forward = path[::-1]
            length = sum(step_cost(costs, *a, b[0] - a[0], b[1] - a[1]) for a, b in zip(forward, forward[1:], strict=False))
            assert length == best[end]
        else:
            assert path == [end] and end != start


def test_costs_are_low_on_edges_and_never_walls() -> None:
    gradient = np.zeros((50, 50), np.float32)
    gradient[:, 25] = 90
    costs = path_costs(gradient)
    assert costs.min() >= 1 and (costs[:, 25] < 30).all() and (costs[:, 20] > 200).all()
