"""Canvas tools: one file each, no Qt. A tool is one generator function; leaving its `with ctx.edit(…)` is the undo step."""
from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from segcore.history import Edit
from segcore.registry import Plugin, Registry
from segcore.types import Annotation, Box, Event, Prompt

Gesture = Generator[None, Event, None]


class Context(Protocol):
    """What a gesture may ask of the window. Everything here is cheap and runs on the window's thread."""

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the image."""

    @property
    def image(self) -> NDArray[np.uint8]:
        """The photo, uint8 (H, W, 3) RGB, read only."""

    @property
    def annotation(self) -> Annotation:
        """The labels, read only; change them through `edit`."""

    @property
    def active_class(self) -> int:
        """Class id that new regions get."""

    @property
    def active_region(self) -> int:
        """Selected region's id, 0 when none is selected: the next stroke then starts a new one."""

    @property
    def scale(self) -> float:
        """Screen pixels per image pixel, to make handles and hit distances the same at every zoom."""

    def edit(self, title: str) -> Edit:
        """Begin a transaction; refused with a plain sentence (SegcoreError) when the image is read only."""

    def target(self, edit: Edit, source: str = "hand") -> int:
        """The region to paint: the active one, or a new one of the active class (the existing one for stuff classes)."""

    def select(self, region_id: int) -> None:
        """Make a region the active one; 0 for none."""

    def preview(self, mask: NDArray[np.bool_] | None = None, box: Box | None = None, *,
                lines: Sequence[Sequence[tuple[float, float]]] = (), closed: bool = False,
                points: Sequence[tuple[float, float, bool]] = (), rect: tuple[float, float, float, float] | None = None,
                strokes: NDArray[np.int8] | None = None) -> None:
        """Show something that is not painted yet; replaces what was shown before, no arguments clear it.

        mask: bool of the size of `box` (whole image when None) · lines: polylines in image coordinates · points: (x, y,
        is_foreground) · rect: xyxy · strokes: int8 of the size of the image, 1 foreground, 0 background, -1 none.
        """

    def predict(self, segmenter: str, prompt: Prompt, params: object = None) -> None:
        """Ask a segmenter; the newest answer of this gesture arrives as Event("prediction"), an older one never does.

        Event("coarse") may come before it, to be shown but not painted; Event("failed") in its place.
        """

    def notify(self, text: str) -> None:
        """A sentence for the status bar."""


class Tool(Plugin):
    """One way to label with the pointer. The option form comes from `Params`, the tooltip from the first docstring line."""

    shortcut: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    """Name of an icon in resources/icons; the tool's name when empty."""
    cursor: ClassVar[str] = "cross"
    """cross, arrow, or ring: a circle of the true size of `params.radius`."""
    hint: ClassVar[str] = ""
    """What the buttons and keys do, shown under the options and in the status bar."""

    def gesture(self, ctx: Context, event: Event) -> Gesture:
        """Starts at a press, is sent every later event, ends by returning; closed (GeneratorExit) by Esc."""
        raise NotImplementedError
        yield


TOOLS: Registry[Tool] = Registry(__name__)
