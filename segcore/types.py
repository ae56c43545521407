"""The nouns of the program. What crosses a thread or a process is frozen; images and maps are indexed [y, x]."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcore.errors import SegcoreError

VOID = 255
"""Class index of pixels that evaluation and training ignore."""

Box = tuple[slice, slice]
"""Rows and columns of a part of an image, as an index: `array[box]`."""

EVERYTHING: Box = (slice(None), slice(None))


@dataclass(frozen=True, slots=True)
class LabelClass:
    """One class of a project. `id` is its index in exported masks (0..254); `color` is RGB; things are countable objects."""

    id: int
    name: str
    color: tuple[int, int, int]
    is_thing: bool = True


@dataclass(frozen=True, slots=True)
class Region:
    """One object, or all of one stuff class, in one image. `source` says who made it: hand, grab_cut, model:NAME …"""

    id: int
    class_id: int
    locked: bool = False
    source: str = "hand"


class Annotation:
    """The labels of one image: one plane, in which a pixel has one region and a region one class.

    `region_map` is uint16 (H, W); 0 is *unlabelled*, which is not background. `regions` maps region ids (1..65535) to Regions.
    Only `segcore.history.Edit` changes it.
    """

    def __init__(self, shape: tuple[int, int], regions: dict[int, Region] | None = None) -> None:
        self.region_map: NDArray[np.uint16] = np.zeros(shape, np.uint16)
        self.regions: dict[int, Region] = dict(regions or {})

    @property
    def shape(self) -> tuple[int, int]:
        return self.region_map.shape  # type: ignore[return-value]

    def class_lut(self, unlabelled: int = VOID) -> NDArray[np.uint8]:
        """uint8 (65536,) table from region id to class index, for `lut[region_map]`; other ids become `unlabelled`."""
        lut = np.full(65536, unlabelled, np.uint8)
        for region in self.regions.values():
            lut[region.id] = region.class_id
        return lut

    def class_map(self, unlabelled: int = VOID) -> NDArray[np.uint8]:
        """uint8 (H, W) class index of every pixel; pixels without a region become `unlabelled`."""
        return self.class_lut(unlabelled)[self.region_map]

    def copy(self) -> Annotation:
        """An independent copy, safe to hand to another thread."""
        other = Annotation((0, 0), self.regions)
        other.region_map = self.region_map.copy()
        return other

    def free_id(self) -> int:
        """The smallest unused region id; raises SegcoreError when all 65,535 are taken."""
        free = next((i for i in range(1, 65536) if i not in self.regions), 0)
        if not free:
            raise SegcoreError("An image can hold at most 65,535 regions.", "Delete some regions first.")
        return free


@dataclass(frozen=True, slots=True)
class Image:
    """A decoded photo: `pixels` uint8 (H, W, 3) RGB, upright and read-only, plus what the source file was.

    `depth` is bits per channel of the source, `source_mode` its colour mode, `sha256` the hash of the file's bytes,
    `orientation` the EXIF value that was applied (1 = none), `notices` sentences for the user (first page of many, …).
    """

    pixels: NDArray[np.uint8]
    source_mode: str = "RGB"
    depth: int = 8
    sha256: str = ""
    orientation: int = 1
    notices: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        return self.pixels.shape[:2]


def _no_points() -> NDArray[np.float32]:
    return np.zeros((0, 2), np.float32)


def _no_labels() -> NDArray[np.uint8]:
    return np.zeros(0, np.uint8)


@dataclass(frozen=True, slots=True)
class Prompt:
    """The one input of all segmenters; every field may be absent.

    points float32 (N, 2) xy · labels uint8 (N,) 1 foreground, 0 background · box xyxy in pixels · scribble int8 (H, W) with
    1 foreground, 0 background, -1 none · prior float32 (H, W) foreground probability from any other source.
    """

    points: NDArray[np.float32] = field(default_factory=_no_points)
    labels: NDArray[np.uint8] = field(default_factory=_no_labels)
    box: tuple[float, float, float, float] | None = None
    scribble: NDArray[np.int8] | None = None
    prior: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """A proposal until it is accepted: `prob` float32 (H, W), or (C, H, W) with one plane per entry of `class_ids`.

    `mask` is bool (H, W) for one region, or an integer map of plane indices for many; `score` in 0..1; `made_by` names the
    segmenter or model; `message` is a sentence for the status bar.
    """

    prob: NDArray[np.float32]
    mask: NDArray[Any]
    class_ids: tuple[int, ...] = ()
    score: float = 1.0
    made_by: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """What long operations yield: `done` of `total` steps, a short sentence, and an optional value to show live."""

    done: int
    total: int
    message: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened on the canvas, in image coordinates (float; pixel (x, y) covers [x, x+1) × [y, y+1)).

    kind: press, move, release, double, key, wheel, params; coarse, prediction and failed: answers to what the gesture asked,
    the coarse one to be shown until the full one comes · button: left, right, middle or "" · key: Enter,
    Escape, Backspace, … · modifiers: a frozenset of shift, ctrl, alt · pressure 0..1 · value: what a prediction carries.
    """

    kind: str
    x: float = 0.0
    y: float = 0.0
    button: str = ""
    key: str = ""
    modifiers: frozenset[str] = frozenset()
    pressure: float = 1.0
    value: Any = None
