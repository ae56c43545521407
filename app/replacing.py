"""Putting another annotation in place of the open one, as one undo step."""
from __future__ import annotations

import numpy as np

from app.document import Document
from segcore.errors import ProjectError
from segcore.history import TILE
from segcore.types import Annotation


def replace_annotation(document: Document, annotation: Annotation, title: str) -> None:
    """Make the document's labels equal to `annotation`; raises ProjectError when it is of another size."""
    if annotation.shape != document.shape:
        raise ProjectError(f"Those labels are for {annotation.shape[1]}×{annotation.shape[0]} pixels, the image has "
                           f"{document.shape[1]}×{document.shape[0]}.")
    with document.edit(title) as edit:
        for region_id in list(edit.regions):
            edit.remove_region(region_id)
        for region in annotation.regions.values():
            edit.set_region(region)
        height, width = annotation.shape
        for y in range(0, height, TILE):
            for x in range(0, width, TILE):
                box = (slice(y, min(y + TILE, height)), slice(x, min(x + TILE, width)))
                area = annotation.region_map[box]
                for region_id in np.unique(area).tolist():
                    if region_id in annotation.regions:
                        # Everything was unlabelled first, so no policy and no lock stands in the way.
                        edit.paint(box, area == region_id, region_id)
    document.select(0)
