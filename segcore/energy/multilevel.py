"""From a coarse cut to full resolution: at each finer level only a band round the boundary is cut again.

After Lombaert et al. (ICCV 2005), with the smoothness halved at each coarser level, because there a boundary is half as long
but a region's pixels are a quarter as many; thin parts that the coarse level lost are added to the band (Sinop & Grady, 2006).
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import boolean, float32, float64, int8, int32, int64, njit, types, uint8
from numpy.typing import NDArray

from segcore.energy import contrast, mincut
from segcore.energy.colour_model import PIXELS, bin_of, colour_bins
from segcore.energy.contrast import weight
from segcore.energy.trees import STEPS

COARSE_PIXELS = 35_000
"""Most pixels of a first cut; four times as many when it would otherwise be coarser than an eighth of full resolution."""
Pixels = NDArray[np.uint8]


@njit([uint8[:, :, ::1](PIXELS)], nogil=True, cache=True)
def halve(pixels):  # type: ignore[no-untyped-def]
    """Means of 2 × 2 blocks of a uint8 (H, W, 3) image; the last row and column of odd sizes are repeated."""
    height, width = pixels.shape[:2]
    out = np.empty(((height + 1) // 2, (width + 1) // 2, 3), np.uint8)
    for y in range(out.shape[0]):
        top, below = 2 * y, min(2 * y + 1, height - 1)
        for x in range(out.shape[1]):
            left, right = 2 * x, min(2 * x + 1, width - 1)
            for c in range(3):
                four = np.int64(pixels[top, left, c]) + pixels[top, right, c] + pixels[below, left, c] + pixels[below, right, c]
                out[y, x, c] = (four + 2) >> 2
    return out


@njit([int8[:, ::1](types.Array(int8, 2, "C", readonly=True))], nogil=True, cache=True)
def halve_seeds(seeds):  # type: ignore[no-untyped-def]
    """int8 labels of 2 × 2 blocks: what most of their marked pixels say, -1 where none is marked or they disagree evenly."""
    height, width = seeds.shape
    out = np.empty(((height + 1) // 2, (width + 1) // 2), np.int8)
    for y in range(out.shape[0]):
        top, below = 2 * y, min(2 * y + 1, height - 1)
        for x in range(out.shape[1]):
            left, right = 2 * x, min(2 * x + 1, width - 1)
            a, b, c, d = seeds[top, left], seeds[top, right], seeds[below, left], seeds[below, right]
            out[y, x] = -1
            if a & b & c & d != -1:
                vote = 0
                for label in (a, b, c, d):
                    vote += 1 if label == 1 else -1 if label == 0 else 0
                out[y, x] = 1 if vote > 0 else 0 if vote < 0 else -1
    return out


class Pyramid:
    """An image, uint8 (H, W, 3), and its halved copies, the last at most about 256 pixels on its longer side."""

    def __init__(self, image: Pixels) -> None:
        self.levels = [image]
        while max(self.levels[-1].shape[:2]) > 256:
            self.levels.append(halve(self.levels[-1]))
        self.betas = [contrast.beta(level) for level in self.levels]

    @property
    def shape(self) -> tuple[int, int]:
        return self.levels[0].shape[:2]


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of the image that is cut: `top`, `left`, `height`, `width` at full resolution, `coarsest` level to start from.

    `top` and `left` are multiples of 2 ** coarsest, so that the levels of the frame fit on each other.
    """

    top: int
    left: int
    height: int
    width: int
    coarsest: int

    @classmethod
    def around(cls, rows: slice, cols: slice, pyramid: Pyramid) -> Frame:
        """The smallest frame that holds the rows and columns and one coarse pixel on every side inside the image."""
        level = 0
        area = (rows.stop - rows.start) * (cols.stop - cols.start)
        while area > (COARSE_PIXELS if level < 3 else 4 * COARSE_PIXELS) << 2 * level and level + 1 < len(pyramid.levels):
            level += 1
        cell = 1 << level
        top, left = max(0, (rows.start // cell - 1) * cell), max(0, (cols.start // cell - 1) * cell)
        bottom = min(pyramid.shape[0], (-(-rows.stop // cell) + 1) * cell)
        right = min(pyramid.shape[1], (-(-cols.stop // cell) + 1) * cell)
        return cls(top, left, bottom - top, right - left, level)

    def at(self, level: int) -> tuple[int, int, int, int]:
        """(top, left, height, width) in pixels of a level."""
        cell = 1 << level
        return self.top // cell, self.left // cell, -(-self.height // cell), -(-self.width // cell)

    def slices(self, level: int = 0) -> tuple[slice, slice]:
        """The frame as an index into a level of the pyramid."""
        top, left, height, width = self.at(level)
        return slice(top, top + height), slice(left, left + width)

    def part(self, top: int, left: int, bottom: int, right: int) -> Frame:
        """A smaller frame from rows and columns of this one's coarsest level."""
        cell = 1 << self.coarsest
        return Frame(self.top + top * cell, self.left + left * cell, min(bottom * cell, self.height) - top * cell,
                     min(right * cell, self.width) - left * cell, self.coarsest)

    def holds(self, rows: slice, cols: slice) -> bool:
        """True when rows and columns lie inside."""
        return (self.top <= rows.start and rows.stop <= self.top + self.height
                and self.left <= cols.start and cols.stop <= self.left + self.width)


@dataclass(slots=True)
class Terms:
    """What is known about the pixels of a frame, at its levels.

    `table` float32 (32768,) evidence for object of each colour · `soft` float32 coarsest level, all other evidence ·
    `seeds` int8 per level · `inside` (top, left, bottom, right) at full resolution, in the frame, of what may be object ·
    `strength` γ at full resolution.
    """

    table: NDArray[np.float32]
    soft: NDArray[np.float32]
    seeds: list[NDArray[np.int8]]
    inside: tuple[int, int, int, int]
    strength: float

    def part(self, part: Frame, frame: Frame) -> Terms:
        """The terms of a part of the frame."""
        def cut(plane: NDArray[Any], level: int) -> NDArray[Any]:
            top, left, height, width = part.at(level)
            top, left = top - frame.at(level)[0], left - frame.at(level)[1]
            return np.ascontiguousarray(plane[top:top + height, left:left + width])

        down, right = part.top - frame.top, part.left - frame.left
        inside = (max(0, self.inside[0] - down), max(0, self.inside[1] - right), min(self.inside[2] - down, part.height),
                  min(self.inside[3] - right, part.width))
        return Terms(self.table, cut(self.soft, frame.coarsest), [cut(s, level) for level, s in enumerate(self.seeds)], inside,
                     self.strength)


_BAND_ARGS = (int64[::1], types.Array(boolean, 2, "C"), types.Array(uint8, 2, "A"), PIXELS, int64, int64, float32[::1],
              types.Array(float32, 2, "C"), int64, types.Array(int8, 2, "C"), types.UniTuple(int64, 4), float64, float64)


@njit([types.Tuple((float32[::1], float32[::1], int32[:, ::1], float32[:, ::1]))(*_BAND_ARGS)], nogil=True, cache=True)
def _gather(nodes, band, labels, pixels, top, left, table, soft, shift, seeds, inside,  # type: ignore[no-untyped-def]
            strength, falloff):
    """Terminals, neighbours and edges of the band's pixels; neighbours outside the band keep their `labels`."""
    height, width = band.shape
    source, sink = np.zeros(nodes.size, np.float32), np.zeros(nodes.size, np.float32)
    links, caps = np.empty((nodes.size, 8), np.int32), np.zeros((nodes.size, 8), np.float32)
    ahead = np.zeros(8, np.int64)
    for n in range(nodes.size):
        links[n, :] = n
    for n in range(nodes.size):
        y, x = nodes[n] // width, nodes[n] % width
        Y, X = y + top, x + left
        known = seeds[y, x]
        if known < 0 and not (inside[0] <= y < inside[2] and inside[1] <= x < inside[3]):
            known = 0
        color = bin_of(pixels, Y, X)
        evidence = table[color] + soft[y >> shift, x >> shift]
        source[n] = np.inf if known == 1 else max(evidence, np.float32(0))
        sink[n] = np.inf if known == 0 else max(-evidence, np.float32(0))
        for d in range(8):
            u, v = x + STEPS[d][0], y + STEPS[d][1]
            if u < 0 or v < 0 or u >= width or v >= height:
                continue
            if not band[v, u]:
                w = weight(pixels, Y, X, v + top, u + left, 1.0 if d < 4 else 1.4142135, strength, falloff)
                if labels[v, u]:
                    source[n] += w
                else:
                    sink[n] += w
            elif v * width + u > nodes[n]:
                w = weight(pixels, Y, X, v + top, u + left, 1.0 if d < 4 else 1.4142135, strength, falloff)
                while nodes[ahead[d]] < v * width + u:
                    ahead[d] += 1
                m = ahead[d]
                links[n, d], links[m, d ^ 1] = m, n
                caps[n, d] = caps[m, d ^ 1] = w
    return source, sink, links, caps


@njit([boolean[:, ::1](types.Array(uint8, 2, "A"), types.Array(boolean, 2, "C"), PIXELS, PIXELS, int64, int64, float32[::1],
                       float64, float64)], nogil=True, cache=True)
def _thin(labels, band, pixels, coarser, top, left, table, residual, doubt):  # type: ignore[no-untyped-def]
    """Pixels that the coarser level could not show and whose colour speaks against their label."""
    height, width = band.shape
    out = np.zeros((height, width), np.bool_)
    for y in range(height):
        for x in range(width):
            if band[y, x]:
                continue
            Y, X = y + top, x + left
            away = np.int64(0)
            for c in range(3):
                away = max(away, abs(np.int64(pixels[Y, X, c]) - np.int64(coarser[Y // 2, X // 2, c])))
            if away > residual:
                color = bin_of(pixels, Y, X)
                out[y, x] = (-table[color] if labels[y, x] else table[color]) > doubt
    return out


def refine(pyramid: Pyramid, frame: Frame, terms: Terms, mask: NDArray[np.bool_], reach: int = 2,
           thin_pixels: int = 1_000_000) -> NDArray[np.bool_]:
    """The coarsest level's mask carried down to full resolution, bool (height, width) of the frame.

    `reach` is the half-width of the last band in pixels of the coarser level, one more for those before; thin parts are
    sought on levels of at most `thin_pixels` pixels.
    """
    labels = mask.view(np.uint8)
    for level in range(frame.coarsest - 1, -1, -1):
        labels = _refine_level(pyramid, frame, terms, labels, level, reach + (level > 0), thin_pixels)
    return labels.view(np.bool_)


def _refine_level(pyramid: Pyramid, frame: Frame, terms: Terms, coarser: Pixels, level: int, reach: int,
                  thin_pixels: int) -> Pixels:
    import cv2

    top, left, height, width = frame.at(level)
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    near = cv2.dilate(coarser, kernel) ^ cv2.erode(coarser, kernel)
    labels = np.ascontiguousarray(_double(coarser)[:height, :width])
    band = np.ascontiguousarray(_double(near)[:height, :width]).view(np.bool_)
    if height * width <= thin_pixels:
        band |= _thin(labels, band, pyramid.levels[level], pyramid.levels[level + 1], top, left, terms.table, 24.0, 1.0)
    return cut_band(pyramid.levels[level], frame, terms, labels, band, level, pyramid.betas[level])


def cut_band(pixels: Pixels, frame: Frame, terms: Terms, labels: Pixels, band: NDArray[np.bool_], level: int,
             falloff: float) -> Pixels:
    """Cut the pixels of `band` bool (h, w) of a level again; `labels` uint8 (h, w), overwritten, hold for all others."""
    nodes = np.flatnonzero(band)
    if not nodes.size:
        return labels
    top, left, height, width = frame.at(level)
    cell = 1 << level
    upper, lower, bottom, right = terms.inside
    inside = (-(-upper // cell), -(-lower // cell), bottom // cell if bottom < frame.height else height,
              right // cell if right < frame.width else width)
    problem: Any = _gather(nodes, band, labels, pixels, top, left, terms.table, terms.soft, frame.coarsest - level,
                           terms.seeds[level], inside, terms.strength / cell, falloff)
    found, _ = mincut.solve_band(*problem)
    labels.reshape(-1)[nodes] = found
    return labels


def cut_exactly(pyramid: Pyramid, frame: Frame, terms: Terms) -> NDArray[np.bool_]:
    """The exact cut of the full-resolution energy, bool (height, width) of the frame; what `refine` approximates."""
    pixels = np.ascontiguousarray(pyramid.levels[0][frame.slices()])
    cell = 1 << frame.coarsest
    evidence = np.kron(terms.soft, np.ones((cell, cell), np.float32))[:frame.height, :frame.width]
    evidence = evidence + terms.table[colour_bins(pixels)]
    known = terms.seeds[0].copy()
    top, left, bottom, right = terms.inside
    outside = np.ones(known.shape, bool)
    outside[top:bottom, left:right] = False
    known[outside & (known < 0)] = 0
    source, sink = np.maximum(evidence, 0), np.maximum(-evidence, 0)
    source[known == 1], sink[known == 1] = np.inf, 0
    source[known == 0], sink[known == 0] = 0, np.inf
    return mincut.solve_grid(source, sink, contrast.edge_weights(pixels, terms.strength, pyramid.betas[0]))[0]


def _double(plane: Pixels) -> Pixels:
    import cv2

    return cv2.resize(plane, (2 * plane.shape[1], 2 * plane.shape[0]), interpolation=cv2.INTER_NEAREST)
