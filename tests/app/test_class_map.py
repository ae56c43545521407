"""Class maps between networks and projects."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.class_map import ClassMap, match_classes
from app.settings import Settings
from segcore.model_zoo import ModelCard
from segcore.types import LabelClass

SKY, CAR = LabelClass(0, "sky", (1, 2, 3), False), LabelClass(1, "car", (4, 5, 6))
CARD = ModelCard("streets", "swiftnet", (SKY, CAR), origin="embedded")


class FakeWorkspace:
    """A project of two classes."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(folder / "settings.json")
        self.project: Any = self
        self.folder = folder
        self.classes = [LabelClass(1, "dog", (0, 0, 0)), LabelClass(2, "Car", (0, 0, 0))]
        self.titles: list[str] = []

    def set_classes(self, classes: list[LabelClass], title: str) -> None:
        self.classes = classes
        self.titles.append(title)


@pytest.fixture
def workspace(qapp: Any, tmp_path: Path) -> FakeWorkspace:
    return FakeWorkspace(tmp_path)


def test_names_match_without_case_and_by_synonym_exact_ones_first() -> None:
    classes = [LabelClass(1, "Car", (0, 0, 0)), LabelClass(2, "vehicle", (0, 0, 0)), LabelClass(5, "Traffic Sign", (0, 0, 0))]
    assert match_classes(["car", "VEHICLE", "automobile", "sign", "traffic_sign", "unicorn"], classes) == {
        0: 1, 1: 2, 2: 1, 3: 5, 4: 5, 5: None}


def test_a_choice_is_remembered_and_a_removed_class_is_not_used(workspace: Any) -> None:
    maps = ClassMap(workspace)
    assert maps.mapping(CARD) == {0: None, 1: 2}
    maps.set(CARD, 0, 1)
    maps.set(CARD, 1, None)
    assert ClassMap(workspace).mapping(CARD) == {0: 1, 1: None}
    workspace.settings.flush()
    assert Settings(workspace.settings.path).get(f"model/mapping/{workspace.folder}") == {"streets": {"sky": 1, "car": None}}
    workspace.classes = workspace.classes[1:]
    assert maps.mapping(CARD) == {0: None, 1: None}


def test_missing_classes_are_added_in_one_step_with_free_ids(workspace: Any) -> None:
    maps = ClassMap(workspace)
    maps.add(CARD, [0])
    assert workspace.classes[-1] == LabelClass(3, "sky", (1, 2, 3), False) and len(workspace.titles) == 1
    assert maps.mapping(CARD) == {0: 3, 1: 2}
