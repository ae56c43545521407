"""Docks of the window: one file each, found by importing every module of this package."""
from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from app.main_window import MainWindow


class Panel(QWidget):
    """One dock. `area` is right, left or bottom; a panel with `tab_with` shares the dock of the panel of that name."""

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    area: ClassVar[str] = "right"
    order: ClassVar[int] = 100
    tab_with: ClassVar[str] = ""
    height_share: ClassVar[int] = 250
    """Height at the first start, relative to the other panels of the same column."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.window_ = window
        self.workspace = window.workspace
        self.setObjectName(self.name)


@cache
def all_panels() -> tuple[type[Panel], ...]:
    """Every panel, by `order`; the modules of this package are imported at the first call."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    found = {value for module in modules for value in vars(module).values()
             if isinstance(value, type) and issubclass(value, Panel) and value.name}
    return tuple(sorted(found, key=lambda cls: (cls.order, cls.name)))
