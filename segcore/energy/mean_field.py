"""Mean-field inference in fully connected CRFs with Gaussian edges (Krähenbühl and Koltun 2011)."""
from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np
from numpy.typing import NDArray

from segcore.energy import lattice

Floats = NDArray[np.float32]

SMALLEST = 1e-8
IMPOSSIBLE = -1e9
HOPELESS = 0.01
"""Classes that are nowhere more probable than this keep out of the inference: they cannot win, and cost as much as others."""


class Kernel:
    """One Gaussian kernel w · exp(-|Δf|² / 2) over all pairs of pixels, normalised symmetrically: N^-1/2 K N^-1/2."""

    def __init__(self, features: Floats, weight: float, blocks: int) -> None:
        self._lattice = lattice.build(features)
        total = self._lattice.filter(np.ones((len(features), 1), np.float32))[:, 0]
        self._norm = 1 / np.sqrt(total + np.float32(1e-20))
        self._weighted = self._norm * np.float32(weight)
        self._scratch = self._lattice.scratch(blocks)
        self._scaled = np.empty((len(features), blocks, lattice.LANES), np.float32)

    def add_messages(self, belief: Floats, energy: Floats) -> None:
        """Add what the other pixels say to `energy`, both float32 (N, B, 8)."""
        np.multiply(belief, self._norm[:, None, None], out=self._scaled)
        self._lattice.add_to(energy, self._lattice.blurred(self._scaled, self._scratch), self._weighted)


def kernels(image: NDArray[np.uint8], blocks: int, *, w1: float, sigma_alpha: float, sigma_beta: float, w2: float,
            sigma_gamma: float) -> list[Kernel]:
    """The colour and the smoothness kernel of an image, uint8 (H, W, 3); kernels without weight are left out."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].reshape(2, -1).astype(np.float32)
    place = np.column_stack((x, y))
    found = []
    if w1 > 0:
        color = image.reshape(-1, 3).astype(np.float32) / np.float32(sigma_beta)
        found.append(Kernel(np.hstack((place / np.float32(sigma_alpha), color)), w1, blocks))
    if w2 > 0:
        found.append(Kernel(place / np.float32(sigma_gamma), w2, blocks))
    return found


def iterate(image: NDArray[np.uint8], prob: Floats, *, iterations: int, w1: float, sigma_alpha: float, sigma_beta: float,
            w2: float, sigma_gamma: float) -> Generator[Callable[[], Floats]]:
    """Yield, before the first and after each iteration, a function that gives the belief, float32 (C, H, W).

    `prob` float32 (C, H, W) gives the unary energies -log(prob); a pixel's belief becomes proportional to
    prob · exp(Σ messages), equation 4 and algorithm 1 of the paper with Potts compatibility.
    """
    classes, height, width = prob.shape
    live = np.flatnonzero(prob.reshape(classes, -1).max(axis=1) > min(HOPELESS, 0.5 / classes))
    unary = lattice.to_blocks(np.log(np.maximum(prob[live].reshape(len(live), -1).T, SMALLEST), dtype=np.float32))
    unary.reshape(len(unary), -1)[:, len(live):] = IMPOSSIBLE
    belief = np.empty_like(unary)

    def whole() -> Floats:
        result = np.zeros(prob.shape, np.float32)
        result[live] = belief.reshape(len(belief), -1)[:, :len(live)].T.reshape(len(live), height, width)
        return result

    energy = unary.copy()
    _softmax(energy, belief)
    yield whole
    parts = kernels(image, unary.shape[1], w1=w1, sigma_alpha=sigma_alpha, sigma_beta=sigma_beta, w2=w2,
                    sigma_gamma=sigma_gamma)
    for _ in range(iterations):
        np.copyto(energy, unary)
        for kernel in parts:
            kernel.add_messages(belief, energy)
        _softmax(energy, belief)
        yield whole


def _softmax(energy: Floats, belief: Floats) -> None:
    """belief = exp(energy) / Σ exp(energy) along the last two axes; spoils `energy`."""
    lattice.in_parts(lattice.below_maximum, len(energy), energy.reshape(len(energy), -1))
    np.exp(energy, out=belief)
    lattice.in_parts(lattice.normalise, len(belief), belief.reshape(len(belief), -1))


def infer(image: NDArray[np.uint8], prob: Floats, **options: float) -> Floats:
    """The belief, float32 (C, H, W), after the last iteration; see `iterate`."""
    steps = iterate(image, prob, **options)  # type: ignore[arg-type]
    for whole in steps:  # noqa: B007
        pass
    return whole()
