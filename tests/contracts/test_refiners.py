"""What every refiner must keep: probabilities stay probabilities, fixed pixels stay fixed, bad input is a plain sentence."""
from __future__ import annotations

import numpy as np
import pytest

from segcore.errors import PromptError
from segcore.refiners import REFINERS, as_planes

ALL = [pytest.param(cls, id=cls.name) for cls in REFINERS]


def sample(classes=3, height=24, width=32, seed=0):
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), np.uint8)
    image = np.kron(blocks, np.ones((4, 4, 1), np.uint8))[:height, :width]
    prob = rng.dirichlet(np.ones(classes), (height, width)).astype(np.float32).transpose(2, 0, 1)
    return np.ascontiguousarray(image), np.ascontiguousarray(prob)


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize(("classes", "height", "width"),
                         [(2, 24, 32), (7, 24, 32), (3, 1, 40), (3, 40, 1), (2, 1, 1), (1, 9, 9)])
def test_result_is_probabilities_of_the_same_shape(cls, classes, height, width):
    image, prob = sample(classes, height, width)
    image.setflags(write=False), prob.setflags(write=False)
    before = prob.copy()
    result = cls().refine(image, prob)
    assert result.shape == prob.shape and result.dtype == np.float32 and result is not prob
    assert np.isfinite(result).all() and (result >= 0).all()
    np.testing.assert_allclose(result.sum(axis=0), 1, atol=1e-4)
    np.testing.assert_array_equal(prob, before)


@pytest.mark.parametrize("cls", ALL)
def test_fixed_pixels_stay(cls):
    image, prob = sample()
    fixed = np.full(prob.shape[1:], -1, np.int16)
    fixed[3:6, 4:9], fixed[10, 10], fixed[20, 3:5] = 2, 0, 1
    result = cls().refine(image, prob, fixed)
    known = fixed >= 0
    np.testing.assert_array_equal(result.argmax(axis=0)[known], fixed[known])
    np.testing.assert_array_equal(result.max(axis=0)[known], 1)


@pytest.mark.parametrize("cls", ALL)
def test_uniform_input_is_unchanged(cls):
    image, _ = sample()
    prob = np.full((4, *image.shape[:2]), 0.25, np.float32)
    np.testing.assert_allclose(cls().refine(image, prob), prob, atol=1e-4)


@pytest.mark.parametrize("cls", ALL)
def test_certain_halves_stay(cls):
    image = np.zeros((20, 30, 3), np.uint8)
    image[:, 15:] = 255
    mask = np.zeros((20, 30), bool)
    mask[:, 15:] = True
    np.testing.assert_array_equal(cls().refine(image, as_planes(mask)).argmax(axis=0), mask)


def broken(prob, how):
    if how == "nan":
        prob[1, 2, 3] = np.nan
    elif how == "negative":
        prob[1, 2, 3] = -0.5
    elif how == "zero":
        prob[:, 2, 3] = 0
    return {"size": prob[:, :-1], "flat": prob[0]}.get(how, prob)


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("how", ["nan", "negative", "zero", "size", "flat"])
def test_bad_probabilities_are_a_sentence(cls, how):
    image, prob = sample()
    with pytest.raises(PromptError) as caught:
        cls().refine(image, broken(prob, how))
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("fixed", [np.zeros((3, 3), int), np.full((24, 32), 9)])
def test_bad_fixed_pixels_are_a_sentence(cls, fixed):
    image, prob = sample()
    with pytest.raises(PromptError):
        cls().refine(image, prob, fixed)


@pytest.mark.parametrize("cls", ALL)
def test_unnormalised_probabilities_are_normalised(cls):
    image, prob = sample()
    refiner = cls()
    np.testing.assert_allclose(refiner.refine(image, prob * 7), refiner.refine(image, prob), atol=1e-3)


@pytest.mark.parametrize("cls", ALL)
def test_declaration(cls):
    assert cls.name and cls.title and cls.summary()
    with pytest.raises(PromptError):
        cls(no_such_option=1)


@pytest.mark.parametrize("cls", ALL)
def test_150_classes(cls):
    image, prob = sample(150, 20, 24)
    result = cls().refine(image, prob)
    assert np.isfinite(result).all()
    np.testing.assert_allclose(result.sum(axis=0), 1, atol=1e-4)
