"""The robot user clicks where the protocol says, counts right, and reads strokes the right way round."""
from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from segcore import robot
from segcore.errors import ProjectError
from segcore.segmenters import Segmenter
from segcore.types import Prediction, Prompt

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "grabcut"


def disc(shape: tuple[int, int], y: int, x: int, radius: float) -> np.ndarray:
    yy, xx = np.mgrid[:shape[0], :shape[1]]
    return (yy - y) ** 2 + (xx - x) ** 2 <= radius ** 2


def test_first_click_is_the_centre_of_the_object() -> None:
    truth = disc((60, 80), 30, 50, 12)
    nothing = np.zeros_like(truth)
    assert robot.next_click(truth, nothing, ~nothing, nothing) == (50, 30, True)


def test_the_larger_error_is_clicked_and_ties_go_to_background() -> None:
    truth = disc((60, 80), 30, 20, 9)
    nothing = np.zeros_like(truth)
    assert robot.next_click(truth, disc((60, 80), 30, 60, 11), ~nothing, nothing) == (60, 30, False)
    assert robot.next_click(truth, disc((60, 80), 30, 60, 9), ~nothing, nothing) == (60, 30, False)


def test_the_image_border_counts_as_a_border_of_the_error() -> None:
    truth = np.ones((21, 41), bool)
    nothing = np.zeros_like(truth)
    x, y, positive = robot.next_click(truth, nothing, truth, nothing)
    assert positive and y == 10 and 10 <= x <= 30


def test_unknown_pixels_are_no_errors() -> None:
    truth = disc((40, 40), 20, 20, 8)
    assert robot.next_click(truth, np.zeros_like(truth), ~truth, np.zeros_like(truth)) is None
    assert robot.iou(np.ones_like(truth), truth, truth) == 1


def test_jittered_clicks_stay_in_the_error_and_vary() -> None:
    truth = disc((60, 60), 30, 30, 15)
    nothing = np.zeros_like(truth)
    clicks = [robot.next_click(truth, nothing, ~nothing, nothing, np.random.default_rng(s)) for s in range(20)]
    assert len({c[:2] for c in clicks}) > 10
    assert all(np.hypot(c[0] - 30, c[1] - 30) < 9 and c[2] for c in clicks)


class Discs(Segmenter):
    """Paints a disc of 10 pixels round every click on the object."""

    name: ClassVar[str] = "discs"

    def set_image(self, image) -> None:
        self.shape = image.shape[:2]

    def predict(self, prompt: Prompt) -> Prediction:
        mask = np.zeros(self.shape, bool)
        for (x, y), label in zip(prompt.points, prompt.labels, strict=True):
            if label:
                mask |= disc(self.shape, int(y), int(x), 10)
        return Prediction(mask.astype(np.float32), mask)


def example(truth: np.ndarray) -> robot.Example:
    return robot.Example("x", np.zeros((*truth.shape, 3), np.uint8), truth, np.ones_like(truth))


def test_a_session_stops_at_the_target_and_counts() -> None:
    session = robot.click_session(Discs(), example(disc((60, 60), 30, 30, 10)))
    assert session.ious == [1.0] and session.clicks_to(.9) == 1
    assert session.boundary == [1.0]


def test_what_is_never_reached_counts_twenty() -> None:
    session = robot.click_session(Discs(), example(disc((60, 60), 30, 30, 3)))
    summary = robot.summarise_clicks([session])
    assert len(session.ious) == 20 and summary["noc90"] == 20 and summary["failed90"] == 1


def test_box_is_grown_and_cut_to_the_image() -> None:
    truth = np.zeros((50, 100), bool)
    truth[0:20, 40:60] = True
    assert robot.truth_box(example(truth)) == (39.0, 0.0, 61.0, 21.0)


def test_boundary_iou_sees_what_iou_hides() -> None:
    truth = disc((200, 200), 100, 100, 80)
    rough = disc((200, 200), 100, 100, 77)
    everything = np.ones_like(truth)
    assert robot.iou(rough, truth, everything) > .92
    assert robot.boundary_iou(rough, truth, everything) < .6


def test_a_folder_without_examples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError):
        list(robot.read_examples(tmp_path))


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data/grabcut")
def test_strokes_of_the_real_set_lie_on_their_sides() -> None:
    found = next(e for e in robot.read_examples(DATA) if e.scribbles)
    for scribble in found.scribbles:
        assert found.truth[scribble == 1].mean() > .95
        assert found.truth[scribble == 0].mean() < .05
