"""Preferences: each takes effect at once and is kept."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox

from app.dialogs.form import Form, Rows, heading, muted

if TYPE_CHECKING:
    from app.main_window import MainWindow

THEMES = (("As the system", "system"), ("Light", "light"), ("Dark", "dark"))
DEVICES = (("The fastest there is", "auto"), ("Processor (CPU)", "cpu"), ("Graphics card (CUDA)", "cuda"),
           ("Graphics (Apple)", "mps"))


class Dialog(Form):
    """One column, three groups."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window, "Preferences", (480, 0))
        self._settings = self.workspace.settings
        self._group("Look", [("Theme", self._choice("view/theme", "system", THEMES)),
                             ("", self._switch("view/keep_zoom", False, "Keep zoom and place between images")),
                             ("", self._switch("view/pixel_grid", True, "Lines between pixels when they are large"))])
        self._group("Work", [("", self._switch("edit/advance_when_done", False, "Go on when an image is marked as done")),
                             ("Undo steps take", self._number("edit/undo_megabytes", 256, 16, 4096, " MB per image"))])
        self.body.addWidget(muted("Labels are saved by themselves, a second after each change."))
        self._group("Networks", [("Run on", self._choice("model/device", "auto", DEVICES))])
        self.add_button("Shortcuts…", self._shortcuts, left=True)
        self.add_button("Close", self.accept, accent=True)

    def _group(self, title: str, rows: list[tuple[str, Any]]) -> None:
        self.body.addWidget(heading(title))
        form = Rows()
        for label, widget in rows:
            form.add(label, widget)
        self.body.addLayout(form)

    def _choice(self, key: str, default: str, options: tuple[tuple[str, str], ...]) -> QComboBox:
        box = QComboBox()
        box.setObjectName(key)
        for title, value in options:
            box.addItem(title, value)
        box.setCurrentIndex(max(0, box.findData(self._settings.get(key, default))))
        box.activated.connect(lambda _: self._settings.set(key, box.currentData()))
        return box

    def _switch(self, key: str, default: bool, text: str) -> QCheckBox:
        box = QCheckBox(text, checked=bool(self._settings.get(key, default)))
        box.setObjectName(key)
        box.toggled.connect(lambda on: self._settings.set(key, on))
        return box

    def _number(self, key: str, default: int, low: int, high: int, unit: str) -> QSpinBox:
        box = QSpinBox(minimum=low, maximum=high, singleStep=64, suffix=unit)
        box.setObjectName(key)
        box.lineEdit().setTextMargins(5, 0, 0, 0)
        box.setValue(int(self._settings.get(key, default)))
        box.valueChanged.connect(lambda value: self._settings.set(key, value))
        return box

    def _shortcuts(self) -> None:
        self.accept()
        self.window_.dialogs.show("shortcuts")
