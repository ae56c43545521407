"""Export: which format with which options, where to, and beforehand what every pixel of the open image will be."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout

from app.dialogs.export_preview import ExportPreview, look
from app.dialogs.form import FolderField, Form, Rows, heading, muted, option_form
from segcore.formats import FORMATS, Format

if TYPE_CHECKING:
    from app.jobs import Job
    from app.main_window import MainWindow
    from app.widgets.param_form import ParamForm


class Dialog(Form):
    """Left: format and options. Right: the preview. Then a job, then the report."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window, "Export data set", (900, 580))
        assert window.workspace.project is not None
        self._project = window.workspace.project
        self.formats = QComboBox(accessibleName="Format")
        for cls in FORMATS:
            if cls.export is not Format.export:
                self.formats.addItem(cls.title, cls.name)
        self._form: ParamForm | None = None
        self._job: Job | None = None
        self._about = muted()
        self._counts = muted(self._count_text())
        self.folder = FolderField("Export to", "", "A folder that does not exist yet")
        self._options = QVBoxLayout()
        self.preview = ExportPreview()
        self._lay_out()
        self._preview_later = QTimer(self, singleShot=True, interval=120)
        self._preview_later.timeout.connect(self._start_preview)
        self.formats.currentIndexChanged.connect(self._choose_format)
        self._choose_format()
        self.add_button("Cancel", self.reject)
        self._go = self.add_button("Export", self._export, accent=True)

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(10)
        rows = Rows()
        rows.add("Format", self.formats)
        left.addLayout(rows)
        left.addWidget(self._about)
        left.addLayout(self._options)
        left.addStretch(1)
        left.addWidget(heading("Where to"))
        left.addWidget(self.folder)
        left.addWidget(self._counts)
        row = QHBoxLayout()
        row.setSpacing(22)
        row.addLayout(left, 5)
        row.addWidget(self.preview, 5)
        self.body.addLayout(row)

    def _count_text(self) -> str:
        states = [entry.state for entry in self._project.images]
        autosave = self.workspace.autosave
        # Exporting saves first: what waits for that counts as well.
        labelled = sum(self._project.has_annotation(entry) or autosave is not None and autosave.is_unsaved(entry.name)
                       for entry in self._project.images)
        return f"{labelled:,} of {len(states):,} images have labels, {states.count('done'):,} are marked as done."

    def _choose_format(self) -> None:
        name = self.formats.currentData()
        if name is None:
            return
        cls = FORMATS[name]
        self._about.setText(cls.summary())
        stored = self.workspace.settings.get(f"export/{name}", {})
        form = option_form(cls.Params, "export", stored if isinstance(stored, dict) else {})
        form.changed.connect(lambda *_: self._preview_later.start())
        if self._form is not None:
            self._form.deleteLater()
        self._form = form
        self._options.addWidget(form)
        self.folder.line.setText(str(_free_folder(self._project.folder, name)))
        self._start_preview()

    def _start_preview(self) -> None:
        document = self.workspace.document
        if document is None:
            self.preview.say("Open an image to see what its pixels will be.")
            return
        if self._job is not None:
            self._job.cancel()
        made, project, annotation = self._made(), self._project, document.annotation.copy()
        self._job = self.workspace.jobs.call("Preview", lambda: look(made, project, annotation), quiet=True,
                                             on_done=self.preview.show_look, on_error=self._no_preview)

    def _no_preview(self, error: Exception) -> None:
        from app.messages import describe
        self.preview.say("This format has no preview." if isinstance(error, NotImplementedError) else describe(error))

    def _made(self) -> Format:
        assert self._form is not None
        return FORMATS[self.formats.currentData()](**self._form.values())

    def _export(self) -> None:
        folder = self.folder.path
        if folder is None:
            self.show_problem("Say where to write the data set.")
            return
        if self.workspace.autosave is not None and not self.workspace.autosave.finish():
            self.show_problem("Some labels could not be saved, so they would be missing. Save them first.")
            return
        made = self._made()
        assert self._form is not None
        self.workspace.settings.set(f"export/{made.name}", self._form.values())
        self.run_job(f"Export as {made.title}", lambda: made.export(self._project, folder), self._finished)

    def _finished(self, report: Any) -> None:
        self.accept()
        self.window_.dialogs.show("report", report=report, title="Exported",
                                  note="Every mask was read back and compared.")

    def done(self, result: int) -> None:
        if self._job is not None:
            self._job.cancel()
        super().done(result)


def _free_folder(project: Path, name: str) -> Path:
    """A folder beside the project's files that is not there yet."""
    base = project / "exports" / name
    candidates = (base if n == 1 else base.with_name(f"{name}-{n}") for n in range(1, 10_000))
    return next(folder for folder in candidates if not folder.exists())
