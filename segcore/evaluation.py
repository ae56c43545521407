"""Compares two folders of index masks, image by image, and reports what agrees, what differs and what could not be compared."""
from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from segcore.errors import PromptError, SegcoreError
from segcore.image_io import read_index_mask
from segcore.metrics import METRICS, Metric
from segcore.recipe import from_text
from segcore.types import Progress

DEFAULT_METRICS = ("pixel_accuracy", "class_accuracy", "mean_iou", "iou", "fw_iou", "trimap_iou", "boundary_iou")


@dataclass(frozen=True, slots=True)
class Report:
    """What an evaluation found: `figures` by metric (0..1, or a dictionary by class index), how many images were compared, and
    one sentence for every mask that could not be."""

    figures: dict[str, Any]
    images: int
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return asdict(self)


def evaluate(predicted: Path, reference: Path, metrics: Sequence[str] = DEFAULT_METRICS) -> Generator[Progress, None, Report]:
    """Compare the PNG masks of `predicted` with those of the same name in `reference`, where 255 is ignored.

    `metrics` are names, with options where wanted: `trimap_iou(width=3)`. Missing, unreadable and differently sized masks are
    reported and left out. Raises PromptError for unknown metrics or folders, and when no two masks can be compared.
    """
    measures = {text.strip(): from_text(METRICS, text) for text in metrics}
    ours, theirs = _masks(predicted), _masks(reference)
    problems = [f"“{name}” has no prediction." for name in theirs if name not in ours]
    problems += [f"“{name}” has no reference." for name in ours if name not in theirs]
    names = [name for name in theirs if name in ours]
    compared = 0
    for index, name in enumerate(names):
        yield Progress(index, len(names), f"Comparing {name}")
        problem = _compare(ours[name], theirs[name], list(measures.values()))
        compared += not problem
        problems += [problem] if problem else []
    if not compared:
        raise PromptError("No two masks could be compared.", problems[0] if problems else "Both folders need PNG masks.")
    return Report({text: metric.value() for text, metric in measures.items()}, compared, problems)


def _masks(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise PromptError(f"The folder “{folder}” does not exist.")
    return {path.name: path for path in sorted(folder.iterdir()) if path.suffix.lower() == ".png"}


def _compare(predicted: Path, reference: Path, metrics: list[Metric]) -> str:
    """Update the metrics with one pair; returns a sentence when that was not possible."""
    try:
        ours, theirs = read_index_mask(predicted), read_index_mask(reference)
    except SegcoreError as error:
        return f"“{reference.name}”: {error.message}"
    if ours.ndim != 2 or theirs.ndim != 2:
        return f"“{reference.name}” is a colour picture, not a mask of class indices."
    if ours.shape != theirs.shape:
        return (f"“{reference.name}” is {ours.shape[1]}×{ours.shape[0]} in the predictions and "
                f"{theirs.shape[1]}×{theirs.shape[0]} in the references.")
    if max(ours.max(initial=0), theirs.max(initial=0)) > 255:
        return f"“{reference.name}” has class indices above 255."
    for metric in metrics:
        metric.update(ours, theirs)
    return ""
