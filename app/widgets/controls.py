"""The controls of option forms: number with slider, choice, switch, text. Each reads, shows and tells of one value."""
from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QSlider,
    QSpinBox,
    QWidget,
)

SLIDER_STEPS = 1000
LIMIT = 1_000_000_000
WIDE = 30.0
"""From this ratio of bounds on the slider is curved, so that small values can be hit as well as large ones."""


class Control(QObject):
    """One value and the widget that edits it. `set_value` is silent; `edited` tells what the user did."""

    edited = Signal(object)

    def __init__(self, widget: QWidget, focus: QWidget | None = None) -> None:
        super().__init__(widget)
        self.widget, self.focus = widget, focus or widget

    def value(self) -> Any:
        """What the control shows."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value; one of another kind is passed over, one out of bounds brought within."""
        raise NotImplementedError

    def set_names(self, label: str, tip: str) -> None:
        """Tell screen readers what this is."""
        self.focus.setAccessibleName(label)
        self.focus.setAccessibleDescription(tip)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Scrolling past a control must not change it: the wheel counts only where the focus is."""
        if event.type() == QEvent.Type.Wheel and not self.focus.hasFocus():
            event.ignore()
            return True
        return False

    def _spare_from_wheel(self, *widgets: QWidget) -> None:
        for widget in widgets:
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            widget.installEventFilter(self)


class FlagControl(Control):
    """A switch."""

    def __init__(self, default: bool) -> None:
        self._box = QCheckBox()
        super().__init__(self._box)
        self._box.setChecked(default)
        self._box.clicked.connect(self._tell)

    def value(self) -> bool:
        return self._box.isChecked()

    def set_value(self, value: Any) -> None:
        self._box.setChecked(bool(value))

    def _tell(self, checked: bool) -> None:
        self.edited.emit(checked)


class ChoiceControl(Control):
    """One of a few words."""

    def __init__(self, default: str, choices: list[str]) -> None:
        self._box = QComboBox()
        super().__init__(self._box)
        for choice in choices:
            self._box.addItem(str(choice).replace("_", " ").capitalize() if str(choice).islower() else str(choice), choice)
        self._spare_from_wheel(self._box)
        self.set_value(default)
        self._box.activated.connect(self._tell)

    def value(self) -> Any:
        return self._box.currentData()

    def set_value(self, value: Any) -> None:
        place = self._box.findData(value)
        if place >= 0:
            self._box.setCurrentIndex(place)

    def _tell(self) -> None:
        self.edited.emit(self.value())


class TextControl(Control):
    """A line of text, told when it is finished."""

    def __init__(self, default: str) -> None:
        self._line = QLineEdit(default)
        super().__init__(self._line)
        self._told = default
        self._line.editingFinished.connect(self._tell)

    def value(self) -> str:
        return self._line.text()

    def set_value(self, value: Any) -> None:
        self._line.setText(str(value))
        self._told = self._line.text()

    def _tell(self) -> None:
        if self._line.text() != self._told:
            self._told = self._line.text()
            self.edited.emit(self._told)


class _PlainSpinBox(QDoubleSpinBox):
    """Shows 12, not 12.000."""

    def textFromValue(self, value: float) -> str:
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").removesuffix(point) if point in text else text


class NumberControl(Control):
    """A number: a slider where there are two bounds, and a field to type in."""

    def __init__(self, kind: type, default: float, metadata: Mapping[str, Any]) -> None:
        self._kind = kind
        self._low, self._high = metadata.get("min"), metadata.get("max")
        self._step = float(metadata.get("step") or (1 if kind is int else fine_step(self._low, self._high)))
        self._spin = self._make_spin(metadata.get("unit") or "", default)
        self._slider: QSlider | None = None
        row = QWidget()
        super().__init__(row, self._spin)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        if self._low is not None and self._high is not None:
            self._slider = QSlider(Qt.Orientation.Horizontal)
            self._slider.setRange(0, SLIDER_STEPS)
            self._slider.setPageStep(SLIDER_STEPS // 10)
            self._slider.setMinimumWidth(60)
            self._slider.valueChanged.connect(self._slid)
            layout.addWidget(self._slider, 1)
        layout.addWidget(self._spin, 0 if self._slider else 1)
        self._spare_from_wheel(self._spin, *([self._slider] if self._slider else []))
        self.set_value(default)
        self._spin.valueChanged.connect(self._typed)

    def value(self) -> Any:
        return self._kind(self._spin.value())

    def set_value(self, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return
        blocked = self._spin.blockSignals(True)
        self._spin.setValue(self._kind(value))
        self._spin.blockSignals(blocked)
        self._follow()

    def set_names(self, label: str, tip: str) -> None:
        super().set_names(label, tip)
        self._spin.setToolTip(tip)
        if self._slider is not None:
            self._slider.setAccessibleName(label)
            self._slider.setToolTip(tip)

    def _make_spin(self, unit: str, default: float) -> QSpinBox | QDoubleSpinBox:
        spin: QSpinBox | QDoubleSpinBox = QSpinBox() if self._kind is int else _PlainSpinBox()
        if isinstance(spin, QDoubleSpinBox):
            spin.setDecimals(max(decimals(self._step), decimals(default)))
        low, high = (-LIMIT if self._low is None else self._low), (LIMIT if self._high is None else self._high)
        spin.setRange(self._kind(low), self._kind(high))
        spin.setSingleStep(self._kind(self._step))
        spin.setSuffix(f" {unit}" if unit else "")
        spin.setKeyboardTracking(False)
        spin.setGroupSeparatorShown(self._kind is int)
        spin.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
        spin.setMinimumWidth(92)
        spin.lineEdit().setTextMargins(5, 0, 0, 0)    # a style sheet's padding does not reach the text of a spin box
        return spin

    def _power(self) -> float:
        """Exponent of the slider's curve: straight for narrow bounds, cubic for wide ones."""
        least = max(float(self._low), float(self._step))  # type: ignore[arg-type]
        return 3.0 if float(self._high) / least >= WIDE else 1.0  # type: ignore[arg-type]

    def _slid(self, position: int) -> None:
        low, high = float(self._low), float(self._high)  # type: ignore[arg-type]
        exact = low + (high - low) * (position / SLIDER_STEPS) ** self._power()
        value = self._kind(min(high, max(low, round(exact / self._step) * self._step)))
        if value != self.value():
            blocked = self._spin.blockSignals(True)
            self._spin.setValue(value)
            self._spin.blockSignals(blocked)
            self.edited.emit(self.value())

    def _typed(self) -> None:
        self._follow()
        self.edited.emit(self.value())

    def _follow(self) -> None:
        """Put the slider where the number is."""
        if self._slider is None:
            return
        low, high = float(self._low), float(self._high)  # type: ignore[arg-type]
        share = (self._spin.value() - low) / (high - low) if high > low else 0.0
        blocked = self._slider.blockSignals(True)
        self._slider.setValue(round(SLIDER_STEPS * share ** (1 / self._power())))
        self._slider.blockSignals(blocked)


def fine_step(low: float | None, high: float | None) -> float:
    """A step of which there are a hundred or more between the bounds: a power of ten; 0.1 without bounds."""
    return 0.1 if low is None or high is None or high <= low else float(10.0 ** math.floor(math.log10((high - low) / 100)))


def decimals(value: float) -> int:
    """Digits behind the point that it takes to show a number, at most 9."""
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return min(9, max(0, -int(exponent)))


def make_control(kind: type, default: Any, metadata: Mapping[str, Any]) -> Control:
    """The control that suits a field of type `kind` with the metadata of `segcore.params.param`."""
    if metadata.get("choices") is not None:
        return ChoiceControl(default, list(metadata["choices"]))
    if kind is bool:
        return FlagControl(default)
    return NumberControl(kind, default, metadata) if kind in (int, float) else TextControl(str(default))
