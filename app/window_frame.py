"""The window's frame: title, size, what is dropped on it, and saving when the user turns to another program."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QObject
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from app.theme import icon
from segcore.safe_io import show

if TYPE_CHECKING:
    from app.main_window import MainWindow

PROGRAM = "SegDesk"
SIZE = (1440, 900)


class WindowFrame(QObject):
    """Watches the window's own events; the window itself only places its parts."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._workspace = window, window.workspace
        window.setWindowIcon(icon("segdesk"))
        window.setAcceptDrops(True)
        window.installEventFilter(self)
        self._restore_size()
        self.show_title()
        for signal in (self._workspace.project_changed, self._workspace.document_changed, self._workspace.saved_changed):
            signal.connect(self.show_title)

    def show_title(self) -> None:
        """Image, project and program, with a dot before them while something is unsaved."""
        project, entry, autosave = self._workspace.project, self._workspace.entry, self._workspace.autosave
        parts = [show(entry.name) if entry else "", show(project.name) if project else "", PROGRAM]
        unsaved = autosave is not None and autosave.pending
        self._window.setWindowTitle(("• " if unsaved else "") + " – ".join(part for part in parts if part))

    def may_close(self) -> bool:
        """Save everything; ask when something could not be saved."""
        autosave = self._workspace.autosave
        if autosave is None or autosave.finish():
            return True
        from PySide6.QtWidgets import QMessageBox
        box = QMessageBox(QMessageBox.Icon.Warning, PROGRAM, "Some labels could not be saved.", parent=self._window)
        box.setInformativeText(f"{autosave.reason}\n\nThey are kept in the journal on this computer and will be offered "
                               "when the project is opened again.")
        stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        box.addButton("Close all the same", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(stay)
        box.exec()
        return box.clickedButton() is not stay

    def remember_size(self) -> None:
        """Keep size and place of the window for the next start."""
        self._workspace.settings.set("window/geometry", bytes(self._window.saveGeometry().toBase64()).decode())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take photos, folders and projects that are dropped; save when the window is left."""
        if event.type() == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            urls = event.mimeData().urls()
            if urls and urls[0].isLocalFile():
                event.acceptProposedAction()
                return True
        if event.type() == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self._workspace.open_path(event.mimeData().urls()[0].toLocalFile())
            return True
        if event.type() == QEvent.Type.WindowDeactivate:
            self._workspace.save_now()
        return False

    def _restore_size(self) -> None:
        self._window.resize(*SIZE)
        geometry = self._workspace.settings.get("window/geometry", "")
        if isinstance(geometry, str) and geometry:
            self._window.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
