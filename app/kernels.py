"""Has the kernels of the cut engine compiled by a process of low priority, once after each installation or update.

Without it the first GrabCut would wait for a compiler; while it runs a cut still works, and compiles what it needs itself.
"""
from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from segcore import safe_io
from segcore.errors import SegcoreError
from segcore.types import Progress

if TYPE_CHECKING:
    from app.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "segcore" / "energy"
POLL_SECONDS = 0.5
CHILD = """
import os
getattr(os, "nice", lambda by: 0)(15)
from segcore.energy.warmup import warm_up
for step in warm_up():
    pass
"""


def prepare(workspace: Workspace) -> None:
    """Start compiling in the background, unless these very kernels were compiled before; says so in the status bar."""
    mark = _mark()
    if mark.exists():
        return
    workspace.say("Preparing the cut engine, once…")
    workspace.jobs.start("Prepare the cut engine", lambda: _compile(mark), quiet=True, lane="long",
                         on_done=lambda _: workspace.say("The cut engine is ready."))


def _compile(mark: Path) -> Generator[Progress, None, None]:
    """Run the child to its end; closing the generator ends it."""
    child = subprocess.Popen([sys.executable, "-c", CHILD], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                code = child.wait(POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                yield Progress(0, 0, "Preparing the cut engine, once")
        if code:
            raise SegcoreError("The cut engine could not be prepared.", "The first cut takes longer, and may say why.")
        safe_io.put(mark, b"")
    finally:
        child.kill()
        child.wait()


def _mark() -> Path:
    """The file that says that the kernels as they are now have been compiled."""
    import platformdirs
    state = [sys.version, str(SOURCES)]
    state += [f"{path.name} {path.stat().st_mtime_ns}" for path in sorted(SOURCES.glob("*.py"))]
    key = hashlib.sha256("\n".join(state).encode()).hexdigest()[:16]
    return Path(platformdirs.user_cache_dir("segdesk", appauthor=False)) / f"kernels-{key}"
