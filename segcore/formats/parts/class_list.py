"""The class list of a data set: labels.txt, or CVAT's labelmap.txt, and how it is matched to a project's classes."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segcore.classes import CLASS_SETS, voc_color, voc_palette
from segcore.errors import FormatError
from segcore.project import Project
from segcore.types import VOID, LabelClass

LABELS_FILE = "labels.txt"
LABELMAP_FILE = "labelmap.txt"


@dataclass(frozen=True, slots=True)
class ClassList:
    """`names` by class index, and the uint8 (256, 3) `palette` of coloured masks."""

    names: dict[int, str]
    palette: NDArray[np.uint8]


def labels_text(classes: list[LabelClass]) -> bytes:
    """labels.txt: line k, counted from 0, names class k; numbers that no class has are empty lines."""
    names = {c.id: " ".join(c.name.split()) for c in classes}
    return "".join(names.get(k, "") + "\n" for k in range(max(names, default=-1) + 1)).encode()


def read_class_list(folder: Path) -> ClassList | None:
    """The class list beside a data set, None when there is none; raises FormatError when it cannot be read."""
    for name, parse in ((LABELS_FILE, _labels), (LABELMAP_FILE, _labelmap)):
        path = folder / name
        if path.is_file():
            try:
                return parse(path.read_text("utf-8-sig").split("\n"))
            except (OSError, ValueError):
                raise FormatError(f"The class list {name} cannot be read.", "It should be plain UTF-8 text.") from None
    return None


def _labels(lines: list[str]) -> ClassList:
    return ClassList({k: line.strip() for k, line in enumerate(lines) if line.strip() and k < VOID}, voc_palette())


def _labelmap(lines: list[str]) -> ClassList:
    rows = [line.split(":") for line in lines if line.strip() and not line.startswith("#")][:VOID]
    palette = np.full((256, 3), 255, np.uint8)
    palette[VOID] = voc_palette()[VOID]
    for k, row in enumerate(rows):
        if len(row) > 1 and row[1].strip():
            palette[k] = [int(v) for v in row[1].split(",")]
    return ClassList({k: row[0].strip() for k, row in enumerate(rows)}, palette)


def match_classes(project: Project, listed: ClassList | None) -> tuple[NDArray[np.int16], list[LabelClass], list[str]]:
    """(table, added, notices): table int16 (256,) from a data set's class index to the project's, -1 where there is none.

    A listed class keeps its number when the project calls that number the same, otherwise it goes by name; what the project
    lacks is to be `added`, under its own number when that is free. Without a list, numbers are taken as they are. Void 255
    stays void.
    """
    table = np.full(256, -1, np.int16)
    table[VOID] = VOID
    if listed is None:
        added = [] if project.classes else list(CLASS_SETS["voc"])
        for c in (*project.classes, *added):
            table[c.id] = c.id
        return table, added, [f"There is no class list ({LABELS_FILE}), so the numbers in the masks were taken as they are."]
    added, notices, homeless = [], [], []
    by_name = {c.name.strip().casefold(): c.id for c in project.classes}
    used = {c.id for c in project.classes}
    spare = (k for k in range(VOID) if k not in used and k not in listed.names)
    for index, name in listed.names.items():
        number = by_name.get(name.casefold())
        if number is None:
            number = index if index not in used else next(spare, -1)
            if number < 0:
                homeless.append(name)
                continue
            added.append(_new_class(number, index, name))
            by_name[name.casefold()] = number
            used.add(number)
        table[index] = number
        if number != index:
            notices.append(f"“{name}” has number {index} in the data set and {number} in the project.")
    if homeless:
        notices.append(f"There is no free class number for {len(homeless)} classes, such as “{homeless[0]}”.")
    if added:
        notices.append(f"Added to the classes of the project: {', '.join(c.name for c in added)}.")
    return table, added, notices


def _new_class(number: int, index: int, name: str) -> LabelClass:
    is_background = index == 0 and name.casefold() in ("background", "_background_")
    return LabelClass(number, "background" if is_background else name, voc_color(number), is_thing=not is_background)


def apply_table(values: NDArray[np.integer], table: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Class numbers of the project for a mask of class indices; raises FormatError when the mask has one that is unknown."""
    counts = np.bincount(values.ravel(), minlength=256)
    unknown = [int(k) for k in np.flatnonzero(counts) if k > 255 or table[k] < 0]
    if unknown:
        shown = ", ".join(map(str, unknown[:5])) + ("…" if len(unknown) > 5 else "")
        pixels = int(counts[unknown].sum())
        raise FormatError(f"Its mask holds a class number that the project does not have: {shown} ({pixels:,} pixels).",
                          f"Add the class, or a {LABELS_FILE} beside the data set.")
    return table.astype(np.uint8)[values]
