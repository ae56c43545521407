"""A labelled slider from 0 to 100 %."""
from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

LABEL_WIDTH = 78


class PercentSlider(QWidget):
    """Shows and edits a share from 0 to 1; `edited` tells what the user did, `set_value` is silent."""

    edited = Signal(float)

    def __init__(self, label: str, tip: str, value: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal, self, toolTip=tip, accessibleName=label, accessibleDescription=tip)
        self.slider.setRange(0, 100)
        self.slider.setPageStep(10)
        self._number = QLabel(self)
        self._number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._number.setMinimumWidth(self._number.fontMetrics().horizontalAdvance("100 %"))
        text = QLabel(label, self, toolTip=tip)
        text.setMinimumWidth(LABEL_WIDTH)
        text.setBuddy(self.slider)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (text, self.slider, self._number):
            layout.addWidget(widget, 1 if widget is self.slider else 0)
        self.set_value(value)
        self.slider.valueChanged.connect(self._edited)

    def value(self) -> float:
        """The share, 0..1."""
        return self.slider.value() / 100

    def set_value(self, value: float) -> None:
        """Show a share, without telling."""
        blocked = self.slider.blockSignals(True)
        self.slider.setValue(round(100 * value))
        self.slider.blockSignals(blocked)
        self._number.setText(f"{self.slider.value()} %")

    def _edited(self, value: int) -> None:
        self._number.setText(f"{value} %")
        self.edited.emit(value / 100)
