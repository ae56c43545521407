"""Class sets that projects can start from, and reading a set from a text or JSON file."""
from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segcore.errors import ProjectError
from segcore.types import VOID, LabelClass


def voc_palette() -> NDArray[np.uint8]:
    """The PASCAL VOC palette, uint8 (256, 3) RGB: bit 7 - k of R, G, B is bit 3k, 3k + 1, 3k + 2 of the index."""
    index = np.arange(256)[:, None] >> np.arange(3)
    bits = (index[:, :, None] >> (3 * np.arange(8))) & 1
    return (bits << (7 - np.arange(8))).sum(axis=2).astype(np.uint8)


def voc_color(class_id: int) -> tuple[int, int, int]:
    """The palette's RGB colour for a class index 0..255."""
    r, g, b = voc_palette()[class_id].tolist()
    return r, g, b


_VOC = ["background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
        "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"]


def _voc() -> list[LabelClass]:
    return [LabelClass(i, name, voc_color(i), is_thing=i > 0) for i, name in enumerate(_VOC)]


def _table(rows: str, things: str) -> list[LabelClass]:
    classes = []
    for i, row in enumerate(rows.strip().split(";")):
        name, r, g, b = (part.strip() for part in row.split(","))
        classes.append(LabelClass(i, name, (int(r), int(g), int(b)), is_thing=name in things.split(",")))
    return classes


_CAMVID = """sky,128,128,128; building,128,0,0; pole,192,192,128; road,128,64,128; pavement,60,40,222; tree,128,128,0;
sign,192,128,128; fence,64,64,128; car,64,0,128; pedestrian,64,64,0; bicyclist,0,128,192"""

_CITYSCAPES = """road,128,64,128; sidewalk,244,35,232; building,70,70,70; wall,102,102,156; fence,190,153,153;
pole,153,153,153; traffic light,250,170,30; traffic sign,220,220,0; vegetation,107,142,35; terrain,152,251,152;
sky,70,130,180; person,220,20,60; rider,255,0,0; car,0,0,142; truck,0,0,70; bus,0,60,100; train,0,80,100;
motorcycle,0,0,230; bicycle,119,11,32"""

CLASS_SETS: dict[str, list[LabelClass]] = {
    "voc": _voc(),
    "camvid": _table(_CAMVID, "sign,car,pedestrian,bicyclist"),
    "cityscapes": _table(_CITYSCAPES, "person,rider,car,truck,bus,train,motorcycle,bicycle"),
    "empty": [],
}
"""Name -> classes: PASCAL VOC (21), CamVid (11), Cityscapes (19 training classes), and an empty set."""


def check_classes(classes: list[LabelClass]) -> list[LabelClass]:
    """The same classes as a new list; raises ProjectError for ids out of 0..254, or ids or names given twice."""
    ids, names = set(), set()
    for c in classes:
        if not 0 <= c.id < VOID:
            raise ProjectError(f"The class “{c.name}” has the number {c.id}.", "Numbers go from 0 to 254; 255 means void.")
        if c.id in ids:
            raise ProjectError(f"The class number {c.id} is used twice.", "Give every class its own number.")
        if not c.name.strip() or c.name.strip().casefold() in names:
            raise ProjectError(f"The class name “{c.name}” is empty or used twice.", "Give every class its own name.")
        ids.add(c.id)
        names.add(c.name.strip().casefold())
    return list(classes)


def classes_from_names(names: list[str]) -> list[LabelClass]:
    """Classes numbered from 0 with palette colours; a first name of “background” is no thing."""
    return check_classes([LabelClass(i, name.strip(), voc_color(i % 256), is_thing=name.strip().lower() != "background")
                          for i, name in enumerate(names)])


def class_to_json(c: LabelClass) -> dict[str, object]:
    """A class as plain JSON values."""
    return {"id": c.id, "name": c.name, "color": "#" + bytes(c.color).hex(), "thing": c.is_thing}


def class_from_json(row: object, position: int) -> LabelClass:
    """A class from what `class_to_json` made, or from a bare name. Raises ProjectError."""
    if isinstance(row, str):
        row = {"name": row}
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise ProjectError(f"Entry {position + 1} of the class list is not a class.", "A class needs at least a name.")
    number = row.get("id", position)
    if not isinstance(number, int) or isinstance(number, bool):
        raise ProjectError(f"The class “{row['name']}” has a number that is no whole number.")
    return LabelClass(number, row["name"], _color(row.get("color"), number), bool(row.get("thing", row.get("is_thing", True))))


def _color(value: object, number: int) -> tuple[int, int, int]:
    if isinstance(value, str) and len(value) == 7 and value.startswith("#"):
        try:
            r, g, b = bytes.fromhex(value[1:])
            return r, g, b
        except ValueError:
            pass
    if isinstance(value, list) and len(value) == 3 and all(isinstance(v, int) and 0 <= v <= 255 for v in value):
        return value[0], value[1], value[2]
    return voc_color(number % 256)


def load_classes(source: str | os.PathLike[str] | list[LabelClass]) -> list[LabelClass]:
    """Classes from a set's name, a list, or a file: JSON (a list of names or of objects) or text with one name per line.

    Raises ProjectError.
    """
    if isinstance(source, list):
        return check_classes(source)
    if isinstance(source, str) and source in CLASS_SETS:
        return list(CLASS_SETS[source])
    try:
        text = Path(source).read_text("utf-8-sig")
    except (OSError, ValueError):
        raise ProjectError(f"There is no class set “{os.fspath(source)}”, and no readable file of that name.",
                           f"The sets are: {', '.join(CLASS_SETS)}.") from None
    if text.lstrip().startswith(("[", "{")):
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError):
            raise ProjectError(f"“{os.fspath(source)}” is not valid JSON.") from None
        rows = rows.get("classes") if isinstance(rows, dict) else rows
        if not isinstance(rows, list):
            raise ProjectError(f"“{os.fspath(source)}” holds no list of classes.")
        return check_classes([class_from_json(row, i) for i, row in enumerate(rows)])
    return classes_from_names([line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")])
