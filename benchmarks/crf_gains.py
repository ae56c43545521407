"""What the dense CRF adds to a network on PASCAL VOC: mean IoU, and mean IoU in bands along the outlines, before and after.

DeepLabv3 with MobileNetV2 (depth multiplier 0.5), published weights. Parameters are chosen on images of the train list, figures
are of the val list. Run: python -m benchmarks.crf_gains DATA [TRAIN_IMAGES] [VAL_IMAGES]
"""
from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from segcore.image_io import read_image, read_index_mask
from segcore.models import MODELS
from segcore.refiners import REFINERS
from tests.segcore.models.test_published_weights import mobile_state

BANDS = (2, 4, 6, 10)
CLASSES, VOID, SIDE = 21, 255, 257
SEARCH = {"sigma_beta": (5.0, 8.0), "sigma_alpha": (30.0, 50.0), "w1": (3.0, 6.0)}
"""Tried one parameter after the other, from DeepLab's defaults."""


def network(data: Path) -> torch.nn.Module:
    """The published network."""
    module = MODELS["deeplab_v3"](backbone="mobilenet_v2", output_stride=8, width=0.5, mobile_head=True).build(CLASSES).eval()
    state = mobile_state(dict(np.load(data / "weights" / "deeplabv3_mnv2_dm05_voc21.npz")))
    joined = state["classifier.0.project.0.weight"]
    state["classifier.0.project.0.weight"] = torch.cat([joined[:, 256:], joined[:, :256]], 1)
    module.load_state_dict(state)
    return module


def samples(data: Path, split: str, count: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """(photo, class map) of `count` images, evenly spread over a list."""
    names = (data / "voc" / "ImageSets" / "Segmentation" / f"{split}.txt").read_text().split()
    for name in names[::max(1, len(names) // count)][:count]:
        yield (read_image(data / "voc" / "JPEGImages" / f"{name}.jpg").pixels,
               read_index_mask(data / "voc" / "SegmentationClass" / f"{name}.png"))


@torch.no_grad()
def probabilities(module: torch.nn.Module, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    """float32 (21, H, W): the network's answer at 257 × 257, logits scaled up bilinearly."""
    small = np.asarray(Image.fromarray(photo).resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32) / 127.5 - 1
    logits = module(torch.from_numpy(small).permute(2, 0, 1)[None])
    large = torch.nn.functional.interpolate(logits, photo.shape[:2], mode="bilinear", align_corners=True)
    return np.ascontiguousarray(large.softmax(1)[0].numpy())


class Score:
    """Confusion matrices of the whole images and of the bands of pixels within so many pixels of an outline."""

    def __init__(self) -> None:
        self.tables = {band: np.zeros((CLASSES, CLASSES), np.int64) for band in (0, *BANDS)}

    def add(self, answer: NDArray[np.integer], truth: NDArray[np.uint8]) -> None:
        """Count one image; pixels of the void class say where outlines are and do not count."""
        edge = np.zeros(truth.shape, bool)
        for axis in (0, 1):
            differs = np.diff(truth.astype(np.int16), axis=axis) != 0
            edge[tuple(slice(0, -1) if k == axis else slice(None) for k in (0, 1))] |= differs
            edge[tuple(slice(1, None) if k == axis else slice(None) for k in (0, 1))] |= differs
        away = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, 5)
        for band, table in self.tables.items():
            counts = (truth != VOID) & ((away < band) if band else True)
            code = truth[counts].astype(np.int64) * CLASSES + answer[counts]
            table += np.bincount(code, minlength=CLASSES**2).reshape(CLASSES, CLASSES)

    def mean_iou(self, band: int = 0) -> float:
        """Mean over the classes that are in the truth: a class that only answers know must not count once it is gone."""
        table = self.tables[band]
        union, there = table.sum(axis=0) + table.sum(axis=1) - np.diag(table), table.sum(axis=1) > 0
        return float((np.diag(table)[there] / union[there]).mean())


def choose(cases: list[tuple[Any, Any, Any]]) -> dict[str, float]:
    """The parameters with the best mean IoU on the cases, found one after the other."""
    def value(params: dict[str, float]) -> float:
        score = Score()
        for photo, prob, truth in cases:
            score.add(REFINERS["dense_crf"](**params).refine(photo, prob.astype(np.float32)).argmax(axis=0), truth)
        print(f"  {params}: {score.mean_iou():.4f}", flush=True)
        return score.mean_iou()
    best: dict[str, float] = {}
    best_value = value(best)
    for name, tried in SEARCH.items():
        for setting in tried:
            if (found := value(best | {name: setting})) > best_value:
                best_value, best = found, best | {name: setting}
    return best


def main(data: Path, train_images: int = 100, val_images: int = 445) -> None:
    """Choose on train, report on val."""
    module = network(data)
    cases = [(photo, probabilities(module, photo).astype(np.float16), truth)
             for photo, truth in samples(data, "train", train_images)]
    params = choose(cases)
    cases.clear()
    print(f"chosen on {train_images} train images: {params or 'the defaults'}")
    scores = {name: Score() for name in ("network", "with the defaults", "with the chosen")}
    seconds, count = 0.0, 0
    for photo, truth in samples(data, "val", val_images):
        prob = probabilities(module, photo)
        scores["network"].add(prob.argmax(axis=0), truth)
        start = time.thread_time()
        scores["with the defaults"].add(REFINERS["dense_crf"]().refine(photo, prob).argmax(axis=0), truth)
        seconds, count = seconds + time.thread_time() - start, count + 1
        scores["with the chosen"].add(REFINERS["dense_crf"](**params).refine(photo, prob).argmax(axis=0), truth)
        if count % 50 == 0 or count == val_images:
            print(f"{count} val images, {seconds / count:.2f} s each of one thread's time")
            print(table(scores), flush=True)


def table(scores: dict[str, Score]) -> str:
    """The figures, a line for each set of answers."""
    head = f"{'':18}" + "".join(f"{f'band {b} px' if b else 'mean IoU':>12}" for b in (0, *BANDS))
    return "\n".join((head, *(f"{name:18}" + "".join(f"{score.mean_iou(b):12.4f}" for b in (0, *BANDS))
                              for name, score in scores.items())))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
