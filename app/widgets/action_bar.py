"""The slim bar at the top: opening and saving, undo, images, view and export within one reach."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QSlider, QToolBar, QToolButton, QWidget

from app.theme import icon

if TYPE_CHECKING:
    from app.main_window import MainWindow


class ActionBar(QToolBar):
    """Buttons of commands; the opacity slider and the position in the list of images are its own."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__("Actions", window)
        self._window, self._workspace = window, window.workspace
        self.setObjectName("action_bar")
        self.setMovable(False)
        self.setIconSize(QSize(18, 18))
        self.toggleViewAction().setVisible(False)
        self._add("open_folder")
        self._saved = self._add_saved()
        self.addSeparator()
        self._add("undo", "redo")
        self.addSeparator()
        self._add("previous_image")
        self._place = self._label("0000 / 0000", "Image of how many")
        self._add("next_image")
        self._gap()
        self._add("zoom_out")
        self._zoom = self._label("1000 %", "Zoom")
        self._add("zoom_in", "fit", "actual_size")
        self.addSeparator()
        self._add("hide_masks")
        self._opacity = self._add_opacity()
        self._add("mode_fill", "mode_outline", "mode_both", "mode_mask")
        self._gap()
        self._add("predict")
        self._add_export()
        self._follow()

    def _add(self, *names: str) -> None:
        for name in names:
            self.addAction(self._window.acts[name])

    def _label(self, widest: str, tip: str) -> QLabel:
        label = QLabel(self, toolTip=tip)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setMinimumWidth(label.fontMetrics().horizontalAdvance(widest) + 6)
        self.addWidget(label)
        return label

    def _gap(self) -> None:
        gap = QWidget(self)
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(gap)

    def _add_saved(self) -> QToolButton:
        button = QToolButton(self)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIcon(icon("save"))
        button.clicked.connect(self._window.acts["save"].trigger)
        button.setMinimumWidth(button.fontMetrics().horizontalAdvance("Unsaved changes") + 44)
        self.addWidget(button)
        return button

    def _add_opacity(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal, self)
        slider.setRange(0, 100)
        slider.setFixedWidth(96)
        slider.setAccessibleName("Opacity of the masks")
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        slider.setValue(round(100 * float(self._workspace.settings.get("view/opacity", 0.45))))
        slider.valueChanged.connect(self._on_opacity)
        self.addWidget(slider)
        self._show_opacity_tip(slider)
        return slider

    def _add_export(self) -> None:
        button = QPushButton(icon("export", "on_accent"), "Export", self)
        button.setProperty("accent", True)
        button.setToolTip(self._window.acts["export"].toolTip())
        button.clicked.connect(self._window.acts["export"].trigger)
        self._export = button
        self.addWidget(button)

    def _follow(self) -> None:
        workspace = self._workspace
        workspace.saved_changed.connect(self._show_saved)
        workspace.project_changed.connect(self._show_saved)
        workspace.project_changed.connect(self._show_place)
        workspace.document_changed.connect(self._show_place)
        workspace.settings.changed.connect(self._on_setting)
        self._window.furnished.connect(self._follow_canvas)

    def _follow_canvas(self) -> None:
        self._window.canvas.view_changed.connect(self._show_zoom)
        self._show_zoom()

    def _show_zoom(self) -> None:
        percent = self._window.canvas.scale * 100
        self._zoom.setText(f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %")

    def _show_place(self) -> None:
        project = self._workspace.project
        self._place.setText(f"{self._workspace.index + 1} / {len(project.images)}" if project else "")

    def _show_saved(self) -> None:
        self._saved.setText(self._workspace.saved_text())
        self._saved.setToolTip(self._window.acts["save"].toolTip())

    def _on_opacity(self, value: int) -> None:
        self._workspace.settings.set("view/opacity", value / 100)
        self._show_opacity_tip(self._opacity)

    def _on_setting(self, key: str) -> None:
        if key == "view/opacity":
            self._opacity.setValue(round(100 * float(self._workspace.settings.get(key, 0.45))))

    def _show_opacity_tip(self, slider: QSlider) -> None:
        slider.setToolTip(f"<b>Opacity of the masks</b>&nbsp;&nbsp;{slider.value()} %")
