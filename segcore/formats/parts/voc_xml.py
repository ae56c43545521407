"""VOC's annotation files: boxes of the objects in XML, 1-based and inclusive; read without trusting the file."""
from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from segcore.errors import FormatError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element as ParsedElement

LARGEST_FILE = 16 << 20
MOST_OBJECTS = 100_000


@dataclass(frozen=True, slots=True)
class VocBox:
    """One object: its class name and box, 0-based xyxy with right and bottom exclusive."""

    name: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class VocFile:
    """What an annotation file says: image file, (height, width) or None, objects."""

    filename: str
    shape: tuple[int, int] | None
    objects: tuple[VocBox, ...]


def write_xml(file: VocFile, folder: str, depth: int = 3) -> bytes:
    """The bytes of an annotation file with a shape; objects that touch the image's edge are marked as truncated."""
    height, width = file.shape or (0, 0)
    root = Element("annotation")
    _texts(root, folder=folder, filename=file.filename)
    _texts(SubElement(root, "source"), database="Unknown", annotation="SegDesk")
    _texts(SubElement(root, "size"), width=width, height=height, depth=depth)
    _texts(root, segmented=1)
    for item in file.objects:
        x0, y0, x1, y1 = item.box
        node = SubElement(root, "object")
        truncated = x0 <= 0 or y0 <= 0 or x1 >= width or y1 >= height
        _texts(node, name=item.name, pose="Unspecified", truncated=int(truncated), difficult=0)
        _texts(SubElement(node, "bndbox"), xmin=x0 + 1, ymin=y0 + 1, xmax=x1, ymax=y1)
    indent(root, "\t")
    return tostring(root, encoding="utf-8") + b"\n"


def _texts(parent: Element, **values: object) -> None:
    for tag, value in values.items():
        SubElement(parent, tag).text = clean_text(str(value))


def clean_text(text: str) -> str:
    """`text` without what XML cannot hold: control characters and halves of surrogate pairs become “�”."""
    return "".join(c if c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff" else "�" for c in text)


def read_xml(path: Path) -> VocFile:
    """Read an annotation file; raises FormatError for what is damaged, too large, or has entities (bombs)."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise FormatError("The XML file is larger than 16 MB.")
        root = fromstring(data, forbid_dtd=True)
        return VocFile((root.findtext("filename") or "").strip(), _shape(root), tuple(_objects(root)))
    except DefusedXmlException:
        raise FormatError("The XML file has a document type or entities, which annotations never need.") from None
    except (ParseError, LookupError, OverflowError, RecursionError, OSError, ValueError):
        raise FormatError("The XML file is damaged.") from None


def _shape(root: ParsedElement) -> tuple[int, int] | None:
    width, height = root.findtext("size/width"), root.findtext("size/height")
    if width is None or height is None:
        return None
    shape = round(float(height)), round(float(width))
    return shape if min(shape) > 0 else None


def _objects(root: ParsedElement) -> list[VocBox]:
    boxes: list[VocBox] = []
    for node in root.iterfind("object"):
        if len(boxes) == MOST_OBJECTS:
            raise FormatError("The XML file has more than 100,000 objects.")
        corners = [float(node.findtext(f"bndbox/{tag}") or "nan") for tag in ("xmin", "ymin", "xmax", "ymax")]
        if not all(math.isfinite(v) and abs(v) < 1e9 for v in corners):
            raise FormatError("The XML file has an object without a proper box.")
        x0, y0, x1, y1 = (round(v) for v in corners)
        box = min(x0, x1) - 1, min(y0, y1) - 1, max(x0, x1), max(y0, y1)
        boxes.append(VocBox((node.findtext("name") or "").strip(), box))
    return boxes
