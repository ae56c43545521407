"""A project is a folder of plain files: project.json, annotations/, versions/, and images inside it or elsewhere."""
from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from segcore import safe_io
from segcore.annotation_store import AnnotationStore, CorruptAnnotation, SizeMismatch, Version, read_version
from segcore.classes import check_classes, load_classes
from segcore.errors import ProjectError, StorageError
from segcore.image_io import probe, read_image
from segcore.lock import Lock
from segcore.project_file import OWN_FOLDERS, ImageEntry, Names, ProjectData, dump, find_images, is_entry, parse, stored_path
from segcore.types import Annotation, Image, LabelClass

__all__ = ["CorruptAnnotation", "ImageEntry", "Project", "SizeMismatch", "Version", "find_images"]

Source = str | os.PathLike[str]


class Project:
    """An open project. Made by `create` or `open`; `close` gives its lock back.

    `read_only` says whether it may be changed, `holder` who has it open elsewhere ("" when nobody has), `notices` are
    sentences for the user. `annotations` is the store behind the methods on annotations.
    """

    def __init__(self, folder: Path, data: ProjectData) -> None:
        self.folder = folder
        self.name = data.name
        self.classes = data.classes
        self.images = data.images
        self.read_only = False
        self.holder = ""
        self.notices = data.notices
        self.annotations = AnnotationStore(folder)
        self._data = data
        self._lock: Lock | None = None
        self._index: dict[str, int] = {}
        self._hashes: dict[str, str] = {}
        _reindex(self)

    @classmethod
    def create(cls, folder: Source, *, images: Source | Sequence[Source] | None = None,
               classes: str | os.PathLike[str] | list[LabelClass] = "voc", copy: bool = False) -> Project:
        """Make a project in `folder` and open it.

        `images` is a folder, searched with its sub-folders, or a list of files; they are referenced where they are, or copied
        to images/. `classes` is a set's name, a list, or a text or JSON file. Annotations that are already in the folder are
        found again. Raises ProjectError, StorageError.
        """
        root = Path(os.path.abspath(folder))
        if (root / "project.json").exists():
            raise ProjectError(f"There already is a project in “{safe_io.show(root)}”.", "Open it, or choose another folder.")
        found = _resolve(images, root)
        data = ProjectData(root.name or "project", load_classes(classes))
        safe_io.put(root / "project.json", dump(data))
        project = cls.open(root)
        if found:
            project.add_images(found, copy=copy)
        return project

    @classmethod
    def open(cls, folder: Source, *, read_only: bool = False, take_over: bool = False) -> Project:
        """Open a project and take its lock.

        When somebody else holds the lock, or the folder cannot be written, it opens read-only, with a notice; `take_over`
        takes the lock from its holder. Raises ProjectError when there is no project or its file is damaged.
        """
        root = Path(os.path.abspath(folder))
        try:
            content = (root / "project.json").read_bytes()
        except FileNotFoundError:
            raise ProjectError(f"There is no project in “{safe_io.show(root)}”.",
                               "Make one there: File, New project, or `main.py new`.") from None
        except OSError as error:
            raise ProjectError(f"The project in “{safe_io.show(root)}” cannot be read: {error.strerror}.") from error
        project = cls(root, parse(content))
        project.read_only = read_only or project._data.newer
        if not project.read_only:
            _take_lock(project, take_over)
        project.annotations.scan(sweep=not project.read_only)
        if not project.read_only:
            safe_io.sweep(root)
        images = project.images
        for i, entry in enumerate(images):
            if entry.state == "new" and project.annotations.has(entry.name):
                images[i] = replace(entry, state="labelled")
        return project

    def close(self) -> None:
        """Give the lock back; the project can no longer be written."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        self.read_only = True

    def save(self) -> None:
        """Write project.json. Raises StorageError, ProjectError when read-only."""
        _check_writable(self)
        self._data.name, self._data.classes, self._data.images = self.name, self.classes, self.images
        safe_io.put(self.folder / "project.json", dump(self._data))

    def index(self, name: str) -> int:
        """Position of an entry in `images`; raises ProjectError."""
        try:
            return self._index[name]
        except KeyError:
            raise ProjectError(f"There is no image “{name}” in the project.") from None

    def entry(self, name: str) -> ImageEntry:
        """The entry of that name; raises ProjectError."""
        return self.images[self.index(name)]

    def class_by_id(self, class_id: int) -> LabelClass:
        """The class with that number; raises ProjectError."""
        for c in self.classes:
            if c.id == class_id:
                return c
        raise ProjectError(f"The project has no class number {class_id}.")

    def add_images(self, paths: Iterable[Source], *, copy: bool = False) -> list[ImageEntry]:
        """Add files at the end, or copies of them in images/, and save; those already there are left out.

        Raises ProjectError when read-only, StorageError when a copy or project.json cannot be written.
        """
        _check_writable(self)
        names, known = Names(self._index), {entry.path for entry in self.images}
        added = []
        for path in paths:
            stored = stored_path(path, self.folder)
            if stored in known:
                continue
            known.add(stored)
            name = names.new(os.fspath(path))
            if copy and os.path.isabs(stored):
                stored = f"images/{name}"
                _copy_image(path, self.folder / "images" / name)
            state = "labelled" if self.annotations.has(name) else "new"
            added.append(ImageEntry(name, stored, state=state))
        self.images.extend(added)
        _reindex(self)
        self.save()
        return added

    def update_entry(self, name: str, *, split: str | None = None, state: str | None = None) -> ImageEntry:
        """Change split or state of an entry, in memory; `save` writes it. Raises ProjectError."""
        entry = self.entry(name)
        new = replace(entry, split=entry.split if split is None else split, state=entry.state if state is None else state)
        if not is_entry(new):
            raise ProjectError(f"“{new.split}”, “{new.state}” is no split and state of an image.")
        self.images[self.index(name)] = new
        return new

    def remove_image(self, name: str) -> None:
        """Take an image out of the project and save. Its file stays; its annotation is kept in versions/."""
        _check_writable(self)
        position = self.index(name)
        self.annotations.set_aside(name)
        del self.images[position]
        _reindex(self)
        self.save()

    def set_classes(self, classes: list[LabelClass]) -> None:
        """Replace the classes and save. Raises ProjectError for double or impossible ids and names."""
        _check_writable(self)
        self.classes = check_classes(classes)
        self.save()

    def image_path(self, entry: ImageEntry) -> Path:
        """Where the image file is."""
        return Path(os.path.join(self.folder, entry.path))

    def read_image(self, entry: ImageEntry) -> Image:
        """Decode the image; a notice says so when the file is not the one that was annotated. Raises ImageError."""
        image = read_image(self.image_path(entry))
        self._hashes[entry.name] = image.sha256
        if self.annotations.made_for(entry.name, image.sha256):
            return image
        return replace(image, notices=(*image.notices, "The image file has changed since it was annotated; check its regions."))

    def annotation_path(self, entry: ImageEntry) -> Path:
        """Where the annotation file is, or would be."""
        return self.annotations.path(entry.name)

    def has_annotation(self, entry: ImageEntry) -> bool:
        """Whether there is an annotation file; costs no disk access."""
        return self.annotations.has(entry.name)

    def read_annotation(self, entry: ImageEntry, shape: tuple[int, int] | None = None) -> Annotation:
        """The stored annotation, or an empty one of `shape` (H, W) (by default that of the image) when there is none.

        Raises CorruptAnnotation when the file is damaged (a copy is then kept in annotations/corrupt) and SizeMismatch when
        it has another shape. Nothing is overwritten.
        """
        found = self.annotations.read(entry.name)
        if found is None:
            if shape is None:
                info = probe(self.image_path(entry))
                shape = (info.height, info.width)
            return Annotation(shape)
        annotation = found[0]
        if shape is not None and annotation.shape != tuple(shape):
            raise _mismatch(entry, annotation.shape, shape)
        return annotation

    def write_annotation(self, entry: ImageEntry, annotation: Annotation, *, generation: int | None = None,
                         keep_version: bool = True) -> None:
        """Store the annotation of an image with one atomic write; the previous file becomes a version (the last 10 stay).

        `generation` counts edits (default: one more than the file's). Raises StorageError, with the old file kept, and
        ProjectError when the project is read-only.
        """
        _check_writable(self)
        self.annotations.write(entry.name, annotation, image_sha256=self._hashes.get(entry.name, ""), generation=generation,
                               keep_version=keep_version)
        position = self._index.get(entry.name)
        if position is not None and self.images[position].state == "new":
            self.images[position] = replace(self.images[position], state="labelled")

    def versions(self, entry: ImageEntry) -> list[Version]:
        """Earlier states of an annotation, oldest first."""
        return self.annotations.versions(entry.name)

    def read_version(self, version: Version) -> Annotation:
        """An earlier state. Raises ProjectError."""
        return read_version(version)


def _reindex(project: Project) -> None:
    project._index = {entry.name: i for i, entry in enumerate(project.images)}


def _check_writable(project: Project) -> None:
    if project.read_only:
        who = f": {project.holder} has it open" if project.holder else ""
        raise ProjectError(f"The project “{project.name}” is open read-only{who}.", "Nothing has been changed.")


def _take_lock(project: Project, take_over: bool) -> None:
    lock = Lock(project.folder)
    try:
        if lock.acquire(take_over=take_over):
            project._lock = lock
            return
        project.holder = lock.holder
        project.notices.append(f"The project is open elsewhere, by {lock.holder}, so it is opened read-only here.")
    except StorageError as error:
        project.holder = lock.holder
        project.notices.append(f"The project's folder cannot be written, so it is opened read-only. {error.message}")
    project.read_only = True


def _resolve(images: Source | Sequence[Source] | None, root: Path) -> list[Source]:
    if images is None:
        return []
    if not isinstance(images, (str, os.PathLike)):
        return list(images)
    own = tuple(os.path.join(root, name, "") for name in OWN_FOLDERS)
    found: list[Source] = [path for path in find_images(images) if not os.path.abspath(path).startswith(own)]
    if not found:
        raise ProjectError(f"There are no images in “{safe_io.show(images)}”.",
                           "SegDesk reads JPEG, PNG, TIFF, BMP, WebP and GIF.")
    return found


def _copy_image(source: Source, target: Path) -> None:
    try:
        with open(source, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ProjectError(f"“{safe_io.show(source)}” cannot be copied: {error.strerror}.") from error
    safe_io.put(target, data)


def _mismatch(entry: ImageEntry, found: tuple[int, int], wanted: tuple[int, int]) -> SizeMismatch:
    message = (f"The annotation of “{entry.name}” is {found[1]} × {found[0]} pixels, the image {wanted[1]} × {wanted[0]}.")
    if found == (wanted[1], wanted[0]):
        return SizeMismatch(message, "Width and height are swapped: the image was probably turned since. Nothing was changed.")
    return SizeMismatch(message, "Restore the image that was annotated; nothing was changed.")
