"""The pyramid, frames, and the band cut against the exact cut of the same energy."""
from __future__ import annotations

import numpy as np
import pytest

from segcore.energy import contrast, mincut
from segcore.energy import multilevel as ml
from segcore.energy.colour_model import BINS, colour_bins


def scene(size: int) -> tuple[np.ndarray, np.ndarray]:
    """A wavy disc with a thin arm, and its mask."""
    y, x = np.mgrid[:size, :size] / size
    angle = np.arctan2(y - .5, x - .5)
    truth = np.hypot(y - .5, x - .5) < .25 + .03 * np.sin(7 * angle)
    truth |= (abs(y - .5) < .004) & (x > .5) & (x < .95)
    noise = np.random.default_rng(0).normal(0, 12, (size, size, 3))
    return np.clip(np.where(truth[..., None], (170, 90, 60), (80, 120, 130)) + noise, 0, 255).astype(np.uint8), truth


def colour_table() -> np.ndarray:
    """Evidence that grows with red minus blue."""
    i = np.arange(BINS)
    return (((i >> 10).astype(np.float32) - (i & 31)) * .4).astype(np.float32)


def terms(frame: ml.Frame, strength: float, soft: np.ndarray) -> ml.Terms:
    seeds = [np.full(frame.at(level)[2:], -1, np.int8) for level in range(frame.coarsest + 1)]
    return ml.Terms(colour_table(), soft, seeds, (0, 0, frame.height, frame.width), strength)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize("shape", [(1, 1), (5, 8), (7, 3)], ids=str)
def test_halving_means_blocks(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    out = ml.halve(pixels)
    even = np.pad(pixels, ((0, shape[0] % 2), (0, shape[1] % 2), (0, 0)), mode="edge").astype(float)
    means = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
    assert out.shape == means.shape and abs(out - means).max() <= .5


def test_halved_seeds_follow_the_majority() -> None:
    seeds = np.array([[1, -1, 0, 1], [-1, -1, 0, -1], [0, 1, -1, -1], [-1, -1, -1, -1]], np.int8)
    assert (ml.halve_seeds(seeds) == [[1, 0], [-1, -1]]).all()


@pytest.mark.parametrize("box", [(0, 1700, 0, 1200), (3, 1699, 7, 9), (500, 1500, 100, 1199), (1699, 1700, 1199, 1200)])
def test_frames_hold_their_box_and_fit_every_level(box: tuple[int, int, int, int]) -> None:
    pyramid = ml.Pyramid(np.zeros((1700, 1200, 3), np.uint8))
    rows, cols = slice(*box[:2]), slice(*box[2:])
    frame = ml.Frame.around(rows, cols, pyramid)
    assert frame.holds(rows, cols)
    for level in range(frame.coarsest + 1):
        part = pyramid.levels[level][frame.slices(level)]
        assert part.shape[:2] == frame.at(level)[2:]


def test_the_band_cut_agrees_with_the_exact_cut() -> None:
    image, truth = scene(700)
    pyramid = ml.Pyramid(image)
    frame = ml.Frame.around(slice(0, 700), slice(0, 700), pyramid)
    assert frame.coarsest >= 2
    level = frame.coarsest
    soft = np.zeros(frame.at(level)[2:], np.float32)
    coarse = colour_table()[colour_bins(pyramid.levels[level])]
    start, _ = mincut.solve_grid(np.maximum(coarse, 0), np.maximum(-coarse, 0),
                                 contrast.edge_weights(pyramid.levels[level], 40 / 2 ** level, pyramid.betas[level]))
    found = ml.refine(pyramid, frame, terms(frame, 40.0, soft), start)
    fine = colour_table()[colour_bins(image)]
    edges = contrast.edge_weights(image, 40.0, pyramid.betas[0])
    exact, _ = mincut.solve_grid(np.maximum(fine, 0), np.maximum(-fine, 0), edges)
    assert iou(found, exact) > .99 and iou(found, truth) > .97


def test_a_band_over_everything_is_the_exact_cut() -> None:
    image, _ = scene(60)
    frame = ml.Frame(0, 0, 60, 60, 0)
    fine = colour_table()[colour_bins(image)]
    beta = contrast.beta(image)
    exact, _ = mincut.solve_grid(np.maximum(fine, 0), np.maximum(-fine, 0), contrast.edge_weights(image, 30.0, beta))
    labels = ml.cut_band(image, frame, terms(frame, 30.0, np.zeros((60, 60), np.float32)), np.zeros((60, 60), np.uint8),
                         np.ones((60, 60), bool), 0, beta)
    assert (labels == exact).mean() > .999


def test_what_lies_outside_the_box_is_never_object() -> None:
    image, _ = scene(60)
    frame = ml.Frame(0, 0, 60, 60, 0)
    known = terms(frame, 30.0, np.full((60, 60), 50, np.float32))
    known.inside = (10, 12, 40, 50)
    labels = ml.cut_band(image, frame, known, np.zeros((60, 60), np.uint8), np.ones((60, 60), bool), 0, contrast.beta(image))
    assert labels[10:40, 12:50].all() and labels.sum() == 30 * 38
