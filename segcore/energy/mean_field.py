"""Mean-field inference in fully connected CRFs with Gaussian edges (Krähenbühl and Koltun 2011), without other people's code.

Beliefs sum to one, so one class is left out everywhere: what it hears follows from what the others hear. With two classes that
is half of the work.
"""
from __future__ import annotations

from collections.abc import Callable, Generator

import cv2
import numpy as np
from numba import float32, int64, njit, void
from numpy.typing import NDArray

from segcore.energy import lattice
from segcore.energy.lattice import FLOATS, INTS

Floats = NDArray[np.float32]

SMALLEST = 1e-8
CERTAIN = 1e6
HOPELESS = 0.01
"""Classes that are nowhere more probable than this keep out of the inference: they cannot win, and cost as much as others."""
WIDE = 6.0
"""Wider smoothness kernels are computed on a smaller copy."""
MOST_CHANNELS = 64
"""OpenCV takes no image with many more."""


class Kernels:
    """The colour and the smoothness kernel of an image, uint8 (H, W, 3), normalised symmetrically: N^-1/2 K N^-1/2.

    `colour`, `near` (N, 1): what values are multiplied with on their way into and out of each kernel, zero for a kernel without
    weight. `total` (N, 1): what a pixel hears when everybody is certain.
    """

    def __init__(self, image: NDArray[np.uint8], *, w1: float, sigma_alpha: float, sigma_beta: float, w2: float,
                 sigma_gamma: float) -> None:
        self.shape, self.sigma_gamma = image.shape[:2], sigma_gamma
        y, x = np.mgrid[:image.shape[0], :image.shape[1]].reshape(2, -1)
        features = np.empty((len(x), 5), np.float32)
        features[:, 0], features[:, 1] = x / sigma_alpha, y / sigma_alpha
        np.divide(image.reshape(-1, 3), sigma_beta, out=features[:, 2:], casting="unsafe")
        self.lattice = lattice.build(features) if w1 > 0 else None
        ones = np.ones((len(x), 1), np.float32)
        self.colour, self.near, self.total = np.zeros_like(ones), np.zeros_like(ones), np.zeros_like(ones)
        if self.lattice is not None:
            # The root of the weight on the way in and on the way out makes the weight.
            self.colour = np.sqrt(np.float32(w1) / self.lattice.filter(ones))
            self.total += self.colour * self.lattice.filter(self.colour)
        if w2 > 0:
            self.near = np.sqrt(np.float32(w2) / self.smooth(ones))
            self.total += self.near * self.smooth(self.near)

    def smooth(self, values: Floats, out: Floats | None = None) -> Floats:
        """float32 (N, K) values under the Gaussian of the smoothness kernel, perhaps in `out`; beyond the image is nothing."""
        if values.shape[1] > MOST_CHANNELS:
            parts = range(0, values.shape[1], MOST_CHANNELS)
            return np.hstack([self.smooth(np.ascontiguousarray(values[:, k:k + MOST_CHANNELS])) for k in parts])
        height, width = self.shape
        planes = values.reshape(height, width, -1)
        shrink = max(1.0, self.sigma_gamma / WIDE)
        if shrink > 1:
            size = max(1, round(width / shrink)), max(1, round(height / shrink))
            planes = cv2.resize(planes, size, interpolation=cv2.INTER_AREA)
        sigma = self.sigma_gamma / shrink
        side = 2 * int(np.ceil(3 * sigma)) + 1
        target = out.reshape(planes.shape) if out is not None and shrink == 1 else None
        planes = cv2.GaussianBlur(planes, (side, side), sigma, dst=target, borderType=cv2.BORDER_CONSTANT)
        if shrink > 1:
            planes = cv2.resize(planes, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(planes, np.float32).reshape(values.shape)


def iterate(image: NDArray[np.uint8], prob: Floats, *, iterations: int, w1: float, sigma_alpha: float, sigma_beta: float,
            w2: float, sigma_gamma: float, fixed: NDArray[np.integer] | None = None,
            compatibility: Floats | None = None) -> Generator[Callable[[], Floats]]:
    """Yield, before the first and after each iteration, a function that gives the belief, float32 (C, H, W).

    `prob` float32 (C, H, W) gives the unary energies -log(prob); a pixel's belief becomes proportional to
    prob · exp(-Σ μ · messages), equation 4 and algorithm 1 of the paper. `compatibility` μ (C, C): the penalty of class i
    beside class j; None is Potts, 1 for i ≠ j. `fixed` int (H, W): the class of pixels that keep it, -1 elsewhere.
    """
    classes, height, width = prob.shape
    live = np.flatnonzero(prob.reshape(classes, -1).max(axis=1) > min(HOPELESS, 0.5 / classes))
    if compatibility is not None or len(live) == 1:
        live = np.arange(classes)
    unary = log_odds(prob, live, fixed)
    relation = np.zeros((0, 1), np.float32)
    if compatibility is not None or len(live) == 2:
        penalty = 1 - np.eye(len(live)) if compatibility is None else np.asarray(compatibility, np.float64)
        relation = np.ascontiguousarray(penalty[-1] - penalty[:-1], np.float32)

    def whole() -> Floats:
        result = np.zeros(prob.shape, np.float32)
        planes = result.reshape(classes, -1)
        planes[live[:-1]] = belief.T
        planes[live[-1]] = np.maximum(1 - belief.sum(axis=1), 0)
        return result

    belief, zero = np.empty_like(unary), np.zeros((len(unary), 1), np.float32)
    _believe_all(None, zero, unary, unary, zero, zero, unary, relation, belief)
    yield whole
    kernels = Kernels(image, w1=w1, sigma_alpha=sigma_alpha, sigma_beta=sigma_beta, w2=w2, sigma_gamma=sigma_gamma)
    heard = np.empty((kernels.lattice.size, belief.shape[1]), np.float32) if kernels.lattice is not None else unary
    # Kept: to be given tens of megabytes anew costs as much as to fill them.
    scaled, smooth = (np.empty_like(belief), np.empty_like(belief)) if w2 > 0 else (unary, unary)
    for _ in range(iterations):
        if kernels.lattice is not None:
            kernels.lattice.blurred(belief, kernels.colour, heard)
        if w2 > 0:
            smooth = kernels.smooth(np.multiply(belief, kernels.near, out=scaled), smooth)
        _believe_all(kernels.lattice, kernels.colour, heard, smooth, kernels.near, kernels.total, unary, relation, belief)
        yield whole


def infer(image: NDArray[np.uint8], prob: Floats, **options: object) -> Floats:
    """The belief, float32 (C, H, W), after the last iteration; see `iterate`."""
    for whole in iterate(image, prob, **options):  # type: ignore[arg-type]  # noqa: B007
        pass
    return whole()


def log_odds(prob: Floats, live: NDArray[np.intp], fixed: NDArray[np.integer] | None) -> Floats:
    """float32 (N, K): log-probabilities of all `live` classes but the last, relative to the last."""
    flat = prob.reshape(len(prob), -1)
    last = np.log(np.maximum(flat[live[-1]], SMALLEST))
    unary = np.empty((flat.shape[1], len(live) - 1), np.float32)
    for column, index in enumerate(live[:-1]):
        np.subtract(np.log(np.maximum(flat[index], SMALLEST)), last, out=unary[:, column])
    if fixed is not None:
        known = fixed.reshape(-1)
        unary[known == live[-1]] = -CERTAIN
        for column, index in enumerate(live[:-1]):
            unary[known == index] = 0
            unary[known == index, column] = CERTAIN
    return unary


def _believe_all(nodes: lattice.Lattice | None, colour: Floats, heard: Floats, smooth: Floats, near: Floats, total: Floats,
                 unary: Floats, relation: Floats, belief: Floats) -> None:
    """New beliefs from what is heard at the corners of the colour kernel's lattice and from the smoothness kernel's answer."""
    corners, weights, gain = (nodes.corners, nodes.weights, nodes.gain) if nodes is not None else _NOWHERE
    kernel = _believe if belief.shape[1] > 1 else _believe_two
    lattice.in_parts(kernel, len(belief), corners, weights, gain, colour, heard, smooth, near, total, unary, relation, belief)


_NOWHERE = np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float32), np.float32(1)
_KERNEL = void(int64, int64, INTS, FLOATS, float32, FLOATS, FLOATS, FLOATS, FLOATS, FLOATS, FLOATS, FLOATS, float32[:, ::1])


@njit([float32(float32)], nogil=True, cache=True, fastmath=True, inline="always")
def _exp(x):  # type: ignore[no-untyped-def]
    """exp(x) for x ≤ 0, to a millionth, by exponent bits and a polynomial: unlike exp, many are computed at once."""
    x = max(x, np.float32(-87)) * np.float32(1.4426950408889634)
    whole = np.floor(x)
    part = x - whole
    p = np.float32(0.0018775767) * part + np.float32(0.0089893397)
    for factor in (0.055826318, 0.24015361, 0.69315308, 0.99999994):
        p = p * part + np.float32(factor)
    return p * np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)


@njit([_KERNEL], nogil=True, cache=True, fastmath=True)
def _believe(first, last, corners, weights, gain, colour, heard, smooth, near, total, unary,  # type: ignore[no-untyped-def]
             relation, belief):
    """New beliefs of pixels first..last from what the colour kernel gives at the lattice's corners and from `smooth`."""
    count = belief.shape[1]
    voices = np.empty(count, np.float32)
    for n in range(first, last):
        row = belief[n]
        if corners.shape[1]:                        # the six corners of five dimensions, in one loop
            i, w, g = corners[n], weights[n], gain * colour[n, 0]
            h0, h1, h2 = heard[np.uint64(i[0])], heard[np.uint64(i[1])], heard[np.uint64(i[2])]
            h3, h4, h5 = heard[np.uint64(i[3])], heard[np.uint64(i[4])], heard[np.uint64(i[5])]
            w0, w1, w2, w3, w4, w5 = g * w[0], g * w[1], g * w[2], g * w[3], g * w[4], g * w[5]
            for c in range(count):
                row[c] = w0 * h0[c] + w1 * h1[c] + w2 * h2[c] + w3 * h3[c] + w4 * h4[c] + w5 * h5[c]
        else:
            row[:] = 0
        others, share = total[n, 0], near[n, 0]
        for c in range(count):
            voice = row[c] + share * smooth[n, c]
            voices[c] = voice
            others -= voice
        if len(relation):
            for c in range(count):
                energy = unary[n, c] + relation[c, count] * others
                for other in range(count):
                    energy += relation[c, other] * voices[other]
                row[c] = energy
        else:
            for c in range(count):
                row[c] = unary[n, c] + voices[c] - others
        top = np.float32(0)
        for c in range(count):
            top = max(top, row[c])
        mass = np.float32(0)
        for c in range(count):
            value = _exp(row[c] - top)
            row[c] = value
            mass += value
        share = np.float32(1) / (mass + _exp(-top))
        for c in range(count):
            row[c] *= share


@njit([_KERNEL], nogil=True, cache=True, fastmath=True)
def _believe_two(first, last, corners, weights, gain, colour, heard, smooth, near, total, unary,  # type: ignore[no-untyped-def]
                 relation, belief):
    """`_believe` for two classes, of which one is kept: nothing but single numbers."""
    own, other = relation[0, 0], relation[0, 1]
    for n in range(first, last):
        voice = np.float32(0)
        for k in range(corners.shape[1]):
            voice += weights[n, k] * heard[np.uint64(corners[n, k]), 0]
        voice = voice * gain * colour[n, 0] + near[n, 0] * smooth[n, 0]
        energy = unary[n, 0] + own * voice + other * (total[n, 0] - voice)
        small = _exp(-abs(energy))
        belief[n, 0] = (np.float32(1) if energy > 0 else small) / (np.float32(1) + small)
