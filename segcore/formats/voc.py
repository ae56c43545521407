"""PASCAL VOC: photos, palette masks of classes and of objects, boxes in XML, and lists of the splits."""
from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segcore import safe_io
from segcore.classes import voc_palette
from segcore.errors import FormatError, ProjectError
from segcore.formats import FORMATS, Format, Report
from segcore.formats.parts import class_list, exporting, labels, voc_xml
from segcore.formats.parts.exporting import Task, Written, read_back
from segcore.formats.parts.importing import Source, run_import
from segcore.formats.parts.names import NAMES_FILE, names_to_json
from segcore.formats.parts.options import MaskOptions, only
from segcore.formats.parts.voc_tree import BOXES, CLASS_MASKS, IMAGES, LISTS, OBJECT_MASKS, VocTree, find_tree
from segcore.image_io import probe, read_index_mask
from segcore.params import param
from segcore.project import Project
from segcore.types import VOID, Annotation, Progress


@FORMATS.add
class Voc(Format):
    """PASCAL VOC: palette masks of classes and objects, boxes, and split lists, as every segmentation toolkit reads them.

    Index 0 is background, 255 is void. What is imported is exported again with the same indices, 0 and 255 included.
    """

    name = "voc"
    title = "PASCAL VOC"
    order = 10

    @dataclass
    class Params(MaskOptions):
        border: int = only("export", param(
            0, min=0, max=50, unit="px", label="Void border",
            help="Rim of 255 on both sides of every outline; PASCAL's masks have about 2 pixels. Import cannot undo it"))
        split: str = only("export", param(
            "project", choices=("project", "random"), label="Split",
            help="Keep the project's train, val and test and divide only the rest at random, or divide all at random"))
        val_share: float = only("export", param(
            0.2, min=0, max=1, step=0.05, label="Share of val", help="Of the images that are divided at random"))
        seed: int = only("export", param(
            0, min=0, max=2**31 - 1, label="Seed", help="The same seed divides the same images in the same way"))
        quality: int = only("export", param(
            95, min=50, max=100, label="JPEG quality",
            help="Of photos that are not upright JPEG files already; those are copied byte for byte"))

    def check(self, project: Project) -> None:
        """Raise FormatError for no labelled image, a class number beyond 254, an unknown class, or more than 254 objects."""
        tasks = exporting.tasks_of(project, self.params.which)
        exporting.check_indices(project, tasks)
        for task in tasks:
            if len(exporting.stored_regions(project, task.entry)) > labels.MOST_OBJECTS:
                with contextlib.suppress(ProjectError):
                    self._masks(project, project.read_annotation(task.entry), safe_io.show(task.entry.name))

    def preview(self, project: Project, annotation: Annotation) -> NDArray[np.uint8]:
        """uint8 (H, W, 3): the class mask in the colours it will have."""
        result: NDArray[np.uint8] = voc_palette()[self._masks(project, annotation, "This image")[0]]
        return result

    def export(self, project: Project, folder: Path) -> Generator[Progress, None, Report]:
        """Write the data set; see `Format.export`. Every file is read back and compared."""
        self.check(project)
        report = Report(folder=Path(folder))
        tasks = exporting.tasks_of(project, self.params.which)
        with safe_io.partial_folder(folder) as root:
            done = yield from exporting.run_tasks(project, tasks, lambda task: self._write(project, root, task), report)
            yield Progress(len(tasks), len(tasks), "Writing and checking the lists")
            self._write_lists(project, root, done)
        return report

    def _masks(self, project: Project, annotation: Annotation, name: str) -> tuple[labels.IndexMap, labels.Objects]:
        unlabelled = labels.index_of_unlabelled(project.classes, annotation, self.params.unlabelled)
        try:
            objects = labels.object_map(annotation, project.classes, unlabelled)
        except FormatError as error:
            raise FormatError(f"{name}: {error.message}", error.hint) from None
        classes = annotation.class_map(unlabelled)
        rim = labels.void_border(objects.index, self.params.border)
        if rim.any():
            classes[rim] = objects.index[rim] = VOID
        return classes, objects

    def _write(self, project: Project, root: Path, task: Task) -> Written:
        path = project.image_path(task.entry)
        info = probe(path)
        annotation = project.read_annotation(task.entry, (info.height, info.width))
        classes, objects = self._masks(project, annotation, "The image")
        photo = exporting.photo_jpeg(path, info, self.params.quality)
        safe_io.put(root / IMAGES / f"{task.name}.jpg", photo)
        for mask, kind in ((classes, CLASS_MASKS), (objects.index, OBJECT_MASKS)):
            target = root / kind / f"{task.name}.png"
            safe_io.put(target, labels.mask_png(mask))
            read_back(np.array_equal(read_index_mask(target), mask), target)
        boxes = _boxes(project, objects)
        file = voc_xml.VocFile(f"{task.name}.jpg", (info.height, info.width), boxes)
        target = root / BOXES / f"{task.name}.xml"
        safe_io.put(target, voc_xml.write_xml(file, folder=IMAGES, depth=1 if info.mode == "L" else 3))
        read_back(voc_xml.read_xml(target) == file, target)
        return Written(len(objects.class_ids), np.bincount(classes.ravel(), minlength=256))

    def _write_lists(self, project: Project, root: Path, done: Sequence[Task]) -> None:
        splits = exporting.split_of(done, self.params.split, self.params.val_share, self.params.seed)
        names = {split: [task.name for task in tasks] for split, tasks in splits.items() if tasks or split != "test"}
        for split, listed in {**names, "trainval": sorted(names["train"] + names["val"])}.items():
            safe_io.put(root / LISTS / f"{split}.txt", "".join(f"{name}\n" for name in listed).encode())
        safe_io.put(root / class_list.LABELS_FILE, class_list.labels_text(project.classes))
        safe_io.put(root / NAMES_FILE, names_to_json({task.name: task.entry.name for task in done}))
        tree = find_tree(root)
        read_back({k: v for k, v in names.items() if v} == {k: v for k, v in tree.lists.items() if v}, root / LISTS)
        expected = {task.name for task in done}
        read_back(all(set(files) == expected for files in (tree.images, tree.class_masks, tree.object_masks, tree.boxes)), root)

    def load(self, folder: Path, project: Project) -> Generator[Progress, None, Report]:
        """Import a VOC data set; see `Format.load`. Raises FormatError when `folder` holds none."""
        tree = find_tree(Path(folder))
        listed = class_list.read_class_list(tree.root)
        table, added, notices = class_list.match_classes(project, listed)
        if added:
            project.set_classes([*project.classes, *added])
        things = frozenset(c.id for c in project.classes if c.is_thing)
        reader = _Reader(tree, table, voc_palette() if listed is None else listed.palette,
                         background=labels.background_of(project.classes) is not None,
                         parts=things if self.params.objects == "parts" else frozenset())
        report = Report(warnings=notices, folder=Path(folder))
        yield from run_import(project, tree.sources(), reader.convert, report, existing=self.params.existing,
                              copy=self.params.copy)
        return report


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the annotation of one name of a tree."""

    tree: VocTree
    table: NDArray[np.int16]
    palette: NDArray[np.uint8]
    background: bool
    parts: frozenset[int]

    def convert(self, source: Source, shape: tuple[int, int]) -> tuple[Annotation, list[str]]:
        """See `importing.Convert`; raises FormatError or ImageError for what cannot be used."""
        if source.key not in self.tree.class_masks:
            raise FormatError(f"It has no mask in {CLASS_MASKS}.")
        warnings: list[str] = []
        indices = labels.read_indices(self.tree.class_masks[source.key], shape, self.palette, warnings)
        classes = class_list.apply_table(indices, self.table)
        objects = None
        if source.key in self.tree.object_masks:
            objects = labels.read_indices(self.tree.object_masks[source.key], shape, voc_palette(), warnings)
            if objects.max(initial=0) > VOID:
                raise FormatError("Its object mask has numbers above 255.")
        self._check_boxes(source.key, shape, warnings)
        return labels.to_annotation(classes, objects, background=self.background, parts=self.parts), warnings

    def _check_boxes(self, key: str, shape: tuple[int, int], warnings: list[str]) -> None:
        if key not in self.tree.boxes:
            return
        try:
            file = voc_xml.read_xml(self.tree.boxes[key])
        except FormatError as error:
            warnings.append(f"{error.message} The masks were imported all the same.")
            return
        if file.shape not in (None, shape):
            warnings.append(f"The XML file says {file.shape[1]}×{file.shape[0]} pixels, the image has {shape[1]}×{shape[0]}.")


def _boxes(project: Project, objects: labels.Objects) -> tuple[voc_xml.VocBox, ...]:
    """Boxes of the objects whose class is countable; background and the like have none."""
    names = {c.id: voc_xml.clean_text(" ".join(c.name.split())) for c in project.classes if c.is_thing}
    return tuple(voc_xml.VocBox(names[class_id], box) for class_id, box in zip(objects.class_ids, objects.boxes(), strict=True)
                 if box is not None and class_id in names)
