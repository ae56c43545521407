"""What can be done with a proposal: threshold, opacity, refining, and what accepting takes."""
from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.settings import Settings
from app.theme import icon
from app.widgets.param_form import ParamForm
from app.widgets.percent_slider import PercentSlider


class ProposalControls(QWidget):
    """Tells what the user wants through signals, and keeps the options in the settings.

    `options` say what accepting takes, `buttons` accept and discard; both are placed by whoever uses this.
    """

    threshold_changed = Signal(float)
    refine_wanted = Signal()
    refined_toggled = Signal(bool)
    accept_wanted = Signal()
    accept_class_wanted = Signal()
    discard_wanted = Signal()

    def __init__(self, refiner_params: type, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.threshold = PercentSlider("Threshold", "Pixels of which the network is less sure stay unlabelled",
                                       settings.get("model/threshold", 0.5))
        self.opacity = PercentSlider("Opacity", "How strongly the proposal covers the photo",
                                     settings.get("model/opacity", 0.5))
        self.form = ParamForm(refiner_params, settings.get("refiners/dense_crf", {}))
        self.refine = QPushButton(icon("refine"), "Refine with dense CRF")
        self.refine.setToolTip("<b>Refine</b>&nbsp;&nbsp;C<br>Makes the proposal follow the edges in the photo")
        self.refined = QCheckBox("Show the refined proposal")
        self.refined.setToolTip("Switch between the network's answer and the refined one; accepting takes what is shown")
        self.only_unlabelled = QCheckBox("Only unlabelled pixels", checked=bool(settings.get("model/only_unlabelled", True)))
        self.only_unlabelled.setToolTip("Off: labels that are not locked are replaced, those made by hand included")
        self.min_area = QSpinBox(maximum=10_000_000, singleStep=50, suffix=" px", specialValueText="Automatic",
                                 accessibleName="Smallest object", keyboardTracking=False)
        self.min_area.setValue(int(settings.get("model/min_area", 0)))
        self.min_area.setToolTip("Smaller parts do not become objects; automatic is 1/20,000 of the image")
        self.buttons, self.options = QWidget(), QWidget()
        self.accept = QPushButton("Accept all")
        self.accept.setProperty("accent", True)
        self.accept.setToolTip("<b>Accept all</b>&nbsp;&nbsp;Enter<br>Turns the proposal into regions, as one undo step")
        self.accept_class = QPushButton("Accept class", toolTip="Turns the selected classes of the table into regions")
        self.discard = QPushButton("Discard", toolTip="<b>Discard</b>&nbsp;&nbsp;Esc<br>Takes the proposal away")
        self._fold = self._make_fold()
        self._lay_out()
        self._connect()

    def params(self) -> dict[str, Any]:
        """The options of the refiner."""
        return self.form.values()

    def show_refined(self, available: bool, on: bool) -> None:
        """Offer to switch between the network's answer and the refined one, once there is one."""
        self.refined.setVisible(available)
        self.refined.setChecked(on)

    def _make_fold(self) -> QToolButton:
        fold = QToolButton(checkable=True, toolTip="Options of the dense CRF", accessibleName="Options of the dense CRF")
        fold.setIcon(icon("settings", "muted"))
        fold.setIconSize(QSize(16, 16))
        self.form.hide()
        for slider in self.form.findChildren(QSlider):
            slider.setMinimumWidth(30)      # long labels, narrow panel
        fold.toggled.connect(self.form.setVisible)
        return fold

    def _lay_out(self) -> None:
        refining = QHBoxLayout()
        refining.addWidget(self.refine, 1)
        refining.addWidget(self._fold)
        options = QGridLayout(self.options)
        options.setContentsMargins(0, 0, 0, 0)
        options.addWidget(self.only_unlabelled, 0, 0, 1, 2)
        label = QLabel("Smallest object", toolTip=self.min_area.toolTip())
        label.setBuddy(self.min_area)
        options.addWidget(label, 1, 0)
        options.addWidget(self.min_area, 1, 1)
        options.setColumnStretch(1, 1)
        accepting = QHBoxLayout(self.buttons)
        accepting.setContentsMargins(11, 7, 11, 9)
        accepting.setSpacing(6)
        accepting.addWidget(self.accept, 1)
        accepting.addWidget(self.accept_class)
        accepting.addWidget(self.discard)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for part in (self.threshold, self.opacity, refining, self.form, self.refined):
            layout.addWidget(part) if isinstance(part, QWidget) else layout.addLayout(part)

    def _connect(self) -> None:
        for name, signal in (("threshold", self.threshold.edited), ("opacity", self.opacity.edited),
                             ("only_unlabelled", self.only_unlabelled.toggled), ("min_area", self.min_area.valueChanged)):
            signal.connect(lambda value, name=name: self._settings.set(f"model/{name}", value))
        self.threshold.edited.connect(self.threshold_changed)
        self.form.changed.connect(self._keep_params)
        self.refine.clicked.connect(self.refine_wanted)
        self.refined.clicked.connect(self.refined_toggled)
        self.accept.clicked.connect(self.accept_wanted)
        self.accept_class.clicked.connect(self.accept_class_wanted)
        self.discard.clicked.connect(self.discard_wanted)
        for button in (self.refine, self.accept, self.accept_class, self.discard, self.refined):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)      # Enter and Esc stay with the canvas after a click

    def _keep_params(self) -> None:
        self._settings.set("refiners/dense_crf", self.params())
