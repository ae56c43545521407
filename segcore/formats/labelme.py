"""labelme: one JSON file with shapes beside each photo."""
from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segcore import safe_io
from segcore.errors import FormatError
from segcore.formats import FORMATS, Format, Report
from segcore.formats.parts import class_list, exporting, labelme_file
from segcore.formats.parts.exporting import Task, Written, read_back
from segcore.formats.parts.importing import Source, run_import
from segcore.formats.parts.names import NAMES_FILE, names_to_json, read_names
from segcore.formats.parts.options import Options, only
from segcore.image_io import probe
from segcore.params import param
from segcore.project import Project
from segcore.types import VOID, Annotation, Progress


@FORMATS.add
class Labelme(Format):
    """labelme: a JSON file of polygons and masks beside each photo, to go on labelling there or to come from there."""

    name = "labelme"
    title = "labelme (JSON)"
    order = 40

    @dataclass
    class Params(Options):
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
        """Write NAME.jpg and NAME.json for each image; see `Format.export`. Shapes are drawn again and compared."""
        self.check(project)
        report = Report(folder=Path(folder))
        names = {c.id: c.name for c in project.classes}
        with safe_io.partial_folder(folder) as root:
            def write(task: Task) -> Written:
                path = project.image_path(task.entry)
                info = probe(path)
                annotation = project.read_annotation(task.entry, (info.height, info.width))
                safe_io.put(root / f"{task.name}.jpg", exporting.photo_jpeg(path, info, self.params.quality))
                content = labelme_file.to_json(annotation, names, f"{task.name}.jpg", self.params.tolerance)
                target = root / f"{task.name}.json"
                safe_io.put(target, json.dumps(content, indent=1).encode("ascii"))
                drawn = labelme_file.draw(labelme_file.read(target), annotation.shape)
                known = np.isin(annotation.class_map(VOID), list(names))
                read_back(self.params.tolerance > 0 or np.array_equal(drawn.region_map > 0, known), target)
                return Written(len(drawn.labels), np.bincount(annotation.class_map(VOID).ravel(), minlength=256))

            done = yield from exporting.run_tasks(project, exporting.tasks_of(project, self.params.which), write, report)
            safe_io.put(root / class_list.LABELS_FILE, class_list.labels_text(project.classes))
            safe_io.put(root / NAMES_FILE, names_to_json({task.name: task.entry.name for task in done}))
        void = report.pixels_per_class.pop("void", 0)
        if void:
            report.warnings.append(f"{void:,} void and unlabelled pixels are not in the files.")
        return report

    def load(self, folder: Path, project: Project) -> Generator[Progress, None, Report]:
        """Import every labelme file of a folder; see `Format.load`. Later shapes lie on top; lines and points are reported."""
        root = Path(folder)
        files = {p.stem: p for p in sorted(root.glob("*.json")) if p.name != NAMES_FILE}
        if not files:
            raise FormatError(f"There are no labelme files in “{safe_io.show(root)}”.",
                              "They are JSON files beside the photos.")
        listed = _labels(root, files.values())
        table, added, notices = class_list.match_classes(project, listed)
        if added:
            project.set_classes([*project.classes, *added])
        class_of = {name.casefold(): int(table[k]) for k, name in listed.names.items()}
        report, names = Report(warnings=notices, folder=root), read_names(root)

        def convert(source: Source, shape: tuple[int, int]) -> tuple[Annotation, list[str]]:
            drawn = labelme_file.draw(labelme_file.read(files[source.key]), shape)
            if not drawn.labels:
                raise FormatError("It has no shape that covers pixels.")
            return drawn.to_annotation(class_of), drawn.warnings

        sources = [Source(key, labelme_file.photo(path), names.get(key, "")) for key, path in files.items()]
        yield from run_import(project, sources, convert, report, existing=self.params.existing, copy=self.params.copy)
        return report


def _labels(root: Path, files: Iterable[Path]) -> class_list.ClassList:
    """The labels of labels.txt, numbered by their lines, and after them those that only the files use."""
    listed = class_list.read_class_list(root)
    names = dict(listed.names) if listed else {}
    known = {name.casefold() for name in names.values()}
    spare = (k for k in range(VOID) if k not in names and (k or names))
    used = {label for path in files for label in labelme_file.labels_in(path)}
    for label in sorted(used, key=lambda label: (label.casefold(), label)):
        if label.casefold() not in known:
            known.add(label.casefold())
            number = 0 if label == "background" and 0 not in names else next(spare, None)
            if number is None:
                raise FormatError("The files use more than 254 labels.")
            names[number] = label
    return class_list.ClassList(names, np.zeros((256, 3), np.uint8))
