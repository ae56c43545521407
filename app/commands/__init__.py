"""Commands: what menus, buttons and shortcuts run. One module per menu, each with a list COMMANDS; nothing else is wired."""
from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

Window = Any
"""The main window; commands use its `workspace`, `canvas` and `dialogs`."""

@dataclass(frozen=True, slots=True)
class Child:
    """An entry of a submenu that is made when it opens; `checked` None for one that is no switch."""

    title: str
    run: Callable[[Any], None]
    checked: bool | None = None


MENUS: dict[str, str] = {"file": "&File", "edit": "&Edit", "image": "&Image", "region": "&Region", "tools": "&Tools",
                         "model": "&Model", "view": "&View", "help": "&Help"}
"""Name of a menu -> its title, in the order of the menu bar; "tools" is filled from the registry of tools."""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the user can ask for. `menu` is a key of MENUS, or "view/Theme" for a submenu.

    `enabled`, `checked` and `text` are asked again whenever something changed; `text` replaces the title ("Undo brush
    stroke"). `children` lists the entries of what then is a submenu. `on_canvas` shortcuts count only while
    the canvas has the focus, so that Tab still walks through the controls everywhere else.
    """

    name: str
    title: str
    menu: str
    run: Callable[[Window], None] = lambda window: None
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    tooltip: str = ""
    order: int = 100
    enabled: Callable[[Window], bool] | None = None
    checked: Callable[[Window], bool] | None = None
    separator_before: bool = False
    text: Callable[[Window], str] | None = None
    children: Callable[[Window], Sequence[Child]] | None = None
    on_canvas: bool = False


def has_project(window: Window) -> bool:
    """True while a project is open."""
    return window.workspace.project is not None


def has_document(window: Window) -> bool:
    """True while an image is open."""
    return window.workspace.document is not None


def can_edit(window: Window) -> bool:
    """True while an image is open that may be changed."""
    document = window.workspace.document
    return document is not None and not document.read_only_reason


@cache
def all_commands() -> tuple[Command, ...]:
    """Every command, menu by menu, in the order in which they are shown."""
    found: list[Command] = []
    for name in MENUS:
        if name == "tools":
            continue
        module = importlib.import_module(f"{__name__}.{name}")
        found += sorted(module.COMMANDS, key=lambda command: command.order)
    return tuple(found)
