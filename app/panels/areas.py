"""How many pixels each region has, counted beside the window after every change; shared by the panels that show it."""
from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.document import Document
    from app.workspace import Workspace

PAUSE_MS = 120
"""Changes closer than this are counted together."""
STRIP = 4 << 20
"""Pixels per call: counts come as float32, which is exact up to 16 million."""


class RegionAreas(QObject):
    """Pixels per region of the open image. `changed` is emitted when new counts are there."""

    changed = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._document: Document | None = None
        self._counts: NDArray[np.int64] | None = None
        self._counting = False
        self._later = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._later.timeout.connect(self._count)
        workspace.document_changed.connect(self._on_document)
        self._on_document()

    @property
    def total(self) -> int:
        """Pixels of the image; 0 without one."""
        return self._document.annotation.region_map.size if self._document is not None else 0

    def area(self, region_id: int) -> int | None:
        """Pixels of a region, None while they are not counted yet; 0 is for the unlabelled ones."""
        return None if self._counts is None else int(self._counts[region_id])

    def _on_document(self) -> None:
        document = self._workspace.document
        if document is self._document:
            return
        if self._document is not None:
            self._document.committed.disconnect(self._on_commit)
        self._document, self._counts = document, None
        if document is not None:
            document.committed.connect(self._on_commit)
            self._later.start()
        else:
            self.changed.emit()     # an image that comes tells once, with its counts: lists are painted once per image

    def _on_commit(self, patch: object) -> None:
        self._later.start()

    def _count(self) -> None:
        if self._counting:
            self._later.start()
        elif self._document is not None:
            self._counting = True
            document, region_map = self._document, self._document.annotation.region_map
            self._workspace.jobs.call("Count pixels", lambda: count_pixels(region_map), quiet=True,
                                      on_done=lambda counts: self._counted(document, counts), on_error=self._failed)

    def _counted(self, document: Document, counts: NDArray[np.int64]) -> None:
        self._counting = False
        if document is self._document:
            self._counts = counts
            self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self._counting = False


def count_pixels(region_map: NDArray[np.uint16]) -> NDArray[np.int64]:
    """int64 (65536,): how often each id occurs in a uint16 (H, W) map."""
    import cv2
    import numpy as np
    counts = np.zeros(65536, np.int64)
    rows = max(1, STRIP // max(1, region_map.shape[1]))
    for top in range(0, region_map.shape[0], rows):
        strip = np.ascontiguousarray(region_map[top:top + rows])
        counts += cv2.calcHist([strip], [0], None, [65536], [0, 65536]).ravel().astype(np.int64)
    return counts


def areas_of(workspace: Workspace) -> RegionAreas:
    """The one counter of a workspace."""
    return workspace.findChild(RegionAreas) or RegionAreas(workspace)
