"""Path distances against Dijkstra's and against all paths through a small image."""
from __future__ import annotations

import networkx as nx
import numpy as np

from segcore.energy import geodesic


def test_spread_is_the_shortest_way() -> None:
    rng = np.random.default_rng(4)
    pixels = rng.integers(0, 256, (9, 12, 3), np.uint8)
    graph = nx.Graph()
    for y, x in np.ndindex(9, 12):
        for dx, dy in ((1, 0), (0, 1), (1, 1), (-1, 1)):
            v, u = y + dy, x + dx
            if 0 <= u < 12 and v < 9:
                away = np.linalg.norm(pixels[y, x].astype(float) - pixels[v, u])
                graph.add_edge((y, x), (v, u), weight=2 * np.hypot(dx, dy) + away)
    truth = nx.single_source_dijkstra_path_length(graph, (4, 5))
    distance = np.full((9, 12), 1e9, np.float32)
    distance[4, 5] = 0
    geodesic.spread(pixels, distance, 2.0, 12)
    assert np.allclose(distance, [[truth[y, x] for x in range(12)] for y in range(9)], rtol=1e-3)


def test_barrier_ignores_gradual_change_inside_and_sees_walls() -> None:
    pixels = np.full((30, 30, 3), 100, np.uint8)
    pixels[10:20, 10:20] = 180
    pixels[13:17, 13:17] = 100
    seeds = np.zeros((30, 30), bool)
    seeds[0] = True
    far = geodesic.barrier(pixels, seeds, 3)
    assert far[5, 5] == 0 and far[25, 25] == 0
    assert far[11, 11] == 240 and far[15, 15] == 240
