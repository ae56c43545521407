"""A window on four small photos."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.main_window import MainWindow
from app.workspace import Workspace


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of four photos, 64×48, each of one colour."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(4):
        pixels = np.full((48, 64, 3), (40 * number, 90, 200), np.uint8)
        Image.fromarray(pixels).save(folder / f"photo {number}.png")
    return folder


@pytest.fixture
def window(qtbot) -> Iterator[MainWindow]:
    """The window as it starts."""
    window = MainWindow(Workspace())
    qtbot.addWidget(window)
    window.resize(1366, 768)
    window.show()
    yield window
    window.workspace.shutdown()


@pytest.fixture
def opened(window: MainWindow, qtbot, photos: Path) -> MainWindow:
    """The window with the folder of photos open."""
    window.workspace.open_path(photos)
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    return window


@pytest.fixture
def paint(opened: MainWindow):
    """Paints a rectangle as a new region of the active class; returns its id."""
    def paint(rows: slice = slice(2, 9), columns: slice = slice(3, 12), title: str = "Brush stroke") -> int:
        document = opened.workspace.document
        document.select(0)
        with document.edit(title) as edit:
            region = document.target(edit)
            edit.paint((rows, columns), np.ones((rows.stop - rows.start, columns.stop - columns.start), bool), region)
        document.select(region)
        return region
    return paint
