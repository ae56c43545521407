"""One running job: what it does, how far it is, how long it has taken, and a button that cancels it."""
from __future__ import annotations

import time

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QSizePolicy, QToolButton, QWidget

from app.jobs import Job
from app.theme import icon

PATIENCE = 1.0
"""Seconds after which the time is shown."""


class JobRow(QWidget):
    """Follows one job at a time; `refresh` brings it up to date."""

    def __init__(self, job: Job | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._time, self._message = QLabel(self), QLabel(self), QLabel(self)
        for label in (self._time, self._message):
            label.setProperty("role", "muted")
        for label in (self._title, self._message):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar(self, textVisible=False)
        self.cancel_button = QToolButton(self, toolTip="Cancel", accessibleName="Cancel this job")
        self.cancel_button.setIcon(icon("stop"))
        self.cancel_button.setIconSize(QSize(16, 16))
        self.cancel_button.clicked.connect(self._cancel)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(3)
        layout.addWidget(self._title, 0, 0)
        layout.addWidget(self._time, 0, 1)
        layout.addWidget(self.cancel_button, 0, 2, 2, 1)
        layout.addWidget(self.bar, 1, 0, 1, 2)
        layout.addWidget(self._message, 2, 0, 1, 3)
        layout.setColumnStretch(0, 1)
        self._started = time.monotonic()
        self.job: Job | None = None
        self.show_job(job)

    def show_job(self, job: Job | None) -> None:
        """Follow this job from now on, or none."""
        if job is not self.job:
            self._started = time.monotonic()
        self.job = job
        self.refresh()

    def refresh(self) -> None:
        """Show how far the job is."""
        job = self.job
        if job is None:
            return
        self._title.setText(job.title)
        progress = job.progress
        total, done = (progress.total, progress.done) if progress else (0, 0)
        self.bar.setRange(0, max(0, total))
        self.bar.setValue(done)
        self.bar.setAccessibleName(f"Progress of {job.title}")
        message = progress.message if progress else ""
        self._message.setText(message)
        self._message.setToolTip(message)
        self._message.setVisible(bool(message))
        seconds = time.monotonic() - self._started
        self._time.setText("" if seconds < PATIENCE else f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min")
        self.cancel_button.setEnabled(not job.cancelled)

    def _cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()
            self.refresh()
