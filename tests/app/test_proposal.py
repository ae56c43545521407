"""Proposals: upsampling, threshold, mapping by name, and accepting, against slow and plain computations."""
from __future__ import annotations

import copy
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.proposal import Picture, Proposal, accept_pieces, drain, parts
from segcore.history import Edit, History, Patch
from segcore.types import Annotation, LabelClass, Region

SKY, CAR, DOG = 3, 7, 8
CLASSES = {SKY: LabelClass(SKY, "Sky", (0, 0, 255), False), CAR: LabelClass(CAR, "vehicle", (255, 0, 0)),
           DOG: LabelClass(DOG, "dog", (0, 255, 0))}


def soft(rng: np.random.Generator, count: int, h: int, w: int, sharpness: float = 3.0) -> np.ndarray:
    e = np.exp(sharpness * rng.normal(size=(count, h, w)))
    return (e / e.sum(axis=0)).astype(np.float16)


def proposal(planes: np.ndarray, shape: tuple[int, int], mapping: dict[int, int | None] | None = None) -> Proposal:
    names, colors = [f"c{i}" for i in range(len(planes))], [(i, 2 * i, 3 * i) for i in range(len(planes))]
    return Proposal(planes, shape, names, colors, "net", mapping or {})


def hard(labels: np.ndarray, count: int) -> np.ndarray:
    """Planes that are certain of `labels`; 0.3 nowhere reaches the threshold where the label is -1."""
    return np.stack([np.where(labels == i, 1.0, 0.0) for i in range(count)]).astype(np.float16)


class FakeDocument:
    """What accepting needs of a document, without Qt."""

    def __init__(self, annotation: Annotation) -> None:
        self.annotation, self.classes, self.history, self.active_region = annotation, CLASSES, History(), 0

    def edit(self, title: str) -> Edit:
        def push(patch: Patch) -> None:
            self.history.push(patch)
        return Edit(self.annotation, title, on_commit=push)

    def select(self, region_id: int) -> None:
        self.active_region = region_id


@given(st.integers(1, 6), st.integers(1, 40), st.integers(1, 40), st.integers(1, 300), st.integers(1, 90), st.integers(0, 9))
def test_the_winner_is_that_of_upsampling_everything(count: int, h: int, w: int, height: int, width: int, seed: int) -> None:
    planes = soft(np.random.default_rng(seed), count, h, w)
    got = proposal(planes, (height, width))
    got.threshold = 0.0
    # Bilinear at pixel centres, written out; float64.
    def axis(n: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        at = np.clip((np.arange(size) + 0.5) * n / size - 0.5, 0, n - 1)
        low = np.floor(at).astype(int)
        return low, np.minimum(low + 1, n - 1), at - low
    y0, y1, fy = axis(h, height)
    x0, x1, fx = axis(w, width)
    p = planes.astype(np.float64)
    tall = p[:, y0] * (1 - fy)[:, None] + p[:, y1] * fy[:, None]
    full = tall[:, :, x0] * (1 - fx) + tall[:, :, x1] * fx
    labels = got.label_map()
    chosen = np.take_along_axis(full, labels[None].astype(int), 0)[0]
    assert (chosen >= full.max(axis=0) - 1e-5).all()
    assert labels.shape == (height, width) and labels.dtype == np.int16
    got.threshold = 0.6
    sure = np.abs(full.max(axis=0) - 0.6) > 0.005
    assert np.array_equal((got.label_map() >= 0)[sure], (full.max(axis=0) > 0.6)[sure])


def test_upsampling_is_opencvs_bilinear() -> None:
    planes = soft(np.random.default_rng(1), 5, 30, 41)
    full = np.stack([cv2.resize(p.astype(np.float32), (333, 257), interpolation=cv2.INTER_LINEAR) for p in planes])
    got = proposal(planes, (257, 333))
    got.threshold = 0.0
    ties = np.sort(full, axis=0)[-1] - np.sort(full, axis=0)[-2] < 1e-4
    assert np.array_equal(got.label_map()[~ties], full.argmax(axis=0)[~ties]) and ties.mean() < 0.01


def test_shares_are_those_of_the_label_map_at_every_threshold() -> None:
    got = proposal(soft(np.random.default_rng(2), 4, 20, 20, 1.0), (70, 90))
    for threshold in (0.0, 0.31, 0.5, 0.9, 1.0):
        got.threshold = threshold
        labels = got.label_map()
        assert np.allclose(got.shares(), [(labels == i).mean() for i in range(4)])


def test_the_refinement_can_be_switched_on_and_off() -> None:
    got = proposal(hard(np.zeros((3, 3), int), 2), (6, 6))
    got.refinement = Picture(hard(np.ones((3, 3), int), 2), (6, 6))
    assert got.label_map().max() == 0
    got.refined = True
    assert got.label_map().min() == 1 and got.shares().tolist() == [0, 1]
    got.refined = False
    assert got.label_map().max() == 0 and got.shares().tolist() == [1, 0]


def test_accepting_makes_one_region_per_stuff_class_and_one_per_thing() -> None:
    labels = np.full((40, 60), 2)
    labels[:10] = 0                                     # sky, in two parts
    labels[5:9, 20:30] = 1
    labels[:, 45] = 1
    labels[30, 3] = 1                                   # a speck
    got = proposal(hard(labels, 3), (40, 60), {0: 3, 1: 7, 2: None})
    document = FakeDocument(Annotation((40, 60)))
    assert got.accept(document, min_area=2) == 3  # type: ignore[arg-type]
    classes = document.annotation.class_map()
    assert np.array_equal(classes == 3, labels == 0)
    assert [r.class_id for r in document.annotation.regions.values()] == [3, 7, 7]
    assert {r.source for r in document.annotation.regions.values()} == {"model:net"}
    expected = (labels == 1)
    expected[30, 3] = False
    assert np.array_equal(classes == 7, expected)
    assert document.history.titles() == ["Accept prediction"]


def made() -> tuple[Annotation, np.ndarray]:
    annotation = Annotation((20, 20), {1: Region(1, 8), 2: Region(2, 8, locked=True), 9: Region(9, 3, source="model:old")})
    annotation.region_map[:6, :6] = 1
    annotation.region_map[10:14] = 2
    annotation.region_map[18:] = 9
    return annotation, annotation.region_map.copy()


@pytest.mark.parametrize("only_unlabelled", [True, False])
def test_accepting_spares_what_it_must_and_undoes_bit_exactly(only_unlabelled: bool) -> None:
    annotation, before = made()
    regions = copy.deepcopy(annotation.regions)
    document = FakeDocument(annotation)
    document.active_region = 1
    got = proposal(hard(np.zeros((20, 20), int), 2), (20, 20), {0: 3})
    got.accept(document, only_unlabelled=only_unlabelled)  # type: ignore[arg-type]
    after, spared = annotation.region_map, np.isin(before, [1, 2] if only_unlabelled else [2])
    assert np.array_equal(after[spared], before[spared])
    assert (after[~spared] == 9).all(), "the region of the earlier acceptance grows"
    assert (1 in annotation.regions) == only_unlabelled and document.active_region == (1 if only_unlabelled else 0)
    document.history.undo(annotation)
    assert np.array_equal(annotation.region_map, before) and annotation.regions == regions


@pytest.mark.parametrize(("locked", "count"), [(False, 1), (True, 2)])
def test_a_stuff_class_keeps_its_one_region_unless_that_is_locked(locked: bool, count: int) -> None:
    annotation = Annotation((10, 10), {4: Region(4, SKY, locked=locked)})
    annotation.region_map[:3] = 4
    document = FakeDocument(annotation)
    proposal(hard(np.zeros((10, 10), int), 1), (10, 10), {0: SKY}).accept(document)  # type: ignore[arg-type]
    assert len(annotation.regions) == count and (annotation.class_map() == SKY).all()
    assert (annotation.region_map[:3] == 4).all() and annotation.regions[4].source == "hand"


def test_hidden_unmapped_and_unknown_classes_are_not_accepted() -> None:
    labels = np.arange(16).reshape(4, 4) // 4
    got = proposal(hard(labels, 4), (4, 4), {0: 3, 1: 7, 2: 99, 3: None})
    got.hidden = {1}
    document = FakeDocument(Annotation((4, 4)))
    got.accept(document, min_area=1)  # type: ignore[arg-type]
    assert document.annotation.class_map().tolist() == [[3] * 4, [255] * 4, [255] * 4, [255] * 4]
    got.hidden = set()
    got.accept(document, planes=[1], min_area=1)  # type: ignore[arg-type]
    assert document.annotation.class_map()[1].tolist() == [7] * 4


def test_two_planes_of_one_class_make_one_object_where_they_touch() -> None:
    labels = np.repeat([[0] * 5 + [1] * 5], 10, axis=0)
    got = proposal(hard(labels, 2), (10, 10), {0: 7, 1: 7})
    document = FakeDocument(Annotation((10, 10)))
    assert got.accept(document) == 1  # type: ignore[arg-type]


def test_planning_changes_nothing() -> None:
    annotation, before = made()
    pieces = drain(proposal(hard(np.zeros((20, 20), int), 2), (20, 20), {0: 3}).plan(annotation, CLASSES))
    assert np.array_equal(annotation.region_map, before) and len(pieces) == 1
    document: Any = FakeDocument(annotation)
    accept_pieces(document, pieces, "model:net")
    assert not np.array_equal(annotation.region_map, before)


def test_what_was_painted_since_planning_is_kept() -> None:
    annotation = Annotation((20, 20), {5: Region(5, DOG)})
    document: Any = FakeDocument(annotation)
    pieces = drain(proposal(hard(np.zeros((20, 20), int), 1), (20, 20), {0: SKY}).plan(annotation, CLASSES))
    annotation.region_map[4:9, 4:9] = 5
    accept_pieces(document, pieces, "model:net")
    assert (annotation.region_map[4:9, 4:9] == 5).all() and (annotation.class_map() == SKY).sum() == 400 - 25


def test_a_thing_that_a_locked_region_covers_leaves_no_empty_region() -> None:
    annotation = Annotation((20, 20), {5: Region(5, DOG, locked=True)})
    annotation.region_map[:8] = 5
    labels = np.full((20, 20), 1)
    labels[2:6, 2:6] = labels[12:16, 2:6] = 0
    got = proposal(hard(labels, 2), (20, 20), {0: CAR})
    assert got.accept(FakeDocument(annotation), only_unlabelled=False, min_area=1) == 1  # type: ignore[arg-type]
    assert sorted(r.class_id for r in annotation.regions.values()) == [CAR, DOG]


@given(st.integers(0, 200), st.integers(1, 12))
def test_parts_cover_what_flood_filling_finds(seed: int, area: int) -> None:
    mask = np.random.default_rng(seed).random((17, 23)) < 0.4
    expected = []
    left = mask.copy()
    for y, x in np.argwhere(mask):
        if left[y, x]:
            stack, part = [(y, x)], np.zeros_like(mask)
            while stack:
                a, b = stack.pop()
                if 0 <= a < 17 and 0 <= b < 23 and left[a, b]:
                    left[a, b], part[a, b] = False, True
                    stack += [(a + i, b + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
            if part.sum() >= area:
                expected.append(part)
    got = []
    for box, inside in parts(mask, area):
        part = np.zeros_like(mask)
        part[box] = inside
        got.append(part)
    assert sorted(p.tobytes() for p in got) == sorted(p.tobytes() for p in expected)


def test_probabilities_that_do_not_fit_their_names_are_refused() -> None:
    with pytest.raises(ValueError):
        Proposal(np.zeros((3, 4, 4), np.float16), (4, 4), ["a", "b"], [(0, 0, 0)] * 2, "net", {})
