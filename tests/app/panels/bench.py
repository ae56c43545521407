"""A project with one small image, a real canvas, and as much of a window as panels need."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Photo
from pytestqt.qtbot import QtBot

from app.canvas.view import Canvas
from app.settings import Settings
from app.shortcuts import Shortcuts
from app.tools import TOOLS
from app.workspace import Workspace
from segcore.project import Project
from segcore.types import LabelClass

CLASSES = [LabelClass(0, "background", (0, 0, 0), False), LabelClass(1, "cat", (200, 40, 40)),
           LabelClass(2, "sky", (60, 90, 220), False)]
SHAPE = (40, 50)


class Acts(dict[str, Any]):
    """The window's actions: none but the shortcuts."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.shortcuts = Shortcuts(settings)


class Bench:
    """Stands in for the window; `said` keeps what the user was told."""

    def __init__(self, folder: Path, qtbot: QtBot, classes: list[LabelClass] = CLASSES, images: int = 1) -> None:
        photos = [folder / f"photo{i}.png" for i in range(images)]
        for photo in photos:
            Photo.fromarray(np.full((*SHAPE, 3), 120, np.uint8)).save(photo)
        Project.create(folder / "project", images=photos, classes=classes).close()
        self.workspace = Workspace(Settings(folder / "settings.json"))
        self.said: list[tuple[str, str]] = []
        self.workspace.said.connect(self._hear)
        self.workspace.open_path(folder / "project")
        qtbot.waitUntil(lambda: self.workspace.document is not None)
        self.canvas = Canvas(self.workspace)
        qtbot.addWidget(self.canvas)
        self.canvas.resize(200, 160)
        self.canvas.show()
        self.acts = Acts(self.workspace.settings)
        self.qtbot = qtbot

    @property
    def document(self) -> Any:
        return self.workspace.document

    def _hear(self, text: str, kind: str) -> None:
        self.said.append((text, kind))

    def set_tool(self, name: str) -> None:
        self.canvas.set_tool(TOOLS[name](**self.workspace.settings.get(f"tools/{name}", {})))

    def change_tool_params(self, **values: Any) -> None:
        key = f"tools/{self.canvas.tool.name}"
        self.workspace.settings.set(key, {**self.workspace.settings.get(key, {}), **values})

    def add_region(self, x0: int, y0: int, x1: int, y1: int, class_id: int = 1, source: str = "hand") -> int:
        with self.document.edit("Paint") as edit:
            region = edit.new_region(class_id, source)
            edit.paint((slice(y0, y1), slice(x0, x1)), np.ones((y1 - y0, x1 - x0), np.bool_), region)
        return int(region)

    def open(self, panel: type, **options: Any) -> Any:
        made = panel(self)
        self.qtbot.addWidget(made)
        made.resize(320, 300)
        made.show()
        return made

    def close(self) -> None:
        self.workspace.shutdown()
