"""What every metric promises: adds up over images, ignores 255, refuses masks that do not match."""
from __future__ import annotations

import numpy as np
import pytest

from segcore.errors import PromptError
from segcore.metrics import METRICS, Metric

ALL = pytest.mark.parametrize("cls", list(METRICS), ids=lambda c: c.name)


def masks(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    reference = np.kron(rng.integers(0, 4, (6, 8)), np.ones((7, 7), int)).astype(np.uint8)
    predicted = np.where(rng.random(reference.shape) < 0.2, rng.integers(0, 4, reference.shape), reference).astype(np.uint8)
    reference[20:24] = 255
    return predicted, reference


def overall(value: float | dict[int, float]) -> float:
    return sum(value.values()) / len(value) if isinstance(value, dict) else value


@ALL
def test_perfect_is_one_and_wrong_is_less(cls: type[Metric]) -> None:
    predicted, reference = masks(0)
    perfect, noisy, wrong = cls(), cls(), cls()
    perfect.update(np.where(reference == 255, 0, reference), reference)
    noisy.update(predicted, reference)
    wrong.update(np.where(reference == 255, 0, (reference + 1) % 4).astype(np.uint8), reference)
    assert overall(perfect.value()) == pytest.approx(1)
    assert 0 <= overall(wrong.value()) < 0.01 < overall(noisy.value()) < 1


@ALL
def test_void_is_ignored(cls: type[Metric]) -> None:
    predicted, reference = masks(1)
    one, other = cls(), cls()
    one.update(predicted, reference)
    other.update(np.where(reference == 255, 3, predicted).astype(np.uint8), reference)
    assert one.value() == other.value()


@ALL
def test_adds_up_over_images_in_any_order(cls: type[Metric]) -> None:
    one, other = cls(), cls()
    for seed in (0, 1, 2):
        one.update(*masks(seed))
    for seed in (2, 0, 1):
        other.update(*masks(seed))
    assert one.value() == other.value()


@ALL
def test_nothing_compared_is_no_error(cls: type[Metric]) -> None:
    metric = cls()
    assert metric.value() in (0.0, {})
    metric.update(np.zeros((3, 3), np.uint8), np.full((3, 3), 255, np.uint8))
    assert metric.value() in (0.0, {})


@ALL
@pytest.mark.parametrize("shape", [(5, 4), (4, 5, 1), (4,)])
def test_refuses_another_size(cls: type[Metric], shape: tuple[int, ...]) -> None:
    with pytest.raises(PromptError, match="size"):
        cls().update(np.zeros(shape, np.uint8), np.zeros((4, 5), np.uint8))


@ALL
def test_refuses_classes_out_of_range(cls: type[Metric]) -> None:
    with pytest.raises(PromptError, match="255"):
        cls().update(np.full((4, 5), 300), np.zeros((4, 5), int))
    with pytest.raises(PromptError, match="255"):
        cls().update(np.zeros((4, 5), int), np.full((4, 5), -1))
