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

    `corners`, `weights` (N, d + 1): where each point is splatted. `starts` (M + 1,), `points`, `shares` (N · (d + 1),): the
    same by corner. `chains` per direction: corners in rows of neighbours, one row after the other, and where each row starts.
    """

    corners: Ints
    weights: Floats
    starts: Ints
    points: Ints
    shares: Floats
    chains: tuple[tuple[Ints, Ints], ...]

    def blurred(self, blocks: Floats, scratch: Floats | None = None) -> Floats:
        """Splat and blur float32 (N, B, 8) values; float32 (M, B, 8) at the corners, in `scratch` if that is given."""
        corners = self.scratch(blocks.shape[1]) if scratch is None else scratch
        in_parts(_splat, len(corners), self.starts, self.points, self.shares, blocks, corners)
        for order, starts in self.chains:
            in_parts(_blur, len(starts) - 1, order, starts, corners.reshape(len(corners), -1))
        return corners

    def scratch(self, blocks: int) -> Floats:
        """An array for `blurred`; keeping it saves the system the work of finding tens of megabytes each time."""
        return np.empty((len(self.starts) - 1, blocks, LANES), np.float32)

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
    codes, weights = np.empty((count, d + 1), np.uint64), np.empty((count, d + 1), np.float32)
    in_parts(_embed, count, features, _factors(d), codes, weights)
    corners, found, slots, numbers = _index(codes)
    after = np.full((d + 1, len(found)), -1, np.int32)
    in_parts(_neighbours, len(found), found, slots, numbers, _factors(d), after)
    starts, points, shares = _by_corner(corners, weights, len(found))
    return Lattice(corners, weights, starts, points, shares, tuple(_chains(row) for row in after))


def _factors(d: int) -> NDArray[np.uint64]:
    """Random odd factors, uint64 (d,): a corner's code is their sum, times its coordinates, modulo 2^64.

    Codes stand for corners: that two of a million are the same by accident has a chance of one in ten million. Since they
    are linear, a neighbour's code is the corner's plus a constant.
    """
    return np.random.default_rng(2010).integers(0, 1 << 63, d, np.uint64) * np.uint64(2) + np.uint64(1)


@njit(cache=True, nogil=True)
def _simplex(raised, base, rank):  # type: ignore[no-untyped-def]
    """The simplex around a point of the plane: `base` becomes its corner of remainder 0, `rank` the order of the others."""
    d = len(raised) - 1
    rank[:] = 0
    excess = 0
    for i in range(d + 1):                      # the nearest point of the lattice whose coordinates are all ≡ 0
        nearest = np.int32(np.floor(raised[i] / (d + 1) + np.float32(0.5)))
        base[i] = nearest * (d + 1)
        excess += int(nearest)
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


@njit(cache=True, nogil=True)
def _embed(first, last, features, factors, codes, weights):  # type: ignore[no-untyped-def]
    """Codes uint64 (N, d + 1) of the corners around each point, and barycentric weights float32 (N, d + 1)."""
    d = features.shape[1]
    scale = np.empty(d, np.float32)
    for i in range(d):
        scale[i] = np.sqrt(2.0 / 3.0) * (d + 1) / np.sqrt((i + 1.0) * (i + 2.0))
    raised = np.empty(d + 1, np.float32)
    base = np.empty(d + 1, np.int32)
    rank = np.empty(d + 1, np.int32)
    bary = np.empty(d + 2, np.float32)
    for n in range(first, last):
        bary[:] = 0
        total = np.float32(0)
        for j in range(d, 0, -1):                   # onto the plane where coordinates add up to zero
            c = features[n, j - 1] * scale[j - 1]
            raised[j] = total - j * c
            total += c
        raised[0] = total
        _simplex(raised, base, rank)
        for i in range(d + 1):
            part = (raised[i] - base[i]) / (d + 1)
            bary[d - rank[i]] += part
            bary[d + 1 - rank[i]] -= part
        bary[0] += 1 + bary[d + 1]
        for k in range(d + 1):
            weights[n, k] = bary[k]
            code = np.uint64(0)
            for i in range(d):
                code += factors[i] * np.uint64(np.int64(base[i] + (k if rank[i] <= d - k else k - (d + 1))))
            codes[n, k] = code


@njit(cache=True, nogil=True)
def _find(code, slots, numbers):  # type: ignore[no-untyped-def]
    """The slot of the hash table that holds `code`, or the empty one where it belongs."""
    mask = np.uint64(len(slots) - 1)
    mixed = (code ^ (code >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
    slot = (mixed >> np.uint64(32)) & mask
    while numbers[slot] >= 0 and slots[slot] != code:
        slot = (slot + np.uint64(1)) & mask
    return slot


@njit(cache=True, nogil=True)
def _index(codes):  # type: ignore[no-untyped-def]
    """Numbers int32 (N, d + 1) of equal codes, the different codes (M,), and the hash table that finds numbers by code."""
    count, each = codes.shape
    size = 1024
    while size < 2 * count * each:
        size *= 2
    slots, numbers = np.empty(size, np.uint64), np.full(size, -1, np.int32)
    found, corners = np.empty(count * each, np.uint64), np.empty((count, each), np.int32)
    used = 0
    for n in range(count):
        for k in range(each):
            slot = _find(codes[n, k], slots, numbers)
            if numbers[slot] < 0:
                slots[slot], numbers[slot] = codes[n, k], used
                found[used] = codes[n, k]
                used += 1
            corners[n, k] = numbers[slot]
    return corners, found[:used].copy(), slots, numbers


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
def _neighbours(first, last, found, slots, numbers, factors, after):  # type: ignore[no-untyped-def]
    """Who comes after each corner along each direction, -1 where nobody does."""
    d = len(factors)
    total = np.uint64(0)
    for i in range(d):
        total += factors[i]
    for j in range(d + 1):
        step = total
        if j < d:
            step -= factors[j] * np.uint64(d + 1)
        for n in range(first, last):
            after[j, n] = numbers[_find(found[n] + step, slots, numbers)]


@njit(cache=True, nogil=True)
def _chains(after):  # type: ignore[no-untyped-def]
    """(order, starts): the corners of all rows of two and more neighbours, one row after the other."""
    size = len(after)
    has_before = np.zeros(size, np.bool_)
    for m in range(size):
        if after[m] >= 0:
            has_before[after[m]] = True
    order, starts = np.empty(size, np.int32), np.empty(size + 1, np.int32)
    count = rows = 0
    for m in range(size):
        if after[m] >= 0 and not has_before[m]:
            starts[rows] = count
            rows += 1
            k = m
            while k >= 0:
                order[count] = k
                count += 1
                k = after[k]
    starts[rows] = count
    return order[:count].copy(), starts[:rows + 1].copy()


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
def _blur(first, last, order, starts, corners):  # type: ignore[no-untyped-def]
    """Each corner plus half of both neighbours, in place: walking along a row every value is read and written once."""
    half = np.float32(0.5)
    channels = corners.shape[1]
    before = np.empty(channels, np.float32)
    for chain in range(first, last):
        before[:] = 0
        end = starts[chain + 1] - 1
        for k in range(starts[chain], end):
            row, after = corners[np.uint64(order[k])], corners[np.uint64(order[k + 1])]
            for c in range(channels):
                old = row[c]
                row[c] = old + half * (before[c] + after[c])
                before[c] = old
        row = corners[np.uint64(order[end])]
        for c in range(channels):
            row[c] += half * before[c]


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
    """Subtract from each row of (N, C) its largest value, in place."""
    for n in range(first, last):
        top = values[n, 0]
        for c in range(values.shape[1]):
            top = max(top, values[n, c])
        for c in range(values.shape[1]):
            values[n, c] -= top


@njit(cache=True, nogil=True, fastmath=True)
def normalise(first, last, values):  # type: ignore[no-untyped-def]
    """Divide each row of (N, C) by its sum, in place."""
    for n in range(first, last):
        total = np.float32(0)
        for c in range(values.shape[1]):
            total += values[n, c]
        total = np.float32(1) / total
        for c in range(values.shape[1]):
            values[n, c] *= total
