"""Compiling the kernels ahead: once, said, in a process that ends with the window."""
from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app import kernels
from app.workspace import Workspace


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    monkeypatch.setattr(kernels, "SOURCES", tmp_path)
    (tmp_path / "kernel.py").write_text("one = 1")
    return []


def prepare(qtbot: QtBot, said: list[str]) -> None:
    workspace = Workspace()
    workspace.said.connect(lambda text, _: said.append(text))
    kernels.prepare(workspace)
    qtbot.waitUntil(lambda: not workspace.jobs.running, timeout=20_000)
    workspace.shutdown()


def test_once_and_again_when_the_kernels_change(qtbot: QtBot, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "CHILD", "pass")
    prepare(qtbot, said)
    assert said == ["Preparing the cut engine, once…", "The cut engine is ready."]
    prepare(qtbot, said)
    assert len(said) == 2
    (kernels.SOURCES / "another.py").write_text("two = 2")
    prepare(qtbot, said)
    assert len(said) == 4


def test_a_failure_is_tried_again_at_the_next_start(qtbot: QtBot, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "CHILD", "raise SystemExit(3)")
    prepare(qtbot, said)
    prepare(qtbot, said)
    assert said == 2 * ["Preparing the cut engine, once…"]


def test_closing_the_window_ends_it(qtbot: QtBot, said: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    code = f"import time\nfor n in range(100):\n  open({str(alive)!r}, 'a').write('x')\n  time.sleep(.1)"
    monkeypatch.setattr(kernels, "CHILD", code)
    workspace = Workspace()
    kernels.prepare(workspace)
    qtbot.waitUntil(alive.exists, timeout=20_000)
    workspace.shutdown()
    before = alive.stat().st_size
    qtbot.wait(400)
    assert alive.stat().st_size == before
