"""Shortcuts: no clash among the defaults, kept in the settings, taken from a rival, put back."""
from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtGui import QKeySequence

from app.settings import Settings
from app.shortcuts import Shortcuts, bindings, normal


@pytest.fixture
def settings(qapp, tmp_path):
    return Settings(tmp_path / "settings.json")


def test_no_two_defaults_are_the_same():
    keys = Counter(normal(key) for binding in bindings() for key in binding.defaults)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_default_is_a_key_sequence():
    assert all(not QKeySequence(key).isEmpty() and normal(key) for binding in bindings() for key in binding.defaults)


def test_names_are_unique():
    names = [binding.name for binding in bindings()]
    assert len(names) == len(set(names))


def test_the_keys_annotators_know(settings):
    shortcuts = Shortcuts(settings)
    expected = {"previous_image": "A", "next_image": "D", "hide_masks": "H", "predict": "I", "refine": "C", "new_region": "N",
                "undo": "Ctrl+Z", "open_folder": "Ctrl+U", "next_unlabelled": "Ctrl+Shift+D", "fit": "Ctrl+F", "class_1": "1",
                "smaller_brush": "[", "larger_brush": "]", "next_region": "Tab", "shortcuts": "F1", "brush": "B", "eraser": "E"}
    for name, key in expected.items():
        assert key in shortcuts.keys(name), name
    assert set(shortcuts.keys("redo")) == {"Ctrl+Shift+Z", "Ctrl+Y"}


def test_assigning_takes_the_key_from_its_owner_and_is_kept(settings):
    shortcuts = Shortcuts(settings)
    assert shortcuts.owner("H").name == "hide_masks"
    shortcuts.assign("fit", ["H", "Ctrl+F"])
    again = Shortcuts(settings)
    assert again.keys("fit") == ("H", "Ctrl+F")
    assert again.keys("hide_masks") == ()
    assert again.owner("H").name == "fit"


def test_reset_of_one_and_of_all(settings):
    shortcuts = Shortcuts(settings)
    shortcuts.assign("fit", ["F9"])
    shortcuts.assign("undo", ["F8"])
    shortcuts.reset("fit")
    assert shortcuts.is_default("fit") and not shortcuts.is_default("undo")
    shortcuts.reset()
    assert all(shortcuts.is_default(binding.name) for binding in bindings())


def test_a_broken_entry_in_the_settings_is_passed_over(settings):
    settings.set("shortcuts/fit", 7)
    assert "Ctrl+F" in Shortcuts(settings).keys("fit")
