"""Random views: photo and labels stay together, pixel for pixel."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segcore.augment import AugmentParams, change_colours, random_view

PLAIN = AugmentParams(crop_height=60, crop_width=80, scale_min=1, scale_max=1, rotate=0, flip=False, colour=0)


def sample() -> tuple[np.ndarray, np.ndarray]:
    """A photo whose colours say the class: 7 x 9 blocks."""
    target = np.kron(np.random.default_rng(0).integers(0, 5, (10, 10)), np.ones((12, 14), int)).astype(np.uint8)
    return np.stack([50 * target, 255 - 50 * target, 0 * target], 2).astype(np.uint8), target


def test_without_changes_it_is_a_crop() -> None:
    pixels, target = sample()
    view, labels = random_view(pixels, target, PLAIN, np.random.default_rng(1))
    assert view.shape == (60, 80, 3) and view.dtype == np.float32 and labels.shape == (60, 80) and labels.dtype == np.uint8
    found = [(y, x) for y in range(61) for x in range(61) if np.array_equal(target[y:y + 60, x:x + 80], labels)]
    assert found


@pytest.mark.parametrize("changes", [{}, {"scale_min": 0.5, "scale_max": 2.0}, {"rotate": 30.0}, {"flip": True},
                                     {"scale_min": 3.0, "scale_max": 3.0, "rotate": 180.0, "flip": True}])
def test_labels_follow_the_photo(changes: dict[str, float]) -> None:
    pixels, target = sample()
    for seed in range(5):
        view, labels = random_view(pixels, target, replace(PLAIN, **changes), np.random.default_rng(seed))
        seen = np.rint(view[..., 0] * 255 / 50)
        pure = np.abs(view[..., 0] * 255 / 50 - seen) < 0.02     # away from the blended edges
        inside = pure & (labels != 255)
        assert inside.mean() > 0.2
        assert (seen[inside] == labels[inside]).mean() > 0.97


def test_half_a_pixel_matters() -> None:
    """Enlarged twice, the edge of a column of labels lies where the photo's edge lies."""
    target = np.zeros((60, 80), np.uint8)
    target[:, 40:] = 1
    pixels = np.repeat((target * 200)[..., None], 3, 2)
    view, labels = random_view(pixels, target, replace(PLAIN, scale_min=2, scale_max=2), np.random.default_rng(0))
    row = view[30, :, 0] * 255 / 200
    edge = int(np.argmax(labels[30]))
    assert labels[30].any() and row[edge] > 0.5 > row[edge - 1]


def test_beyond_the_photo_is_void() -> None:
    pixels, target = sample()
    _, labels = random_view(pixels, target, replace(PLAIN, scale_min=0.25, scale_max=0.25), np.random.default_rng(0))
    assert (labels[0] == 255).all() and (labels[:, 0] == 255).all()
    assert (labels != 255).sum() == pytest.approx(30 * 35, rel=0.1)


def test_flips_half_of_the_time() -> None:
    pixels, target = sample()
    pixels, target = pixels[:60, :80], target[:60, :80]
    flipped = [np.array_equal(random_view(pixels, target, replace(PLAIN, flip=True), np.random.default_rng(seed))[1],
                              target[:, ::-1]) for seed in range(60)]
    assert 15 < sum(flipped) < 45


def test_colours_stay_colours() -> None:
    view = np.random.default_rng(0).random((20, 20, 3)).astype(np.float32)
    for seed in range(20):
        changed = change_colours(view, 1.0, np.random.default_rng(seed))
        assert changed.dtype == np.float32 and changed.min() >= 0 and changed.max() <= 1
    assert change_colours(view, 0.0, np.random.default_rng(0)) is view
    assert np.abs(change_colours(view, 0.3, np.random.default_rng(0)) - view).mean() > 0.01
