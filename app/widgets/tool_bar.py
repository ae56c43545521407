"""The bar of canvas tools at the left."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QToolBar

if TYPE_CHECKING:
    from app.main_window import MainWindow

GROUP = 100
"""Tools whose `order` falls into another hundred stand behind a line."""


class ToolBar(QToolBar):
    """One button per tool; the one in use is lit."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__("Tools", window)
        self.setObjectName("tool_bar")
        self.setOrientation(Qt.Orientation.Vertical)
        self.setMovable(False)
        self.setIconSize(QSize(22, 22))
        self.toggleViewAction().setVisible(False)
        from app.tools import TOOLS
        previous = None
        for tool in TOOLS:
            if previous is not None and tool.order // GROUP != previous // GROUP:
                self.addSeparator()
            previous = tool.order
            self.addAction(window.acts[tool.name])
