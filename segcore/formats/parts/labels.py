"""Annotations as index masks of classes and of objects, and back."""
from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segcore import masks
from segcore.classes import voc_palette
from segcore.errors import FormatError
from segcore.image_io import read_index_mask
from segcore.types import VOID, Annotation, LabelClass, Region

IndexMap = NDArray[np.uint8]

MOST_OBJECTS = 254
BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of one image: `index` uint8 (H, W) is 0 none, 1..254 objects, 255 void; `class_ids[k - 1]` is object k's."""

    index: IndexMap
    class_ids: tuple[int, ...]

    def boxes(self) -> list[tuple[int, int, int, int] | None]:
        """xyxy box, right and bottom exclusive, of each object; None when none of it is left."""
        height, width = self.index.shape
        rows, columns = np.zeros((height, 256), bool), np.zeros((width, 256), bool)
        rows[np.arange(height)[:, None], self.index] = True
        columns[np.arange(width)[None, :], self.index] = True
        return [_extent(rows[:, k], columns[:, k]) for k in range(1, len(self.class_ids) + 1)]


def _extent(rows: NDArray[np.bool_], columns: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    y, x = np.flatnonzero(rows), np.flatnonzero(columns)
    return (int(x[0]), int(y[0]), int(x[-1]) + 1, int(y[-1]) + 1) if len(y) else None


def background_of(classes: list[LabelClass]) -> LabelClass | None:
    """The class number 0 when it stands for everything else, as in VOC: no thing and called background."""
    return next((c for c in classes if c.id == 0 and not c.is_thing and c.name.strip().casefold() == BACKGROUND), None)


def index_of_unlabelled(classes: list[LabelClass], annotation: Annotation, choice: str) -> int:
    """What unlabelled pixels become: background 0 or void 255.

    “auto” is background when the classes have one and nobody painted it in this image: then what is not an object is
    background. Where some of it was painted, or there is no such class, unlabelled pixels are void.
    """
    if choice != "auto":
        return 0 if choice == "background" else VOID
    painted = any(region.class_id == 0 for region in annotation.regions.values())
    return VOID if painted or background_of(classes) is None else 0


def object_regions(annotation: Annotation, classes: list[LabelClass]) -> list[Region]:
    """Regions that have pixels and are neither void nor background, by id: they become objects 1, 2, …"""
    nothing = {VOID} if background_of(classes) is None else {VOID, 0}
    pixels = np.bincount(annotation.region_map.ravel(), minlength=1 << 16)
    return [r for _, r in sorted(annotation.regions.items()) if pixels[r.id] and r.class_id not in nothing]


def object_map(annotation: Annotation, classes: list[LabelClass], unlabelled: int) -> Objects:
    """The regions of an annotation as numbered objects; raises FormatError for more than 254."""
    regions = object_regions(annotation, classes)
    if len(regions) > MOST_OBJECTS:
        raise FormatError(f"The image has {len(regions)} objects, but an 8-bit mask holds at most {MOST_OBJECTS}.",
                          "Merge objects, or choose a format without that limit, such as COCO.")
    lut = np.full(1 << 16, unlabelled, np.uint8)
    for region in annotation.regions.values():
        lut[region.id] = VOID if region.class_id == VOID else 0
    for number, region in enumerate(regions, 1):
        lut[region.id] = number
    return Objects(lut[annotation.region_map], tuple(r.class_id for r in regions))


def void_border(objects: IndexMap, pixels: int) -> NDArray[np.bool_]:
    """bool (H, W): pixels within `pixels` of another object or of the background, as the void rims of VOC."""
    if pixels <= 0:
        return np.zeros(objects.shape, bool)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return np.asarray(cv2.dilate(objects, kernel) != cv2.erode(objects, kernel))


def to_annotation(classes: IndexMap, objects: NDArray[np.integer] | None = None, *, background: bool = False,
                  parts: Collection[int] = ()) -> Annotation:
    """The annotation of a class mask and, when there is one, an object mask.

    Void 255 becomes unlabelled, and so void and background come back as they were. Each object and class is one region;
    pixels without an object are one region per class, or one per connected part for the classes in `parts`. Regions are
    numbered by object, then class, with the background last. `background` adds that region even when it has no pixels, as a
    sign that it was considered.
    """
    key = classes.astype(np.uint16)
    if objects is not None:
        none = (objects == VOID) | (background & (classes == 0))
        key += np.where(none, np.uint8(0), objects).astype(np.uint16) << 8
    key[classes == VOID] = VOID
    present = np.flatnonzero(np.bincount(key.ravel(), minlength=1 << 16))
    order = sorted((int(k) for k in present if k not in (0, VOID)), key=lambda k: (k < 256, k))
    if 0 in present or background:
        order.append(0)
    annotation = Annotation((0, 0), {i: Region(i, k & 255, source="import") for i, k in enumerate(order, 1)})
    lut = np.zeros(1 << 16, np.uint16)
    lut[order] = np.arange(1, len(order) + 1)
    annotation.region_map = lut[key]
    for number, k in enumerate(order, 1):
        if k < 256 and k in parts:
            _split(annotation, number)
    return annotation


def _split(annotation: Annotation, number: int) -> None:
    """Give every connected part of a region but the first a region of its own."""
    labels, count = masks.components(annotation.region_map == number)
    first = max(annotation.regions) + 1
    if first + count > 1 << 16:
        raise FormatError("The mask has more than 65,535 parts.", "Import one region per class instead.")
    lut = np.arange(first - 2, first + count - 1, dtype=np.uint16)
    inside = labels > 1
    annotation.region_map[inside] = lut[labels[inside]]
    for k in range(first, first + count - 1):
        annotation.regions[k] = Region(k, annotation.regions[number].class_id, source="import")


def read_indices(path: Path, shape: tuple[int, int], palette: NDArray[np.uint8], warnings: list[str]) -> NDArray[np.integer]:
    """The indices of a mask file, (H, W); a coloured one goes through the palette, and unknown colours are added to `warnings`.

    Raises ImageError when it cannot be read or does not keep indices (JPEG), FormatError when it is not of `shape`.
    """
    values: NDArray[np.integer] = read_index_mask(path)
    if values.shape[:2] != shape:
        raise FormatError(f"Its mask is {values.shape[1]}×{values.shape[0]} pixels, the image {shape[1]}×{shape[0]}.")
    if values.ndim == 3:
        values, unknown = colors_to_indices(values.astype(np.uint8, copy=False), palette)
        if unknown:
            warnings.append(f"{sum(unknown.values()):,} pixels of the coloured mask have {len(unknown)} unknown colours, "
                            f"such as {max(unknown, key=lambda color: unknown[color])}, and were left unlabelled.")
    return values


def mask_png(mask: IndexMap, palette: bool = True) -> bytes:
    """An index mask as PNG, one byte per pixel: mode P with VOC's palette, or plain grey."""
    from PIL import Image as Pillow
    image = Pillow.fromarray(mask, "P" if palette else "L")
    if palette:
        image.putpalette(voc_palette().tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def colors_to_indices(rgb: NDArray[np.uint8], palette: NDArray[np.uint8]) -> tuple[IndexMap, dict[str, int]]:
    """(indices, unknown): an RGB mask through a palette, uint8 (256, 3); unknown colours become void and are counted."""
    weights = np.array([1 << 16, 1 << 8, 1])
    known = palette.astype(np.int64) @ weights
    order = np.argsort(known, kind="stable")
    colors = rgb[..., 0].astype(np.int32) << 16 | rgb[..., 1].astype(np.int32) << 8 | rgb[..., 2]
    distinct, inverse, counts = np.unique(colors, return_inverse=True, return_counts=True)
    at = np.searchsorted(known[order], distinct).clip(max=len(order) - 1)
    found = known[order][at] == distinct
    indices = np.where(found, order[at], VOID).astype(np.uint8)[inverse].reshape(colors.shape)
    unknown = {f"#{color:06x}": int(n) for color, n in zip(distinct[~found], counts[~found], strict=True)}
    return indices, unknown
