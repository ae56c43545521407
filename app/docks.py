"""The panels around the canvas: where they stand, which share a place as tabs, and how that is remembered."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QDockWidget, QTabBar, QTabWidget, QWidget

from app.panels import Panel, all_panels
from app.theme import icon

if TYPE_CHECKING:
    from app.main_window import MainWindow

AREAS = {"left": Qt.DockWidgetArea.LeftDockWidgetArea, "right": Qt.DockWidgetArea.RightDockWidgetArea,
         "bottom": Qt.DockWidgetArea.BottomDockWidgetArea}
WIDTH = 320
ROOM = 0.5
"""Share of the window's height that a panel may take when it is brought to the front."""
MOST_ICONS = 3
"""With more tabs than this there is room for their names only."""
LAYOUT_VERSION = 2
BUSY_AFTER_MS, QUIET_AFTER_MS = 300, 1200


class Dock(QDockWidget):
    """Holds one panel."""

    def __init__(self, panel: type[Panel], window: MainWindow) -> None:
        super().__init__(panel.title, window)
        self.setObjectName(f"dock_{panel.name}")
        self.setWindowIcon(icon(panel.icon))
        self.panel = panel(window)
        self.setWidget(self.panel)
        self._untitled = QWidget(self)

    def set_titled(self, titled: bool) -> None:
        """Show the title bar, or not: a tab already says what the panel is."""
        if titled and self.titleBarWidget() is not None:
            self.setTitleBarWidget(None)  # type: ignore[arg-type]
        elif not titled and self.titleBarWidget() is None:
            self.setTitleBarWidget(self._untitled)


class Docks(QObject):
    """Makes a dock per registered panel. The panel of jobs is there only while something runs."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._docks: dict[str, Dock] = {}
        self._wanted: dict[str, bool] = {}
        self._shown = self._fresh = False
        window.setDockNestingEnabled(True)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self._tidy_later = QTimer(self, singleShot=True, interval=0)
        self._tidy_later.timeout.connect(self._tidy)
        self._busy = QTimer(self, singleShot=True)
        self._busy.timeout.connect(self._show_jobs)
        for panel in all_panels():
            try:
                self._add(panel)
            except Exception as error:  # noqa: BLE001 - one broken panel must not cost the window
                window.workspace.report(error)
        self._window.workspace.jobs.changed.connect(self._on_jobs)

    def panel(self, name: str) -> QWidget:
        """The panel of that name."""
        return self._docks[name].panel

    def reveal(self, name: str) -> None:
        """Show a panel in front of the others in its place, with room to work in even on a small screen."""
        dock = self._docks[name]
        dock.show()
        dock.raise_()
        QTimer.singleShot(0, self, lambda: self._make_room(dock))

    def _make_room(self, dock: Dock) -> None:
        wanted = min(dock.panel.height_share, int(ROOM * self._window.height()))
        if not dock.isFloating() and dock.height() < wanted:
            others = [d for d in self._docks.values()
                      if d is not dock and d.x() == dock.x() and not d.visibleRegion().isEmpty()]
            rest = (sum(d.height() for d in others) + dock.height() - wanted) // max(1, len(others))
            self._window.resizeDocks([dock, *others], [wanted, *[rest] * len(others)], Qt.Orientation.Vertical)

    def view_actions(self) -> list[QAction]:
        """One checkable action per panel, for the View menu."""
        return [dock.toggleViewAction() for name, dock in self._docks.items() if name != "jobs"]

    def set_visible(self, visible: bool) -> None:
        """Hide every panel while no project is open, and bring back those that were there."""
        if visible == self._shown:
            return
        if not visible:
            self._wanted = {name: not dock.isHidden() for name, dock in self._docks.items()}
        self._shown = visible
        for name, dock in self._docks.items():
            dock.setVisible(visible and name != "jobs" and self._wanted.get(name, True))
        if visible:
            self._raise_first()
            if self._fresh:
                # Sizes count only for docks that have been laid out.
                QTimer.singleShot(0, self, self._share_out)
        self._tidy_later.start()

    def restore(self) -> None:
        """Bring back the layout of the last session."""
        settings = self._window.workspace.settings
        state = settings.get("window/layout", "")
        if state and self._window.restoreState(QByteArray.fromBase64(state.encode()), LAYOUT_VERSION):
            self._wanted = {name: not dock.isHidden() for name, dock in self._docks.items()}
        else:
            self.reset()
        for dock in self._docks.values():
            dock.hide()

    def reset(self) -> None:
        """The layout of the first start: one column at the right, panels that belong together as tabs."""
        window = self._window
        for dock in self._docks.values():
            dock.setFloating(False)
            window.addDockWidget(AREAS[dock.panel.area], dock)
            partner = self._docks.get(dock.panel.tab_with)
            if partner is not None:
                window.tabifyDockWidget(partner, dock)
        self._wanted = {}
        self._fresh = True

    def start_over(self) -> None:
        """Put every panel back where it was at the first start."""
        self.reset()
        self._shown = False
        self.set_visible(True)

    def remember(self) -> None:
        """Store the layout, if panels are on show; without a project the last one stays as it was."""
        if self._shown:
            state = self._window.saveState(LAYOUT_VERSION)
            self._window.workspace.settings.set("window/layout", bytes(state.toBase64()).decode())

    def _add(self, panel: type[Panel]) -> None:
        dock = Dock(panel, self._window)
        self._window.addDockWidget(AREAS[panel.area], dock)
        dock.visibilityChanged.connect(self._tidy_later.start)
        dock.topLevelChanged.connect(self._tidy_later.start)
        dock.dockLocationChanged.connect(self._tidy_later.start)
        self._docks[panel.name] = dock

    def _raise_first(self) -> None:
        for name, dock in self._docks.items():
            if not dock.panel.tab_with and name != "jobs" and not dock.isHidden():
                dock.raise_()

    def _share_out(self) -> None:
        """Give every column its width, and its panels the heights that they ask for."""
        self._fresh = False
        for area in {dock.panel.area for dock in self._docks.values()}:
            docks = [d for d in self._docks.values() if d.panel.area == area and not d.panel.tab_with and d.isVisible()]
            self._window.resizeDocks(docks, [WIDTH] * len(docks), Qt.Orientation.Horizontal)
            self._window.resizeDocks(docks, [d.panel.height_share for d in docks], Qt.Orientation.Vertical)

    def _tidy(self) -> None:
        for dock in self._docks.values():
            tabs = [d for d in self._window.tabifiedDockWidgets(dock) if not d.isHidden()]
            dock.set_titled(dock.isFloating() or not tabs)
        for bar in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            bar.setExpanding(False)
            for index in range(bar.count() if bar.count() > MOST_ICONS else 0):
                bar.setTabIcon(index, QIcon())
            bar.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _on_jobs(self) -> None:
        running = any(not job.quiet for job in self._window.workspace.jobs.running)
        dock = self._docks.get("jobs")
        if dock is not None and running == dock.isHidden():
            if not self._busy.isActive():
                self._busy.start(BUSY_AFTER_MS if running else QUIET_AFTER_MS)
        else:
            self._busy.stop()

    def _show_jobs(self) -> None:
        running = any(not job.quiet for job in self._window.workspace.jobs.running)
        self._docks["jobs"].setVisible(running and self._shown)
