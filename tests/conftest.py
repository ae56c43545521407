"""Shared fixtures: Qt without a screen, user folders of the test's own, real data where it is there."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

DATA = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(autouse=True)
def own_user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, state and cache of the program go to a folder of this test."""
    home = tmp_path_factory.mktemp("home")
    for name in ("CONFIG", "STATE", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    return home


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data beside the project; the test is skipped where it is missing."""
    if not DATA.is_dir():
        pytest.skip("needs the real data in ../shared/data")
    return DATA
