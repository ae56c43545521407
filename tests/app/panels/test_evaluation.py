"""The panel that measures: figures against a count by hand, worst images a click away, and what cannot be measured."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.evaluation_run import Evaluation, confusion, iou_of
from app.main_window import MainWindow
from app.panels.evaluation import EMPTY, EvaluationPanel
from app.theme import theme
from app.uncertainty import Queue, uncertainty
from app.worker import WorkerClient
from segcore.metrics import METRICS
from segcore.project import Project
from segcore.types import Annotation, LabelClass, Region

SKY, CAR, CAT = LabelClass(1, "sky", (90, 160, 250), False), LabelClass(4, "car", (250, 0, 0)), LabelClass(7, "cat", (0, 99, 0))
TASKS = '''
import numpy as np
from segcore.errors import ModelError
from segcore.types import Progress

def device():
    return "CPU, 7 threads"
    yield

def predict(image, model, folder, device):
    """Sky (0) in the upper half, tree (5) in the lower, a car (8) where the photo's red says so."""
    yield Progress(1, 3, "Running")
    if image[0, 0, 0] == 80:
        raise ModelError("This photo is too strange.")
    planes = np.full((11, 48, 64), 0.01, np.float16)
    planes[0, :24], planes[5, 24:] = 0.9, 0.9
    if image[0, 0, 0] == 40:
        planes[8] = 0.95
    return planes, ""
'''


@pytest.fixture
def panel(opened: MainWindow, qtbot: Any, tmp_path: Path) -> Iterator[EvaluationPanel]:
    """The panel on four photos: three labelled all alike, of which the network cannot do one."""
    (tmp_path / "fake_tasks.py").write_text(TASKS)
    workspace = opened.workspace
    workspace._worker = WorkerClient("fake_tasks", [str(tmp_path)])
    workspace.set_classes([SKY, CAR, CAT], "Classes")
    project = workspace.project
    assert project is not None
    for entry in project.images[1:]:
        annotation = Annotation((48, 64), {1: Region(1, 1), 2: Region(2, 4)})
        annotation.region_map[:12], annotation.region_map[36:] = 1, 2
        project.write_annotation(entry, annotation)
    panel = opened.panel("evaluation")
    opened.docks.reveal("evaluation")
    yield panel
    workspace._worker.shutdown()


def run(panel: EvaluationPanel, qtbot: Any) -> Evaluation:
    panel.button.click()
    qtbot.waitUntil(lambda: panel.job is None, timeout=30_000)
    assert panel.result is not None
    return panel.result


def rows(table: Any) -> list[list[str]]:
    return [[table.item(r, c).text() for c in range(table.columnCount())] for r in range(table.rowCount())]


def test_the_figures_are_those_of_a_count_by_hand(panel: EvaluationPanel, qtbot: Any) -> None:
    assert panel.hint.text() == EMPTY and panel.hint.isVisible() and not panel.summary.isVisible()
    result = run(panel, qtbot)
    pixels = 12 * 64
    # Image 3: sky right, car taken for tree, which is no class here. Image 1: all is car.
    assert result.matrix.tolist() == [[pixels, pixels, 0, 0], [0, pixels, 0, pixels], [0, 0, 0, 0]]
    assert result.iou[:2] == pytest.approx([1 / 2, 1 / 3]) and np.isnan(result.iou[2])
    assert result.failed == [("photo 2.png", "This photo is too strange.")]
    assert "mean IoU 41.7 %, 50.0 % of the pixels right, on 2 images." in panel.summary.text()
    assert "1 could not be compared (photo 2.png" in panel.summary.text()
    assert rows(panel.table) == [["car", "33.3 %", "50.0 %"], ["sky", "50.0 %", "50.0 %"], ["cat", "–", "–"]]
    assert rows(panel.worst) == [["photo 1.png", "25.0 %"], ["photo 3.png", "50.0 %"]]
    assert not panel.hint.isVisible()


def test_a_click_opens_the_image(panel: EvaluationPanel, qtbot: Any) -> None:
    run(panel, qtbot)
    place = panel.worst.visualItemRect(panel.worst.item(0, 0)).center()
    QTest.mouseClick(panel.worst.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: panel.workspace.document is not None)
    assert panel.workspace.document.entry.name == "photo 1.png"


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_the_confusion_picture_shows_and_tells_every_cell(panel: EvaluationPanel, qtbot: Any, choice: str) -> None:
    theme().apply(choice)
    run(panel, qtbot)
    picture = panel.confusion
    assert picture.words(0, 0) == "50.0 % of “sky” is recognised"
    assert picture.words(0, 1) == "50.0 % of “sky” is taken for “car”"
    assert picture.words(1, 2) == "50.0 % of “car” is taken for no class of the project"
    image, side = picture.grab().toImage(), picture._cell(picture.width())
    left, top = picture._origin()
    right, wrong, empty = (image.pixelColor(QPoint(int(left + (c + 0.5) * side), int(top + (r + 0.5) * side)))
                           for r, c in ((0, 0), (0, 1), (1, 0)))
    assert right.blue() > right.red() and wrong.red() > wrong.blue() and empty not in (right, wrong)
    assert picture.cell_at(left + 1.5 * side, top + 0.5 * side) == (0, 1) and picture.cell_at(0, 0) is None


def test_a_split_without_images_and_a_network_of_other_classes_are_refused(panel: EvaluationPanel) -> None:
    told: list[str] = []
    panel.workspace.said.connect(lambda text, kind: told.append(text))
    panel.which.setCurrentIndex(panel.which.findData("val"))
    panel.button.click()
    assert "No labelled image is in the val split" in told[-1]
    panel.workspace.set_classes([CAT], "Classes")
    panel.button.click()
    assert "is a class of the project" in told[-1] and panel.job is None


def test_leaving_the_project_stops_measuring_and_empties_the_panel(panel: EvaluationPanel, qtbot: Any) -> None:
    run(panel, qtbot)
    panel.button.click()
    panel.workspace.close_project()
    assert panel.job is None and panel.result is None and not panel.button.isEnabled() and panel.worst.rowCount() >= 0
    qtbot.waitUntil(lambda: not panel.workspace.jobs.running)


def test_images_without_any_label_are_refused(panel: EvaluationPanel, qtbot: Any) -> None:
    told: list[str] = []
    panel.workspace.said.connect(lambda text, kind: told.append(text))
    project: Project | None = panel.workspace.project
    assert project is not None
    for entry in project.images[1:]:
        project.write_annotation(entry, Annotation((48, 64)))
    panel.button.click()
    qtbot.waitUntil(lambda: panel.job is None, timeout=30_000)
    assert any("No image could be compared" in text for text in told) and panel.result is None


def test_the_figures_are_those_of_the_metrics() -> None:
    rng = np.random.default_rng(1)
    truth = rng.choice([0, 1, 2, 255], (40, 50)).astype(np.uint8)
    predicted = np.where(rng.random((40, 50)) < 0.7, np.minimum(truth, 2), 255).astype(np.uint8)
    metric = METRICS["iou"]()
    metric.update(predicted, truth)
    found = iou_of(confusion(truth, predicted, 3))
    assert dict(enumerate(found)) == pytest.approx(metric.value())


def test_images_without_labels_are_ranked_most_unsure_first(panel: EvaluationPanel, qtbot: Any) -> None:
    project = panel.workspace.project
    assert project is not None
    panel.workspace.save_now()
    qtbot.waitUntil(lambda: not panel.workspace.autosave.pending)
    for entry in project.images:
        project.annotations.set_aside(entry.name)
    panel.which.setCurrentIndex(panel.which.findData("unlabelled"))
    assert panel.button.text() == "Rank images"
    panel.button.click()
    qtbot.waitUntil(lambda: panel.job is None, timeout=30_000)
    assert isinstance(panel.result, Queue)
    # On photo 1 two planes are high everywhere, on the others one.
    assert [name for name, _ in rows(panel.worst)] == ["photo 1.png", "photo 0.png", "photo 3.png"]
    assert panel.worst.horizontalHeaderItem(0).text() == "Label next" and not panel.table.isVisible()
    assert "least sure" in panel.summary.text() and "photo 2.png" in panel.summary.text()


def test_uncertainty_is_the_share_of_the_largest_entropy() -> None:
    assert uncertainty(np.full((4, 3, 5), 0.25)) == pytest.approx(1)
    sure = np.zeros((4, 3, 5))
    sure[2] = 1
    assert uncertainty(sure) == pytest.approx(0, abs=1e-4)
    half = np.zeros((4, 3, 5))
    half[:2] = 0.5
    assert uncertainty(half) == pytest.approx(0.5, abs=1e-4)
