"""Starts the window: arguments in, event loop, exit code out."""
from __future__ import annotations

import faulthandler
import signal
import sys
from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from app.garbage import GarbageCollector
from app.main_window import MainWindow
from app.workspace import Workspace

WORKER_MS, KERNELS_MS = 1500, 4000
"""When, after the window is complete, the worker starts and the kernels are seen to: one after the other."""


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window, on a path or the sample project (`--sample`) when asked for, and run until it is closed."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    faulthandler.enable()
    # Every move of a fast stroke reaches the tool; Qt would merge them before the canvas sees them.
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_CompressHighFrequencyEvents, False)
    application = QApplication.instance() or QApplication(["segdesk"])
    assert isinstance(application, QApplication)
    application.setApplicationName("segdesk")
    application.setApplicationDisplayName("SegDesk")
    application.setDesktopFileName("segdesk")
    GarbageCollector(application)
    workspace = Workspace()
    window = MainWindow(workspace)
    window.show()
    _quit_on_signals(window)
    # After the first paint, so that the window is there before a project is read.
    QTimer.singleShot(0, window.started)
    # Loading PyTorch takes seconds of a processor; by the first prediction it is done.
    window.furnished.connect(lambda: QTimer.singleShot(WORKER_MS, lambda: workspace.worker.start()))
    window.furnished.connect(lambda: QTimer.singleShot(KERNELS_MS, lambda: _prepare_kernels(workspace)))
    if arguments:
        window.when_painted(lambda: _open(window, arguments[0]))
    return application.exec()


def _open(window: MainWindow, argument: str) -> None:
    if argument == "--sample":
        window.run("open_sample")
    else:
        window.workspace.open_path(argument)


def _prepare_kernels(workspace: Workspace) -> None:
    from app import kernels
    kernels.prepare(workspace)


def _quit_on_signals(window: MainWindow) -> None:
    """Ctrl+C and SIGTERM close the window as its button does, so that everything is saved."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.close())
    # Python runs signal handlers between its own instructions only: a slow tick of Python code gives it the chance.
    tick = QTimer(window, interval=300)
    tick.timeout.connect(lambda: None)
    tick.start()
