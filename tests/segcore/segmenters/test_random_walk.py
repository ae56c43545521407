"""The random walker against the dense linear system of the paper, and on pictures with known answers."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.errors import PromptError
from segcore.segmenters import SEGMENTERS
from segcore.segmenters.random_walk import edge_weights, walk
from segcore.types import Prompt


def dense(weights: tuple[np.ndarray, np.ndarray], seeds: np.ndarray, prior: np.ndarray | None, gamma: float) -> np.ndarray:
    """Solve L x = b with numpy in float64, pixel by pixel as the paper writes it."""
    h, w = seeds.shape
    number = np.arange(h * w).reshape(h, w)
    laplacian, b = np.zeros((h * w, h * w)), np.zeros(h * w)
    for y in range(h):
        for x in range(w):
            for dy, dx, weight in ((0, 1, weights[0][y, x]), (1, 0, weights[1][y, x])):
                if y + dy < h and x + dx < w:
                    i, j = number[y, x], number[y + dy, x + dx]
                    laplacian[[i, j], [i, j]] += weight
                    laplacian[[i, j], [j, i]] -= weight
    if prior is not None:
        laplacian += gamma * np.eye(h * w)
        b += gamma * prior.ravel()
    for side in (0, 1):
        for i in number[seeds == side]:
            laplacian[i], b[i] = 0, side
            laplacian[i, i] = 1
    return np.linalg.solve(laplacian, b).reshape(h, w)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 14), st.integers(2, 14), st.integers(0, 9999), st.booleans())
def test_equals_the_dense_solution(h: int, w: int, seed: int, with_prior: bool) -> None:
    rng = np.random.default_rng(seed)
    weights = edge_weights(rng.random((h, w, 3), np.float32), 3.0)
    seeds = np.full((h, w), -1, np.int8)
    seeds.flat[0], seeds.flat[-1] = 1, 0
    prior = rng.random((h, w), np.float32) if with_prior else None
    assert np.abs(walk(weights, seeds, prior, 0.1) - dense(weights, seeds, prior, 0.1)).max() < 2e-3


def test_coarse_to_fine_ends_at_the_same_answer() -> None:
    rng = np.random.default_rng(1)
    weights = edge_weights(rng.random((60, 56, 3), np.float32), 3.0)
    seeds = np.full((60, 56), -1, np.int8)
    seeds[30, 5:9], seeds[10, 50] = 1, 0
    assert np.abs(walk(weights, seeds, None, 0) - dense(weights, seeds, None, 0)).max() < 5e-3


def test_strokes_hold_and_an_edge_divides() -> None:
    image = np.zeros((80, 120, 3), np.uint8)
    image[:, 70:] = 200
    strokes = np.full((80, 120), -1, np.int8)
    strokes[40, 10:20], strokes[40, 100:110] = 1, 0
    tool = SEGMENTERS["random_walk"]()
    tool.set_image(image)
    answer = tool.predict(Prompt(scribble=strokes))
    assert answer.mask[:, :69].all() and not answer.mask[:, 71:].any()
    assert (answer.prob[strokes == 1] == 1).all() and (answer.prob[strokes == 0] == 0).all()
    with pytest.raises(PromptError, match="object"):
        tool.predict(Prompt(scribble=np.where(strokes == 0, 0, -1).astype(np.int8)))
    prior = np.where(image[..., 0] == 0, np.float32(0.8), np.float32(0.2))
    assert np.array_equal(tool.predict(Prompt(prior=prior)).mask[:, [10, 110]].all(axis=0), [True, False])
