"""What the worker process can do: one generator function per task. Imported there only; torch is imported inside the tasks."""
from __future__ import annotations

from collections.abc import Generator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.worker_training import kept, train  # noqa: F401 - tasks as well
from segcore.types import Prediction, Progress, Prompt

Photo = NDArray[np.uint8]
LABEL_TRUST = 0.8
"""Probability that refining gives to a label that is there."""


def device() -> Generator[Progress, None, str]:
    """What networks run on, in words: “NVIDIA …”, “Apple GPU”, “CPU, 2 threads”, and why not a GPU that is there."""
    yield Progress(0, 1, "Loading PyTorch")
    import torch
    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name(0))
    if torch.backends.mps.is_available():
        return "Apple GPU"
    words = f"CPU, {torch.get_num_threads()} threads"
    return f"{words} (no GPU: its driver does not answer)" if torch.version.cuda else words


def measure(image: Photo) -> Generator[Progress, None, tuple[int, ...]]:
    """The shape of a photo: what it costs to hand one over."""
    yield Progress(0, 1)
    return image.shape


def predict(image: Photo, model: str, folder: str | None = None,
            device: str = "auto") -> Generator[Progress, None, tuple[NDArray[np.float16], str]]:
    """Class probabilities (C, h, w) of a photo at the network's working scale, and a sentence when it had to make do with less.

    `model` is a name or a path of weights, `folder` the project's, whose own networks are looked for as well.
    """
    from segcore import inference
    from segcore.model_zoo import find_model
    yield Progress(0, 3, "Loading the network")
    changed = _modified(find_model(model, folder).weights_path)
    network = _network(model, folder, device, changed)
    planes, message = yield from inference.probabilities(network, image)
    if message:
        _network.cache_clear()      # moved to the processor for lack of memory; the next photo may be smaller
    return planes.astype(np.float16), message


def refine(image: Photo, prob: NDArray[Any], refiner: str, params: dict[str, Any],
           pixels: int = 0) -> Generator[Progress, None, NDArray[np.float16]]:
    """Refine planes (C, h, w) on the photo and return them as float16, at the scale `working_shape` gives for `pixels`."""
    from segcore.refiners import REFINERS
    yield Progress(0, 1, "Refining")
    shape = working_shape(image.shape[:2], pixels) if pixels else prob.shape[1:]
    photo, planes = _at_scale(image, prob, shape)
    refined = REFINERS[refiner](**params).refine(photo, planes)
    yield Progress(1, 1, "Refining")
    return refined.astype(np.float16)


def refine_labels(image: Photo, box: tuple[slice, slice], labels: NDArray[np.int16], fixed: NDArray[np.bool_], count: int,
                  refiner: str, params: dict[str, Any]) -> Generator[Progress, None, tuple[NDArray[np.int16], str]]:
    """Refine hard labels 0..`count` - 1 of one `box` of the photo; those where `fixed` stay. Returns labels and a notice."""
    from segcore.refiners import REFINERS
    yield Progress(0, 0, "Refining")
    # Labels drawn by hand or by a tool are good but not certain, or nothing could move.
    rest = (1 - LABEL_TRUST) / max(1, count - 1)
    planes = np.full((count, *labels.shape), rest, np.float32)
    for index, plane in enumerate(planes):
        plane[labels == index] = LABEL_TRUST
    chosen = REFINERS[refiner](**params)
    refined = chosen.refine(np.ascontiguousarray(image[box]), planes, np.where(fixed, labels, -1).astype(np.int32))
    return refined.argmax(axis=0).astype(np.int16), chosen.notice


def segment(image: Photo, segmenter: str, prompt: Prompt, params: dict[str, Any]) -> Generator[Progress, None, Prediction]:
    """The answer of an interactive segmenter that needs torch; a photo it has just seen is not analysed again."""
    yield Progress(0, 1, "Looking at the photo")
    chosen = _segmenter(segmenter, tuple(sorted(params.items())))
    # Compared by object: the same photo arrives as the same array as long as it stays.
    if getattr(chosen, "_photo_in_worker", None) is not image:
        chosen.set_image(image)
        chosen._photo_in_worker = image
    return chosen.predict(prompt)  # type: ignore[no-any-return]


def working_shape(shape: tuple[int, int], pixels: int) -> tuple[int, int]:
    """The size (h, w) of at most about `pixels` pixels with the proportions of `shape`; never larger than it."""
    scale = min(1.0, (pixels / (shape[0] * shape[1])) ** 0.5)
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _at_scale(image: Photo, prob: NDArray[Any], shape: tuple[int, ...]) -> tuple[Photo, NDArray[np.float32]]:
    import cv2
    size = (shape[1], shape[0])
    photo = image if image.shape[:2] == shape else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    planes = prob.astype(np.float32)
    if planes.shape[1:] != shape:
        planes = np.stack([cv2.resize(p, size, interpolation=cv2.INTER_LINEAR) for p in planes])
    return np.asarray(photo, np.uint8), planes / np.maximum(planes.sum(axis=0), 1e-6)


def _modified(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


@lru_cache(maxsize=2)
def _network(model: str, folder: str | None, device: str, modified: float) -> Any:
    from segcore import inference
    return inference.load_model(model, device, folder)


@lru_cache(maxsize=2)
def _segmenter(name: str, params: tuple[tuple[str, Any], ...]) -> Any:
    from segcore.segmenters import SEGMENTERS
    return SEGMENTERS[name](**dict(params))
