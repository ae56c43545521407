"""Mean field against pydensecrf2, and its own promises; the brute-force oracle is in the refiner's tests."""
from __future__ import annotations

import numpy as np
import pytest

from segcore.energy import mean_field
from segcore.refiners import REFINERS

OPTIONS = {"w1": 4.0, "sigma_alpha": 67.0, "sigma_beta": 3.0, "w2": 3.0, "sigma_gamma": 1.0, "iterations": 10}


def scene(classes=5, height=60, width=80, seed=0):
    """Noisy blocks of colour, and the blurry belief of a network about them."""
    import cv2
    rng = np.random.default_rng(seed)
    truth = np.kron(rng.integers(0, classes, (height // 20, width // 20)), np.ones((20, 20), int))
    image = (truth[..., None] * (37, 91, 53) % 256 + rng.normal(0, 3, (height, width, 3))).clip(0, 255).astype(np.uint8)
    logits = np.stack([cv2.GaussianBlur((truth == k) * 6.0 + rng.normal(0, 9, truth.shape), (0, 0), 3) for k in range(classes)])
    prob = np.exp(logits - logits.max(axis=0))
    return image, (prob / prob.sum(axis=0)).astype(np.float32), truth


@pytest.mark.parametrize("classes", [2, 5, 21])
@pytest.mark.parametrize("changed", [{}, {"sigma_alpha": 20.0, "sigma_beta": 13.0, "w1": 10.0}, {"w1": 0.0}, {"w2": 0.0}])
def test_agrees_with_pydensecrf(classes, changed):
    pytest.importorskip("pydensecrf", reason="needs pydensecrf2")
    image, prob, _ = scene(classes)
    own, theirs = (REFINERS["dense_crf"](**OPTIONS | changed, engine=e).refine(image, prob) for e in ("own", "pydensecrf"))
    assert (own.argmax(axis=0) == theirs.argmax(axis=0)).mean() >= 0.995
    assert np.abs(own - theirs).mean() < 1e-2


def test_every_iteration_can_be_looked_at():
    image, prob, truth = scene()
    beliefs = [whole().copy() for whole in mean_field.iterate(image, prob, **OPTIONS | {"sigma_beta": 10.0})]
    assert len(beliefs) == 11
    np.testing.assert_allclose(beliefs[0], prob, atol=1e-4)
    right = [(b.argmax(axis=0) == truth).mean() for b in beliefs]
    assert right[-1] > right[0] + 0.02
    for belief in beliefs:
        np.testing.assert_allclose(belief.sum(axis=0), 1, atol=1e-4)


def test_hopeless_classes_cost_nothing_and_change_nothing():
    image, prob, _ = scene(3)
    more = np.concatenate((prob * 0.9999, np.full((30, *prob.shape[1:]), 0.0001 / 30, np.float32)))
    few, many = mean_field.infer(image, prob, **OPTIONS), mean_field.infer(image, more, **OPTIONS)
    np.testing.assert_allclose(many[:3], few, atol=1e-3)
    assert not many[3:].any()


def test_uniform_belief_of_many_classes_stays():
    image, _, _ = scene()
    prob = np.full((150, *image.shape[:2]), 1 / 150, np.float32)
    np.testing.assert_allclose(mean_field.infer(image, prob, **OPTIONS), prob, atol=1e-5)
