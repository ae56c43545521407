"""Data-set formats, one file each: `export(project, folder)` and `load(folder, project)`, both generators of Progress."""
from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segcore.registry import Plugin, Registry
from segcore.types import Annotation, Progress

if TYPE_CHECKING:
    from segcore.project import Project


@dataclass(slots=True)
class Report:
    """What an export or import did. `read` = `converted` + `skipped`, always."""

    images: int = 0
    regions: int = 0
    pixels_per_class: dict[str, int] = field(default_factory=dict)
    read: int = 0
    converted: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    """(file name, reason) of everything that was left out."""
    warnings: list[str] = field(default_factory=list)
    folder: Path | None = None


class Format(Plugin):
    """One way to write and read a data set."""

    def check(self, project: Project) -> None:
        """Raise FormatError before anything is written if the project cannot be held by this format."""

    def preview(self, project: Project, annotation: Annotation) -> NDArray[np.uint8]:
        """uint8 (H, W, 3) RGB: what each pixel of an annotation will be in the exported mask."""
        raise NotImplementedError

    def export(self, project: Project, folder: Path) -> Generator[Progress, None, Report]:
        """Write to `<folder>.partial`, rename at the end; closing the generator early leaves no folder."""
        raise NotImplementedError

    def load(self, folder: Path, project: Project) -> Generator[Progress, None, Report]:
        """Import into `project`: match images by name, add those it lacks."""
        raise NotImplementedError


FORMATS: Registry[Format] = Registry(__name__)
