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


def disk(size=60, radius=20, jagged=0.0, seed=0):
    y, x = np.mgrid[:size, :size] - size / 2
    angle = np.arctan2(y, x)
    return np.hypot(y, x) < radius + jagged * np.sign(np.sin(24 * angle))


def test_jagged_boundaries_become_smooth():
    jagged, round_ = disk(jagged=2), disk()
    result = REFINERS["smooth_boundary"](reach=2).refine(np.zeros((60, 60, 3), np.uint8), as_planes(jagged)).argmax(axis=0)
    assert (jagged != round_).sum() > 200 and (result != round_).sum() < 40


def test_straight_edges_stay_and_the_photo_s_edge_is_no_boundary():
    labels = np.zeros((40, 40), int)
    labels[:, 13:] = 1
    labels[:, 29:] = 2
    prob = np.stack([labels == k for k in range(3)]).astype(np.float32)
    result = REFINERS["smooth_boundary"](reach=3).refine(IMAGE, prob).argmax(axis=0)
    np.testing.assert_array_equal(result, labels)


def by_half_planes(mask):
    """Pixels on the inner side of every line through two mask pixels that has all of them on one side; integers only."""
    points = np.argwhere(mask)
    y, x = np.indices(mask.shape)
    inside = np.ones(mask.shape, bool)
    for a in points:
        for b in points:
            d = b - a
            if d.any() and ((points - a) @ (-d[1], d[0]) >= 0).all():
                inside &= (y - a[0]) * -d[1] + (x - a[1]) * d[0] >= 0
                if (((points - a) @ (-d[1], d[0])) == 0).all():
                    along, ours = (y - a[0]) * d[0] + (x - a[1]) * d[1], (points - a) @ d
                    inside &= (along >= ours.min()) & (along <= ours.max())
    return inside if len(points) > 1 else mask


def test_convex_hull_is_exact():
    rng = np.random.default_rng(0)
    for k in range(60):
        mask = np.zeros((9, 11), bool)
        count = int(rng.integers(1, 9))
        mask[rng.integers(0, 9 if k % 3 else 1, count), rng.integers(0, 11 if k % 5 else 1, count)] = True
        image = np.zeros((9, 11, 3), np.uint8)
        result = REFINERS["convex_hull"](each_part=False).refine(image, as_planes(mask)).argmax(axis=0)
        np.testing.assert_array_equal(result, by_half_planes(mask), err_msg=str(mask.astype(int)))


def test_convex_hull_of_each_part():
    mask = np.zeros((40, 40), bool)
    mask[2:12, 2:5] = mask[2:5, 2:12] = mask[20:30, 20:23] = mask[27:30, 20:35] = True
    apart = REFINERS["convex_hull"]().refine(IMAGE, as_planes(mask)).argmax(axis=0)
    expected = np.zeros_like(mask)
    for box in ((slice(0, 15), slice(0, 15)), (slice(15, 40), slice(15, 40))):
        expected[box] = by_half_planes(mask[box])
    np.testing.assert_array_equal(apart, expected)
    together = REFINERS["convex_hull"](each_part=False).refine(IMAGE, as_planes(mask)).argmax(axis=0)
    assert together.sum() > apart.sum()


def test_small_hulls_stay_on_top_of_large_ones():
    labels = np.zeros((40, 40), int)
    labels[5:35, 5:10] = labels[30:35, 5:35] = 1
    labels[10:16, 8:20] = 2
    prob = np.stack([labels == k for k in range(3)]).astype(np.float32)
    result = REFINERS["convex_hull"]().refine(IMAGE, prob).argmax(axis=0)
    assert (result[10:16, 8:20] == 2).all() and (result[5:35, 5:8] == 1).all()
