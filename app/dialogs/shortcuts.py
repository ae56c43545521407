"""All shortcuts, grouped as the menus are: to look up, to change, to put back."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QKeySequenceEdit, QLineEdit, QPushButton, QTreeWidget, QTreeWidgetItem

from app.dialogs.form import Form, muted
from app.shortcuts import FIXED, Binding, bindings, shown
from app.theme import icon

if TYPE_CHECKING:
    from app.main_window import MainWindow

NAME = Qt.ItemDataRole.UserRole


class Dialog(Form):
    """A searchable table; below it, the keys of the chosen row can be changed."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window, "Shortcuts", (620, 640))
        self._shortcuts = window.acts.shortcuts
        self.search = QLineEdit(placeholderText="Search for an action or a key", clearButtonEnabled=True)
        self.search.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._filter)
        self.tree = QTreeWidget(columnCount=2)
        self.tree.setHeaderLabels(["Action", "Keys"])
        self.tree.setColumnWidth(0, 330)
        self.tree.setUniformRowHeights(True)
        self.tree.setAccessibleName("Actions and their keys")
        self._rows: dict[str, QTreeWidgetItem] = {}
        self.keys = QKeySequenceEdit(accessibleName="New keys", clearButtonEnabled=True)
        self.keys.setMaximumSequenceLength(1)
        self._note = muted("Choose an action to change its keys.")
        self._set, self._add, self._clear, self._default = (
            self._small(text, slot) for text, slot in (("Set", self._assign), ("Add", self._append), ("None", self._remove),
                                                       ("Default", self._put_back)))
        self._lay_out()
        self._fill()
        self.tree.currentItemChanged.connect(lambda *_: self._on_row())
        self.keys.keySequenceChanged.connect(lambda *_: self._on_keys())
        self._shortcuts.changed.connect(self._show_all)
        self._on_row()
        self.add_button("All defaults", self._put_all_back, left=True)
        self.add_button("Close", self.accept)
        self.search.setFocus()

    def choose(self, name: str) -> None:
        """Select the row of a command or tool."""
        self.tree.setCurrentItem(self._rows[name])

    def _small(self, text: str, slot: object) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.keys, 1)
        for button in (self._set, self._add, self._clear, self._default):
            row.addWidget(button)
        self.body.addWidget(self.search)
        self.body.addWidget(self.tree, 1)
        self.body.addLayout(row)
        self.body.addWidget(self._note)

    def _fill(self) -> None:
        groups: dict[str, QTreeWidgetItem] = {}
        for binding in bindings():
            group = groups.setdefault(binding.group, self._group(binding.group, groups))
            row = QTreeWidgetItem(group, [binding.title, ""])
            row.setIcon(0, icon(binding.icon, "muted"))
            row.setData(0, NAME, binding)
            self._rows[binding.name] = row
        fixed = self._group("On the canvas", {})
        for keys, title in FIXED:
            QTreeWidgetItem(fixed, [title, keys])
        self._show_all()

    def _group(self, title: str, groups: dict[str, QTreeWidgetItem]) -> QTreeWidgetItem:
        if title in groups:
            return groups[title]
        item = QTreeWidgetItem(self.tree, [title, ""])
        font = item.font(0)
        font.setBold(True)
        item.setFont(0, font)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        item.setExpanded(True)
        return item

    def _show_all(self) -> None:
        for name, row in self._rows.items():
            row.setText(1, shown(self._shortcuts.keys(name)))
            font = row.font(1)
            font.setBold(not self._shortcuts.is_default(name))
            row.setFont(1, font)
        self._filter()

    def _filter(self) -> None:
        words = self.search.text().casefold().split()
        for number in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(number)
            hits = 0
            for place in range(group.childCount()):
                row = group.child(place)
                text = f"{group.text(0)} {row.text(0)} {row.text(1)}".casefold()
                row.setHidden(not all(word in text for word in words))
                hits += not row.isHidden()
            group.setHidden(not hits)

    def _chosen(self) -> Binding | None:
        item = self.tree.currentItem()
        binding = item.data(0, NAME) if item is not None else None
        return binding if isinstance(binding, Binding) else None

    def _on_row(self) -> None:
        self.keys.clear()
        self._on_keys()

    def _on_keys(self) -> None:
        binding, key = self._chosen(), self._key()
        self.keys.setEnabled(binding is not None)
        for button in (self._set, self._add):
            button.setEnabled(binding is not None and bool(key))
        self._clear.setEnabled(binding is not None and bool(self._shortcuts.keys(binding.name)))
        self._default.setEnabled(binding is not None and not self._shortcuts.is_default(binding.name))
        rival = self._shortcuts.owner(key, but=binding.name) if binding and key else None
        if binding is None:
            self._note.setText("Choose an action to change its keys.")
        elif rival is not None:
            self._note.setText(f"{shown([key])} now runs “{rival.title}”; it will be taken from there.")
        else:
            ask = "Press the new keys, then Set, or Add to keep the old ones too."
            self._note.setText("These keys are free." if key else ask)

    def _key(self) -> str:
        return self.keys.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def _assign(self) -> None:
        self._give([self._key()])

    def _append(self) -> None:
        binding = self._chosen()
        if binding is not None:
            self._give([*self._shortcuts.keys(binding.name), self._key()])

    def _give(self, keys: list[str]) -> None:
        binding = self._chosen()
        if binding is not None:
            self._shortcuts.assign(binding.name, dict.fromkeys(keys))
            self._on_row()

    def _remove(self) -> None:
        self._give([])

    def _put_back(self) -> None:
        binding = self._chosen()
        if binding is not None:
            self._shortcuts.reset(binding.name)
            self._on_row()

    def _put_all_back(self) -> None:
        self._shortcuts.reset()
        self._on_row()
