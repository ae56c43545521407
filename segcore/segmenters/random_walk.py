"""The random walker (Grady, "Random Walks for Image Segmentation", 2006): where would a walk from each pixel end?

The probability of reaching an object stroke before a background stroke solves a Dirichlet problem on the pixel grid. It is
solved here from coarse to fine, each level by conjugate gradients that start from the level before.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.energy.evidence import BACKGROUND, OBJECT, as_rgb, box_slices, hard_seeds
from segcore.errors import PromptError
from segcore.params import param
from segcore.segmenters import SEGMENTERS, Segmenter, check_prompt
from segcore.types import Prediction, Prompt

WORKING_PIXELS = 250_000
"""The walk is solved on a copy of at most this size; the answer is brought back with bilinear weights."""
COARSEST = 24
Plane = NDArray[np.float32]


@SEGMENTERS.add
class RandomWalk(Segmenter):
    """Mark object and background with strokes; each pixel goes to the side that a random walk from it reaches first."""

    name = "random_walk"
    title = "Random walker"
    order = 70

    @dataclass
    class Params:
        """How strongly edges hold the walk back."""

        beta: float = param(90.0, min=1.0, max=1000.0, label="Edge strength", help="Higher: walks hardly ever cross an edge.")
        prior_weight: float = param(0.05, min=0.0, max=1.0, step=0.01, label="Prior weight",
                                    help="How much a network's or an earlier mask's opinion counts at each pixel.")
        radius: float = param(3.0, min=0.5, max=50, step=0.5, label="Click radius", unit="px", help="Size of a click's marker.")

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Keep the image, uint8 (H, W, 3) RGB, and weigh the edges of its working copy."""
        import cv2

        self._image = as_rgb(image)
        h, w = self._image.shape[:2]
        scale = min(1.0, (WORKING_PIXELS / (h * w)) ** 0.5)
        size = (max(1, round(w * scale)), max(1, round(h * scale)))
        lab = cv2.cvtColor(cv2.resize(self._image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2Lab)
        self._weights = edge_weights(lab.astype(np.float32) / 255, self.params.beta)

    def predict(self, prompt: Prompt) -> Prediction:
        """`prob` is the walker's probability. What lies outside the box, or the image's border, is background.

        Raises PromptError when there is neither a stroke on the object nor a prior.
        """
        import cv2

        if not hasattr(self, "_image"):
            raise PromptError("No image has been set.")
        shape: tuple[int, int] = self._image.shape[:2]
        check_prompt(prompt, shape)
        seeds = hard_seeds(prompt, shape, self.params.radius)
        if not (seeds == OBJECT).any() and prompt.prior is None:
            raise PromptError("The random walker needs a stroke or click on the object.")
        if prompt.box is not None:
            outside = np.ones(shape, np.bool_)
            outside[box_slices(prompt.box, shape)] = False
            seeds[outside & (seeds != OBJECT)] = BACKGROUND
        elif not (seeds == BACKGROUND).any() and prompt.prior is None and min(shape) > 2:
            for edge in (seeds[0], seeds[-1], seeds[:, 0], seeds[:, -1]):
                edge[edge != OBJECT] = BACKGROUND
        size = (self._weights[0].shape[1], self._weights[0].shape[0])
        prior = None if prompt.prior is None else cv2.resize(prompt.prior, size, interpolation=cv2.INTER_AREA)
        small = walk(self._weights, _shrink(seeds, size), prior, self.params.prior_weight)
        prob = np.clip(cv2.resize(small, shape[::-1], interpolation=cv2.INTER_LINEAR), 0, 1)
        prob[seeds == OBJECT], prob[seeds == BACKGROUND] = 1, 0
        return Prediction(prob=prob, mask=prob > 0.5, made_by=self.name)


def edge_weights(lab: Plane, beta: float) -> tuple[Plane, Plane]:
    """Weights of the edges to the right and to the lower neighbour, float32 (H, W), 0 at the border (Grady, eq. 1).

    `lab` float32 (H, W, 3); differences are scaled by the largest, as in the paper.
    """
    right, down = np.zeros(lab.shape[:2], np.float32), np.zeros(lab.shape[:2], np.float32)
    right[:, :-1] = ((lab[:, 1:] - lab[:, :-1]) ** 2).sum(-1)
    down[:-1] = ((lab[1:] - lab[:-1]) ** 2).sum(-1)
    largest = max(float(right.max()), float(down.max()), 1e-12)
    right[:, :-1] = np.exp(-beta * right[:, :-1] / largest) + 1e-6
    down[:-1] = np.exp(-beta * down[:-1] / largest) + 1e-6
    right[:, -1] = down[-1] = 0
    return right, down


def walk(weights: tuple[Plane, Plane], seeds: NDArray[np.int8], prior: Plane | None, prior_weight: float) -> Plane:
    """The probability of ending on an object seed, float32 (H, W).

    With a prior, every pixel is also tied to both sides by `prior_weight` times its probabilities (Grady 2005, "multilabel
    random walker with prior models").
    """
    import cv2

    h, w = seeds.shape
    start = np.full((h, w), 0.5, np.float32) if prior is None else prior.astype(np.float32)
    if min(h, w) > 2 * COARSEST:
        size = ((w + 1) // 2, (h + 1) // 2)
        coarse = (_area(weights[0], size), _area(weights[1], size))
        coarse[0][:, -1] = coarse[1][-1] = 0
        coarse_prior = None if prior is None else cv2.resize(prior, size, interpolation=cv2.INTER_AREA)
        before = walk(coarse, _shrink(seeds, size), coarse_prior, prior_weight)
        start = cv2.resize(before, (w, h), interpolation=cv2.INTER_LINEAR)
    start[seeds == OBJECT], start[seeds == BACKGROUND] = 1, 0
    return _solve(weights, start, seeds < 0, prior, prior_weight if prior is not None else 0.0)


def _solve(weights: tuple[Plane, Plane], x: Plane, free: NDArray[np.bool_], prior: Plane | None, gamma: float,
           iterations: int = 400, tolerance: float = 1e-5) -> Plane:
    """Conjugate gradients, preconditioned by the diagonal, on the free pixels; the others stay as they are."""
    right, down = weights
    degree = right + down + gamma
    degree[:, 1:] += right[:, :-1]
    degree[1:] += down[:-1]
    degree = np.maximum(degree, 1e-6)

    def laplacian(v: Plane) -> Plane:
        out = degree * v
        out[:, :-1] -= right[:, :-1] * v[:, 1:]
        out[:, 1:] -= right[:, :-1] * v[:, :-1]
        out[:-1] -= down[:-1] * v[1:]
        out[1:] -= down[:-1] * v[:-1]
        return out

    target = 0 if prior is None else gamma * prior
    residual = np.where(free, target - laplacian(x), 0).astype(np.float32)
    z = residual / degree
    direction, energy = z.copy(), float(np.vdot(residual, z))
    goal = max(energy * tolerance ** 2, 1e-12)
    for _ in range(iterations):
        if energy <= goal:
            break
        image = np.where(free, laplacian(direction), 0)
        step = energy / max(float(np.vdot(direction, image)), 1e-20)
        x = x + np.float32(step) * direction
        residual -= np.float32(step) * image
        z = residual / degree
        energy, before = float(np.vdot(residual, z)), energy
        direction = z + np.float32(energy / before) * direction
    return np.clip(x, 0, 1)


def _area(plane: Plane, size: tuple[int, int]) -> Plane:
    import cv2

    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA)


def _shrink(seeds: NDArray[np.int8], size: tuple[int, int]) -> NDArray[np.int8]:
    """Seeds at a smaller size: a coarse pixel is a seed when any of its pixels is; the larger side wins a tie of both."""

    if seeds.shape == size[::-1]:
        return seeds
    ours, theirs = (_area((seeds == side).astype(np.float32), size) for side in (OBJECT, BACKGROUND))
    return np.where((ours > 0) & (ours >= theirs), OBJECT, np.where(theirs > 0, BACKGROUND, -1)).astype(np.int8)
