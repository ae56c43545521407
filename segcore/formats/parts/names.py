"""File names that every system accepts, made unique whatever the case or the Unicode form."""
from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from segcore.errors import FormatError
from segcore.safe_io import show

LONGEST = 120
"""Bytes of a name, which leaves room for a folder and an ending within the 260 characters of old Windows."""
NAMES_FILE = "names.json"
"""Maps the names in an export to the names of the images in the project."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\s]')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)


def safe_name(text: str) -> str:
    """`text` as a file name for Windows, macOS and Linux, without white space: what does not fit becomes “_”."""
    text = unicodedata.normalize("NFC", text)
    text = "".join("_" if _FORBIDDEN.match(c) or not c.isprintable() else c for c in text)
    text = text.encode("utf-8", "replace")[:LONGEST].decode("utf-8", "ignore").rstrip(". ").lstrip(".-")
    return f"_{text}" if not text or _RESERVED.fullmatch(text) else text


def unique_names(names: Iterable[str]) -> list[str]:
    """A safe name for each, in the same order; names that would fall together get “_2”, “_3” …"""
    taken: set[str] = set()
    result = []
    for name in map(safe_name, names):
        number, candidate = 2, name
        while _key(candidate) in taken:
            candidate, number = f"{name}_{number}", number + 1
        taken.add(_key(candidate))
        result.append(candidate)
    return result


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def stem(name: str) -> str:
    """An image's name without its file ending, folders joined by “_”."""
    path = PurePosixPath(name.replace("\\", "/"))
    return "_".join((*path.parts[:-1], path.stem))


def names_to_json(mapping: dict[str, str]) -> bytes:
    """The content of the names file; ASCII, so that names of any bytes survive."""
    return json.dumps(mapping, indent=1, ensure_ascii=True).encode("ascii")


def read_names(folder: Path) -> dict[str, str]:
    """Exported name -> image name from a names file, empty when there is none; raises FormatError when it is damaged."""
    path = folder / NAMES_FILE
    if not path.is_file():
        return {}
    try:
        mapping = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        mapping = None
    if not isinstance(mapping, dict) or not all(isinstance(v, str) for v in mapping.values()):
        raise FormatError(f"“{show(path)}” is damaged.", "Delete it to match images by their file names only.")
    return mapping
