"""The frame of every import: find the project's image for each item, convert in parallel, add images and write annotations."""
from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segcore.errors import FormatError, SegcoreError
from segcore.formats import Report
from segcore.formats.parts.names import stem
from segcore.formats.parts.pool import in_order
from segcore.image_io import probe
from segcore.project import ImageEntry, Project
from segcore.project_file import stored_path
from segcore.safe_io import show
from segcore.types import VOID, Annotation, Progress

AT_ONCE = 64
"""Images that are added to the project with one write of its file."""


@dataclass(frozen=True, slots=True)
class Source:
    """One item of a data set: its `key` there, the photo if there is one, the name it may have in the project, its split."""

    key: str
    image: Path | None
    name: str = ""
    split: str = ""


Convert = Callable[[Source, tuple[int, int]], tuple[Annotation, list[str]]]
"""Makes the annotation of a source for a photo of a (height, width), with sentences for the report."""


class Matcher:
    """Finds the image of a project that a source belongs to: by file, by full name, or by name without ending."""

    def __init__(self, project: Project) -> None:
        self._folder = project.folder
        self._by_path = {e.path: e for e in project.images}
        self._by_name = {e.name: e for e in project.images}
        self._by_stem: dict[str, list[ImageEntry]] = {}
        for entry in project.images:
            self._by_stem.setdefault(stem(entry.name).casefold(), []).append(entry)

    def find(self, source: Source) -> ImageEntry | None:
        """The entry, or None when the project has no such image; raises FormatError when several could be meant."""
        if source.image is not None and (entry := self._by_path.get(stored_path(source.image, self._folder))):
            return entry
        for name in (source.name, source.image.name if source.image else ""):
            if name in self._by_name:
                return self._by_name[name]
        candidates = self._by_stem.get(stem(source.name or source.key).casefold(), [])
        if len(candidates) > 1:
            raise FormatError(f"The project has {len(candidates)} images of that name, which differ in their endings.")
        return candidates[0] if candidates else None


@dataclass(frozen=True, slots=True)
class _Converted:
    source: Source
    entry: ImageEntry | None
    annotation: Annotation
    warnings: list[str]


def run_import(project: Project, sources: Sequence[Source], convert: Convert, report: Report, *, existing: str,
               copy: bool) -> Generator[Progress, None, None]:
    """Import every source into the project, yielding Progress; what cannot be imported is skipped with its reason.

    Images that the project lacks are added, in place or as copies. `existing` “keep” skips images that have labels already,
    “replace” writes over them (the old ones stay as earlier versions). Stopping early leaves whole files.
    """
    matcher, store = Matcher(project), _Store(project, report, copy)
    report.read = len(sources)

    def work(source: Source) -> _Converted:
        entry = matcher.find(source)
        if entry is not None and existing == "keep" and project.has_annotation(entry):
            raise FormatError("The image has labels already.", "Choose to replace them if the data set's are better.")
        path = source.image if entry is None else project.image_path(entry)
        if path is None:
            raise FormatError("There is no image for it.")
        info = probe(path)
        return _Converted(source, entry, *convert(source, (info.height, info.width)))

    pending: list[_Converted] = []
    with closing(in_order(work, sources)) as results:
        for number, (source, result) in enumerate(results, 1):
            if isinstance(result, SegcoreError):
                report.skipped.append((show(source.key), str(result)))
            else:
                pending.append(result)
            if len(pending) == AT_ONCE:
                store.write(pending)
                pending.clear()
            yield Progress(number, len(sources), show(source.key))
    store.write(pending)
    store.finish()


class _Store:
    """Writes what was converted into the project and counts it."""

    def __init__(self, project: Project, report: Report, copy: bool) -> None:
        self._project, self._report, self._copy = project, report, copy
        self._added: dict[Path, ImageEntry] = {}
        self._done: set[str] = set()
        self._pixels = np.zeros(256, np.int64)

    def write(self, items: Sequence[_Converted]) -> None:
        """Add the images that are new, then write every annotation and split."""
        new = list(dict.fromkeys(item.source.image for item in items
                                 if item.entry is None and item.source.image not in self._added))
        if new:
            paths = [path for path in new if path is not None]
            self._added.update(zip(paths, self._project.add_images(paths, copy=self._copy), strict=True))
        for item in items:
            assert item.entry is not None or item.source.image is not None
            entry = item.entry or self._added[item.source.image]  # type: ignore[index]
            if entry.name in self._done:
                self._report.skipped.append((show(item.source.key), "Another item of the data set is for the same image."))
                continue
            self._done.add(entry.name)
            self._project.write_annotation(entry, item.annotation)
            if item.source.split:
                self._project.update_entry(entry.name, split=item.source.split)
            self._count(item)
        if items:
            self._project.save()

    def _count(self, item: _Converted) -> None:
        self._report.converted += 1
        self._report.regions += len(item.annotation.regions)
        self._report.warnings += [f"{show(item.source.key)}: {text}" for text in item.warnings]
        self._pixels += np.bincount(item.annotation.class_map().ravel(), minlength=256)

    def finish(self) -> None:
        """Fill the sums of the report."""
        names = {c.id: c.name for c in self._project.classes} | {VOID: "unlabelled"}
        self._report.pixels_per_class = {names.get(int(k), str(k)): int(self._pixels[k]) for k in np.flatnonzero(self._pixels)}
        self._report.images = self._report.converted
