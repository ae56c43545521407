"""Compares what a network says with the labels that are there, image by image. The network runs in the worker."""
from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.proposer import predict_planes
from app.training_run import wait_for_labels
from app.worker_wire import Kept
from segcore.errors import ModelError, SegcoreError
from segcore.types import VOID, LabelClass, Progress

if TYPE_CHECKING:
    from app.workspace import Workspace
    from segcore.model_zoo import ModelCard
    from segcore.project import ImageEntry, Project

WHICH = {"": "All labelled images", "val": "Labelled images of the val split", "test": "Labelled images of the test split",
         "train": "Labelled images of the train split", "unlabelled": "Images without labels: which to label next"}


@dataclass
class Score:
    """A figure 0..1 of one image: its mean IoU over the classes in its labels or prediction, or how unsure a network is."""

    name: str
    value: float


@dataclass
class Evaluation:
    """What an evaluation has found so far.

    `matrix` int64 (C, C + 1) counts labelled pixels by the class of their label and, in columns, that of the prediction; the
    last column is what the network took for no class of the project.
    """

    network: str
    classes: Sequence[LabelClass]
    matrix: NDArray[np.int64] = field(init=False)
    scores: list[Score] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.matrix = np.zeros((len(self.classes), len(self.classes) + 1), np.int64)

    def add(self, name: str, matrix: NDArray[np.int64]) -> None:
        """One more image; one without labelled pixels is passed over."""
        if matrix.any():
            self.matrix += matrix
            self.scores.append(Score(name, mean_of(iou_of(matrix))))

    @property
    def iou(self) -> NDArray[np.float64]:
        """IoU of every class, float (C,); nan for a class that is neither in the labels nor in the predictions."""
        return iou_of(self.matrix)

    @property
    def mean_iou(self) -> float:
        """The mean of `iou`, nan left out."""
        return mean_of(self.iou)

    @property
    def accuracy(self) -> float:
        """The share of labelled pixels that are right."""
        return float(self.matrix.diagonal().sum() / max(1, self.matrix.sum()))

    @property
    def worst(self) -> list[Score]:
        """The images, worst first."""
        return sorted(self.scores, key=lambda score: (score.value, score.name))

    def text(self) -> str:
        """One sentence for the user."""
        count = len(self.scores)
        found = f"{self.network}: mean IoU {100 * self.mean_iou:.1f} %, {100 * self.accuracy:.1f} % of the pixels right, " \
                f"on {count} image{'s' if count != 1 else ''}."
        if self.failed:
            found += f" {len(self.failed)} could not be compared ({self.failed[0][0]}: {self.failed[0][1].rstrip('.')})."
        return found


def iou_of(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Intersection over union per class of a matrix (C, C + 1) as in Evaluation; nan where a class does not occur."""
    hits = matrix.diagonal()
    union = matrix.sum(axis=1) + matrix.sum(axis=0)[:len(matrix)] - hits
    return np.where(union > 0, hits / np.maximum(union, 1), np.nan)


def mean_of(iou: NDArray[np.float64]) -> float:
    """The mean of the numbers that are there; 0 when none is."""
    found = iou[~np.isnan(iou)]
    return float(found.mean()) if found.size else 0.0


def confusion(truth: NDArray[np.uint8], predicted: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    """int64 (count, count + 1): pixels by label and prediction; labels from `count` on are ignored, predictions are “other”."""
    known = truth < count
    pairs = truth[known].astype(np.int64) * (count + 1) + np.minimum(predicted[known], count)
    return np.bincount(pairs, minlength=count * (count + 1)).reshape(count, count + 1)


def chosen_entries(project: Project, split: str) -> list[ImageEntry]:
    """The labelled images, those of one split, or the “unlabelled” ones; raises ModelError when there are none."""
    if split == "unlabelled":
        without = [e for e in project.images if not project.has_annotation(e)]
        if not without:
            raise ModelError("Every image has labels already.", "Add images to the project.")
        return without
    found = [e for e in project.images if project.has_annotation(e) and split in ("", e.split)]
    if not found and split:
        raise ModelError(f"No labelled image is in the {split} split.", "Choose all labelled images instead.")
    if not found:
        raise ModelError("No image has labels yet, so there is nothing to compare with.", "Label some images first.")
    return found


def evaluate(workspace: Workspace, project: Project, card: ModelCard, mapping: dict[int, int | None],
             entries: Sequence[ImageEntry]) -> Generator[Progress, None, Evaluation]:
    """Compare a network with the labels of these images; an image that cannot be compared is noted and the rest goes on.

    For the thread of a job. `mapping` gives the project's class of each plane of the network. Raises ModelError when no image
    could be compared.
    """
    yield from wait_for_labels(workspace)
    result = Evaluation(card.title or card.name, tuple(project.classes))
    for done, entry in enumerate(entries):
        yield Progress(done, len(entries), entry.name)
        try:
            for step in _compare(workspace, project, card, mapping, entry, result):
                yield Progress(done, len(entries), f"{entry.name}: {step.message}" if step.message else entry.name)
        except SegcoreError as error:
            if workspace.worker.given_up:
                raise
            result.failed.append((entry.name, error.message))
    if not result.scores:
        why = result.failed[0][1] if result.failed else "None of these images has a labelled pixel."
        raise ModelError("No image could be compared.", why)
    return result


def _compare(workspace: Workspace, project: Project, card: ModelCard, mapping: dict[int, int | None], entry: ImageEntry,
             result: Evaluation) -> Generator[Any, None, None]:
    from segcore.probability import label_map
    image = project.read_image(entry)
    places = {c.id: index for index, c in enumerate(result.classes)}
    truth = lookup(places, VOID)[project.read_annotation(entry, image.shape).class_map()]
    planes, _ = yield from predict_planes(workspace, card, Kept(image.sha256 or entry.name, image.pixels), entry.name)
    table = {plane: places[class_id] for plane, class_id in mapping.items() if class_id in places}
    predicted = lookup(table, VOID)[label_map(planes, image.shape)]
    result.add(entry.name, confusion(truth, predicted, len(result.classes)))


def lookup(table: dict[int, int], missing: int) -> NDArray[np.uint8]:
    """uint8 (256,): the table as an array, `missing` where it says nothing."""
    found = np.full(256, missing, np.uint8)
    for key, value in table.items():
        found[key] = value
    return found
