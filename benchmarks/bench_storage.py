"""Times photos, annotations, projects of 10,000 images and the journal. Run: python -m benchmarks storage"""
from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np  # noqa: E402

from segcore import safe_io  # noqa: E402
from segcore.annotation_io import decode_annotation, encode_annotation  # noqa: E402
from segcore.errors import ImageError  # noqa: E402
from segcore.history import Edit  # noqa: E402
from segcore.image_io import probe, read_image, read_thumbnail  # noqa: E402
from segcore.journal import Journal  # noqa: E402
from segcore.project import Project  # noqa: E402
from segcore.types import Annotation, Region  # noqa: E402

PHOTO = Path(__file__).parents[1] / ".." / "shared" / "data" / "photos" / "fruit_14mp.jpg"
SHAPE_14MP = (3072, 4608)
MANY = 10_000


def best_ms(work: Callable[[], object], times: int = 5) -> float:
    """Milliseconds of the fastest of some runs: what the code costs, not what else the machine did."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds) * 1000


def row(name: str, measured: float, target: float | None, note: str = "") -> None:
    """Print one line: what, milliseconds, the target when there is one."""
    against = f"≤ {target:g} ms  {'ok' if measured <= target else 'MISSED'}" if target is not None else ""
    print(f"{name:<52}{measured:>10.1f} ms   {against:<22}{note}")


def encoded(pixels: np.ndarray, extension: str) -> bytes:
    """A picture as bytes of a format."""
    import cv2
    return cv2.imencode(extension, pixels)[1].tobytes()


def scene(shape: tuple[int, int], count: int) -> Annotation:
    """Ellipses of all sizes, as an annotated photo has them."""
    import cv2
    rng = np.random.default_rng(0)
    annotation = Annotation(shape)
    h, w = shape
    for i in range(1, count + 1):
        annotation.regions[i] = Region(i, int(rng.integers(21)))
        axes = int(rng.integers(w // 90, w // 6)), int(rng.integers(h // 60, h // 6))
        center = int(rng.integers(w)), int(rng.integers(h))
        cv2.ellipse(annotation.region_map, center, axes, float(rng.integers(180)), 0, 360, i, -1)
    return annotation


def images(folder: Path) -> None:
    """Photos and thumbnails."""
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    import cv2
    small = cv2.resize(noise, (640, 480), interpolation=cv2.INTER_CUBIC)
    (folder / "small.jpg").write_bytes(encoded(small, ".jpg"))
    if PHOTO.exists():
        row("14 MP photo, decoded", best_ms(lambda: read_image(PHOTO)), 250)
        row("14 MP photo, thumbnail of 160", best_ms(lambda: read_thumbnail(PHOTO, 160)), None)
        row("14 MP photo, header", best_ms(lambda: probe(PHOTO)), None)
    row("640×480 photo, decoded", best_ms(lambda: read_image(folder / "small.jpg"), 20), 15)
    row("640×480 photo, thumbnail of 160", best_ms(lambda: read_thumbnail(folder / "small.jpg", 160), 20), 10)
    (folder / "bomb.png").write_bytes(encoded(np.zeros((21000, 21000), np.uint8), ".png"))
    row("PNG of 441 megapixels, refused", best_ms(lambda: refused(folder / "bomb.png")), 1000)


def refused(path: Path) -> None:
    """Try to open a picture that must not be opened."""
    try:
        read_image(path)
    except ImageError:
        return
    raise SystemExit("the picture was not refused")


def annotations(folder: Path) -> None:
    """Annotation files at 14 megapixels."""
    for count, name in ((40, "40 regions"), (300, "300 regions")):
        annotation = scene(SHAPE_14MP, count)
        data = encode_annotation(annotation)
        size = f"{len(data) // 1000} kB"
        row(f"14 MP annotation, {name}, encoded", best_ms(lambda a=annotation: encode_annotation(a)), 100, size)
        row(f"14 MP annotation, {name}, decoded", best_ms(lambda d=data: decode_annotation(d)), 100)
    row("60 kB file, written durably", best_ms(lambda: safe_io.put(folder / "a.bin", os.urandom(60_000)), 30), None)


def projects(folder: Path) -> None:
    """A project of 10,000 annotated images."""
    photos = folder / "photos"
    photos.mkdir()
    for i in range(MANY):
        (photos / f"image {i}.jpg").touch()
    start = time.perf_counter()
    project = Project.create(folder / "p", images=photos)
    row("10,000 images, project made", (time.perf_counter() - start) * 1000, 1000)
    project.close()
    (folder / "p" / "annotations").mkdir()
    data = encode_annotation(scene((375, 500), 5))
    for i in range(MANY):
        (folder / "p" / "annotations" / f"image {i}.jpg.png").write_bytes(data)
    row("10,000 annotated images, project opened", best_ms(lambda: Project.open(folder / "p").close()), 400)
    project = Project.open(folder / "p")
    row("10,000 images, project saved", best_ms(project.save), None)
    entry, annotation = project.images[0], scene((375, 500), 5)
    row("500×375 annotation, saved with its version", best_ms(lambda: project.write_annotation(entry, annotation), 20), None)
    row("500×375 annotation, read", best_ms(lambda: project.read_annotation(entry), 20), None)
    large = scene(SHAPE_14MP, 40)
    row("14 MP annotation, saved with its version", best_ms(lambda: project.write_annotation(entry, large)), None)
    journal(folder, project)
    project.close()


def journal(folder: Path, project: Project) -> None:
    """One brush stroke on a 14-megapixel photo, logged."""
    log = Journal.open(project, folder / "state")
    annotation = scene(SHAPE_14MP, 40)
    patches = []
    with Edit(annotation, "Brush stroke", on_commit=patches.append) as edit:
        edit.paint((slice(1000, 1400), slice(1000, 1800)), np.ones((400, 800), bool), 1)
    name = project.images[0].name
    row("Brush stroke, in the journal on the disk", best_ms(lambda: log.append(name, patches[0], SHAPE_14MP, 1), 30), 100)


def main() -> None:
    """Print all rows."""
    with tempfile.TemporaryDirectory() as place:
        for part in (images, annotations, projects):
            folder = Path(place) / part.__name__
            folder.mkdir()
            part(folder)


if __name__ == "__main__":
    main()
