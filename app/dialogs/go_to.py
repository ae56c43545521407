"""Go to image: its number, and the image is there."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSpinBox

from app.dialogs.form import Form, Rows

if TYPE_CHECKING:
    from app.main_window import MainWindow


class Dialog(Form):
    """One number; Enter goes there."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window, "Go to image", (320, 0))
        project = self.workspace.project
        count = len(project.images) if project is not None else 1
        self.number = QSpinBox(minimum=1, maximum=max(1, count), value=self.workspace.index + 1, accessibleName="Number")
        self.number.lineEdit().setTextMargins(5, 0, 0, 0)
        rows = Rows()
        rows.add(f"Number, 1 to {count:,}", self.number)
        self.body.addLayout(rows)
        self.add_button("Cancel", self.reject)
        self.add_button("Go", self._go, accent=True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # Qt would give the keyboard to the button that Enter presses anyway.
        self.number.setFocus()
        self.number.selectAll()

    def _go(self) -> None:
        self.accept()
        self.workspace.go_to(self.number.value() - 1)
