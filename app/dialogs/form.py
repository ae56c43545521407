"""What dialogs share: a body, a line for what is wrong, a row of buttons, and a strip for a running job."""
from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import field, fields, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.messages import describe
from app.widgets.param_form import ParamForm
from segcore.types import Progress

if TYPE_CHECKING:
    from app.jobs import Job
    from app.main_window import MainWindow


class Form(QDialog):
    """Base of the dialogs. Fill `body`; `add_button` appends to the row at the bottom right."""

    def __init__(self, window: MainWindow, title: str, size: tuple[int, int] = (520, 0)) -> None:
        super().__init__(window)
        self.window_, self.workspace = window, window.workspace
        self.setWindowTitle(title)
        self.body = QVBoxLayout()
        self.body.setSpacing(10)
        self.problem = QLabel(wordWrap=True)
        self.problem.setProperty("role", "error")
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.hide()
        self.strip = JobStrip(self)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        self._buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(14)
        layout.addLayout(self.body, 1)
        layout.addWidget(self.strip)
        layout.addWidget(self.problem)
        layout.addLayout(self._buttons)
        self._size = size

    def add_button(self, text: str, slot: Callable[[], Any], *, accent: bool = False, left: bool = False) -> QPushButton:
        """Append a button; `accent` for the one that does what the dialog is for, which Enter presses."""
        button = QPushButton(text)
        button.setAutoDefault(accent)
        button.setDefault(accent)
        button.clicked.connect(lambda: self.attempt(slot))
        if left:
            self._buttons.insertWidget(0, button)
        else:
            self._buttons.addWidget(button)
        return button

    def attempt(self, action: Callable[[], Any]) -> None:
        """Do something; a failure is told in the dialog."""
        self.show_problem("")
        try:
            action()
        except Exception as error:  # noqa: BLE001 - whatever fails is told in the dialog
            self.show_problem(describe(error))

    def show_problem(self, text: str) -> None:
        """Say what is wrong, or nothing."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def run_job(self, title: str, steps: Callable[[], Generator[Any, None, Any]], on_done: Callable[[Any], None]) -> None:
        """Run a generator of Progress with its bar in the dialog; everything else waits until it ends."""
        self.show_problem("")
        self.strip.run(title, steps, on_done)

    def showEvent(self, event: QShowEvent) -> None:
        # Only now are all rows there, and with them the least height.
        (width, height), layout = self._size, self.layout()
        self.resize(width, max(height, layout.totalHeightForWidth(width), layout.totalMinimumSize().height()))
        super().showEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.strip.running:
            self.strip.cancel()
            return
        super().keyPressEvent(event)

    def done(self, result: int) -> None:
        self.strip.cancel()
        super().done(result)


class JobStrip(QWidget):
    """A progress bar with a sentence and a way to stop."""

    def __init__(self, form: Form) -> None:
        super().__init__(form)
        self._form = form
        self._job: Job | None = None
        self._bar = QProgressBar(textVisible=False)
        self._bar.setAccessibleName("Progress")
        self._text = QLabel()
        self._text.setProperty("role", "muted")
        self._stop = QPushButton("Stop", clicked=self.cancel)
        self._stop.setAutoDefault(False)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(self._text)
        column.addWidget(self._bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addLayout(column, 1)
        row.addWidget(self._stop)
        self.hide()

    @property
    def running(self) -> bool:
        """True while a job of this dialog runs."""
        return self._job is not None

    def run(self, title: str, steps: Callable[[], Generator[Any, None, Any]], on_done: Callable[[Any], None]) -> None:
        """Start a job and show it."""
        def done(value: Any) -> None:
            self._end()
            self._form.attempt(lambda: on_done(value))
        self._bar.setRange(0, 0)
        self._text.setText(f"{title}…")
        self._enable(False)
        self.show()
        self._job = self._form.workspace.jobs.start(title, steps, quiet=True, on_progress=self._on_progress, on_done=done,
                                                    on_error=self._failed, on_cancelled=self._cancelled)

    def cancel(self) -> None:
        """Ask the job to stop; it cleans up after itself."""
        if self._job is not None:
            self._text.setText("Stopping…")
            self._job.cancel()

    def _on_progress(self, progress: Any) -> None:
        if isinstance(progress, Progress):
            self._bar.setRange(0, max(progress.total, 0))
            self._bar.setValue(progress.done)
            count = f"   {progress.done:,} of {progress.total:,}" if progress.total else ""
            self._text.setText(progress.message.encode("utf-8", "replace").decode() + count)

    def _failed(self, error: Exception) -> None:
        self._end()
        self._form.show_problem(describe(error))

    def _cancelled(self, _: Any) -> None:
        self._end()
        self._form.show_problem("Stopped. Nothing was left behind.")

    def _end(self) -> None:
        self._job = None
        self._enable(True)
        self.hide()

    def _enable(self, enabled: bool) -> None:
        for button in self._form.findChildren(QPushButton):
            if button is not self._stop:
                button.setEnabled(enabled)


class FolderField(QWidget):
    """A line for a folder, with a button to look for it."""

    def __init__(self, title: str, path: str = "", placeholder: str = "") -> None:
        super().__init__()
        self._title = title
        self.line = QLineEdit(path, placeholderText=placeholder, accessibleName=title)
        browse = QPushButton("Browse…", clicked=self._browse)
        browse.setAutoDefault(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.line, 1)
        row.addWidget(browse)

    @property
    def path(self) -> Path | None:
        """The folder, None while the line is empty."""
        text = self.line.text().strip()
        return Path(text).expanduser() if text else None

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self._title, self.line.text() or str(Path.home()))
        if folder:
            self.line.setText(folder)


class Rows(QGridLayout):
    """Labels in one column, controls in the other, each pair on one line."""

    def __init__(self) -> None:
        super().__init__()
        self.setHorizontalSpacing(12)
        self.setVerticalSpacing(9)
        self.setColumnStretch(1, 1)

    def add(self, label: str, widget: QWidget) -> None:
        """One more line; without a label the control takes all of it."""
        row = self.rowCount()
        if not label:
            self.addWidget(widget, row, 0, 1, 2)
            return
        text = QLabel(label)
        text.setBuddy(widget)
        self.addWidget(text, row, 0)
        self.addWidget(widget, row, 1)


def heading(text: str) -> QLabel:
    """A title inside a dialog."""
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label


def muted(text: str = "") -> QLabel:
    """A line of explanation."""
    label = QLabel(text, wordWrap=True)
    label.setProperty("role", "muted")
    return label


def rule() -> QFrame:
    """A hairline."""
    line = QFrame()
    line.setObjectName("rule")
    return line


def option_form(params: type, when: str, values: dict[str, Any] | None = None) -> ParamForm:
    """A form of those options that count `when` exporting or importing: all but those marked for the other one."""
    hints = get_type_hints(params)
    kept = [(f.name, hints[f.name], field(default=f.default, metadata=f.metadata)) for f in fields(params)
            if f.metadata.get("when", when) == when]
    return ParamForm(make_dataclass(params.__name__, kept), values)
