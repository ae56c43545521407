"""Labelled photos for training and evaluation, from a pair of folders or from a project, as arrays that a network can learn from."""
from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from segcore.errors import ModelError
from segcore.types import VOID

if TYPE_CHECKING:
    from segcore.project import ImageEntry, Project

Sample = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Pixels uint8 (H, W, 3) RGB and target uint8 (H, W): indices into `class_names`, 255 where there is no label."""


class Samples(Protocol):
    """What training reads: a sequence of samples and the names of their classes."""

    class_names: Sequence[str]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...


class FolderPair:
    """A folder of photos and one of index masks with the same stems; indices beyond `class_names` count as unlabelled.

    Raises ModelError when a folder is missing or no photo has a mask; a mask of another size is a ModelError when it is read.
    """

    def __init__(self, images: Path, masks: Path, class_names: Sequence[str]) -> None:
        from segcore.image_io import EXTENSIONS
        self.class_names = tuple(class_names)
        for folder in (images, masks):
            if not folder.is_dir():
                raise ModelError(f"The folder “{folder}” does not exist.")
        photos = {p.stem: p for p in sorted(images.iterdir()) if p.suffix.lower() in EXTENSIONS}
        self.pairs = [(photos[m.stem], m) for m in sorted(masks.iterdir()) if m.suffix.lower() == ".png" and m.stem in photos]
        if not self.pairs:
            raise ModelError(f"No photo in “{images}” has a mask in “{masks}”.", "Masks are PNG files with the photo's name.")

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Sample:
        from segcore.image_io import read_image, read_index_mask
        photo, mask = self.pairs[index]
        pixels, labels = read_image(photo).pixels, read_index_mask(mask)
        if labels.shape != pixels.shape[:2]:
            raise ModelError(f"The mask “{mask.name}” is not of its photo's size.", "An index mask has one value per pixel.")
        return pixels, np.where(labels < len(self.class_names), labels, VOID).astype(np.uint8)


class ProjectSamples:
    """The labelled images of a project; class indices count the project's classes in order, unlabelled pixels are 255.

    `splits` keeps images of those splits only; without it all labelled ones are taken. Raises ModelError when nothing is labelled.
    """

    def __init__(self, project: Project, splits: Collection[str] | None = None) -> None:
        self.project = project
        self.class_names = tuple(c.name for c in project.classes)
        self.entries: list[ImageEntry] = [e for e in project.images if project.has_annotation(e)
                                          and (splits is None or e.split in splits)]
        if not self.entries:
            raise ModelError("No image of the project has labels yet.", "Label some images first.")
        self._lut = np.full(256, VOID, np.uint8)
        for index, label in enumerate(project.classes):
            self._lut[label.id] = index

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Sample:
        entry = self.entries[index]
        pixels = self.project.read_image(entry).pixels
        annotation = self.project.read_annotation(entry, pixels.shape[:2])
        return pixels, self._lut[annotation.class_map()]


class Cached:
    """Keeps decoded samples in memory, up to `limit` bytes: a network reads every photo a hundred times."""

    def __init__(self, samples: Samples, limit: int = 2 << 30) -> None:
        self.class_names = samples.class_names
        self._samples = samples
        self._kept: dict[int, Sample] = {}
        self._room = limit

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Sample:
        if index in self._kept:
            return self._kept[index]
        sample = self._samples[index]
        size = sample[0].nbytes + sample[1].nbytes
        if size <= self._room:
            self._room -= size
            self._kept[index] = sample
        return sample


def count_classes(samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labelled pixels per class, and labelled pixels of the images in which the class occurs; both int64 (C,)."""
    pixels = np.zeros(len(samples.class_names), np.int64)
    present = np.zeros_like(pixels)
    for index in range(len(samples)):
        counts = np.bincount(samples[index][1].ravel(), minlength=256)[:len(pixels)]
        pixels += counts
        present[counts > 0] += counts.sum()
    return pixels, present
