"""Import: labels of another program or data set into the open project."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QComboBox, QVBoxLayout

from app.dialogs.form import FolderField, Form, Rows, muted, option_form
from segcore.formats import FORMATS, Format

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.widgets.param_form import ParamForm


class Dialog(Form):
    """Format, source, options; then a job, then the report with everything that was left out."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window, "Import labels", (560, 380))
        self.formats = QComboBox(accessibleName="Format")
        for cls in FORMATS:
            if cls.load is not Format.load:
                self.formats.addItem(cls.title, cls.name)
        self.folder = FolderField("Import from", "", "The folder of the data set")
        self._about = muted()
        self._options = QVBoxLayout()
        self._form: ParamForm | None = None
        rows = Rows()
        rows.add("Format", self.formats)
        rows.add("Folder", self.folder)
        self.body.addLayout(rows)
        self.body.addWidget(self._about)
        self.body.addLayout(self._options)
        self.body.addWidget(muted("Images are matched by their names; those that the project lacks are added. "
                                  "Labels that are replaced stay as earlier versions."))
        self.body.addStretch(1)
        self.formats.currentIndexChanged.connect(self._choose_format)
        self._choose_format()
        self.add_button("Cancel", self.reject)
        self.add_button("Import", self._import, accent=True)

    def _choose_format(self) -> None:
        if self.formats.currentData() is None:
            return
        cls = FORMATS[self.formats.currentData()]
        self._about.setText(cls.summary())
        form = option_form(cls.Params, "import")
        if self._form is not None:
            self._form.deleteLater()
        self._form = form
        self._options.addWidget(form)

    def _import(self) -> None:
        folder, project = self.folder.path, self.workspace.project
        if folder is None or project is None or self._form is None:
            self.show_problem("Say which folder to read.")
            return
        if self.workspace.autosave is not None and not self.workspace.autosave.finish():
            self.show_problem("Some labels could not be saved yet. Save them first.")
            return
        self._project_folder = project.folder
        made = FORMATS[self.formats.currentData()](**self._form.values())
        self.run_job(f"Import {made.title}", lambda: made.load(folder, project), self._finished)

    def _finished(self, report: Any) -> None:
        self.accept()
        # Classes, images and labels may all be new: open the project as if for the first time.
        self.workspace.close_project()
        self.workspace.open_path(self._project_folder)
        self.window_.dialogs.show("report", report=report, title="Imported")
