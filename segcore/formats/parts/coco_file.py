"""The content of a COCO file: written from regions, found on disk, and drawn without trusting what it says."""
from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segcore import contours, masks
from segcore.errors import FormatError, PromptError
from segcore.masks import Mask
from segcore.safe_io import show
from segcore.types import VOID, Annotation, LabelClass

MOST_POINTS = 100_000
LARGEST_FILE = 1 << 30


@dataclass(frozen=True, slots=True)
class Picture:
    """One image of the file and its regions, as (class id, segmentation, xywh box, area)."""

    file_name: str
    width: int
    height: int
    regions: list[tuple[int, Any, list[int], int]]


def write_regions(annotation: Annotation, shape: str, tolerance: float) -> list[tuple[int, Any, list[int], int]]:
    """The regions of an annotation that have pixels, void ones left out; see the options of the format."""
    regions = []
    for region in annotation.regions.values():
        mask = annotation.region_map == region.id
        box = masks.bounding_box(mask)
        if box is None or region.class_id == VOID:
            continue
        segmentation = _segmentation(mask, shape, tolerance)
        if shape != "polygons" and not tolerance and not np.array_equal(draw(segmentation, annotation.shape), mask):
            raise FormatError("A region is drawn differently from how it is labelled.", "Choose run lengths.")
        x0, y0, x1, y1 = box
        regions.append((region.class_id, segmentation, [x0, y0, x1 - x0, y1 - y0], int(mask.sum())))
    return regions


def _segmentation(mask: Mask, shape: str, tolerance: float) -> Any:
    polygons = contours.to_polygons(mask, tolerance) if shape != "rle" else []
    if shape == "rle" or (shape == "auto" and any(p.holes for p in polygons)):
        return {"size": list(mask.shape), "counts": contours.runs_to_text(contours.encode_runs(mask))}
    return [p.outer.ravel().tolist() for p in polygons]


def to_json(pictures: Sequence[Picture], classes: Sequence[LabelClass]) -> dict[str, Any]:
    """The whole content of a file."""
    items = [(number, region) for number, picture in enumerate(pictures, 1) for region in picture.regions]
    return {
        "info": {"description": "Made with SegDesk"},
        "images": [{"id": k, "file_name": p.file_name, "width": p.width, "height": p.height}
                   for k, p in enumerate(pictures, 1)],
        "categories": [{"id": c.id, "name": c.name, "supercategory": "", "isthing": int(c.is_thing), "color": list(c.color)}
                       for c in classes],
        "annotations": [{"id": k, "image_id": image, "category_id": class_id, "segmentation": shape, "bbox": box, "area": area,
                         "iscrowd": 0} for k, (image, (class_id, shape, box, area)) in enumerate(items, 1)]}


def find(path: Path) -> tuple[Path, dict[str, Any]]:
    """(file, content) of a COCO file, given itself or a folder; raises FormatError when there is none."""
    candidates = [path] if path.is_file() else [*sorted(path.glob("*.json")), *sorted(path.glob("annotations/*.json"))]
    for candidate in candidates:
        try:
            if candidate.stat().st_size > LARGEST_FILE:
                raise FormatError(f"“{show(candidate)}” is larger than 1 GB, too much to be read at once.",
                                  "Divide it into several files.")
            content = json.loads(candidate.read_bytes())
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(content, dict) and all(isinstance(content.get(k), list) for k in ("images", "annotations", "categories")):
            return candidate, content
    raise FormatError(f"There is no readable COCO file in “{show(path)}”.",
                      "It is a JSON file with images, annotations and categories.")


def category_names(content: dict[str, Any]) -> dict[int, str]:
    """Category number -> name, of those that are proper and fit into an 8-bit mask."""
    rows = [c for c in content["categories"] if isinstance(c, dict)]
    return {c["id"]: str(c.get("name", c["id"])) for c in rows if isinstance(c.get("id"), int) and 0 <= c["id"] < VOID}


def by_image(content: dict[str, Any]) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """(annotations by file name, sentences): what belongs to no image is counted."""
    rows = [i for i in content["images"] if isinstance(i, dict) and isinstance(i.get("file_name"), str)]
    name_of = {i["id"]: i["file_name"] for i in rows if isinstance(i.get("id"), (int, str))}
    items: dict[str, list[dict[str, Any]]] = {i["file_name"]: [] for i in rows}
    orphans = 0
    for item in content["annotations"]:
        image = item.get("image_id") if isinstance(item, dict) else None
        if isinstance(image, (int, str)) and image in name_of:
            items[name_of[image]].append(item)
        else:
            orphans += 1
    return items, [f"{orphans} annotations belong to no image of the file."] if orphans else []


def photo(root: Path, file_name: str) -> Path | None:
    """The photo of that name below a folder, or in one of its folders; never one outside."""
    for folder in (root / "images", root, *sorted(p for p in root.iterdir() if p.is_dir())):
        for name in (file_name, Path(file_name.replace("\\", "/")).name):
            path = Path(os.path.normpath(folder / name))
            if name and path.is_relative_to(root) and os.path.isfile(path):  # False for impossible names, too
                return path
    return None


def draw(segmentation: Any, shape: tuple[int, int]) -> Mask:
    """The mask of a segmentation: polygons, or run lengths plain or compressed. Raises FormatError for anything else."""
    if isinstance(segmentation, dict):
        if segmentation.get("size") != list(shape):
            raise FormatError(f"Its mask is for another size than {shape[1]}×{shape[0]}.")
        runs = segmentation.get("counts")
        if not isinstance(runs, (str, list)):
            raise FormatError("Its run lengths are missing.")
        mask = contours.decode_runs(contours.text_to_runs(runs) if isinstance(runs, str) else runs, shape)
    elif isinstance(segmentation, list) and segmentation:
        mask = contours.from_polygons([contours.Polygon(_ring(part)) for part in segmentation], shape)
    else:
        raise FormatError("It has no segmentation, only a box.")
    if not mask.any():
        raise FormatError("It covers no pixel.")
    return mask


def _ring(part: Any) -> contours.Ring:
    try:
        ring = np.asarray(part, np.float64)
        if ring.ndim != 1 or len(ring) % 2 or not 6 <= len(ring) <= 2 * MOST_POINTS or not np.isfinite(ring).all():
            raise PromptError("")
    except (ValueError, TypeError, OverflowError, PromptError):
        raise FormatError("One of its polygons is no list of at least three points.") from None
    return ring.reshape(-1, 2)
