"""What the window shows without a project: ways to begin, projects of before, and the way to the first mask."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app import recent
from app.shortcuts import shown
from app.theme import icon, theme
from app.widgets.card import Card
from segcore.safe_io import show

if TYPE_CHECKING:
    from app.main_window import MainWindow

WIDTH = 900
SHOWN = 6
STEPS = (("image", "Open", "the sample project"), ("grab_cut", "Press {grab_cut}", "to take the box tool"),
         ("box", "Drag", "a box around an object"), ("check", "Press Enter", "and the mask is yours"))


class StartPage(QScrollArea):
    """Everything here is one click away; photos and folders can also be dropped on the window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._recent = QGridLayout()
        self._recent_title = _heading("Recent")
        self._shown: list[recent.Recent] | None = None
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QWidget(self)
        column.setMaximumWidth(WIDTH)
        self._fill(QVBoxLayout(column))
        page = QWidget(self)
        page.setObjectName("form")
        outer = QHBoxLayout(page)
        outer.setContentsMargins(32, 24, 32, 24)
        outer.addStretch(1)
        outer.addWidget(column, 1000)
        outer.addStretch(1)
        self.setWidget(page)
        theme().changed.connect(self._redraw_steps)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_recent()

    def _fill(self, layout: QVBoxLayout) -> None:
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addStretch(2)
        layout.addLayout(self._title())
        layout.addSpacing(24)
        layout.addLayout(self._ways_to_begin())
        layout.addSpacing(26)
        layout.addWidget(_heading("The first mask in four steps"))
        layout.addSpacing(10)
        layout.addWidget(self._steps())
        layout.addSpacing(26)
        layout.addWidget(self._recent_title)
        layout.addSpacing(8)
        self._recent.setSpacing(12)
        layout.addLayout(self._recent)
        layout.addStretch(3)
        hint = QLabel("You can also drop a photo, a folder or a project onto this window.")
        hint.setProperty("role", "muted")
        layout.addWidget(hint)

    def _title(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(16)
        self._logo = QLabel()
        row.addWidget(self._logo)
        words = QVBoxLayout()
        words.setSpacing(1)
        title = QLabel("SegDesk")
        title.setProperty("role", "title")
        line = QLabel("Label photos for segmentation, exact to the pixel.")
        line.setProperty("role", "muted")
        words.addWidget(title)
        words.addWidget(line)
        row.addLayout(words, 1)
        return row

    def _ways_to_begin(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        acts = self._window.acts
        self.cards = {
            "open_folder": Card("Open a folder of photos", "Labels are kept beside them", icon("open", "on_accent"),
                                accent=True),
            "open_project": Card("Open a project", "Go on where you stopped", icon("folder", "accent")),
            "open_sample": Card("Try the sample project", "A few photos to play with", icon("image", "accent"))}
        for name, card in self.cards.items():
            card.clicked.connect(acts[name].trigger)
            card.setToolTip(acts[name].toolTip())
            row.addWidget(card)
        return row

    def _steps(self) -> QFrame:
        strip = QFrame()
        strip.setObjectName("card")
        row = QHBoxLayout(strip)
        row.setContentsMargins(18, 14, 14, 14)
        row.setSpacing(12)
        self._step_icons: list[tuple[QLabel, str]] = []
        key = shown(self._window.acts.shortcuts.keys("grab_cut")) or "G"
        for number, (name, verb, rest) in enumerate(STEPS, 1):
            picture = QLabel()
            self._step_icons.append((picture, name))
            text = QLabel(f"<b>{number}. {verb.format(grab_cut=key)}</b><br>{rest}", wordWrap=True)
            row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(text, 1, Qt.AlignmentFlag.AlignTop)
        self._redraw_steps()
        return strip

    def _redraw_steps(self) -> None:
        self._logo.setPixmap(icon("segdesk").pixmap(QSize(52, 52), self.devicePixelRatio()))
        for label, name in self._step_icons:
            label.setPixmap(icon(name, "accent").pixmap(QSize(22, 22), self.devicePixelRatio()))

    def _show_recent(self) -> None:
        items = recent.projects(self._window.workspace.settings)[:SHOWN]
        if items == self._shown:
            return
        self._shown = items
        while (child := self._recent.takeAt(0)) is not None:
            child.widget().deleteLater()
        self._recent_title.setVisible(bool(items))
        for number, item in enumerate(items):
            card = Card(item.name, f"{item.count:,} photo{'s' * (item.count != 1)}", icon("image", "muted"))
            card.setToolTip(show(item.path))
            card.clicked.connect(lambda _=False, path=item.path: self._window.workspace.open_path(path))
            self._recent.addWidget(card, number // 3, number % 3)
            self._load_picture(card, item)
        for column in range(3):
            self._recent.setColumnStretch(column, 1)

    def _load_picture(self, card: Card, item: recent.Recent) -> None:
        if not item.photo:
            return
        def show_picture(image: object) -> None:
            if self._shown is not None and item in self._shown:
                card.set_picture(QPixmap.fromImage(image))  # type: ignore[arg-type]
        from app.thumbnails import read
        # After the first paint: reading a photo brings in the decoders.
        jobs = self._window.workspace.jobs
        self._window.when_painted(lambda: jobs.call("Thumbnail", lambda: read(item.photo_path, 240), lane="thumbs", quiet=True,
                                                    on_done=show_picture))


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label
