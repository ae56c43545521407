"""How fast the window is there, opens ten thousand annotated images, and goes from one to the next.

`python benchmarks/bench_window.py` measures fresh processes, offscreen or on the display that is set, and prints the budgets
beside the figures.
"""
from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

BUDGETS = {"start to painted, s": 0.9, "RSS when painted, MB": 170, "10,000 annotated images open, s": 0.4,
           "longest pause while opening, ms": 100, "next image, ms": 15, "filter 10,000 names, ms": 20}
COUNT = 10_000


def rss() -> float:
    """Resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def age() -> float:
    """Seconds since this process was started, by the kernel's clock."""
    started = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def start() -> dict[str, float]:
    """Start the program as its user does, up to its first paint."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from app import application, main_window
    found: dict[str, float] = {}

    class Timed(main_window.MainWindow):
        def paintEvent(self, event):  # type: ignore[no-untyped-def]
            super().paintEvent(event)
            if not found:
                found["pending"] = 1
                QTimer.singleShot(0, note)

    def note() -> None:
        found.clear()
        found.update({"start to painted, s": age(), "start, processor time, s": time.process_time(),
                      "RSS when painted, MB": rss()})
        heavy = {"torch", "numba", "cv2", "PIL"} & set(sys.modules)
        found["heavy imports"] = len(heavy)
        QTimer.singleShot(0, QApplication.quit)
    application.MainWindow = Timed  # type: ignore[misc]
    application.main([])
    return found


def make_project(folder: Path) -> None:
    """Ten thousand photos, each with its annotation; files are shared by links, since only their number counts here."""
    import numpy as np
    from PIL import Image

    from segcore.project import Project
    from segcore.types import Annotation, Region
    photos = folder / "photos"
    photos.mkdir(parents=True)
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (48, 64, 3), np.uint8).repeat(10, 0).repeat(10, 1)).save(photos / "00000.jpg")
    for number in range(1, COUNT):
        os.link(photos / "00000.jpg", photos / f"{number:05}.jpg")
    project = Project.create(folder / "project", images=photos)
    annotation = Annotation((480, 640), {n: Region(n, n) for n in range(1, 5)})
    for n in range(1, 5):
        annotation.region_map[50 * n:50 * n + 40, 100:400] = n
    project.write_annotation(project.images[0], annotation)
    first = project.annotation_path(project.images[0])
    for entry in project.images[1:]:
        os.link(first, project.annotation_path(entry))
    for entry in project.images:
        project.update_entry(entry.name, state="labelled")
    project.save()
    project.close()


class Pauses:
    """The longest time the event loop was away, by a timer that should tick all the time."""

    def __init__(self) -> None:
        from PySide6.QtCore import QTimer
        self.longest, self._last = 0.0, time.perf_counter()
        self._timer = QTimer(interval=0)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self._last)
        self._last = now

    def reset(self) -> None:
        self.longest, self._last = 0.0, time.perf_counter()


def wait_until(ready: Callable[[], bool], seconds: float = 30) -> None:
    """Run the event loop until something is so."""
    from PySide6.QtTest import QTest
    end = time.perf_counter() + seconds
    while not ready():
        if time.perf_counter() > end:
            raise TimeoutError
        QTest.qWait(1)


def browse(folder: Path) -> dict[str, float]:
    """Open the project in a window that has been up for a moment, and go through it."""
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from app.main_window import MainWindow
    from app.workspace import Workspace
    application = QApplication([])
    window = MainWindow(Workspace())
    window.show()
    window.started()
    QTest.qWait(1500)
    pauses = Pauses()
    begin, spent = time.perf_counter(), time.thread_time()
    window.workspace.open_path(folder)
    blocked = time.thread_time() - spent
    wait_until(lambda: window.workspace.document is not None)
    window.canvas.repaint()
    opened = time.perf_counter() - begin
    QTest.qWait(1000)
    found = {"10,000 annotated images open, s": opened, "longest pause while opening, ms": 1000 * pauses.longest,
             "window's thread busy opening, at a stretch, ms": 1000 * blocked}
    walls, busy = zip(*_steps(window, 40), strict=True)
    found |= {"next image, ms": statistics.median(walls), "next image at best, ms": min(walls),
              "next image, processor time, ms": statistics.median(busy)}
    search = window.panel("images")
    begin = time.perf_counter()
    search.search.setText("0999")
    search.apply_filter()
    found["filter 10,000 names, ms"] = 1000 * (time.perf_counter() - begin)
    found["RSS with the project, MB"] = rss()
    window.close()
    del application
    return found


def _steps(window, count: int) -> list[tuple[float, float]]:  # type: ignore[no-untyped-def]
    """Milliseconds, by the clock and of the window's thread, from the key to the painted next image, with time to look."""
    from PySide6.QtTest import QTest
    times = []
    for _ in range(count):
        begin, spent = time.perf_counter(), time.thread_time()
        before = window.workspace.document
        window.run("next_image")
        wait_until(lambda before=before: window.workspace.document not in (None, before))
        window.canvas.repaint()
        times.append((1000 * (time.perf_counter() - begin), 1000 * (time.thread_time() - spent)))
        QTest.qWait(120)
    return times


def fresh(task: str, *arguments: str) -> dict[str, float]:
    """Run one measurement in a process of its own, with user folders of its own."""
    with tempfile.TemporaryDirectory() as home:
        folders = {f"XDG_{name}_HOME": f"{home}/{name}" for name in ("CONFIG", "STATE", "CACHE", "DATA")}
        done = subprocess.run([sys.executable, __file__, "--task", task, *arguments], capture_output=True, text=True,
                              env={**os.environ, **folders}, timeout=300)
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--task", choices=("start", "browse"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("folder", nargs="?", type=Path)
    options = parser.parse_args()
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if options.task:
        print(json.dumps(start() if options.task == "start" else browse(options.folder)))
        return
    starts = [fresh("start") for _ in range(options.runs)]
    figures = {name: statistics.median(s[name] for s in starts) for name in starts[0]}
    with tempfile.TemporaryDirectory() as folder:
        make_project(Path(folder))
        figures |= fresh("browse", str(Path(folder) / "project"))
    for name, value in figures.items():
        budget = BUDGETS.get(name)
        verdict = "" if budget is None else f"   budget {budget:g}   {'ok' if value <= budget else 'MISSED'}"
        print(f"{name:<48}{value:10.3g}{verdict}")


if __name__ == "__main__":
    main()
