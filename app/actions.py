"""One QAction per command and tool, with its icon, tooltip, shortcut and state; menus and bars only show them."""
from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from app.commands import MENUS, Command, all_commands
from app.shortcuts import Shortcuts, shown
from app.theme import icon
from app.tools import TOOLS, Tool

if TYPE_CHECKING:
    from app.main_window import MainWindow


class Actions(QObject):
    """Makes the actions of the window and keeps them up to date."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.shortcuts = Shortcuts(window.workspace.settings, self)
        self.shortcuts.changed.connect(self._apply_shortcuts)
        self._actions: dict[str, QAction] = {}
        self._commands: dict[str, Command] = {}
        self._children: dict[str, QMenu] = {}
        self._group = QActionGroup(self)
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self.refresh_now)
        for command in all_commands():
            self._add_command(command)
        for tool in TOOLS:
            self._add_tool(tool)
        self._apply_shortcuts()
        self._follow(window)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __contains__(self, name: object) -> bool:
        return name in self._actions

    @property
    def tools(self) -> list[QAction]:
        """The actions of the tools, in their order."""
        return self._group.actions()

    def fill(self, bar: QMenuBar) -> None:
        """Build the menu bar."""
        for name, title in MENUS.items():
            menu = bar.addMenu(title)
            menu.setObjectName(name)
            menu.setToolTipsVisible(True)
            menu.aboutToShow.connect(self.refresh_now)
            if name == "tools":
                menu.addActions(self.tools)
            self._fill_menu(menu, name)

    def refresh(self) -> None:
        """Bring texts, enabled and checked states up to date, once, after the present event."""
        self._later.start()

    def refresh_now(self) -> None:
        """Bring texts, enabled and checked states up to date."""
        for name, command in self._commands.items():
            action = self._actions[name]
            if command.enabled is not None:
                action.setEnabled(command.enabled(self._window))
            if command.checked is not None:
                action.setChecked(command.checked(self._window))
            if command.text is not None:
                action.setText(command.text(self._window))
                self._set_tooltip(action, command.text(self._window), command.tooltip)
        for action in self.tools:
            action.setEnabled(self._window.workspace.document is not None)

    def show_tool(self, name: str) -> None:
        """Check the action of the tool in use."""
        if name in self._actions:
            self._actions[name].setChecked(True)

    def _follow(self, window: MainWindow) -> None:
        workspace = window.workspace
        for signal in (workspace.project_changed, workspace.document_changed, workspace.entry_changed,
                       workspace.saved_changed, workspace.proposal_changed, workspace.classes_changed):
            signal.connect(self.refresh)
        workspace.document_changed.connect(self._follow_document)

    def _follow_document(self) -> None:
        document = self._window.workspace.document
        if document is not None:
            document.committed.connect(self.refresh)
            document.active_changed.connect(self.refresh)

    def _add_command(self, command: Command) -> None:
        action = QAction(icon(command.icon), command.title, self)
        action.setObjectName(command.name)
        action.setCheckable(command.checked is not None)
        # In a menu the tick says more than the icon.
        action.setIconVisibleInMenu(command.checked is None)
        action.setAutoRepeat(command.menu in ("image", "view", "edit", "region"))
        action.triggered.connect(lambda _=False, name=command.name: self._window.run(name))
        if command.on_canvas:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._actions[command.name] = action
        self._commands[command.name] = command
        if not command.on_canvas:
            self._window.addAction(action)

    def _add_tool(self, tool: type[Tool]) -> None:
        action = QAction(icon(tool.icon or tool.name), tool.title, self, checkable=True)
        action.setObjectName(tool.name)
        action.setProperty("summary", tool.summary())
        action.triggered.connect(lambda _=False, name=tool.name: self._window.set_tool(name))
        self._group.addAction(action)
        self._actions[tool.name] = action
        self._window.addAction(action)

    def put_on_canvas(self, canvas: QWidget) -> None:
        """Give the canvas the actions whose shortcuts count only there."""
        for name, command in self._commands.items():
            if command.on_canvas:
                canvas.addAction(self._actions[name])

    def _apply_shortcuts(self) -> None:
        for name, action in self._actions.items():
            action.setShortcuts([QKeySequence(key) for key in self.shortcuts.keys(name)])
            command = self._commands.get(name)
            summary = command.tooltip if command else action.property("summary")
            self._set_tooltip(action, action.text(), summary)

    def _set_tooltip(self, action: QAction, title: str, summary: str) -> None:
        keys = shown(self.shortcuts.keys(action.objectName()))
        head = f"<b>{escape(title.replace('&', '').rstrip('…'))}</b>" + (f"&nbsp;&nbsp;{escape(keys)}" if keys else "")
        action.setToolTip(f"<p style='white-space:pre'>{head}</p>" + (f"<p>{escape(summary)}</p>" if summary else ""))

    def _fill_menu(self, menu: QMenu, name: str) -> None:
        submenus: dict[str, QMenu] = {}
        for command in self._commands.values():
            top, _, sub = command.menu.partition("/")
            if top != name:
                continue
            target = menu
            if sub:
                if sub not in submenus:
                    submenus[sub] = menu.addMenu(sub)
                target = submenus[sub]
            if command.separator_before:
                (menu if sub and not target.actions() else target).addSeparator()
            if command.children is not None:
                self._add_children(target.addMenu(icon(command.icon), command.title), command)
            else:
                target.addAction(self._actions[command.name])

    def _add_children(self, menu: QMenu, command: Command) -> None:
        def fill() -> None:
            menu.clear()
            for child in command.children(self._window) if command.children else ():
                action = menu.addAction(child.title.replace("&", "&&"), lambda run=child.run: self._window.attempt(run))
                action.setCheckable(child.checked is not None)
                action.setChecked(bool(child.checked))
            if menu.isEmpty():
                menu.addAction("Nothing yet").setEnabled(False)
        menu.aboutToShow.connect(fill)
