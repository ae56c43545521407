"""How photo and masks are shown: kept in the settings, applied to the canvas, changed from menu, bar and dialog."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from app.theme import theme

if TYPE_CHECKING:
    from app.main_window import MainWindow

MODES = ("fill", "outline", "both", "mask", "off")
PROPERTIES: dict[str, tuple[str, Any]] = {
    "view/opacity": ("opacity", 0.45), "view/overlay_mode": ("overlay_mode", "both"), "view/pixel_grid": ("show_grid", True)}
"""Setting -> property of the canvas, and its default."""


class ViewSettings(QObject):
    """Carries `view/…` settings to the canvas and the theme."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._settings = window, window.workspace.settings
        self._before_hiding = ""
        theme().apply(str(self._settings.get("view/theme", "system")))
        self._settings.changed.connect(self._on_changed)
        window.furnished.connect(self._apply_all)

    def get(self, key: str) -> Any:
        """The value of one of PROPERTIES."""
        return self._settings.get(key, PROPERTIES[key][1])

    def toggle_masks(self) -> None:
        """Hide the masks, or show them as before."""
        mode = str(self.get("view/overlay_mode"))
        if mode == "off":
            self._settings.set("view/overlay_mode", self._before_hiding or "both")
        else:
            self._before_hiding = mode
            self._settings.set("view/overlay_mode", "off")

    def _on_changed(self, key: str) -> None:
        if key == "view/theme":
            theme().apply(str(self._settings.get(key, "system")))
        elif key in PROPERTIES and self._window.has_canvas:
            setattr(self._window.canvas, PROPERTIES[key][0], self.get(key))
        self._window.acts.refresh()

    def _apply_all(self) -> None:
        for key, (name, _) in PROPERTIES.items():
            setattr(self._window.canvas, name, self.get(key))
