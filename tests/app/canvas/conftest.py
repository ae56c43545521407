"""A canvas with a small document, without a project: what the tests of the canvas share."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from app.canvas.view import Canvas
from app.document import Document
from app.settings import Settings
from app.workspace import Workspace
from segcore.project import ImageEntry
from segcore.types import Annotation, Image, LabelClass, Region

CLASSES = [LabelClass(1, "cat", (220, 40, 40)), LabelClass(2, "sky", (40, 90, 220), is_thing=False),
           LabelClass(3, "dog", (30, 160, 60))]


def photo(height: int, width: int) -> NDArray[np.uint8]:
    """A picture in which every pixel is told apart from its neighbours."""
    y, x = np.mgrid[:height, :width]
    return np.stack([(x * 37 + y * 11) % 256, (x * 5 + y * 53) % 256, (x * 91 + y * 29) % 256], axis=2).astype(np.uint8)


def document_of(pixels: NDArray[np.uint8], name: str = "photo") -> Document:
    """A document with three regions: two cats that touch, and a sky."""
    height, width = pixels.shape[:2]
    annotation = Annotation((height, width))
    annotation.region_map[height // 4:height // 2, width // 4:width // 2] = 1
    annotation.region_map[height // 4:height // 2, width // 2:3 * width // 4] = 2
    annotation.region_map[3 * height // 4:] = 3
    annotation.regions = {1: Region(1, 1), 2: Region(2, 1), 3: Region(3, 2)}
    return Document(ImageEntry(name, f"{name}.png"), Image(pixels, sha256=name), annotation, classes=CLASSES)


@pytest.fixture
def workspace(qtbot: QtBot, tmp_path: Path) -> Workspace:
    """A workspace without a project."""
    workspace = Workspace(Settings(tmp_path / "settings.json"))
    yield workspace
    workspace.jobs.shutdown()


Show = Callable[..., Canvas]


@pytest.fixture
def show(qtbot: QtBot, workspace: Workspace) -> Show:
    """Make a canvas of a size that shows a picture."""
    def make(pixels: NDArray[np.uint8], size: tuple[int, int] = (200, 160)) -> Canvas:
        workspace.document = document_of(pixels)
        canvas = Canvas(workspace)
        qtbot.addWidget(canvas)
        canvas.setMinimumSize(1, 1)
        canvas.resize(*size)
        canvas.show()
        return canvas
    return make


def grabbed(canvas: Canvas) -> NDArray[np.uint8]:
    """What the canvas looks like: uint8 (H, W, 3) RGB in device pixels."""
    from PySide6.QtGui import QImage
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    packed = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return packed[:, :image.width(), 2::-1].copy()
