"""The program is killed right after strokes: every committed one comes back at the next start."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from app.workspace import Workspace

ROOT = Path(__file__).parents[2]
SESSION = """
import os, sys, time
import numpy as np
from PySide6.QtWidgets import QApplication
application = QApplication([])
from app.workspace import Workspace
workspace = Workspace()
workspace.open_path(sys.argv[1])
while workspace.document is None:
    application.processEvents()
    time.sleep(0.01)
workspace.autosave._timer.setInterval(3_600_000)     # the kill comes before the file is written
for i in range(12):
    with workspace.document.edit(f"Stroke {i}") as edit:
        edit.paint((slice(i, i + 3), slice(0, 9)), np.ones((3, 9), bool), edit.new_region(1 + i % 3))
while workspace.jobs.running:                        # the journal has answered for each of them
    application.processEvents()
    time.sleep(0.01)
print("ACK", flush=True)
time.sleep(60)
"""


def test_committed_strokes_survive_a_kill(qtbot, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Pillow.new("RGB", (20, 30)).save(photos / "a.png")
    process = subprocess.Popen([sys.executable, "-c", SESSION, str(photos)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert process.stdout is not None and process.stdout.readline().strip() == "ACK"
    process.send_signal(signal.SIGKILL)
    process.wait()
    expected = np.zeros((30, 20), np.uint16)
    for i in range(12):
        expected[i:i + 3, 0:9] = i + 1

    workspace, offered = Workspace(), []
    workspace.recovery_found.connect(offered.extend)
    workspace.open_path(photos)
    qtbot.waitUntil(lambda: workspace.document is not None)
    assert not workspace.project.read_only          # the lock of a dead process is no lock
    assert [item.name for item in offered] == ["a.png"] and not workspace.document.annotation.region_map.any()
    workspace.recover(offered)
    qtbot.waitUntil(lambda: workspace.document is not None and workspace.document.annotation.region_map.any())
    assert np.array_equal(workspace.document.annotation.region_map, expected)
    assert {r.class_id for r in workspace.document.annotation.regions.values()} == {1, 2, 3}
    workspace.shutdown()
    again, offered = Workspace(), []
    again.recovery_found.connect(offered.extend)
    again.open_path(photos)
    qtbot.waitUntil(lambda: again.document is not None)
    assert offered == [] and np.array_equal(again.document.annotation.region_map, expected)
    again.shutdown()
