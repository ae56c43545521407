"""Trains and measures `streets`, the network that comes with the program, on CamVid.

Run: python -m benchmarks.streets train CAMVID FOLDER/streets [name=value …], then … test CAMVID FOLDER/streets
"""
from __future__ import annotations

import sys
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch  # noqa: E402
from safetensors.torch import load  # noqa: E402

from segcore import checkpoint, inference, training  # noqa: E402
from segcore.classes import CLASS_SETS  # noqa: E402
from segcore.dataset import FolderPair  # noqa: E402
from segcore.metrics import METRICS  # noqa: E402
from segcore.model_zoo import ModelCard, find_model  # noqa: E402
from segcore.params import set_param  # noqa: E402

CLASSES = tuple(CLASS_SETS["camvid"])
RECIPE = training.TrainingParams(
    model="swiftnet", network="width=128 detail=true", losses="cross_entropy + 0.5*lovasz_softmax(pixels=60000)",
    lr=1e-3, encoder_lr=0.3, weight_decay=1e-3, crop_height=320, crop_width=416, scale_min=0.6, scale_max=1.9, rotate=5.0,
    precision="bfloat16", threads=2, device="cpu", seconds=5100, epochs=400, evaluate_every=4)
LICENCE = ("Trained on CamVid (Brostow et al., 2009), whose images are CC BY-NC: not for commercial use. The encoder started "
           "from SqueezeNet 1.1 trained on ImageNet (MIT).")


def camvid(folder: Path, split: str) -> FolderPair:
    """One split of CamVid as SegNet's authors arrange it: photos in `train`, masks in `trainannot`."""
    return FolderPair(folder / split, folder / f"{split}annot", [c.name for c in CLASSES])


def finish(steps: Generator[Any, None, Any]) -> Any:
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def train(data: Path, folder: Path, options: list[str]) -> None:
    """Train by the recipe, with the options changed; the network is named like `folder`."""
    recipe = replace(RECIPE)
    for option in options:
        name, _, value = option.partition("=")
        set_param(recipe, name, value)
    for progress in training.train(recipe, camvid(data, "train"), camvid(data, "val"), folder):
        if "mean_iou" in progress.value:
            print(f"{progress.done / 10:5.1f} %  {progress.message}  validation {progress.value['mean_iou']:.4f}", flush=True)


def test(data: Path, folder: Path, scale: float = 1.0) -> dict[str, Any]:
    """Measure a trained network on the 233 test images, as `predict` answers for them, and print and return the figures."""
    torch.set_num_threads(2)
    model = inference.load_model(folder / f"{folder.name}.safetensors", "cpu")
    names = ("mean_iou", "pixel_accuracy", "class_accuracy", "fw_iou", "trimap_iou", "boundary_iou", "iou")
    metrics = {name: METRICS[name]() for name in names}
    samples, seconds = camvid(data, "test"), []
    for index in range(len(samples)):
        pixels, target = samples[index]
        start = time.perf_counter()
        mask = finish(inference.predict(model, pixels, scale=scale)).mask
        seconds.append(time.perf_counter() - start)
        for metric in metrics.values():
            metric.update(mask, target)
    figures = {name: metric.value() for name, metric in metrics.items()}
    figures = {"measured_on": f"CamVid test, {len(samples)} images of 480×360", **training.by_class_name(figures, model.card),
               "seconds_per_image": round(sorted(seconds)[len(seconds) // 2], 4)}
    for name, value in figures.items():
        print(name, value)
    return figures


def ship(data: Path, folder: Path, target: Path, scale: float = 1.0) -> None:
    """Write the trained network as the embedded one, its card with the figures of the test images.

    `scale` enlarges the working size; it was chosen on the validation images.
    """
    card = find_model(folder / f"{folder.name}.safetensors")
    figures = {**test(data, folder, scale), "validation_mean_iou": card.figures["mean_iou"]}
    size = round(card.working_size[0] * scale), round(card.working_size[1] * scale)
    embedded = ModelCard(
        "streets", card.model, CLASSES, title="Streets (SwiftNet)", params=card.params, mean=card.mean, std=card.std,
        working_size=size, data="CamVid, SegNet's split: 367 training and 101 validation images of 480×360", licence=LICENCE,
        recipe={"command": "python -m benchmarks.streets train CAMVID FOLDER/streets start=SQUEEZENET.npz", **card.recipe},
        figures=figures, seconds=card.seconds, hardware=card.hardware, seed=card.seed, origin="embedded")
    print(checkpoint.save_model(embedded, load(card.weights_path.read_bytes()), target))


if __name__ == "__main__":
    command, data, folder, *rest = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:]
    {"train": lambda: train(data, folder, rest), "test": lambda: test(data, folder, *map(float, rest)),
     "ship": lambda: ship(data, folder, Path(rest[0]), *map(float, rest[1:]))}[command]()
