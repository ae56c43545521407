"""What a gesture may ask of the window: the open document, the canvas's preview, and the segmenters."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.canvas.predictor import Predictor, Question, params_for
from app.canvas.preview import Preview
from segcore.errors import SegcoreError
from segcore.history import Edit
from segcore.types import Annotation, Box, Prompt

if TYPE_CHECKING:
    from app.canvas.gestures import GestureRunner
    from app.canvas.view import Canvas
    from app.document import Document
    from app.workspace import Workspace


class CanvasContext:
    """`app.tools.Context` for the image that is open. Everything here is cheap and runs on the window's thread."""

    def __init__(self, workspace: Workspace, canvas: Canvas) -> None:
        self._workspace, self._canvas = workspace, canvas
        self.predictor = Predictor(workspace)
        self.runner: GestureRunner | None = None

    @property
    def document(self) -> Document:
        """The open document; raises SegcoreError when there is none."""
        if self._workspace.document is None:
            raise SegcoreError("No image is open.")
        return self._workspace.document

    @property
    def shape(self) -> tuple[int, int]:
        return self.document.shape

    @property
    def image(self) -> NDArray[np.uint8]:
        return self.document.image.pixels

    @property
    def annotation(self) -> Annotation:
        return self.document.annotation

    @property
    def active_class(self) -> int:
        return self.document.active_class

    @property
    def active_region(self) -> int:
        return self.document.active_region

    @property
    def scale(self) -> float:
        return self._canvas.scale / self._canvas.devicePixelRatioF()

    def edit(self, title: str) -> Edit:
        return self.document.edit(title)

    def target(self, edit: Edit, source: str = "hand") -> int:
        return self.document.target(edit, source)

    def select(self, region_id: int) -> None:
        self.document.select(region_id)

    def preview(self, mask: NDArray[np.bool_] | None = None, box: Box | None = None, *,
                lines: Sequence[Sequence[tuple[float, float]]] = (), closed: bool = False,
                points: Sequence[tuple[float, float, bool]] = (), rect: tuple[float, float, float, float] | None = None,
                strokes: NDArray[np.int8] | None = None) -> None:
        self._canvas.set_preview(Preview(mask, box, lines, closed, points, rect, strokes))

    def predict(self, segmenter: str, prompt: Prompt, params: object = None) -> None:
        assert self.runner is not None
        document = self.document
        self.predictor.ask(Question(segmenter, document.image.pixels, document.image.sha256, prompt,
                                    params_for(segmenter, params), *self.runner.awaiting()))

    def notify(self, text: str) -> None:
        self._workspace.say(text)
