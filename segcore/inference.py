"""Runs a trained network on a photo of any size, on whatever device is there, and says so when it had to make do with less."""
from __future__ import annotations

import gc
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from segcore import checkpoint
from segcore.errors import ModelError
from segcore.model_zoo import ModelCard, find_model
from segcore.probability import at_size, label_map
from segcore.types import LabelClass, Prediction, Progress

FULL_SIZE_PIXELS = 2_000_000
"""Photos up to this size get probabilities for every pixel; larger ones at the network's working scale."""


@dataclass(slots=True)
class LoadedModel:
    """A network in memory: its card, its classes in the order of the outputs, the module and the device it is on."""

    card: ModelCard
    classes: tuple[LabelClass, ...]
    module: nn.Module
    device: torch.device


def choose_device(wanted: str = "auto") -> torch.device:
    """The device for “auto” (cuda, then mps, then cpu) or by name; raises ModelError when that one is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, usable in there.items() if usable))
    if not there.get(wanted.split(":")[0], False):
        raise ModelError(f"The device “{wanted}” is not available on this computer.", "Choose auto or cpu.")
    return torch.device(wanted)


def load_model(name: str | Path, device: str = "auto", project_folder: Path | str | None = None) -> LoadedModel:
    """Load a network by its name (embedded, or trained in the project) or the path of its weights; raises ModelError."""
    card = find_model(name, project_folder)
    place = choose_device(device)
    module = checkpoint.load_model(card).to(place, memory_format=torch.channels_last)
    return LoadedModel(card, card.classes, module, place)


def predict(model: LoadedModel, image: NDArray[np.uint8], *, scale: float = 1.0) -> Generator[Progress, None, Prediction]:
    """Class probabilities of a photo, uint8 (H, W, 3).

    The network sees the photo at its working scale: resized to the area of `card.working_size`, times `scale` squared. The
    answer's `mask` is uint8 (H, W), the most probable class of every pixel. `prob` is float32 (C, H, W) for photos up to 2
    megapixels; for larger ones it is float32 (C, h, w) at the working scale (14 MP times 11 classes would be 600 MB), and
    `segcore.probability.at_size` gives any plane at full size. When the device runs out of memory the network is run smaller,
    then on the processor, and `message` says so. Raises ModelError for an image that is none, or when nothing helps.
    """
    planes, message = yield from probabilities(model, image, scale=scale)
    yield Progress(2, 3, "Drawing the classes")
    return _finish(model, image.shape[:2], planes, message)


def probabilities(model: LoadedModel, image: NDArray[np.uint8], *,
                  scale: float = 1.0) -> Generator[Progress, None, tuple[NDArray[np.float32], str]]:
    """What `predict` starts from: float32 (C, h, w) at the working scale, whatever the photo's size, and the message."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ModelError(f"A photo must be uint8 (height, width, 3), not {image.dtype} {image.shape}.")
    message = ""
    for place, factor in _ladder(model.device):
        if model.device != place:
            model.module, model.device = model.module.to(place), place
        yield Progress(1, 3, message or f"Running {model.card.title or model.card.name} on {_name(place)}")
        try:
            planes = _probabilities(model, image, scale * factor)
            break
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        _free(place)
        message = f"Memory of {_name(place)} ran out; the network is run smaller or on the processor."
    else:
        raise ModelError(f"There is not enough memory to run “{model.card.name}”.", "Close other programs.")
    return planes, _explain(model.device, factor) if message else ""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or Python says that memory, of whichever device, is used up."""
    text = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "out of memory" in text or "allocate memory" in text


def _ladder(device: torch.device) -> list[tuple[torch.device, float]]:
    """What is tried one after the other: device and factor on the working scale."""
    cpu = torch.device("cpu")
    here = [(device, 1.0), (device, 0.7)]
    return here if device == cpu else [*here, (cpu, 1.0), (cpu, 0.7)]


def _probabilities(model: LoadedModel, image: NDArray[np.uint8], scale: float) -> NDArray[np.float32]:
    """float32 (C, h, w) softmax at the working scale."""
    small = np.array(_resize(image, working_shape(model.card, image.shape[:2], scale)))    # a copy: photos are read-only
    mean = torch.tensor(model.card.mean, device=model.device)
    std = torch.tensor(model.card.std, device=model.device)
    with torch.inference_mode():
        pixels = torch.from_numpy(small).to(model.device)
        logits = main_output(model.module(((pixels / 255 - mean) / std).permute(2, 0, 1)[None]))
        if logits.shape[-2:] != small.shape[:2]:
            logits = F.interpolate(logits, size=small.shape[:2], mode="bilinear", align_corners=False)
        prob: NDArray[np.float32] = logits[0].float().softmax(0).cpu().numpy()
    if not np.isfinite(prob).all():
        raise ModelError(f"“{model.card.name}” answered with values that are not numbers.", "Train it again.")
    return prob


def main_output(outputs: Tensor | tuple[Tensor, ...]) -> Tensor:
    """The logits (N, C, H, W) of a network that may give auxiliary ones as well."""
    return outputs[0] if isinstance(outputs, tuple) else outputs


def working_shape(card: ModelCard, shape: tuple[int, int], scale: float = 1.0) -> tuple[int, int]:
    """Height and width at which the network sees a photo of `shape`: its proportions, the area of the card's working size."""
    area = card.working_size[0] * card.working_size[1]
    factor = scale * (area / (shape[0] * shape[1])) ** 0.5
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))


def _resize(image: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    import cv2
    if image.shape[:2] == shape:
        return image
    smooth = cv2.INTER_AREA if shape[0] < image.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (shape[1], shape[0]), interpolation=smooth), np.uint8)


def _finish(model: LoadedModel, shape: tuple[int, int], planes: NDArray[np.float32], message: str) -> Prediction:
    mask = label_map(planes, shape)
    score = float(planes.max(axis=0).mean())
    if shape[0] * shape[1] <= FULL_SIZE_PIXELS:
        planes = np.stack([at_size(plane, shape) for plane in planes])
    return Prediction(planes, mask, tuple(c.id for c in model.classes), score, f"model:{model.card.name}", message)


def _explain(device: torch.device, factor: float) -> str:
    smaller = " at a smaller size" if factor < 1 else ""
    return f"Memory ran out, so the network was run on {_name(device)}{smaller}."


def _name(device: torch.device) -> str:
    return {"cuda": "the graphics card", "mps": "the graphics card"}.get(device.type, "the processor")


def _free(device: torch.device) -> None:
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
