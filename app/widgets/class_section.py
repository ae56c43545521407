"""The table of a network's classes with what it does: hiding classes, mapping them to the project's, adding missing ones."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.proposal_layer import plane_colors
from app.theme import icon
from app.widgets.class_map_table import ClassMapTable

if TYPE_CHECKING:
    from app.proposer import Proposer


class ClassSection(QWidget):
    """Follows the chosen network and the proposal on show."""

    def __init__(self, proposer: Proposer, attempt: Callable[[Callable[[], Any]], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._proposer, self._attempt, self._workspace = proposer, attempt, proposer.workspace
        self.table = ClassMapTable(self)
        self.add_missing = QPushButton(icon("plus"), "", self)
        self.add_missing.setToolTip("Adds the classes that the project does not have, and maps them")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.table)
        layout.addWidget(self.add_missing)
        self.table.shown_changed.connect(self._on_shown)
        self.table.mapped.connect(self._on_mapped)
        self.table.add_wanted.connect(self._on_add)
        self.add_missing.clicked.connect(self._on_add_missing)
        proposer.changed.connect(self.refresh)
        self._workspace.proposal_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the network's classes anew."""
        card, proposal, project = self._proposer.card, self._workspace.proposal, self._workspace.project
        self.setVisible(card is not None and project is not None)
        if card is None or project is None:
            return
        mapping = self._proposer.classes.mapping(card)
        matches = proposal is not None and proposal.names == tuple(card.class_names)
        shares = list(proposal.shares()) if proposal is not None and matches else None
        colors = plane_colors([c.color for c in card.classes], mapping, {c.id: c.color for c in project.classes})
        self.table.set_rows(card.class_names, colors, mapping, project.classes, proposal.hidden if proposal else set(), shares)
        missing = len(self._missing())
        self.add_missing.setVisible(missing > 0)
        self.add_missing.setText(f"Add the {missing} missing classes" if missing > 1 else "Add the missing class")

    def refresh_shares(self) -> None:
        """Show the shares at the present threshold, without moving rows."""
        if self._workspace.proposal is not None:
            self.table.set_shares(list(self._workspace.proposal.shares()))

    def _missing(self) -> list[int]:
        """Planes without a class that the user has not chosen to ignore."""
        card = self._proposer.card
        return self._proposer.classes.missing(card) if card is not None else []

    def _on_shown(self, plane: int, shown: bool) -> None:
        proposal = self._workspace.proposal
        if proposal is not None:
            (proposal.hidden.discard if shown else proposal.hidden.add)(plane)
        self._workspace.proposal_changed.emit()

    def _on_mapped(self, plane: int, class_id: int | None) -> None:
        card = self._proposer.card
        if card is not None:
            self._proposer.classes.set(card, plane, class_id)
            self._proposer.remap()

    def _on_add(self, plane: int) -> None:
        self._attempt(lambda: self._add([plane]))

    def _on_add_missing(self) -> None:
        self._attempt(lambda: self._add(self._missing()))

    def _add(self, planes: Sequence[int]) -> None:
        card = self._proposer.card
        if card is not None:
            self._proposer.classes.add(card, planes)
            self._proposer.remap()
