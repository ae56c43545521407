"""The program's main job through its real window: box, brush, network, CRF, undo, export, import."""
from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from app.main_window import MainWindow
from app.opening import SAMPLES
from app.workspace import Workspace
from segcore.formats import FORMATS
from segcore.image_io import read_index_mask
from segcore.project import Project

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@pytest.fixture
def window(qtbot, tmp_path: Path):
    folder = tmp_path / "Fotos – für alle"        # spaces and non-ASCII, as on real disks
    folder.mkdir()
    for name in ("01_flower.jpg", "04_temple.jpg"):
        shutil.copy(SAMPLES / name, folder)
    Project.create(tmp_path / "project", images=folder, classes=SAMPLES / "classes.json").close()
    window = MainWindow(Workspace())
    window.resize(1400, 900)
    window.show()
    window.errors = []
    window.workspace.said.connect(lambda text, kind: window.errors.append(text) if kind == "error" else None)
    window.workspace.open_path(tmp_path / "project")
    qtbot.waitUntil(lambda: window.workspace.document is not None, timeout=20_000)
    QApplication.processEvents()
    yield window
    window.workspace.shutdown()
    window.close()


def at(window: MainWindow, x: float, y: float) -> QPoint:
    """Where an image coordinate is on the canvas."""
    low, high = QPointF(0, 0), QPointF(window.canvas.width(), window.canvas.height())
    a, b = window.canvas.image_point(low), window.canvas.image_point(high)
    return QPoint(round((x - a[0]) / (b[0] - a[0]) * high.x()), round((y - a[1]) / (b[1] - a[1]) * high.y()))


def drag(window: MainWindow, points: list[tuple[float, float]], button=LEFT) -> None:
    QTest.mousePress(window.canvas, button, pos=at(window, *points[0]))
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        for t in np.linspace(0, 1, 6)[1:]:
            QTest.mouseMove(window.canvas, at(window, x0 + (x1 - x0) * t, y0 + (y1 - y0) * t))
    QTest.mouseRelease(window.canvas, button, pos=at(window, *points[-1]))


def settle(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.workspace.jobs.running, timeout=60_000)
    QApplication.processEvents()


def test_from_photos_to_a_data_set_and_back(qtbot, window: MainWindow, tmp_path: Path) -> None:
    workspace, torch_was_there = window.workspace, "torch" in sys.modules      # other tests of this process may have
    document, states = workspace.document, []

    def remember() -> None:
        states.append((workspace.document.annotation.region_map.copy(), dict(workspace.document.annotation.regions)))

    # The flower, by a box, then the brush.
    remember()
    window.set_tool("grab_cut")
    drag(window, [(180, 70), (500, 380)])
    settle(qtbot, window)
    assert not document.annotation.regions, "a preview is not a label"
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    settle(qtbot, window)
    flower = next(iter(document.annotation.regions.values()))
    assert workspace.class_of(flower.class_id).name == "flower" and flower.source == "grab_cut"
    mask = document.annotation.region_map == flower.id
    assert mask[225, 335] and mask[120, 320] and not mask[40, 40] and 0.15 < mask.mean() < 0.35
    remember()
    window.set_tool("brush")
    drag(window, [(20, 20), (60, 20)])
    assert document.annotation.region_map[20, 20:60].all() and len(document.history.titles()) == 2
    remember()

    # Everything comes back, bit by bit.
    for steps in ([1, 0], [1, 2]):
        for i in steps:
            window.run("undo" if steps == [1, 0] else "redo")
            assert np.array_equal(document.annotation.region_map, states[i][0]) and document.annotation.regions == states[i][1]

    # The temple, by the network and the CRF.
    window.run("next_image")
    qtbot.waitUntil(lambda: workspace.document is not None and workspace.document.entry.name == "04_temple.jpg", timeout=20_000)
    window.run("predict")
    qtbot.waitUntil(lambda: workspace.proposal is not None, timeout=120_000)
    settle(qtbot, window)
    before = workspace.proposal.label_map().copy()
    window.run("refine")
    settle(qtbot, window)
    assert workspace.proposal.refined and (workspace.proposal.label_map() != before).mean() > 0.001
    window.run("accept")
    settle(qtbot, window)
    document = workspace.document
    names = {workspace.class_of(r.class_id).name for r in document.annotation.regions.values()}
    assert {"sky", "tree"} <= names and all(r.source == "model:streets" for r in document.annotation.regions.values())
    assert workspace.class_of(document.annotation.class_map()[30, 500]).name == "sky"
    assert len(document.history.titles()) == 1, "accepting is one step"
    accepted = document.annotation.region_map.copy()
    window.run("undo")
    assert not document.annotation.region_map.any()
    window.run("redo")
    assert np.array_equal(document.annotation.region_map, accepted)
    assert torch_was_there or "torch" not in sys.modules, "networks run in the worker only"

    # Out as VOC through the dialog, and back into an empty project.
    settle(qtbot, window)
    dialog = window.dialogs.show("export")
    dialog.formats.setCurrentIndex(dialog.formats.findData("voc"))
    dialog.folder.line.setText(str(tmp_path / "out"))
    next(b for b in dialog.findChildren(QPushButton) if b.text() == "Export").click()
    qtbot.waitUntil(lambda: (tmp_path / "out").is_dir(), timeout=60_000)
    settle(qtbot, window)
    assert window.errors == []
    masks = sorted((tmp_path / "out" / "SegmentationClass").glob("*.png"))
    assert [m.name for m in masks] == ["01_flower.png", "04_temple.png"]
    again = Project.create(tmp_path / "again", classes=SAMPLES / "classes.json")
    steps = FORMATS["voc"]().load(tmp_path / "out", again)
    with pytest.raises(StopIteration) as end:
        while True:
            next(steps)
    assert end.value.value.converted == 2
    second = tmp_path / "out-2"
    for _ in FORMATS["voc"]().export(again, second):
        pass
    for mask in masks:
        for folder in ("SegmentationClass", "SegmentationObject"):
            one = read_index_mask(tmp_path / "out" / folder / mask.name)
            assert np.array_equal(one, read_index_mask(second / folder / mask.name)), (folder, mask.name)
    again.close()


def test_escape_and_an_image_change_leave_nothing_behind(qtbot, window: MainWindow) -> None:
    document = window.workspace.document
    window.set_tool("brush")
    QTest.mousePress(window.canvas, LEFT, pos=at(window, 100, 100))
    QTest.mouseMove(window.canvas, at(window, 140, 120))
    assert document.annotation.region_map.any()
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert not document.annotation.region_map.any() and document.history.titles() == [] and not document.annotation.regions
    QTest.mouseRelease(window.canvas, LEFT, pos=at(window, 140, 120))
    QTest.mousePress(window.canvas, LEFT, pos=at(window, 200, 100))
    window.run("next_image")
    qtbot.waitUntil(lambda: window.workspace.document is not None and window.workspace.document is not document)
    assert not document.annotation.region_map.any()
    assert not window.workspace.document.annotation.region_map.any()
