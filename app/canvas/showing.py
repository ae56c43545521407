"""Keeps the canvas on the workspace's document: another image, changed pixels, another selection, or nothing to show."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from segcore.types import Box

if TYPE_CHECKING:
    from app.canvas.tiles import Pyramid
    from app.canvas.view import Canvas
    from app.document import Document
    from app.workspace import Workspace

PATIENCE_MS = 150
"""How long the last photo stays while the next one loads; shorter waits show no "Loading…" at all."""
NO_BOX: Box = (slice(0, 0), slice(0, 0))


class Showing(QObject):
    """Listens to the workspace and to the document that is shown, for one canvas."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas, self._workspace, self._scene = canvas, canvas.workspace, canvas.scene
        self.document: Document | None = None
        self._kept_view = canvas.view_state()
        self._last_error = ""
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._show_nothing)
        self._workspace.document_changed.connect(self.show_document)
        self._workspace.about_to_leave.connect(self._on_leave)
        self._workspace.classes_changed.connect(self._on_classes)
        self._workspace.said.connect(self._on_said)

    def words(self) -> str:
        """What to say in place of an image."""
        if self._workspace.loading:
            return f"Loading {self._workspace.loading}…"
        return self._last_error or "No image is open."

    def show_document(self) -> None:
        """Show the workspace's document, or wait a moment for the next one."""
        document, canvas = self._workspace.document, self._canvas
        if document is self.document and document is not None:
            return
        canvas.runner.cancel()
        self._follow(document)
        if document is None:
            if self._workspace.loading and self._scene.document is not None:
                self._patience.start()
            else:
                self._show_nothing()
            return
        self._patience.stop()
        self._last_error = ""
        self._scene.set_document(document, pyramid_of(self._workspace, document))
        kept = self._kept_view if self._workspace.settings.get("view/keep_zoom", False) else None
        canvas.show_shape(document.shape, kept)
        canvas.show_cursor()

    def _follow(self, document: Document | None) -> None:
        slots = (("changed", self._on_changed), ("regions_changed", self._on_regions), ("active_changed", self._on_active))
        for name, slot in slots:
            if self.document is not None:
                getattr(self.document, name).disconnect(slot)
            if document is not None:
                getattr(document, name).connect(slot)
        self.document = document

    def _show_nothing(self) -> None:
        self._scene.set_document(None, None)
        self._canvas.show_cursor()
        self._canvas.update()

    def _on_leave(self) -> None:
        self._canvas.runner.cancel()
        self._canvas.context.predictor.forget()
        self._kept_view = self._canvas.view_state()

    def _on_changed(self, box: Box) -> None:
        self._canvas.update_device(self._scene.mark(box))

    def _on_regions(self) -> None:
        self._on_changed(NO_BOX)

    def _on_active(self) -> None:
        self._scene.reselect()
        self._canvas.update()

    def _on_classes(self) -> None:
        self._scene.restyle()
        self._canvas.update()

    def _on_said(self, text: str, kind: str) -> None:
        if kind == "error":
            self._last_error = text


def pyramid_of(workspace: Workspace, document: Document) -> Pyramid:
    """The pyramid made when the photo was loaded, or a new one."""
    from app.canvas.tiles import Pyramid, build_pyramid
    loaded = workspace.cache.get(document.entry.name)
    if loaded is not None and isinstance(loaded.pyramid, Pyramid) and loaded.image.sha256 == document.image.sha256:
        return loaded.pyramid
    return build_pyramid(document.image.pixels)
