"""The coarse cut of one frame: colours are learnt and the cut is found in turn; both are kept for the next prompt."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcore.energy import colour_model, contrast, geodesic
from segcore.energy.evidence import BACKGROUND, OBJECT, UNKNOWN
from segcore.energy.mincut import GridCut
from segcore.energy.multilevel import Frame, Pyramid
from segcore.types import Box

HARD = 1e4
WARM = .1
"""Share of changed pixels up to which mending the trees is faster than a new cut."""
ONE_SIDE = "One side is empty, so there are no colours to tell apart. Mark a part of the other side."
Mask = NDArray[np.bool_]
Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts.

    `smoothness` γ · `colour`, `prior`, `barrier` (distance to what is outside the box), `distance` (geodesic, to clicks)
    factors of the terms · `trust` the most that a pixel's colour alone can say · `stroke` how many pixels a marked pixel
    counts for when colours are learnt · `island` connected parts below this share of the largest are dropped · `parts` colours
    per side · `rounds` of learning and cutting.
    """

    smoothness: float = 15.0
    colour: float = 1.0
    prior: float = 2.0
    barrier: float = 1.0
    distance: float = 4.0
    trust: float = 4.0
    stroke: float = 20.0
    island: float = .05
    parts: int = 5
    rounds: int = 5


class Coarse:
    """A frame at its coarsest level: what depends on the image only, the colour models, the living cut and the last mask."""

    def __init__(self, pyramid: Pyramid, frame: Frame, box: Box | None, weights: Weights) -> None:
        self.frame, self.box, self.given = frame, box, weights
        self.pixels = np.ascontiguousarray(pyramid.levels[frame.coarsest][frame.slices(frame.coarsest)])
        self.shape: tuple[int, int] = self.pixels.shape[:2]
        self.bins = colour_model.colour_bins(self.pixels)
        # A coarse pixel's term is the mean over finer ones, which is nearer to the sum that the fine cut would see.
        self.shift = min(2, frame.coarsest)
        fine = frame.coarsest - self.shift
        self.fine_bins = colour_model.colour_bins(np.ascontiguousarray(pyramid.levels[fine][frame.slices(fine)]))
        strength = weights.smoothness / (1 << frame.coarsest)
        self.edges = contrast.edge_weights(self.pixels, strength, pyramid.betas[frame.coarsest])
        self.inside = self._inside()
        self.allowed = self._allowed()
        self.outside = _outside_counts(pyramid, frame)
        self.models = [np.zeros((0, 10)), np.zeros((0, 10))]
        self.table = np.zeros(colour_model.BINS, np.float32)
        self.mask: Mask | None = None
        self._barrier: Plane | None = None
        self._cut: GridCut | None = None
        self._solved = np.zeros(0, np.float32)

    def _inside(self) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) in the frame of what may be object, at full resolution."""
        if self.box is None:
            return 0, 0, self.frame.height, self.frame.width
        (rows, cols), top, left = self.box, self.frame.top, self.frame.left
        return rows.start - top, cols.start - left, rows.stop - top, cols.stop - left

    def _allowed(self) -> Mask:
        cell = 1 << self.frame.coarsest
        top, left, bottom, right = (round(v / cell) for v in self.inside)
        out = np.zeros(self.shape, bool)
        # The last cells may be cut off by the image's edge.
        bottom = self.shape[0] if self.inside[2] >= self.frame.height else max(bottom, top + 1)
        right = self.shape[1] if self.inside[3] >= self.frame.width else max(right, left + 1)
        out[top:bottom, left:right] = True
        return out

    def barrier(self) -> Plane:
        """-1 .. 1: how well colour barriers part a pixel from what is outside the box; 0 where nothing is outside."""
        if self.box is None or self.allowed.all():
            return np.zeros(self.shape, np.float32)
        if self._barrier is None:
            far = geodesic.barrier(self.pixels, ~self.allowed, 2)
            mean = float(far[self.allowed].mean())
            self._barrier = np.tanh(far / mean - 1) if mean > 0 else np.zeros(self.shape, np.float32)
        return self._barrier

    def first_mask(self) -> Mask:
        """A guess for the box: what lies in the ellipse that fills it, more where barriers part it from the outside."""
        top, left, bottom, right = (v / (1 << self.frame.coarsest) for v in self.inside)
        y = (np.arange(self.shape[0])[:, None] + .5 - (top + bottom) / 2) / max((bottom - top) / 2, .5)
        x = (np.arange(self.shape[1])[None] + .5 - (left + right) / 2) / max((right - left) / 2, .5)
        guess: Mask = self.allowed & (1 - np.hypot(x, y) + self.barrier() > 0)
        return guess if guess.any() else self.allowed.copy()

    def improve(self, mask: Mask, soft: Plane, seeds: NDArray[np.int8], rounds: int, tolerance: float = 0.0) -> str:
        """Learn the colours of both sides and cut, `rounds` times or until nothing changes; `mask` is the first guess.

        `soft` is all evidence but colour, `seeds` int8; evidence that changed by no more than `tolerance` since the last cut
        is taken as it was. Sets `mask` and `table`; returns a message if a side is empty.
        """
        heavy = np.where(seeds == UNKNOWN, 1, self.given.stroke).astype(np.float32)
        for _ in range(rounds):
            mask = (mask | (seeds == OBJECT)) & (seeds != BACKGROUND)
            counts = colour_model.count_colours(self.bins, mask.view(np.uint8), heavy)
            counts[0] += self.outside
            if not counts[0].any() or not counts[1].any():
                self.mask = mask
                return ONE_SIDE
            self._learn(counts)
            before, mask = mask, self._solve(self._evidence(soft, seeds), tolerance)
            if np.count_nonzero(before != mask) * 2000 < mask.size:
                break
        self.mask = without_islands(mask, seeds == OBJECT, self.given.island)
        return ""

    def recut(self, soft: Plane, seeds: NDArray[np.int8]) -> None:
        """Cut again with the colours as they are."""
        self.mask = self._solve(self._evidence(soft, seeds), 0.0)

    def _learn(self, counts: NDArray[np.float64]) -> None:
        rounds = 1 if len(self.models[0]) else 5
        self.models = [colour_model.fit_mixture(side, model, self.given.parts, rounds, colour_model.SPREAD)
                       for side, model in zip(counts, self.models, strict=True)]
        background, thing = (colour_model.mixture_table(model) for model in self.models)
        trust = np.float32(self.given.trust)
        self.table = np.float32(self.given.colour) * trust * np.tanh((background - thing) / trust)

    def _evidence(self, soft: Plane, seeds: NDArray[np.int8]) -> Plane:
        out = colour_model.mean_terms(self.fine_bins, self.table, self.shift) + soft
        out[~self.allowed | (seeds == BACKGROUND)] = -HARD
        out[seeds == OBJECT] = HARD
        return out

    def _solve(self, evidence: Plane, tolerance: float) -> Mask:
        """The cut for evidence float32 (h, w), > 0 for object; after small changes the flow so far is re-used."""
        if self._cut is not None:
            changed = np.abs(evidence - self._solved) > tolerance
            if np.count_nonzero(changed) < WARM * changed.size:
                old, self._solved = self._solved, np.where(changed, evidence, self._solved)
                self._cut.change(np.maximum(self._solved, 0) - np.maximum(old, 0),
                                 np.maximum(-self._solved, 0) - np.maximum(-old, 0))
                return self._cut.solve()[0]
        self._solved = evidence
        self._cut = GridCut(np.maximum(evidence, 0), np.maximum(-evidence, 0), self.edges)
        return self._cut.solve()[0]


def without_islands(mask: Mask, marked: Mask, share: float) -> Mask:
    """`mask` without the connected parts that hold less than `share` of the largest one and no pixel of `marked`."""
    import cv2

    count, parts, facts, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    if count <= 2 or share <= 0:
        return mask
    keep = facts[:, cv2.CC_STAT_AREA] >= share * facts[1:, cv2.CC_STAT_AREA].max()
    keep[np.unique(parts[marked])] = True
    keep[0] = False
    return keep[parts]


def _outside_counts(pyramid: Pyramid, frame: Frame) -> NDArray[np.float64]:
    """Colours outside the frame, from the smallest level, in pixels of the frame's coarsest level."""
    last = len(pyramid.levels) - 1
    small = pyramid.levels[last]
    side = np.zeros(small.shape[:2], np.uint8)
    cell = 1 << last
    bottom, right = -(-(frame.top + frame.height) // cell), -(-(frame.left + frame.width) // cell)
    side[frame.top // cell:bottom, frame.left // cell:right] = 2
    counts = colour_model.count_colours(colour_model.colour_bins(small), side, np.ones(side.shape, np.float32))[0]
    return counts * float(4.0 ** (last - frame.coarsest))
