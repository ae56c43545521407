"""Polygons and run lengths give every mask back; pycocotools is the judge of COCO's run lengths."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segcore import contours, masks
from segcore.errors import FormatError

small_masks = arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14)))


@settings(max_examples=300, deadline=None)
@given(small_masks)
def test_polygons_round_trip_exactly(mask):
    polygons = contours.to_polygons(mask)
    np.testing.assert_array_equal(contours.from_polygons(polygons, mask.shape), mask)
    assert len(polygons) == masks.components(mask, connectivity=4)[1]


@settings(deadline=None)
@given(small_masks)
def test_areas_turns_and_corners(mask):
    polygons = contours.to_polygons(mask)
    area = sum(contours.signed_area(p.outer) + sum(contours.signed_area(h) for h in p.holes) for p in polygons)
    assert area == mask.sum()
    for polygon in polygons:
        assert contours.signed_area(polygon.outer) > 0 and all(contours.signed_area(h) < 0 for h in polygon.holes)
        for ring in (polygon.outer, *polygon.holes):
            steps = np.roll(ring, -1, axis=0) - ring
            assert ((steps != 0).sum(axis=1) == 1).all(), "every step is along one axis"
            assert ((steps[:, 0] != 0) != (np.roll(steps, -1, axis=0)[:, 0] != 0)).all(), "no point in the middle of an edge"


def test_holes_belong_to_what_encloses_them():
    mask = np.zeros((30, 30), bool)
    mask[2:28, 2:28] = True
    mask[5:25, 5:25] = False
    mask[8:22, 8:22] = True
    mask[12:14, 12:14] = mask[16:18, 16:18] = False
    outer, inner = contours.to_polygons(mask)
    assert len(outer.holes) == 1 and len(inner.holes) == 2
    assert outer.outer.tolist() == [[2, 2], [28, 2], [28, 28], [2, 28]]


def test_simplified_outlines_stay_near():
    y, x = np.mgrid[:200, :200]
    mask = (x - 100) ** 2 + (y - 100) ** 2 < 80**2
    (exact,), (fewer,) = contours.to_polygons(mask), contours.to_polygons(mask, tolerance=1.0)
    assert len(fewer.outer) < len(exact.outer) / 4
    back = contours.from_polygons([fewer], mask.shape)
    assert (back & mask).sum() / (back | mask).sum() > 0.98


def test_simplifying_never_loses_a_part():
    mask = np.zeros((20, 20), bool)
    mask[3, 3] = mask[10, 4:9] = True
    polygons = contours.to_polygons(mask, tolerance=5)
    assert len(polygons) == 2 and all(len(p.outer) >= 3 for p in polygons)


@settings(max_examples=200, deadline=None)
@given(small_masks)
def test_run_lengths_equal_pycocotools(mask):
    coco = pytest.importorskip("pycocotools.mask", reason="needs pycocotools")
    runs = contours.encode_runs(mask)
    theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert contours.runs_to_text(runs).encode() == theirs["counts"]
    assert contours.text_to_runs(theirs["counts"].decode()) == runs
    np.testing.assert_array_equal(contours.decode_runs(runs, mask.shape), mask)


@given(st.lists(st.integers(0, 1 << 30), max_size=30))
def test_compressed_text_round_trips(runs):
    assert contours.text_to_runs(contours.runs_to_text(runs)) == runs


def test_large_runs_equal_pycocotools():
    coco = pytest.importorskip("pycocotools.mask", reason="needs pycocotools")
    rng = np.random.default_rng(0)
    mask = np.kron(rng.random((20, 30)) < 0.3, np.ones((50, 40), bool))
    theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert contours.runs_to_text(contours.encode_runs(mask)).encode() == theirs["counts"]


@pytest.mark.parametrize("runs", [[3], [10, 2], [5, -1, 6], [4.0, 6], ["10"], [True, 9], []])
def test_bad_run_lengths_are_refused(runs):
    with pytest.raises(FormatError):
        contours.decode_runs(runs, (2, 5))


def test_absurd_sizes_are_refused_before_memory_is_taken():
    with pytest.raises(FormatError, match="too large"):
        contours.decode_runs([40_000_000_000], (200_000, 200_000))


@pytest.mark.parametrize("text", ["\x00", "é", "~", "P", "o" * 200])
def test_bad_text_is_refused(text):
    with pytest.raises(FormatError):
        contours.text_to_runs(text)


def test_empty():
    assert contours.to_polygons(np.zeros((4, 4), bool)) == []
    assert contours.encode_runs(np.zeros((0, 0), bool)) == [] and contours.decode_runs([], (0, 5)).shape == (0, 5)
