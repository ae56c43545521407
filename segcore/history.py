"""Undo and redo of annotation edits: an Edit is one transaction, a Patch one undoable step, a History both stacks.

Only the tiles that an edit touches are copied, so that a brush stroke on a 14-megapixel photo costs what the stroke covers.
"""
from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from segcore.types import Annotation, Box, LabelClass, Region

TILE = 256


@dataclass(frozen=True, slots=True)
class PaintPolicy:
    """Which pixels an edit may take. Locked regions are spared whatever the policy says.

    `only_unlabelled`: painting takes nothing from other regions. `protect_others`: neither painting nor erasing does; with a
    region selected, only that one can be erased.
    """

    protect_others: bool = False
    only_unlabelled: bool = False


@dataclass(frozen=True, slots=True)
class TileChange:
    """The pixels of one changed box before and after, packed."""

    box: Box
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Patch:
    """One undoable step: what to repaint (`box`, None when no pixel changed), packed pixels and the tables around it.

    `classes_before` and `classes_after` are set only by edits of the project's classes.
    """

    title: str
    box: Box | None
    tiles: tuple[TileChange, ...]
    regions_before: dict[int, Region]
    regions_after: dict[int, Region]
    classes_before: tuple[LabelClass, ...] | None = None
    classes_after: tuple[LabelClass, ...] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes this step holds in memory, about."""
        tables = 64 * (len(self.regions_before) + len(self.regions_after))
        return sum(len(t.before) + len(t.after) + 200 for t in self.tiles) + tables

    def inverse(self) -> Patch:
        """The step that takes this one back."""
        tiles = tuple(TileChange(t.box, t.after, t.before) for t in self.tiles)
        return replace(self, tiles=tiles, regions_before=self.regions_after, regions_after=self.regions_before,
                       classes_before=self.classes_after, classes_after=self.classes_before)

    def apply(self, annotation: Annotation) -> None:
        """Bring `annotation` from the state before this step to the state after it."""
        for tile in self.tiles:
            _unpack(tile.after, annotation.region_map[tile.box])
        annotation.regions = dict(self.regions_after)


class History:
    """The undo and redo stacks of one annotation, bounded by memory; the oldest steps are dropped first."""

    def __init__(self, limit_bytes: int = 256 << 20) -> None:
        self._undo: deque[Patch] = deque()
        self._redo: list[Patch] = []
        self._limit = limit_bytes
        self.dropped = 0
        """How many steps the limit has cost so far."""

    @property
    def nbytes(self) -> int:
        return sum(p.nbytes for p in self._undo) + sum(p.nbytes for p in self._redo)

    @property
    def undo_title(self) -> str:
        """What the next undo takes back; empty when there is nothing."""
        return self._undo[-1].title if self._undo else ""

    @property
    def redo_title(self) -> str:
        """What the next redo does again; empty when there is nothing."""
        return self._redo[-1].title if self._redo else ""

    def titles(self) -> list[str]:
        """Titles of the steps that can be taken back, oldest first."""
        return [p.title for p in self._undo]

    def push(self, patch: Patch) -> None:
        """Record a step that was just done; forgets what could have been redone."""
        self._redo.clear()
        self._undo.append(patch)
        total = self.nbytes
        while len(self._undo) > 1 and total > self._limit:
            total -= self._undo.popleft().nbytes
            self.dropped += 1

    def undo(self, annotation: Annotation) -> Patch | None:
        """Take back the last step; returns the patch that was applied to do so, None when there is nothing."""
        if not self._undo:
            return None
        patch = self._undo.pop()
        self._redo.append(patch)
        inverse = patch.inverse()
        inverse.apply(annotation)
        return inverse

    def redo(self, annotation: Annotation) -> Patch | None:
        """Do the last undone step again; returns the patch that was applied, None when there is nothing."""
        if not self._redo:
            return None
        patch = self._redo.pop()
        self._undo.append(patch)
        patch.apply(annotation)
        return patch


class Edit:
    """One transaction on an annotation: leaving the `with` commits one Patch; any exception, Esc included, rolls back."""

    def __init__(self, annotation: Annotation, title: str, *, policy: PaintPolicy = PaintPolicy(), selected: int = 0,
                 on_change: Callable[[Box], None] = lambda box: None,
                 on_commit: Callable[[Patch], None] = lambda patch: None) -> None:
        self._annotation, self._title = annotation, title
        self._policy, self._selected = policy, selected
        self._on_change, self._on_commit = on_change, on_commit
        self._before: dict[tuple[int, int], NDArray[np.uint16]] = {}
        self._regions_before: dict[int, Region] = {}
        self.is_open = False

    def __enter__(self) -> Edit:
        self._regions_before = dict(self._annotation.regions)
        self.is_open = True
        return self

    @property
    def regions(self) -> dict[int, Region]:
        """The region table as it is inside this edit; read only."""
        return self._annotation.regions

    def paint(self, box: Box, mask: NDArray[np.bool_], region_id: int, *, over: set[int] | None = None) -> None:
        """Give the pixels of `mask`, bool of the size of `box`, to a region; id 0 erases.

        Locked regions, and what the paint policy protects, are left alone; `over` limits the change to pixels that now
        belong to one of these ids (0 = unlabelled).
        """
        box = _clip(box, self._annotation.shape)
        area = self._annotation.region_map[box]
        if mask.shape != area.shape:
            raise ValueError(f"mask {mask.shape} does not fit its box {area.shape}")
        if area.size == 0:
            return
        allowed = self._allowed(area, region_id, over)
        if allowed is not None:
            mask = mask & allowed
        self._remember(box)
        np.copyto(area, np.uint16(region_id), where=mask)
        self._on_change(box)

    def new_region(self, class_id: int, source: str = "hand") -> int:
        """Add a region without pixels and return its id."""
        region = Region(self._annotation.free_id(), class_id, source=source)
        self._annotation.regions[region.id] = region
        return region.id

    def set_region(self, region: Region) -> None:
        """Add or replace an entry of the region table: another class, locked or not, another source."""
        self._annotation.regions[region.id] = region
        self._on_change((slice(0, 0), slice(0, 0)))

    def remove_region(self, region_id: int) -> None:
        """Drop a region from the table and unlabel its pixels, whether locked or not."""
        self._annotation.regions.pop(region_id, None)
        for box in self._all_tiles():
            area = self._annotation.region_map[box]
            mask = area == region_id
            if mask.any():
                self._remember(box)
                area[mask] = 0
                self._on_change(box)

    def revert(self) -> None:
        """Put all pixels and regions back as they were at the start, without leaving the edit; for live drags."""
        for (y, x), before in self._before.items():
            box = (slice(y, y + before.shape[0]), slice(x, x + before.shape[1]))
            self._annotation.region_map[box] = before
            self._on_change(box)
        self._before.clear()
        self._annotation.regions.clear()
        self._annotation.regions.update(self._regions_before)

    def __exit__(self, exc_type: type[BaseException] | None, exc: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.is_open = False
        if exc_type is not None:
            self.revert()
            return
        patch = self._as_patch()
        if patch.tiles or patch.regions_before != patch.regions_after:
            self._on_commit(patch)

    def _allowed(self, area: NDArray[np.uint16], region_id: int, over: set[int] | None) -> NDArray[np.bool_] | None:
        """Where a paint may go, bool like `area`, or None for everywhere."""
        locked = [r.id for r in self.regions.values() if r.locked and r.id != region_id]
        if over is None and region_id and (self._policy.protect_others or self._policy.only_unlabelled):
            over = {0, region_id}
        elif over is None and not region_id and self._policy.protect_others and self._selected:
            over = {self._selected}
        if over is None and not locked:
            return None
        if over is not None and len(over) <= 4:     # a few comparisons take a tenth of the time of a table
            allowed = np.zeros(area.shape, np.bool_)
            for known in over.difference(locked):
                allowed |= area == known
            return allowed
        lut = np.ones(65536, np.bool_)
        if over is not None:
            lut[:] = False
            lut[list(over)] = True
        lut[locked] = False
        return lut[area]

    def _remember(self, box: Box) -> None:
        h, w = self._annotation.shape
        for y in range(box[0].start // TILE * TILE, box[0].stop, TILE):
            for x in range(box[1].start // TILE * TILE, box[1].stop, TILE):
                if (y, x) not in self._before:
                    self._before[y, x] = self._annotation.region_map[y:min(y + TILE, h), x:min(x + TILE, w)].copy()

    def _all_tiles(self) -> Iterator[Box]:
        h, w = self._annotation.shape
        for y in range(0, h, TILE):
            for x in range(0, w, TILE):
                yield slice(y, min(y + TILE, h)), slice(x, min(x + TILE, w))

    def _as_patch(self) -> Patch:
        tiles: list[TileChange] = []
        for (y, x), before in self._before.items():
            after = self._annotation.region_map[y:y + before.shape[0], x:x + before.shape[1]]
            change = _tile_change(y, x, before, after)
            if change is not None:
                tiles.append(change)
        box = _union([t.box for t in tiles])
        return Patch(self._title, box, tuple(tiles), self._regions_before, dict(self._annotation.regions))


def _tile_change(y: int, x: int, before: NDArray[np.uint16], after: NDArray[np.uint16]) -> TileChange | None:
    differs = before != after
    rows = np.flatnonzero(differs.any(axis=1))
    if rows.size == 0:
        return None
    cols = np.flatnonzero(differs[rows[0]:rows[-1] + 1].any(axis=0))
    inner = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1))
    box = (slice(y + inner[0].start, y + inner[0].stop), slice(x + inner[1].start, x + inner[1].stop))
    return TileChange(box, _pack(before[inner]), _pack(after[inner]))


def _clip(box: Box, shape: tuple[int, int]) -> Box:
    rows, cols = (s.indices(n) for s, n in zip(box, shape, strict=True))
    return slice(rows[0], max(rows[0], rows[1])), slice(cols[0], max(cols[0], cols[1]))


def _union(boxes: list[Box]) -> Box | None:
    if not boxes:
        return None
    return (slice(min(b[0].start for b in boxes), max(b[0].stop for b in boxes)),
            slice(min(b[1].start for b in boxes), max(b[1].stop for b in boxes)))


def _pack(pixels: NDArray[np.uint16]) -> bytes:
    """Two bytes for a box of one value, which most are; deflated otherwise."""
    first = pixels.flat[0]
    if (pixels == first).all():
        return np.uint16(first).tobytes()
    return zlib.compress(np.ascontiguousarray(pixels).tobytes(), 1)


def _unpack(data: bytes, out: NDArray[np.uint16]) -> None:
    if len(data) == 2:
        out[:] = np.frombuffer(data, np.uint16)[0]
    else:
        out[:] = np.frombuffer(zlib.decompress(data), np.uint16).reshape(out.shape)
