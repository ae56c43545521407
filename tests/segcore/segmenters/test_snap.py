"""Snapping pulls a rough outline onto the edge beside it and leaves the rest alone."""
from __future__ import annotations

import numpy as np

from segcore.segmenters import SEGMENTERS
from segcore.types import Prompt


def scene(size: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """A noisy disc and its true mask."""
    y, x = np.mgrid[:size, :size]
    truth = (y - 60) ** 2 + (x - 55) ** 2 < 30 ** 2
    noise = np.random.default_rng(0).normal(0, 8, (size, size, 3))
    return np.clip(np.where(truth[..., None], (180, 90, 60), (70, 110, 130)) + noise, 0, 255).astype(np.uint8), truth


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / (a | b).sum()


def rough(truth: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[:truth.shape[0], :truth.shape[1]]
    angle = np.arctan2(y - 60, x - 55)
    return (y - 60) ** 2 + (x - 55) ** 2 < (30 + 4 * np.sin(5 * angle)) ** 2


def snapped(image: np.ndarray, mask: np.ndarray, **params) -> np.ndarray:
    segmenter = SEGMENTERS["snap"](**params)
    segmenter.set_image(image)
    return segmenter.predict(Prompt(prior=mask.astype(np.float32))).mask


def test_a_rough_outline_falls_onto_the_edge() -> None:
    image, truth = scene()
    assert iou(rough(truth), truth) < .87
    assert iou(snapped(image, rough(truth)), truth) > .98


def test_nothing_beyond_the_reach_changes() -> None:
    image, truth = scene()
    mask = truth.copy()
    mask[:20, :20] = True
    y, x = np.mgrid[:20, :20]
    out = snapped(image, mask, reach=3)
    assert out[:12, :12].all()


def test_marks_in_the_band_are_kept() -> None:
    image, truth = scene()
    marks = np.full(truth.shape, -1, np.int8)
    marks[60, 83:88] = 1
    segmenter = SEGMENTERS["snap"]()
    segmenter.set_image(image)
    out = segmenter.predict(Prompt(prior=rough(truth).astype(np.float32), scribble=marks)).mask
    assert out[60, 83:88].all()


def test_without_a_boundary_it_says_so() -> None:
    image, truth = scene()
    segmenter = SEGMENTERS["snap"]()
    segmenter.set_image(image)
    found = segmenter.predict(Prompt(prior=np.ones(truth.shape, np.float32)))
    assert found.mask.all() and found.message
