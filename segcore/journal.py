"""A log of committed edits in the user's own state folder, so that neither a kill nor a dead network share loses one.

Every line is one edit with the pixels it left behind, a checksum in front, on the disk before `append` returns. Replaying
lines on any file state they passed through ends at the same state, so a line too many does no harm (redo logging).
"""
from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import threading
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore import safe_io
from segcore.annotation_io import regions_from_json, regions_to_json
from segcore.errors import ProjectError, SegcoreError, StorageError
from segcore.history import Patch, TileChange
from segcore.types import Annotation, Box, Region

if TYPE_CHECKING:
    from segcore.project import Project

KEPT_DAYS = 30
SEGMENT_BYTES = 32 << 20
IDLE_BYTES = 1 << 20
_SUFFIX = ".journal"


@dataclass(frozen=True, slots=True)
class Recovered:
    """An annotation that is newer in the journal than in its file, by at most `edits` steps, the last of them at `saved_at`."""

    name: str
    annotation: Annotation
    edits: int
    saved_at: float
    last_title: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One line: an edit of the image `name`, or, with `kind` “saved”, that its file holds the edits up to `revision`."""

    kind: str
    name: str
    revision: int
    generation: int = 0
    shape: tuple[int, int] = (0, 0)
    title: str = ""
    saved_at: float = 0.0
    tiles: tuple[TileChange, ...] = ()
    regions: dict[int, Region] | None = None


class Journal:
    """The journal of one project. One session writes one file at a time; files of ended sessions wait for `recover`."""

    def __init__(self, folder: Path, project: Project) -> None:
        self.folder = folder
        self._project = project
        self._lock = threading.RLock()
        self._file: safe_io.Appender | None = None
        self._open: dict[str, int] = {}
        self._full: list[Path] = []

    @classmethod
    def open(cls, project: Project, state_folder: Path | None = None) -> Journal:
        """The journal of an open project, below `state_folder` (default: the user's state folder). Raises StorageError."""
        if state_folder is None:
            import platformdirs
            state_folder = Path(platformdirs.user_state_dir("segdesk", appauthor=False))
        key = hashlib.sha256(os.fsencode(os.path.realpath(project.folder))).hexdigest()[:16]
        return cls(state_folder / "journals" / key, project)

    def append(self, name: str, patch: Patch, shape: tuple[int, int], revision: int) -> None:
        """Log an edit of an image of `shape` (H, W); when it returns, the edit is on the disk. Safe from any thread.

        `revision` counts the edits of the image in this session, rising. Raises StorageError.
        """
        row: dict[str, Any] = {"n": name, "r": revision, "g": self._generation(name), "s": list(shape), "t": time.time(),
                               "title": patch.title, "tiles": [_tile_to_json(tile) for tile in patch.tiles]}
        if patch.regions_before != patch.regions_after:
            row["regions"] = regions_to_json(patch.regions_after)
        with self._lock:
            self._write(row)
            self._open[name] = revision

    def saved(self, name: str, revision: int) -> None:
        """Note that the annotation's file durably holds all edits up to `revision`, and delete what nobody needs any more."""
        with self._lock:
            if self._file is None or self._open.get(name, -1) < 0:
                return
            if self._open[name] <= revision:
                del self._open[name]
            # When this line cannot be written, the edits are replayed once more, to no effect.
            with contextlib.suppress(StorageError):
                self._write({"n": name, "saved": revision})
            if not self._open and self._file.size > IDLE_BYTES:
                self._drop()

    def recover(self, project: Project | None = None) -> list[Recovered]:
        """What sessions that ended without saving left behind and is newer than the files; nothing is written to the project.

        Files of the journal that hold nothing newer are deleted, or put aside when an annotation cannot be compared. Damaged
        lines are passed over.
        """
        project = project or self._project
        chains: dict[str, list[Record]] = {}
        files = self._old_files()
        for path in files:
            for record in _read(path):
                _add(chains, record)
        found: list[Recovered] = []
        unsure = False
        for name, chain in chains.items():
            try:
                item = _replay(project, name, chain) if chain else None
            except (SegcoreError, OSError):  # the image is gone, its annotation damaged or of another size
                unsure = True
                continue
            if item is not None:
                found.append(item)
        if unsure and not found:
            self.put_aside()
        elif not found:
            _delete(files)
        return found

    def restore(self, recovered: Iterable[Recovered]) -> None:
        """Write recovered annotations to their files, then put the journal they came from aside. Raises StorageError."""
        for item in recovered:
            self._project.write_annotation(self._project.entry(item.name), item.annotation)
        self.put_aside()

    def put_aside(self) -> None:
        """Do not offer what `recover` found again; it stays in the folder “aside” for 30 days."""
        for path in self._old_files():
            with contextlib.suppress(OSError):
                (self.folder / "aside").mkdir(exist_ok=True)
                os.replace(path, self.folder / "aside" / path.name)
        with contextlib.suppress(OSError):
            for path in (self.folder / "aside").iterdir():
                if time.time() - path.stat().st_mtime > KEPT_DAYS * 86400:
                    path.unlink()

    def close(self) -> None:
        """End the session's file; it is deleted when all in it has been saved."""
        with self._lock:
            if self._file is None:
                return
            if not self._open:
                self._drop()
                return
            self._file.close()
            self._file = None

    def _write(self, row: dict[str, Any]) -> None:
        if self._file is None or self._file.size > SEGMENT_BYTES:
            if self._file is not None:
                self._file.close()
                self._full.append(self._file.path)
            self._file = safe_io.Appender(self.folder / f"{time.time_ns():020d}-{os.getpid()}-{os.urandom(2).hex()}{_SUFFIX}")
        self._file.append(_line(row))

    def _drop(self) -> None:
        assert self._file is not None
        self._file.close()
        _delete([*self._full, self._file.path])
        self._file, self._full = None, []

    def _generation(self, name: str) -> int:
        meta = self._project.annotations.meta(name)
        return meta.generation if meta else 0

    def _old_files(self) -> list[Path]:
        """Files of other sessions, oldest first."""
        mine = {*self._full, self._file.path} if self._file else set(self._full)
        try:
            return [path for path in sorted(self.folder.iterdir()) if path.suffix == _SUFFIX and path not in mine]
        except OSError:
            return []


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink()


def _add(chains: dict[str, list[Record]], record: Record) -> None:
    chain = chains.setdefault(record.name, [])
    if record.kind == "saved":
        chain[:] = [r for r in chain if r.revision > record.revision]
    else:
        chain.append(record)


def _replay(project: Project, name: str, chain: list[Record]) -> Recovered | None:
    """The file's annotation with the lines applied that may not be in it; None when that changes nothing."""
    stored = project.read_annotation(project.entry(name), chain[-1].shape)
    meta = project.annotations.meta(name)
    generation = meta.generation if meta else 0
    # A line written at generation g was committed before g + 2 was begun, so it is in every file from there on.
    chain = [record for record in chain if record.generation >= generation - 1 and record.shape == stored.shape]
    annotation = stored.copy()
    for record in chain:
        regions = annotation.regions if record.regions is None else record.regions
        try:
            Patch(record.title, None, record.tiles, {}, regions).apply(annotation)
        except (ValueError, IndexError, zlib.error):
            break
    if not chain or (annotation.regions == stored.regions and np.array_equal(annotation.region_map, stored.region_map)):
        return None
    return Recovered(name, annotation, len(chain), chain[-1].saved_at, chain[-1].title)


def _line(row: dict[str, Any]) -> bytes:
    body = json.dumps(row, separators=(",", ":")).encode("ascii")
    return b"%08x " % zlib.crc32(body) + body + b"\n"


def _read(path: Path) -> list[Record]:
    """The intact lines of a journal file, in order."""
    try:
        content = path.read_bytes()
    except OSError:
        return []
    records = []
    for line in content.split(b"\n"):
        record = _parse(line)
        if record is not None:
            records.append(record)
    return records


def _parse(line: bytes) -> Record | None:
    try:
        if int(line[:8], 16) != zlib.crc32(line[9:]):
            return None
        row = json.loads(line[9:])
        if "saved" in row:
            return Record("saved", str(row["n"]), int(row["saved"]))
        regions = regions_from_json(row["regions"]) if "regions" in row else None
        return Record("edit", str(row["n"]), int(row["r"]), int(row["g"]), (int(row["s"][0]), int(row["s"][1])),
                      str(row["title"]), float(row["t"]), tuple(_tile_from_json(tile) for tile in row["tiles"]), regions)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError, ProjectError):
        return None


def _tile_to_json(tile: TileChange) -> list[Any]:
    rows, cols = tile.box
    return [rows.start, rows.stop, cols.start, cols.stop, base64.b64encode(tile.after).decode("ascii")]


def _tile_from_json(row: Any) -> TileChange:
    y0, y1, x0, x1, packed = row
    box: Box = (slice(int(y0), int(y1)), slice(int(x0), int(x1)))
    return TileChange(box, b"", base64.b64decode(packed, validate=True))
