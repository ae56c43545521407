"""Dialogs, one file each with a class `Dialog(window, **options)`; imported when first shown, never blocking."""
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog

    from app.main_window import MainWindow


class Dialogs:
    """Opens dialogs by the name of their module."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.current: QDialog | None = None

    def show(self, name: str, **options: Any) -> QDialog:
        """Open `app/dialogs/<name>.py`, modal to the window; returns at once with the dialog."""
        module = importlib.import_module(f"{__name__}.{name}")
        dialog: QDialog = module.Dialog(self._window, **options)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._forget)
        self.current = dialog
        dialog.open()
        return dialog

    def _forget(self, _result: int) -> None:
        self.current = None
