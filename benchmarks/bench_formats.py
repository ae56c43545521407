"""Times VOC import and export of 1,000 images of 500×375, with budgets. Run: python benchmarks/bench_formats.py [COUNT]"""
from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from segcore.formats import FORMATS  # noqa: E402
from segcore.project import Project  # noqa: E402
from segcore.safe_io import put  # noqa: E402
from segcore.types import Annotation, Region  # noqa: E402

BUDGET = 30.0


def photo(rng: np.random.Generator) -> bytes:
    """A JPEG of natural size: smooth areas, edges and a little noise."""
    coarse = cv2.resize(rng.integers(0, 256, (12, 16, 3), np.uint8), (500, 375), interpolation=cv2.INTER_CUBIC)
    noise = rng.integers(0, 24, coarse.shape, np.uint8)
    return cv2.imencode(".jpg", cv2.add(coarse, noise), [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def annotation(rng: np.random.Generator) -> Annotation:
    """Six ellipses on unlabelled ground."""
    result = Annotation((375, 500), {k: Region(k, int(rng.integers(1, 21))) for k in range(1, 7)})
    for k in result.regions:
        centre, axes = (int(rng.integers(500)), int(rng.integers(375))), (int(rng.integers(20, 120)), int(rng.integers(20, 90)))
        cv2.ellipse(result.region_map, centre, axes, float(rng.integers(180)), 0, 360, k, -1)
    return result


def run(steps: object) -> object:
    """Exhaust a generator and return its result."""
    while True:
        try:
            next(steps)  # type: ignore[call-overload]
        except StopIteration as end:
            return end.value


def main(count: int = 1000) -> None:
    """Export and import `count` images in every format."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        photos = [photo(rng) for _ in range(20)]
        for k in range(count):
            put(root / "photos" / f"{k:05}.jpg", photos[k % 20])
        project = Project.create(root / "project", images=root / "photos", classes="voc")
        for entry in project.images:
            project.write_annotation(entry, annotation(rng))
        for name in (cls.name for cls in FORMATS):
            start = time.perf_counter()
            run(FORMATS[name]().export(project, root / name))
            exported = time.perf_counter() - start
            other = Project.create(root / f"{name}_back", images=root / "photos", classes="voc")
            start = time.perf_counter()
            report = run(FORMATS[name]().load(root / name, other))
            imported = time.perf_counter() - start
            for what, seconds in (("export", exported), ("import", imported)):
                budget = BUDGET * count / 1000
                verdict = "ok" if seconds <= budget else "OVER BUDGET"
                print(f"{name} {what} of {count} images 500×375: {seconds:.1f} s (budget {budget:.0f} s) {verdict}")
            assert report.converted == count, report  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
