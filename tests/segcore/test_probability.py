"""Compact probabilities at the photo's size."""
from __future__ import annotations

import numpy as np
import pytest

from segcore.probability import at_size, label_map


@pytest.fixture
def prob() -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.ones(5), (12, 16)).transpose(2, 0, 1).astype(np.float32)


def test_at_its_own_size_it_is_the_argmax(prob: np.ndarray) -> None:
    np.testing.assert_array_equal(label_map(prob, (12, 16)), prob.argmax(0))
    assert np.shares_memory(at_size(prob[0], (12, 16)), prob)


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_enlarged_it_is_the_argmax_of_the_enlarged_planes(prob: np.ndarray, kind: type) -> None:
    prob = prob.astype(kind)
    planes = np.stack([at_size(p, (50, 61)) for p in prob])
    labels = label_map(prob, (50, 61))
    assert labels.dtype == np.uint8
    best = np.take_along_axis(planes, labels[None].astype(int), 0)[0]
    np.testing.assert_array_equal(best, planes.max(0))


def test_the_threshold_leaves_void(prob: np.ndarray) -> None:
    labels = label_map(prob, (12, 16), threshold=0.6)
    np.testing.assert_array_equal(labels, np.where(prob.max(0) >= np.float32(0.6), prob.argmax(0), 255))
    assert 0 < (labels == 255).sum() < labels.size


def test_only_some_planes(prob: np.ndarray) -> None:
    labels = label_map(prob, (12, 16), planes=[1, 3])
    np.testing.assert_array_equal(labels, np.where(prob[3] > prob[1], 3, 1))
