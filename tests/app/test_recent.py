"""The list of recent projects: newest first, without doubles, names of any bytes, broken settings passed over."""
from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from app import recent
from app.settings import Settings


@pytest.fixture
def settings(qapp, tmp_path):
    return Settings(tmp_path / "settings.json")


def project(folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "project.json").write_text("{}")
    return SimpleNamespace(folder=folder, images=[1, 2], image_path=lambda entry: folder / "a.jpg")


def test_newest_first_without_doubles_and_bounded(settings, tmp_path):
    for number in [*range(10), 5]:
        recent.remember(settings, project(tmp_path / f"p{number}"))
    names = [item.name for item in recent.projects(settings)]
    assert names[:2] == ["p5", "p9"] and len(names) == len(set(names)) == recent.KEPT


def test_a_project_that_is_gone_is_not_listed(settings, tmp_path):
    recent.remember(settings, project(tmp_path / "here"))
    (tmp_path / "here" / "project.json").unlink()
    assert recent.projects(settings) == []


def test_the_project_of_an_opened_folder_has_the_name_of_the_photos(settings, tmp_path):
    recent.remember(settings, project(tmp_path / "holiday" / "segdesk"))
    assert recent.projects(settings)[0].name == "holiday"


def test_names_that_are_not_text_survive_the_settings_file(settings, tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9 \xff")
    recent.remember(settings, project(folder))
    settings.flush()
    again = recent.projects(Settings(settings.path))
    assert again[0].path == folder and again[0].photo_path == folder / "a.jpg"


def test_broken_settings_are_passed_over(settings):
    settings.set(recent.KEY, [3, {"folder": 4}, {"folder": "x", "unknown": 1}])
    assert recent.projects(settings) == []
