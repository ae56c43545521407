"""One image and the prompts of one gesture: evidence is added up, and what one answer learnt is the start of the next.

The energy is that of GrabCut (Rother et al., SIGGRAPH 2004): colour, contrast and hard strokes; added to it, each with its own
weight, are a prior, the barrier distance to the outside of the box, and the geodesic distance to clicks.
"""
from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segcore.energy.clicks import click_evidence, first_guess
from segcore.energy.coarse import Coarse, Mask, Plane, Weights
from segcore.energy.evidence import (
    BACKGROUND,
    OBJECT,
    UNKNOWN,
    as_rgb,
    bounds,
    box_slices,
    grow,
    join,
    marked_bounds,
    seeds_in,
)
from segcore.energy.multilevel import Frame, Pyramid, Terms, cut_exactly, halve_seeds, refine
from segcore.segmenters import check_prompt
from segcore.types import Box, Prediction, Prompt

REFERENCE_PIXELS = 307_200
"""Smoothness is given for photos of up to this size and grows with the side of larger ones, so that they get the same mask."""
TOLERANCE = .2
"""What a local stroke may change of a coarse pixel's evidence without its being cut again there."""
MARGIN = 6
"""Coarse pixels round a change that are cut again at full resolution."""


class CutSession:
    """Answers prompts on one image; a prompt that extends the one before starts from its answer.

    With `local` True later strokes change the mask only in places that touch them.
    """

    def __init__(self, image: NDArray[np.uint8], weights: Weights, local: bool = True) -> None:
        self.pyramid = Pyramid(as_rgb(image))
        self.shape = self.pyramid.shape
        scale = max(1.0, (self.shape[0] * self.shape[1] / REFERENCE_PIXELS) ** .5)
        self.weights, self.local = replace(weights, smoothness=weights.smoothness * scale), local
        self._forget()

    def _forget(self) -> None:
        self._coarse: Coarse | None = None
        self._prior: NDArray[np.float32] | None = None
        self._seeds: NDArray[np.int8] | None = None
        self._fine: Mask | None = None
        self._terms: Terms | None = None

    @property
    def radius(self) -> float:
        """Radius of a click in pixels."""
        return max(1.5, .006 * max(self.shape))

    def answer(self, prompt: Prompt, made_by: str) -> Prediction:
        """The full-resolution mask for a prompt; an empty side is explained in `message`.

        Raises PromptError for a prompt that does not fit the image.
        """
        coarse, levels, message = self._prepare(prompt)
        if coarse is None:
            return self._paste(None, None, made_by, message)
        soft = self._soft(coarse, prompt, levels[-1])
        change, message = self._cut(coarse, prompt, soft, levels[-1])
        assert coarse.mask is not None
        self._terms = terms = Terms(coarse.table, soft, levels, coarse.inside, self.weights.smoothness)
        if self._fine is None or change is None:
            fine = refine(self.pyramid, coarse.frame, terms, coarse.mask)
        else:
            fine = self._patch(coarse, terms, change)
        fine = (fine | (levels[0] == OBJECT)) & (levels[0] != BACKGROUND)
        self._fine, self._seeds = fine, levels[-1]
        return self._paste(coarse.frame, fine, made_by, message)

    def exact(self, made_by: str) -> Prediction:
        """The last answer's energy cut exactly, every pixel at full resolution: seconds, and 80 bytes a pixel."""
        if self._coarse is None or self._terms is None:
            return self._paste(None, None, made_by, "Mark a part of the object first.")
        self._fine = cut_exactly(self.pyramid, self._coarse.frame, self._terms)
        return self._paste(self._coarse.frame, self._fine, made_by, "")

    def preview(self, prompt: Prompt, made_by: str) -> Prediction:
        """The coarse mask for a prompt, enlarged; the next `answer` starts from scratch where it differs."""
        coarse, levels, message = self._prepare(prompt)
        if coarse is None:
            return self._paste(None, None, made_by, message)
        soft = self._soft(coarse, prompt, levels[-1])
        kept = coarse.mask
        if kept is None or not coarse.table.any():
            message = coarse.improve(self._guess(coarse, prompt, levels[-1]), soft, levels[-1], 1)
        else:
            coarse.recut(soft, levels[-1])
        assert coarse.mask is not None
        large = _enlarge(coarse.mask, coarse.frame)
        coarse.mask = kept
        return self._paste(coarse.frame, large, made_by, message)

    def _prepare(self, prompt: Prompt) -> tuple[Coarse | None, list[NDArray[np.int8]], str]:
        """The frame for a prompt and its seeds at every level; no frame when nothing says where the object is."""
        check_prompt(prompt, self.shape)
        marked = marked_bounds(prompt, self.shape)
        if prompt.box is None and prompt.prior is None and marked is None:
            return None, [], "Mark a part of the object first."
        coarse = self._frame(prompt, marked)
        levels = [seeds_in(prompt, *coarse.frame.slices(), self.radius)]
        for _ in range(coarse.frame.coarsest):
            levels.append(halve_seeds(levels[-1]))
        return coarse, levels, ""

    def _frame(self, prompt: Prompt, marked: Box | None) -> Coarse:
        """The frame of the last prompt while it still fits, or a new one."""
        whole: Box = slice(0, self.shape[0]), slice(0, self.shape[1])
        box = box_slices(prompt.box, self.shape) if prompt.box is not None else None
        last = self._coarse
        same = last if last is not None and last.box == box and prompt.prior is self._prior else None
        if box is not None:
            wanted = join(box, marked)
        elif prompt.prior is not None:
            wanted = join(bounds(prompt.prior > .5) or marked or whole, marked)
        else:
            wanted = whole
        if same is not None and same.frame.holds(*wanted):
            return same
        # Room for strokes beside the box, so that they need no new frame.
        around = grow(wanted, .04 if box is not None else .3, self.shape)
        self._forget()
        self._prior = prompt.prior
        self._coarse = Coarse(self.pyramid, Frame.around(*around, self.pyramid), box, self.weights)
        return self._coarse

    def _soft(self, coarse: Coarse, prompt: Prompt, seeds: NDArray[np.int8]) -> Plane:
        """All evidence but colour, float32 at the coarse level."""
        soft = np.float32(self.weights.barrier) * coarse.barrier()
        if prompt.prior is not None:
            soft = soft + np.float32(self.weights.prior) * _logit(_shrink(prompt.prior[coarse.frame.slices()], coarse.shape))
        if self.weights.distance and prompt.box is None and (seeds != UNKNOWN).any():
            # Strokes show more colours than clicks do, so that nearness has less to add.
            share = .5 if prompt.scribble is not None else 1.0
            soft = soft + np.float32(share * self.weights.distance) * click_evidence(coarse.pixels, seeds)
        return np.ascontiguousarray(soft, np.float32)

    def _guess(self, coarse: Coarse, prompt: Prompt, seeds: NDArray[np.int8]) -> Mask:
        if prompt.prior is not None:
            return _shrink(prompt.prior[coarse.frame.slices()], coarse.shape) > .5
        if coarse.box is not None:
            return coarse.first_mask()
        return first_guess(coarse.pixels, seeds)

    def _cut(self, coarse: Coarse, prompt: Prompt, soft: Plane, seeds: NDArray[np.int8]) -> tuple[Mask | None, str]:
        """Improve the coarse mask. Returns the coarse pixels that changed, None for all, and a message."""
        if coarse.mask is None:
            return None, coarse.improve(self._guess(coarse, prompt, seeds), soft, seeds, self.weights.rounds)
        before, old = coarse.mask, self._seeds
        new = (seeds != old) & (seeds != UNKNOWN) if old is not None else seeds != UNKNOWN
        if not self.local:
            return None, coarse.improve(before, soft, seeds, 1)
        message = coarse.improve(before, soft, seeds, 1, TOLERANCE)
        assert coarse.mask is not None
        change = _touching(coarse.mask != before, new)
        coarse.mask = np.where(change, coarse.mask, before)
        return change | new, message

    def _patch(self, coarse: Coarse, terms: Terms, change: Mask) -> Mask:
        """The last full-resolution mask with the surroundings of `change` cut again."""
        assert self._fine is not None and coarse.mask is not None
        where = bounds(change)
        if where is None:
            return self._fine
        (r0, r1), (c0, c1) = [(max(0, s.start - MARGIN), min(n, s.stop + MARGIN))
                              for s, n in zip(where, change.shape, strict=True)]
        part, cell = coarse.frame.part(r0, c0, r1, c1), 1 << coarse.frame.coarsest
        found = refine(self.pyramid, part, terms.part(part, coarse.frame), np.ascontiguousarray(coarse.mask[r0:r1, c0:c1]))
        out = self._fine.copy()
        # The rim is kept as it was, except at the frame's own edge.
        rim = 2 * cell
        rows = slice(rim * (r0 > 0), part.height - rim * (r1 < change.shape[0]))
        cols = slice(rim * (c0 > 0), part.width - rim * (c1 < change.shape[1]))
        target = out[r0 * cell:r0 * cell + part.height, c0 * cell:c0 * cell + part.width]
        target[rows, cols] = found[rows, cols]
        return out

    def _paste(self, frame: Frame | None, mask: Mask | None, made_by: str, message: str) -> Prediction:
        out, prob = np.zeros(self.shape, bool), np.zeros(self.shape, np.float32)
        if frame is not None and mask is not None:
            out[frame.slices()], prob[frame.slices()] = mask, mask
            if not message and not mask.any():
                message = "Nothing was found that differs from the background. Mark a part of the object."
        return Prediction(prob, out, made_by=made_by, message=message)


def _touching(change: Mask, new: Mask) -> Mask:
    """The connected parts of `change` that come near a pixel of `new`."""
    import cv2

    _, parts = cv2.connectedComponents(change.view(np.uint8), connectivity=8)
    near = cv2.dilate(new.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    keep = np.zeros(int(parts.max()) + 1, bool)
    keep[parts[near]] = True
    keep[0] = False
    return keep[parts]


def _logit(prob: Plane) -> Plane:
    clipped = np.clip(prob, .02, .98)
    return np.log(clipped / (1 - clipped)).astype(np.float32)


def _shrink(plane: Plane, shape: tuple[int, int]) -> Plane:
    import cv2

    return cv2.resize(np.ascontiguousarray(plane, np.float32), shape[::-1], interpolation=cv2.INTER_AREA).reshape(shape)


def _enlarge(mask: Mask, frame: Frame) -> Mask:
    import cv2

    cell = 1 << frame.coarsest
    size = mask.shape[1] * cell, mask.shape[0] * cell
    large = cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return large[:frame.height, :frame.width].view(np.bool_)
