"""Times the dense CRF against pydensecrf2 at equal parameters, in turn, and where both agree. Run: python -m benchmarks crf"""
from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segcore.image_io import read_image
from segcore.refiners import REFINERS

DATA = Path(__file__).parents[2] / "shared" / "data"
ROUNDS = 3
TARGET = 0.5
SETTINGS = {"DeepLab": {}, "README of pydensecrf": {"w1": 10.0, "sigma_alpha": 80.0, "sigma_beta": 13.0, "sigma_gamma": 3.0}}


def cost(work: Callable[[], NDArray[np.float32]]) -> tuple[float, float, NDArray[np.float32]]:
    """Seconds on the clock, seconds of processor time in all threads, and the result."""
    clock, processor = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - clock, time.process_time() - processor, result


def row(name: str, photo: NDArray[np.uint8], prob: NDArray[np.float32], params: dict[str, float]) -> None:
    """One line: the best of some rounds, both engines in turn."""
    costs: dict[str, list[tuple[float, float]]] = {"pydensecrf": [], "own": []}
    answers = {}
    for _ in range(ROUNDS):
        for engine, seen in costs.items():
            *seconds, answers[engine] = cost(
                lambda e=engine: REFINERS["dense_crf"](engine=e, max_megapixels=100, **params).refine(photo, prob))
            seen.append(tuple(seconds))
    best = {engine: [min(c[k] for c in seen) for k in (0, 1)] for engine, seen in costs.items()}
    same = (answers["own"].argmax(axis=0) == answers["pydensecrf"].argmax(axis=0)).mean()
    clock, processor = (best["own"][k] / best["pydensecrf"][k] for k in (0, 1))
    print(f"{name:52} pydensecrf {best['pydensecrf'][0]:6.2f} s, own {best['own'][0]:6.2f} s: clock × {clock:.2f}, processor "
          f"× {processor:.2f} (target {TARGET}), same class at {100 * same:.2f} %", flush=True)


def blurry(truth: NDArray[np.uint8], classes: int) -> NDArray[np.float32]:
    """What a network that works at a sixteenth of the size and is unsure of everything might say: every class is alive."""
    height, width = truth.shape
    rng, logits = np.random.default_rng(0), np.empty((classes, height, width), np.float32)
    for index, plane in enumerate(logits):
        low = cv2.resize((truth == index).astype(np.float32), (width // 16, height // 16), interpolation=cv2.INTER_AREA)
        cv2.resize(low * 5 + rng.normal(0, 0.7, low.shape).astype(np.float32), (width, height), dst=plane)
    prob = np.exp(logits - logits.max(axis=0))
    return prob / prob.sum(axis=0)


def main() -> None:
    """500×375 with 21 classes, of a network and all alive; 3 MP with 2 classes."""
    if not DATA.exists():
        print("needs ../shared/data")
        return
    import torch

    from benchmarks.crf_gains import network, probabilities, samples
    torch.set_num_threads(1)
    module = network(DATA)
    photo, truth = next((p, t) for p, t in samples(DATA, "val", 445) if p.shape[:2] == (375, 500))
    for setting, params in SETTINGS.items():
        row(f"500×375, 21 classes, a network's, {setting}", photo, probabilities(module, photo), params)
        row(f"500×375, 21 classes, all alive, {setting}", photo, blurry(truth, 21), params)
    large = read_image(DATA / "photos" / "fruit_14mp.jpg").pixels
    large = cv2.resize(large, (2000, 1500), interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[:1500, :2000]
    inside = (((x - 1240) / 360) ** 2 + ((y - 620) / 400) ** 2 < 1).astype(np.uint8)
    for setting, params in SETTINGS.items():
        row(f"2000×1500, 2 classes, {setting}", large, blurry(inside, 2), params)


if __name__ == "__main__":
    sys.exit(main())
