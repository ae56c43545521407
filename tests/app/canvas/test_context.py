"""What gestures get from the window: the open document, previews, and answers of segmenters as events."""
from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.canvas.showing import pyramid_of
from app.canvas.tiles import build_pyramid
from app.image_cache import Loaded
from app.tools import Gesture, Tool
from app.workspace import Workspace
from segcore.errors import SegcoreError
from segcore.segmenters import SEGMENTERS, Segmenter
from segcore.types import Event, Image, Prediction, Prompt

from .conftest import Show, photo


class Gated(Segmenter):
    """Answers when the test says so."""

    name, title = "gated", "Gated"
    gate = threading.Event()

    def set_image(self, image: np.ndarray) -> None:
        self.shape = image.shape[:2]

    def predict(self, prompt: Prompt) -> Prediction:
        self.gate.wait(10)
        if not len(prompt.points):
            raise SegcoreError("There is nothing to go by.")
        return Prediction(np.zeros(self.shape, np.float32), np.ones(self.shape, bool), score=len(prompt.points))


class Asking(Tool):
    """Asks at every event that is no answer, and shows what it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Any] = []

    def gesture(self, ctx: Any, event: Event) -> Gesture:
        number = 0
        while event.kind != "key":
            if event.kind in ("prediction", "failed"):
                self.heard.append(event.value.score if event.kind == "prediction" else str(event.value))
                ctx.preview(event.value.mask if event.kind == "prediction" else None)
            else:
                number += event.button != "right"
                count = 0 if event.button == "right" else number
                ctx.predict("gated", Prompt(np.zeros((count, 2), np.float32), np.ones(count, np.uint8)))
            event = yield


@pytest.fixture(autouse=True)
def gated(monkeypatch: pytest.MonkeyPatch) -> None:
    len(SEGMENTERS)
    monkeypatch.setattr(SEGMENTERS, "_items", {**SEGMENTERS._items, "gated": Gated})
    Gated.gate.clear()


PRESS = Event("press", 3, 3, "left")


def test_the_newest_answer_of_the_gesture_arrives(show: Show, qtbot: QtBot) -> None:
    canvas = show(photo(40, 60))
    canvas.set_tool(Asking())
    for _ in range(6):
        canvas.feed(PRESS)
    Gated.gate.set()
    qtbot.waitUntil(lambda: not canvas.context.predictor.busy)
    assert canvas.tool.heard == [6], "the first was being computed when the second was asked for"
    assert canvas.scene.preview.mask is not None
    canvas.runner.cancel()
    assert canvas.scene.preview.empty, "nothing of an ended gesture stays"


@pytest.mark.parametrize("ended_by", ["escape", "next image", "new gesture"])
def test_answers_of_an_ended_gesture_go_nowhere(show: Show, workspace: Workspace, qtbot: QtBot, ended_by: str) -> None:
    canvas = show(photo(40, 60))
    canvas.set_tool(Asking())
    canvas.feed(PRESS)
    canvas.feed(PRESS)
    if ended_by == "next image":
        workspace.about_to_leave.emit()
    else:
        canvas.runner.cancel()
    if ended_by == "new gesture":
        canvas.feed(PRESS)
    Gated.gate.set()
    qtbot.waitUntil(lambda: not canvas.context.predictor.busy)
    assert canvas.tool.heard == ([1] if ended_by == "new gesture" else [])


def test_a_failure_is_told_and_the_gesture_goes_on(show: Show, workspace: Workspace, qtbot: QtBot) -> None:
    said: list[tuple[str, str]] = []
    workspace.said.connect(lambda *words: said.append(words))
    canvas = show(photo(40, 60))
    canvas.set_tool(Asking())
    Gated.gate.set()
    canvas.feed(Event("press", 3, 3, "right"))
    qtbot.waitUntil(lambda: canvas.tool.heard == ["There is nothing to go by."])
    assert said == [("There is nothing to go by.", "error")] and canvas.runner.running
    canvas.feed(PRESS)
    qtbot.waitUntil(lambda: canvas.tool.heard[-1] == 1)


def test_a_long_wait_is_shown(show: Show, qtbot: QtBot) -> None:
    canvas = show(photo(40, 60))
    canvas.set_tool(Asking())
    canvas.feed(PRESS)
    assert canvas._is_waiting and canvas._busy.isActive()
    before = canvas.grab().toImage()
    qtbot.waitUntil(lambda: not canvas._busy.isActive())
    assert canvas.grab().toImage() != before
    canvas.runner.cancel()
    assert not canvas._is_waiting and canvas.grab().toImage() == before
    Gated.gate.set()


def test_without_a_document(show: Show, workspace: Workspace) -> None:
    canvas = show(photo(40, 60))
    ctx = canvas.context
    assert ctx.shape == (40, 60) and ctx.image is workspace.document.image.pixels
    assert ctx.annotation is workspace.document.annotation and ctx.active_class == 1 and ctx.active_region == 0
    canvas.zoom_to(5.0)
    assert ctx.scale == 5.0 / canvas.devicePixelRatioF()
    workspace.document = None
    with pytest.raises(SegcoreError):
        ctx.edit("Stroke")


def test_the_pyramid_of_the_loader_is_used(show: Show, workspace: Workspace) -> None:
    canvas = show(photo(300, 200))
    document = workspace.document
    pyramid = build_pyramid(document.image.pixels)
    workspace.cache._items["photo"] = Loaded(document.entry, document.image, pyramid, None)
    assert pyramid_of(workspace, document) is pyramid
    workspace.cache._items["photo"] = Loaded(document.entry, Image(photo(5, 5), sha256="other"), pyramid, None)
    assert pyramid_of(workspace, document).levels[0] is document.image.pixels
    assert canvas.scene.pyramid.shape == (300, 200)
