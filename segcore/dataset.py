"""Labelled photos for training, from a pair of folders or from a project, as arrays that a network can learn from."""
from __future__ import annotations

import copy
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

    @property
    def class_names(self) -> Sequence[str]: ...

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

    `splits` keeps images of those splits only; without it all labelled ones are taken. Raises ModelError when nothing is
    labelled.
    """

    def __init__(self, project: Project, splits: Collection[str] | None = None) -> None:
        self.project = project
        self.class_names = tuple(c.name for c in project.classes)
        self.class_colors = tuple(c.color for c in project.classes)
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

    def only(self, entries: Sequence[ImageEntry]) -> ProjectSamples:
        """The same with some of the images."""
        part = copy.copy(self)
        part.entries = list(entries)
        return part


def split_project(project: Project, seed: int = 0) -> tuple[ProjectSamples, ProjectSamples]:
    """Samples to train on and to validate with.

    Those whose split is train and val; when no labelled image is in val, a fifth of the others, chosen by `seed`, is held back
    (with fewer than five images, all serve for both). Raises ModelError when nothing is labelled.
    """
    everything = ProjectSamples(project)
    held = [e for e in everything.entries if e.split == "val"]
    rest = [e for e in everything.entries if e.split in ("", "train")]
    if not rest:
        raise ModelError("No labelled image is there to train on.", "All labelled images are in the val or test split.")
    if not held and len(rest) >= 5:
        order = np.random.default_rng(seed).permutation(len(rest))
        held, rest = [rest[i] for i in order[:len(rest) // 5]], [rest[i] for i in order[len(rest) // 5:]]
    return everything.only(rest), everything.only(held or rest)


class Cached:
    """Samples scaled to an area and kept in memory, up to `limit` bytes: a network reads every photo a hundred times."""

    def __init__(self, samples: Samples, pixels: int = 0, limit: int = 2 << 30) -> None:
        self.class_names = samples.class_names
        self._samples, self._pixels, self._room = samples, pixels, limit
        self._kept: dict[int, Sample] = {}

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Sample:
        if index in self._kept:
            return self._kept[index]
        sample = scaled(*self._samples[index], self._pixels) if self._pixels else self._samples[index]
        size = sample[0].nbytes + sample[1].nbytes
        if size <= self._room:
            self._room -= size
            self._kept[index] = sample
        return sample


def scaled(photo: NDArray[np.uint8], target: NDArray[np.uint8], pixels: int) -> Sample:
    """The sample resized to about `pixels` pixels, its proportions kept; unchanged when it is within 2 % of that."""
    import cv2
    factor = (pixels / target.size) ** 0.5
    if abs(factor - 1) < 0.01:
        return photo, target
    size = max(1, round(target.shape[1] * factor)), max(1, round(target.shape[0] * factor))
    smooth = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    # Nearest "exact" takes the pixel at the centre, as the photo does; plain nearest shifts the labels by half a pixel.
    return (np.asarray(cv2.resize(photo, size, interpolation=smooth), np.uint8),
            np.asarray(cv2.resize(target, size, interpolation=cv2.INTER_NEAREST_EXACT), np.uint8))


def count_classes(samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labelled pixels per class, and labelled pixels of the images in which the class occurs; both int64 (C,)."""
    pixels = np.zeros(len(samples.class_names), np.int64)
    present = np.zeros_like(pixels)
    for index in range(len(samples)):
        counts = np.bincount(samples[index][1].ravel(), minlength=256)[:len(pixels)]
        pixels += counts
        present[counts > 0] += counts.sum()
    return pixels, present


def class_weights(balance: str, data: Samples) -> NDArray[np.float32]:
    """float32 (C,) weights: median frequency balancing, or its square root; all 1 for “none”.

    A class that never occurs gets 1. Raises ModelError when nothing is labelled.
    """
    pixels, present = count_classes(data)
    if not pixels.any():
        raise ModelError("No pixel of these images is labelled.", "Label something in them first.")
    frequency = pixels / np.maximum(present, 1)
    occurring = frequency > 0
    weights = np.ones(len(pixels))
    if balance == "none":
        return weights.astype(np.float32)
    weights[occurring] = np.median(frequency[occurring]) / frequency[occurring]
    return (np.sqrt(weights) if balance == "sqrt" else weights).astype(np.float32)
