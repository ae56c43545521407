"""Filling holes and removing specks, for one region and for many classes."""
from __future__ import annotations

import numpy as np

from segcore.refiners import REFINERS, as_planes

IMAGE = np.zeros((40, 40, 3), np.uint8)


def ring():
    mask = np.zeros((40, 40), bool)
    mask[5:35, 5:35] = True
    mask[10:30, 10:30] = False
    mask[0, 0] = True
    return mask


def test_holes_of_a_region_are_filled():
    result = REFINERS["fill_holes"]().refine(IMAGE, as_planes(ring())).argmax(axis=0)
    expected = ring()
    expected[10:30, 10:30] = True
    np.testing.assert_array_equal(result, expected)


def test_only_small_holes_when_asked():
    mask = ring()
    mask[7, 7] = False
    result = REFINERS["fill_holes"](max_area=1).refine(IMAGE, as_planes(mask)).argmax(axis=0)
    np.testing.assert_array_equal(result, ring())


def test_many_classes_keep_what_stands_inside():
    labels = np.zeros((100, 100), int)
    labels[20:80, 20:80] = 1
    labels[40:60, 40:60] = 2
    labels[30, 30] = 0
    prob = np.stack([labels == k for k in range(3)]).astype(np.float32)
    result = REFINERS["fill_holes"]().refine(np.zeros((100, 100, 3), np.uint8), prob).argmax(axis=0)
    labels[30, 30] = 1
    np.testing.assert_array_equal(result, labels)


def test_specks_of_a_region_go_but_its_holes_stay():
    mask = ring()
    mask[20, 20] = True
    mask[7, 7] = False
    expected = ring()
    expected[7, 7] = expected[0, 0] = False
    result = REFINERS["remove_specks"](min_area=5).refine(IMAGE, as_planes(mask)).argmax(axis=0)
    np.testing.assert_array_equal(result, expected)


def test_specks_of_many_classes_take_their_neighbours():
    labels = np.zeros((40, 40), int)
    labels[:, 20:] = 2
    expected = labels.copy()
    labels[5, 3], labels[30, 35], labels[10, 30:32] = 1, 0, 1
    prob = np.stack([labels == k for k in range(3)]).astype(np.float32)
    result = REFINERS["remove_specks"](min_area=3).refine(IMAGE, prob).argmax(axis=0)
    np.testing.assert_array_equal(result, expected)


def test_all_specks_are_left_alone():
    prob = np.random.default_rng(0).dirichlet(np.ones(3), (40, 40)).astype(np.float32).transpose(2, 0, 1)
    result = REFINERS["remove_specks"](min_area=10**6).refine(IMAGE, prob)
    np.testing.assert_allclose(result, prob, atol=1e-6)
