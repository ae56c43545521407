"""Plain index masks: one PNG per image whose values are class numbers, as Cityscapes, CamVid and most training code use."""
from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segcore import safe_io
from segcore.classes import voc_palette
from segcore.errors import FormatError
from segcore.formats import FORMATS, Format, Report
from segcore.formats.parts import class_list, exporting, labels
from segcore.formats.parts.exporting import Task, Written, read_back
from segcore.formats.parts.importing import Source, run_import
from segcore.formats.parts.names import NAMES_FILE, names_to_json, read_names
from segcore.formats.parts.options import MaskOptions, only
from segcore.image_io import EXTENSIONS, probe, read_index_mask
from segcore.params import param
from segcore.project import Project
from segcore.types import Annotation, Progress

MASKS = "masks"


@FORMATS.add
class IndexPng(Format):
    """Index masks: one 8-bit PNG per image whose values are class numbers; 255 is void. Photos are not written."""

    name = "index_png"
    title = "Index masks (PNG)"
    order = 20

    @dataclass
    class Params(MaskOptions):
        colors: bool = only("export", param(
            True, label="With palette", help="Viewers show classes in colour; the values are the same as without"))

    def check(self, project: Project) -> None:
        """Raise FormatError when nothing is labelled, or for class numbers that a mask cannot hold."""
        exporting.check_indices(project, exporting.tasks_of(project, self.params.which))

    def preview(self, project: Project, annotation: Annotation) -> NDArray[np.uint8]:
        """uint8 (H, W, 3): the mask in VOC's colours."""
        colors: NDArray[np.uint8] = voc_palette()[self._mask(project, annotation)]
        return colors

    def _mask(self, project: Project, annotation: Annotation) -> NDArray[np.uint8]:
        return annotation.class_map(labels.index_of_unlabelled(project.classes, annotation, self.params.unlabelled))

    def export(self, project: Project, folder: Path) -> Generator[Progress, None, Report]:
        """Write masks/NAME.png and labels.txt; see `Format.export`. Every mask is read back and compared."""
        self.check(project)
        report = Report(folder=Path(folder))
        with safe_io.partial_folder(folder) as root:
            def write(task: Task) -> Written:
                info = probe(project.image_path(task.entry))
                annotation = project.read_annotation(task.entry, (info.height, info.width))
                mask = self._mask(project, annotation)
                target = root / MASKS / f"{task.name}.png"
                safe_io.put(target, labels.mask_png(mask, self.params.colors))
                read_back(np.array_equal(read_index_mask(target), mask), target)
                return Written(len(annotation.regions), np.bincount(mask.ravel(), minlength=256))

            done = yield from exporting.run_tasks(project, exporting.tasks_of(project, self.params.which), write, report)
            safe_io.put(root / class_list.LABELS_FILE, class_list.labels_text(project.classes))
            safe_io.put(root / NAMES_FILE, names_to_json({task.name: task.entry.name for task in done}))
        return report

    def load(self, folder: Path, project: Project) -> Generator[Progress, None, Report]:
        """Import a folder of masks, or one with `masks` and perhaps `images` in it; see `Format.load`.

        Photos are those of the project, of `images`, or of the folder beside it that is called the same without “annot” or
        “masks”. Raises FormatError when there are no masks.
        """
        root = Path(folder)
        masks_folder = root / MASKS if (root / MASKS).is_dir() else root
        masks = _files(masks_folder, {".png", ".bmp", ".tif", ".tiff"})
        if not masks:
            raise FormatError(f"There are no masks in “{safe_io.show(masks_folder)}”.", "Masks are PNG, BMP or TIFF files.")
        listed = class_list.read_class_list(root)
        table, added, notices = class_list.match_classes(project, listed)
        if added:
            project.set_classes([*project.classes, *added])
        palette = voc_palette() if listed is None else listed.palette
        background = labels.background_of(project.classes) is not None
        parts = {c.id for c in project.classes if c.is_thing} if self.params.objects == "parts" else set()

        def convert(source: Source, shape: tuple[int, int]) -> tuple[Annotation, list[str]]:
            warnings: list[str] = []
            indices = labels.read_indices(masks[source.key], shape, palette, warnings)
            classes = class_list.apply_table(indices, table)
            return labels.to_annotation(classes, background=background, parts=parts), warnings

        photos, names = _photos(root, masks_folder), read_names(root)
        sources = [Source(key, photos.get(key), names.get(key, "")) for key in masks]
        report = Report(warnings=notices, folder=root)
        yield from run_import(project, sources, convert, report, existing=self.params.existing, copy=self.params.copy)
        return report


def _files(folder: Path, endings: set[str] | frozenset[str]) -> dict[str, Path]:
    try:
        return {p.stem: p for p in sorted(folder.iterdir()) if p.suffix.lower() in endings and not p.name.startswith(".")}
    except OSError:
        return {}


def _photos(root: Path, masks_folder: Path) -> dict[str, Path]:
    beside = [masks_folder.with_name(masks_folder.name.removesuffix(end)) for end in ("annot", "_masks", "masks")
              if masks_folder.name.endswith(end) and masks_folder.name != end]
    for folder in (root / "images", *beside):
        if found := _files(folder, EXTENSIONS):
            return found
    return {}
