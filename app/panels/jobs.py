"""The list of what is running: there only while something runs."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app.jobs import Job
from app.panels import Panel
from app.widgets.job_row import JobRow

if TYPE_CHECKING:
    from app.main_window import MainWindow

EMPTY = "Nothing is running. Long work such as an export shows up here and can be cancelled."
MOST_ROWS = 4
"""So many jobs are shown without scrolling."""


class JobsPanel(Panel):
    """Running jobs with their progress; each can be cancelled."""

    name = "jobs"
    title = "Jobs"
    icon = "jobs"
    order = 90
    height_share = 90

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.rows: dict[Job, JobRow] = {}
        self._empty = QLabel(EMPTY, self)
        self._empty.setProperty("role", "muted")
        self._empty.setWordWrap(True)
        content = QWidget(self, objectName="form")
        self._list = QVBoxLayout(content)
        self._list.setContentsMargins(11, 4, 11, 6)
        self._list.addWidget(self._empty)
        self._area = QScrollArea(self, widgetResizable=True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._area)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        # The clock of a job goes on while it has nothing to tell.
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self.refresh)
        self.workspace.jobs.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the jobs that run now."""
        running = [job for job in self.workspace.jobs.running if not job.quiet]
        for job in [job for job in self.rows if job not in running]:
            row = self.rows.pop(job)
            self._list.removeWidget(row)
            row.deleteLater()
        for job in running:
            if job not in self.rows:
                self.rows[job] = JobRow(job, self)
                self._list.addWidget(self.rows[job])
            self.rows[job].refresh()
        self._empty.setVisible(not running)
        self._empty.setText(EMPTY if running or not self._clock.isActive() else "Done.")
        if running and not self._clock.isActive():
            self._clock.start()
        elif not running:
            self._clock.stop()
        self._fit(len(running))

    def _fit(self, count: int) -> None:
        """As high as its rows, up to a few of them."""
        row = self._empty if not count else next(iter(self.rows.values()))
        height = row.sizeHint().height() * max(1, min(count, MOST_ROWS)) + 6 * count + 14
        self.setMaximumHeight(height)
        self._area.setMinimumHeight(min(height, 3 * row.sizeHint().height()))
