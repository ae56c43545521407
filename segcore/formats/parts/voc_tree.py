"""Finding the files of a VOC data set on disk."""
from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from segcore.errors import FormatError
from segcore.formats.parts.importing import Source
from segcore.formats.parts.names import read_names
from segcore.image_io import EXTENSIONS
from segcore.safe_io import show

SEARCH_DEPTH = 2
IMAGES, CLASS_MASKS, OBJECT_MASKS, BOXES = "JPEGImages", "SegmentationClass", "SegmentationObject", "Annotations"
LISTS = Path("ImageSets") / "Segmentation"


@dataclass(frozen=True, slots=True)
class VocTree:
    """The files of a data set by name without ending; `lists` maps train, val and test to names."""

    root: Path
    images: dict[str, Path]
    class_masks: dict[str, Path]
    object_masks: dict[str, Path]
    boxes: dict[str, Path]
    lists: dict[str, list[str]]

    def sources(self) -> list[Source]:
        """Every name that has a photo, a mask or a line in a list, sorted."""
        splits = {name: split for split, names in self.lists.items() for name in names}
        original = read_names(self.root)
        keys = sorted({*self.images, *self.class_masks, *splits})
        return [Source(k, self.images.get(k), original.get(k, ""), splits.get(k, "")) for k in keys]


def find_tree(folder: Path) -> VocTree:
    """The VOC data set in `folder` or up to two folders below (VOCdevkit/VOC2012); raises FormatError when there is none."""
    root = _root(folder, SEARCH_DEPTH)
    if root is None:
        raise FormatError(f"There is no VOC data set in “{show(folder)}”.",
                          f"Choose the folder that holds {IMAGES} and {CLASS_MASKS}.")
    tree = VocTree(root, _files(root / IMAGES, EXTENSIONS), _files(root / CLASS_MASKS, EXTENSIONS),
                   _files(root / OBJECT_MASKS, EXTENSIONS), _files(root / BOXES, {".xml"}), _lists(root / LISTS))
    if not tree.class_masks:
        raise FormatError(f"The folder {CLASS_MASKS} of “{show(root)}” holds no masks.")
    return tree


def _root(folder: Path, depth: int) -> Path | None:
    if (folder / CLASS_MASKS).is_dir():
        return folder
    try:
        below = sorted(p for p in folder.iterdir() if p.is_dir()) if depth else []
    except OSError:
        below = []
    return next((found for p in below if (found := _root(p, depth - 1)) is not None), None)


def _files(folder: Path, endings: frozenset[str] | set[str]) -> dict[str, Path]:
    """Files of a folder by name without ending; of several with one stem the first in alphabetical order."""
    try:
        names = sorted(os.listdir(folder), reverse=True)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise FormatError(f"The folder “{show(folder)}” cannot be read: {error.strerror}.") from error
    split = ((*os.path.splitext(name), name) for name in names if not name.startswith("."))
    return {stem: folder / name for stem, ending, name in split if ending.lower() in endings}


def _lists(folder: Path) -> dict[str, list[str]]:
    lists = {}
    for split in ("train", "val", "test"):
        path = folder / f"{split}.txt"
        if path.is_file():
            try:
                lines = path.read_text("utf-8-sig", errors="surrogateescape").splitlines()
            except OSError as error:
                raise FormatError(f"“{show(path)}” cannot be read: {error.strerror}.") from error
            lists[split] = [line.split()[0] for line in lines if line.strip()]
    return lists
