"""The options of the tool in hand, what its buttons do, and the two switches that say what painting may take."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.panels import Panel
from app.shortcuts import shown
from app.theme import icon, theme
from app.tools import TOOLS
from app.tools.painting import size_option
from app.widgets.param_form import ParamForm, rule
from segcore.types import Event

if TYPE_CHECKING:
    from app.main_window import MainWindow

SWITCHES: dict[str, tuple[str, str]] = {
    "protect_others": ("Protect other regions", "Neither painting nor erasing touches a region that is not selected."),
    "only_unlabelled": ("Paint only unlabelled", "Painting fills free pixels and takes none from any region.")}
"""Setting `paint/…` -> title and help. The command of the same name brings the shortcut."""


class ToolOptionsPanel(Panel):
    """Options of the tool in hand."""

    name = "tool_options"
    title = "Tool"
    icon = "settings"
    order = 10
    height_share = 290

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._canvas = window.canvas
        self.form: ParamForm | None = None
        self._tool_name = ""
        self._picture, self._heading, self._keys = QLabel(self), QLabel(self), QLabel(self)
        self._heading.setProperty("role", "heading")
        self._keys.setProperty("role", "muted")
        self._hint = QLabel(self, wordWrap=True)
        self._hint.setProperty("role", "muted")
        self.switches = {field: self._make_switch(field) for field in SWITCHES}
        self._lay_out()
        self._follow()
        self._show_tool()
        self._show_switches()

    def _lay_out(self) -> None:
        self._head = QHBoxLayout()
        self._head.setSpacing(8)
        for part, stretch in ((self._picture, 0), (self._heading, 0), (self._keys, 1)):
            self._head.addWidget(part, stretch)
        inside = QWidget(self, objectName="form")
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(11, 8, 11, 10)
        self._column.setSpacing(7)
        self._column.addLayout(self._head)
        self._column.addWidget(self._hint)
        self._column.addWidget(rule(self))
        for switch in self.switches.values():
            self._column.addWidget(switch)
        self._column.addStretch(1)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)

    def _make_switch(self, field: str) -> QCheckBox:
        title, tip = SWITCHES[field]
        switch = QCheckBox(title, self, toolTip=tip, accessibleDescription=tip)
        switch.clicked.connect(lambda on, field=field: self.workspace.settings.set(f"paint/{field}", on))
        return switch

    def _follow(self) -> None:
        self._canvas.tool_changed.connect(self._show_tool)
        self._canvas.params_changed.connect(self._on_resized)
        self.workspace.settings.changed.connect(self._on_setting)
        self.window_.acts.shortcuts.changed.connect(self._show_keys)
        theme().changed.connect(self._show_picture)

    # the tool

    def _show_tool(self) -> None:
        tool = self._canvas.tool
        self._tool_name = tool.name if tool else ""
        if self.form is not None:
            for part in (self.form.reset_button, self.form):
                part.hide()
                part.deleteLater()
            self.form = None
        self._heading.setText(tool.title if tool else "No tool")
        self._hint.setText(tool.hint if tool else "")
        self._hint.setToolTip(tool.summary() if tool else "")
        if tool is not None:
            self.form = ParamForm(type(tool).Params, vars(tool.params), self)
            self.form.changed.connect(self._on_edited)
            self._column.insertWidget(1, self.form)
            self._head.addWidget(self.form.lend_reset())
            for part in (self.form, self.form.reset_button):
                part.setVisible(bool(self.form.controls))
        self._show_picture()
        self._show_keys()

    def _show_picture(self) -> None:
        tool = TOOLS[self._tool_name] if self._tool_name else None
        self._picture.setPixmap(icon((tool.icon or tool.name) if tool else "").pixmap(20, 20))

    def _show_keys(self) -> None:
        shortcuts = self.window_.acts.shortcuts
        self._keys.setText(shown(shortcuts.keys(self._tool_name)) if self._tool_name else "")
        for field, switch in self.switches.items():
            keys = shown(shortcuts.keys(field))
            switch.setText(SWITCHES[field][0] + (f"   {keys}" if keys else ""))

    def _on_edited(self, name: str, value: Any) -> None:
        self.window_.change_tool_params(**{name: value})

    def _on_resized(self) -> None:
        """The wheel changed the tool itself: remember it, and show it."""
        if self._canvas.tool is not None:
            params = self._canvas.tool.params
            name = size_option(params)
            self.window_.change_tool_params(**{name: getattr(params, name)})

    def _on_setting(self, key: str) -> None:
        tool = self._canvas.tool
        if key.startswith("paint/"):
            self._show_switches()
        elif tool is not None and self.form is not None and key == f"tools/{tool.name}":
            self.form.set_values(self.workspace.settings.get(key, {}))
            for name, value in self.form.values().items():
                setattr(tool.params, name, value)
            self._canvas.feed(Event("params"))
            self._canvas.show_cursor()

    # the switches

    def _show_switches(self) -> None:
        for field, switch in self.switches.items():
            switch.setChecked(bool(self.workspace.settings.get(f"paint/{field}", False)))
