"""Two folders of masks: figures for what can be compared, a sentence for what cannot."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PILImage

from segcore.errors import PromptError
from segcore.evaluation import Report, evaluate
from segcore.metrics import METRICS


def put(folder: Path, name: str, values: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    PILImage.fromarray(values).save(folder / name)


def finish(steps) -> Report:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    for i in range(3):
        reference = np.kron(rng.integers(0, 3, (4, 4)), np.ones((5, 5), int)).astype(np.uint8)
        predicted = np.where(rng.random((20, 20)) < 0.2, 1, reference).astype(np.uint8)
        reference[0] = 255
        put(tmp_path / "reference", f"{i}.png", reference)
        put(tmp_path / "predicted", f"{i}.png", predicted)
    return tmp_path / "predicted", tmp_path / "reference"


def test_figures_are_those_of_the_metrics(folders: tuple[Path, Path]) -> None:
    report = finish(evaluate(*folders))
    assert report.images == 3 and report.problems == []
    for name, value in report.figures.items():
        metric = METRICS[name]()
        for i in range(3):
            metric.update(*(np.asarray(PILImage.open(folder / f"{i}.png")) for folder in folders))
        assert value == metric.value()
    assert set(json.loads(json.dumps(report.as_dict()))) == {"figures", "images", "problems"}


def test_metrics_take_options(folders: tuple[Path, Path]) -> None:
    report = finish(evaluate(*folders, ["trimap_iou(width=1)", "mean_iou"]))
    assert list(report.figures) == ["trimap_iou(width=1)", "mean_iou"]


def test_what_cannot_be_compared_is_reported(folders: tuple[Path, Path]) -> None:
    predicted, reference = folders
    put(reference, "missing.png", np.zeros((4, 4), np.uint8))
    put(predicted, "extra.png", np.zeros((4, 4), np.uint8))
    for folder, shape in zip(folders, ((4, 5), (6, 7)), strict=True):
        put(folder, "size.png", np.zeros(shape, np.uint8))
        put(folder, "colour.png", np.zeros((4, 4, 3), np.uint8))
        put(folder, "broken.png", np.zeros((4, 4), np.uint8))
    (predicted / "broken.png").write_bytes(b"\x89PNG nothing")
    report = finish(evaluate(predicted, reference, ["mean_iou"]))
    assert report.images == 3 and len(report.problems) == 5
    text = "\n".join(report.problems)
    for words in ("“missing.png” has no prediction", "“extra.png” has no reference",
                  "“size.png” is 5×4 in the predictions and 7×6", "“colour.png” is a colour picture", "“broken.png”:"):
        assert words in text


@pytest.mark.parametrize("metrics, words", [(["luck"], "no “luck”"), (["trimap_iou(depth=1)"], "option “depth”")])
def test_unknown_metrics_are_said(folders: tuple[Path, Path], metrics: list[str], words: str) -> None:
    with pytest.raises(PromptError, match=words):
        next(evaluate(*folders, metrics))


def test_nothing_to_compare_is_said(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="does not exist"):
        next(evaluate(tmp_path / "nowhere", folders[1]))
    (tmp_path / "empty").mkdir()
    with pytest.raises(PromptError, match="No two masks"):
        finish(evaluate(tmp_path / "empty", folders[1]))
