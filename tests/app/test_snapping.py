"""One key pulls a rough boundary onto the edge beside it: on a drawn disc with a known outline, as one undo step."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from app.snapping import snap_region
from app.workspace import Workspace


@pytest.fixture
def workspace(qtbot, tmp_path: Path):
    y, x = np.mgrid[:200, :200]
    far = np.hypot(x + .5 - 100, y + .5 - 100)
    image = np.where(far[..., None] < 60, np.uint8(200), np.uint8(60)).repeat(3, axis=2)
    image = np.clip(image + np.random.default_rng(0).integers(-10, 11, image.shape), 0, 255).astype(np.uint8)
    folder = tmp_path / "photos"
    folder.mkdir()
    Pillow.fromarray(image).save(folder / "disc.png")
    workspace = Workspace()
    workspace.messages = []
    workspace.said.connect(lambda text, kind: workspace.messages.append(text))
    workspace.open_path(folder)
    qtbot.waitUntil(lambda: workspace.document is not None)
    with workspace.document.edit("Rough") as edit:
        edit.paint((slice(0, 200), slice(0, 200)), far < 66, edit.new_region(1))
    workspace.document.select(1)
    workspace.truth = far < 60
    yield workspace
    workspace.shutdown()


def iou(workspace: Workspace) -> float:
    mask = workspace.document.annotation.region_map == 1
    return float((mask & workspace.truth).sum() / (mask | workspace.truth).sum())


def settle(qtbot, workspace: Workspace) -> None:
    qtbot.waitUntil(lambda: not workspace.jobs.running, timeout=120_000)


def test_the_boundary_falls_onto_the_edge_and_back(qtbot, workspace: Workspace) -> None:
    before = workspace.document.annotation.region_map.copy()
    assert iou(workspace) < 0.84
    snap_region(workspace)
    settle(qtbot, workspace)
    assert iou(workspace) > 0.98 and workspace.document.history.titles() == ["Rough", "Snap to edges"]
    workspace.document.undo()
    assert np.array_equal(workspace.document.annotation.region_map, before)


def test_an_answer_that_comes_too_late_changes_nothing(qtbot, workspace: Workspace) -> None:
    snap_region(workspace)
    with workspace.document.edit("Meanwhile") as edit:
        edit.paint((slice(0, 5), slice(0, 5)), np.ones((5, 5), bool), 1)
    settle(qtbot, workspace)
    assert workspace.document.history.titles() == ["Rough", "Meanwhile"] and "changed meanwhile" in workspace.messages[-1]


def test_locked_or_no_region_is_a_sentence(qtbot, workspace: Workspace) -> None:
    workspace.document.change_region(1, "Lock", locked=True)
    snap_region(workspace)
    assert "locked" in workspace.messages[-1]
    workspace.document.select(0)
    snap_region(workspace)
    assert "Select a region" in workspace.messages[-1]
    assert not any(job.title == "Snap to edges" for job in workspace.jobs.running)
