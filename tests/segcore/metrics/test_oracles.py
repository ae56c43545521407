"""The metrics against slow versions that look at one pixel after the other."""
from __future__ import annotations

import math

import numpy as np
import pytest

from segcore.metrics import METRICS
from segcore.metrics.boundary_iou import inner_rim
from segcore.metrics.iou import boundary_band


def pair(seed: int, shape: tuple[int, int] = (24, 31)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    blocks = np.kron(rng.integers(0, 4, (5, 7)), np.ones((5, 5), int))[:shape[0], :shape[1]].astype(np.uint8)
    predicted = np.where(rng.random(shape) < 0.3, rng.integers(0, 5, shape), blocks).astype(np.uint8)
    reference = blocks.copy()
    reference[rng.random(shape) < 0.1] = 255
    return predicted, reference


def counted(pairs: list[tuple[np.ndarray, np.ndarray]]) -> dict[tuple[int, int], int]:
    """How often (reference, predicted) occurs where the reference is not void."""
    counts: dict[tuple[int, int], int] = {}
    for predicted, reference in pairs:
        for p, r in zip(predicted.ravel().tolist(), reference.ravel().tolist(), strict=True):
            if r != 255:
                counts[r, p] = counts.get((r, p), 0) + 1
    return counts


def slow_iou(counts: dict[tuple[int, int], int]) -> dict[int, float]:
    result = {}
    for c in {c for key in counts for c in key}:
        hits = counts.get((c, c), 0)
        union = sum(n for (r, p), n in counts.items() if c in (r, p))
        result[c] = hits / union
    return result


@pytest.mark.parametrize("seed", [0, 1])
def test_class_metrics(seed: int) -> None:
    pairs = [pair(seed), pair(seed + 10, (9, 30))]
    counts = counted(pairs)
    iou, total = slow_iou(counts), sum(counts.values())
    in_reference = {c: sum(n for (r, _), n in counts.items() if r == c) for c in {r for r, _ in counts}}
    expected = {
        "pixel_accuracy": sum(n for (r, p), n in counts.items() if r == p) / total,
        "class_accuracy": np.mean([counts.get((c, c), 0) / n for c, n in in_reference.items()]),
        "iou": iou,
        "mean_iou": sum(iou.values()) / len(iou),
        "fw_iou": sum(iou[c] * n for c, n in in_reference.items()) / total}
    for name, value in expected.items():
        metric = METRICS[name]()
        for predicted, reference in pairs:
            metric.update(predicted, reference)
        assert metric.value() == pytest.approx(value), name


@pytest.mark.parametrize("width", [1, 2, 3])
def test_trimap_band(width: int) -> None:
    _, labels = pair(3, (14, 17))
    band = np.zeros(labels.shape, bool)
    for y, x in np.ndindex(labels.shape):
        band[y, x] = any(math.hypot(y - v, x - u) <= width and labels[v, u] != labels[y, x]
                         for v, u in np.ndindex(labels.shape))
    np.testing.assert_array_equal(boundary_band(labels, width), band)


def test_trimap_iou_counts_the_band_only() -> None:
    predicted, reference = pair(4)
    metric = METRICS["trimap_iou"](width=2)
    metric.update(predicted, reference)
    inside = np.where(boundary_band(reference, 2), reference, 255)
    iou = slow_iou(counted([(predicted, inside)]))
    assert metric.value() == pytest.approx(sum(iou.values()) / len(iou))
    assert not boundary_band(np.zeros((4, 4), np.uint8), 3).any()


@pytest.mark.parametrize("width", [1, 2, 4])
def test_inner_rim_is_what_erosion_takes(width: int) -> None:
    mask = np.random.default_rng(0).random((15, 18)) < 0.9
    rest = mask.copy()
    for _ in range(width):
        padded = np.pad(rest, 1)
        rest = np.array([[padded[y:y + 3, x:x + 3].all() for x in range(mask.shape[1])] for y in range(mask.shape[0])])
    np.testing.assert_array_equal(inner_rim(mask, width), mask & ~rest)


def test_boundary_iou_of_a_shifted_square() -> None:
    reference, predicted = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    reference[10:30, 10:30] = 1
    predicted[10:30, 12:32] = 1
    metric = METRICS["boundary_iou"](share=2 / math.hypot(40, 40))
    metric.update(predicted, reference)
    scores = []
    for c in (0, 1):
        ours, theirs = inner_rim(predicted == c, 2), inner_rim(reference == c, 2)
        scores.append((ours & theirs).sum() / (ours | theirs).sum())
    assert metric.value() == pytest.approx(np.mean(scores)) and metric.value() < 0.7
