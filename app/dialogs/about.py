"""About, and the check of the installation, which runs in a process of its own."""
from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QProcess, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout

from app.dialogs.form import Form, heading, muted
from app.messages import log_file
from app.settings import default_path
from app.theme import icon

if TYPE_CHECKING:
    from app.main_window import MainWindow

MAIN = Path(__file__).parents[2] / "main.py"


class Dialog(Form):
    """What this is and where it keeps things; `page="check"` starts the check at once."""

    def __init__(self, window: MainWindow, page: str = "") -> None:
        super().__init__(window, "About SegDesk", (600, 460))
        row = QHBoxLayout()
        picture = QLabel()
        picture.setPixmap(icon("segdesk", "accent").pixmap(48, 48))
        row.addWidget(picture)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(heading(f"SegDesk {version()}"))
        words.addWidget(muted("Labels photos for segmentation, exact to the pixel. MIT licence."))
        row.addLayout(words, 1)
        self.body.addLayout(row)
        self._folders()
        self.output = QPlainTextEdit(readOnly=True)
        self.output.setPlaceholderText("The check tries each part of the program and says what is missing.")
        self.body.addWidget(self.output, 1)
        self._process = QProcess(self)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finished)
        self._check_button = self.add_button("Check this installation", self.check, left=True)
        self.add_button("Close", self.accept, accent=True)
        if page == "check":
            self.check()

    def check(self) -> None:
        """Run the self-test and show what it says."""
        self.output.setPlainText("")
        self.output.setPlaceholderText("Checking…")
        self._check_button.setEnabled(False)
        self._process.start(sys.executable, [str(MAIN), "check"])

    def _folders(self) -> None:
        for title, path in (("Settings", default_path().parent), ("Log", log_file().parent)):
            row = QHBoxLayout()
            row.addWidget(QLabel(title))
            row.addWidget(muted(str(path)), 1)
            url = QUrl.fromLocalFile(str(path))
            button = QPushButton("Open", clicked=lambda _=False, url=url: QDesktopServices.openUrl(url))
            button.setAutoDefault(False)
            row.addWidget(button)
            self.body.addLayout(row)

    def _read(self) -> None:
        self.output.insertPlainText(bytes(self._process.readAllStandardOutput().data()).decode("utf-8", "replace"))

    def _finished(self, code: int) -> None:
        self._check_button.setEnabled(True)
        self.output.appendPlainText("\nAll parts work." if code == 0 else "\nSomething is missing or broken; see above.")

    def done(self, result: int) -> None:
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(1000)
        super().done(result)


def version() -> str:
    """The version of the program, as installed or as in its source folder."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed
    try:
        return installed("segdesk")
    except PackageNotFoundError:
        import tomllib
        try:
            return str(tomllib.loads((MAIN.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
        except (OSError, KeyError, ValueError):
            return ""
