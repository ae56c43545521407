"""Refining labels that are there: a region, a class or the whole image through any refiner, seen before applied. Qt-free."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segcore.errors import PromptError
from segcore.types import Annotation, Box

if TYPE_CHECKING:
    from app.document import Document

MARGIN = 60
"""Pixels around a region that a refiner sees at least, and a quarter of the region's size."""
MOST_BYTES = 600 << 20


@dataclass(frozen=True)
class Labels:
    """What is to be refined: int16 `labels` of `box`, 0 for “none of them” and i + 1 for `class_ids[i]`; `fixed` ones stay.

    `regions` are the ids of regions that may change.
    """

    box: Box
    labels: NDArray[np.int16]
    fixed: NDArray[np.bool_]
    class_ids: tuple[int, ...]
    regions: frozenset[int]

    @property
    def count(self) -> int:
        """How many different labels there are."""
        return len(self.class_ids) + 1


@dataclass(frozen=True)
class Change:
    """What refining would change: uint16 `before` and `after` of `box`, region ids, 0 unlabelled."""

    box: Box
    before: NDArray[np.uint16]
    after: NDArray[np.uint16]

    @property
    def pixels(self) -> int:
        """How many pixels get another region."""
        return int(np.count_nonzero(self.before != self.after))


def labels_of(annotation: Annotation, region_ids: Collection[int], around: bool) -> Labels:
    """The labels of these regions, by class, locked ones left out; raises PromptError when nothing is left.

    With `around` only their surroundings are looked at, and the pixels of all other regions stay; without, the whole image.
    """
    regions = {i: r for i, r in annotation.regions.items() if i in region_ids and not r.locked}
    if not regions:
        raise PromptError("There is no region that may change.", "Select one that is not locked.")
    class_ids = tuple(sorted({r.class_id for r in regions.values()}))
    lut = np.zeros(65536, np.int16)
    for region in regions.values():
        lut[region.id] = class_ids.index(region.class_id) + 1
    box = (slice(0, annotation.shape[0]), slice(0, annotation.shape[1]))
    if around:
        box = _surroundings(lut[annotation.region_map] > 0)
    area = annotation.region_map[box]
    if (len(class_ids) + 1) * area.size * 4 > MOST_BYTES:
        raise PromptError("That is too large to refine at once.", "Refine one class or one region.")
    others = np.ones(65536, np.bool_)
    others[[0, *regions]] = False
    return Labels(box, lut[area], others[area], class_ids, frozenset(regions))


def change_of(annotation: Annotation, asked: Labels, refined: NDArray[np.int16]) -> Change:
    """What becomes of the regions when `asked` is answered with `refined`: a pixel joins the nearest region of its class."""
    before = annotation.region_map[asked.box].copy()
    after = before.copy()
    changed = (refined != asked.labels) & ~asked.fixed
    after[changed & (refined == 0)] = 0
    for index, class_id in enumerate(asked.class_ids, 1):
        gained = changed & (refined == index)
        if gained.any():
            ids = [i for i in asked.regions if annotation.regions[i].class_id == class_id]
            after[gained] = _nearest(before, ids)[gained] if len(ids) > 1 else ids[0]
    return Change(asked.box, before, after)


def apply_change(document: Document, change: Change, title: str) -> None:
    """Make a change as one undo step; emptied regions go. Raises PromptError when the labels are others by now."""
    if not np.array_equal(document.annotation.region_map[change.box], change.before):
        raise PromptError("The labels have changed since.", "Preview it again.")
    changed = change.before != change.after
    with document.edit(title) as edit:
        over = {0} | {r.id for r in edit.regions.values() if not r.locked}
        for region_id in np.unique(change.after[changed]):
            edit.paint(change.box, changed & (change.after == region_id), int(region_id), over=over)
        for region_id in np.unique(change.before[changed]):
            if region_id and not (document.annotation.region_map == region_id).any():
                edit.remove_region(int(region_id))
    if document.active_region not in document.annotation.regions:
        document.select(0)


def _surroundings(mask: NDArray[np.bool_]) -> Box:
    spans = []
    for axis in (1, 0):
        there = np.flatnonzero(mask.any(axis=axis))
        if not there.size:
            raise PromptError("The region has no pixels.", "Paint some first.")
        margin = max(MARGIN, (there[-1] - there[0]) // 4)
        spans.append(slice(max(0, int(there[0] - margin)), min(mask.shape[1 - axis], int(there[-1] + margin + 1))))
    return spans[0], spans[1]


def _nearest(region_map: NDArray[np.uint16], ids: list[int]) -> NDArray[np.uint16]:
    """uint16 (h, w): which of these regions is nearest to each pixel."""
    import cv2
    lut = np.ones(65536, np.uint8)
    lut[ids] = 0
    far = lut[region_map]
    _, seeds = cv2.distanceTransformWithLabels(far, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    of_seed = np.zeros(int(seeds.max()) + 1, np.uint16)
    of_seed[seeds[far == 0]] = region_map[far == 0]
    return of_seed[seeds]
