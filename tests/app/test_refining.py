"""Refining labels: which ones are asked for, whom changed pixels go to, and that it is one exact undo step."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.refining import apply_change, change_of, labels_of
from segcore.errors import PromptError
from segcore.history import Edit, History
from segcore.types import Annotation, Region


def two_cars_and_a_road() -> Annotation:
    annotation = Annotation((40, 60), {1: Region(1, 7), 2: Region(2, 7), 3: Region(3, 4), 4: Region(4, 9, locked=True)})
    annotation.region_map[5:15, 5:15] = 1
    annotation.region_map[5:15, 40:50] = 2
    annotation.region_map[20:30] = 3
    annotation.region_map[35:] = 4
    return annotation


class FakeDocument:
    """What applying needs of a document, without Qt."""

    def __init__(self, annotation: Annotation) -> None:
        self.annotation, self.history, self.active_region = annotation, History(), 1

    def edit(self, title: str) -> Edit:
        return Edit(self.annotation, title, on_commit=self.history.push)

    def select(self, region_id: int) -> None:
        self.active_region = region_id


def test_one_region_is_asked_for_with_its_surroundings_and_others_stay() -> None:
    annotation = two_cars_and_a_road()
    asked = labels_of(annotation, {1}, around=True)
    assert asked.class_ids == (7,) and asked.regions == {1}
    whole = np.zeros((40, 60), int)
    whole[asked.box] = asked.labels
    assert np.array_equal(whole == 1, annotation.region_map == 1)
    fixed = np.zeros((40, 60), bool)
    fixed[asked.box] = asked.fixed
    assert np.array_equal(fixed, np.isin(annotation.region_map, [2, 3, 4]))


def test_the_whole_image_asks_for_every_class_but_what_is_locked() -> None:
    annotation = two_cars_and_a_road()
    asked = labels_of(annotation, set(annotation.regions), around=False)
    assert asked.class_ids == (4, 7) and asked.count == 3
    expected = np.zeros((40, 60), int)
    expected[annotation.region_map == 3] = 1
    expected[np.isin(annotation.region_map, [1, 2])] = 2
    assert np.array_equal(asked.labels, expected) and np.array_equal(asked.fixed, annotation.region_map == 4)


def test_gained_pixels_go_to_the_nearest_region_of_their_class_and_undo_is_exact() -> None:
    annotation = two_cars_and_a_road()
    before, table = annotation.region_map.copy(), dict(annotation.regions)
    asked = labels_of(annotation, {1, 2, 3}, around=False)
    refined = asked.labels.copy()
    refined[16, :] = 2              # a line of car pixels under both
    refined[20:30] = 0              # no road any more
    refined[36] = 1                 # into the locked region: must not happen
    change = change_of(annotation, asked, refined)
    document: Any = FakeDocument(annotation)
    apply_change(document, change, "Refine")
    x = np.arange(60)
    expected = before.copy()
    expected[20:30] = 0
    nearest = [min((np.hypot(16 - cy, col - cx), i) for i in (1, 2) for cy, cx in np.argwhere(before == i))[1] for col in x]
    expected[16] = nearest
    assert np.array_equal(annotation.region_map, expected)
    assert 3 not in annotation.regions and document.history.titles() == ["Refine"]
    document.history.undo(annotation)
    assert np.array_equal(annotation.region_map, before) and annotation.regions == table


def test_refining_one_region_takes_nothing_from_its_neighbours() -> None:
    annotation = two_cars_and_a_road()
    before = annotation.region_map.copy()
    asked = labels_of(annotation, {1}, around=True)
    document: Any = FakeDocument(annotation)
    apply_change(document, change_of(annotation, asked, np.ones_like(asked.labels)), "Refine")
    assert np.array_equal(annotation.region_map[before > 1], before[before > 1])
    assert (annotation.region_map == 1).sum() == (before <= 1).sum()


def test_a_stale_change_is_refused_and_nothing_happens() -> None:
    annotation = two_cars_and_a_road()
    asked = labels_of(annotation, {1}, around=True)
    change = change_of(annotation, asked, np.ones_like(asked.labels))
    annotation.region_map[6, 6] = 0
    now = annotation.region_map.copy()
    with pytest.raises(PromptError, match="changed since"):
        apply_change(FakeDocument(annotation), change, "Refine")  # type: ignore[arg-type]
    assert np.array_equal(annotation.region_map, now)


def test_the_selected_region_that_vanishes_is_no_longer_selected() -> None:
    annotation = two_cars_and_a_road()
    asked = labels_of(annotation, {1}, around=True)
    document: Any = FakeDocument(annotation)
    apply_change(document, change_of(annotation, asked, np.zeros_like(asked.labels)), "Refine")
    assert document.active_region == 0 and 1 not in annotation.regions


def test_locked_missing_and_empty_regions_are_sentences() -> None:
    annotation = two_cars_and_a_road()
    for ids in ({4}, set(), {99}):
        with pytest.raises(PromptError, match="no region that may change"):
            labels_of(annotation, ids, around=True)
    annotation.regions[5] = Region(5, 1)
    with pytest.raises(PromptError, match="no pixels"):
        labels_of(annotation, {5}, around=True)
