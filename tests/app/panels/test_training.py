"""The panel that trains, with the real worker on tiny photos: trains, stops and keeps, outlives a crash, says what lacks."""
from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Photo

from app.main_window import MainWindow
from app.panels.training import EMPTY, TrainingPanel
from app.training_run import Recipe, check_name, free_name, time_text
from app.worker import WorkerClient
from app.worker_training import check_labels
from segcore.errors import ModelError
from segcore.model_zoo import find_model
from segcore.project import Project
from segcore.types import Annotation, LabelClass, Region

CLASSES = [LabelClass(1, "ground", (60, 120, 60), False), LabelClass(2, "square", (200, 80, 80)),
           LabelClass(9, "unicorn", (250, 250, 250))]
TINY = {"epochs": 2, "batch": 2, "evaluate_every": 2, "working_pixels": 2048, "crop_height": 32, "crop_width": 32,
        "device": "cpu"}
TASKS = '''
import os, time
from app.worker_training import kept
from segcore.errors import ModelError
from segcore.types import Progress

def device():
    return "CPU, 7 threads"
    yield

def train(project, name, recipe):
    """Ends only when it is stopped, and then keeps a network."""
    from pathlib import Path
    from segcore.model_zoo import EMBEDDED
    from segcore.safe_io import put
    try:
        step = 0
        while True:
            step += 1
            time.sleep(0.01)
            value = {"loss": 1 / step, "lr": 0.1, "epoch": 0}
            if step == 3:
                value["mean_iou"] = 0.5
            yield Progress(step, 1000, f"Step {step}", value)
    finally:
        time.sleep(0.1)
        text = (EMBEDDED / "streets.json").read_text().replace('"embedded"', '"project"').replace('"streets"', f'"{name}"')
        put(Path(project) / "models" / name / f"{name}.json", text.encode())
'''


def make_project(folder: Path, labelled: int = 4, images: int = 5, classes: tuple[int, ...] = (1, 2)) -> Path:
    """Noisy photos of 64×48 with a square in them; the first `labelled` of them have labels of these classes."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    paths = []
    for number in range(images):
        pixels = rng.normal((60, 120, 60), 20, (48, 64, 3))
        pixels[10:30, 10 + number:34 + number] += (120, -40, 20)
        paths.append(folder / f"photo {number}.png")
        Photo.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(paths[-1])
    project = Project.create(folder / "project", images=paths, classes=CLASSES)
    for number, entry in enumerate(project.images[:labelled]):
        annotation = Annotation((48, 64), {i: Region(i, class_id) for i, class_id in enumerate(classes, 1)})
        annotation.region_map[5:] = 1 if classes else 0
        if len(classes) > 1:
            annotation.region_map[10:30, 10 + number:34 + number] = 2
        project.write_annotation(entry, annotation)
    project.close()
    return folder / "project"


@pytest.fixture
def panel(window: MainWindow, qtbot: Any, tmp_path: Path) -> Iterator[TrainingPanel]:
    """The panel in a window on four labelled photos of five."""
    window.workspace.open_path(make_project(tmp_path / "data"))
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    panel = window.panel("training")
    window.docks.reveal("training")
    panel.recipe.set_values(TINY)
    yield panel
    panel.run.shutdown()


@pytest.fixture
def endless(panel: TrainingPanel, tmp_path: Path) -> TrainingPanel:
    """The panel with a training that has been going on for some steps, and would for ever."""
    (tmp_path / "endless_tasks.py").write_text(TASKS)
    panel.run._client = WorkerClient("endless_tasks", [str(tmp_path)])
    return panel


def told(panel: TrainingPanel) -> list[str]:
    texts: list[str] = []
    panel.workspace.said.connect(lambda text, kind: texts.append(text))
    return texts


def wait_for_scores(panel: TrainingPanel, qtbot: Any) -> None:
    panel.button.click()
    qtbot.waitUntil(lambda: len(panel.run.record.scores) > 0, timeout=60_000)


def test_the_panel_offers_networks_starts_and_a_free_name(panel: TrainingPanel) -> None:
    assert panel.network.currentText() == "SwiftNet" and panel.begin.currentText() == find_model("streets").title
    assert panel.title_edit.text() == "swiftnet-1" and panel.hint.text().startswith("4 of 5 images are labelled")
    assert panel.button.isEnabled() and panel.options is None and not panel.stop_button.isVisible()
    panel.begin.setCurrentIndex(panel.begin.count() - 1)
    assert panel.options is not None and panel.options.values()["width"] == 128
    panel.network.setCurrentIndex(panel.network.findData("espnet"))
    assert panel.title_edit.text() == "espnet-1" and panel.begin.currentData() is None


def test_a_network_is_trained_from_another_and_appears_in_the_model_panel(
        panel: TrainingPanel, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")      # threads that wait for each other are slow on a busy computer
    texts = told(panel)
    panel.button.click()
    assert panel.stop_button.isVisible() and not panel.button.isVisible() and not panel.recipe.isVisible()
    qtbot.waitUntil(lambda: panel.run.job is None, timeout=120_000)
    record = panel.run.record
    assert len(record.losses) == 4 and len(record.scores) == 1, texts
    assert record.picture.shape == (150, 400, 3) and panel.picture.isVisible() and panel.plot.isVisible()
    assert any("unicorn" in notice for notice in record.notices)
    card = find_model("swiftnet-1", panel.workspace.project.folder)
    assert card.class_names == ["ground", "square", "unicorn"] and card.params["detail"] is True
    assert card.recipe["seconds"] == 600 and "/" not in card.recipe["start"]
    cards = panel.window_.panel("model").proposer.cards
    assert [c.name for c in cards] == ["streets", "swiftnet-1"]
    assert "swiftnet-1" in panel.outcome.text() and "mean IoU" in panel.outcome.text() and texts[-1] == record.outcome
    assert panel.title_edit.text() == "swiftnet-2" and panel.begin.findText(card.title) >= 0
    panel.title_edit.setText("swiftnet-1")
    panel.button.click()
    qtbot.waitUntil(lambda: panel.run.job is None, timeout=60_000)
    assert any("already is a network" in text for text in texts)


def test_stopping_keeps_what_was_learned(endless: TrainingPanel, qtbot: Any) -> None:
    wait_for_scores(endless, qtbot)
    assert "left" in endless.progress.text() or endless.run.record.seconds_left() is None
    endless.stop_button.click()
    qtbot.waitUntil(lambda: endless.run.job is None, timeout=20_000)
    assert endless.outcome.text().startswith("Stopped: “swiftnet-1” is in the list")
    assert endless.title_edit.text() == "swiftnet-1" and endless.button.isVisible()


def test_cancelling_in_the_list_of_jobs_is_stopping(endless: TrainingPanel, qtbot: Any) -> None:
    wait_for_scores(endless, qtbot)
    next(job for job in endless.workspace.jobs.running if job.title == "Train swiftnet-1").cancel()
    qtbot.waitUntil(lambda: endless.run.job is None, timeout=20_000)
    assert endless.outcome.text().startswith("Stopped: “swiftnet-1”")


def test_a_killed_worker_is_a_plain_sentence_and_the_next_training_starts(endless: TrainingPanel, qtbot: Any) -> None:
    texts = told(endless)
    wait_for_scores(endless, qtbot)
    os.kill(endless.run.client.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: endless.run.job is None, timeout=20_000)
    assert any("stopped while training “swiftnet-1”" in text for text in texts)
    assert endless.button.isVisible() and endless.outcome.text() == "Training failed."
    wait_for_scores(endless, qtbot)


def test_leaving_the_project_ends_its_training_and_keeps_it(endless: TrainingPanel, qtbot: Any, tmp_path: Path) -> None:
    folder = endless.workspace.project.folder
    wait_for_scores(endless, qtbot)
    endless.workspace.open_path(make_project(tmp_path / "other", labelled=0))
    assert endless.run.job is None and not endless.run.record.losses
    qtbot.waitUntil(lambda: (folder / "models" / "swiftnet-1" / "swiftnet-1.json").exists(), timeout=20_000)
    assert endless.hint.text() == EMPTY and not endless.button.isEnabled()


def test_ending_the_program_keeps_the_network(endless: TrainingPanel, qtbot: Any) -> None:
    folder = endless.workspace.project.folder
    wait_for_scores(endless, qtbot)
    endless.workspace.shutdown()
    endless.run.shutdown()
    assert (folder / "models" / "swiftnet-1" / "swiftnet-1.json").exists()


@pytest.mark.parametrize("name", ["", "../evil", "a/b", ".hidden", "x" * 61, "dot."])
def test_names_that_cannot_be_folders_are_refused(endless: TrainingPanel, name: str) -> None:
    texts = told(endless)
    endless.title_edit.setText(name)
    endless.button.click()
    assert endless.run.job is None and "name" in texts[0]


@pytest.mark.parametrize(("labelled", "classes", "message"), [
    (0, (1, 2), "No image of the project has labels"), (3, (), "No pixel of these images is labelled"),
    (1, (1, 2), "One labelled image is too few"), (3, (1,), "All labels are of one class, “ground”")])
def test_labels_that_are_not_enough_are_refused(tmp_path: Path, labelled: int, classes: tuple[int, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        check_labels(Project.open(make_project(tmp_path / "data", labelled, classes=classes), read_only=True))


def test_classes_that_never_occur_are_told(tmp_path: Path) -> None:
    project = Project.open(make_project(tmp_path / "data", 5), read_only=True)
    assert check_labels(project) == ["In no labelled image, and so not learned: “unicorn”."]


def test_the_form_has_fields_of_the_recipe_with_the_same_bounds() -> None:
    from segcore.training import TrainingParams
    known = {f.name: f for f in fields(TrainingParams)}
    for field in fields(Recipe):
        if field.name != "minutes":
            assert field.type == known[field.name].type, field.name
            assert all(field.metadata[k] == known[field.name].metadata[k] for k in ("min", "max", "unit")), field.name


def test_every_choice_of_losses_can_be_built() -> None:
    from segcore.losses import LOSSES
    choices = next(f for f in fields(Recipe) if f.name == "losses").metadata["choices"]
    for choice in choices:
        for term in choice.split("+"):
            assert term.strip() in LOSSES


def test_free_names_and_times(tmp_path: Path) -> None:
    (tmp_path / "models" / "unet-1").mkdir(parents=True)
    assert free_name(tmp_path, "unet") == "unet-2" and free_name(tmp_path, "fcn") == "fcn-1"
    check_name("Wälder 2_b-x.y")
    assert [time_text(s) for s in (5, 89, 120, 7200)] == ["5 s", "89 s", "2 min", "2.0 h"]
