"""Predictions for gestures: the image is set once, the window never waits, of what waits only the newest is answered."""
from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.canvas.predictor import Predictor, Question, params_for
from app.workspace import Workspace
from segcore.errors import PromptError
from segcore.params import param
from segcore.segmenters import SEGMENTERS, Segmenter
from segcore.types import Prediction, Prompt

IMAGE = np.zeros((4, 5, 3), np.uint8)


class Slow(Segmenter):
    """Waits until the test lets it go."""

    name, title = "slow", "Slow"
    log: list[Any] = []
    gate = threading.Event()

    @dataclass
    class Params:
        """One option."""

        strength: int = param(3, min=1, max=9)

    def set_image(self, image: np.ndarray) -> None:
        self.log.append(("image", image.shape))

    def predict(self, prompt: Prompt) -> Prediction:
        self.gate.wait(10)
        in_window = threading.current_thread() is threading.main_thread()
        self.log.append(("predict", len(prompt.points), self.params.strength, in_window))
        if len(prompt.points) == 13:
            raise PromptError("Thirteen.")
        return Prediction(np.zeros((4, 5), np.float32), np.zeros((4, 5), bool), score=len(prompt.points))


class Quick(Slow):
    """Has a coarse answer as well."""

    name, title = "quick", "Quick"

    def preview(self, prompt: Prompt) -> Prediction:
        return Prediction(np.zeros((4, 5), np.float32), np.zeros((4, 5), bool), score=0.5)


@pytest.fixture(autouse=True)
def segmenters(monkeypatch: pytest.MonkeyPatch) -> None:
    len(SEGMENTERS)
    monkeypatch.setattr(SEGMENTERS, "_items", {**SEGMENTERS._items, "slow": Slow, "quick": Quick})
    Slow.log.clear()
    Slow.gate.clear()


class Asker:
    def __init__(self, workspace: Workspace) -> None:
        self.predictor = Predictor(workspace)
        self.answers: list[float] = []
        self.errors: list[str] = []
        self.coarse: list[float] = []

    def _hear(self, prediction: Prediction, coarse: bool = False) -> None:
        (self.coarse if coarse else self.answers).append(prediction.score)

    def ask(self, points: int, name: str = "slow", image: np.ndarray = IMAGE, **params: Any) -> None:
        prompt = Prompt(np.zeros((points, 2), np.float32), np.ones(points, np.uint8))
        self.predictor.ask(Question(name, image, "key", prompt, params, self._hear,
                                    lambda e: self.errors.append(str(e))))


@pytest.fixture
def asker(workspace: Workspace) -> Asker:
    return Asker(workspace)


def test_of_what_waits_only_the_newest_is_answered(qtbot: QtBot, asker: Asker) -> None:
    for points in range(1, 30):
        asker.ask(points)
    assert asker.predictor.busy
    Slow.gate.set()
    qtbot.waitUntil(lambda: not asker.predictor.busy)
    assert asker.answers == [1, 29]
    assert [e for e in Slow.log if e[0] == "image"] == [("image", (4, 5, 3))], "the image is set once"
    assert all(not e[3] for e in Slow.log if e[0] == "predict"), "never in the window's thread"


def test_another_image_is_set_again_and_the_old_one_let_go(qtbot: QtBot, asker: Asker) -> None:
    Slow.gate.set()
    other = np.zeros((7, 9, 3), np.uint8)
    for image in (IMAGE, IMAGE, other, other, IMAGE):
        asker.ask(1, image=image)
        qtbot.waitUntil(lambda: not asker.predictor.busy)
    assert [e[1] for e in Slow.log if e[0] == "image"] == [(4, 5, 3), (7, 9, 3), (4, 5, 3)]
    asker.ask(1, "quick", other)
    qtbot.waitUntil(lambda: not asker.predictor.busy)
    assert all(image is other for image, _ in asker.predictor._ready.values())


def test_a_coarse_answer_comes_first(qtbot: QtBot, asker: Asker) -> None:
    asker.ask(4, "quick")
    qtbot.waitUntil(lambda: asker.coarse == [0.5])
    assert not asker.answers
    Slow.gate.set()
    qtbot.waitUntil(lambda: asker.answers == [4])
    assert asker.coarse == [0.5]


def test_a_failure_is_told_and_the_next_question_answered(qtbot: QtBot, asker: Asker) -> None:
    asker.ask(13)
    asker.ask(2)
    Slow.gate.set()
    qtbot.waitUntil(lambda: not asker.predictor.busy)
    assert asker.errors == ["Thirteen."] and asker.answers == [2]
    asker.ask(1, strength=99)
    qtbot.waitUntil(lambda: not asker.predictor.busy)
    assert len(asker.errors) == 2 and "strength" in asker.errors[1]


def test_what_waits_is_dropped_when_the_image_is_left(qtbot: QtBot, asker: Asker) -> None:
    asker.ask(1)
    asker.ask(2)
    asker.predictor.forget()
    Slow.gate.set()
    qtbot.waitUntil(lambda: not asker.predictor.busy)
    assert asker.answers == [1]


def test_options_come_from_the_tool(qtbot: QtBot, asker: Asker) -> None:
    @dataclass
    class ToolParams:
        strength: int = 7
        radius: float = 3.0
    assert params_for("slow", ToolParams()) == {"strength": 7}
    assert params_for("slow", {"strength": 2}) == {"strength": 2}
    assert params_for("slow", None) == {} == params_for("slow", object())
    Slow.gate.set()
    asker.ask(1, **params_for("slow", ToolParams()))
    qtbot.waitUntil(lambda: not asker.predictor.busy)
    assert Slow.log[-1][2] == 7


def test_networks_are_asked_in_the_worker(qtbot: QtBot, asker: Asker, workspace: Workspace,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Worker:
        def run(self, task: str, **arguments: Any) -> Any:
            asked.append((task, arguments))
            yield None
            return Prediction(np.zeros((4, 5), np.float32), np.zeros((4, 5), bool), score=0.25)

        def shutdown(self) -> None:
            pass
    monkeypatch.setattr(Slow, "needs_torch", True)
    workspace._worker = Worker()  # type: ignore[assignment]
    asker.ask(3)
    qtbot.waitUntil(lambda: asker.answers == [0.25])
    (task, arguments), = asked
    assert task == "segment" and arguments["segmenter"] == "slow" and arguments["image"].array is IMAGE
    assert not Slow.log
