"""Times the worker process and a proposal on a 14-megapixel photo. Run: python -m benchmarks proposal"""
from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np  # noqa: E402
from PySide6.QtCore import QCoreApplication  # noqa: E402

from app.proposal import Proposal, drain, paint_pieces  # noqa: E402
from app.worker import Kept, WorkerClient  # noqa: E402
from segcore.classes import CLASS_SETS  # noqa: E402
from segcore.history import Edit  # noqa: E402
from segcore.types import Annotation  # noqa: E402

SHAPE = (3072, 4608)
REPEATS = 7


def row(name: str, work: Callable[[], object], target: float | None, repeats: int = REPEATS) -> None:
    """Print the median milliseconds on the clock beside the target, and the processor time, which others do not inflate."""
    clock, busy = [], []
    for _ in range(repeats):
        start, start_busy = time.perf_counter(), time.process_time()
        work()
        clock.append(1000 * (time.perf_counter() - start))
        busy.append(1000 * (time.process_time() - start_busy))
    median = float(np.median(clock))
    against = f"≤ {target:g} ms  {'ok' if median <= target else 'MISSED'}" if target is not None else ""
    print(f"{name:<52}{median:>10.1f} ms   {against:<22}processor {np.median(busy):.1f}", flush=True)


def smooth_planes(count: int = 11) -> np.ndarray:
    """Probabilities (C, 294, 441) with large areas, as the embedded network gives them for this photo's proportions."""
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(count, 6, 9)).astype(np.float32)
    import cv2
    fine = np.stack([cv2.resize(plane, (441, 294), interpolation=cv2.INTER_CUBIC) for plane in coarse]) * 6
    planes = np.exp(fine - fine.max(axis=0))
    return planes / planes.sum(axis=0)


def bench_worker() -> None:
    """Start, send a photo, ask again with the same one, predict."""
    application = QCoreApplication([])
    worker = WorkerClient()
    start = time.perf_counter()
    worker.start()
    while not worker.device:
        application.processEvents()
        time.sleep(0.01)
    print(f"{'worker ready, PyTorch loaded: ' + worker.device:<52}{1000 * (time.perf_counter() - start):>10.1f} ms")
    photos = iter([Kept(str(n), np.random.default_rng(n).integers(0, 256, (*SHAPE, 3), np.uint8)) for n in range(REPEATS + 1)])
    drain(worker.run("measure", image=next(photos)))
    row("photo to the worker, 14 MP", lambda: drain(worker.run("measure", image=next(photos))), 20)
    kept = Kept("kept", np.zeros((*SHAPE, 3), np.uint8))
    drain(worker.run("measure", image=kept))
    row("the same photo again", lambda: drain(worker.run("measure", image=kept)), 2)
    row("predict with streets, 14 MP", lambda: drain(worker.run("predict", image=kept, model="streets")), 500)
    worker.shutdown()


def bench_proposal() -> None:
    """To full size, threshold, plan, accept."""
    classes = {c.id: c for c in CLASS_SETS["camvid"]}
    names, colors = [c.name for c in classes.values()], [c.color for c in classes.values()]
    proposal = Proposal(smooth_planes(), SHAPE, names, colors, "bench", dict(enumerate(classes)))
    row("proposal to full size, 11 classes", lambda: drain(proposal.original.prepare()), 500)
    thresholds = iter(np.linspace(0.2, 0.9, REPEATS))

    def move() -> None:
        proposal.threshold = float(next(thresholds))
        proposal.label_map()
    row("threshold moved: new label map", move, 100)
    proposal.threshold = 0.5
    row("plan of accepting (in a job)", lambda: drain(proposal.plan(Annotation(SHAPE), classes)), None, 3)
    annotation = Annotation(SHAPE)
    pieces = drain(proposal.plan(annotation, classes))

    def accept() -> None:
        with Edit(annotation, "Accept prediction") as edit:
            paint_pieces(edit, pieces, proposal.source)
        annotation.region_map[:] = 0
        annotation.regions.clear()
    row("accepting (the window waits)", accept, None, 3)


if __name__ == "__main__":
    bench_worker()
    bench_proposal()
