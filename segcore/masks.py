"""Pure functions on masks: drawing shapes, filling, growing, cleaning. A pixel belongs to a shape when its centre does.

Masks are bool (H, W), coordinates are float (x, y) with pixel (x, y) covering [x, x+1) × [y, y+1). Drawing functions return
`(box, mask)`: the part of the image they touch and a mask of that part only, so that a stroke on a large photo costs its own
size.
"""
from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from segcore.errors import PromptError
from segcore.types import Box

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Point = tuple[float, float]
Shape = tuple[int, int]

SMALLEST_SURE_RADIUS = math.sqrt(0.5)
"""From this radius on a disk holds a pixel centre wherever it lies, and a stroke has no gaps."""


def thick_line(shape: Shape, start: Point, end: Point, radius: float, square: bool = False) -> tuple[Box, Mask]:
    """The stroke of a round (or square) brush of `radius` pixels from `start` to `end`, round-capped, clipped to `shape`.

    Every pixel whose centre is at most `radius` from the segment is in it (square: in either axis). Brushes too thin to hold a
    pixel centre everywhere draw the 8-connected line of pixels instead, so that no click is lost.
    """
    _check_finite(np.array((*start, *end, radius)))
    height, width = shape
    top = _clip(math.floor(min(start[1], end[1]) - radius), height)
    bottom = _clip(math.ceil(max(start[1], end[1]) + radius) + 1, height)
    rows: Floats = np.arange(top, bottom, dtype=np.float64) + 0.5
    lefts, rights = (_square_spans if square else _round_spans)(rows, start, end, radius)
    if radius <= 0.5:
        lefts, rights = np.full_like(lefts, np.inf), np.full_like(rights, -np.inf)
    if radius < SMALLEST_SURE_RADIUS:
        thin_left, thin_right = _thin_spans(rows, start, end)
        lefts, rights = np.minimum(lefts, thin_left), np.maximum(rights, thin_right)
    return _fill_spans(shape, top, lefts, rights)


def disk(shape: Shape, centre: Point, radius: float, square: bool = False) -> tuple[Box, Mask]:
    """One dab of a brush: `thick_line` that does not move."""
    return thick_line(shape, centre, centre, radius, square)


def _check_finite(values: Floats) -> None:
    if not np.isfinite(values).all():
        raise PromptError("The coordinates hold values that are not numbers.")


def _clip(value: float, size: int) -> int:
    return int(min(max(value, 0), size))


def _band(slope: float, offset: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    """Per row the interval of x with low <= slope · x + offset <= high; an empty interval is (inf, -inf)."""
    if slope == 0:
        inside = (offset >= low) & (offset <= high)
        return np.where(inside, -np.inf, np.inf), np.where(inside, np.inf, -np.inf)
    a, b = (low - offset) / slope, (high - offset) / slope
    return (a, b) if slope > 0 else (b, a)


def _round_spans(rows: Floats, start: Point, end: Point, radius: float) -> tuple[Floats, Floats]:
    """Per row centre the first and last x of a capsule: two disks and the rectangle between them, which is convex."""
    lefts, rights = np.full(rows.shape, np.inf), np.full(rows.shape, -np.inf)
    for x, y in {start, end}:
        inside = radius * radius - (rows - y) ** 2
        half = np.sqrt(np.maximum(inside, 0))
        lefts = np.where(inside >= 0, np.minimum(lefts, x - half), lefts)
        rights = np.where(inside >= 0, np.maximum(rights, x + half), rights)
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    if length > 0:
        ux, uy = dx / length, dy / length
        along = _band(ux, uy * (rows - start[1]) - ux * start[0], 0, length)
        across = _band(-uy, ux * (rows - start[1]) + uy * start[0], -radius, radius)
        left, right = np.maximum(along[0], across[0]), np.minimum(along[1], across[1])
        there = left <= right
        lefts = np.where(there, np.minimum(lefts, left), lefts)
        rights = np.where(there, np.maximum(rights, right), rights)
    return lefts, rights


def _square_spans(rows: Floats, start: Point, end: Point,
                  radius: float) -> tuple[Floats, Floats]:
    """Per row centre the first and last x of a square swept from start to end: over all t in 0..1 with |y - y(t)| <= radius."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    if dy == 0:
        first = np.where(np.abs(rows - start[1]) <= radius, 0.0, np.inf)
        last = np.where(np.isfinite(first), 1.0, -np.inf)
    else:
        ends = np.stack(((rows - radius - start[1]) / dy, (rows + radius - start[1]) / dy))
        first, last = np.maximum(ends.min(axis=0), 0), np.minimum(ends.max(axis=0), 1)
    there = first <= last
    at_first, at_last = start[0] + dx * np.where(there, first, 0), start[0] + dx * np.where(there, last, 0)
    return (np.where(there, np.minimum(at_first, at_last) - radius, np.inf),
            np.where(there, np.maximum(at_first, at_last) + radius, -np.inf))


def _thin_spans(rows: Floats, start: Point, end: Point) -> tuple[Floats, Floats]:
    """Per row centre the first and last pixel centre of the 8-connected line between the pixels of start and end."""
    x0, y0, x1, y1 = (math.floor(v) for v in (*start, *end))
    steps = max(abs(x1 - x0), abs(y1 - y0))
    t = np.linspace(0, 1, steps + 1)
    x, y = np.floor(x0 + 0.5 + t * (x1 - x0)), np.floor(y0 + 0.5 + t * (y1 - y0)).astype(np.int64)
    lefts, rights = np.full(rows.shape, np.inf), np.full(rows.shape, -np.inf)
    if len(rows):
        index = y - int(rows[0])
        seen = (index >= 0) & (index < len(rows))
        np.minimum.at(lefts, index[seen], x[seen] + 0.5)
        np.maximum.at(rights, index[seen], x[seen] + 0.5)
    return lefts, rights


def _fill_spans(shape: Shape, top: int, lefts: Floats, rights: Floats) -> tuple[Box, Mask]:
    """The mask of the pixels whose centres lie in [left, right] of their row, in the smallest box that holds them."""
    first = np.ceil(np.clip(lefts, -1, shape[1] + 1) - 0.5).astype(np.int64).clip(0)
    last = np.floor(np.clip(rights, -1, shape[1] + 1) - 0.5).astype(np.int64).clip(max=shape[1] - 1)
    used = np.flatnonzero(first <= last)
    if not len(used):
        return (slice(0, 0), slice(0, 0)), np.zeros((0, 0), bool)
    rows = slice(int(used[0]), int(used[-1]) + 1)
    first, last = first[rows], last[rows]
    there = first <= last
    x0, x1 = int(first[there].min()), int(last[there].max()) + 1
    columns = np.arange(x0, x1)
    mask = (columns >= first[:, None]) & (columns <= last[:, None])
    return (slice(top + rows.start, top + rows.stop), slice(x0, x1)), mask


def polygon(shape: Shape, points: NDArray[np.floating] | list[Point]) -> tuple[Box, Mask]:
    """The pixels of `shape` whose centres lie in a closed polygon, points (N, 2) xy, by the even-odd rule.

    A centre exactly on an edge belongs to the shape below or to the right of that edge, so neighbouring polygons neither
    overlap nor leave gaps. Coordinates outside the image are fine; fewer than three points give an empty mask.
    """
    p = np.asarray(points, np.float64).reshape(-1, 2)
    _check_finite(p)
    if len(p) < 3:
        return (slice(0, 0), slice(0, 0)), np.zeros((0, 0), bool)
    low, high = p.min(axis=0), p.max(axis=0)
    x0, x1 = _clip(math.ceil(low[0] - 0.5), shape[1]), _clip(math.ceil(high[0] - 0.5), shape[1])
    y0, y1 = _clip(math.ceil(low[1] - 0.5), shape[0]), _clip(math.ceil(high[1] - 0.5), shape[0])
    box = slice(y0, y1), slice(x0, x1)
    flips = np.zeros((y1 - y0, x1 - x0), np.uint8)
    if not flips.size:
        return box, flips.view(bool)
    columns, rows = _crossings(p, x0, x1)
    keep = rows < y1
    np.add.at(flips, (np.maximum(rows[keep], y0) - y0, columns[keep] - x0), 1)
    flips &= 1
    return box, np.bitwise_xor.accumulate(flips, axis=0).view(bool)


def _crossings(p: Floats, x0: int, x1: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns x0..x1-1 whose centre line an edge crosses, and the first row whose centre is not above that crossing."""
    q = np.roll(p, -1, axis=0)
    # Left to right, so that two polygons that share an edge compute the very same crossings.
    turned = (p[:, 0] > q[:, 0])[:, None]
    a, b = np.where(turned, q, p), np.where(turned, p, q)
    first = np.clip(np.ceil(a[:, 0] - 0.5), x0, x1).astype(np.int64)
    count = np.maximum(np.clip(np.ceil(b[:, 0] - 0.5), x0, x1).astype(np.int64) - first, 0)
    edge = np.repeat(np.arange(len(p)), count)
    columns = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    a, b = a[edge], b[edge]
    y = a[:, 1] + (columns + 0.5 - a[:, 0]) * ((b[:, 1] - a[:, 1]) / (b[:, 0] - a[:, 0]))
    return columns, np.ceil(np.clip(y, -1, 2**40) - 0.5).astype(np.int64)


def flood_fill(values: NDArray[np.generic], x: float, y: float) -> Mask:
    """The 4-connected pixels around pixel (x, y) of an (H, W) map that hold the same value as it; nothing outside the map."""
    mask = np.zeros(values.shape, bool)
    column, row = math.floor(x), math.floor(y)
    if not (0 <= row < values.shape[0] and 0 <= column < values.shape[1]):
        return mask
    same = np.equal(values, values[row, column]).view(np.uint8)
    x0, y0, width, height = cv2.floodFill(same, None, (column, row), 2, flags=4)[3]
    box = slice(y0, y0 + height), slice(x0, x0 + width)
    np.equal(same[box], 2, out=mask[box])
    return mask


def bounding_box(mask: Mask) -> tuple[int, int, int, int] | None:
    """(x0, y0, x1, y1) with x1 and y1 exclusive of the true pixels, or None when there are none."""
    x, y, width, height = cv2.boundingRect(_bytes(mask))
    return (x, y, x + width, y + height) if width else None


def _bytes(mask: Mask) -> NDArray[np.uint8]:
    return np.ascontiguousarray(mask).view(np.uint8)


def _around(mask: Mask, margin: int) -> Box | None:
    """The bounding box of a mask, `margin` pixels larger where the image allows, as an index."""
    box = bounding_box(mask)
    if box is None:
        return None
    x0, y0, x1, y1 = box
    return (slice(max(y0 - margin, 0), min(y1 + margin, mask.shape[0])),
            slice(max(x0 - margin, 0), min(x1 + margin, mask.shape[1])))


def boundary(mask: Mask) -> Mask:
    """The pixels of a mask that touch, by a side, something outside it; beyond the image counts as outside."""
    if not mask.size:
        return mask.copy()
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(_bytes(mask), cross, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    edge: Mask = mask & ~inner.view(bool)
    return edge


def grow(mask: Mask, pixels: float) -> Mask:
    """Every pixel whose centre is at most `pixels` from the centre of a mask pixel (a round brush run over the mask)."""
    box = _around(mask, math.ceil(pixels))
    if box is None or pixels <= 0:
        return mask.copy()
    result = np.zeros_like(mask)
    outside = np.where(mask[box], np.uint8(0), np.uint8(1))
    result[box] = mask[box] | (_distance(outside) <= pixels)
    return result


def shrink(mask: Mask, pixels: float) -> Mask:
    """The mask pixels farther than `pixels` from every pixel outside the mask; the image's edge does not eat into it."""
    box = _around(mask, 1)
    if box is None or pixels <= 0 or mask.all():
        return mask.copy()
    result = np.zeros_like(mask)
    result[box] = mask[box] if mask[box].all() else _distance(_bytes(mask[box])) > pixels
    return result


def _distance(there: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Exact Euclidean distance of every non-zero pixel to the nearest zero pixel."""
    distance: NDArray[np.float32] = cv2.distanceTransform(there, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)  # type: ignore[assignment]
    # Squares of distances are integers: undo the rounding that would decide on exact radii by chance.
    return np.sqrt(np.rint(distance.astype(np.float64) ** 2)).astype(np.float32)


def fill_holes(mask: Mask, max_area: int = 0) -> Mask:
    """The mask with its holes filled: background without a path by sides to the image's edge, if max_area > 0 only up to it."""
    box = _around(mask, 0)
    if box is None:
        return mask.copy()
    padded = np.pad(_bytes(mask[box]), 1)
    cv2.floodFill(padded, None, (0, 0), 2, flags=4)
    holes = padded[1:-1, 1:-1] == 0
    # Background at the image's own edge is not enclosed, but within the bounding box it always reaches the padding.
    if max_area > 0:
        holes &= ~remove_specks(holes, max_area + 1, connectivity=4)
    result = mask.copy()
    result[box] |= holes
    return result


def remove_specks(mask: Mask, min_area: int, connectivity: int = 8) -> Mask:
    """The mask without its connected parts of fewer than `min_area` pixels."""
    box = _around(mask, 0)
    if box is None:
        return mask.copy()
    _, labels, stats, _ = cv2.connectedComponentsWithStats(_bytes(mask[box]), connectivity=connectivity)
    keep = stats[:, cv2.CC_STAT_AREA] >= min_area
    keep[0] = False
    result = np.zeros_like(mask)
    result[box] = keep[labels]
    return result


def components(mask: Mask, connectivity: int = 8) -> tuple[NDArray[np.int32], int]:
    """(labels, count): int32 (H, W) with 1..count for the connected parts of a mask, in reading order, and 0 outside."""
    count, labels = cv2.connectedComponents(_bytes(mask), connectivity=connectivity) if mask.size else (1, np.zeros(mask.shape))
    return labels.astype(np.int32, copy=False), count - 1


def shift(mask: Mask, dx: int, dy: int) -> Mask:
    """The mask moved by whole pixels, right and down; what leaves the image is lost, what enters is empty."""
    result = np.zeros_like(mask)
    height, width = mask.shape
    if abs(dx) < width and abs(dy) < height:
        source = mask[max(-dy, 0):height - max(dy, 0), max(-dx, 0):width - max(dx, 0)]
        result[max(dy, 0):height - max(-dy, 0), max(dx, 0):width - max(-dx, 0)] = source
    return result
