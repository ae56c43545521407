"""Colour models of object and background, learnt from and turned into tables over 32 × 32 × 32 colours.

A pixel's term is then one look-up, and learning costs the number of different colours rather than of pixels.
"""
from __future__ import annotations

import numpy as np
from numba import float32, float64, int64, njit, types, uint8, uint16
from numpy.typing import NDArray

BINS = 32768
PIXELS = types.Array(uint8, 3, "C", readonly=True)
SPREAD = 8.0 ** 2 / 12
"""Variance of a colour inside its bin."""


@njit
def bin_of(pixels, y, x):  # type: ignore[no-untyped-def]
    """The number, 0..32767, of a pixel's colour."""
    return np.int64(pixels[y, x, 0] >> 3) << 10 | np.int64(pixels[y, x, 1] >> 3) << 5 | np.int64(pixels[y, x, 2] >> 3)


@njit([uint16[:, ::1](PIXELS)], nogil=True, cache=True)
def colour_bins(pixels):  # type: ignore[no-untyped-def]
    """uint16 (H, W) bin of each pixel of a contiguous uint8 (H, W, 3) image: five bits of each channel."""
    out = np.empty(pixels.shape[:2], np.uint16)
    for y in range(pixels.shape[0]):
        for x in range(pixels.shape[1]):
            out[y, x] = bin_of(pixels, y, x)
    return out


@njit([float64[:, ::1](uint16[:, ::1], uint8[:, ::1], float32[:, ::1])], nogil=True, cache=True)
def count_colours(bins, side, weight):  # type: ignore[no-untyped-def]
    """float64 (2, 32768) summed `weight` of the pixels of each colour on side 0 and 1; other values of `side` are left out."""
    out = np.zeros((2, BINS))
    for y in range(bins.shape[0]):
        for x in range(bins.shape[1]):
            if side[y, x] < 2:
                out[side[y, x], bins[y, x]] += weight[y, x]
    return out


@njit
def _colour(index, channel):  # type: ignore[no-untyped-def]
    return 8.0 * (index >> (10 - 5 * channel) & 31) + 4


@njit
def _inverse(c, out):  # type: ignore[no-untyped-def]
    """Write the inverse of a symmetric 3 × 3 matrix (xx, xy, xz, yy, yz, zz) and return the determinant."""
    out[0] = c[3] * c[5] - c[4] * c[4]
    out[1] = c[2] * c[4] - c[1] * c[5]
    out[2] = c[1] * c[4] - c[2] * c[3]
    out[3] = c[0] * c[5] - c[2] * c[2]
    out[4] = c[1] * c[2] - c[0] * c[4]
    out[5] = c[0] * c[3] - c[1] * c[1]
    det = c[0] * out[0] + c[1] * out[1] + c[2] * out[2]
    out[:] /= det
    return det


@njit
def _cost(model, k, r, g, b):  # type: ignore[no-untyped-def]
    """-log of weight times density of component k, up to 1.5 log 2π. Rows of `model`: constant, mean (3), inverse (6)."""
    m = model[k]
    x, y, z = r - m[1], g - m[2], b - m[3]
    square = x * (m[4] * x + 2 * (m[5] * y + m[6] * z)) + y * (m[7] * y + 2 * m[8] * z) + m[9] * z * z
    return m[0] + .5 * square


@njit
def _start(index, weight, parts):  # type: ignore[no-untyped-def]
    """k-means++ made repeatable: each new centre is the colour with the most weight times squared distance so far."""
    n = index.size
    owner = np.zeros(n, np.int64)
    nearest = np.full(n, 1e30)
    chosen = np.argmax(weight)
    for k in range(parts):
        for i in range(n):
            away = 0.0
            for c in range(3):
                away += (_colour(index[i], c) - _colour(index[chosen], c)) ** 2
            if away < nearest[i]:
                nearest[i] = away
                owner[i] = k
        chosen = np.argmax(np.sqrt(weight) * nearest)
    return owner


@njit
def _learn(index, weight, owner, parts, variance):  # type: ignore[no-untyped-def]
    """Components (parts, 10) from the colours that belong to each; empty ones cost infinitely much."""
    model = np.zeros((parts, 10))
    total = np.zeros(parts)
    cov = np.zeros((parts, 6))
    for i in range(index.size):
        k = owner[i]
        total[k] += weight[i]
        for c in range(3):
            model[k, 1 + c] += weight[i] * _colour(index[i], c)
    for k in range(parts):
        model[k, 1:4] /= max(total[k], 1e-9)
    for i in range(index.size):
        k = owner[i]
        x, y, z = (_colour(index[i], 0) - model[k, 1], _colour(index[i], 1) - model[k, 2], _colour(index[i], 2) - model[k, 3])
        for j, term in enumerate((x * x, x * y, x * z, y * y, y * z, z * z)):
            cov[k, j] += weight[i] * term
    for k in range(parts):
        cov[k] /= max(total[k], 1e-9)
        for j in (0, 3, 5):
            cov[k, j] += variance
        det = _inverse(cov[k], model[k, 4:])
        share = total[k] / max(total.sum(), 1e-9)
        model[k, 0] = .5 * np.log(det) - np.log(share) if total[k] > 0 else 1e30
    return model


@njit
def _assign(index, model, owner):  # type: ignore[no-untyped-def]
    for i in range(index.size):
        r, g, b = _colour(index[i], 0), _colour(index[i], 1), _colour(index[i], 2)
        least = 1e31
        for k in range(model.shape[0]):
            cost = _cost(model, k, r, g, b)
            if cost < least:
                least = cost
                owner[i] = k


@njit([float64[:, ::1](float64[::1], float64[:, ::1], int64, int64, float64)], nogil=True, cache=True)
def fit_mixture(counts, model, parts, rounds, variance):  # type: ignore[no-untyped-def]
    """Full-covariance Gaussian mixture by hard assignment (GrabCut, Rother et al. 2004) of colour counts float64 (32768,).

    `model` float64 (parts, 10) of an earlier fit is improved; an empty one (0, 10) means to start afresh. `variance` is
    added to every diagonal. Returns the mixture; without any counts all components cost infinitely much.
    """
    index = np.nonzero(counts)[0]
    weight = counts[index]
    if index.size == 0:
        return _learn(index, weight, np.zeros(0, np.int64), parts, variance)
    if model.shape[0] == 0:
        owner = _start(index, weight, parts)
    else:
        owner = np.zeros(index.size, np.int64)
        _assign(index, model, owner)
    for _ in range(rounds):
        model = _learn(index, weight, owner, parts, variance)
        _assign(index, model, owner)
    return _learn(index, weight, owner, parts, variance)


@njit([float32[::1](float64[:, ::1])], nogil=True, cache=True)
def mixture_table(model):  # type: ignore[no-untyped-def]
    """float32 (32768,): -log of the density of every colour under its best component, at most 1e4."""
    out = np.empty(BINS, np.float32)
    for i in range(BINS):
        r, g, b = _colour(i, 0), _colour(i, 1), _colour(i, 2)
        least = 1e4
        for k in range(model.shape[0]):
            least = min(least, _cost(model, k, r, g, b))
        out[i] = least
    return out


@njit([float32[:, ::1](uint16[:, ::1], float32[::1], int64)], nogil=True, cache=True)
def mean_terms(bins, table, shift):  # type: ignore[no-untyped-def]
    """float32 means of `table[bins]` over blocks of 2 ** shift pixels, cut at the image's edge."""
    height, width = bins.shape
    cell = 1 << shift
    out = np.zeros(((height + cell - 1) >> shift, (width + cell - 1) >> shift), np.float32)
    for y in range(height):
        for x in range(width):
            out[y >> shift, x >> shift] += table[bins[y, x]]
    for v in range(out.shape[0]):
        for u in range(out.shape[1]):
            out[v, u] /= (min((v + 1) << shift, height) - (v << shift)) * (min((u + 1) << shift, width) - (u << shift))
    return out


def histogram_table(counts: NDArray[np.float64], blur: float = 1.0, floor: float = 1e-3) -> NDArray[np.float32]:
    """float32 (32768,): -log of a smoothed histogram; `blur` is the Gaussian's σ in bins, `floor` the share spread evenly."""
    cube = counts.reshape(32, 32, 32).astype(np.float64)
    reach = np.arange(-3, 4)
    kernel = np.exp(-.5 * (reach / max(blur, 1e-3)) ** 2)
    kernel /= kernel.sum()
    for axis in range(3):
        padded = np.pad(cube, [(3, 3) if a == axis else (0, 0) for a in range(3)], mode="edge")
        cube = sum(k * np.take(padded, np.arange(32) + i, axis=axis) for i, k in enumerate(kernel))
    total = cube.sum()
    share = cube.reshape(-1) / total if total > 0 else np.full(BINS, 1 / BINS)
    return (-np.log((1 - floor) * share + floor / BINS)).astype(np.float32)


