"""Which image to label next: the one of which the network is least sure, since its labels will teach it most."""
from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.evaluation_run import Score
from app.proposer import predict_planes
from app.worker_wire import Kept
from segcore.errors import ModelError, SegcoreError
from segcore.types import Progress

if TYPE_CHECKING:
    from app.workspace import Workspace
    from segcore.model_zoo import ModelCard
    from segcore.project import ImageEntry, Project


@dataclass
class Queue:
    """Images without labels by how unsure the network is of them, 0..1, most unsure first; and those that failed, and why."""

    network: str
    scores: list[Score] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)

    def text(self) -> str:
        """One sentence for the user."""
        failed = f" {len(self.failed)} could not be read ({self.failed[0][0]}: {self.failed[0][1].rstrip('.')})." \
            if self.failed else ""
        return f"{self.network} is least sure of the images at the top: label those first.{failed}"


def uncertainty(planes: NDArray[Any]) -> float:
    """The mean entropy of probabilities (C, h, w), as a share of the largest possible one: 0 sure, 1 no idea."""
    prob = np.clip(planes.astype(np.float32), 1e-6, 1)
    entropy = -(prob * np.log(prob)).sum(axis=0)
    return float(np.clip(entropy.mean() / np.log(max(2, len(planes))), 0, 1))


def rank(workspace: Workspace, project: Project, card: ModelCard,
         entries: Sequence[ImageEntry]) -> Generator[Progress, None, Queue]:
    """Let a network look at these images and order them; one that fails is noted and the rest goes on.

    For the thread of a job. Raises ModelError when no image could be looked at.
    """
    queue = Queue(card.title or card.name)
    for done, entry in enumerate(entries):
        yield Progress(done, len(entries), entry.name)
        try:
            for _ in _look(workspace, project, card, entry, queue):
                yield Progress(done, len(entries), entry.name)
        except SegcoreError as error:
            if workspace.worker.given_up:
                raise
            queue.failed.append((entry.name, error.message))
    if not queue.scores:
        raise ModelError("No image could be looked at.", queue.failed[0][1] if queue.failed else "All have labels already.")
    queue.scores.sort(key=lambda score: (-score.value, score.name))
    return queue


def _look(workspace: Workspace, project: Project, card: ModelCard, entry: ImageEntry,
          queue: Queue) -> Generator[Any, None, None]:
    image = project.read_image(entry)
    planes, _ = yield from predict_planes(workspace, card, Kept(image.sha256 or entry.name, image.pixels), entry.name)
    queue.scores.append(Score(entry.name, uncertainty(planes)))
