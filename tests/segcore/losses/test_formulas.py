"""The losses against slow float64 versions of their formulas, written pixel by pixel."""
from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from segcore.losses import LOSSES
from segcore.losses.lovasz_softmax import jaccard_gradient


@pytest.fixture(params=[0, 1, 2])
def case(request: pytest.FixtureRequest) -> tuple[torch.Tensor, torch.Tensor, list[tuple[list[float], int]]]:
    """Logits, target, and the labelled pixels as (probabilities, class); class 2 never occurs in case 1."""
    rng = np.random.default_rng(request.param)
    logits = rng.normal(0, 2, (2, 4, 5, 6))
    target = rng.integers(0, 4, (2, 5, 6))
    if request.param == 1:
        target[target == 2] = 0
    target[rng.random(target.shape) < 0.2] = 255
    pixels = []
    for n, y, x in np.ndindex(target.shape):
        if target[n, y, x] != 255:
            powers = [math.exp(v) for v in logits[n, :, y, x]]
            pixels.append(([p / sum(powers) for p in powers], int(target[n, y, x])))
    return torch.from_numpy(logits), torch.from_numpy(target), pixels


def test_cross_entropy(case) -> None:
    logits, target, pixels = case
    expected = sum(-math.log(p[c]) for p, c in pixels) / len(pixels)
    assert float(LOSSES["cross_entropy"]()(logits, target)) == pytest.approx(expected, rel=1e-9)


def test_weighted_cross_entropy(case) -> None:
    logits, target, pixels = case
    weights = [0.5, 2.0, 1.0, 3.0]
    loss = LOSSES["cross_entropy"]()
    loss.weights = torch.tensor(weights, dtype=torch.float64)
    expected = sum(-weights[c] * math.log(p[c]) for p, c in pixels) / sum(weights[c] for _, c in pixels)
    assert float(loss(logits, target)) == pytest.approx(expected, rel=1e-9)


def test_focal(case) -> None:
    logits, target, pixels = case
    expected = sum(-(1 - p[c]) ** 1.5 * math.log(p[c]) for p, c in pixels) / len(pixels)
    assert float(LOSSES["focal"](gamma=1.5)(logits, target)) == pytest.approx(expected, rel=1e-6)
    plain = LOSSES["cross_entropy"]()(logits, target)
    torch.testing.assert_close(LOSSES["focal"](gamma=0.0)(logits, target), plain)


@pytest.mark.parametrize("squared", [True, False])
def test_dice(case, squared: bool) -> None:
    logits, target, pixels = case
    scores = []
    for c in {c for _, c in pixels}:
        overlap = sum(p[c] * (label == c) for p, label in pixels)
        size = sum((p[c] ** 2 if squared else p[c]) + (label == c) for p, label in pixels)
        scores.append(2 * overlap / size)
    assert float(LOSSES["dice"](squared=squared)(logits, target)) == pytest.approx(1 - sum(scores) / len(scores), rel=1e-9)


@pytest.mark.parametrize("threshold, share", [(0.7, 0.01), (0.05, 0.5), (0.3, 0.1)])
def test_ohem(case, threshold: float, share: float) -> None:
    logits, target, pixels = case
    losses = sorted((-math.log(p[c]) for p, c in pixels), reverse=True)
    count = max(1, int(share * len(losses)), sum(v > -math.log(threshold) for v in losses))
    expected = sum(losses[:count]) / count
    assert float(LOSSES["ohem"](threshold=threshold, share=share)(logits, target)) == pytest.approx(expected, rel=1e-6)


def test_lovasz_softmax_is_the_lovasz_extension(case) -> None:
    """By definition: sort by error, add up error times the growth of the Jaccard loss of the set of wrong pixels so far."""
    logits, target, pixels = case
    total, classes = 0.0, sorted({c for _, c in pixels})
    for c in classes:
        errors = [(1 - p[c] if label == c else p[c], label == c) for p, label in pixels]
        errors.sort(key=lambda e: -e[0])
        size = sum(truth for _, truth in errors)
        missed = extra = 0
        before = 0.0
        for error, truth in errors:
            missed, extra = missed + truth, extra + (not truth)
            jaccard_loss = 1 - (size - missed) / (size + extra)
            total += error * (jaccard_loss - before) / len(classes)
            before = jaccard_loss
    assert float(LOSSES["lovasz_softmax"]()(logits, target)) == pytest.approx(total, rel=1e-6)


def test_lovasz_of_hard_answers_is_the_jaccard_loss() -> None:
    truth = torch.tensor([0, 0, 0, 1, 1, 1, 1, 0])
    answer = torch.tensor([0, 0, 1, 1, 1, 0, 1, 0])
    logits = 200.0 * torch.nn.functional.one_hot(answer, 2).T[None, :, None].float()
    loss = float(LOSSES["lovasz_softmax"]()(logits, truth[None, None]))
    assert loss == pytest.approx(1 - (3 / 5 + 3 / 5) / 2, abs=1e-6)
    assert float(jaccard_gradient(torch.ones(5, 1)).sum()) == pytest.approx(1)


def test_lovasz_on_a_random_part_is_near_the_whole() -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(1, 3, 64, 64), torch.randint(0, 3, (1, 64, 64))
    whole = float(LOSSES["lovasz_softmax"]()(logits, target))
    assert float(LOSSES["lovasz_softmax"](pixels=2000)(logits, target)) == pytest.approx(whole, abs=0.03)
