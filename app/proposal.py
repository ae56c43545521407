"""What a network proposed for the open image: probabilities, how its classes map to the project's, and how they become regions.

Qt-free. A pixel belongs to the class of highest probability, if that reaches the threshold; `accept` makes regions of them.
"""
from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from segcore.types import Annotation, Box, LabelClass, Progress

if TYPE_CHECKING:
    from app.document import Document
    from segcore.history import Edit

Result = TypeVar("Result")
STRIP, TILE = 128, 256
"""Rows upsampled at once, so that they stay in the processor's cache; side of the squares in which regions are painted."""


@dataclass(frozen=True)
class Piece:
    """One region to be, of a class: masks in boxes; `region_id` is an existing region to extend, 0 for a new one."""

    class_id: int
    pixels: list[tuple[Box, NDArray[np.bool_]]]
    region_id: int = 0


class Picture:
    """Planes of probabilities (C, h, w) at working scale and, once prepared, the best plane of every pixel of the image."""

    def __init__(self, planes: NDArray[Any], shape: tuple[int, int]) -> None:
        self.planes = planes.astype(np.float16, copy=False)
        self.shape = shape
        self.winner: NDArray[np.unsignedinteger[Any]] = np.zeros((0, 0), np.uint8)
        self.confidence = np.zeros((0, 0), np.uint8)            # of the winner, in 1/255
        self.counts = np.zeros((len(planes), 256), np.int64)    # pixels by winner and confidence

    @property
    def prepared(self) -> bool:
        return self.winner.shape == self.shape

    def prepare(self) -> Generator[Progress, None, None]:
        """Find the winners; about 0.4 s for 14 megapixels and 11 planes, so run it as a job."""
        winner = np.empty(self.shape, np.uint8 if len(self.planes) <= 256 else np.uint16)
        confidence, counts = np.empty(self.shape, np.uint8), np.zeros_like(self.counts)
        for top in range(0, self.shape[0], STRIP):
            rows = slice(top, min(top + STRIP, self.shape[0]))
            best_of_strip(self.planes, self.shape, rows, winner[rows], confidence[rows])
            pairs = winner[rows].astype(np.uint32) << np.uint32(8) | confidence[rows]
            counts += np.bincount(pairs.ravel(), minlength=counts.size).reshape(counts.shape)
            yield Progress(rows.stop, self.shape[0], "Bringing it to full size")
        self.confidence, self.counts, self.winner = confidence, counts, winner


class Proposal:
    """What a network says of an image of `shape` (H, W): probabilities `planes` (C, h, w) at its working scale.

    `mapping` gives the project's class of each plane or None; `threshold` 0..1 is what a pixel's best plane must reach;
    `hidden` planes are neither shown nor accepted. A refined version may be added, and switched on and off.
    """

    def __init__(self, planes: NDArray[Any], shape: tuple[int, int], names: Sequence[str],
                 colors: Sequence[tuple[int, int, int]], model: str, mapping: Mapping[int, int | None]) -> None:
        if planes.ndim != 3 or len(planes) != len(names) or len(names) != len(colors):
            raise ValueError(f"{planes.shape} probabilities, {len(names)} names and {len(colors)} colours do not fit")
        self.shape, self.names, self.colors, self.model = shape, tuple(names), tuple(colors), model
        self.mapping = dict(mapping)
        self.threshold = 0.5
        self.hidden: set[int] = set()
        self.original = Picture(planes, shape)
        self.refinement: Picture | None = None
        self.refined = False
        """Whether the refinement is the one that is shown and accepted."""
        self._labels: tuple[object, float, NDArray[np.int16]] | None = None

    @property
    def source(self) -> str:
        """What regions made from it say of their origin."""
        return f"model:{self.model}"

    @property
    def picture(self) -> Picture:
        """The probabilities in force."""
        return self.refinement if self.refined and self.refinement is not None else self.original

    def prepare(self) -> Generator[Progress, None, None]:
        """Make `label_map` quick; run it as a job."""
        if not self.picture.prepared:
            yield from self.picture.prepare()

    def label_map(self) -> NDArray[np.int16]:
        """int16 (H, W): the plane of every pixel, -1 where none reaches the threshold. A new array after every change."""
        drain(self.prepare())
        if self._labels is None or self._labels[:2] != (self.picture, self.threshold):
            labels = self.picture.winner.astype(np.int16)
            labels[self.picture.confidence < self._limit] = -1
            self._labels = (self.picture, self.threshold, labels)
        return self._labels[2]

    def shares(self) -> NDArray[np.float64]:
        """float (C,): the part of the image, 0..1, that each plane takes at this threshold."""
        return self.picture.counts[:, self._limit:].sum(axis=1) / max(1, self.shape[0] * self.shape[1])

    def accepted_planes(self, planes: Collection[int] | None = None) -> list[int]:
        """Of `planes` (None: all) those that are shown and have a class in the project."""
        wanted = range(len(self.names)) if planes is None else planes
        return [p for p in wanted if p not in self.hidden and self.mapping.get(p) is not None]

    def plan(self, annotation: Annotation, classes: Mapping[int, LabelClass], planes: Collection[int] | None = None,
             only_unlabelled: bool = True, min_area: int | None = None) -> Generator[Progress, None, list[Piece]]:
        """The regions that accepting would make; changes nothing, so that a job may work it out.

        Stuff classes give one piece, which extends the region that the class has already; things give one piece per connected
        part of at least `min_area` pixels (None: 1/20,000 of the image). Only unlabelled pixels are taken, or with
        `only_unlabelled` off all those of unlocked regions.
        """
        area = min_area if min_area is not None else max(1, self.shape[0] * self.shape[1] // 20_000)
        wanted = np.full(len(self.names) + 1, -1, np.int32)
        for plane in self.accepted_planes(planes):
            wanted[plane] = self.mapping[plane]
        targets = wanted[self.label_map()]
        free = _free_lut(annotation, only_unlabelled)
        if not free.all():
            targets[~free[annotation.region_map]] = -1
        pieces: list[Piece] = []
        chosen = sorted({int(c) for c in wanted if c >= 0} & set(classes))
        for done, class_id in enumerate(chosen):
            yield Progress(done, len(chosen), f"Making regions of {classes[class_id].name}")
            mask = targets == class_id
            if not mask.any():
                continue
            box = _bounds(mask)
            if classes[class_id].is_thing:
                pieces += [Piece(class_id, tiles(_moved(part, box), inside)) for part, inside in parts(mask[box], area)]
            else:
                pieces.append(Piece(class_id, tiles(box, mask[box]), _one_region(annotation, class_id)))
        return pieces

    def accept(self, document: Document, planes: Collection[int] | None = None, only_unlabelled: bool = True,
               min_area: int | None = None, title: str = "Accept prediction") -> int:
        """Make regions of the proposal as one undo step; returns how many pieces there were."""
        pieces = drain(self.plan(document.annotation, document.classes, planes, only_unlabelled, min_area))
        accept_pieces(document, pieces, self.source, only_unlabelled, title)
        return len(pieces)

    @property
    def _limit(self) -> int:
        return round(self.threshold * 255)


def accept_pieces(document: Document, pieces: Sequence[Piece], source: str, only_unlabelled: bool = True,
                  title: str = "Accept prediction") -> None:
    """Paint pieces as one undo step, and drop the regions of which that leaves nothing. Locked regions are spared."""
    before = set() if only_unlabelled else _present(document.annotation)
    with document.edit(title) as edit:
        paint_pieces(edit, pieces, source, only_unlabelled)
        for region_id in before - _present(document.annotation) if before else ():
            edit.remove_region(region_id)
    if document.active_region not in document.annotation.regions:
        document.select(0)


def paint_pieces(edit: Edit, pieces: Sequence[Piece], source: str, only_unlabelled: bool = True) -> None:
    """Paint pieces inside an edit, over unlabelled pixels or over all that is not locked, whatever the paint switches say."""
    over = {0} if only_unlabelled else {0} | {r.id for r in edit.regions.values() if not r.locked}
    for piece in pieces:
        region = piece.region_id if piece.region_id in edit.regions else edit.new_region(piece.class_id, source)
        for box, mask in piece.pixels:
            edit.paint(box, mask, region, over=over)


def drain(steps: Generator[Any, None, Result]) -> Result:
    """Run a generator to its end and give what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]


def _present(annotation: Annotation) -> set[int]:
    counts = np.bincount(annotation.region_map.ravel(), minlength=1)
    return {int(i) for i in np.flatnonzero(counts)} & annotation.regions.keys()


def _one_region(annotation: Annotation, class_id: int) -> int:
    """The region of a stuff class, of which there is one per image unless it is locked; 0 when there is none yet."""
    return next((r.id for r in annotation.regions.values() if r.class_id == class_id and not r.locked), 0)


def _moved(part: Box, box: Box) -> Box:
    y, x = box[0].start, box[1].start
    return slice(part[0].start + y, part[0].stop + y), slice(part[1].start + x, part[1].stop + x)


def best_of_strip(planes: NDArray[np.float16], shape: tuple[int, int], rows: slice, winner: NDArray[Any],
                  confidence: NDArray[np.uint8]) -> None:
    """Upsample `planes` (C, h, w) bilinearly (pixel centres) to the `rows` of an image of `shape`, and keep the best plane.

    Writes into `winner`, any integer type, and `confidence` uint8 in 1/255, both (rows, W); of equals the first plane wins.
    """
    import cv2
    (height, width), (count, h, _) = shape, planes.shape
    y = np.clip((np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * (h / height) - 0.5, 0, h - 1)
    above = np.minimum(y.astype(np.int32), max(h - 2, 0))
    below, weight = np.minimum(above + 1, h - 1), (y - above)[:, None]
    source = planes[:, above[0]:below[-1] + 1].astype(np.float32)
    # Somewhere a plane must reach the mean of all of them to win; most classes are nowhere near in most strips.
    least = source.sum(axis=0).min() / count
    above, below = above - above[0], below - above[0]
    best = np.full(winner.shape, -1, np.float32)
    winner[...] = 0
    for plane in range(count):
        if source[plane].max() < least:
            continue
        tall = source[plane][above] * (1 - weight) + source[plane][below] * weight
        wide = cv2.resize(tall, (width, tall.shape[0]), interpolation=cv2.INTER_LINEAR)
        better = wide > best
        np.maximum(best, wide, out=best)
        # Planes come in order, so the newest winner is the greatest number; a masked copy takes 15 times as long.
        np.maximum(winner, better.astype(winner.dtype) * winner.dtype.type(plane), out=winner)
    np.copyto(confidence, np.clip(best * 255 + 0.5, 0, 255), casting="unsafe")


def parts(mask: NDArray[np.bool_], min_area: int) -> list[tuple[Box, NDArray[np.bool_]]]:
    """The 8-connected parts of a mask with at least `min_area` pixels, each as its box and a mask of the box's size."""
    import cv2
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    found: list[tuple[Box, NDArray[np.bool_]]] = []
    for label in range(1, count):
        x, y, w, h, area = stats[label]
        if area >= min_area:
            box = (slice(int(y), int(y + h)), slice(int(x), int(x + w)))
            found.append((box, labels[box] == label))
    return found


def tiles(box: Box, mask: NDArray[np.bool_]) -> list[tuple[Box, NDArray[np.bool_]]]:
    """A mask cut into tiles, without the empty ones: painting then costs what the mask covers and not what it spans."""
    cuts = []
    for y in range(0, mask.shape[0], TILE):
        for x in range(0, mask.shape[1], TILE):
            part = mask[y:y + TILE, x:x + TILE]
            if part.any():
                cuts.append((_moved((slice(y, y + part.shape[0]), slice(x, x + part.shape[1])), box), part))
    return cuts


def _free_lut(annotation: Annotation, only_unlabelled: bool) -> NDArray[np.bool_]:
    free = np.full(65536, not only_unlabelled)
    free[0] = True
    free[[r.id for r in annotation.regions.values() if r.locked]] = False
    return free


def _bounds(mask: NDArray[np.bool_]) -> Box:
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)
