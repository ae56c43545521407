"""The permutohedral lattice against sums over all pairs of points."""
from __future__ import annotations

import numpy as np
import pytest

from segcore.energy import lattice


def brute_force(features, values):
    apart = ((features[:, None] - features) ** 2).sum(axis=2)
    return np.exp(-apart / 2) @ values


def smooth_points(count, d, seed=0):
    return np.random.default_rng(seed).normal(0, 2, (count, d)).astype(np.float32)


@pytest.mark.parametrize("d", [2, 3, 5])
def test_normalised_filter_is_close_to_all_pairs(d):
    features = smooth_points(800, d)
    values = np.column_stack((features[:, 0] > 0, np.sin(features[:, 1]))).astype(np.float32)
    built = lattice.build(features)
    got = built.filter(values) / built.filter(np.ones((800, 1), np.float32))
    expected = brute_force(features, values) / brute_force(features, np.ones((800, 1)))
    assert np.abs(got - expected).mean() < 0.08 and np.corrcoef(got.ravel(), expected.ravel())[0, 1] > 0.97


def test_the_filter_is_linear_and_symmetric():
    features = smooth_points(300, 5)
    built, rng = lattice.build(features), np.random.default_rng(1)
    a, b = rng.normal(size=(2, 300, 11)).astype(np.float32)
    np.testing.assert_allclose(built.filter(a + 2 * b), built.filter(a) + 2 * built.filter(b), rtol=1e-3, atol=1e-3)
    delta = np.zeros((300, 1), np.float32)
    delta[7] = 1
    other = np.zeros((300, 1), np.float32)
    other[9] = 1
    nearly = pytest.approx(float(built.filter(other)[7, 0]), rel=0.25, abs=0.01)
    assert float(built.filter(delta)[9, 0]) == nearly


@pytest.mark.parametrize("channels", [1, 2, 8, 9, 21])
def test_channels_do_not_mix(channels):
    features = smooth_points(200, 5)
    built = lattice.build(features)
    values = np.random.default_rng(0).random((200, channels)).astype(np.float32)
    one_by_one = np.hstack([built.filter(values[:, c:c + 1]) for c in range(channels)])
    np.testing.assert_allclose(built.filter(values), one_by_one, rtol=1e-5)


def test_weights_are_barycentric_and_far_points_do_not_meet():
    features = np.array([[0, 0, 0, 0, 0], [1000, -1000, 1000, -1000, 1000], [1e5, 1e5, -1e5, 0, 1]], np.float32)
    built = lattice.build(features)
    np.testing.assert_allclose(built.weights.sum(axis=1), 1, atol=1e-2)
    assert (built.weights > -1e-2).all()
    got = built.filter(np.eye(3, dtype=np.float32))
    assert (np.diag(got) > 0.05).all() and np.abs(got - np.diag(np.diag(got))).max() == 0


def test_many_threads_give_the_same_as_one(monkeypatch):
    features, values = smooth_points(20_000, 5), np.random.default_rng(0).random((20_000, 4)).astype(np.float32)
    many = lattice.build(features).filter(values)
    monkeypatch.setattr(lattice, "_THREADS", 1)
    np.testing.assert_array_equal(lattice.build(features).filter(values), many)
