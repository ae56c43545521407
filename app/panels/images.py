"""The list of the project's images: thumbnails, states, filter. Nothing is read or asked of the disk per row."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, QStringListModel, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHBoxLayout, QLabel, QLineEdit, QListView, QVBoxLayout

from app.panels import Panel
from app.theme import icon
from app.thumbnails import Thumbnails
from app.widgets.image_row import ROW_HEIGHT, STATES, THUMBNAIL, ImageRow
from segcore.safe_io import show

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from segcore.project import ImageEntry

Index = QModelIndex | QPersistentModelIndex
MOVES = {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}


class ImageList(QStringListModel):
    """The rows that pass the filter; row -> place in `project.images`. Roles: Display is the name, User the entry.

    The names live in Qt's own list, because a view asks for the number of rows once per row.
    """

    def __init__(self, panel: ImagesPanel) -> None:
        super().__init__(panel)
        self._workspace = panel.workspace
        self._places: list[int] = []
        self._rows: dict[int, int] = {}
        self._names: list[str] = []
        self._shown: list[str] = []

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.UserRole and index.isValid():
            return self.entry(index.row())
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole) and index.isValid():
            state = STATES[self.entry(index.row()).state].title
            return f"{self._shown[self.place(index.row())]}, {state.lower()}"
        return super().data(index, role)

    def entry(self, row: int) -> ImageEntry:
        """The image in a row."""
        assert self._workspace.project is not None
        return self._workspace.project.images[self._places[row]]

    def place(self, row: int) -> int:
        """Where the image of a row stands in the project."""
        return self._places[row]

    def row_of(self, place: int) -> int:
        """The row of an image, -1 when the filter hides it."""
        return self._rows.get(place, -1)

    def read_names(self) -> None:
        """Take over the project's images, before a filter."""
        project = self._workspace.project
        names = [entry.name for entry in project.images] if project else []
        self._shown = [name if name.isprintable() and name.isascii() else show(name) for name in names]
        self._names = [name.casefold() for name in self._shown]

    def filter(self, text: str, state: str) -> None:
        """Keep the images whose name holds all words of `text` and whose state is `state`, if one is given."""
        words = text.casefold().split()
        places: Any = range(len(self._names))
        for word in words:
            places = [i for i in places if word in self._names[i]]
        if state and self._workspace.project is not None:
            images = self._workspace.project.images
            places = [i for i in places if images[i].state == state]
        self._places = list(places)
        self._rows = {place: row for row, place in enumerate(self._places)}
        self.setStringList([self._shown[place] for place in self._places])

    def touch(self, place: int) -> None:
        """Redraw the row of an image."""
        row = self._rows.get(place)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row))


class ImageView(QListView):
    """Opens what the arrow keys reach; letters are shortcuts here, not a search through the list."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        before = self.currentIndex()
        super().keyPressEvent(event)
        if event.key() in MOVES and self.currentIndex() != before:
            self.activated.emit(self.currentIndex())

    def keyboardSearch(self, text: str) -> None:
        """Nothing."""


class ImagesPanel(Panel):
    """Photos of the project; click one to open it."""

    name = "images"
    title = "Images"
    icon = "image"
    order = 40
    height_share = 300

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.thumbnails = Thumbnails(self.workspace.jobs, THUMBNAIL[0], parent=self)
        self.model = ImageList(self)
        self.search = QLineEdit(placeholderText="Filter by name", clearButtonEnabled=True)
        self.search.setAccessibleName("Filter images by name")
        self.search.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.states = QComboBox(accessibleName="Show images of one state")
        self.states.addItem("All states", "")
        for key, state in STATES.items():
            self.states.addItem(icon(state.icon, state.role), state.title, key)
        self.counter = QLabel()
        self.counter.setProperty("role", "muted")
        self.view = self._make_view()
        self._lay_out()
        self._filter_later = QTimer(self, singleShot=True, interval=60)
        self._filter_later.timeout.connect(self.apply_filter)
        self._follow()
        self._on_project()

    def apply_filter(self) -> None:
        """Show what passes the filter now."""
        self.model.filter(self.search.text(), self.states.currentData())
        self._show_current()
        self._count()

    def _make_view(self) -> QListView:
        view = ImageView(self)
        view.setModel(self.model)
        view.setItemDelegate(ImageRow(self.workspace, self.thumbnails, view))
        view.setUniformItemSizes(True)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.verticalScrollBar().setSingleStep(ROW_HEIGHT // 2)
        view.setIconSize(QSize(*THUMBNAIL))
        view.setAccessibleName("Images of the project")
        view.clicked.connect(self._open)
        view.activated.connect(self._open)
        return view

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self.search, 3)
        top.addWidget(self.states, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 8)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.counter)

    def _follow(self) -> None:
        self.search.textChanged.connect(self._filter_later.start)
        self.states.currentIndexChanged.connect(self.apply_filter)
        self.workspace.project_changed.connect(self._on_project)
        self.workspace.document_changed.connect(self._show_current)
        self.workspace.entry_changed.connect(self._on_entry)
        self.thumbnails.ready.connect(self._redraw)

    def _on_project(self) -> None:
        self.thumbnails.clear()
        self.search.clear()
        self.model.read_names()
        self.apply_filter()

    def _on_entry(self, name: str) -> None:
        project = self.workspace.project
        if project is None:
            return
        if len(self.model._names) != len(project.images):
            self.model.read_names()
            self.apply_filter()
            return
        self.model.touch(project.index(name))
        self._count()

    def _redraw(self, name: str) -> None:
        project = self.workspace.project
        if project is not None:
            self.model.touch(project.index(name))

    def _open(self, index: QModelIndex) -> None:
        self.workspace.go_to(self.model.place(index.row()))

    def _show_current(self) -> None:
        row = self.model.row_of(self.workspace.index)
        if row < 0:
            self.view.clearSelection()
        elif row != self.view.currentIndex().row() or not self.view.selectionModel().hasSelection():
            index = self.model.index(row)
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)

    def _count(self) -> None:
        project = self.workspace.project
        total = len(project.images) if project else 0
        done = sum(entry.state == "done" for entry in project.images) if project else 0
        labelled = sum(entry.state != "new" for entry in project.images) if project else 0
        shown = self.model.rowCount()
        text = f"{labelled:,} of {total:,} labelled, {done:,} done"
        self.counter.setText(text if shown == total else f"{shown:,} shown · {text}")
