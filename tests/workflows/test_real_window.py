"""A real window on a real X server, with real mouse and keyboard: sample project, box, Enter, undo, redo, quit, saved."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segcore.project import Project

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.xvfb, pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool")]


@pytest.fixture
def display() -> Iterator[str]:
    """An X server of the test's own."""
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
                              pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    number = os.fdopen(read).readline().strip()
    assert number, "the X server did not start"
    yield f":{number}"
    server.terminate()
    server.wait(10)


def wait_for(what: Callable[[], object], seconds: float = 60.0) -> object:
    end = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return value


def test_mouse_and_keyboard(display: str, own_user_folders: Path) -> None:
    env = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    program = subprocess.Popen([sys.executable, "main.py", "--sample"], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)

    def xdotool(*arguments: object) -> str:
        return subprocess.run(["xdotool", *map(str, arguments)], env=env, capture_output=True, text=True).stdout.strip()

    window = str(wait_for(lambda: xdotool("search", "--onlyvisible", "--name", "01_flower.*SegDesk"))).split()[-1]
    xdotool("windowmove", window, 0, 0)
    xdotool("windowsize", window, 1400, 900)
    xdotool("windowfocus", "--sync", window)
    time.sleep(1.0)
    project = own_user_folders / "data" / "segdesk" / "Sample project"

    def regions() -> list[str]:
        opened = Project.open(project, read_only=True)
        return [r.source for r in opened.read_annotation(opened.images[0], (427, 640)).regions.values()]

    xdotool("key", "g")
    xdotool("mousemove", 180, 150, "mousedown", 1)
    for step in range(1, 11):
        xdotool("mousemove", 180 + 60 * step, 150 + 55 * step)
    xdotool("mouseup", 1)
    time.sleep(4.0)      # no label is written by a preview
    assert regions() == []
    xdotool("key", "Return")
    wait_for(lambda: regions() == ["grab_cut"])
    xdotool("key", "ctrl+z")
    wait_for(lambda: regions() == [])
    xdotool("key", "ctrl+shift+z")
    wait_for(lambda: regions() == ["grab_cut"])
    xdotool("key", "ctrl+q")
    program.wait(20)
    assert program.returncode == 0, program.stderr.read() if program.stderr else ""
    assert not Project.open(project).read_only, "the lock was given back"
