"""What is on the screen: every pixel against a slow compositing, after painting, panning, zooming and changing images."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from app.canvas.overlay import Layer, Paint, argb
from app.canvas.palette import RegionPalette
from app.canvas.preview import Preview
from app.canvas.view import Canvas
from app.tools import TOOLS
from app.workspace import Workspace
from segcore.types import Region

from .conftest import Show, document_of, grabbed, photo

GROUNDS = {(228, 230, 234), (19, 21, 24)}


def over(color: int, below: NDArray[np.int64]) -> NDArray[np.float64]:
    """A premultiplied colour over RGB."""
    return np.array([color >> 16 & 255, color >> 8 & 255, color & 255]) + below * (1 - (color >> 24) / 255)


def composited(canvas: Canvas) -> NDArray[np.float64]:
    """What a canvas in mode "fill" without selection is to look like, one pixel after the other."""
    document = canvas.workspace.document
    palette = RegionPalette()
    palette.mode, palette.opacity = canvas.overlay_mode, canvas.opacity
    palette.rebuild(document.annotation.regions, document.classes, 0)
    height, width = document.shape
    picture = np.zeros((canvas.height(), canvas.width(), 3))
    ground = grabbed(canvas)[0, 0]
    for y in range(canvas.height()):
        for x in range(canvas.width()):
            column, row = canvas.image_point(QPointF(x + 0.5, y + 0.5))
            if 0 <= column < width and 0 <= row < height:
                pixel = document.image.pixels[int(row), int(column)].astype(int)
                label = document.annotation.region_map[int(row), int(column)]
                picture[y, x] = over(int(palette.paint().fill[label]), pixel)
            else:
                picture[y, x] = ground
    return picture


@pytest.mark.parametrize("scale", [1.0, 2.0, 3.3, 8.0])
def test_painted_pixels_are_those_of_the_definition(show: Show, scale: float) -> None:
    canvas = show(photo(40, 50), (120, 90))
    canvas.overlay_mode, canvas.opacity = "fill", 0.4
    canvas.zoom_to(scale, (20.3, 18.8))
    shown = grabbed(canvas)
    assert tuple(shown[0, 0]) in GROUNDS or scale > 2
    assert abs(shown - composited(canvas)).max() <= 1.5


def test_a_canvas_changed_bit_by_bit_looks_like_a_new_one(show: Show, workspace: Workspace) -> None:
    """Brush strokes, panning, selecting, undo: repainted in parts, and the same as painted at once."""
    canvas = show(photo(90, 130), (150, 110))
    canvas.opacity = 0.6
    document = workspace.document
    rng = np.random.default_rng(3)

    def stroke() -> None:
        with document.edit("Stroke") as edit:
            region = edit.new_region(int(rng.integers(1, 4))) if rng.random() < 0.5 else 2
            for _ in range(3):
                y, x = int(rng.integers(0, 80)), int(rng.integers(0, 110))
                edit.paint((slice(y, y + 9), slice(x, x + 14)), rng.random((9, 14)) < 0.8, region)
                if rng.random() < 0.5:
                    canvas.repaint()

    actions = [stroke, stroke, lambda: document.select(int(rng.integers(0, 4))), document.undo, document.redo,
               lambda: canvas.pan_by(int(rng.integers(-30, 30)), int(rng.integers(-30, 30))),
               lambda: canvas.zoom_by(float(rng.choice([0.7, 1.4])), (60.0, 40.0)),
               lambda: document.change_region(3, "Class", class_id=int(rng.integers(1, 4)))]
    for _ in range(60):
        actions[rng.integers(len(actions))]()
        if rng.random() < 0.6:
            shown = grabbed(canvas).astype(int)
            canvas.scene._invalidate()
            # Smooth resampling may round differently in a strip.
            assert abs(grabbed(canvas) - shown).max() <= 3
    other = show(document.image.pixels, (150, 110))
    workspace.document = document
    other._showing.show_document()
    other.opacity = 0.6
    other._view = canvas.view
    other.update()
    assert abs(grabbed(canvas).astype(int) - grabbed(other)).max() <= 3


def test_pixels_that_change_before_a_pan_is_painted(show: Show, workspace: Workspace) -> None:
    canvas = show(photo(90, 130), (150, 110))
    canvas.zoom_to(3.0, (60, 40))
    grabbed(canvas)
    with workspace.document.edit("Stroke") as edit:
        edit.paint((slice(30, 40), slice(50, 62)), np.ones((10, 12), bool), 3)
        canvas.pan_by(40, -25)
        shown = grabbed(canvas)
        canvas.scene._invalidate()
        assert np.array_equal(grabbed(canvas), shown)


@pytest.mark.parametrize("mode", ["both", "fill", "outline", "mask", "off"])
def test_modes(show: Show, mode: str) -> None:
    canvas = show(np.full((40, 40, 3), 100, np.uint8), (80, 80))
    canvas.overlay_mode = mode
    canvas.zoom_to(2.0, (20, 20))
    shown = grabbed(canvas).astype(int)
    inside, border, free = shown[30, 30], shown[30, 20], shown[10, 50]
    assert (tuple(free) == (100, 100, 100)) == (mode != "mask")
    assert (tuple(inside) == (100, 100, 100)) == (mode in ("outline", "off"))
    assert (abs(border - inside).max() > 40) == (mode in ("both", "outline"))


def test_hidden_classes_and_selection(show: Show, workspace: Workspace) -> None:
    canvas = show(np.full((40, 40, 3), 100, np.uint8), (80, 80))
    canvas.zoom_to(2.0, (20, 20))
    before = grabbed(canvas)
    canvas.hidden_classes = frozenset({1})
    assert tuple(grabbed(canvas)[30, 30]) == (100, 100, 100) != tuple(before[30, 30])
    canvas.hidden_classes = frozenset()
    assert np.array_equal(grabbed(canvas), before)
    workspace.document.select(1)
    assert (grabbed(canvas)[30, 20] == 255).all(), "white outline"


def test_brightness_and_contrast_change_the_view_only(show: Show, workspace: Workspace) -> None:
    canvas = show(photo(30, 40), (100, 80))
    canvas.overlay_mode = "off"
    before, data = grabbed(canvas).astype(int), workspace.document.image.pixels.copy()
    canvas.brightness, canvas.contrast = 0.3, -0.2
    assert grabbed(canvas)[20:60, 20:80].mean() > before[20:60, 20:80].mean() + 20
    canvas.brightness = canvas.contrast = 0.0
    assert np.array_equal(grabbed(canvas), before)
    assert np.array_equal(workspace.document.image.pixels, data)


def test_layers(show: Show) -> None:
    canvas = show(np.full((40, 40, 3), 100, np.uint8), (80, 80))
    canvas.overlay_mode = "off"
    canvas.zoom_to(2.0, (20, 20))
    plane = np.full((20, 20), -1, np.int16)
    plane[5:10, 5:10], plane[12:15, 12:15] = 0, 1
    colors = np.array([argb((255, 0, 0), 0.5), argb((0, 0, 255)), 0], np.uint32)
    canvas.layers = [Layer(plane, Paint(colors))]
    shown = grabbed(canvas)
    assert abs(shown[30, 30].astype(int) - (178, 50, 50)).max() <= 1
    assert tuple(shown[54, 54]) == (0, 0, 255) and tuple(shown[4, 4]) == (100, 100, 100)
    green = Paint(np.array([argb((0, 255, 0), 0.5)], np.uint32))
    canvas.layers = [Layer(plane, Paint(colors)), Layer(np.zeros((2, 2), np.uint8), green)]
    assert grabbed(canvas)[54, 54, 1] > 120 and grabbed(canvas)[4, 4, 1] > 170


def test_preview(show: Show) -> None:
    canvas = show(np.full((40, 40, 3), 100, np.uint8), (80, 80))
    canvas.overlay_mode = "off"
    canvas.zoom_to(2.0, (20, 20))
    plain = grabbed(canvas)
    mask = np.ones((10, 10), bool)
    strokes = np.full((40, 40), -1, np.int8)
    strokes[30:34, 4:9], strokes[30:34, 20:30] = 1, 0
    canvas.set_preview(Preview(mask, (slice(10, 20), slice(10, 20)), strokes=strokes, points=[(32.0, 8.0, True)],
                               lines=[[(2.0, 2.0), (30.0, 2.0)]]))
    shown = grabbed(canvas).astype(int)
    assert (shown[30, 30] != 100).any() and abs(shown[30, 20] - shown[30, 30]).max() > 30, "tinted, with an outline on its edge"
    assert shown[64, 12, 1] > shown[64, 12, 0] and shown[64, 50, 0] > shown[64, 50, 1], "green object, red background"
    assert tuple(shown[16, 64]) == (46, 204, 96) and shown[4, 30].min() > 200
    assert tuple(shown[60, 70]) == (100, 100, 100)
    canvas.set_preview(Preview(rect=(10, 10, 20, 20)))
    shown = grabbed(canvas)
    assert shown[60, 60].max() < 80 and tuple(shown[30, 30]) == (100, 100, 100), "darker outside"
    canvas.set_preview(Preview())
    assert np.array_equal(grabbed(canvas), plain)


def test_pixel_grid_and_ring(show: Show) -> None:
    canvas = show(np.full((40, 40, 3), 250, np.uint8), (160, 160))
    canvas.overlay_mode = "off"
    canvas.zoom_to(20.0, (20, 20))
    with_grid = grabbed(canvas)
    canvas.show_grid = False
    plain = grabbed(canvas)
    assert (plain == 250).all()
    differs = (with_grid != plain).any(axis=2)
    assert differs.all(axis=0).sum() == differs.all(axis=1).sum() == 8 and differs.mean() < 0.15
    canvas.set_tool(TOOLS["brush"](radius=2.0))
    canvas.point_at(QPointF(80, 80))
    ring = (grabbed(canvas) != 250).any(axis=2)
    y, x = np.nonzero(ring)
    distance = np.hypot(x + 0.5 - 80, y + 0.5 - 80)
    assert ((distance < 6) | (abs(distance - 40) < 3.5)).all() and ring.sum() > 200, "its true size"


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (5, 32768), (2, 3)])
def test_odd_sizes(show: Show, shape: tuple[int, int]) -> None:
    canvas = show(np.full((*shape, 3), (250, 10, 90), np.uint8), (200, 150))
    canvas.overlay_mode = "off"
    shown = grabbed(canvas)
    assert abs(shown.astype(int) - (250, 10, 90)).sum(axis=2).min() <= 4, "something is seen of it"
    for scale in (0.01, 0.5, 1, 3, 64):
        canvas.zoom_to(scale, (shape[1] / 2, shape[0] / 2))
        grabbed(canvas)
        canvas.pan_by(5, -3)
        grabbed(canvas)


def test_resizing_keeps_the_fit_or_the_middle(show: Show, qtbot: QtBot) -> None:
    canvas = show(photo(100, 100), (200, 200))
    fit = canvas.scale
    canvas.resize(400, 400)
    assert canvas.scale > fit * 1.5 and canvas.is_fitted
    canvas.zoom_to(5, (30, 30))
    canvas.center_on(30, 30)
    canvas.resize(300, 200)
    assert canvas.scale == 5 and np.allclose(canvas.image_point(QPointF(150, 100)), (30, 30))
    state = canvas.view_state()
    canvas.fit()
    canvas.restore_view(state)
    assert np.allclose(canvas.view_state(), state)


@pytest.mark.parametrize("keep", [False, True])
def test_next_image_keeps_the_zoom_if_wanted(show: Show, workspace: Workspace, keep: bool) -> None:
    workspace.settings.set("view/keep_zoom", keep)
    canvas = show(photo(100, 100), (200, 200))
    canvas.zoom_to(4.0, (20, 70))
    canvas.center_on(20, 70)
    workspace.about_to_leave.emit()
    workspace.document = document_of(photo(200, 200), "next")
    workspace.document_changed.emit()
    assert (canvas.scale == 4.0) == keep and canvas.is_fitted != keep
    if keep:
        assert np.allclose(canvas.image_point(QPointF(100, 100)), (40, 140))
    workspace.document.changed.emit((slice(0, 5), slice(0, 5)))


def test_without_an_image(show: Show, workspace: Workspace, qtbot: QtBot) -> None:
    canvas = show(photo(50, 50), (200, 100))
    with_photo = grabbed(canvas)
    workspace.document, workspace.loading = None, "next.jpg"
    workspace.document_changed.emit()
    assert np.array_equal(grabbed(canvas), with_photo), "no flicker while the next one is about to come"
    assert canvas._showing.words() == "Loading next.jpg…"
    qtbot.waitUntil(lambda: not np.array_equal(grabbed(canvas), with_photo))
    workspace.loading = ""
    workspace.said.emit("The file is damaged.", "error")
    workspace.document_changed.emit()
    assert canvas._showing.words() == "The file is damaged."
    grabbed(canvas)


def test_new_regions_and_table_changes_are_seen(show: Show, workspace: Workspace) -> None:
    canvas = show(np.full((40, 40, 3), 100, np.uint8), (80, 80))
    canvas.overlay_mode = "fill"
    canvas.zoom_to(2.0, (20, 20))
    grabbed(canvas)
    document = workspace.document
    with document.edit("New") as edit:
        edit.paint((slice(0, 5), slice(0, 5)), np.ones((5, 5), bool), edit.new_region(3))
        assert grabbed(canvas)[4, 4, 1] > 100 > grabbed(canvas)[4, 4, 0], "while the edit is still open"
    document.undo()
    assert tuple(grabbed(canvas)[4, 4]) == (100, 100, 100)
    document.change_region(1, "Class", class_id=3)
    assert grabbed(canvas)[30, 30, 1] > 110
    document.remove_region(1)
    assert tuple(grabbed(canvas)[30, 30]) == (100, 100, 100)


def test_hundreds_of_regions_are_told_apart_by_number_only(show: Show, workspace: Workspace) -> None:
    canvas = show(np.full((200, 300, 3), 100, np.uint8), (300, 200))
    annotation = workspace.document.annotation
    annotation.region_map[:] = np.arange(1, 60001).reshape(200, 300)
    annotation.regions.update({i: Region(i, 1 + i % 3) for i in range(1, 60001)})
    workspace.document.regions_changed.emit()
    canvas.actual_size()
    assert (abs(grabbed(canvas)[20:180, 20:280].astype(int) - 100).max(axis=2) > 0).mean() > 0.9


TWICE = """
import sys; sys.path[:0] = {paths!r}
import numpy as np
from PySide6.QtWidgets import QApplication
from PySide6.QtCore import QPointF
app = QApplication([])
from conftest import Workspace, Settings, Canvas, Path, document_of, photo, grabbed
workspace = Workspace(Settings(Path({settings!r})))
workspace.document = document_of(photo(40, 50))
canvas = Canvas(workspace)
canvas.resize(170, 130)
canvas.overlay_mode = "off"
canvas.show()
assert canvas.devicePixelRatioF() == 2
canvas.zoom_to(4.0, (25, 20))
shown = grabbed(canvas)
assert shown.shape == (260, 340, 3), shown.shape
pixels = workspace.document.image.pixels
for y in range(0, 260, 3):
    for x in range(0, 340, 3):
        column, row = canvas.image_point(QPointF((x + 0.5) / 2, (y + 0.5) / 2))
        if 0 <= column < 50 and 0 <= row < 40:
            assert tuple(shown[y, x]) == tuple(pixels[int(row), int(column)])
canvas.overlay_mode = "both"
canvas.pan_by(7, 3)
moved = grabbed(canvas)
canvas.scene._invalidate()
assert np.array_equal(grabbed(canvas), moved)
print("fine")
import os; os._exit(0)
"""


def test_screens_of_double_density(tmp_path: Path) -> None:
    """One hundred percent is one image pixel per screen pixel there too; needs a process of its own."""
    import os
    code = TWICE.format(paths=[str(Path(__file__).parent), str(Path(__file__).parents[3])], settings=str(tmp_path / "s.json"))
    environment = {**os.environ, "QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert "fine" in done.stdout, done.stderr
