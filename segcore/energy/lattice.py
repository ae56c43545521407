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
from numba import float32, int32, int64, njit, types, uint64, void
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
FLOATS = types.Array(float32, 2, "C", readonly=True)
INTS = types.Array(int32, 2, "C", readonly=True)
FACTORS = np.random.default_rng(2010).integers(1, 2**63, 64, dtype=np.uint64) * 2 + 1
"""Odd numbers; a corner's code is the sum of its coordinates times these, modulo 2**64, so that a step adds a constant."""
TAG = np.uint64(0xFFFFFFFF00000000)


@dataclass(frozen=True, slots=True)
class Lattice:
    """The lattice of N points with M corners in d dimensions; `filter` sums over points, weighted by about exp(-|Δf|² / 2).

    `corners`, `weights` (N, d + 1): where each point is splatted. `chains`: for each direction the corners that follow each
    other, the last of a chain as ~corner; corners without neighbour are left out. `size` is M.
    """

    corners: Ints
    weights: Floats
    chains: tuple[Ints, ...]
    size: int

    @property
    def gain(self) -> np.float32:
        """What read values must be multiplied with: the blur of a delta gives 1 + 2^-d times too much."""
        return np.float32(1 / (1 + 2.0 ** (1 - self.corners.shape[1])))

    def blurred(self, values: Floats, scale: Floats, out: Floats) -> None:
        """Splat float32 (N, C) values, times scale (N, 1), and blur them; float32 (M, C) at the corners in `out`."""
        # Threads share the channels, not the points: two points may touch the same corner.
        in_parts(_splat, values.shape[1], self.corners, self.weights, values, scale, out, least=8)
        for chain in self.chains:
            in_parts(_blur, len(chain), chain, out)

    def filter(self, values: Floats) -> Floats:
        """Filter float32 (N, C) values; float32 (N, C)."""
        values = np.ascontiguousarray(values, np.float32)
        at_corners, out = np.empty((self.size, values.shape[1]), np.float32), np.empty_like(values)
        self.blurred(values, np.ones((len(values), 1), np.float32), at_corners)
        in_parts(_slice, len(out), self.corners, self.weights, at_corners, self.gain, out)
        return out


def in_parts(kernel: Callable[..., None], count: int, *arguments: object, least: int = 4096) -> None:
    """Run `kernel(first, last, …)` on all of 0..count, at least `least` in each thread; kernels release the interpreter."""
    threads = max(1, min(_THREADS, count // least))
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
    """The lattice of float32 (N, d) features, d ≤ 63, scaled so that the filter's standard deviation is 1 in each."""
    features = np.ascontiguousarray(features, np.float32)
    d = features.shape[1]
    factors = FACTORS[:d + 1].copy()
    factors[d] = 0                              # the last coordinate follows from the others: they add up to zero
    codes, weights = np.empty((len(features), d + 1), np.uint64), np.empty((len(features), d + 1), np.float32)
    in_parts(_embed, len(features), features, factors, codes, weights)
    corners, found, table = _number(codes)
    steps = [int(factors.sum(dtype=np.uint64)) - (d + 1) * int(f) for f in factors]
    after = np.full((d + 1, len(found)), -1, np.int32)
    in_parts(_find_next, len(found), found, table, np.array([s % 2**64 for s in steps], np.uint64), after)
    return Lattice(corners, weights, tuple(_chain(row) for row in after), len(found))


@njit([void(int64, int64, FLOATS, uint64[::1], uint64[:, ::1], float32[:, ::1])], nogil=True, cache=True)
def _embed(first, last, features, factors, codes, weights):  # type: ignore[no-untyped-def]
    """Codes of the corners around each point, and its barycentric weights; section 3.1 of the paper."""
    d = features.shape[1]
    scale = np.empty(d, np.float32)
    for i in range(d):
        scale[i] = np.sqrt(2.0 / 3.0) / np.sqrt((i + 1.0) * (i + 2.0))
    rest, base = np.empty(d + 1, np.float32), np.empty(d + 1, np.int64)
    rank, at = np.empty(d + 1, np.int64), np.empty(d + 1, np.int64)
    every = factors.sum()
    for n in range(first, last):
        total = np.float32(0)
        for j in range(d, 0, -1):                   # onto the plane where coordinates add up to zero, in units of d + 1
            c = features[n, j - 1] * scale[j - 1]
            rest[j] = total - j * c
            total += c
        rest[0] = total
        excess = 0
        for i in range(d + 1):                      # the nearest point of the lattice with coordinates that are all ≡ 0
            base[i] = np.int64(np.floor(rest[i] + np.float32(0.5)))
            rest[i] -= np.float32(base[i])
            excess += base[i]
            rank[i] = 0
        for i in range(d):                          # the order of the remainders says which simplex it is
            for j in range(i + 1, d + 1):
                less = np.int64(rest[i] < rest[j])
                rank[i] += less
                rank[j] += 1 - less
        code = np.uint64(0)
        for i in range(d + 1):                      # back onto the plane
            rank[i] += excess
            turn = np.int64(rank[i] < 0) - np.int64(rank[i] > d)
            rank[i] += turn * (d + 1)
            base[i] += turn
            rest[i] -= np.float32(turn)
            at[rank[i]] = i
            code += np.uint64(base[i] * (d + 1)) * factors[i]
        codes[n, 0], weights[n, 0] = code, 1 + rest[at[d]] - rest[at[0]]
        for k in range(1, d + 1):                   # every next corner is a step from the one before
            i = at[d + 1 - k]
            code += every - factors[i] * np.uint64(d + 1)
            codes[n, k], weights[n, k] = code, rest[at[d - k]] - rest[i]


@njit([int64(uint64, uint64[::1], uint64)], nogil=True, cache=True)
def _slot(code, table, shift):  # type: ignore[no-untyped-def]
    """Where in the hash table a code is, or the free place where it belongs; a place holds 32 bits of code and number + 1."""
    mask = np.uint64(len(table) - 1)
    slot = code >> shift
    while table[slot] != 0 and (table[slot] ^ code << np.uint64(32)) & TAG != 0:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@njit([types.Tuple((int32[:, ::1], uint64[::1], uint64[::1]))(uint64[:, ::1])], nogil=True, cache=True)
def _number(codes):  # type: ignore[no-untyped-def]
    """Numbers int32 (N, d + 1) of equal codes in the order they appear, the different codes, and the table that finds them."""
    count, each = codes.shape
    numbers, found = np.empty((count, each), np.int32), np.empty(count * each, np.uint64)
    bits, used = 12, 0
    table = np.zeros(1 << bits, np.uint64)
    for n in range(count):
        for k in range(each):
            code = codes[n, k]
            slot = _slot(code, table, np.uint64(64 - bits))
            if table[slot] == 0:
                found[used] = code
                used += 1
                table[slot] = code << np.uint64(32) | np.uint64(used)
            numbers[n, k] = np.int32(table[slot] & ~TAG) - 1
        if 2 * (used + each) > len(table):
            bits += 2
            table = np.zeros(1 << bits, np.uint64)
            for m in range(used):
                table[_slot(found[m], table, np.uint64(64 - bits))] = found[m] << np.uint64(32) | np.uint64(m + 1)
    return numbers, found[:used].copy(), table


@njit([void(int64, int64, uint64[::1], uint64[::1], uint64[::1], int32[:, ::1])], nogil=True, cache=True)
def _find_next(first, last, found, table, steps, after):  # type: ignore[no-untyped-def]
    """The number of the corner one step on from each corner, in each direction; -1 stays where there is none."""
    shift = np.uint64(64)
    while np.uint64(1) << (np.uint64(64) - shift) < np.uint64(len(table)):
        shift -= np.uint64(1)
    for j in range(len(steps)):
        for m in range(first, last):
            entry = table[_slot(found[m] + steps[j], table, shift)]
            after[j, m] = np.int32(entry & ~TAG) - 1


@njit([int32[::1](int32[::1])], nogil=True, cache=True)
def _chain(after):  # type: ignore[no-untyped-def]
    """The corners of one direction, chain after chain, as `Lattice` describes."""
    led = np.zeros(len(after), np.bool_)
    for m in range(len(after)):
        if after[m] >= 0:
            led[after[m]] = True
    out = np.empty(len(after), np.int32)
    length = 0
    for m in range(len(after)):
        k = np.int32(m)
        if led[m] or after[k] < 0:
            continue
        while after[k] >= 0:
            out[length] = k
            length += 1
            k = after[k]
        out[length] = ~k
        length += 1
    return out[:length].copy()


@njit([void(int64, int64, INTS, FLOATS, FLOATS, FLOATS, float32[:, ::1])], nogil=True, cache=True, fastmath=True)
def _splat(first, last, corners, weights, values, scale, out):  # type: ignore[no-untyped-def]
    """Add each point's values, channels first..last, to its corners, two at a time."""
    each = corners.shape[1]
    out[:, first:last] = 0
    for n in range(len(corners)):
        source, factor = values[n], scale[n, 0]
        for k in range(0, each - 1, 2):
            row, other = out[np.uint64(corners[n, k])], out[np.uint64(corners[n, k + 1])]
            x, y = weights[n, k] * factor, weights[n, k + 1] * factor
            for c in range(first, last):
                value = source[c]
                row[c] += x * value
                other[c] += y * value
        if each % 2:
            row, x = out[np.uint64(corners[n, each - 1])], weights[n, each - 1] * factor
            for c in range(first, last):
                row[c] += x * source[c]


@njit([void(int64, int64, types.Array(int32, 1, "C", readonly=True), float32[:, ::1])], nogil=True, cache=True, fastmath=True)
def _blur(first, last, chain, values):  # type: ignore[no-untyped-def]
    """Add to each corner half of each neighbour, in place, for the chains that begin in first..last."""
    half = np.float32(0.5)
    before = np.empty(values.shape[1], np.float32)
    while first > 0 and first < len(chain) and chain[first - 1] >= 0:
        first += 1
    while first < last:
        before[:] = 0
        while chain[first] >= 0:
            after = chain[first + 1]
            row, ahead = values[np.uint64(chain[first])], values[np.uint64(after if after >= 0 else ~after)]
            for c in range(values.shape[1]):
                here = row[c]
                row[c] = here + half * (before[c] + ahead[c])
                before[c] = here
            first += 1
        row = values[np.uint64(~chain[first])]
        for c in range(values.shape[1]):
            row[c] += half * before[c]
        first += 1


@njit([void(int64, int64, INTS, FLOATS, FLOATS, float32, float32[:, ::1])], nogil=True, cache=True, fastmath=True)
def _slice(first, last, corners, weights, at_corners, gain, out):  # type: ignore[no-untyped-def]
    """Read the values back at the points."""
    for n in range(first, last):
        row = out[n]
        row[:] = 0
        for k in range(corners.shape[1]):
            source, weight = at_corners[np.uint64(corners[n, k])], weights[n, k] * gain
            for c in range(out.shape[1]):
                row[c] += weight * source[c]
