"""Which keys run which command or tool: the defaults of their declarations, changed by the user's settings."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence

from app.commands import MENUS, all_commands
from app.settings import Settings
from app.tools import TOOLS

PREFIX = "shortcuts/"


@dataclass(frozen=True, slots=True)
class Binding:
    """Something that has a shortcut: a command, or a tool (then `group` is "Tools")."""

    name: str
    title: str
    group: str
    defaults: tuple[str, ...]
    icon: str = ""


FIXED: tuple[tuple[str, str], ...] = (
    ("Enter", "Accept what the tool shows"), ("Esc", "Cancel what the tool is doing"),
    ("Backspace", "Take back the last point"), ("Space", "Hold to move the photo"),
    ("Wheel", "Zoom at the pointer"), ("Shift+Wheel", "Change the brush size"),
    ("Middle button", "Drag to move the photo"), ("Left button", "Foreground"), ("Right button", "Background"))
"""Keys of the canvas itself, listed in the help but not editable."""


def bindings() -> list[Binding]:
    """Everything that can have a shortcut, in the order of the menus, tools where their menu is."""
    found: list[Binding] = []
    for menu, title in MENUS.items():
        group = title.replace("&", "")
        if menu == "tools":
            found += [Binding(t.name, t.title, group, (t.shortcut,) if t.shortcut else (), t.icon or t.name) for t in TOOLS]
        found += [Binding(c.name, c.title.rstrip("…"), group, c.shortcuts, c.icon) for c in all_commands()
                  if c.menu.split("/")[0] == menu and c.children is None]
    return found


def normal(key: str) -> str:
    """One spelling per key sequence, empty when it is none."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def shown(keys: Iterable[str]) -> str:
    """Key sequences as the user's system writes them, separated by commas."""
    return ", ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in keys)


class Shortcuts(QObject):
    """The key sequences in force. `changed` is emitted after every edit."""

    changed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._bindings = {b.name: b for b in bindings()}

    def keys(self, name: str) -> tuple[str, ...]:
        """The sequences of a command or tool, in Qt's portable spelling."""
        stored = self._settings.get(PREFIX + name)
        if isinstance(stored, list) and all(isinstance(key, str) for key in stored):
            return tuple(stored)
        return tuple(normal(key) for key in self._bindings[name].defaults) if name in self._bindings else ()

    def is_default(self, name: str) -> bool:
        """True while the user has not changed this one."""
        return self._settings.get(PREFIX + name) is None

    def owner(self, key: str, but: str = "") -> Binding | None:
        """Who already uses this sequence, other than `but`; also a longer sequence that begins with it counts."""
        wanted = QKeySequence(key)
        none = QKeySequence.SequenceMatch.NoMatch
        for binding in self._bindings.values():
            if binding.name == but:
                continue
            for other in map(QKeySequence, self.keys(binding.name)):
                if other.matches(wanted) != none or wanted.matches(other) != none:
                    return binding
        return None

    def assign(self, name: str, keys: Iterable[str]) -> None:
        """Give these sequences to `name`, taking them from whoever had them."""
        wanted = [normal(key) for key in keys if normal(key)]
        for key in wanted:
            rival = self.owner(key, but=name)
            if rival is not None:
                self._settings.set(PREFIX + rival.name, [k for k in self.keys(rival.name) if k != key])
        self._settings.set(PREFIX + name, wanted)
        self.changed.emit()

    def reset(self, name: str = "") -> None:
        """Back to the default of one, or of all."""
        for binding in self._bindings.values():
            if not name or binding.name == name:
                self._settings.remove(PREFIX + binding.name)
        self.changed.emit()
