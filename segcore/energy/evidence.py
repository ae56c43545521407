"""What a Prompt says about single pixels: hard strokes, where to look, and what is missing. All cut segmenters start here."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcore.errors import PromptError
from segcore.types import Box, Prompt

UNKNOWN, BACKGROUND, OBJECT = -1, 0, 1


def as_rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image as contiguous uint8 (H, W, 3); grey (H, W) or (H, W, 1) is repeated. Raises PromptError for anything else."""
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or 0 in image.shape:
        raise PromptError(f"The picture has shape {image.shape} and type {image.dtype}; 8-bit RGB is needed.")
    if image.ndim == 2:
        image = image[..., None]
    if image.shape[2] == 1:
        image = np.repeat(image, 3, axis=2)
    if image.shape[2] < 3:
        raise PromptError(f"The picture has {image.shape[2]} channels; 8-bit RGB is needed.")
    return np.ascontiguousarray(image[..., :3])


def hard_seeds(prompt: Prompt, shape: tuple[int, int], radius: float) -> NDArray[np.int8]:
    """`seeds_in` for a whole image of `shape` (H, W)."""
    return seeds_in(prompt, slice(0, shape[0]), slice(0, shape[1]), radius)


def seeds_in(prompt: Prompt, rows: slice, cols: slice, radius: float) -> NDArray[np.int8]:
    """int8 labels of some rows and columns: 1 object, 0 background, -1 unknown; from the scribble and from points drawn as
    discs of `radius` pixels.

    Later points overwrite earlier ones and the scribble; points outside are ignored.
    """
    shape = rows.stop - rows.start, cols.stop - cols.start
    seeds = np.full(shape, UNKNOWN, np.int8)
    if prompt.scribble is not None:
        np.copyto(seeds, prompt.scribble[rows, cols])
    for (x, y), label in zip((prompt.points - (cols.start, rows.start)).tolist(), prompt.labels.tolist(), strict=True):
        if 0 <= x < shape[1] and 0 <= y < shape[0]:
            _disc(seeds, x, y, radius, OBJECT if label else BACKGROUND)
    return seeds


def marked_bounds(prompt: Prompt, shape: tuple[int, int]) -> Box | None:
    """The smallest box that holds everything marked as object by points or scribble; None when nothing is."""
    inside = [(int(x), int(y)) for (x, y), label in zip(prompt.points.tolist(), prompt.labels.tolist(), strict=True)
              if label and 0 <= x < shape[1] and 0 <= y < shape[0]]
    found = bounds(prompt.scribble == OBJECT) if prompt.scribble is not None else None
    corners = [(found[1].start, found[0].start), (found[1].stop - 1, found[0].stop - 1)] if found else []
    if not inside and not corners:
        return None
    xs, ys = zip(*inside, *corners, strict=True)
    return slice(min(ys), max(ys) + 1), slice(min(xs), max(xs) + 1)


def join(a: Box, b: Box | None) -> Box:
    """The smallest box that holds both."""
    if b is None:
        return a
    return (slice(min(a[0].start, b[0].start), max(a[0].stop, b[0].stop)),
            slice(min(a[1].start, b[1].start), max(a[1].stop, b[1].stop)))


def _disc(seeds: NDArray[np.int8], x: float, y: float, radius: float, value: int) -> None:
    y0, y1 = max(0, int(y - radius)), min(seeds.shape[0], int(y + radius) + 1)
    x0, x1 = max(0, int(x - radius)), min(seeds.shape[1], int(x + radius) + 1)
    near = (np.arange(y0, y1)[:, None] + .5 - y) ** 2 + (np.arange(x0, x1)[None] + .5 - x) ** 2 <= radius * radius
    near[int(y) - y0, int(x) - x0] = True
    seeds[y0:y1, x0:x1][near] = value


def box_slices(box: tuple[float, float, float, float], shape: tuple[int, int]) -> Box:
    """Rows and columns of the pixels that an xyxy box covers, cut to the image; never empty if check_prompt passes it."""
    x0, y0, x1, y1 = box
    left, top = min(max(int(np.floor(x0)), 0), shape[1] - 1), min(max(int(np.floor(y0)), 0), shape[0] - 1)
    right, bottom = min(max(int(np.ceil(x1)), left + 1), shape[1]), min(max(int(np.ceil(y1)), top + 1), shape[0])
    return slice(top, bottom), slice(left, right)


def grow(box: Box, by: float, shape: tuple[int, int]) -> Box:
    """The box with `by` times its size added on every side (at least 8 pixels), cut to the image."""
    rows, cols = box
    dy, dx = max(8, int((rows.stop - rows.start) * by)), max(8, int((cols.stop - cols.start) * by))
    return (slice(max(0, rows.start - dy), min(shape[0], rows.stop + dy)),
            slice(max(0, cols.start - dx), min(shape[1], cols.stop + dx)))


def bounds(mask: NDArray[np.bool_]) -> Box | None:
    """The smallest box that holds every True pixel, or None when there is none."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)
