"""The worker process dies in the middle of labelling many images: one image is lost to it, the window and the rest are not."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from app.prelabelling import Prelabelling
from app.worker import WorkerClient
from app.workspace import Workspace
from segcore.model_zoo import find_model

TASKS = '''
import os
import numpy as np
from segcore.types import Progress

def device():
    return "CPU"
    yield

def predict(image, model, folder, device):
    yield Progress(1, 3)
    if image[0, 0, 0] == 80 or os.environ.get("SEGDESK_TEST_DIE"):
        os.kill(os.getpid(), 9)
    planes = np.full((11, 4, 4), 0.01, np.float16)
    planes[0] = 0.9
    return planes, ""
'''


def workspace_with(tmp_path: Path, qtbot: Any) -> Workspace:
    (tmp_path / "deadly_tasks.py").write_text(TASKS)
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(4):
        Image.fromarray(np.full((30, 40, 3), 40 * number, np.uint8)).save(folder / f"{number}.png")
    workspace = Workspace()
    workspace._worker = WorkerClient("deadly_tasks", [str(tmp_path)])
    workspace.open_path(folder)
    qtbot.waitUntil(lambda: workspace.document is not None)
    return workspace


def test_one_image_fails_and_the_others_are_labelled(tmp_path: Path, qtbot: Any) -> None:
    workspace = workspace_with(tmp_path, qtbot)
    many, said = Prelabelling(workspace), []
    workspace.said.connect(lambda text, kind: said.append((kind, text)))
    many.start(find_model("streets"), {0: 1}, "all")
    qtbot.waitUntil(lambda: many.job is None, timeout=90_000)
    kind, text = said[-1]
    assert kind == "warning"
    assert text.startswith("3 images labelled, 1 failed (2.png: The worker stopped while predicting “2.png”")
    assert workspace.project is not None
    stored = [workspace.project.has_annotation(e) for e in workspace.project.images[1:]]
    assert stored == [True, False, True]
    assert workspace.document is not None and workspace.document.history.titles() == ["Accept prediction"]
    workspace.shutdown()


def test_a_worker_that_dies_at_every_image_ends_the_run_with_one_sentence(tmp_path: Path, qtbot: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("SEGDESK_TEST_DIE", "1")
    workspace = workspace_with(tmp_path, qtbot)
    many, said = Prelabelling(workspace), []
    workspace.said.connect(lambda text, kind: said.append((kind, text)))
    many.start(find_model("streets"), {0: 1}, "all")
    qtbot.waitUntil(lambda: many.job is None, timeout=90_000)
    assert any(kind == "error" and "3 times in a row" in text for kind, text in said)
    assert workspace.worker.pid is None
    workspace.shutdown()
