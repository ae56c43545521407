"""The picture in the export dialog: what every pixel of the open image will be, with a legend."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.dialogs.form import heading, muted
from app.widgets.picture import Picture
from app.widgets.status_bar import Swatch
from segcore.types import VOID, Annotation

if TYPE_CHECKING:
    from segcore.formats import Format
    from segcore.project import Project

LONGEST = 900


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the legend: what it is in the project, the colour it gets, its share of the image in 0..1."""

    name: str
    color: tuple[int, int, int]
    share: float


@dataclass(frozen=True, slots=True)
class Look:
    """A preview, `pixels` uint8 (H, W, 3) RGB, and its legend."""

    pixels: NDArray[np.uint8]
    rows: tuple[Row, ...]


def look(made: Format, project: Project, annotation: Annotation) -> Look:
    """Compute the preview of an annotation, on every n-th pixel if it is large; runs in a thread."""
    step = max(1, -(-max(annotation.shape) // LONGEST))
    small = Annotation((0, 0), annotation.regions)
    small.region_map = np.ascontiguousarray(annotation.region_map[::step, ::step])
    pixels = made.preview(project, small)
    classes = small.class_map(VOID)
    unlabelled = ~np.isin(small.region_map, list(small.regions))
    rows = [_row("unlabelled", unlabelled, pixels)] if unlabelled.any() else []
    names = {c.id: c.name for c in project.classes}
    for class_id in np.unique(classes[~unlabelled]):
        where = (classes == class_id) & ~unlabelled
        rows.append(_row(f"{names.get(int(class_id), 'class')} ({class_id})", where, pixels))
    return Look(pixels, tuple(rows))


def _row(name: str, where: NDArray[np.bool_], pixels: NDArray[np.uint8]) -> Row:
    """The colour that most pixels of `where` got; a void border may have taken some of them."""
    values, counts = np.unique(pixels[where], axis=0, return_counts=True)
    r, g, b = (int(v) for v in values[counts.argmax()])
    return Row(f"{name} → {_meaning((r, g, b))}", (r, g, b), float(where.mean()))


def _meaning(color: tuple[int, int, int]) -> str:
    """What an exported colour says, by the palette of PASCAL VOC."""
    from segcore.classes import voc_palette
    same = np.flatnonzero((voc_palette() == np.array(color, np.uint8)).all(axis=1))
    if same.size == 0:
        return "its colour"
    index = int(same[0])
    return {0: "0, background", VOID: "255, void"}.get(index, str(index))


class ExportPreview(QWidget):
    """Picture above, legend below."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = Picture("Looking…")
        self._legend = QGridLayout()
        self._legend.setHorizontalSpacing(9)
        self._legend.setVerticalSpacing(4)
        self._legend.setColumnStretch(1, 1)
        inner = QWidget()
        inner.setObjectName("form")
        holder = QVBoxLayout(inner)
        holder.setContentsMargins(0, 0, 0, 0)
        holder.addLayout(self._legend)
        holder.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setWidget(inner)
        scroll.setMaximumHeight(150)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(heading("What each pixel will be"))
        layout.addWidget(self.picture, 1)
        layout.addWidget(scroll)

    def say(self, text: str) -> None:
        """No picture, but a reason."""
        self.picture.set_text(text)
        self._clear()

    def show_look(self, found: Look) -> None:
        """Show a preview and its legend."""
        self.picture.set_pixels(found.pixels)
        self._clear()
        for number, row in enumerate(found.rows):
            swatch = Swatch(self, 14)
            swatch.set_color(row.color)
            self._legend.addWidget(swatch, number, 0)
            self._legend.addWidget(QLabel(row.name), number, 1)
            self._legend.addWidget(muted(f"{row.share:.1%}"), number, 2)

    def _clear(self) -> None:
        while (item := self._legend.takeAt(0)) is not None:
            item.widget().deleteLater()
