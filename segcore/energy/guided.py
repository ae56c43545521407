"""Linear models of the photo, window by window, that make probabilities follow its edges (He, Sun and Tang, ECCV 2010).

The models may be fitted on a smaller copy and applied at full size (He and Sun, 2015), which is how big photos are refined.
"""
from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
ABSENT = 1e-4
"""Planes that are nowhere more probable than this are left out."""
COVARIANCES = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def _box(plane: Plane, radius: int) -> Plane:
    """Sums over windows of side 2 · radius + 1, cut off at the image's edges."""
    return cv2.boxFilter(plane, cv2.CV_32F, (2 * radius + 1, 2 * radius + 1), normalize=False,
                         borderType=cv2.BORDER_CONSTANT).astype(np.float32, copy=False)


class Guide:
    """A photo, uint8 (H, W, 3), ready to guide planes of its size: least squares p ≈ a · I + b in every window.

    `radius` is half the windows' side in pixels, `epsilon` the variance (of values 0..1) below which a window counts as flat.
    """

    def __init__(self, image: NDArray[np.uint8], radius: int, epsilon: float) -> None:
        self.radius = radius
        # About the mean, or single precision would lose small variances in large sums.
        self.centre = image.reshape(-1, 3).mean(axis=0).astype(np.float32) / np.float32(255)
        self.colour = self.planes(image)
        self.count = _box(np.ones(image.shape[:2], np.float32), radius)
        self.means = [self._mean(c) for c in self.colour]
        self.inverse = self._inverse(np.float32(epsilon))

    def _mean(self, plane: Plane) -> Plane:
        return _box(plane, self.radius) / self.count

    def _inverse(self, epsilon: np.float32) -> list[Plane]:
        """The six planes of the inverse of each window's covariance + epsilon, by cofactors."""
        rr, rg, rb, gg, gb, bb = (self._mean(self.colour[i] * self.colour[j]) - self.means[i] * self.means[j]
                                  + (epsilon if i == j else np.float32(0)) for i, j in COVARIANCES)
        cofactors = [gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb, rr * bb - rb * rb, rb * rg - rr * gb,
                     rr * gg - rg * rg]
        scale = 1 / np.maximum(rr * cofactors[0] + rg * cofactors[1] + rb * cofactors[2], np.float32(1e-30))
        return [c * scale for c in cofactors]

    def fit(self, plane: Plane) -> tuple[Plane, Plane, Plane, Plane]:
        """(a_r, a_g, a_b, b) float32 (H, W): models of a float32 (H, W) plane, means of all windows that hold a pixel."""
        mean = self._mean(plane)
        r, g, b = (self._mean(c * plane) - m * mean for c, m in zip(self.colour, self.means, strict=True))
        rr, rg, rb, gg, gb, bb = self.inverse
        slopes = rr * r + rg * g + rb * b, rg * r + gg * g + gb * b, rb * r + gb * g + bb * b
        offset = mean - slopes[0] * self.means[0] - slopes[1] * self.means[1] - slopes[2] * self.means[2]
        return self._mean(slopes[0]), self._mean(slopes[1]), self._mean(slopes[2]), self._mean(offset)

    def apply(self, models: tuple[Plane, Plane, Plane, Plane], colour: list[Plane], out: Plane) -> None:
        """Write a · I + b into `out`, float32 (H, W), of any size; `colour` are the planes of an image of that size."""
        size = out.shape[1], out.shape[0]
        scratch = np.empty_like(out)
        cv2.resize(models[3], size, dst=out, interpolation=cv2.INTER_LINEAR)
        for model, plane in zip(models, colour, strict=False):
            cv2.resize(model, size, dst=scratch, interpolation=cv2.INTER_LINEAR)
            scratch *= plane
            out += scratch

    def planes(self, image: NDArray[np.uint8]) -> list[Plane]:
        """The colours of an image, uint8 (H, W, 3), as `apply` wants them: three float32 (H, W)."""
        return [np.asarray(image[..., c] * np.float32(1 / 255) - self.centre[c], np.float32) for c in range(3)]


def follow(image: NDArray[np.uint8], planes: Plane, *, radius: int, epsilon: float, pixels: float = np.inf,
           out: Plane | None = None) -> Plane:
    """Planes float32 (C, h, w), h × w of the image or smaller, at the size of `image`, uint8 (H, W, 3), following its edges.

    The result, float32 (C, H, W), sums to one over C. Models are fitted on at most `pixels` pixels, never more than the planes
    have; `radius` is in pixels of the full size.
    """
    height, width = image.shape[:2]
    scale = min(1.0, (planes.shape[1] * planes.shape[2] / (height * width)) ** 0.5, (pixels / (height * width)) ** 0.5)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = image if scale == 1 else np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    guide = Guide(small, max(1, round(radius * scale)), epsilon)
    result: Plane = np.empty((len(planes), height, width), np.float32) if out is None else out
    total = np.zeros((height, width), np.float32)
    colour = guide.colour if scale == 1 else guide.planes(image)
    for plane, target in zip(planes, result, strict=True):
        if plane.max() < ABSENT:
            target[:] = 0
            continue
        coarse = plane if plane.shape == small.shape[:2] else cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
        guide.apply(guide.fit(np.asarray(coarse, np.float32)), colour, target)
        np.clip(target, 0, 1, out=target)
        total += target
    return _normalised(result, total)


def _normalised(planes: Plane, total: Plane) -> Plane:
    # The models of planes that sum to one sum to one, so the total is near one except where values were clipped.
    np.maximum(total, np.float32(1e-6), out=total)
    for plane in planes:
        plane /= total
    return planes
