"""The dense CRF against a brute-force mean field that visits every pair of pixels."""
from __future__ import annotations

import sys

import numpy as np
import pytest

from segcore.errors import SegcoreError
from segcore.refiners import REFINERS

DenseCrf = REFINERS["dense_crf"]


def brute_force(image, prob, *, w1, sigma_alpha, sigma_beta, w2, sigma_gamma, iterations):
    """Mean field with symmetrically normalised kernels over all pairs; a pixel's own message stays out of it."""
    classes, height, width = prob.shape
    y, x = np.mgrid[:height, :width].reshape(2, -1)
    near = ((y[:, None] - y) ** 2 + (x[:, None] - x) ** 2).astype(float)
    rgb = image.reshape(-1, 3).astype(float)
    alike = ((rgb[:, None] - rgb) ** 2).sum(axis=2)
    messages = []
    colour = near / (2 * sigma_alpha**2) + alike / (2 * sigma_beta**2)
    for weight, exponent in ((w1, colour), (w2, near / (2 * sigma_gamma**2))):
        kernel = np.exp(-exponent)
        norm = 1 / np.sqrt(kernel.sum(axis=1))
        messages.append(weight * kernel * norm[:, None] * norm)
    unary = np.log(np.maximum(prob.reshape(classes, -1), 1e-8))
    belief = prob.reshape(classes, -1).astype(float)
    for _ in range(iterations):
        belief = np.exp(unary + sum(belief @ k for k in messages))
        belief /= belief.sum(axis=0)
    return belief.reshape(prob.shape)


def scene(classes=3, size=18, seed=1):
    rng = np.random.default_rng(seed)
    truth = np.zeros((size, size), int)
    for k in range(1, classes):
        truth[:, k * size // classes:] = k
    image = (truth[..., None] * 60 + 40 + rng.normal(0, 4, (size, size, 3))).clip(0, 255).astype(np.uint8)
    noisy = np.where(rng.random((size, size)) < 0.25, rng.integers(0, classes, (size, size)), truth)
    prob = np.full((classes, size, size), 0.3 / (classes - 1), np.float32)
    np.put_along_axis(prob, noisy[None], 0.7, axis=0)
    return image, prob / prob.sum(axis=0), truth


@pytest.mark.parametrize("engine", ["own", "pydensecrf"])
def test_close_to_brute_force(engine):
    if engine == "pydensecrf":
        pytest.importorskip("pydensecrf", reason="needs pydensecrf2")
    image, prob, _ = scene()
    options = {"w1": 4.0, "sigma_alpha": 6.0, "sigma_beta": 20.0, "w2": 1.0, "sigma_gamma": 1.5, "iterations": 3}
    got = DenseCrf(**options, engine=engine).refine(image, prob)
    expected = brute_force(image, prob, **options)
    assert (got.argmax(axis=0) == expected.argmax(axis=0)).mean() > 0.98
    assert np.abs(got - expected).mean() < 0.05


def test_cleans_noise_along_edges():
    image, prob, truth = scene(size=60)
    refined = DenseCrf(sigma_beta=20).refine(image, prob)
    assert (prob.argmax(axis=0) == truth).mean() < 0.9 < 0.99 < (refined.argmax(axis=0) == truth).mean()


def test_large_photos_are_refined_smaller_and_say_so():
    image, prob, truth = scene(size=90)
    fixed = np.full(truth.shape, -1)
    fixed[0, :5] = 2
    refiner = DenseCrf(max_megapixels=0.01, sigma_beta=20)
    assert refiner.refine(image, prob).shape == prob.shape and refiner.notice == ""
    image, prob = np.tile(image, (2, 2, 1)), np.tile(prob, (1, 2, 2))
    fixed, truth = np.pad(fixed, ((0, 90), (0, 90)), constant_values=-1), np.tile(truth, (2, 2))
    refined = refiner.refine(image, prob, fixed)
    assert "100×100" in refiner.notice
    assert (refined.argmax(axis=0)[1:] == truth[1:]).mean() > 0.9
    assert (refined[2, 0, :5] == 1).all()
    np.testing.assert_allclose(refined.sum(axis=0), 1, atol=1e-5)


def test_without_engine_there_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydensecrf", None)
    monkeypatch.setitem(sys.modules, "pydensecrf.densecrf", None)
    image, prob, _ = scene()
    with pytest.raises(SegcoreError, match=r'pip install "segdesk\[pydensecrf\]"'):
        DenseCrf(engine="pydensecrf").refine(image, prob)


def test_zero_iterations_change_nothing():
    image, prob, _ = scene()
    np.testing.assert_allclose(DenseCrf(iterations=0).refine(image, prob), prob, atol=1e-5)


def test_importing_refiners_imports_no_engine():
    import subprocess
    code = "import sys; from segcore.refiners import REFINERS; list(REFINERS); " \
           "assert not {'pydensecrf', 'numba', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
