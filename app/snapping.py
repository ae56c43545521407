"""One key for "fix my edge": the selected region's boundary falls onto the edges beside it, as one undo step."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segcore.types import Prediction, Prompt

if TYPE_CHECKING:
    from app.document import Document
    from app.workspace import Workspace

TITLE = "Snap to edges"


def snap_region(workspace: Workspace) -> None:
    """Re-cut a band round the selected region's boundary; dropped when the labels changed before the answer came."""
    document = workspace.document
    region = document.annotation.regions.get(document.active_region) if document else None
    if document is None or region is None:
        workspace.say("Select a region first.")
        return
    if region.locked:
        workspace.say("The selected region is locked.", "warning")
        return
    mask, revision, pixels = document.annotation.region_map == region.id, document.revision, document.image.pixels

    def answer() -> Prediction:
        from segcore.segmenters import SEGMENTERS
        segmenter = SEGMENTERS["snap"]()
        segmenter.set_image(pixels)
        return segmenter.predict(Prompt(prior=mask.astype(np.float32)))

    def paint(prediction: Prediction) -> None:
        if workspace.document is not document or document.revision != revision:
            workspace.say("The labels changed meanwhile, so the boundary was left alone.")
            return
        try:
            moved = _paint(document, region.id, mask, prediction.mask)
        except Exception as error:  # noqa: BLE001 - told to the user as any failed command
            workspace.report(error)
            return
        workspace.say(prediction.message or (f"The boundary moved over {moved:,} pixels." if moved else
                                             "The boundary is on its edges already."))
    workspace.jobs.call(TITLE, answer, lane="cut", on_done=paint, on_error=workspace.report)


def _paint(document: Document, region_id: int, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> int:
    """Give and take the pixels in which two masks differ; returns how many."""
    from segcore import masks

    bounds = masks.bounding_box(before != after)
    if bounds is None:
        return 0
    box = (slice(bounds[1], bounds[3]), slice(bounds[0], bounds[2]))
    with document.edit(TITLE) as edit:
        edit.paint(box, before[box] & ~after[box], 0, over={region_id})
        edit.paint(box, after[box] & ~before[box], region_id)
    return int((before[box] != after[box]).sum())
