"""Work on many images of a project, one after the other: pre-labelling by a network, and refining what is stored.

Hand-made regions are never changed by a network; every written annotation leaves its earlier state as a version.
"""
from __future__ import annotations

import fnmatch
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segcore.errors import ModelError, ProjectError, SegcoreError, StorageError
from segcore.history import Edit
from segcore.image_io import probe
from segcore.probability import label_map
from segcore.project import ImageEntry, Project
from segcore.refiners import Refiner, as_planes
from segcore.safe_io import show
from segcore.types import EVERYTHING, VOID, Annotation, Image, LabelClass, Prediction, Progress

if TYPE_CHECKING:
    from segcore.inference import LoadedModel

BELIEF = 0.8
"""Probability of the stored label when hard labels are refined together; the rest is shared by the others."""
MOST_PLANES = 64


@dataclass(slots=True)
class BatchReport:
    """What was done: `read` = `changed` + `unchanged` + `skipped`; `pixels` counts those whose region or class changed."""

    read: int = 0
    changed: int = 0
    unchanged: int = 0
    pixels: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


Change = Callable[[Image, Annotation], list[str]]
"""Changes an annotation in place; returns sentences for the report."""


def entries_matching(project: Project, pattern: str) -> list[ImageEntry]:
    """Images whose name fits a pattern such as `*.jpg` (empty: all); raises ProjectError when there is none."""
    found = [e for e in project.images if fnmatch.fnmatchcase(e.name, pattern or "*")]
    if not found:
        raise ProjectError(f"No image of the project is called “{pattern}”." if pattern else "The project has no images.")
    return found


def class_table(classes: Iterable[LabelClass], project: Project) -> tuple[dict[int, int], list[str]]:
    """(table, missing): from a network's class numbers to those of the project, by name; names that the project lacks."""
    by_name = {c.name.strip().casefold(): c.id for c in project.classes}
    table = {c.id: by_name[c.name.casefold()] for c in classes if c.name.casefold() in by_name}
    return table, [c.name for c in classes if c.id not in table]


def prelabel(project: Project, entries: Sequence[ImageEntry], model: LoadedModel, *, refiner: Refiner | None = None,
             threshold: float = 0.0, again: bool = False) -> Generator[Progress, None, BatchReport]:
    """Label images with a network, yielding Progress.

    Only unlabelled pixels and regions that a network made are touched; images marked as done are left alone, and so are those
    that this network has labelled, so that a stopped run goes on where it was (`again` does them anew). Raises ModelError when
    the project has none of the network's classes.
    """
    source = f"model:{model.card.name}"
    table, missing = class_table(model.classes, project)
    if not table:
        raise ModelError(f"The project has none of the classes of “{model.card.name}”.",
                         f"Add some of these: {', '.join(missing)}.")

    def change(image: Image, annotation: Annotation) -> list[str]:
        from segcore.inference import predict
        prediction = _last(predict(model, image.pixels))
        labels, notices = _labels(prediction, image.pixels, refiner, threshold)
        _accept(annotation, labels, table, source)
        return notices

    def wanted(annotation: Annotation) -> bool:
        return again or all(r.source != source for r in annotation.regions.values())

    report = BatchReport()
    if missing:
        report.warnings.append(f"Classes of the network that the project lacks stay unlabelled: {', '.join(missing)}.")
    todo = [e for e in entries if e.state != "done"]
    report.skipped = [(show(e.name), "It is marked as done.") for e in entries if e.state == "done"]
    yield from _change_all(project, todo, change, report, wanted)
    return report


def refine_stored(project: Project, entries: Sequence[ImageEntry], refiner: Refiner) -> Generator[Progress, None, BatchReport]:
    """Refine stored annotations, yielding Progress; locked regions stay as they are.

    Refiners of single regions take one at a time and give what they add only from unlabelled pixels. The others weigh all
    regions and the unlabelled rest against each other.
    """
    def change(image: Image, annotation: Annotation) -> list[str]:
        (_refine_each if refiner.per_region else _refine_together)(refiner, image.pixels, annotation)
        return [refiner.notice] if refiner.notice else []

    report = BatchReport()
    yield from _change_all(project, [e for e in entries if project.has_annotation(e)], change, report)
    return report


def _change_all(project: Project, entries: Sequence[ImageEntry], change: Change, report: BatchReport,
                wanted: Callable[[Annotation], bool] = lambda annotation: True) -> Generator[Progress]:
    """Change and store each wanted annotation; what cannot be done is skipped with its reason, a storage error ends it all."""
    report.read = len(entries) + len(report.skipped)
    for number, entry in enumerate(entries):
        name = show(entry.name)
        yield Progress(number, len(entries), name)
        try:
            info = probe(project.image_path(entry))
            annotation = project.read_annotation(entry, (info.height, info.width))
            if not wanted(annotation):
                report.unchanged += 1
                continue
            image = project.read_image(entry)
            before = annotation.copy()
            report.warnings += [f"{name}: {text}" for text in change(image, annotation)]
            pixels = _difference(before, annotation)
            if pixels or annotation.regions != before.regions:
                project.write_annotation(entry, annotation)
                report.changed, report.pixels = report.changed + 1, report.pixels + pixels
            else:
                report.unchanged += 1
        except StorageError:
            raise
        except SegcoreError as error:
            report.skipped.append((name, str(error)))
    project.save()
    yield Progress(len(entries), len(entries), "Done")


def _last(steps: Generator[Progress, None, Prediction]) -> Prediction:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            prediction: Prediction = end.value
            return prediction


def _difference(before: Annotation, after: Annotation) -> int:
    """Pixels that changed their region, or whose region changed its class."""
    classes = before.class_lut() != after.class_lut()
    return int(np.count_nonzero((before.region_map != after.region_map) | classes[after.region_map]))


def _labels(prediction: Prediction, image: NDArray[np.uint8], refiner: Refiner | None,
            threshold: float) -> tuple[NDArray[np.uint8], list[str]]:
    """(labels, notices): uint8 (H, W) plane of every pixel, 255 below the threshold; refined at the probabilities' size."""
    prob, notices = prediction.prob, [prediction.message] if prediction.message else []
    if refiner is not None:
        import cv2
        size = prob.shape[2], prob.shape[1]
        small = image if size == image.shape[1::-1] else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        prob = refiner.refine(np.ascontiguousarray(small, np.uint8), prob)
        notices += [refiner.notice] if refiner.notice else []
    return label_map(prob, (image.shape[0], image.shape[1]), threshold), notices


def _accept(annotation: Annotation, labels: NDArray[np.uint8], table: dict[int, int], source: str) -> None:
    """Put labels into unlabelled pixels and in place of earlier regions of networks, one region per class."""
    with Edit(annotation, "Pre-label") as edit:
        for region in list(annotation.regions.values()):
            if region.source.startswith("model:") and not region.locked:
                edit.remove_region(region.id)
        free = annotation.region_map == 0
        for plane in np.unique(labels[free]):
            if int(plane) in table and plane != VOID:
                number = edit.new_region(table[int(plane)], source)
                edit.paint(EVERYTHING, (labels == plane) & free, number)


def _refine_each(refiner: Refiner, image: NDArray[np.uint8], annotation: Annotation) -> None:
    for region in [r for r in annotation.regions.values() if not r.locked]:
        mask = annotation.region_map == region.id
        if not mask.any():
            continue
        refined = refiner.refine(image, as_planes(mask)).argmax(axis=0) == 1
        with Edit(annotation, refiner.title) as edit:
            edit.paint(EVERYTHING, mask & ~refined, 0)
            edit.paint(EVERYTHING, refined & ~mask, region.id, over={0})


def _refine_together(refiner: Refiner, image: NDArray[np.uint8], annotation: Annotation) -> None:
    present = np.flatnonzero(np.bincount(annotation.region_map.ravel(), minlength=1 << 16))
    ids = [0, *(int(k) for k in present if k)]
    if len(ids) < 2:
        return
    if len(ids) > MOST_PLANES:
        raise ProjectError(f"The image has {len(ids) - 1} regions, and at most {MOST_PLANES - 1} can be refined together.",
                           "Use a refiner of single regions, such as remove_specks.")
    prob = np.full((len(ids), *annotation.shape), (1 - BELIEF) / (len(ids) - 1), np.float32)
    fixed = np.full(annotation.shape, -1, np.int16)
    locked = {number for number in ids if number in annotation.regions and annotation.regions[number].locked}
    for plane, number in enumerate(ids):
        mask = annotation.region_map == number
        prob[plane][mask] = BELIEF
        if number in locked:
            fixed[mask] = plane
    labels = refiner.refine(image, prob, fixed).argmax(axis=0)
    with Edit(annotation, refiner.title) as edit:
        for plane, number in enumerate(ids):
            if number not in locked:            # what it would gain stays whose it was
                edit.paint(EVERYTHING, labels == plane, number)


def add_classes(project: Project, classes: Iterable[LabelClass]) -> list[LabelClass]:
    """Give the project the classes it lacks, by name, under free numbers; returns them."""
    have = {c.name.strip().casefold() for c in project.classes}
    used = {c.id for c in project.classes}
    spare = (k for k in range(VOID) if k not in used)
    added = [replace(c, id=k) for c, k in zip((c for c in classes if c.name.casefold() not in have), spare, strict=False)]
    if added:
        project.set_classes([*project.classes, *added])
    return added
