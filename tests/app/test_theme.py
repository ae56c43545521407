"""Both palettes can be read, icons exist and follow the theme."""
from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from app import theme as theme_module
from app.commands import all_commands
from app.theme import DARK, LIGHT, RESOURCES, colors, contrast, icon, style_sheet, theme
from app.tools import TOOLS

TEXT = [("text", "window"), ("text", "panel"), ("text", "raised"), ("text", "hover"), ("muted", "window"), ("muted", "panel"),
        ("on_accent", "accent"), ("on_accent", "accent_hover"), ("on_tint", "tint"), ("danger", "window"),
        ("text", "danger_tint"), ("text", "warning_tint"), ("warning", "window"), ("muted", "tint")]


@pytest.fixture(autouse=True)
def back_to_light(qapp):
    yield
    theme().apply("light")


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda p: p.name)
@pytest.mark.parametrize("pair", TEXT, ids="-".join)
def test_text_can_be_read(palette, pair):
    assert contrast(getattr(palette, pair[0]), getattr(palette, pair[1])) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda p: p.name)
def test_the_tool_in_use_stands_out(palette):
    assert contrast(palette.accent, palette.window) >= 3
    assert palette.on_tint != palette.disabled


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda p: p.name)
def test_style_sheet_has_no_open_names_and_its_pictures_exist(palette):
    sheet = style_sheet(palette)
    assert "$" not in sheet
    pictures = re.findall(r"url\(([^)]+)\)", sheet)
    assert pictures and all(QSvgRenderer(path).isValid() for path in pictures)


def test_every_command_and_tool_has_the_icon_it_names():
    wanted = {c.icon for c in all_commands() if c.icon} | {tool.icon or tool.name for tool in TOOLS}
    missing = {name for name in wanted if not (RESOURCES / "icons" / f"{name}.svg").is_file()}
    assert not missing


def pixels(name: str) -> QImage:
    return icon(name).pixmap(QSize(24, 24)).toImage()


def test_icons_follow_the_theme_and_a_disabled_one_differs(qapp):
    theme().apply("light")
    light = pixels("undo")
    pale = icon("undo").pixmap(QSize(24, 24), QIcon.Mode.Disabled).toImage()
    theme().apply("dark")
    assert colors() is DARK
    assert pixels("undo") != light
    assert pale != light


def test_an_unknown_icon_is_empty():
    assert icon("there-is-none").isNull()


def test_following_the_system_changes_with_it(qapp, monkeypatch):
    monkeypatch.setattr(theme_module.Theme, "_wanted", lambda self: DARK)
    theme().apply("system")
    assert colors() is DARK
    monkeypatch.setattr(theme_module.Theme, "_wanted", lambda self: LIGHT)
    QApplication.styleHints().colorSchemeChanged.emit(QApplication.styleHints().colorScheme())
    assert colors() is LIGHT


def test_a_chosen_theme_does_not_follow_the_system(qapp):
    theme().apply("dark")
    QApplication.styleHints().colorSchemeChanged.emit(QApplication.styleHints().colorScheme())
    assert colors() is DARK
