"""Mixtures and tables over colours, against plain numpy."""
from __future__ import annotations

import numpy as np
import pytest

from segcore.energy import colour_model as cm

RNG = np.random.default_rng(1)


def centres() -> np.ndarray:
    i = np.arange(cm.BINS)
    return np.stack([i >> 10, i >> 5 & 31, i & 31], 1) * 8.0 + 4


def test_bins_are_five_bits_of_each_channel() -> None:
    pixels = RNG.integers(0, 256, (7, 9, 3), np.uint8)
    p = pixels.astype(int) // 8
    assert (cm.colour_bins(pixels) == p[..., 0] * 1024 + p[..., 1] * 32 + p[..., 2]).all()
    pixels.setflags(write=False)
    cm.colour_bins(pixels)


def test_counts_are_weighted_by_side() -> None:
    bins = RNG.integers(0, cm.BINS, (20, 30)).astype(np.uint16)
    side = RNG.integers(0, 3, (20, 30)).astype(np.uint8)
    weight = RNG.random((20, 30)).astype(np.float32)
    counts = cm.count_colours(bins, side, weight)
    for s in (0, 1):
        assert np.allclose(counts[s], np.bincount(bins[side == s], weight[side == s], cm.BINS))


def test_one_component_is_the_sample_gaussian() -> None:
    counts = np.zeros(cm.BINS)
    counts[RNG.integers(0, cm.BINS, 300)] = RNG.random(300)
    table = cm.mixture_table(cm.fit_mixture(counts, np.zeros((0, 10)), 1, 3, 2.0))
    c = centres()
    mean = np.average(c, axis=0, weights=counts)
    cov = np.cov(c.T, aweights=counts, bias=True) + 2 * np.eye(3)
    away = c - mean
    expected = .5 * np.log(np.linalg.det(cov)) + .5 * np.einsum("ni,ij,nj->n", away, np.linalg.inv(cov), away)
    assert np.allclose(table, expected, rtol=1e-4, atol=1e-3)


def test_two_clusters_are_told_apart() -> None:
    samples = np.concatenate([RNG.normal((60, 60, 200), 10, (500, 3)), RNG.normal((200, 60, 60), 10, (1500, 3))])
    bins = cm.colour_bins(np.clip(samples, 0, 255).astype(np.uint8)[None])
    counts = np.bincount(bins[0], minlength=cm.BINS).astype(float)
    model = cm.fit_mixture(counts, np.zeros((0, 10)), 2, 5, cm.SPREAD)
    means = model[np.argsort(model[:, 1]), 1:4]
    assert np.allclose(means, [(60, 60, 200), (200, 60, 60)], atol=3)


@pytest.mark.parametrize("counts", [np.zeros(cm.BINS), np.eye(1, cm.BINS, 77)[0]], ids=["none", "one colour"])
def test_degenerate_samples_give_finite_tables(counts: np.ndarray) -> None:
    table = cm.mixture_table(cm.fit_mixture(counts, np.zeros((0, 10)), 5, 5, cm.SPREAD))
    assert np.isfinite(table).all()
    assert np.isfinite(cm.histogram_table(counts)).all()
    if counts.any():
        assert table.argmin() == 77 and cm.histogram_table(counts).argmin() == 77


def test_block_means() -> None:
    bins = RNG.integers(0, cm.BINS, (10, 7)).astype(np.uint16)
    table = RNG.normal(size=cm.BINS).astype(np.float32)
    means = cm.mean_terms(bins, table, 2)
    assert means.shape == (3, 2)
    for v, u in np.ndindex(3, 2):
        assert means[v, u] == pytest.approx(table[bins[4 * v:4 * v + 4, 4 * u:4 * u + 4]].mean(), abs=1e-5)
