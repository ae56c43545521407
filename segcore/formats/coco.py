"""COCO: one JSON file with polygons or run lengths for every region, and the photos beside it."""
from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcore import safe_io
from segcore.errors import FormatError
from segcore.formats import FORMATS, Format, Report
from segcore.formats.parts import class_list, coco_file, exporting
from segcore.formats.parts.exporting import Task, Written, read_back
from segcore.formats.parts.importing import Source, run_import
from segcore.formats.parts.names import NAMES_FILE, names_to_json, read_names
from segcore.formats.parts.options import Options, only
from segcore.image_io import probe
from segcore.params import param
from segcore.project import Project
from segcore.types import VOID, Annotation, Progress, Region

ANNOTATIONS, IMAGES = "annotations.json", "images"


@FORMATS.add
class Coco(Format):
    """COCO: one JSON file for object detection and instance segmentation, with any number of objects and with holes.

    Category numbers are the class numbers. Void regions and unlabelled pixels are not in the file.
    """

    name = "coco"
    title = "COCO (JSON)"
    order = 30

    @dataclass
    class Params(Options):
        shape: str = only("export", param(
            "auto", choices=("auto", "rle", "polygons"), label="Shapes",
            help="auto: exact polygons, and run lengths for regions with holes. rle: run lengths for all. polygons: for "
                 "programs that know nothing else; holes are filled"))
        tolerance: float = only("export", param(
            0.0, min=0, max=100, step=0.5, unit="px", label="Simplify polygons", help="0 keeps every pixel"))
        quality: int = only("export", param(
            95, min=50, max=100, label="JPEG quality",
            help="Of photos that are not upright JPEG files already; those are copied byte for byte"))

    def check(self, project: Project) -> None:
        """Raise FormatError when nothing is labelled, or for a region of a class that the project lacks."""
        exporting.check_indices(project, exporting.tasks_of(project, self.params.which))

    def preview(self, project: Project, annotation: Annotation) -> NDArray[np.uint8]:
        """uint8 (H, W, 3): classes in the project's colours; what is not exported is black."""
        colors = np.zeros((256, 3), np.uint8)
        for c in project.classes:
            colors[c.id] = c.color
        result: NDArray[np.uint8] = colors[annotation.class_map(VOID)]
        return result

    def export(self, project: Project, folder: Path) -> Generator[Progress, None, Report]:
        """Write annotations.json and images/; see `Format.export`. Shapes are drawn again and compared."""
        self.check(project)
        report = Report(folder=Path(folder))
        made: dict[str, coco_file.Picture] = {}
        with safe_io.partial_folder(folder) as root:
            def write(task: Task) -> Written:
                path = project.image_path(task.entry)
                info = probe(path)
                annotation = project.read_annotation(task.entry, (info.height, info.width))
                safe_io.put(root / IMAGES / f"{task.name}.jpg", exporting.photo_jpeg(path, info, self.params.quality))
                regions = coco_file.write_regions(annotation, self.params.shape, self.params.tolerance)
                made[task.name] = coco_file.Picture(f"{task.name}.jpg", info.width, info.height, regions)
                return Written(len(regions), np.bincount(annotation.class_map(VOID).ravel(), minlength=256))

            done = yield from exporting.run_tasks(project, exporting.tasks_of(project, self.params.which), write, report)
            content = coco_file.to_json([made[task.name] for task in done], project.classes)
            data = json.dumps(content, separators=(",", ":")).encode("ascii")
            safe_io.put(root / ANNOTATIONS, data)
            read_back(json.loads((root / ANNOTATIONS).read_bytes()) == content, root / ANNOTATIONS)
            safe_io.put(root / NAMES_FILE, names_to_json({task.name: task.entry.name for task in done}))
        void = report.pixels_per_class.pop("void", 0)
        if void:
            report.warnings.append(f"{void:,} void and unlabelled pixels are not in the file.")
        return report

    def load(self, folder: Path, project: Project) -> Generator[Progress, None, Report]:
        """Import a COCO file, or the first one in a folder or its `annotations`; see `Format.load`.

        Where shapes overlap the smaller one wins. Shapes that cannot be used are left out and reported.
        """
        path, content = coco_file.find(Path(folder))
        root = path.parent.parent if path.parent.name == "annotations" else path.parent
        listed = class_list.ClassList(coco_file.category_names(content), np.zeros((256, 3), np.uint8))
        table, added, notices = class_list.match_classes(project, listed)
        if added:
            project.set_classes([*project.classes, *added])
        items, lost = coco_file.by_image(content)
        report = Report(warnings=[*notices, *lost], folder=root)
        names = read_names(root)
        sources = [Source(key, coco_file.photo(root, key), names.get(Path(key).stem, ""), "") for key in items]

        def convert(source: Source, shape: tuple[int, int]) -> tuple[Annotation, list[str]]:
            return _annotation(items[source.key], shape, table)

        yield from run_import(project, sources, convert, report, existing=self.params.existing, copy=self.params.copy)
        return report


def _annotation(items: Sequence[Mapping[str, Any]], shape: tuple[int, int],
                table: NDArray[np.int16]) -> tuple[Annotation, list[str]]:
    """Draw the shapes of one image, the largest first so that the small ones stay visible."""
    if not items:
        raise FormatError("It has no annotations.")
    shapes, warnings = [], []
    for number, item in enumerate(items, 1):
        try:
            category = item.get("category_id")
            if not isinstance(category, int) or not 0 <= category < VOID or table[category] < 0:
                raise FormatError("Its category is not in the list.")
            shapes.append((coco_file.draw(item.get("segmentation"), shape), int(table[category])))
        except FormatError as error:
            warnings.append(f"Annotation {number}: {error.message}")
    if not shapes:
        raise FormatError(f"None of its annotations can be used. {warnings[0]}")
    result = Annotation(shape, {k: Region(k, class_id, source="import") for k, (_, class_id) in enumerate(shapes, 1)})
    areas = [int(mask.sum()) for mask, _ in shapes]
    for k in sorted(range(len(shapes)), key=lambda k: -areas[k]):
        result.region_map[shapes[k][0]] = k + 1
    overlap = sum(areas) - int(np.count_nonzero(result.region_map))
    if overlap:
        warnings.append(f"{overlap:,} pixels belong to several annotations; the smallest one has them.")
    present = set(np.unique(result.region_map).tolist())
    result.regions = {k: r for k, r in result.regions.items() if k in present}
    return result, warnings
