"""The guided filter against ridge regressions solved window by window."""
from __future__ import annotations

import numpy as np

from segcore.energy.guided import Guide, follow
from segcore.refiners import REFINERS


def scene(height=14, width=17, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), np.uint8)
    return image, rng.dirichlet(np.ones(classes), (height, width)).astype(np.float32).transpose(2, 0, 1).copy()


def by_regression(image, plane, radius, epsilon):
    """He et al., equations 4 to 8, each window a least-squares problem of its own; float64."""
    height, width = plane.shape
    colour = image / 255.0
    models = np.empty((height, width, 4))
    for y in range(height):
        for x in range(width):
            box = slice(max(0, y - radius), y + radius + 1), slice(max(0, x - radius), x + radius + 1)
            c, p = colour[box].reshape(-1, 3), plane[box].ravel()
            rows = np.vstack((np.column_stack((c, np.ones(len(c)))), np.sqrt(epsilon * len(c)) * np.eye(3, 4)))
            models[y, x] = np.linalg.lstsq(rows, np.concatenate((p, np.zeros(3))), rcond=None)[0]
    out = np.empty((height, width))
    for y in range(height):
        for x in range(width):
            mean = models[max(0, y - radius):y + radius + 1, max(0, x - radius):x + radius + 1].reshape(-1, 4).mean(axis=0)
            out[y, x] = colour[y, x] @ mean[:3] + mean[3]
    return out


def test_equals_least_squares_in_every_window():
    image, prob = scene()
    guide = Guide(image, 3, 0.01)
    for plane in prob:
        got = np.empty_like(plane)
        guide.apply(guide.fit(plane), guide.colour, got)
        np.testing.assert_allclose(got, by_regression(image, plane, 3, 0.01), atol=1e-4)


def edge_scene(height=120, width=160):
    """A slanted edge in the photo, and probabilities that know it only roughly."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    truth = x + 0.4 * y > 100
    image = (np.where(truth, 170, 90)[..., None] + rng.normal(0, 4, (height, width, 3))).clip(0, 255).astype(np.uint8)
    soft = 1 / (1 + np.exp(-(x + 0.4 * y - 106) / 6))
    return image, np.stack((1 - soft, soft)).astype(np.float32), truth


def test_edges_move_to_those_of_the_photo():
    image, prob, truth = edge_scene()
    refined = REFINERS["guided_filter"](radius=16).refine(image, prob)
    before, after = ((p.argmax(axis=0) != truth).mean() for p in (prob, refined))
    assert before > 0.03 and after < 0.1 * before


def test_small_planes_follow_the_large_photo():
    image, prob, truth = edge_scene()
    small = prob[:, ::4, ::4].copy()
    refined = follow(image, small, radius=16, epsilon=1e-4)
    assert refined.shape == prob.shape
    assert (refined.argmax(axis=0) != truth).mean() < 0.01
    np.testing.assert_allclose(refined.sum(axis=0), 1, atol=1e-5)


def test_large_photos_are_analysed_smaller_and_say_so():
    image, prob, truth = edge_scene()
    refiner = REFINERS["guided_filter"](radius=16, max_megapixels=0.01)
    refined = refiner.refine(image, prob)
    assert "0.01 megapixels" in refiner.notice
    assert (refined.argmax(axis=0) != truth).mean() < 0.01
    assert refiner.refine(image[:50, :50].copy(), prob[:, :50, :50].copy()).shape == (2, 50, 50) and refiner.notice == ""
