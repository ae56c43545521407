"""The canvas against pictures that somebody has looked at; SEGDESK_WRITE_GOLDEN=1 makes them anew: look again."""
from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pictures
from PySide6.QtCore import QPointF

from app.canvas.preview import Preview
from app.canvas.view import Canvas
from app.tools import TOOLS
from segcore.types import Region

from .conftest import Show, grabbed

GOLDEN = Path(__file__).parents[2] / "golden"
SIZE = (240, 180)


def still_life() -> NDArray[np.uint8]:
    """Light, dark and striped grounds, on which everything must be seen."""
    y, x = np.mgrid[:120, :160]
    shade = (40 + 180 * (x / 160)) * (0.6 + 0.4 * np.cos(y / 19) ** 2)
    picture = np.stack([shade, shade * 0.85 + 20, 255 - shade], axis=2)
    picture[80:, 100:] = np.where((x[80:, 100:, None] // 4) % 2, 245, 15)
    return picture.clip(0, 255).astype(np.uint8)


def ball(x: float, y: float, r: float) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:120, :160]
    return np.hypot(columns + 0.5 - x, rows + 0.5 - y) < r


def labelled(canvas: Canvas) -> None:
    """Three things, of which two touch, one is locked and one selected, over a piece of stuff."""
    document = canvas.workspace.document
    document.annotation.region_map[:] = 0
    document.annotation.regions = {1: Region(1, 1), 2: Region(2, 1), 3: Region(3, 2), 4: Region(4, 3, locked=True)}
    document.annotation.region_map[95:] = 3
    for region, (x, y, r) in {1: (45, 50, 26), 2: (88, 50, 26), 4: (128, 84, 20)}.items():
        document.annotation.region_map[ball(x, y, r)] = region
    document.regions_changed.emit()
    document.select(2)


def gesture(canvas: Canvas) -> None:
    strokes = np.full((120, 160), -1, np.int8)
    strokes[40:46, 40:80], strokes[100:106, 20:60] = 1, 0
    canvas.set_preview(Preview(ball(70, 50, 30), rect=(30, 10, 130, 95), strokes=strokes,
                               points=[(70, 60, True), (140, 100, False)], lines=[[(20, 110), (80, 70), (120, 100)]]))


def polygon(canvas: Canvas) -> None:
    corners = [(30.0, 20.0), (110.0, 35.0), (120.0, 100.0), (50.0, 90.0)]
    canvas.set_preview(Preview(lines=[corners], closed=True, points=[(*c, True) for c in corners]))


def brush(canvas: Canvas) -> None:
    canvas.set_tool(TOOLS["brush"](radius=20))
    canvas.point_at(QPointF(150, 110))


def shown_as(mode: str) -> Callable[[Canvas], None]:
    def show_it(canvas: Canvas) -> None:
        labelled(canvas)
        canvas.overlay_mode = mode
    return show_it


def pixels(canvas: Canvas) -> None:
    labelled(canvas)
    canvas.zoom_to(20.0, (110, 68))
    canvas.center_on(110, 68)


SCENES: dict[str, Callable[[Canvas], None]] = {
    "both": shown_as("both"), "fill": shown_as("fill"), "outline": shown_as("outline"), "mask": shown_as("mask"),
    "pixels": pixels, "gesture": gesture, "polygon": polygon, "brush": brush}


@pytest.mark.parametrize("name", SCENES)
def test_golden(show: Show, name: str) -> None:
    canvas = show(still_life(), SIZE)
    SCENES[name](canvas)
    shown, path = grabbed(canvas), GOLDEN / f"canvas_{name}.png"
    if os.environ.get("SEGDESK_WRITE_GOLDEN"):
        data = BytesIO()
        Pictures.fromarray(shown).save(data, "PNG", optimize=True)
        path.write_bytes(data.getvalue())
    wanted = np.asarray(Pictures.open(BytesIO(path.read_bytes())).convert("RGB"))
    assert shown.shape == wanted.shape
    difference = abs(shown.astype(int) - wanted).max(axis=2)
    assert difference.mean() < 1.0 and (difference > 48).mean() < 0.005
