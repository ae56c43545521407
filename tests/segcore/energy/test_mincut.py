"""The min-cut against networkx' maximum flow, the cost of its own labels, and reachability in the residual network."""
from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.energy import mincut
from segcore.errors import PromptError

FORWARD = ((1, 0), (0, 1), (1, 1), (-1, 1))


def edges(shape):
    for y in range(shape[0]):
        for x in range(shape[1]):
            for k, (dx, dy) in enumerate(FORWARD):
                if 0 <= x + dx < shape[1] and y + dy < shape[0]:
                    yield k, (y, x), (y + dy, x + dx)


def flow_by_networkx(source, sink, weights) -> float:
    graph = nx.DiGraph()
    for y, x in np.ndindex(source.shape):
        graph.add_edge("s", (y, x), capacity=float(source[y, x]))
        graph.add_edge((y, x), "t", capacity=float(sink[y, x]))
    for k, p, q in edges(source.shape):
        graph.add_edge(p, q, capacity=float(weights[k][p]))
        graph.add_edge(q, p, capacity=float(weights[k][p]))
    return nx.maximum_flow_value(graph, "s", "t")


def cost(labels, source, sink, weights) -> float:
    """What a labelling cuts, in double precision."""
    total = sink[labels].sum(dtype=float) + source[~labels].sum(dtype=float)
    height, width = labels.shape
    for k, (dx, dy) in enumerate(FORWARD):
        x0, x1 = max(0, -dx), width - max(0, dx)
        here, there = labels[:height - dy, x0:x1], labels[dy:, x0 + dx:x1 + dx]
        total += weights[k, :height - dy, x0:x1][here != there].sum(dtype=float)
    return float(total)


def grid(seed: int, shape: tuple[int, int], integer: bool):
    rng = np.random.default_rng(seed)
    shapes = (shape, shape, (4, *shape))
    if integer:
        return tuple(rng.integers(0, 60, s).astype(np.int32) for s in shapes)
    empty = rng.random(3) * .5
    return tuple((rng.random(s) * 10 ** rng.uniform(-1, 3) * (rng.random(s) > e)).astype(np.float32)
                 for s, e in zip(shapes, empty, strict=True))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 8), st.booleans())
def test_flow_and_cut_of_random_grids(seed: int, height: int, width: int, integer: bool) -> None:
    source, sink, weights = grid(seed, (height, width), integer)
    labels, flow = mincut.solve_grid(source, sink, weights)
    truth = flow_by_networkx(source, sink, weights)
    assert flow == pytest.approx(truth, rel=1e-5, abs=1e-4)
    assert cost(labels, source, sink, weights) == pytest.approx(truth, rel=1e-5, abs=1e-4)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 7), st.booleans())
def test_changed_terminals_give_the_cut_of_the_new_grid(seed: int, height: int, width: int, integer: bool) -> None:
    source, sink, weights = grid(seed, (height, width), integer)
    alive = mincut.GridCut(source, sink, weights)
    alive.solve()
    rng = np.random.default_rng(seed + 1)
    for _ in range(3):
        touched = rng.random((2, height, width)) < .5
        new = [np.where(t, rng.integers(0, 60, t.shape), a).astype(a.dtype)
               for t, a in zip(touched, (source, sink), strict=True)]
        alive.change(new[0] - source, new[1] - sink)
        source, sink = new
        labels, flow = alive.solve()
        truth = flow_by_networkx(source, sink, weights)
        assert flow == pytest.approx(truth, rel=1e-5, abs=1e-3)
        assert cost(labels, source, sink, weights) == pytest.approx(truth, rel=1e-5, abs=1e-3)


def test_hard_constraints_hold_against_any_edges() -> None:
    rng = np.random.default_rng(5)
    shape = (20, 30)
    weights = (rng.random((4, *shape)) * 1e6).astype(np.float32)
    source, sink = np.zeros(shape, np.float32), np.full(shape, 1e4, np.float32)
    source[4, 5], sink[15, 25] = np.inf, np.inf
    labels, flow = mincut.solve_grid(source, sink, weights)
    assert labels[4, 5] and not labels[15, 25]
    assert np.isfinite(flow)
    finite = np.where(np.isfinite(source), source, 1e12), np.where(np.isfinite(sink), sink, 1e12)
    assert flow == pytest.approx(flow_by_networkx(*finite, weights), rel=1e-5)


def test_hard_on_both_sides_is_no_constraint() -> None:
    both = np.full((2, 2), np.inf, np.float32)
    labels, flow = mincut.solve_grid(both, both, np.ones((4, 2, 2), np.float32))
    assert labels.shape == (2, 2) and flow == 0


def test_edges_out_of_the_image_are_ignored() -> None:
    source, sink, weights = grid(3, (6, 7), True)
    inside = np.zeros_like(weights)
    for k, p, _ in edges((6, 7)):
        inside[k][p] = weights[k][p]
    assert mincut.solve_grid(source, sink, weights)[1] == mincut.solve_grid(source, sink, inside)[1]


@pytest.mark.parametrize("seed", range(6))
def test_a_band_is_cut_like_the_grid_it_is_taken_from(seed: int) -> None:
    source, sink, weights = grid(seed, (9, 11), False)
    keep = np.random.default_rng(seed).random((9, 11)) < .7
    number = np.where(keep, np.cumsum(keep).reshape(keep.shape) - 1, -1)
    table = np.repeat(np.arange(keep.sum(), dtype=np.int32)[:, None], 8, axis=1)
    capacities = np.zeros(table.shape, np.float32)
    for k, p, q in edges(keep.shape):
        if keep[p] and keep[q]:
            table[number[p], 2 * k], table[number[q], 2 * k + 1] = number[q], number[p]
            capacities[number[p], 2 * k] = capacities[number[q], 2 * k + 1] = weights[k][p]
        else:
            weights[k][p] = 0
    source[~keep], sink[~keep] = 0, 0
    labels, flow = mincut.solve_band(source[keep], sink[keep], table, capacities)
    whole, truth = mincut.solve_grid(source, sink, weights)
    assert flow == pytest.approx(truth, rel=1e-5)
    assert (labels == whole[keep]).all()


@pytest.mark.parametrize("break_it", [
    lambda s, t, w: (s[:1], t, w), lambda s, t, w: (s, t, w[:3]), lambda s, t, w: (s - 1, t, w),
    lambda s, t, w: (s, t, np.where(w > .5, np.nan, w)), lambda s, t, w: (s[:0], t[:0], w[:, :0]),
], ids=["shapes", "three edges", "negative", "nan", "empty"])
def test_refuses_what_is_no_network(break_it) -> None:
    source, sink, weights = grid(1, (4, 5), False)
    with pytest.raises(PromptError):
        mincut.solve_grid(*break_it(source, sink, weights))
