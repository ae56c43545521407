"""project.json as bytes, and the names that entries get: unique, the same on every file system, safe as file names."""
from __future__ import annotations

import json
import os
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segcore.classes import check_classes, class_from_json, class_to_json
from segcore.errors import ProjectError
from segcore.image_io import EXTENSIONS
from segcore.types import LabelClass

FORMAT = 1
SPLITS = ("", "train", "val", "test")
STATES = ("new", "labelled", "done", "flagged")
OWN_FOLDERS = frozenset({"annotations", "versions", "models"})
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST = 180
_FIELDS = frozenset({"name", "path", "split", "state"})


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """One image of a project.

    `name` is its unique key and the stem of its annotation file; `path` is relative to the project's folder (with “/”) when the
    image lies inside, otherwise absolute; `split` is "", train, val or test; `state` is new, labelled, done or flagged.
    """

    name: str
    path: str
    split: str = ""
    state: str = "new"


@dataclass(slots=True)
class ProjectData:
    """The content of project.json. `unknown` holds what this version does not understand, to be written back as it was."""

    name: str
    classes: list[LabelClass]
    images: list[ImageEntry] = field(default_factory=list)
    unknown: dict[str, Any] = field(default_factory=dict)
    unknown_rows: list[Any] = field(default_factory=list)
    unknown_fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    newer: bool = False


def dump(data: ProjectData) -> bytes:
    """project.json: ASCII (names of any bytes survive), one image per line."""
    head = {"format": FORMAT, "name": data.name, "classes": [class_to_json(c) for c in data.classes], **data.unknown}
    text = json.dumps(head, indent=1)[:-2]
    encode = json.encoder.encode_basestring_ascii
    rows = []
    for e in data.images:
        row = f'{{"name":{encode(e.name)},"path":{encode(e.path)}'
        row += f',"split":{encode(e.split)}' if e.split else ""
        row += f',"state":{encode(e.state)}' if e.state != "new" else ""
        if e.name in data.unknown_fields:
            row += "," + json.dumps(data.unknown_fields[e.name])[1:-1]
        rows.append(row + "}")
    rows += [json.dumps(row) for row in data.unknown_rows]
    return (text + ',\n "images": [\n' + ",\n".join(rows) + "\n]\n}\n").encode("ascii")


def parse(content: bytes) -> ProjectData:
    """What `dump` wrote; damaged image rows are left out with a notice. Raises ProjectError when the whole is damaged."""
    try:
        top = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ProjectError("The file project.json is damaged and cannot be read.",
                           "Rename it and make a new project in the same folder; annotations there are found again.") from None
    if not isinstance(top, dict) or not isinstance(top.get("format"), int) or not isinstance(top.get("images"), list):
        raise ProjectError("The file project.json is not that of a SegDesk project.")
    rows = top.get("classes")
    classes = check_classes([class_from_json(row, i) for i, row in enumerate(rows if isinstance(rows, list) else [])])
    unknown = {k: v for k, v in top.items() if k not in ("format", "name", "classes", "images")}
    data = ProjectData(str(top.get("name", "")), classes, unknown=unknown, newer=top["format"] > FORMAT)
    if data.newer:
        data.notices.append("This project was written by a newer version of SegDesk, so it is opened read-only.")
    _parse_images(top["images"], data)
    return data


def _no_constant(text: str) -> None:
    raise ValueError(text)


def _parse_images(rows: list[Any], data: ProjectData) -> None:
    seen: set[str] = set()
    for row in rows:
        try:
            name, path = row["name"], row["path"]
            entry = ImageEntry(name, path, row.get("split", ""), row.get("state", "new"))
            good = is_entry(entry) and name not in seen
        except (KeyError, TypeError, AttributeError):
            good = False
        if good:
            seen.add(name)
            data.images.append(entry)
            if not _FIELDS.issuperset(row):
                data.unknown_fields[name] = {k: v for k, v in row.items() if k not in _FIELDS}
        else:
            data.unknown_rows.append(row)
    if data.unknown_rows:
        data.notices.append(f"{len(data.unknown_rows)} damaged entries of project.json are not shown; they stay in the file.")


def is_entry(entry: ImageEntry) -> bool:
    """Whether all fields have allowed values and the name is a plain file name."""
    return (type(entry.name) is str and type(entry.path) is str and entry.path != "" and entry.split in SPLITS
            and entry.state in STATES and _UNSAFE.search(entry.name) is None and entry.name.strip(".") != ""
            and _is_path(entry.name) and _is_path(entry.path))


def _is_path(text: str) -> bool:
    """Whether the system can look for such a file at all: no zero, no half of a surrogate pair."""
    if text.isascii():
        return "\0" not in text
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def find_images(folder: str | os.PathLike[str]) -> list[str]:
    """Paths of the image files below a folder, in natural order (2 before 10), sub-folders included.

    Linked folders, hidden folders and the folders that a project keeps for itself are skipped, and so is everything that is
    not a regular file. Raises ProjectError when the folder cannot be listed.
    """
    try:
        return sorted(_walk(os.fspath(folder)), key=natural_key)
    except OSError as error:
        raise ProjectError(f"The folder “{os.fspath(folder)}” cannot be read: {error.strerror}.") from error


def _walk(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        items = list(entries)
    is_project = any(item.name == "project.json" for item in items)
    for item in items:
        if item.is_dir(follow_symlinks=False):
            skip = item.name.startswith(".") or item.name.endswith(".partial") or (is_project and item.name in OWN_FOLDERS)
            try:
                yield from () if skip else _walk(item.path)
            except OSError:
                continue
        elif os.path.splitext(item.name)[1].lower() in EXTENSIONS and not item.name.startswith("._"):
            try:
                regular = item.is_file()
            except OSError:
                regular = False
            if regular:
                yield item.path


_DIGITS = re.compile(r"(\d+)")


def natural_key(text: str) -> list[Any]:
    """A sort key that orders numbers inside names by value."""
    return [int(part) if i % 2 else part.casefold() for i, part in enumerate(_DIGITS.split(text))]


class Names:
    """Gives every image a key that no other has, also when upper case, lower case and accents are told apart by nobody."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {_fold(name) for name in taken}

    def new(self, path: str) -> str:
        """The file name itself when it is free and safe, otherwise a variant of it."""
        name = _safe(os.path.basename(path))
        stem, suffix = os.path.splitext(name)
        number = 1
        while _fold(name) in self._taken:
            number += 1
            name = f"{stem}~{number}{suffix}"
        self._taken.add(_fold(name))
        return name


def _fold(name: str) -> str:
    return name.casefold() if name.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _safe(name: str) -> str:
    """A name that every file system takes: bytes that are not UTF-8 become %XX, forbidden characters “_”."""
    if not name.isascii():
        name = "".join(f"%{ord(c) - 0xDC00:02X}" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in name)
        name = name.encode("utf-8", "replace").decode("utf-8")
    safe = _UNSAFE.sub("_", name).strip(" ")
    if _RESERVED.fullmatch(safe) or not safe.strip("."):
        safe = "_" + safe
    if len(safe.encode("utf-8")) > _LONGEST:
        stem, suffix = os.path.splitext(safe)
        short = stem.encode("utf-8")[:_LONGEST - 30].decode("utf-8", "ignore")
        safe = f"{short}-{zlib.crc32(name.encode('utf-8')):08x}{suffix[:16]}"
    return safe


def stored_path(path: str | os.PathLike[str], folder: Path) -> str:
    """How an image is named in project.json: relative to the project's folder when inside, otherwise absolute."""
    absolute = os.path.abspath(path)
    root = os.path.join(os.path.abspath(folder), "")
    return absolute[len(root):].replace(os.sep, "/") if absolute.startswith(root) else absolute
