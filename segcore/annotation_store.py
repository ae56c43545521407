"""The annotations, their earlier versions and the damaged ones of a project, as files in its folder."""
from __future__ import annotations

import contextlib
import os
import threading
import time
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from segcore import safe_io
from segcore.annotation_io import Meta, decode_annotation, encode_annotation, peek_meta, read_meta
from segcore.errors import ProjectError
from segcore.types import Annotation

KEPT_VERSIONS = 10
_HEAD = 4096
_LOCKS = 64


class CorruptAnnotation(ProjectError):
    """An annotation file cannot be decoded; a copy has been kept in annotations/corrupt."""


class SizeMismatch(ProjectError):
    """An annotation has another size than its image."""


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier state of one annotation; `saved_at` is in seconds since 1970."""

    path: Path
    number: int
    saved_at: float


class AnnotationStore:
    """Reads and writes annotations/<name>.png; every write keeps the previous file as a version. Safe to use from threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: set[str] = set()
        self._metas: dict[str, Meta] = {}
        self._kept_at: dict[str, float] = {}
        self._locks = [threading.RLock() for _ in range(_LOCKS)]

    def scan(self, *, sweep: bool) -> None:
        """List the annotations with one call; `sweep` also removes temporary files that a killed program left."""
        self._names.clear()
        parts = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self._folder / "annotations") as entries:
            for item in entries:
                if item.name.endswith(".png"):
                    self._names.add(item.name[:-4])
                elif safe_io.is_part(item.name):
                    parts.append(item.name)
        if sweep and parts:
            safe_io.sweep(self._folder / "annotations", parts)

    def path(self, name: str) -> Path:
        """Where the annotation of that entry name is, or would be."""
        return self._folder / "annotations" / f"{name}.png"

    def has(self, name: str) -> bool:
        """Whether there is an annotation; costs no disk access."""
        return name in self._names

    def read(self, name: str) -> tuple[Annotation, Meta] | None:
        """The annotation and what its file says about itself; None when there is none.

        Raises CorruptAnnotation, after keeping a copy aside, when the file cannot be decoded.
        """
        with self._lock(name):
            try:
                data = self.path(name).read_bytes()
            except FileNotFoundError:
                self._names.discard(name)
                return None
            except OSError as error:
                raise ProjectError(f"The annotation “{name}” cannot be read: {error.strerror}.",
                                   "Check the drive; nothing has been changed.") from error
            try:
                annotation, meta = decode_annotation(data)
            except ProjectError as error:
                kept = self._keep_aside(name, data)
                raise CorruptAnnotation(f"The annotation of “{name}” is damaged: {error.message}", kept) from error
            self._metas[name] = replace(meta, regions=())
            return annotation, meta

    def meta(self, name: str) -> Meta | None:
        """What the annotation's file says about itself, without its regions; None when there is no file or it is damaged."""
        if not self.has(name):
            return None
        if name not in self._metas:
            try:
                self._metas[name] = replace(read_meta(self.path(name).read_bytes()), regions=())
            except (OSError, ProjectError):
                return None
        return self._metas[name]

    def made_for(self, name: str, image_sha256: str) -> bool:
        """False when the annotation was drawn on an image file with other bytes than those of this hash."""
        meta = self.meta(name)
        return meta is None or not meta.image_sha256 or not image_sha256 or meta.image_sha256 == image_sha256

    def write(self, name: str, annotation: Annotation, *, image_sha256: str = "", generation: int | None = None,
              keep_version: bool = True) -> Meta:
        """Store an annotation with one atomic write; the file that it replaces becomes a version, unless told otherwise.

        `generation` defaults to one more than the file's. Raises StorageError, with the old file kept.
        """
        with self._lock(name):
            path = self.path(name)
            previous = _read_if_there(path)
            old = _intact(previous)
            if previous is not None and old is None:
                self._keep_aside(name, previous)
            number = generation if generation is not None else (old.generation if old else 0) + 1
            saved_at = time.time()
            sha256 = image_sha256 or (old.image_sha256 if old else "")
            data = encode_annotation(annotation, image_sha256=sha256, generation=number, saved_at=saved_at)
            if previous is not None and keep_version:
                self._push_version(name, previous)
            safe_io.put(path, data)
            self._names.add(name)
            self._metas[name] = Meta(sha256, number, saved_at, annotation.shape)
            return self._metas[name]

    def _lock(self, name: str) -> threading.RLock:
        """The lock of a name, so that several images are encoded and synced at once; names may share one."""
        return self._locks[zlib.crc32(os.fsencode(name)) % _LOCKS]

    def version_due(self, name: str, seconds: float = 300.0) -> bool:
        """Whether the last version made by this session is that old, or there is none: autosaves then keep one.

        Without it, ten versions would reach back ten brush strokes, which undo does better.
        """
        last = self._kept_at.get(name)
        return last is None or time.monotonic() - last >= seconds

    def set_aside(self, name: str) -> None:
        """Take an annotation away; it stays as the newest version. Raises StorageError."""
        with self._lock(name):
            previous = _read_if_there(self.path(name))
            if previous is not None:
                self._push_version(name, previous)
                self.path(name).unlink(missing_ok=True)
            self._names.discard(name)
            self._metas.pop(name, None)

    def versions(self, name: str) -> list[Version]:
        """Earlier states, oldest first."""
        found = []
        with contextlib.suppress(OSError), os.scandir(self._folder / "versions" / name) as entries:
            for item in entries:
                stem, dot, _ = item.name.partition(".png")
                if dot and stem.isdigit():
                    path = Path(item.path)
                    meta = peek_meta(_head(path))
                    found.append(Version(path, int(stem), (meta.saved_at if meta else 0.0) or item.stat().st_mtime))
        return sorted(found, key=lambda v: v.number)

    def _push_version(self, name: str, data: bytes) -> None:
        folder = self._folder / "versions" / name
        self._kept_at[name] = time.monotonic()
        safe_io.sweep(folder)
        numbers = sorted(version.number for version in self.versions(name))
        newest = folder / f"{numbers[-1]:04d}.png" if numbers else None
        if newest is None or _read_if_there(newest) != data:  # a save that is tried again adds nothing
            numbers.append(numbers[-1] + 1 if numbers else 1)
            safe_io.put(folder / f"{numbers[-1]:04d}.png", data)
        for number in numbers[:-KEPT_VERSIONS]:
            (folder / f"{number:04d}.png").unlink(missing_ok=True)

    def _keep_aside(self, name: str, data: bytes) -> str:
        """Copy damaged bytes to annotations/corrupt, once, and return a sentence that says where."""
        kept = self._folder / "annotations" / "corrupt" / f"{name}-{zlib.crc32(data):08x}.png"
        try:
            if not kept.exists():
                safe_io.put(kept, data)
        except ProjectError:
            raise
        except Exception:
            return "The file has been left as it is; a copy could not be made."
        return f"A copy is kept as annotations/corrupt/{kept.name}; earlier versions may be intact."


def read_version(version: Version) -> Annotation:
    """The annotation as it was. Raises ProjectError."""
    try:
        return decode_annotation(version.path.read_bytes())[0]
    except OSError as error:
        raise ProjectError(f"The earlier version {version.number} cannot be read: {error.strerror}.") from error


def _read_if_there(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise safe_io.storage_error(error, path, 0) from error


def _intact(data: bytes | None) -> Meta | None:
    try:
        return read_meta(data) if data is not None else None
    except ProjectError:
        return None


def _head(path: Path) -> bytes:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(_HEAD)
    return b""
