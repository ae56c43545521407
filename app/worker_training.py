"""Training in the worker process: looks at the project's labels, trains, and shows now and then what has been learned."""
from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segcore.errors import ModelError
from segcore.types import VOID, Progress

if TYPE_CHECKING:
    from segcore.dataset import Sample
    from segcore.model_zoo import ModelCard
    from segcore.project import Project

PICTURE_HEIGHT = 150
FEW_IMAGES = 5
"""With fewer labelled images none is held back to measure on."""


def train(project: str, name: str, recipe: dict[str, Any]) -> Generator[Progress, None, ModelCard]:
    """Train a network `name` on the labelled images of a project's folder; its card is the result.

    Yields the steps of `segcore.training.train`. `value` has “notices”, a list of sentences, before the first of them, and
    “picture”, uint8 (H, W, 3), whenever there is a new best network.
    """
    yield Progress(0, 0, "Looking at the labels")
    from segcore.dataset import split_project
    from segcore.model_zoo import read_card
    from segcore.params import make_params
    from segcore.project import Project
    from segcore.training import TrainingParams
    from segcore.training import train as train_network
    opened, folder = Project.open(project, read_only=True), Path(project) / "models" / name
    refuse_finished(folder)
    params = make_params(TrainingParams, recipe)
    yield Progress(0, 0, "Reading the labels", {"notices": check_labels(opened)})
    data, validation = split_project(opened, params.seed)
    shown, best = validation[0], -1.0
    # Closed by name, so that an error while it keeps the weights is heard.
    with closing(train_network(params, data, validation, folder)) as steps:
        while True:
            try:
                progress = next(steps)
            except StopIteration:
                # Not what it returns: after a resume the best network may be one of before.
                return read_card(folder / f"{name}.json")
            if progress.value.get("mean_iou", -1.0) > best:
                best = progress.value["mean_iou"]
                progress.value["picture"] = picture(folder, shown, data.class_colors, params.device)
            yield progress


def kept(project: str, name: str) -> Generator[Progress, None, ModelCard | None]:
    """The card of a network whose training was stopped; None when it was stopped before there was anything to keep.

    Tasks run one after the other, so that its answer also says that the training has ended.
    """
    yield Progress(0, 0, "Keeping what has been learned")
    from segcore.model_zoo import read_card
    path = Path(project) / "models" / name / f"{name}.json"
    return read_card(path) if path.exists() else None


def refuse_finished(folder: Path) -> None:
    """Raise ModelError when a finished network is in `folder`: only a stopped training goes on under its old name."""
    from segcore.checkpoint import load_state
    if not (folder / f"{folder.name}.json").exists():
        return
    state = load_state(folder / "resume.pt")
    if state is None or state["finished"]:
        raise ModelError(f"There already is a network “{folder.name}”.", "Train under a new name.")


def check_labels(project: Project) -> list[str]:
    """Sentences on what the labels lack for training; raises ModelError when they are not enough for it."""
    from segcore.dataset import ProjectSamples
    present: list[set[int]] = []
    for entry in ProjectSamples(project).entries:
        annotation = project.read_annotation(entry)
        found = {int(i) for i in np.unique(annotation.region_map)}
        present.append({region.class_id for region in annotation.regions.values() if region.id in found})
    labelled, names = [classes for classes in present if classes], {c.id: c.name for c in project.classes}
    seen = set().union(*labelled) & set(names)
    if not seen:
        raise ModelError("No pixel of these images is labelled.", "Label something in them first.")
    if len(labelled) == 1:
        raise ModelError("One labelled image is too few to train on.", "Label at least two, better five or more.")
    if len(seen) == 1:
        raise ModelError(f"All labels are of one class, “{names[seen.pop()]}”, so there is nothing to tell apart.",
                         "Label something else as well, such as the background.")
    notices = []
    missing = [f"“{name}”" for class_id, name in names.items() if class_id not in seen]
    if missing:
        listed = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
        notices.append(f"In no labelled image, and so not learned: {listed}.")
    if len(labelled) < FEW_IMAGES and not any(e.split == "val" for e in project.images):
        notices.append("So few images are labelled that the network is measured on those it learns from.")
    return notices


def picture(folder: Path, sample: Sample, colors: tuple[tuple[int, int, int], ...], device: str) -> NDArray[np.uint8]:
    """A photo under its labels and, beside it, under what the network in `folder` says: uint8 (H, W, 3) RGB."""
    import cv2

    from segcore.inference import load_model, probabilities
    from segcore.probability import label_map
    pixels, target = sample
    size = max(1, round(PICTURE_HEIGHT * pixels.shape[1] / pixels.shape[0])), PICTURE_HEIGHT
    steps = probabilities(load_model(folder / f"{folder.name}.safetensors", device), pixels)
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        planes = stop.value[0]
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    labels = np.asarray(cv2.resize(target, size, interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)
    return np.hstack([blend(small, labels, colors), blend(small, label_map(planes, labels.shape), colors)])


def blend(pixels: NDArray[np.uint8], labels: NDArray[np.uint8], colors: tuple[tuple[int, int, int], ...]) -> NDArray[np.uint8]:
    """The photo uint8 (H, W, 3) with class colours half over it, as it is where the label is 255."""
    paint = np.zeros((256, 3), np.uint8)
    paint[:len(colors)] = colors
    mixed = (pixels.astype(np.uint16) + paint[labels]) // 2
    return np.where((labels == VOID)[..., None], pixels, mixed).astype(np.uint8)
