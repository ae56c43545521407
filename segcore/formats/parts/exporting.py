"""The frame of every export: which images, the work on each in parallel, the counts, and photos as JPEG."""
from __future__ import annotations

import random
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segcore import safe_io
from segcore.annotation_io import peek_meta, read_meta
from segcore.errors import FormatError, ProjectError, SegcoreError, StorageError
from segcore.formats import Report
from segcore.formats.parts.names import stem, unique_names
from segcore.formats.parts.pool import in_order
from segcore.image_io import ImageInfo, read_image
from segcore.project import ImageEntry, Project
from segcore.types import VOID, Progress, Region

HEAD = 1 << 16
"""Bytes at the start of an annotation that nearly always hold its region table."""


@dataclass(frozen=True, slots=True)
class Task:
    """One image to export, under a name that is unique and safe in the data set."""

    entry: ImageEntry
    name: str


@dataclass(frozen=True, slots=True)
class Written:
    """What was written for one image: number of regions, and pixels per index, int64 (256,)."""

    regions: int
    pixels: NDArray[np.int64]


def tasks_of(project: Project, which: str) -> list[Task]:
    """The images to export: every “labelled” one, or only those marked “done”; raises FormatError when there are none."""
    entries = [e for e in project.images if project.has_annotation(e) and (which != "done" or e.state == "done")]
    if not entries:
        what = "marked as done" if which == "done" else "labelled"
        raise FormatError(f"No image of the project is {what}, so there is nothing to export.", "Label an image first.")
    return [Task(e, n) for e, n in zip(entries, unique_names(stem(e.name) for e in entries), strict=True)]


def stored_regions(project: Project, entry: ImageEntry) -> tuple[Region, ...]:
    """The regions of an image's stored annotation without its pixels; none when the file is damaged."""
    try:
        with open(project.annotation_path(entry), "rb") as file:
            head = file.read(HEAD)
            meta = peek_meta(head) or read_meta(head + file.read())
    except (OSError, ProjectError):
        return ()
    return meta.regions


def check_indices(project: Project, tasks: Sequence[Task]) -> None:
    """Raise FormatError for classes that an 8-bit mask cannot hold, and for regions of classes that the project lacks."""
    for c in project.classes:
        if not 0 <= c.id < VOID:
            raise FormatError(f"The class “{c.name}” has the number {c.id}, but 8-bit masks hold only 0 to 254.",
                              "Give it a smaller number.")
    known = {c.id for c in project.classes} | {VOID}
    for task in tasks:
        strangers = {r.class_id for r in stored_regions(project, task.entry)} - known
        if strangers:
            raise FormatError(f"“{safe_io.show(task.entry.name)}” has a region of class number {min(strangers)}, which the "
                              "project does not have.", "Give the region another class.")


def run_tasks(project: Project, tasks: Sequence[Task], write: Callable[[Task], Written],
              report: Report) -> Generator[Progress, None, list[Task]]:
    """Write each image, count it in `report`, yield Progress; returns the tasks that were written.

    Images that cannot be exported are skipped with their reason; a storage error ends the export.
    """
    names = {c.id: c.name for c in project.classes} | {VOID: "void"}
    pixels = np.zeros(256, np.int64)
    done: list[Task] = []
    report.read = len(tasks)
    with closing(in_order(write, tasks)) as results:
        for number, (task, result) in enumerate(results, 1):
            if isinstance(result, SegcoreError):
                report.skipped.append((safe_io.show(task.entry.name), str(result)))
            else:
                done.append(task)
                report.regions += result.regions
                pixels += result.pixels
            yield Progress(number, len(tasks), safe_io.show(task.entry.name))
    report.converted = report.images = len(done)
    report.pixels_per_class = {names.get(int(k), str(k)): int(pixels[k]) for k in np.flatnonzero(pixels)}
    if not done:
        raise FormatError(f"None of the {len(tasks)} images could be exported. The first: {report.skipped[0][1]}")
    return done


def split_of(tasks: Sequence[Task], mode: str, val_share: float, seed: int) -> dict[str, list[Task]]:
    """Tasks by split: the project's for those that have one (unless `mode` is “random”), a seeded share of the rest is val."""
    splits: dict[str, list[Task]] = {"train": [], "val": [], "test": []}
    rest: list[Task] = []
    for task in tasks:
        (splits[task.entry.split] if mode == "project" and task.entry.split in splits else rest).append(task)
    shuffled = sorted(rest, key=lambda t: t.name)
    random.Random(seed).shuffle(shuffled)
    val = {t.name for t in shuffled[:round(len(rest) * val_share)]}
    for task in rest:
        splits["val" if task.name in val else "train"].append(task)
    return {name: sorted(members, key=lambda t: t.name) for name, members in splits.items()}


def photo_jpeg(path: Path, info: ImageInfo, quality: int) -> bytes:
    """The photo as upright JPEG: the very bytes of the file when they are that already, otherwise re-encoded."""
    if info.format == "JPEG" and info.orientation in (0, 1) and info.mode in ("RGB", "L"):
        return path.read_bytes()
    import cv2
    pixels = read_image(path).pixels
    ok, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise FormatError("The photo cannot be written as JPEG.")
    return data.tobytes()


def read_back(same: bool, path: Path) -> None:
    """Raise StorageError unless a file that was just written reads back as what it should be."""
    if not same:
        raise StorageError(f"“{safe_io.show(path)}” reads back differently from what was written.", "Check the drive.")
