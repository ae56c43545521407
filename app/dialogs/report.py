"""What an export or import did: counts, what was left out and why, and the way to the folder."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from app.dialogs.form import Form, heading, muted

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from segcore.formats import Report

SHOWN = 500


class Dialog(Form):
    """Shows a Report; every image that was read is accounted for."""

    def __init__(self, window: MainWindow, report: Report, title: str, note: str = "") -> None:
        super().__init__(window, title, (560, 460))
        self._report = report
        self.body.addWidget(heading(summary(report)))
        self.body.addWidget(muted(f"{balance(report)} {note}".strip()))
        tree = QTreeWidget(columnCount=2)
        tree.setHeaderLabels(["What", "How much, or why"])
        tree.setUniformRowHeights(True)
        tree.setColumnWidth(0, 230)
        self._section(tree, "Left out", report.skipped, opened=True)
        self._section(tree, "Worth knowing", [(text, "") for text in report.warnings], opened=not report.skipped)
        self._section(tree, "Pixels per class", [(name, f"{count:,}") for name, count in report.pixels_per_class.items()],
                      opened=not report.skipped)
        self.body.addWidget(tree, 1)
        if report.folder is not None:
            self.add_button("Open folder", self._open_folder)
        self.add_button("Close", self.accept, accent=True)

    def _section(self, tree: QTreeWidget, title: str, rows: list[tuple[str, str]], opened: bool) -> None:
        if not rows:
            return
        top = QTreeWidgetItem(tree, [f"{title} ({len(rows):,})", ""])
        for name, value in rows[:SHOWN]:
            item = QTreeWidgetItem(top, [_clean(name), _clean(value)])
            item.setToolTip(0, _clean(name))
            item.setToolTip(1, _clean(value))
            if not value:
                item.setFirstColumnSpanned(True)
        if len(rows) > SHOWN:
            QTreeWidgetItem(top, [f"… and {len(rows) - SHOWN:,} more", ""])
        top.setExpanded(opened)

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._report.folder)))


def summary(report: Report) -> str:
    """The one line that matters."""
    return f"{report.images:,} image{'s' * (report.images != 1)}, {report.regions:,} region{'s' * (report.regions != 1)}"


def balance(report: Report) -> str:
    """Read = converted + skipped, in words."""
    left = f"{len(report.skipped):,} left out" if report.skipped else "nothing left out"
    return f"{report.read:,} read: {report.converted:,} converted, {left}."


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
