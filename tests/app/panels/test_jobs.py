"""The list of running jobs."""
from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any

from app.panels.jobs import JobsPanel
from segcore.types import Progress


def test_jobs_come_move_on_and_go(opened: Any, qtbot: Any) -> None:
    panel, jobs = opened.panel("jobs"), opened.workspace.jobs
    assert isinstance(panel, JobsPanel) and not panel.rows
    gate = threading.Event()

    def steps() -> Generator[Progress, None, None]:
        yield Progress(3, 4, "third")
        gate.wait(20)
        yield Progress(4, 4, "last")
    job = jobs.start("Exporting", steps)
    hidden = jobs.start("Quiet", steps, quiet=True)
    qtbot.waitUntil(lambda: job in panel.rows and panel.rows[job].bar.value() == 3)
    row = panel.rows[job]
    assert row.bar.maximum() == 4 and row._title.text() == "Exporting" and row._message.text() == "third"
    assert hidden not in panel.rows and panel._empty.isHidden()
    gate.set()
    qtbot.waitUntil(lambda: not panel.rows)
    assert not panel._empty.isHidden()


def test_a_row_cancels_its_job(opened: Any, qtbot: Any) -> None:
    panel, closed = opened.panel("jobs"), threading.Event()

    def steps() -> Generator[Progress, None, None]:
        try:
            while True:
                threading.Event().wait(0.005)
                yield Progress(0, 0)
        finally:
            closed.set()
    job = opened.workspace.jobs.start("Endless", steps)
    qtbot.waitUntil(lambda: job in panel.rows)
    assert panel.rows[job].bar.maximum() == 0, "unknown length"
    panel.rows[job].cancel_button.click()
    qtbot.waitUntil(lambda: not panel.rows and closed.is_set())


def test_the_dock_shows_while_something_runs(opened: Any, qtbot: Any) -> None:
    gate = threading.Event()
    opened.workspace.jobs.call("Long work", lambda: gate.wait(20))
    dock = opened.docks._docks["jobs"]
    qtbot.waitUntil(dock.isVisible)
    gate.set()
    qtbot.waitUntil(dock.isHidden)
