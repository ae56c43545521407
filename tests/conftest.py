"""Shared fixtures: Qt without a screen, user folders of the test's own, real data where it is there."""
from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Waiting threads of torch sleep: spinning they would take the core from the others on a small machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

DATA = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(autouse=True)
def own_user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, state and cache of the program go to a folder of this test."""
    home = tmp_path_factory.mktemp("home")
    for name in ("CONFIG", "STATE", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    return home


@pytest.fixture(autouse=True)
def garbage_is_collected_here(request: pytest.FixtureRequest) -> Iterator[None]:
    """As in the program: a job's thread never collects, or it would destroy widgets outside their thread."""
    gc.disable()
    yield
    if "qtbot" in request.fixturenames or gc.get_count()[0] > 200_000:
        gc.collect()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data beside the project; the test is skipped where it is missing."""
    if not DATA.is_dir():
        pytest.skip("needs the real data in ../shared/data")
    return DATA
