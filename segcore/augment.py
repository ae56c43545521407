"""Random views of a labelled photo for training: scale, rotate, crop and flip in one resampling, then change the colours."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.params import param
from segcore.types import VOID


@dataclass
class AugmentParams:
    """How far a random view may differ from the photo."""

    crop_height: int = param(288, min=32, max=4096, label="Crop height", unit="px")
    crop_width: int = param(384, min=32, max=4096, label="Crop width", unit="px")
    scale_min: float = param(0.5, min=0.1, max=10, label="Smallest scale")
    scale_max: float = param(1.75, min=0.1, max=10, label="Largest scale")
    rotate: float = param(0.0, min=0, max=180, label="Largest rotation", unit="°")
    flip: bool = param(True, label="Mirror left and right")
    colour: float = param(0.3, min=0, max=1, label="Colour changes", help="0 keeps the colours of the photo")


def random_view(pixels: NDArray[np.uint8], target: NDArray[np.uint8], params: AugmentParams,
                rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """A random crop of one photo.

    pixels uint8 (H, W, 3), target uint8 (H, W) of class indices; returns float32 (h, w, 3) in 0..1 and uint8 (h, w) of the
    crop's size, 255 where the crop leaves the photo.
    """
    import cv2
    size = params.crop_width, params.crop_height
    matrix = _random_matrix(pixels.shape[:2], size, params, rng)
    mean = tuple(float(v) for v in cv2.mean(pixels)[:3])
    view = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=mean)
    labels = cv2.warpAffine(target, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=VOID)
    return change_colours(view.astype(np.float32) / 255, params.colour, rng), labels.astype(np.uint8, copy=False)


def _random_matrix(shape: tuple[int, int], size: tuple[int, int], params: AugmentParams,
                   rng: np.random.Generator) -> NDArray[np.float64]:
    """The 2 x 3 matrix from photo to crop coordinates; the crop stays inside the photo where it fits."""
    height, width = shape
    scale = float(np.exp(rng.uniform(np.log(params.scale_min), np.log(params.scale_max))))
    angle = np.deg2rad(rng.uniform(-params.rotate, params.rotate))
    free = np.maximum(0, np.array([width, height]) - np.array(size) / scale) / 2
    centre = np.array([width, height]) / 2 + rng.uniform(-1, 1, 2) * free
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if params.flip and rng.random() < 0.5:
        turn = turn @ np.diag([-1.0, 1.0])
    # Pixel (x, y) has its centre at (x + 0.5, y + 0.5), but warpAffine counts from centres.
    offset = np.array(size) / 2 - 0.5 - turn @ (centre - 0.5)
    return np.column_stack([turn, offset])


def change_colours(view: NDArray[np.float32], strength: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Random brightness, contrast, saturation and tint of float32 (H, W, 3) in 0..1, by `strength` 0..1; clipped."""
    if strength <= 0:
        return view
    brightness, contrast, saturation = 1 + strength * rng.uniform(-1, 1, 3).astype(np.float32)
    tint = 1 + 0.25 * strength * rng.uniform(-1, 1, 3).astype(np.float32)
    grey = view.mean(axis=2, keepdims=True)
    view = (grey + saturation * (view - grey)) * (brightness * tint)
    middle = float(view.mean())
    return np.clip((view - middle) * contrast + middle, 0, 1, dtype=np.float32)
