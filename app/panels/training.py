"""The panel that trains: choose a network, where it starts and how long it learns; watch the curves; stop and keep."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.panels import Panel
from app.theme import icon
from app.training_run import Recipe, TrainingRun, free_name, time_text
from app.widgets.param_form import ParamForm, rule
from app.widgets.picture import Picture
from app.widgets.plot import Curve, Plot
from segcore.model_zoo import ModelCard, list_models
from segcore.models import MODELS

if TYPE_CHECKING:
    from app.main_window import MainWindow

EMPTY = "No image has labels yet. Label two or more, and a network can learn from them."
READ_ONLY = "This project is read only here, so no network can be trained in it."


class TrainingPanel(Panel):
    """Networks learn from your labels, while you go on labelling."""

    name = "training"
    title = "Train"
    icon = "train"
    order = 60
    tab_with = "model"
    height_share = 420

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.run = TrainingRun(self.workspace)
        self.network = QComboBox(accessibleName="Network", toolTip="What is trained")
        for cls in MODELS:
            self.network.addItem(cls.title, cls.name)
            self.network.setItemData(self.network.count() - 1, f"{cls.summary()}\n{cls.paper}", Qt.ItemDataRole.ToolTipRole)
        self.begin = QComboBox(accessibleName="Start from", toolTip="A trained network learns new classes much faster")
        for box in (self.network, self.begin):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(12)
        self.title_edit = QLineEdit(accessibleName="Name", toolTip="How the trained network is called")
        self.hint, self.outcome, self.progress = (QLabel(wordWrap=True) for _ in range(3))
        for label in (self.hint, self.progress):
            label.setProperty("role", "muted")
        self.button = QPushButton(icon("play", "on_accent"), "Train")
        self.button.setProperty("accent", True)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.stop_button = QPushButton(icon("stop"), "Stop and keep", toolTip="Ends the training; the best network is kept")
        self.bar = QProgressBar(textVisible=False, accessibleName="Progress of the training")
        self.plot, self.picture = Plot("The curves appear with the first steps."), Picture()
        self.picture.setMinimumSize(180, 90)
        self.picture.setToolTip("An image under its labels, and under what the network says of it")
        self.recipe = ParamForm(Recipe, self.workspace.settings.get("training/recipe", {}))
        self.options: ParamForm | None = None
        self._setup = QWidget(self, objectName="form")
        self._lay_out()
        self._connect()
        self._on_network()
        self._on_project()

    def start(self) -> None:
        """Begin to train, or go on where a training of this name was stopped."""
        values = self.recipe.values()
        card = self.begin.currentData()
        values |= {"seconds": 60 * values.pop("minutes"), "model": self.network.currentData()}
        values |= from_card(card) if card is not None else {"network": as_text(self.options.values() if self.options else {})}
        self.run.start(self.title_edit.text().strip(), values)

    def stop(self) -> None:
        """End the training and keep what it has learned."""
        self.run.stop()

    # within

    def _attempt(self, action: Callable[[], Any]) -> None:
        self.window_.attempt(lambda window: action())

    def _lay_out(self) -> None:
        content = QWidget(self, objectName="form")
        layout = QVBoxLayout(content)
        layout.setContentsMargins(11, 8, 11, 11)
        layout.setSpacing(8)
        rows = QFormLayout()
        rows.setHorizontalSpacing(10)
        rows.setVerticalSpacing(7)
        for text, widget in (("Network", self.network), ("Start from", self.begin), ("Name", self.title_edit)):
            rows.addRow(text, widget)
        setup = QVBoxLayout(self._setup)
        setup.setContentsMargins(0, 0, 0, 0)
        setup.setSpacing(8)
        setup.addLayout(rows)
        self._options_place = QVBoxLayout()
        for part in (self.hint, self.button):
            layout.addWidget(part)
        for part in (self.stop_button, self.bar, self.progress, self.outcome, self.plot, self.picture, self._setup):
            layout.addWidget(part)
        setup.addWidget(self.recipe)
        self._rule = rule()
        setup.addWidget(self._rule)
        setup.addLayout(self._options_place)
        layout.addStretch(1)
        area = QScrollArea(self, widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)

    def _connect(self) -> None:
        workspace = self.workspace
        self.button.clicked.connect(lambda: self._attempt(self.start))
        self.stop_button.clicked.connect(lambda: self._attempt(self.stop))
        self.network.currentIndexChanged.connect(self._on_network)
        self.begin.currentIndexChanged.connect(self._on_begin)
        self.recipe.changed.connect(lambda *_: workspace.settings.set("training/recipe", self.recipe.values()))
        self.run.changed.connect(self._show_run)
        workspace.project_changed.connect(self._on_project)
        workspace.networks_changed.connect(self._list_starts)
        workspace.entry_changed.connect(lambda _: self._show_run() if self.isVisible() else None)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._show_run()

    def _on_project(self) -> None:
        self._list_starts()
        self._suggest_name()
        if self.isVisible():
            self._show_run()    # otherwise when it is shown: it asks every image whether it has labels

    def _on_network(self) -> None:
        self._list_starts()
        self._suggest_name()

    def _list_starts(self) -> None:
        """Trained networks of the chosen kind; what was chosen stays chosen, else the first is."""
        project, before = self.workspace.project, self.begin.currentText()
        self.begin.blockSignals(True)
        self.begin.clear()
        for card in list_models(project.folder if project else None):
            if card.model == self.network.currentData():
                self.begin.addItem(card.title or card.name, card)
        self.begin.addItem("Nothing: random weights", None)
        self.begin.setCurrentIndex(max(0, self.begin.findText(before)))
        self.begin.blockSignals(False)
        self._on_begin()

    def _on_begin(self) -> None:
        """A network that starts from another has its options; otherwise they can be chosen."""
        if self.options is not None:
            self.options.deleteLater()
            self.options = None
        params = MODELS[self.network.currentData()].Params if self.network.count() else None
        if params is not None and self.begin.currentData() is None and getattr(params, "__dataclass_fields__", {}):
            self.options = ParamForm(params)
            self._options_place.addWidget(self.options)
        self._rule.setVisible(self.options is not None)

    def _suggest_name(self) -> None:
        project = self.workspace.project
        if project is not None and self.network.count():
            self.title_edit.setText(free_name(project.folder, self.network.currentData()))

    def _show_run(self) -> None:
        run, record = self.run, self.run.record
        running = run.job is not None
        if record.finished and self.title_edit.text() == record.name:
            self._suggest_name()
        reason, facts = self._readiness()
        self._setup.setHidden(running)
        self.button.setHidden(running)
        self.button.setEnabled(not reason)
        self.hint.setText("\n".join(record.notices) if running else reason or facts)
        self.hint.setHidden(not self.hint.text())
        for part in (self.stop_button, self.bar, self.progress):
            part.setVisible(running)
        self.stop_button.setEnabled(running and not run.stopping)
        self.bar.setRange(0, 1000 if record.fraction and not run.stopping else 0)
        self.bar.setValue(int(1000 * record.fraction))
        left = None if run.stopping else record.seconds_left()
        self.progress.setText(record.message + (f" · {time_text(left)} left" if left is not None else ""))
        self.outcome.setText(record.outcome)
        self.outcome.setVisible(bool(record.outcome) and not running)
        self.plot.setVisible(running or bool(record.losses))
        self.plot.show_curves(curves_of(record.losses, record.scores))
        self.picture.setVisible(record.picture is not None)
        if record.picture is not None:
            height, width = record.picture.shape[:2]
            self.picture.setFixedHeight(round(self.plot.width() * height / width))
            self.picture.set_pixels(record.picture)

    def _readiness(self) -> tuple[str, str]:
        """Why training cannot begin, and what there is to train on."""
        project = self.workspace.project
        if project is None:
            return "Open a project to train a network on its labels.", ""
        labelled = [entry for entry in project.images if project.has_annotation(entry)]
        if project.read_only or not labelled:
            return (READ_ONLY if project.read_only else EMPTY), ""
        held = sum(entry.split == "val" for entry in labelled)
        share = f"{held} of them to measure on." if held else "a fifth of them held back to measure on." \
            if len(labelled) >= 5 else "all of them to learn from and to measure on."
        return "", f"{len(labelled)} of {len(project.images)} images are labelled, {share}"


def from_card(card: ModelCard) -> dict[str, Any]:
    """The fields of the recipe that follow from the network to start from."""
    # What it has learned to see is worth keeping: the encoder learns more slowly.
    return {"start": str(card.weights_path), "network": as_text(card.params), "encoder_lr": 0.3}


def as_text(options: dict[str, Any]) -> str:
    """Options of a network as the recipe writes them."""
    return " ".join(f"{name}={value}" for name, value in options.items())


def curves_of(losses: list[tuple[float, float]], scores: list[tuple[float, float]]) -> list[Curve]:
    """Loss on the left scale, mean IoU in per cent on the right."""
    return [Curve("loss", losses, "warning", smooth=True, low=0.0),
            Curve("mean IoU", scores, "accent", right=True, low=0.0, high=1.0, text=lambda value: f"{100 * value:.0f} %")]
