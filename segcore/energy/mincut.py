"""Exact min-cut on 8-connected pixel grids and on any subset of their pixels, kept alive between changes of its terminals.

Augmenting paths between two search trees that are mended rather than rebuilt; the kernels and the papers are in `trees.py`.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcore.energy import trees
from segcore.errors import PromptError


def _capacities(array: NDArray[np.generic], dtype: type, what: str) -> NDArray[np.float32]:
    out: NDArray[np.float32] = np.ascontiguousarray(array, dtype)
    if not out.min() >= 0:
        raise PromptError(f"The {what} capacities hold negative values or values that are not numbers.")
    return out


class GridCut:
    """A min-cut on an 8-connected grid that stays alive, so that it can be solved again after terminal capacities change."""

    def __init__(self, source: NDArray[np.generic], sink: NDArray[np.generic], weights: NDArray[np.generic]) -> None:
        """As `solve_grid`."""
        if source.ndim != 2 or sink.shape != source.shape or weights.shape != (4, *source.shape) or not source.size:
            raise PromptError(f"Terminals of shapes {source.shape}, {sink.shape} do not fit weights of shape {weights.shape}.")
        integer = all(np.issubdtype(a.dtype, np.integer) for a in (source, sink, weights))
        self.dtype: type = np.int32 if integer else np.float32
        self.shape: tuple[int, int] = source.shape
        height, width = self.shape
        self._base = width + 1
        way = np.array([dx + dy * width for dx, dy in trees.STEPS] + [0], np.int32)
        self._graph = trees.empty_graph(np.zeros(8 * (height * width + 2 * self._base), self.dtype), way)
        trees.link(self._graph[0], _capacities(weights, self.dtype, "edge"))
        hard = float(np.iinfo(np.int32).max) if integer else float(np.inf)
        self._flow = trees.plant(*self._graph, _capacities(source, self.dtype, "source").reshape(-1),
                            _capacities(sink, self.dtype, "sink").reshape(-1), self._base, hard)

    def change(self, source: NDArray[np.generic], sink: NDArray[np.generic]) -> None:
        """Add (H, W) finite differences, of either sign, to the terminal capacities; the flow so far is kept."""
        self._flow += trees.change(*self._graph, np.ascontiguousarray(source, self.dtype).reshape(-1),
                              np.ascontiguousarray(sink, self.dtype).reshape(-1), self._base)

    def solve(self) -> tuple[NDArray[np.bool_], float]:
        """Labels bool (H, W), True with the source, and the maximum flow. Nodes that no terminal reaches go to the sink."""
        self._flow += trees.grow(*self._graph)
        tree = self._graph[2][self._base:self._base + self.shape[0] * self.shape[1]]
        return tree.reshape(self.shape) == trees.SOURCE, float(self._flow)


def solve_grid(source: NDArray[np.generic], sink: NDArray[np.generic],
               weights: NDArray[np.generic]) -> tuple[NDArray[np.bool_], float]:
    """The exact minimum cut of an 8-connected grid.

    `source`, `sink` (H, W) terminal capacities ≥ 0, infinite (or the int32 maximum) for hard constraints that no sum of edges
    beats (the flow then counts what crosses them); `weights` (4, H, W) capacities of the undirected edges from a pixel to its
    E, S, SE, SW neighbour; those that leave the image are ignored. float32, or int32 when all are integers (sums at a pixel
    must stay below 2³¹). Returns labels bool (H, W), True where the pixel stays with the source, and the maximum flow.
    Raises PromptError for shapes that do not fit, negative values and NaN.
    """
    return GridCut(source, sink, weights).solve()


def solve_band(source: NDArray[np.float32], sink: NDArray[np.float32], table: NDArray[np.int32],
               capacities: NDArray[np.float32]) -> tuple[NDArray[np.bool_], float]:
    """The exact minimum cut of any subset of pixels.

    `source`, `sink` float32 (N,); `table` int32 (N, 8) node number of each neighbour, in the order of `trees.STEPS`, and the
    node's own number where there is none; `capacities` float32 (N, 8) of the edges to them, 0 where none, equal in both
    directions; they are overwritten. Returns labels bool (N,) and the maximum flow.
    """
    graph = trees.empty_graph(capacities.reshape(-1), table.reshape(-1))
    flow = trees.plant(*graph, source, sink, 0, float(np.inf))
    flow += trees.grow(*graph)
    return graph[2] == trees.SOURCE, float(flow)
