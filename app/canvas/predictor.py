"""Runs segmenters for gestures: one question at a time, the newest one next, the image set once."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segcore.params import make_params
from segcore.types import Prediction, Prompt

if TYPE_CHECKING:
    from app.jobs import Job, Steps
    from app.workspace import Workspace
    from segcore.segmenters import Segmenter


@dataclass(frozen=True, slots=True)
class Question:
    """What a gesture wants to know, and whom to tell."""

    segmenter: str
    image: NDArray[np.uint8]
    image_key: str
    prompt: Prompt
    params: dict[str, Any]
    deliver: Callable[..., None]
    failed: Callable[[Exception], None]


class Predictor:
    """Answers one question at a time; of those that arrive meanwhile only the newest waits."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._job: Job | None = None
        self._waiting: Question | None = None
        self.on_busy: Callable[[], None] = lambda: None
        """Called when an answer begins or ends to be computed."""
        self._ready: dict[str, tuple[NDArray[np.uint8], Segmenter]] = {}    # touched only in the thread of lane "cut"

    @property
    def busy(self) -> bool:
        """Whether an answer is being computed."""
        return self._job is not None

    def ask(self, question: Question) -> None:
        """Answer now or, while another answer is being computed, next, in place of whatever was waiting."""
        if self._job is not None:
            self._waiting = question
        else:
            self._start(question)
            self.on_busy()

    def forget(self) -> None:
        """Drop what waits: nobody wants to know any more."""
        self._waiting = None

    def _start(self, question: Question) -> None:
        from segcore.segmenters import SEGMENTERS
        title = SEGMENTERS[question.segmenter].title
        steps = self._ask_worker if SEGMENTERS[question.segmenter].needs_torch else self._ask_here
        self._job = self._workspace.jobs.start(title, lambda: steps(question), lane="cut", quiet=True,
                                               on_progress=lambda value: self._coarse(question, value),
                                               on_done=lambda value: self._done(question, value),
                                               on_error=lambda error: self._failed(question, error))

    def _coarse(self, question: Question, value: object) -> None:
        if isinstance(value, Prediction):
            question.deliver(value, coarse=True)

    def _done(self, question: Question, value: Prediction | None) -> None:
        self._next()
        if value is not None:
            question.deliver(value)

    def _failed(self, question: Question, error: Exception) -> None:
        self._next()
        question.failed(error)

    def _next(self) -> None:
        self._job = None
        question, self._waiting = self._waiting, None
        if question is not None:
            self._start(question)
        self.on_busy()

    def _ask_here(self, question: Question) -> Steps:
        """In the thread: get the segmenter ready, yield its quick answer if it has one, return the full one."""
        from segcore.segmenters import SEGMENTERS
        image, segmenter = self._ready.pop(question.segmenter, (None, None))
        if segmenter is None:
            segmenter = SEGMENTERS[question.segmenter]()
        segmenter.params = make_params(type(segmenter).Params, question.params)
        if image is not question.image:
            for other in [n for n, (seen, _) in self._ready.items() if seen is not question.image]:
                del self._ready[other]      # it would keep the photo of another image in memory
            segmenter.set_image(question.image)
        self._ready[question.segmenter] = (question.image, segmenter)
        preview = getattr(segmenter, "preview", None)
        if preview is not None:
            yield preview(question.prompt)
        return segmenter.predict(question.prompt)

    def _ask_worker(self, question: Question) -> Steps:
        """In the thread: the same in the worker process, which keeps the segmenter and the image for the next question."""
        from app.worker_wire import Kept
        photo = Kept(question.image_key, question.image)
        return (yield from self._workspace.worker.run("segment", image=photo, segmenter=question.segmenter,
                                                      prompt=question.prompt, params=question.params))


def params_for(segmenter: str, params: object) -> dict[str, Any]:
    """The options of a segmenter as keywords, from its own Params, a tool's that share some field names, a dict, or None."""
    from segcore.segmenters import SEGMENTERS
    if params is None:
        return {}
    if isinstance(params, dict):
        return dict(params)
    known = {f.name for f in fields(SEGMENTERS[segmenter].Params)}
    if not is_dataclass(params):
        return {}
    return {f.name: getattr(params, f.name) for f in fields(params) if f.name in known}
