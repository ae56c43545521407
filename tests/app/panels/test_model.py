"""The model panel in the real window: predict, map, threshold, refine, accept, undo; many images; things that go wrong."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.panels.model import ModelPanel
from app.widgets.class_map_table import BECOMES, EYE, NAME, SHARE
from app.worker import WorkerClient
from segcore.model_zoo import EMBEDDED, find_model
from segcore.types import LabelClass

SKY, TREE, CAR, PERSON = 0, 5, 8, 9
TASKS = '''
import os, time
import numpy as np
from app.worker_tasks import refine, refine_labels
from segcore.errors import ModelError
from segcore.types import Progress

def device():
    return "CPU, 7 threads"
    yield

def predict(image, model, folder, device):
    """Sky above, certain; tree below, less so; a car in it."""
    yield Progress(1, 3, "Running")
    if os.path.exists(os.environ["SEGDESK_TEST_SLOW"]):
        while True:
            time.sleep(0.01)
            yield Progress(1, 3, "Running slowly")
    planes = np.full((11, 24, 32), 0.01, np.float16)
    planes[0, :12], planes[5, 12:] = 0.9, 0.6
    planes[8, 16:20, 4:10], planes[5, 16:20, 4:10] = 0.8, 0.1
    return planes, ""
'''


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """While this file exists, predictions do not end."""
    monkeypatch.setenv("SEGDESK_TEST_SLOW", str(tmp_path / "slow"))
    return tmp_path / "slow"


@pytest.fixture
def panel(opened: Any, slow: Path, tmp_path: Path) -> Iterator[ModelPanel]:
    """The panel in a window on four photos, with a worker whose network always says the same."""
    (tmp_path / "fake_tasks.py").write_text(TASKS)
    workspace = opened.workspace
    workspace._worker = WorkerClient("fake_tasks", [str(tmp_path)])
    workspace.set_classes([LabelClass(1, "sky", (90, 160, 250), False), LabelClass(2, "vehicle", (250, 0, 0)),
                           LabelClass(3, "dog", (0, 99, 0))], "Classes")
    panel = opened.panel("model")
    opened.docks.reveal("model")
    yield panel
    workspace._worker.shutdown()


@pytest.fixture
def predicted(panel: ModelPanel, qtbot: Any) -> ModelPanel:
    """The panel with a proposal on show."""
    panel.window_.run("predict")
    qtbot.waitUntil(lambda: panel.workspace.proposal is not None, timeout=60_000)
    return panel


def texts(panel: ModelPanel, column: int) -> list[str]:
    table = panel.classes.table
    return [table.item(row, column).text().strip(" ▾") for row in range(table.rowCount())]


def errors(panel: ModelPanel) -> list[str]:
    told: list[str] = []
    panel.workspace.said.connect(lambda text, kind: told.append(text) if kind == "error" else None)
    return told


def test_before_the_first_prediction_the_panel_says_what_to_do_and_lists_the_embedded_network(panel: ModelPanel) -> None:
    assert panel.chooser.list.currentText() == find_model("streets").title
    assert "Press Predict" in panel.hint.text() and panel.hint.isVisible()
    assert panel.predict_button.isEnabled() and not panel.controls.isVisible()
    assert texts(panel, NAME)[:2] == ["sky", "building"] and texts(panel, SHARE)[0] == ""
    becomes = texts(panel, BECOMES)
    assert (becomes[SKY], becomes[CAR], becomes[TREE]) == ("sky", "vehicle", "ignore")


def test_a_proposal_is_shown_with_shares_and_a_picture(predicted: ModelPanel) -> None:
    assert texts(predicted, NAME)[:3] == ["sky", "tree", "car"]
    layer, = predicted.window_.canvas.layers
    assert texts(predicted, SHARE)[:3] == [f"{100 * (layer.labels == plane).mean():.1f} %" for plane in (SKY, TREE, CAR)]
    assert layer.labels.shape == (48, 64) and {SKY, TREE, CAR} <= set(np.unique(layer.labels))
    assert layer.paint.fill[CAR] >> 24 > 0 and layer.paint.fill[-1] == 0
    assert predicted.controls.isVisible() and not predicted.hint.isVisible()


def test_the_threshold_changes_picture_and_shares_at_once(predicted: ModelPanel) -> None:
    predicted.controls.threshold.slider.setValue(70)
    labels = predicted.window_.canvas.layers[0].labels
    assert set(np.unique(labels)) == {-1, SKY, CAR}
    assert texts(predicted, SHARE)[1] == "–" and predicted.workspace.settings.get("model/threshold") == 0.7


def test_accepting_makes_regions_and_undo_takes_them_back_bit_exactly(predicted: ModelPanel) -> None:
    document = predicted.workspace.document
    assert document is not None
    before, table = document.annotation.region_map.copy(), dict(document.annotation.regions)
    predicted.window_.run("accept")
    classes = document.annotation.class_map()
    assert (classes[:23] == 1).all() and (classes[33:39, 9:19] == 2).all() and (classes[41:] == 255).all()
    assert {r.source for r in document.annotation.regions.values()} == {"model:streets"}
    assert predicted.workspace.proposal is None and predicted.window_.canvas.layers == ()
    after = document.annotation.region_map.copy()
    assert document.undo() == "Accept prediction"
    assert np.array_equal(document.annotation.region_map, before) and document.annotation.regions == table
    document.redo()
    assert np.array_equal(document.annotation.region_map, after)


def test_enter_accepts_and_esc_discards_on_the_canvas_while_no_gesture_runs(predicted: ModelPanel, qtbot: Any) -> None:
    canvas, document = predicted.window_.canvas, predicted.workspace.document
    assert document is not None
    predicted.window_.activateWindow()
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert predicted.workspace.proposal is None and not document.annotation.regions
    predicted.window_.run("predict")
    qtbot.waitUntil(lambda: predicted.workspace.proposal is not None, timeout=60_000)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert predicted.workspace.proposal is None and len(document.annotation.regions) == 2


def test_without_a_proposal_enter_and_esc_on_the_canvas_do_nothing(panel: ModelPanel, qtbot: Any) -> None:
    told, canvas = errors(panel), panel.window_.canvas
    panel.window_.activateWindow()
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        QTest.keyClick(canvas, key)
    assert told == []


def test_hand_made_labels_are_kept_unless_the_user_says_replace(predicted: ModelPanel, paint: Callable[..., int]) -> None:
    document = predicted.workspace.document
    assert document is not None
    document.set_active_class(3)
    region = paint(slice(0, 30), slice(0, 20))
    mine = document.annotation.region_map == region
    predicted.accept()
    assert (document.annotation.region_map[mine] == region).all() and len(document.annotation.regions) > 1


def test_replacing_labels_spares_locked_ones(predicted: ModelPanel, paint: Callable[..., int]) -> None:
    document = predicted.workspace.document
    assert document is not None
    document.set_active_class(3)
    loose, locked = paint(slice(0, 10), slice(0, 10)), paint(slice(0, 10), slice(20, 30))
    document.change_region(locked, "Lock", locked=True)
    predicted.controls.only_unlabelled.setChecked(False)
    predicted.accept()
    assert (document.annotation.region_map[:10, 20:30] == locked).all() and loose not in document.annotation.regions
    assert (document.annotation.class_map()[:10, :10] == 1).all()


def test_one_class_is_accepted_and_the_rest_stays_proposed(predicted: ModelPanel) -> None:
    document, table = predicted.workspace.document, predicted.classes.table
    assert document is not None
    table.selectRow(table.row_of(CAR))
    predicted.accept_class()
    assert [r.class_id for r in document.annotation.regions.values()] == [2]
    assert document.history.titles()[-1] == "Accept car"
    assert predicted.workspace.proposal is not None and predicted.workspace.proposal.hidden == {CAR}
    predicted.accept()
    assert [r.class_id for r in document.annotation.regions.values()] == [2, 1]


def test_classes_are_hidden_mapped_ignored_and_added(predicted: ModelPanel) -> None:
    table, workspace = predicted.classes.table, predicted.workspace
    assert workspace.project is not None
    table.cellClicked.emit(table.row_of(SKY), EYE)
    assert workspace.proposal is not None and workspace.proposal.hidden == {SKY}
    assert predicted.window_.canvas.layers[0].paint.fill[SKY] == 0

    def pick(plane: int, text: str) -> None:
        menu = table.menu(plane)
        next(a for a in menu.actions() if a.text() == text).trigger()
    pick(TREE, "dog")
    assert workspace.proposal.mapping[TREE] == 3
    pick(TREE, "Add class “tree”")
    added = workspace.project.classes[-1]
    assert (added.name, added.is_thing) == ("tree", False) and workspace.proposal.mapping[TREE] == added.id
    pick(CAR, "Ignore")
    assert workspace.proposal.mapping[CAR] is None
    predicted.classes.add_missing.click()
    assert len(workspace.project.classes) == 4 + 8, "all that had no class, but for the car, which is to be ignored"
    assert not predicted.classes.add_missing.isVisible()


def test_nothing_to_accept_is_a_sentence(predicted: ModelPanel) -> None:
    told = errors(predicted)
    predicted.controls.threshold.slider.setValue(100)
    predicted.window_.run("accept")
    assert "nothing to accept" in told[-1] and predicted.workspace.proposal is not None
    assert predicted.workspace.document is not None and not predicted.workspace.document.annotation.regions


def test_cancel_leaving_the_image_and_a_killed_worker(panel: ModelPanel, slow: Path, qtbot: Any) -> None:
    workspace, told = panel.workspace, errors(panel)
    slow.touch()
    panel.window_.run("predict")
    qtbot.waitUntil(lambda: "slowly" in panel.running._message.text(), timeout=60_000)
    assert panel.running.isVisible() and not panel.predict_button.isEnabled()
    panel.running.cancel_button.click()
    qtbot.waitUntil(lambda: panel.predict_button.isEnabled())
    panel.window_.run("predict")
    qtbot.waitUntil(lambda: "slowly" in panel.running._message.text(), timeout=60_000)
    workspace.step(1)
    qtbot.waitUntil(lambda: workspace.document is not None)
    assert panel.proposer.job is None and told == []
    panel.window_.run("predict")
    qtbot.waitUntil(lambda: "slowly" in panel.running._message.text(), timeout=60_000)
    slow.unlink()
    os.kill(workspace.worker.pid or 0, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    qtbot.waitUntil(lambda: bool(told), timeout=60_000)
    assert "The worker stopped while predicting “photo 1.png”; it has been started again." in told[0]
    panel.window_.run("predict")
    qtbot.waitUntil(lambda: workspace.proposal is not None, timeout=60_000)


def test_many_images_are_labelled_and_again_adds_nothing(panel: ModelPanel, slow: Path, paint: Callable[..., int],
                                                         qtbot: Any) -> None:
    workspace, said = panel.workspace, []
    assert workspace.project is not None and workspace.document is not None
    workspace.said.connect(lambda text, kind: said.append(text))
    workspace.document.set_active_class(3)
    paint(slice(0, 10), slice(0, 10))
    panel.predict_many("all")
    qtbot.waitUntil(lambda: panel.prelabelling.job is None, timeout=90_000)
    assert said[-1] == "4 images labelled."
    assert workspace.document.history.titles()[-1] == "Accept prediction"
    assert (workspace.document.annotation.class_map()[:10, :10] == 3).all()
    for entry in workspace.project.images[1:]:
        stored = workspace.project.read_annotation(entry)
        assert (stored.class_map()[:23] == 1).all() and entry.state == "labelled"
    slow.touch()        # a prediction would not end now: there must be none
    panel.predict_many("all")
    qtbot.waitUntil(lambda: panel.prelabelling.job is None, timeout=90_000)
    assert said[-1] == "0 images labelled, 4 left as they were."
    panel.predict_many("unlabelled")
    assert said[-1] == "Every image has labels already."


def test_many_images_can_be_cancelled_and_one_that_cannot_be_read_is_told(panel: ModelPanel, slow: Path, qtbot: Any) -> None:
    workspace, said = panel.workspace, []
    assert workspace.project is not None
    workspace.said.connect(lambda text, kind: said.append(text))
    slow.touch()
    panel.predict_many("all")
    qtbot.waitUntil(lambda: panel.prelabelling.job is not None and panel.prelabelling.job.progress is not None
                    and "slowly" in panel.prelabelling.job.progress.message, timeout=60_000)
    panel.prelabelling.cancel()
    qtbot.waitUntil(lambda: panel.prelabelling.job is None, timeout=60_000)
    assert said[-1] == "Stopped: 0 images labelled."
    slow.unlink()
    workspace.project.image_path(workspace.project.images[2]).write_bytes(b"no photo")
    panel.predict_many("all")
    qtbot.waitUntil(lambda: panel.prelabelling.job is None, timeout=90_000)
    assert said[-1].startswith("3 images labelled, 1 failed (photo 2.png:")


@pytest.mark.parametrize(("break_it", "words"), [
    (lambda f: (f / "net.safetensors").unlink(), "missing|not exist|no weights|cannot be read"),
    (lambda f: os.truncate(f / "net.safetensors", 5000), "damaged|truncated|complete"),
    (lambda f: (f / "net.json").write_text((f / "net.json").read_text().replace('"width": 128', '"width": 64')), "fit|other"),
])
def test_a_broken_file_of_weights_is_a_sentence(opened: Any, tmp_path: Path, qtbot: Any, break_it: Any, words: str) -> None:
    import re
    for suffix in ("json", "safetensors"):
        shutil.copy(EMBEDDED / f"streets.{suffix}", tmp_path / f"net.{suffix}")
    card = (tmp_path / "net.json").read_text().replace('"streets"', '"net"').replace("streets.safetensors", "net.safetensors")
    (tmp_path / "net.json").write_text(card.replace('"embedded"', '"file"'))
    panel = opened.panel("model")
    told = errors(panel)
    panel.chooser.open_file(str(tmp_path / "net.safetensors"))
    assert panel.proposer.card is not None and panel.proposer.card.name == "net"
    break_it(tmp_path)
    opened.run("predict")
    qtbot.waitUntil(lambda: bool(told), timeout=60_000)
    assert re.search(words, told[0]) and "Traceback" not in told[0] and "Error" not in told[0]


def test_the_real_network_in_a_window_of_its_own_process() -> None:
    """In a fresh process, since other tests may have loaded torch into this one."""
    name = "test_the_real_network_from_predict_to_undo_without_torch_in_the_window"
    run = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{__file__}::{name}"],
                         env={**os.environ, "SEGDESK_TEST_ALONE": "1"}, cwd=Path(__file__).parents[3], capture_output=True,
                         text=True, timeout=240)
    assert run.returncode == 0, run.stdout[-3000:]


@pytest.mark.skipif("SEGDESK_TEST_ALONE" not in os.environ, reason="run by the test above")
def test_the_real_network_from_predict_to_undo_without_torch_in_the_window(opened: Any, qtbot: Any) -> None:
    panel, document = opened.panel("model"), opened.workspace.document
    opened.workspace.set_classes([LabelClass(i + 1, c.name, c.color, c.is_thing)
                                  for i, c in enumerate(find_model("streets").classes)], "Classes")
    opened.run("predict")
    qtbot.waitUntil(lambda: opened.workspace.proposal is not None, timeout=60_000)
    proposal = opened.workspace.proposal
    proposal.threshold = 0.0
    original = proposal.label_map().copy()
    opened.run("refine")
    qtbot.waitUntil(lambda: proposal.refinement is not None, timeout=60_000)
    assert proposal.refined and panel.controls.refined.isChecked()
    refined = proposal.label_map().copy()
    panel.controls.refined.click()
    assert np.array_equal(proposal.label_map(), original)
    panel.controls.refined.click()
    assert np.array_equal(proposal.label_map(), refined)
    panel.controls.min_area.setValue(1)
    opened.run("accept")
    assert np.array_equal(document.annotation.class_map(), refined + 1)
    document.undo()
    assert not document.annotation.region_map.any()
    assert "torch" not in sys.modules and "CPU" in opened.workspace.worker.device
