"""The look of regions: class colours that vary from object to object, outlines that stand out, selection, locks, hiding."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from app.canvas.overlay import Colors, Paint, argb, argb_table
from segcore.types import LabelClass, Region

MODES = ("both", "fill", "outline", "mask", "off")
UNKNOWN = (128, 128, 128)
COMPANION = argb((0, 0, 0), 0.55)
WHITE = argb((255, 255, 255))
MASK_GROUND = argb((24, 24, 26))


class RegionPalette:
    """Tables from region id to colour, kept up to date with a region table by what changed in it."""

    def __init__(self) -> None:
        self.mode, self.opacity, self.width = "both", 0.45, 1
        self.hidden_classes: frozenset[int] = frozenset()
        self.hidden_regions: frozenset[int] = frozenset()
        self._classes: Mapping[int, LabelClass] = {}
        self._known: dict[int, Region] = {}
        self._selected = 0
        self._has_locked = False
        self._fill = np.zeros(65536, np.uint32)
        self._edge = np.zeros(65536, np.uint32)
        self._dash = np.zeros(65536, np.uint32)

    def paint(self) -> Paint:
        """The tables as the overlay uses them."""
        selected = self._known.get(self._selected)
        shown = selected is not None and not self._is_hidden(selected)
        outlined = self.mode != "off" and (self.mode in ("both", "outline") or shown)
        return Paint(self._fill, self._edge if outlined else None, self._dash if self._has_locked else None,
                     self._selected if shown else None, self.width)

    def rebuild(self, regions: Mapping[int, Region], classes: Mapping[int, LabelClass], selected: int) -> None:
        """Make the tables anew, because the classes or the way of showing changed."""
        self._classes, self._known, self._selected, self._has_locked = classes, {}, 0, False
        self._fill[:] = self._edge[:] = self._dash[:] = 0
        if self.mode == "mask":
            self._fill[0] = self._edge[0] = self._dash[0] = MASK_GROUND
        elif self.mode != "fill":
            self._edge[0] = self._dash[0] = COMPANION
        self.update(regions)
        self.select(selected)

    def update(self, regions: Mapping[int, Region]) -> bool:
        """Take over new and changed regions; True if a region that was known looks different now."""
        known = self._known
        news = [r for i, r in regions.items() if known.get(i) is not r]
        changed = any(r.id in known for r in news)
        if news or len(known) != len(regions):
            self._known = dict(regions)
            self._has_locked = any(r.locked for r in regions.values())
            self._color(news)
        return changed

    def knows(self, regions: dict[int, Region]) -> bool:
        """A cheap guess whether `update` has nothing to do: as many regions, and the same newest one."""
        newest = next(reversed(regions), 0)
        return len(regions) == len(self._known) and self._known.get(newest) is regions.get(newest)

    def select(self, region_id: int) -> None:
        """Mark one region as the selected one; 0 for none."""
        before, self._selected = self._selected, region_id
        self._color([self._known[i] for i in (before, region_id) if i in self._known])

    def _is_hidden(self, region: Region) -> bool:
        return region.class_id in self.hidden_classes or region.id in self.hidden_regions

    def _color(self, regions: list[Region]) -> None:
        if not regions:
            return
        ids = np.array([r.id for r in regions])
        colors = region_colors(regions, self._classes)
        selected, locked = ids == self._selected, np.array([r.locked for r in regions])
        opacity = {"outline": 0.0, "off": 0.0, "mask": 1.0}.get(self.mode, self.opacity)
        fill = argb_table(colors, np.where(selected & (0 < opacity < 1), opacity + (1 - opacity) * 0.15, opacity))
        edge = fill if self.mode in ("fill", "mask") else argb_table(line_colors(colors))
        edge = np.where(selected, WHITE, edge).astype(np.uint32)
        dash = np.where(locked & (self.mode in ("both", "outline")), COMPANION, edge).astype(np.uint32)
        hidden = np.array([self._is_hidden(r) for r in regions])
        ground = MASK_GROUND if self.mode == "mask" else 0
        for table, values in ((self._fill, fill), (self._edge, edge), (self._dash, dash)):
            table[ids] = np.where(hidden, ground, values)


def region_colors(regions: list[Region], classes: Mapping[int, LabelClass]) -> NDArray[np.float64]:
    """RGB (N, 3) of regions: the class's colour, for things a little lighter or darker from one object to the next."""
    looks = [classes.get(r.class_id) for r in regions]
    colors = np.array([c.color if c else UNKNOWN for c in looks], np.float64)
    things = np.array([c is None or c.is_thing for c in looks])
    # Multiples of the golden ratio: neighbours in the table are never neighbours in lightness.
    turn = (np.array([r.id - 1 for r in regions]) * 0.6180339887) % 1.0
    shade = np.where(things, (turn + 0.5) % 1.0 - 0.5, 0.0)[:, None]
    lighter, darker = colors + (255 - colors) * 0.8 * shade, colors * (1 + 0.6 * shade)
    return np.where(shade > 0, lighter, darker)


def line_colors(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same hues bright enough for a thin line; black becomes grey."""
    brightest = colors.max(axis=1, keepdims=True)
    bright = np.where(brightest < 1, 170.0, colors * (240.0 / np.maximum(brightest, 1)))
    return np.asarray(bright * 0.88 + 255 * 0.12)


def tables(fill: tuple[int, ...], edge: tuple[int, ...] | None = None, dash: tuple[int, ...] | None = None,
           width: int = 1) -> Paint:
    """A Paint for a plane of few labels, from premultiplied colours in order of the labels."""
    def table(values: tuple[int, ...]) -> Colors:
        return np.array(values, np.uint32)
    return Paint(table(fill), table(edge) if edge else None, table(dash) if dash else None, None, width)
