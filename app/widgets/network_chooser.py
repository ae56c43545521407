"""The list of networks, what is known of the chosen one, and the device that networks run on."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.theme import icon

if TYPE_CHECKING:
    from app.proposer import Proposer
    from segcore.model_zoo import ModelCard

OPEN_FILE = "open"


class NetworkChooser(QWidget):
    """Shows and changes `proposer.card`, and follows the worker process. The list may be placed elsewhere than the words."""

    def __init__(self, proposer: Proposer, attempt: Callable[[Callable[[], Any]], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._proposer, self._attempt, self._worker = proposer, attempt, proposer.workspace.worker
        self.list = QComboBox(accessibleName="Network", toolTip="The network that proposes labels")
        self.list.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.list.setMinimumContentsLength(12)
        self.list.activated.connect(self._activated)
        self.details, self.device = QLabel(self, wordWrap=True), QLabel(self, wordWrap=True)
        for label in (self.details, self.device):
            label.setProperty("role", "muted")
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.restart = QToolButton(self, text="Start again", toolTip="Start the worker process again")
        self.restart.setIcon(icon("reset"))
        self.restart.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.restart.clicked.connect(self._restart)
        self.restart.hide()
        self._lay_out()
        proposer.changed.connect(self.show_cards)
        self._worker.device_changed.connect(self._show_device)
        self._worker.stopped_unasked.connect(self._on_stopped)
        self._show_device(self._worker.device)
        self.show_cards()

    def show_cards(self) -> None:
        """List the networks there are."""
        cards = self._proposer.cards
        self.list.clear()
        for card in cards:
            self.list.addItem(icon("model"), card.title or card.name, card)
            self.list.setItemData(self.list.count() - 1, details(card), Qt.ItemDataRole.ToolTipRole)
        self.list.insertSeparator(self.list.count())
        self.list.addItem(icon("open"), "Open a file of weights…", OPEN_FILE)
        self._show_chosen()

    def open_file(self, path: str) -> None:
        """Add a network from its file of weights and choose it; what is wrong with the file is told."""
        self._attempt(lambda: self._proposer.open_file(path))

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.addWidget(self.device, 1)
        line.addWidget(self.restart)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self.details)
        layout.addLayout(line)

    def _activated(self) -> None:
        data = self.list.currentData()
        self._show_chosen()     # until it is known that the file can be used
        if data == OPEN_FILE:
            path, _ = QFileDialog.getOpenFileName(self, "Open weights", "", "Weights (*.safetensors *.pt *.pth);;All files (*)")
            if path:
                self.open_file(path)
        elif data is not None:
            self._proposer.choose(data)

    def _show_chosen(self) -> None:
        card = self._proposer.card
        if card is None:
            self.list.setCurrentIndex(-1)
            self.details.setText("No network is installed. Open a file of weights, or train one.")
            return
        self.list.setCurrentIndex(self._proposer.cards.index(card))
        self.details.setText(facts(card))
        self.details.setToolTip(details(card))

    def _show_device(self, words: str) -> None:
        self.device.setText(f"Runs on: {words}" if words else "Runs on: found out at the first prediction")
        self.restart.hide()

    def _on_stopped(self, sentence: str) -> None:
        self._proposer.workspace.say(sentence, "warning")
        if self._worker.given_up:
            self.device.setText("Networks cannot run: the worker process keeps stopping.")
            self.restart.show()

    def _restart(self) -> None:
        self._worker.restart()
        self._show_device("")


def facts(card: ModelCard) -> str:
    """What matters of a card, in one line."""
    found = [f"{len(card.classes)} classes"]
    if card.bytes:
        found.append(f"{card.bytes / 1e6:.1f} MB")
    figure = next((v for k, v in card.figures.items() if "mean_iou" in k and isinstance(v, int | float)), None)
    if figure is not None:
        found.append(f"mean IoU {100 * figure if figure <= 1 else figure:.1f} %")
    if "not for commercial use" in card.licence:
        found.append("not for commercial use")
    return " · ".join(found)


def details(card: ModelCard) -> str:
    """All that a card says, in a few lines."""
    return "\n".join(line for line in (facts(card), card.data and f"Trained on {card.data}", card.licence) if line)
