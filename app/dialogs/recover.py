"""After a crash: labels that the journal has and the files have not."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from app.dialogs.form import Form, heading, muted
from app.dialogs.restore import when
from segcore.safe_io import show

if TYPE_CHECKING:
    from app.main_window import MainWindow


class Dialog(Form):
    """Which images to put back; all are chosen to begin with."""

    def __init__(self, window: MainWindow, recovered: Sequence[Any]) -> None:
        super().__init__(window, "Recover unsaved work", (560, 360))
        self._recovered = list(recovered)
        count = len(self._recovered)
        self.body.addWidget(heading(f"{count} image{'s have' if count != 1 else ' has'} labels that were not saved"))
        self.body.addWidget(muted("The program ended before their files were written. The steps were kept; put them back?"))
        self.tree = QTreeWidget(columnCount=3, rootIsDecorated=False)
        self.tree.setHeaderLabels(["Image", "Steps", "Last change"])
        self.tree.setColumnWidth(0, 260)
        self.tree.setColumnWidth(1, 60)
        for item in self._recovered:
            row = QTreeWidgetItem(self.tree, [show(item.name), str(item.edits), when(item.saved_at)])
            row.setToolTip(0, item.last_title)
            row.setCheckState(0, Qt.CheckState.Checked)
        self.body.addWidget(self.tree, 1)
        self.body.addWidget(muted("What is not put back stays aside for 30 days."))
        self.add_button("Leave as saved", self._leave)
        self.add_button("Recover", self._recover, accent=True)

    def _recover(self) -> None:
        chosen = [item for number, item in enumerate(self._recovered)
                  if self.tree.topLevelItem(number).checkState(0) == Qt.CheckState.Checked]
        self.accept()
        self.workspace.recover(chosen)
        if chosen:
            self.workspace.say(f"Recovered: {len(chosen)} image{'s' * (len(chosen) != 1)}.")

    def _leave(self) -> None:
        self.accept()
        self.workspace.recover([])
