"""Gaussian filtering in many dimensions in linear time, on the permutohedral lattice (Adams, Baek and Davis 2010).

Points are splatted onto the corners of the lattice simplex around them, the corners are blurred along the lattice's
directions, and the result is read back at the points.
"""
from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


LANES = 8
"""Channels that are worked on together, as the processor's vector units like it; arrays are (rows, blocks, LANES)."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """The lattice of a set of N points with M corners in d dimensions; `filter` sums over points, weighted by exp(-|Δf|² / 2).

    `corners`, `weights` (N, d + 1): where each point is splatted. `starts` (M + 1,), `points`, `shares` (N · (d + 1),): the same
    by corner. `neighbours` (d + 1, M, 2): corners before and after along each direction, M where there is none.
    """

    corners: Ints
    weights: Floats
    starts: Ints
    points: Ints
    shares: Floats
    neighbours: Ints

    def blurred(self, blocks: Floats, scratch: tuple[Floats, Floats] | None = None) -> Floats:
        """Splat and blur float32 (N, B, 8) values; float32 (M + 1, B, 8) at the corners, in one of the two `scratch` arrays."""
        size = len(self.starts) - 1
        a, b = scratch or self.scratch(blocks.shape[1])
        in_parts(_splat, size, self.starts, self.points, self.shares, blocks, a)
        for direction in self.neighbours:
            in_parts(_blur, size, direction, a, b)
            a, b = b, a
        return a

    def scratch(self, blocks: int) -> tuple[Floats, Floats]:
        """Two arrays for `blurred`; keeping them saves the system the work of finding tens of megabytes each time."""
        shape = len(self.starts), blocks, LANES
        return np.zeros(shape, np.float32), np.zeros(shape, np.float32)

    def add_to(self, out: Floats, blurred: Floats, scale: Floats) -> None:
        """Read blurred values back at the points, times scale (N,), and add them to `out`, float32 (N, B, 8)."""
        # The blur of a delta gives 1 + 2^-d times too much.
        gain = np.float32(1 / (1 + 2.0 ** -(self.corners.shape[1] - 1)))
        in_parts(_slice, len(out), self.corners, self.weights, blurred, scale * gain, out)

    def filter(self, values: Floats) -> Floats:
        """Filter float32 (N, C) values; float32 (N, C)."""
        blocks = to_blocks(values)
        out = np.zeros_like(blocks)
        self.add_to(out, self.blurred(blocks), np.ones(len(values), np.float32))
        return out.reshape(len(values), -1)[:, :values.shape[1]]


def to_blocks(values: Floats) -> Floats:
    """float32 (N, C) as (N, B, 8), filled up with zeros."""
    blocks = -(-values.shape[1] // LANES)
    result = np.zeros((len(values), blocks * LANES), np.float32)
    result[:, :values.shape[1]] = values
    return result.reshape(len(values), blocks, LANES)


def in_parts(kernel: Callable[..., None], count: int, *arguments: object) -> None:
    """Run `kernel(first, last, …)` on all of 0..count, a part in each thread; kernels release the interpreter."""
    threads = min(_THREADS, 1 + count // 4096)
    edges = [count * k // threads for k in range(threads + 1)]
    if threads == 1:
        kernel(0, count, *arguments)
    else:
        list(_pool().map(lambda k: kernel(edges[k], edges[k + 1], *arguments), range(threads)))


_THREADS = min(8, os.cpu_count() or 1)


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="lattice")


def build(features: Floats) -> Lattice:
    """The lattice of float32 (N, d) features, scaled so that the filter's standard deviation is 1 in each."""
    features = np.ascontiguousarray(features, np.float32)
    count, d = features.shape
    keys, weights = np.empty((count, d + 1, d), np.int32), np.empty((count, d + 1), np.float32)
    in_parts(_embed, count, features, keys, weights)
    corners, found, table = _index(keys)
    neighbours = np.full((d + 1, len(found), 2), len(found), np.int32)
    in_parts(_neighbours, len(found), found, table, neighbours)
    return Lattice(corners, weights, *_by_corner(corners, weights, len(found)), neighbours)


@njit(cache=True, nogil=True)
def _embed(first, last, features, keys, weights):  # type: ignore[no-untyped-def]
    """Keys int32 (N, d + 1, d) of the corners around each point, and barycentric weights float32 (N, d + 1)."""
    d = features.shape[1]
    scale = np.empty(d, np.float32)
    for i in range(d):
        scale[i] = np.sqrt(2.0 / 3.0) * (d + 1) / np.sqrt((i + 1.0) * (i + 2.0))
    raised = np.empty(d + 1, np.float32)
    base = np.empty(d + 1, np.int32)
    rank = np.empty(d + 1, np.int32)
    bary = np.empty(d + 2, np.float32)
    for n in range(first, last):
        rank[:] = 0
        bary[:] = 0
        total = np.float32(0)
        for j in range(d, 0, -1):                   # onto the plane where coordinates add up to zero
            c = features[n, j - 1] * scale[j - 1]
            raised[j] = total - j * c
            total += c
        raised[0] = total
        excess = 0
        for i in range(d + 1):                      # the nearest point of the lattice whose coordinates are all ≡ 0
            nearest = np.int32(np.floor(raised[i] / (d + 1) + np.float32(0.5)))
            base[i] = nearest * (d + 1)
            excess += nearest
        for i in range(d):                          # the order of the remainders says which simplex it is
            for j in range(i + 1, d + 1):
                if raised[i] - base[i] < raised[j] - base[j]:
                    rank[i] += 1
                else:
                    rank[j] += 1
        for i in range(d + 1):                      # back onto the plane
            rank[i] += excess
            if rank[i] < 0:
                rank[i] += d + 1
                base[i] += d + 1
            elif rank[i] > d:
                rank[i] -= d + 1
                base[i] -= d + 1
        for i in range(d + 1):
            part = (raised[i] - base[i]) / (d + 1)
            bary[d - rank[i]] += part
            bary[d + 1 - rank[i]] -= part
        bary[0] += 1 + bary[d + 1]
        for k in range(d + 1):
            weights[n, k] = bary[k]
            for i in range(d):
                keys[n, k, i] = base[i] + (k if rank[i] <= d - k else k - (d + 1))


@njit(cache=True, nogil=True)
def _find(key, keys, table):  # type: ignore[no-untyped-def]
    """The slot of `table` that holds `key`, or the empty one where it belongs."""
    mask = len(table) - 1
    code = np.uint64(0)
    for i in range(len(key)):
        code = (code + np.uint64(np.int64(key[i]) + 1000003)) * np.uint64(0x9E3779B97F4A7C15)
        code ^= code >> np.uint64(29)
    slot = np.int64(code & np.uint64(mask))
    while table[slot] >= 0:
        same = True
        other = table[slot]
        for i in range(len(key)):
            if keys[other, i] != key[i]:
                same = False
                break
        if same:
            break
        slot = (slot + 1) & mask
    return slot


@njit(cache=True, nogil=True)
def _index(keys):  # type: ignore[no-untyped-def]
    """Numbers int32 (N, d + 1) of equal keys, the different keys (M, d), and the hash table that finds them."""
    count, corners, d = keys.shape
    size = 1024
    while size < 2 * count * corners:
        size *= 2
    table = np.full(size, -1, np.int32)
    found = np.empty((count * corners, d), np.int32)
    numbers = np.empty((count, corners), np.int32)
    used = 0
    for n in range(count):
        for k in range(corners):
            slot = _find(keys[n, k], found, table)
            if table[slot] < 0:
                table[slot] = used
                for i in range(d):
                    found[used, i] = keys[n, k, i]
                used += 1
            numbers[n, k] = table[slot]
    return numbers, found[:used].copy(), table


@njit(cache=True, nogil=True)
def _by_corner(corners, weights, size):  # type: ignore[no-untyped-def]
    """(starts, points, shares): for every corner the points around it and their weights (counting sort)."""
    count, each = corners.shape
    starts = np.zeros(size + 1, np.int32)
    for n in range(count):
        for k in range(each):
            starts[corners[n, k] + 1] += 1
    for m in range(size):
        starts[m + 1] += starts[m]
    place = starts[:-1].copy()
    points = np.empty(count * each, np.int32)
    shares = np.empty(count * each, np.float32)
    for n in range(count):
        for k in range(each):
            at = place[corners[n, k]]
            points[at], shares[at] = n, weights[n, k]
            place[corners[n, k]] = at + 1
    return starts, points, shares


@njit(cache=True, nogil=True)
def _neighbours(first, last, keys, table, out):  # type: ignore[no-untyped-def]
    """Who comes after each corner along each direction, and so who comes before."""
    d = keys.shape[1]
    key = np.empty(d, np.int32)
    for j in range(d + 1):
        for n in range(first, last):
            for i in range(d):
                key[i] = keys[n, i] + 1
            if j < d:
                key[j] = keys[n, j] - d
            other = table[_find(key, keys, table)]
            if other >= 0:
                out[j, n, 0] = other
                out[j, other, 1] = n


@njit(cache=True, nogil=True, fastmath=True)
def _splat(first, last, starts, points, shares, values, out):  # type: ignore[no-untyped-def]
    for m in range(first, last):
        begin, end = np.uint64(starts[m]), np.uint64(starts[m + 1])
        row = out[m]
        row[:] = 0
        for k in range(begin, end):
            share, source = shares[k], values[np.uint64(points[k])]
            for block in range(values.shape[1]):
                for c in range(LANES):
                    row[block, c] += share * source[block, c]


@njit(cache=True, nogil=True, fastmath=True)
def _blur(first, last, pairs, a, b):  # type: ignore[no-untyped-def]
    half = np.float32(0.5)
    for m in range(first, last):
        here, before, after, row = a[m], a[np.uint64(pairs[m, 0])], a[np.uint64(pairs[m, 1])], b[m]
        for block in range(a.shape[1]):
            for c in range(LANES):
                row[block, c] = here[block, c] + half * (before[block, c] + after[block, c])


@njit(cache=True, nogil=True, fastmath=True)
def _slice(first, last, corners, weights, a, scale, out):  # type: ignore[no-untyped-def]
    for n in range(first, last):
        row = out[n]
        for k in range(corners.shape[1]):
            weight, source = weights[n, k] * scale[n], a[np.uint64(corners[n, k])]
            for block in range(out.shape[1]):
                for c in range(LANES):
                    row[block, c] += weight * source[block, c]


@njit(cache=True, nogil=True, fastmath=True)
def below_maximum(first, last, values):  # type: ignore[no-untyped-def]
    """Subtract from each row its largest value, in place."""
    for n in range(first, last):
        row = values[n].ravel()
        row -= row.max()


@njit(cache=True, nogil=True, fastmath=True)
def normalise(first, last, values):  # type: ignore[no-untyped-def]
    """Divide each row by its sum, in place."""
    for n in range(first, last):
        row = values[n].ravel()
        row *= np.float32(1) / row.sum()
