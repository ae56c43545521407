"""Kernels of the min-cut: growing, augmenting and mending two search trees (Boykov & Kolmogorov, PAMI 2004; Kohli & Torr, ICCV
2005). Compiled once, with explicit signatures, into numba's cache; `mincut.py` is their face."""
from __future__ import annotations

import numpy as np
from numba import float32, float64, int32, int64, njit, types, uint8
from numpy.typing import NDArray

# Directions come in opposite pairs, so that d ^ 1 is the way back.
STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (-1, 1), (1, -1))
"""(dx, dy) of E, W, S, N, SE, NW, SW, NE."""

FREE, SOURCE, SINK = 0, 1, 2
ROOT, ORPHAN, NOBODY = 8, 9, 10
FAR = 1 << 30
HEAD, TAIL, FIRST, LAST, NOW = 0, 1, 2, 3, 4
GRID = 9

# The network of N nodes and its two search trees, about 52 bytes per node, is one tuple of arrays, in this order everywhere:
# cap (8 N) residual of the edge in each direction · net (N) residual to a terminal, > 0 source, < 0 sink · tree (N) FREE,
# SOURCE or SINK · parent (N) direction of the tree parent, or ROOT, ORPHAN, NOBODY · queued (N) 1 while active · depth and
# stamp (N) distance to the root and when it was known · active and orphans, ring buffers · way: offsets to the neighbours
# (GRID entries), or their numbers (8 N) · clock: positions in the rings and the time. Kernels take them one by one because
# reading them from a tuple would count references in the innermost loops.
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]
Graph = tuple[NDArray[np.float32], NDArray[np.float32], Bytes, Bytes, Bytes, Ints, Ints, Ints, Ints, Ints, NDArray[np.int64]]


def _arrays(value: types.Type) -> tuple[types.Type, ...]:
    return (value[::1],) * 2 + (uint8[::1],) * 3 + (int32[::1],) * 5 + (int64[::1],)


VALUES = (float32, int32)


@njit(inline="always")
def _neighbour(way, p, d):  # type: ignore[no-untyped-def]
    return p + way[d] if way.size == GRID else int64(way[8 * p + d])


@njit(inline="always")
def _push(ring, clock, end, p):  # type: ignore[no-untyped-def]
    ring[clock[end]] = p
    clock[end] = clock[end] + 1 if clock[end] + 1 < ring.size else 0


@njit(inline="always")
def _pop(ring, clock, start):  # type: ignore[no-untyped-def]
    p = int64(ring[clock[start]])
    clock[start] = clock[start] + 1 if clock[start] + 1 < ring.size else 0
    return p


@njit(inline="always")
def _activate(queued, active, clock, p):  # type: ignore[no-untyped-def]
    if not queued[p]:
        queued[p] = 1
        _push(active, clock, TAIL, p)


@njit(inline="always")
def _abandon(parent, orphans, clock, p):  # type: ignore[no-untyped-def]
    parent[p] = ORPHAN
    _push(orphans, clock, LAST, p)


@njit
def _bottleneck(cap, net, parent, way, p, d, q):  # type: ignore[no-untyped-def]
    """The least residual on the path source … p, q … sink."""
    least = cap[8 * p + d]
    while parent[p] != ROOT:
        up = parent[p]
        p = _neighbour(way, p, up)
        least = min(least, cap[8 * p + (up ^ 1)])
    least = min(least, net[p])
    while parent[q] != ROOT:
        up = parent[q]
        least = min(least, cap[8 * q + up])
        q = _neighbour(way, q, up)
    return min(least, -net[q])


@njit
def _augment(cap, net, parent, orphans, way, clock, p, d, q):  # type: ignore[no-untyped-def]
    """Push the bottleneck of the path through edge p -> q; nodes whose edge to the parent fills up become orphans."""
    least = _bottleneck(cap, net, parent, way, p, d, q)
    cap[8 * p + d] -= least
    cap[8 * q + (d ^ 1)] += least
    while parent[p] != ROOT:
        up = parent[p]
        above = _neighbour(way, p, up)
        cap[8 * p + up] += least
        cap[8 * above + (up ^ 1)] -= least
        if cap[8 * above + (up ^ 1)] == 0:
            _abandon(parent, orphans, clock, p)
        p = above
    net[p] -= least
    if net[p] == 0:
        _abandon(parent, orphans, clock, p)
    while parent[q] != ROOT:
        up = parent[q]
        above = _neighbour(way, q, up)
        cap[8 * above + (up ^ 1)] += least
        cap[8 * q + up] -= least
        if cap[8 * q + up] == 0:
            _abandon(parent, orphans, clock, q)
        q = above
    net[q] += least
    if net[q] == 0:
        _abandon(parent, orphans, clock, q)
    return least


@njit
def _distance(parent, depth, stamp, way, now, p):  # type: ignore[no-untyped-def]
    """Number of edges from p to its root, FAR if the way ends at an orphan; what is learnt is stamped on the way."""
    node, length = p, 0
    while stamp[node] != now:
        up = parent[node]
        length += 1
        if up == ROOT:
            stamp[node] = now
            depth[node] = 1
            length -= 1
            break
        if up >= ORPHAN:
            return FAR
        node = _neighbour(way, node, up)
    length += depth[node]
    left = length
    while stamp[p] != now:
        stamp[p] = now
        depth[p] = left
        left -= 1
        p = _neighbour(way, p, parent[p])
    return length


@njit
def _adopt(cap, tree, parent, queued, depth, stamp, active, orphans, way, clock, p):  # type: ignore[no-untyped-def]
    """Give orphan p the parent nearest to a root, or free it and abandon its children."""
    side, best, shortest, now = tree[p], NOBODY, FAR, clock[NOW]
    for d in range(8):
        q = _neighbour(way, p, d)
        if tree[q] == side and (cap[8 * q + (d ^ 1)] if side == SOURCE else cap[8 * p + d]) > 0:
            length = _distance(parent, depth, stamp, way, now, q)
            if length < shortest:
                best, shortest = d, length
    parent[p] = best
    if best != NOBODY:
        stamp[p] = now
        depth[p] = shortest + 1
        return
    tree[p] = FREE
    for d in range(8):
        q = _neighbour(way, p, d)
        if tree[q] == side:
            if (cap[8 * q + (d ^ 1)] if side == SOURCE else cap[8 * p + d]) > 0:
                _activate(queued, active, clock, q)
            if parent[q] == d ^ 1:
                _abandon(parent, orphans, clock, q)


@njit
def _adopt_all(cap, tree, parent, queued, depth, stamp, active, orphans, way, clock):  # type: ignore[no-untyped-def]
    while clock[FIRST] != clock[LAST]:
        p = _pop(orphans, clock, FIRST)
        if parent[p] == ORPHAN:
            _adopt(cap, tree, parent, queued, depth, stamp, active, orphans, way, clock, p)
    # Starting over keeps the touched part of the buffer small.
    clock[FIRST] = 0
    clock[LAST] = 0


@njit([float64(*_arrays(v)) for v in VALUES], nogil=True, cache=True)
def grow(cap, net, tree, parent, queued, depth, stamp, active, orphans, way, clock):  # type: ignore[no-untyped-def]
    """Grow both trees from the active nodes until none is left, augmenting wherever they meet. Returns the flow pushed."""
    flow = 0.0
    while clock[HEAD] != clock[TAIL]:
        p = _pop(active, clock, HEAD)
        queued[p] = 0
        d = 0
        while d < 8 and tree[p] != FREE:
            side = tree[p]
            q = _neighbour(way, p, d)
            if (cap[8 * p + d] if side == SOURCE else cap[8 * q + (d ^ 1)]) > 0:
                if tree[q] != side and tree[q] != FREE:
                    clock[NOW] += 1
                    if side == SOURCE:
                        flow += _augment(cap, net, parent, orphans, way, clock, p, d, q)
                    else:
                        flow += _augment(cap, net, parent, orphans, way, clock, q, d ^ 1, p)
                    _adopt_all(cap, tree, parent, queued, depth, stamp, active, orphans, way, clock)
                    continue
                if tree[q] == FREE:
                    tree[q] = side
                    _activate(queued, active, clock, q)
                elif stamp[q] > stamp[p] or depth[q] <= depth[p] + 1:
                    d += 1
                    continue
                # A new node, or one that is now nearer to a root.
                parent[q] = d ^ 1
                stamp[q] = stamp[p]
                depth[q] = depth[p] + 1
            d += 1
    return flow


@njit
def _hardness(cap, way, p):  # type: ignore[no-untyped-def]
    """More than all edges at p could ever carry away."""
    total = cap[8 * p] * 0 + 1
    for d in range(8):
        total += cap[8 * p + d] + cap[8 * _neighbour(way, p, d) + (d ^ 1)]
    return total


@njit
def _terminal(cap, way, p, source, sink, hard):  # type: ignore[no-untyped-def]
    """Net capacity of p and the flow that crosses it directly; capacities of `hard` and above become unbeatable."""
    if source < hard and sink < hard:
        return source - sink, min(source, sink)
    if source < hard:
        return -_hardness(cap, way, p), source
    if sink < hard:
        return _hardness(cap, way, p), sink
    return cap[0] * 0, cap[0] * 0


@njit([float64(*_arrays(v), v[::1], v[::1], int64, float64) for v in VALUES], nogil=True, cache=True)
def plant(cap, net, tree, parent, queued, depth, stamp, active, orphans, way, clock,  # type: ignore[no-untyped-def]
           source, sink, base, hard):
    """Make every node with a terminal a root of the side it leans to. Returns the flow that crosses nodes directly."""
    flow = 0.0
    for i in range(source.size):
        p = base + i
        rest, through = source[i] - sink[i], min(source[i], sink[i])
        if source[i] >= hard or sink[i] >= hard:
            rest, through = _terminal(cap, way, p, source[i], sink[i], hard)
        net[p] = rest
        flow += through
        if rest != 0:
            tree[p] = SOURCE if rest > 0 else SINK
            parent[p] = ROOT
            depth[p] = 1
            _activate(queued, active, clock, p)
    return flow


@njit([types.void(v[::1], v[:, :, ::1]) for v in VALUES], nogil=True, cache=True)
def link(cap, weights):  # type: ignore[no-untyped-def]
    """Write the edges of a grid whose nodes follow W + 1 empty ones, so that no neighbour lies outside the arrays."""
    _, height, width = weights.shape
    steps = (1, width, width + 1, width - 1)
    for y in range(height):
        for k in range(4):
            # Edges that would leave the image, or wrap round to the next row, carry nothing.
            first = 1 if k == 3 else 0
            last = 0 if k > 0 and y + 1 == height else width - 1 if k == 0 or k == 2 else width
            here = 8 * ((y + 1) * width + 1) + 2 * k
            there = here + 8 * steps[k] + 1
            for x in range(first, last):
                cap[here + 8 * x] = weights[k, y, x]
                cap[there + 8 * x] = weights[k, y, x]


@njit
def _replant(cap, tree, parent, queued, depth, stamp, active, orphans, way, clock, p, side):  # type: ignore[no-untyped-def]
    """Make p a root of `side`. Children on the other side become orphans; neighbours there may grow back into p later."""
    if tree[p] != side:
        for d in range(8):
            q = _neighbour(way, p, d)
            if tree[q] != FREE and tree[q] != side:
                if parent[q] == d ^ 1:
                    _abandon(parent, orphans, clock, q)
                if (cap[8 * p + d] if side == SOURCE else cap[8 * q + (d ^ 1)]) > 0:
                    _activate(queued, active, clock, q)
    tree[p] = side
    parent[p] = ROOT
    depth[p] = 1
    stamp[p] = clock[NOW]
    _activate(queued, active, clock, p)


@njit([float64(*_arrays(v), v[::1], v[::1], int64) for v in VALUES], nogil=True, cache=True)
def change(cap, net, tree, parent, queued, depth, stamp, active, orphans, way, clock,  # type: ignore[no-untyped-def]
            source, sink, base):
    """Add to the terminal capacities and mend the trees. Returns the change of the flow before new paths are sought."""
    clock[NOW] += 1
    flow = 0.0
    for i in range(source.size):
        p = base + i
        before = net[p]
        after = before + (source[i] - sink[i])
        net[p] = after
        flow += sink[i] + max(-before, before * 0) - max(-after, after * 0)
        if after == before:
            continue
        if after != 0:
            _replant(cap, tree, parent, queued, depth, stamp, active, orphans, way, clock, p, SOURCE if after > 0 else SINK)
        elif parent[p] == ROOT:
            _abandon(parent, orphans, clock, p)
    _adopt_all(cap, tree, parent, queued, depth, stamp, active, orphans, way, clock)
    return flow


def empty_graph(cap: NDArray[np.float32], way: Ints) -> Graph:
    """A network with edges `cap` and neighbours `way`, without terminals yet."""
    nodes = cap.size // 8
    return (cap, np.zeros(nodes, cap.dtype), np.zeros(nodes, np.uint8), np.full(nodes, NOBODY, np.uint8),
            np.zeros(nodes, np.uint8), np.zeros(nodes, np.int32), np.zeros(nodes, np.int32), np.empty(nodes + 1, np.int32),
            np.empty(nodes + 1, np.int32), way, np.zeros(5, np.int64))
