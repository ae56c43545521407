"""Masks as polygons with holes and as COCO run lengths, and back, without losing a part, a hole or a pixel."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segcore import masks
from segcore.errors import FormatError
from segcore.masks import Mask

Ring = NDArray[np.float64]

LARGEST_MASK = 1 << 30
"""Pixels of the largest mask that run lengths may ask for; larger ones are refused before memory is taken."""


@dataclass(frozen=True, slots=True)
class Polygon:
    """One connected part: `outer` float64 (N, 2) xy clockwise on screen, and its `holes`, counter-clockwise."""

    outer: Ring
    holes: tuple[Ring, ...] = ()


def to_polygons(mask: Mask, tolerance: float = 0.0) -> list[Polygon]:
    """All parts of a mask, connected by sides, as polygons along the edges of its pixels.

    With `tolerance` 0 `from_polygons` gives the very same mask back; otherwise points closer than `tolerance` pixels to the
    line between their neighbours are left out (Douglas and Peucker 1973).
    """
    box = masks.bounding_box(mask)
    if box is None:
        return []
    x0, y0, x1, y1 = box
    part = np.ascontiguousarray(mask[y0:y1, x0:x1])
    _, labels = cv2.connectedComponents(part.view(np.uint8), connectivity=4)
    labels = np.pad(labels, 1)
    outers: dict[int, Ring] = {}
    holes: dict[int, list[Ring]] = {}
    for ring in _trace(part):
        # A ring starts at its topmost, then leftmost corner: the pixel below and right of it is inside the ring.
        x, y = int(ring[0, 0]), int(ring[0, 1])
        inside, above = int(labels[y + 1, x + 1]), int(labels[y, x + 1])
        ring = _simplify(ring + (x0, y0), tolerance)
        if inside:
            outers[inside] = _turned(ring, clockwise=True)
        else:
            holes.setdefault(above, []).append(_turned(ring, clockwise=False))
    return [Polygon(outer, tuple(holes.get(label, ()))) for label, outer in sorted(outers.items())]


def from_polygons(polygons: Sequence[Polygon], shape: tuple[int, int]) -> Mask:
    """The union of polygons, each without its holes, on an (H, W) mask; a pixel is inside when its centre is."""
    result = np.zeros(shape, bool)
    for polygon in polygons:
        box, inside = masks.polygon(shape, polygon.outer)
        if not polygon.holes:
            result[box] |= inside
            continue
        one = np.zeros(shape, bool)
        one[box] = inside
        for hole in polygon.holes:
            box, inside = masks.polygon(shape, hole)
            one[box] &= ~inside
        result |= one
    return result


def signed_area(ring: Ring) -> float:
    """Area of a closed ring by the shoelace formula: positive when it runs clockwise on screen (y down)."""
    x, y = ring[:, 0], ring[:, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _turned(ring: Ring, clockwise: bool) -> Ring:
    return ring if (signed_area(ring) > 0) == clockwise else ring[::-1].copy()


def _simplify(ring: Ring, tolerance: float) -> Ring:
    if tolerance <= 0:
        return ring
    fewer = cv2.approxPolyDP(ring.astype(np.float32)[:, None], tolerance, closed=True)[:, 0].astype(np.float64)
    return fewer if len(fewer) >= 3 else ring


def _trace(mask: Mask) -> list[Ring]:
    """The closed rings of pixel corners that separate a mask from the rest, each from its topmost, leftmost corner.

    Along a row of the corner lattice the corners of all outlines come in pairs that bound a horizontal edge, and so along
    columns; following the pairs in turn walks each outline. Where two pixels touch by a corner only, the lattice point counts
    twice, and its copies are matched so that each outline turns around its own pixel: parts connect by sides.
    """
    p = np.pad(mask, 1)
    corner = (p[:-1, :-1].view(np.uint8) | p[:-1, 1:].view(np.uint8) << 1 | p[1:, :-1].view(np.uint8) << 2
              | p[1:, 1:].view(np.uint8) << 3)
    copies = np.array([0, 1, 1, 0, 1, 0, 2, 1, 1, 2, 0, 1, 0, 1, 1, 0])[corner]
    y, x = np.nonzero(copies)
    repeats = copies[y, x]
    code = np.repeat(corner[y, x], repeats)
    y, x = np.repeat(y, repeats), np.repeat(x, repeats)
    count = len(x)
    second = np.zeros(count, bool)
    second[1:] = (x[1:] == x[:-1]) & (y[1:] == y[:-1])
    # Bottom-left and top-right pixels: the copy with the left edge has the lower one, the other the upper one.
    by_column = np.lexsort((np.where(code == 6, ~second, second), y, x))
    across = np.arange(count) ^ 1
    down = np.empty(count, np.int64)
    down[by_column] = by_column[across]
    return _walk(across.tolist(), down.tolist(), np.column_stack((x, y)).astype(np.float64))


def _walk(across: list[int], down: list[int], points: Ring) -> list[Ring]:
    """Cut the corners into cycles by following the horizontal and the vertical partner in turn."""
    seen = bytearray(len(across))
    rings = []
    for start in range(len(across)):
        if seen[start]:
            continue
        path: list[int] = []
        at = start
        while not seen[at]:
            other = across[at]
            seen[at] = seen[other] = 1
            path += (at, other)
            at = down[other]
        rings.append(points[path])
    return rings


def encode_runs(mask: Mask) -> list[int]:
    """COCO run lengths of a mask: column by column, alternately false and true pixels, false first (perhaps 0)."""
    flat = np.ascontiguousarray(mask.T).ravel()
    if not flat.size:
        return []
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs: list[int] = np.diff(np.concatenate(([0], changes, [flat.size]))).tolist()
    return [0, *runs] if flat[0] else runs


def decode_runs(runs: Sequence[int], shape: tuple[int, int]) -> Mask:
    """The (H, W) mask of COCO run lengths; raises FormatError unless they are whole, not negative and fill it exactly."""
    height, width = shape
    if height < 0 or width < 0 or height * width > LARGEST_MASK:
        raise FormatError(f"A mask of {width}×{height} pixels is too large.")
    if any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 0 for n in runs):
        raise FormatError("The run lengths of a mask hold something else than counts.")
    if sum(runs) != height * width:
        raise FormatError(f"The run lengths of a mask add up to {sum(runs)} pixels, not to {width}×{height}.")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, np.asarray(runs, np.int64)).reshape(width, height).T.copy()


def runs_to_text(runs: Sequence[int]) -> str:
    """COCO's compressed form: differences to the run before last, in groups of five bits as printable characters."""
    text = []
    for i, run in enumerate(runs):
        value = int(run) - (int(runs[i - 2]) if i > 2 else 0)
        while True:
            bits, value = value & 31, value >> 5
            done = value == (-1 if bits & 16 else 0)
            text.append(chr((bits if done else bits | 32) + 48))
            if done:
                break
    return "".join(text)


def text_to_runs(text: str) -> list[int]:
    """The inverse of `runs_to_text`; raises FormatError for text that is none."""
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 40:
            raise FormatError("The compressed run lengths of a mask are damaged.")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    if shift:
        raise FormatError("The compressed run lengths of a mask end in the middle of a number.")
    return runs
