"""The View menu: zoom, how masks are drawn, the look of the window."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.commands import Child, Command, Window, has_document


def _show_as(mode: str) -> dict[str, Any]:
    """What the commands for ways of drawing masks share."""
    return {"run": lambda w: w.workspace.settings.set("view/overlay_mode", mode), "menu": "view/Masks",
            "checked": lambda w: w.view.get("view/overlay_mode") == mode}


def _change(name: str, delta: float) -> Callable[[Window], None]:
    """A command that moves a number of the canvas by one notch."""
    def run(window: Window) -> None:
        low = 0 if name == "opacity" else -1
        value = min(1.0, max(low, round(float(getattr(window.canvas, name)) + delta, 2)))
        setattr(window.canvas, name, value)
        window.workspace.say(f"{name.capitalize()}: {value:.0%}")
    return run


def _reset_light(window: Window) -> None:
    window.canvas.brightness = window.canvas.contrast = 0.0
    window.workspace.say("Brightness and contrast are as in the photo.")


def _toggle(key: str, default: bool) -> dict[str, Any]:
    return {"run": lambda w: w.workspace.settings.set(key, not w.workspace.settings.get(key, default)),
            "checked": lambda w: bool(w.workspace.settings.get(key, default))}


def _full_screen(window: Window) -> None:
    from PySide6.QtCore import Qt
    window.setWindowState(window.windowState() ^ Qt.WindowState.WindowFullScreen)


def _theme(name: str) -> dict[str, Any]:
    return {"run": lambda w: w.workspace.settings.set("view/theme", name), "menu": "view/Theme",
            "checked": lambda w: w.workspace.settings.get("view/theme", "system") == name}


def _panels(window: Window) -> list[Child]:
    if window.docks is None:
        return []
    def toggler(action: Any) -> Callable[[Window], None]:
        return lambda window: action.trigger()
    shown = [Child(action.text(), toggler(action), action.isChecked()) for action in window.docks.view_actions()]
    return [*shown, Child("Put all back in place", lambda w: w.docks.start_over())]


COMMANDS = [
    Command("fit", "Fit the image", "view", lambda w: w.canvas.fit(), ("Ctrl+F", "Ctrl+R"), "fit",
            "Shows the whole image.", enabled=has_document),
    Command("actual_size", "100 %", "view", lambda w: w.canvas.actual_size(), ("Ctrl+0",), "actual_size",
            "One pixel of the image is one pixel of the screen.", enabled=has_document),
    Command("zoom_in", "Zoom in", "view", lambda w: w.canvas.zoom_by(1.25), ("Ctrl++", "Ctrl+="), "zoom_in",
            "Comes closer; the mouse wheel does so at the pointer.", enabled=has_document),
    Command("zoom_out", "Zoom out", "view", lambda w: w.canvas.zoom_by(0.8), ("Ctrl+-",), "zoom_out",
            "Goes further away.", enabled=has_document),
    Command("keep_zoom", "Keep zoom between images", "view", tooltip="The next image shows the same place at the same zoom.",
            **_toggle("view/keep_zoom", False)),
    Command("hide_masks", "Hide masks", "view", lambda w: w.view.toggle_masks(), ("H",), "eye_off",
            "Shows the photo alone, and back.", checked=lambda w: w.view.get("view/overlay_mode") == "off",
            separator_before=True),
    Command("mode_fill", "Filled", shortcuts=("Shift+1",), icon="fill_view", tooltip="Masks as tinted areas.",
            **_show_as("fill")),
    Command("mode_outline", "Outlined", shortcuts=("Shift+2",), icon="outline", tooltip="Masks as outlines.",
            **_show_as("outline")),
    Command("mode_both", "Filled and outlined", shortcuts=("Shift+3",), icon="both_view", tooltip="Tinted areas with outlines.",
            **_show_as("both")),
    Command("mode_mask", "Masks only", shortcuts=("Shift+4",), icon="mask_view", tooltip="The masks without the photo.",
            **_show_as("mask")),
    Command("opacity_more", "More opaque", "view/Masks", _change("opacity", 0.1), ("Ctrl+Up",),
            tooltip="The masks cover more of the photo.", separator_before=True),
    Command("opacity_less", "More transparent", "view/Masks", _change("opacity", -0.1), ("Ctrl+Down",),
            tooltip="More of the photo shows through the masks."),
    Command("brighter", "Brighter", "view/Brightness and contrast", _change("brightness", 0.1), ("Ctrl+Shift+Up",),
            tooltip="Of the view only; the photo stays as it is."),
    Command("darker", "Darker", "view/Brightness and contrast", _change("brightness", -0.1), ("Ctrl+Shift+Down",),
            tooltip="Of the view only; the photo stays as it is."),
    Command("more_contrast", "More contrast", "view/Brightness and contrast", _change("contrast", 0.1),
            ("Ctrl+Shift+Right",), tooltip="Of the view only; the photo stays as it is."),
    Command("less_contrast", "Less contrast", "view/Brightness and contrast", _change("contrast", -0.1),
            ("Ctrl+Shift+Left",), tooltip="Of the view only; the photo stays as it is."),
    Command("reset_light", "As in the photo", "view/Brightness and contrast", _reset_light, ("Ctrl+Shift+0",), "reset",
            "Takes back brightness and contrast of the view."),
    Command("pixel_grid", "Pixel grid", "view", icon="grid", tooltip="Lines between pixels when they are large.",
            **_toggle("view/pixel_grid", True)),
    Command("panels", "Panels", "view", children=_panels, separator_before=True),
    Command("theme_system", "As the system", tooltip="Light or dark, as the desktop is.", **_theme("system")),
    Command("theme_light", "Light", icon="sun", **_theme("light")),
    Command("theme_dark", "Dark", icon="moon", **_theme("dark")),
    Command("full_screen", "Full screen", "view", _full_screen, ("F11",), "",
            "The window fills the screen, and back.", checked=lambda w: w.isFullScreen()),
]
