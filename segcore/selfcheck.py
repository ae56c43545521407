"""A quick self-test of each part on this computer, for `segdesk check` and for reports of problems."""
from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segcore.errors import SegcoreError
from segcore.types import Annotation, Progress, Prompt, Region

PACKAGES = ("segdesk", "PySide6-Essentials", "torch", "numpy", "opencv-contrib-python-headless", "numba", "Pillow",
            "safetensors", "pydensecrf2")


@dataclass(frozen=True, slots=True)
class Result:
    """How the test of one part went; `message` says what is broken, or what is missing but optional."""

    name: str
    ok: bool
    message: str
    seconds: float


def versions() -> dict[str, str]:
    """Versions of Python, the system and the packages that matter; “not installed” where one is missing."""
    found = {"Python": platform.python_version(), "system": platform.platform()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def devices() -> list[str]:
    """Devices that networks can run on, as `--device` names them."""
    from segcore.inference import choose_device
    found = []
    for name in ("cuda", "mps", "cpu"):
        try:
            found.append(str(choose_device(name)))
        except SegcoreError:
            continue
    return found


def run() -> Generator[Progress, None, list[Result]]:
    """Test every part, yielding Progress; a broken part does not stop the others."""
    results = []
    for number, (name, test) in enumerate(PARTS.items()):
        yield Progress(number, len(PARTS), name)
        start = time.perf_counter()
        try:
            message = test() or ""
            ok = True
        except Exception as error:
            ok, message = False, str(error) or type(error).__name__
        results.append(Result(name, ok, message, time.perf_counter() - start))
    return results


def _scene() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A bright disk on a dark ground, and its mask."""
    y, x = np.mgrid[:96, :128]
    mask = (x - 64) ** 2 + (y - 48) ** 2 < 30**2
    noise = np.random.default_rng(0).integers(0, 20, (96, 128, 3))
    return (np.where(mask[..., None], (200, 160, 60), (40, 60, 90)) + noise).astype(np.uint8), mask


def _files() -> None:
    import cv2

    from segcore.image_io import read_image
    from segcore.project import Project
    from segcore.safe_io import put
    pixels, mask = _scene()
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo é.png"
        put(photo, cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())
        if not np.array_equal(read_image(photo).pixels, pixels):
            raise SegcoreError("A photo reads back differently.")
        project = Project.create(Path(folder) / "project", images=[photo])
        annotation = Annotation((96, 128), {1: Region(1, 1)})
        annotation.region_map[mask] = 1
        project.write_annotation(project.images[0], annotation)
        project.close()
        back = Project.open(Path(folder) / "project")
        if not np.array_equal(back.read_annotation(back.images[0]).region_map, annotation.region_map):
            raise SegcoreError("An annotation reads back differently.")
        back.close()


def _segmenters() -> None:
    from segcore.segmenters import SEGMENTERS
    pixels, mask = _scene()
    segmenter = SEGMENTERS["graph_cut"]()
    segmenter.set_image(pixels)
    scribble = np.full(mask.shape, -1, np.int8)
    scribble[40:56, 50:78], scribble[:6] = 1, 0
    answer = segmenter.predict(Prompt(scribble=scribble)).mask
    if (answer != mask).mean() > 0.02:
        raise SegcoreError("The graph cut does not find a plain disk.")


def _refiners() -> str:
    from segcore.refiners import REFINERS, as_planes
    pixels, mask = _scene()
    holed = mask.copy()
    holed[45:50, 60:65] = False
    if not np.array_equal(REFINERS["fill_holes"]().refine(pixels, as_planes(holed)).argmax(axis=0) == 1, mask):
        raise SegcoreError("Holes are not filled.")
    try:
        refined = REFINERS["dense_crf"]().refine(pixels, as_planes(mask) * 0.6 + 0.2)
    except SegcoreError as error:
        return str(error)
    if (refined.argmax(axis=0) != mask).mean() > 0.02:
        raise SegcoreError("The dense CRF does not keep a plain disk.")
    return ""


def _formats() -> None:
    from segcore import contours
    from segcore.formats import FORMATS
    _, mask = _scene()
    if not len(FORMATS) or not np.array_equal(contours.from_polygons(contours.to_polygons(mask), (96, 128)), mask):
        raise SegcoreError("Masks do not survive the way through polygons.")


def _networks() -> str:
    from segcore.inference import load_model, predict
    from segcore.model_zoo import list_models
    ready = list_models()
    if not ready:
        return "no network came with this installation"
    steps = predict(load_model(ready[0].name, "cpu"), _scene()[0])
    for _ in steps:
        pass
    return ""


def _window() -> None:
    # In a process of its own: Qt and torch do not share one on every system.
    done = subprocess.run([sys.executable, "-c", "import PySide6.QtWidgets"], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise SegcoreError(f"Qt cannot be loaded: {done.stderr.strip().splitlines()[-1]}")


PARTS: dict[str, Callable[[], str | None]] = {
    "files": _files, "segmenters": _segmenters, "refiners": _refiners, "formats": _formats, "networks": _networks,
    "window": _window,
}
"""Name of each part -> its test, which raises when the part is broken and may return a remark."""
