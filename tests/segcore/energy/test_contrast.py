"""Edge weights and β against the formula written out."""
from __future__ import annotations

import numpy as np

from segcore.energy import contrast

RNG = np.random.default_rng(2)


def test_weights_follow_the_formula() -> None:
    pixels = RNG.integers(0, 256, (6, 8, 3), np.uint8)
    weights = contrast.edge_weights(pixels, 50.0, 1e-4)
    p = pixels.astype(float)
    for k, (dx, dy) in enumerate(contrast.FORWARD):
        for y, x in np.ndindex(6, 8):
            if 0 <= x + dx < 8 and y + dy < 6:
                expected = 50 / np.hypot(dx, dy) * np.exp(-1e-4 * ((p[y, x] - p[y + dy, x + dx]) ** 2).sum())
                assert abs(weights[k, y, x] - expected) < 1e-3
            else:
                assert weights[k, y, x] == 0


def test_beta_is_half_the_inverse_mean_square() -> None:
    pixels = RNG.integers(0, 256, (9, 9, 3), np.uint8)
    squares = []
    for dx, dy in contrast.FORWARD:
        for y, x in np.ndindex(9, 9):
            if 0 <= x + dx < 9 and y + dy < 9:
                squares.append(((pixels[y, x].astype(float) - pixels[y + dy, x + dx]) ** 2).sum())
    assert np.isclose(contrast.beta(pixels), 1 / (2 * np.mean(squares)), rtol=1e-5)


def test_uniform_images_have_no_contrast() -> None:
    flat = np.full((5, 5, 3), 9, np.uint8)
    assert contrast.beta(flat) == 0 and contrast.beta(flat[:1, :1]) == 0
    assert np.isfinite(contrast.edge_weights(flat, 50.0, 0.0)).all()
