"""Boundaries move onto edges, for one region and for many classes."""
from __future__ import annotations

import numpy as np

from segcore.refiners import REFINERS, as_planes


def scene(height=90, width=120):
    """Three upright stripes of colour, and labels whose borders are some pixels off."""
    x = np.arange(width)[None] + np.zeros((height, 1), int)
    truth, rough = (x > 40) * 1 + (x > 80), (x > 44) * 1 + (x > 77)
    colours = np.array([[200, 60, 60], [60, 190, 70], [50, 70, 200]], np.uint8)
    image = (colours[truth] + np.random.default_rng(0).normal(0, 5, (height, width, 3))).clip(0, 255).astype(np.uint8)
    return image, truth, rough


def test_a_region_s_boundary_moves_onto_the_edge():
    image, truth, rough = scene()
    result = REFINERS["snap"]().refine(image, as_planes(rough == 1)).argmax(axis=0)
    np.testing.assert_array_equal(result, truth == 1)


def test_borders_between_many_classes_move():
    image, truth, rough = scene()
    prob = np.stack([rough == k for k in range(3)]).astype(np.float32)
    np.testing.assert_array_equal(REFINERS["snap"]().refine(image, prob).argmax(axis=0), truth)


def test_it_does_not_reach_farther_than_asked():
    image, truth, rough = scene()
    result = REFINERS["snap"](reach=2).refine(image, as_planes(rough == 1)).argmax(axis=0)
    assert (result != truth)[:, 36:].any() and not (result != (rough == 1))[:, 48:74].any()
