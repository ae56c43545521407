"""The content of a labelme file: written from regions, and drawn without trusting what it says."""
from __future__ import annotations

import base64
import binascii
import json
import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segcore import contours, masks
from segcore.errors import FormatError, PromptError
from segcore.image_io import EXTENSIONS
from segcore.masks import Mask
from segcore.types import VOID, Annotation, Box, Region

LARGEST_FILE = 512 << 20
VOID_LABELS = ("__ignore__",)
BACKGROUND_LABELS = ("_background_", "__background__")


@dataclass(slots=True)
class Drawn:
    """Shapes as pixels: `region_map` int32 (H, W), `labels` of the regions 1, 2, …, and sentences for the report."""

    region_map: NDArray[np.int32]
    labels: dict[int, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def to_annotation(self, class_of: Mapping[str, int]) -> Annotation:
        """The annotation, with class numbers by label in lower case; labels that mean “ignore” become unlabelled."""
        present = [k for k in sorted(set(np.unique(self.region_map).tolist()) - {0}) if self.labels[k] not in VOID_LABELS]
        if len(present) > 65535:
            raise FormatError("It has more than 65,535 regions.")
        lut = np.zeros(max(self.labels) + 1, np.uint16)
        lut[present] = np.arange(1, len(present) + 1)
        annotation = Annotation((0, 0), {i: Region(i, class_of[self.labels[k].casefold()], source="import")
                                         for i, k in enumerate(present, 1)})
        annotation.region_map = lut[self.region_map]
        return annotation


def to_json(annotation: Annotation, names: Mapping[int, str], photo_name: str, tolerance: float) -> dict[str, Any]:
    """The content of a file: a polygon for a region of one part without holes, a mask for every other."""
    shapes = []
    for region in annotation.regions.values():
        mask = annotation.region_map == region.id
        if region.class_id == VOID or not mask.any():
            continue
        polygons = contours.to_polygons(mask, tolerance)
        if len(polygons) == 1 and not polygons[0].holes:
            shape = {"shape_type": "polygon", "points": polygons[0].outer.tolist(), "mask": None}
        else:
            shape = _mask_shape(mask)
        shapes.append({"label": names[region.class_id], "group_id": region.id, "description": "", "flags": {}, **shape})
    height, width = annotation.shape
    return {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": photo_name, "imageData": None,
            "imageHeight": height, "imageWidth": width}


def _mask_shape(mask: Mask) -> dict[str, Any]:
    """labelme's shape of any form: a PNG of its box, whose corners are pixels that are inside."""
    x0, y0, x1, y1 = masks.bounding_box(mask) or (0, 0, 0, 0)
    png = cv2.imencode(".png", np.where(mask[y0:y1, x0:x1], np.uint8(255), np.uint8(0)))[1].tobytes()
    return {"shape_type": "mask", "points": [[x0, y0], [x1 - 1, y1 - 1]], "mask": base64.b64encode(png).decode("ascii")}


def read(path: Path) -> dict[str, Any]:
    """The content of a file without its embedded photo; raises FormatError when it is not labelme's."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise FormatError("The file is larger than 512 MB.")
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise FormatError("The file is damaged: it is no JSON.") from None
    if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
        raise FormatError("The file is not one of labelme: it has no shapes.")
    content.pop("imageData", None)
    return content


def labels_in(path: Path) -> set[str]:
    """The labels that a file uses and that stand for classes; none when it cannot be read."""
    try:
        shapes = read(path)["shapes"]
    except FormatError:
        return set()
    return {_label(s) for s in shapes if isinstance(s, dict) and s.get("label")} - set(VOID_LABELS)


def _label(shape: Mapping[str, Any]) -> str:
    label = " ".join(str(shape.get("label", "")).split())
    return "background" if label in BACKGROUND_LABELS else label


def photo(path: Path) -> Path | None:
    """The photo that a file belongs to: the one it names, when that is in its folder, or one of the same name."""
    try:
        named = os.path.basename(str(read(path).get("imagePath", "")).replace("\\", "/"))
    except FormatError:
        named = ""
    candidates = [path.parent / named] if named not in ("", ".", "..") else []
    candidates += [path.with_suffix(ending) for ending in sorted(EXTENSIONS)]
    return next((c for c in candidates if os.path.isfile(c)), None)


def draw(content: Mapping[str, Any], shape: tuple[int, int]) -> Drawn:
    """Draw the shapes in their order, later ones on top; shapes of one label and group are one region.

    Raises FormatError when the file is for an image of another size.
    """
    said = content.get("imageHeight"), content.get("imageWidth")
    if all(isinstance(v, int) for v in said) and said != shape:
        raise FormatError(f"It is for an image of {said[1]}×{said[0]} pixels, the image has {shape[1]}×{shape[0]}.")
    drawn = Drawn(np.zeros(shape, np.int32))
    groups: dict[tuple[str, Any], int] = {}
    for number, item in enumerate(content["shapes"], 1):
        try:
            if not isinstance(item, dict) or not _label(item):
                raise FormatError("It has no label.")
            box, mask = _pixels(item, shape)
            if not mask.any():
                raise FormatError("It covers no pixel.")
        except (FormatError, PromptError) as error:
            drawn.warnings.append(f"Shape {number}: {error.message}")
            continue
        group = item.get("group_id")
        key = (_label(item), group if isinstance(group, int) else f"shape {number}")
        region = groups.setdefault(key, len(groups) + 1)
        drawn.labels[region] = key[0]
        drawn.region_map[box][mask] = region
    return drawn


def _pixels(item: Mapping[str, Any], shape: tuple[int, int]) -> tuple[Box, Mask]:
    kind = item.get("shape_type") or "polygon"
    if kind not in DRAWERS:
        raise FormatError(f"A shape of type “{kind}” covers no area.")
    try:
        points = np.asarray(item.get("points"), np.float64)
    except (ValueError, TypeError):
        points = np.zeros(0)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all() or np.abs(points).max(initial=0) > 1e9:
        raise FormatError("Its points are damaged.")
    if kind != "polygon" and len(points) != 2:
        raise FormatError(f"A {kind} needs two points.")
    return DRAWERS[kind](item, points, shape)


def _polygon(item: Mapping[str, Any], points: NDArray[np.float64], shape: tuple[int, int]) -> tuple[Box, Mask]:
    return masks.polygon(shape, points)


def _rectangle(item: Mapping[str, Any], points: NDArray[np.float64], shape: tuple[int, int]) -> tuple[Box, Mask]:
    (x0, y0), (x1, y1) = points
    return masks.polygon(shape, np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]))


def _circle(item: Mapping[str, Any], points: NDArray[np.float64], shape: tuple[int, int]) -> tuple[Box, Mask]:
    centre, rim = points
    return masks.disk(shape, (float(centre[0]), float(centre[1])), math.dist(centre, rim))


def _mask(item: Mapping[str, Any], points: NDArray[np.float64], shape: tuple[int, int]) -> tuple[Box, Mask]:
    try:
        data = base64.b64decode(str(item.get("mask")), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    # The header is judged before anything is decoded: a few bytes can ask for gigabytes.
    size = struct.unpack(">II", data[16:24]) if data.startswith(b"\x89PNG") and len(data) > 24 else (0, 0)
    if not (0 < size[0] <= shape[1] and 0 < size[1] <= shape[0]):
        raise FormatError("Its mask is damaged.")
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if values is None:
        raise FormatError("Its mask is damaged.")
    x0, y0 = (round(v) for v in points.min(axis=0))
    height, width = values.shape[:2]
    box = slice(max(y0, 0), min(y0 + height, shape[0])), slice(max(x0, 0), min(x0 + width, shape[1]))
    if box[0].stop <= box[0].start or box[1].stop <= box[1].start:
        raise FormatError("Its mask lies outside the image.")
    return box, values[box[0].start - y0:box[0].stop - y0, box[1].start - x0:box[1].stop - x0] > 0


DRAWERS = {"polygon": _polygon, "rectangle": _rectangle, "circle": _circle, "mask": _mask}
"""Shape types that cover an area -> how they are drawn."""
