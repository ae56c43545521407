"""Colours, style sheet and icons of the window: light and dark, following the system unless the user chose one."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from PySide6.QtCore import QByteArray, QObject, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPalette, QPixmap, QPixmapCache
from PySide6.QtWidgets import QApplication

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
CHOICES = ("system", "light", "dark")


@dataclass(frozen=True, slots=True)
class Colors:
    """One palette. Text on `window`, `panel` or `raised`, and `on_accent` on `accent`, have a contrast of 4.5:1 or more."""

    name: str
    window: str       # bars, and the gaps between panels
    panel: str        # lists, fields
    raised: str       # buttons
    hover: str
    line: str         # hairlines
    edge: str         # outlines of controls
    text: str
    muted: str
    disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    tint: str         # selected rows, the checked tool
    on_tint: str
    canvas: str       # around the photo
    ok: str
    warning: str
    danger: str
    danger_tint: str
    warning_tint: str
    focus: str        # ring of the main button


LIGHT = Colors("light", window="#f3f4f6", panel="#ffffff", raised="#ffffff", hover="#e6e9ee", line="#dfe2e7", edge="#c3c8d0",
               text="#1b2027", muted="#566070", disabled="#a0a7b2", accent="#2457c5", accent_hover="#1c48a8",
               on_accent="#ffffff", tint="#dde7fb", on_tint="#173f93", canvas="#e4e6ea", ok="#18794a", warning="#8a5a00",
               danger="#b3261e", danger_tint="#fdeceb", warning_tint="#fdf3dc", focus="#9db9f7")
DARK = Colors("dark", window="#202327", panel="#191b1f", raised="#2b2f35", hover="#343940", line="#33373d", edge="#474d56",
              text="#e7e9ec", muted="#a4acb8", disabled="#69707b", accent="#7fa8ff", accent_hover="#9bbbff",
              on_accent="#0d1830", tint="#2b3a5c", on_tint="#c3d5ff", canvas="#131518", ok="#5cc98f", warning="#e8b75a",
              danger="#ff8f86", danger_tint="#43221f", warning_tint="#3d3218", focus="#e3ecff")


class Theme(QObject):
    """The theme in force. `changed` is emitted after every switch; icons follow by themselves."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.colors = LIGHT
        self._choice = "system"
        self._following = self._dressed = False

    def apply(self, choice: str = "system") -> None:
        """Put a theme on the application: "light", "dark", or "system" to follow the desktop from now on."""
        self._choice = choice if choice in CHOICES else "system"
        hints = QApplication.styleHints()
        if not self._following:
            self._following = True
            hints.colorSchemeChanged.connect(self._system_changed)
        self._dress(self._wanted())

    def _wanted(self) -> Colors:
        if self._choice == "system":
            return DARK if QApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT
        return DARK if self._choice == "dark" else LIGHT

    def _system_changed(self) -> None:
        if self._choice == "system" and self._wanted() is not self.colors:
            self._dress(self._wanted())

    def _dress(self, colors: Colors) -> None:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        if self._dressed and colors is self.colors:
            return
        self.colors, self._dressed = colors, True
        QPixmapCache.clear()
        application.setStyle("Fusion")
        application.setPalette(make_palette(colors))
        application.setStyleSheet(style_sheet(colors))
        self.changed.emit()


@cache
def theme() -> Theme:
    """The one theme of the program."""
    return Theme()


def colors() -> Colors:
    """The palette in force."""
    return theme().colors


def make_palette(c: Colors) -> QPalette:
    """A QPalette with all roles that Fusion and our own painting use."""
    role, palette = QPalette.ColorRole, QPalette()
    table = {role.Window: c.window, role.WindowText: c.text, role.Base: c.panel, role.AlternateBase: c.window,
             role.Text: c.text, role.Button: c.raised, role.ButtonText: c.text, role.BrightText: c.danger,
             role.Highlight: c.accent, role.HighlightedText: c.on_accent, role.ToolTipBase: c.panel, role.ToolTipText: c.text,
             role.PlaceholderText: c.muted, role.Link: c.accent, role.LinkVisited: c.accent, role.Light: c.raised,
             role.Midlight: c.line, role.Mid: c.edge, role.Dark: c.edge, role.Shadow: c.edge, role.Accent: c.accent}
    for key, value in table.items():
        palette.setColor(key, QColor(value))
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, QColor(c.disabled))
    return palette


def style_sheet(c: Colors) -> str:
    """The application's style sheet in the colours of `c`."""
    text = (RESOURCES / "style.qss").read_text(encoding="utf-8")
    values = {name: getattr(c, name) for name in c.__slots__}
    return Template(text).substitute(values, arrows=(RESOURCES / "arrows").as_posix())


class _DrawnIcon(QIconEngine):
    """Draws an SVG in the text colour of the theme in force, so that icons need no second set and no reloading."""

    def __init__(self, name: str, role: str) -> None:
        super().__init__()
        self._name, self._role = name, role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        from PySide6.QtSvg import QSvgRenderer
        source = svg_source(self._name)
        if source:
            color = icon_color(self._role, mode, state)
            renderer = QSvgRenderer(QByteArray(source.replace(b"currentColor", color.encode())))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            renderer.render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        key = f"segdesk:{self._name}:{self._role}:{colors().name}:{size.width()}x{size.height()}:{mode.value}:{state.value}"
        pixmap = QPixmap()
        if QPixmapCache.find(key, pixmap):
            return pixmap
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        QPixmapCache.insert(key, pixmap)
        return pixmap

    def clone(self) -> QIconEngine:
        return _DrawnIcon(self._name, self._role)


def icon_color(role: str, mode: QIcon.Mode, state: QIcon.State) -> str:
    """The colour of an icon: `role` is a field of Colors; disabled ones are pale, checked ones stand out."""
    c = colors()
    if mode == QIcon.Mode.Disabled:
        return c.disabled
    if mode == QIcon.Mode.Selected and role == "text":
        return c.on_accent
    if state == QIcon.State.On and role == "text":
        return c.on_tint
    return str(getattr(c, role))


@cache
def svg_source(name: str) -> bytes:
    """The text of resources/icons/<name>.svg, empty when there is none."""
    try:
        return (RESOURCES / "icons" / f"{name}.svg").read_bytes()
    except OSError:
        return b""


@cache
def icon(name: str, role: str = "text") -> QIcon:
    """The icon of this name, drawn when shown, in the colour `role` of the theme in force; empty when there is no such file."""
    return QIcon(_DrawnIcon(name, role)) if name and svg_source(name) else QIcon()


def contrast(first: str, second: str) -> float:
    """Contrast of two colours, 1 to 21, as WCAG 2 defines it."""
    def luminance(color: str) -> float:
        channels = (QColor(color).redF(), QColor(color).greenF(), QColor(color).blueF())
        r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in channels)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
