"""The window: places canvas, bars and panels, and hands every command to the one who does it. No behaviour of its own."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QWidget

from app import recent
from app.actions import Actions
from app.dialogs import Dialogs
from app.view_settings import ViewSettings
from app.widgets.action_bar import ActionBar
from app.widgets.stage import Stage
from app.widgets.start_page import StartPage
from app.widgets.status_bar import StatusBar
from app.window_frame import WindowFrame

if TYPE_CHECKING:
    from app.canvas.view import Canvas
    from app.docks import Docks
    from app.workspace import Workspace

FURNISH_MS = 150


def load_decoders() -> None:
    """Import what reading a photo takes, in a thread, so that the first one opens as fast as the next."""
    import cv2  # noqa: F401
    from PIL import Image
    Image.preinit()


class MainWindow(QMainWindow):
    """Start page first; canvas, tools and panels are made when the first project opens, or soon after the first paint."""

    painted = Signal()          # once: everything that is not needed to show the window may be loaded now
    furnished = Signal()        # once: canvas, tools and panels are there

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace = workspace
        self.dialogs = Dialogs(self)
        self.view = ViewSettings(self)
        self._canvas: Canvas | None = None
        self.docks: Docks | None = None
        self._is_painted = False
        self.frame = WindowFrame(self)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.acts = Actions(self)
        self.acts.fill(self.menuBar())
        self.action_bar = ActionBar(self)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.action_bar)
        self.start_page = StartPage(self)
        self.stage = Stage(self.start_page, self)
        self.setCentralWidget(self.stage)
        self.setStatusBar(StatusBar(self))
        self._follow()
        self.acts.refresh_now()
        self.set_workbench_visible(False)

    @property
    def canvas(self) -> Canvas:
        """Where the photo is shown; made at first use."""
        self.furnish()
        assert self._canvas is not None
        return self._canvas

    @property
    def has_canvas(self) -> bool:
        """True once there is a canvas."""
        return self._canvas is not None

    def started(self) -> None:
        """The event loop runs: keep a log, word what nobody catches, and make the rest of the window after its first paint."""
        from app import messages
        messages.start_log()
        messages.catch_unexpected(lambda text: self.workspace.say(text, "error"))
        self.when_painted(lambda: QTimer.singleShot(FURNISH_MS, self.furnish))
        self.furnished.connect(lambda: self.workspace.jobs.call("Load the decoders", load_decoders, lane="image", quiet=True))

    def when_painted(self, action: Callable[[], Any]) -> None:
        """Do something as soon as the window has been seen."""
        if self._is_painted:
            action()
        else:
            self.painted.connect(action)

    def run(self, name: str) -> None:
        """Run a command by its name; a failure is told in the window."""
        from app.commands import all_commands
        command = next(c for c in all_commands() if c.name == name)
        if command.enabled is None or command.enabled(self):
            self.attempt(command.run)

    def attempt(self, action: Callable[[MainWindow], Any]) -> None:
        """Do something to the window; a failure becomes a sentence in it."""
        try:
            action(self)
        except Exception as error:  # noqa: BLE001 - a command may fail in any way; the user is told
            self.workspace.report(error)
        self.acts.refresh()

    def set_tool(self, name: str) -> None:
        """Take a tool into the hand, with the options it had last."""
        from app.tools import TOOLS
        cls = TOOLS[name]
        stored = self.workspace.settings.get(f"tools/{name}", {})
        try:
            tool = cls(**stored)
        except Exception:  # noqa: BLE001 - options of an older version: the defaults will do
            tool = cls()
        self.canvas.set_tool(tool)
        self.workspace.settings.set("tools/last", name)

    def panel(self, name: str) -> QWidget:
        """The panel of that name."""
        self.furnish()
        assert self.docks is not None
        return self.docks.panel(name)

    def furnish(self) -> None:
        """Make canvas, tools and panels, once."""
        if self._canvas is not None:
            return
        from app.canvas.view import Canvas
        from app.docks import Docks
        from app.widgets.tool_bar import ToolBar
        self._canvas = Canvas(self.workspace)
        self.stage.set_canvas(self._canvas)
        self.acts.put_on_canvas(self._canvas)
        self.tool_bar = ToolBar(self)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.tool_bar)
        self.docks = Docks(self)
        self._canvas.tool_changed.connect(self.acts.show_tool)
        self.docks.restore()
        self.furnished.emit()
        self.set_workbench_visible(self.workspace.project is not None)
        self._choose_first_tool()

    def set_workbench_visible(self, visible: bool) -> None:
        """Show canvas, tools and panels, or the start page alone."""
        self.action_bar.setVisible(visible)
        if self.docks is not None:
            self.tool_bar.setVisible(visible)
            self.docks.set_visible(visible)
        self.stage.show_canvas(visible)
        self.statusBar().setVisible(visible)

    def change_tool_params(self, **values: Any) -> None:
        """Change options of the tool in hand and remember them."""
        name = self.canvas.tool.name
        stored = {**self.workspace.settings.get(f"tools/{name}", {}), **values}
        self.workspace.settings.set(f"tools/{name}", stored)

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self.painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.frame.may_close():
            event.ignore()
            return
        self.frame.remember_size()
        if self.docks is not None:
            self.docks.remember()
        self.workspace.shutdown()
        event.accept()

    # within

    def _follow(self) -> None:
        workspace = self.workspace
        workspace.project_changed.connect(self._on_project)
        workspace.said.connect(self._on_said)
        workspace.recovery_found.connect(self._on_recovery)

    def _on_project(self) -> None:
        project = self.workspace.project
        if project is None:
            self.set_workbench_visible(False)
            return
        self.furnish()
        recent.remember(self.workspace.settings, project)
        # In a turn of its own: with a project of 10,000 images both together would hold up the window noticeably.
        QTimer.singleShot(0, self._show_workbench)

    def _show_workbench(self) -> None:
        self.set_workbench_visible(self.workspace.project is not None)

    def _on_said(self, text: str, kind: str) -> None:
        if kind in ("error", "warning"):
            self.stage.banner.show_text(text, kind)
        else:
            self.statusBar().say(text, kind)  # type: ignore[attr-defined]

    def _on_recovery(self, recovered: Any) -> None:
        self.dialogs.show("recover", recovered=recovered)

    def _choose_first_tool(self) -> None:
        from app.tools import TOOLS
        names = [tool.name for tool in TOOLS]
        last = self.workspace.settings.get("tools/last", "brush")
        if names:
            self.set_tool(last if last in names else names[0])
