"""A form made from a Params dataclass: one row per field, sliders for numbers with bounds, tooltips, units, reset."""
from __future__ import annotations

from dataclasses import Field, fields
from typing import Any, get_type_hints

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.theme import icon
from app.widgets.controls import Control, make_control

Values = dict[str, Any]


class ParamForm(QWidget):
    """Shows and edits the options of anything that declares `Params`; `changed` tells of every edit by the user."""

    changed = Signal(str, object)       # name of the field, new value

    def __init__(self, params: type, values: Values | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("form")
        plain = params()
        self._defaults = {f.name: getattr(plain, f.name) for f in fields(params)}
        self.controls: dict[str, Control] = {}
        self._main, self._advanced = _Rows(self), _Rows(self)
        self._make_controls(params)
        self.reset_button = self._make_reset()
        self._footer = self._make_footer()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for part in (self._main, self._advanced, self._footer):
            layout.addWidget(part)
        self._main.setVisible(self._main.count > 0)
        self._advanced.hide()
        self._footer.setVisible(bool(self.controls))
        self.set_values(values or {})

    def values(self) -> Values:
        """What the form shows now, by field name."""
        return {name: control.value() for name, control in self.controls.items()}

    def defaults(self) -> Values:
        """What the declaration says."""
        return dict(self._defaults)

    def set_values(self, values: Values) -> None:
        """Show these values, without `changed`; unknown names and values of another kind are passed over."""
        for name, control in self.controls.items():
            if name in values:
                control.set_value(values[name])
        self._show_reset()

    def reset(self) -> None:
        """Back to the defaults; `changed` is told for each field that differed."""
        before, defaults = self.values(), self.defaults()
        self.set_values(defaults)
        for name, value in self.values().items():
            if before[name] != value:
                self.changed.emit(name, value)

    def _make_controls(self, params: type) -> None:
        hints = get_type_hints(params)
        for field in fields(params):
            control = make_control(hints[field.name], self._defaults[field.name], field.metadata)
            control.edited.connect(lambda value, name=field.name: self._edited(name, value))
            self.controls[field.name] = control
            (self._advanced if field.metadata.get("advanced") else self._main).add(control, label_of(field), field.metadata)

    def _edited(self, name: str, value: Any) -> None:
        self._show_reset()
        self.changed.emit(name, value)

    def _make_footer(self) -> QWidget:
        footer = QWidget(self)
        layout = QHBoxLayout(footer)
        layout.setContentsMargins(0, 0, 0, 0)
        self._more = QToolButton(footer, text="More options", checkable=True)
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.setIcon(icon("right", "muted"))
        self._more.setIconSize(QSize(12, 12))
        self._more.toggled.connect(self._fold)
        self._more.setVisible(self._advanced.count > 0)
        layout.addWidget(self._more)
        layout.addStretch(1)
        layout.addWidget(self.reset_button)
        return footer

    def _make_reset(self) -> QToolButton:
        button = QToolButton(self, toolTip="Back to the defaults", accessibleName="Back to the defaults")
        button.setIcon(icon("reset", "muted"))
        button.setIconSize(QSize(14, 14))
        button.clicked.connect(self.reset)
        return button

    def lend_reset(self) -> QToolButton:
        """The reset button, to be shown somewhere else; the foot of the form goes when nothing is left in it."""
        self._footer.setVisible(self._advanced.count > 0)
        return self.reset_button

    def _fold(self, shown: bool) -> None:
        self._advanced.setVisible(shown)
        self._more.setIcon(icon("down" if shown else "right", "muted"))

    def _show_reset(self) -> None:
        self.reset_button.setEnabled(self.values() != self.defaults())


class _Rows(QWidget):
    """Labels in one column, controls in the other; a check box takes the whole row."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.count = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnStretch(1, 1)

    def add(self, control: Control, label: str, metadata: Any) -> None:
        """One more row."""
        widget, tip = control.widget, metadata.get("help", "")
        widget.setToolTip(tip)
        control.set_names(label, tip)
        if isinstance(widget, QCheckBox):
            widget.setText(label)
            self._grid.addWidget(widget, self.count, 0, 1, 2)
        else:
            text = QLabel(label, self, toolTip=tip)
            text.setBuddy(control.focus)
            self._grid.addWidget(text, self.count, 0)
            self._grid.addWidget(widget, self.count, 1)
        self.count += 1


def label_of(field: Field[Any]) -> str:
    """The label that a field declares, or its name as words."""
    return field.metadata.get("label") or field.name.replace("_", " ").capitalize()


def rule(parent: QWidget | None = None) -> QFrame:
    """A thin line between parts of a panel."""
    return QFrame(parent, objectName="rule")
