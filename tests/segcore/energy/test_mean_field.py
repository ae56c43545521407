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


def test_fixed_pixels_stay_whatever_the_others_say():
    image, prob, _ = scene(5)
    fixed = np.full(prob.shape[1:], -1)
    fixed[::7, ::9], fixed[3] = 2, 4
    belief = mean_field.infer(image, prob, **OPTIONS | {"w1": 50.0, "w2": 50.0, "sigma_beta": 30.0}, fixed=fixed)
    known = fixed >= 0
    np.testing.assert_array_equal(belief.argmax(axis=0)[known], fixed[known])
    np.testing.assert_allclose(belief.max(axis=0)[known], 1, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_potts_as_a_matrix_is_potts(classes):
    image, prob, _ = scene(classes)
    potts = mean_field.infer(image, prob, **OPTIONS)
    matrix = mean_field.infer(image, prob, **OPTIONS, compatibility=1 - np.eye(classes))
    np.testing.assert_allclose(matrix, potts, atol=1e-3)


def test_classes_that_go_together_may_mix():
    """Two classes without a penalty between them keep dots that Potts would smooth away."""
    image = np.full((20, 20, 3), 128, np.uint8)
    labels = (np.indices((20, 20)) % 3 == 0).all(axis=0).astype(int)
    prob = np.stack([np.where(labels == k, 0.6, 0.2) for k in range(3)]).astype(np.float32)
    prob /= prob.sum(axis=0)
    free = np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0]], np.float32)
    mixed = mean_field.infer(image, prob, **OPTIONS, compatibility=free).argmax(axis=0)
    assert (mixed == labels).all()
    assert len(np.unique(mean_field.infer(image, prob, **OPTIONS).argmax(axis=0)[5:15, 5:15])) == 1


def test_wide_kernels_are_computed_smaller_to_the_same_end():
    image, prob, _ = scene(3)
    options = OPTIONS | {"w1": 0.0, "sigma_gamma": 12.0}
    belief = mean_field.infer(image, prob, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mean_field, "WIDE", 1000.0)
        np.testing.assert_allclose(belief, mean_field.infer(image, prob, **options), atol=1e-2)
