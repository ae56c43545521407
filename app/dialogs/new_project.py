"""New project: which photos, which classes, where."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QRadioButton, QSizePolicy, QWidget

from app.dialogs.form import FolderField, Form, Rows, muted
from app.theme import colors
from segcore.classes import CLASS_SETS, load_classes
from segcore.types import LabelClass

if TYPE_CHECKING:
    from app.main_window import MainWindow

TITLES = {"voc": "PASCAL VOC, 21 classes", "camvid": "CamVid, 11 classes", "cityscapes": "Cityscapes, 19 classes",
          "empty": "None yet: add your own"}
FROM_FILE = "file"


class ClassChips(QWidget):
    """The classes of a set, each with its colour, in as many rows as it takes."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: list[LabelClass] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_classes(self, classes: list[LabelClass]) -> None:
        """Show these."""
        self._classes = list(classes)
        self.updateGeometry()
        self.update()

    def heightForWidth(self, width: int) -> int:
        return max((rect.bottom() + 1 for rect, _ in self._places(width)), default=20)

    def sizeHint(self) -> QSize:
        return QSize(440, self.heightForWidth(440))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c = QPainter(self), colors()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for rect, label_class in self._places(self.width()):
            painter.setPen(QColor(c.line))
            painter.setBrush(QColor(c.panel))
            painter.drawRoundedRect(rect, 5, 5)
            painter.setPen(QColor(c.edge))
            painter.setBrush(QColor(*label_class.color))
            painter.drawRoundedRect(QRect(rect.left() + 6, rect.center().y() - 5, 11, 11), 3, 3)
            painter.setPen(QColor(c.text))
            painter.drawText(rect.left() + 23, rect.top() + 4 + painter.fontMetrics().ascent(), label_class.name)

    def _places(self, width: int) -> list[tuple[QRect, LabelClass]]:
        metrics = self.fontMetrics()
        height, x, y = metrics.height() + 8, 0, 0
        places = []
        for c in self._classes:
            needed = metrics.horizontalAdvance(c.name) + 31
            if x and x + needed > width - 1:
                x, y = 0, y + height + 5
            places.append((QRect(x, y, needed, height), c))
            x += needed + 5
        return places


class Dialog(Form):
    """Asks only for the photos; the rest has sensible answers already."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window, "New project", (580, 470))
        self.photos = FolderField("Folder of photos", "", "Searched with its sub-folders")
        self.folder = FolderField("Project folder", "", "Where project and labels are kept")
        self.sets = QComboBox(accessibleName="Classes")
        for name in CLASS_SETS:
            self.sets.addItem(TITLES.get(name, name), name)
        self.sets.addItem("From a file…", FROM_FILE)
        self.chips = ClassChips()
        self.refer = QRadioButton("Leave the photos where they are", checked=True)
        self.copy = QRadioButton("Copy the photos into the project")
        self._file = ""
        self._suggested = ""
        self._lay_out()
        self.photos.line.textChanged.connect(self._suggest)
        self.sets.activated.connect(lambda _: self.attempt(self._choose_classes))
        self._choose_classes()
        self.add_button("Cancel", self.reject)
        self.add_button("Create project", self._create, accent=True)

    def _lay_out(self) -> None:
        rows = Rows()
        rows.add("Photos", self.photos)
        rows.addWidget(self.refer, rows.rowCount(), 1)
        rows.addWidget(self.copy, rows.rowCount(), 1)
        rows.add("Project", self.folder)
        rows.add("Classes", self.sets)
        self.body.addLayout(rows)
        self.body.addWidget(self.chips)
        self.body.addWidget(muted("Classes can be renamed, recoloured and added at any time."))
        self.body.addStretch(1)

    def _suggest(self) -> None:
        """Propose a place beside the photos, until the user has typed one."""
        photos = self.photos.path
        if photos is not None and self.folder.line.text() in ("", self._suggested):
            self._suggested = str(photos.with_name(f"{photos.name} labels"))
            self.folder.line.setText(self._suggested)

    def _choose_classes(self) -> None:
        if self.sets.currentData() == FROM_FILE:
            self._file, _ = QFileDialog.getOpenFileName(self, "File of classes", "",
                                                        "Class lists (*.txt *.json);;All files (*)")
            if not self._file:
                self.sets.setCurrentIndex(0)
        self.chips.set_classes(load_classes(self._classes()))

    def _classes(self) -> Any:
        return Path(self._file) if self.sets.currentData() == FROM_FILE else self.sets.currentData()

    def _create(self) -> None:
        folder, photos = self.folder.path, self.photos.path
        if folder is None:
            self.show_problem("Say where the project is to be.")
            return
        if photos is None:
            self.show_problem("Say which folder the photos are in.")
            return
        classes, copy = self._classes(), self.copy.isChecked()
        def create() -> Any:
            from segcore.project import Project
            return Project.create(folder, images=photos, classes=classes, copy=copy)
            yield
        self.run_job("Making the project", create, self._created)

    def _created(self, project: Any) -> None:
        self.accept()
        self.workspace.use_project(project)
