"""The interactive engine: min-cut against PyMaxflow, GrabCut at 14 MP against cv2.grabCut, quality on the GrabCut set.

Run: python -m benchmarks energy. PyMaxflow (GPL) is only measured when it happens to be installed. Seconds are of the
processor (all threads), so that a busy machine does not change them; where wall time is meant, the row says so.
"""
from __future__ import annotations

import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np  # noqa: E402

DATA = Path(__file__).parents[1].parent / "shared" / "data"
PHOTO = DATA / "photos" / "fruit_14mp.jpg"
BOX = (1990.0, 500.0, 3640.0, 2310.0)


def row(name: str, measured: str, target: str = "", peer: str = "") -> None:
    """One line of the report."""
    print(f"{name:52} {measured:>16}   target {target:>12}   {peer}", flush=True)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it returned and the processor seconds it took."""
    start = time.process_time()
    out = work()
    return out, time.process_time() - start


def memory() -> float:
    """Peak resident memory of this process in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def problem(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Terminals and edges of a GrabCut energy on a photo whose object fills its middle."""
    from segcore.energy import colour_model as cm
    from segcore.energy import contrast

    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width]
    centre = np.hypot((y - height / 2) / height, (x - width / 2) / width) < .22
    rim = (np.minimum(y, height - y) < .12 * height) | (np.minimum(x, width - x) < .12 * width)
    bins = cm.colour_bins(pixels)
    counts = cm.count_colours(bins, np.where(centre, 1, np.where(rim, 0, 2)).astype(np.uint8), np.ones(rim.shape, np.float32))
    rest, thing = (cm.mixture_table(cm.fit_mixture(c, np.zeros((0, 10)), 5, 5, cm.SPREAD)) for c in counts)
    evidence = (rest - thing)[bins]
    evidence[rim] = -1e4
    edges = contrast.edge_weights(pixels, 50.0, contrast.beta(pixels))
    return np.maximum(evidence, 0), np.maximum(-evidence, 0), edges


def by_pymaxflow(source: np.ndarray, sink: np.ndarray, edges: np.ndarray) -> float:
    """The same cut by PyMaxflow's grid interface."""
    import maxflow

    graph = maxflow.Graph[float](source.size, 4 * source.size)
    nodes = graph.add_grid_nodes(source.shape)
    for k, (dx, dy) in enumerate(((1, 0), (0, 1), (1, 1), (-1, 1))):
        structure = np.zeros((3, 3))
        structure[1 + dy, 1 + dx] = 1
        graph.add_grid_edges(nodes, weights=edges[k].astype(float), structure=structure, symmetric=True)
    graph.add_grid_tedges(nodes, source.astype(float), sink.astype(float))
    return float(graph.maxflow())


def solver(photo: np.ndarray) -> None:
    """Build and solve at 0.25, 1 and 4 MP, three runs each, the best of each side."""
    import cv2

    from segcore.energy import mincut

    crop = photo[200:2600, 1700:3900]
    for megapixels in (.25, 1, 4):
        scale = math.sqrt(megapixels * 1e6 / (crop.shape[0] * crop.shape[1]))
        given = problem(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        runs = [timed(lambda given=given: mincut.solve_grid(*given)) for _ in range(3)]
        (_, flow), own = min(runs, key=lambda r: r[1])
        try:
            runs = [timed(lambda given=given: by_pymaxflow(*given)) for _ in range(3)]
            other, peer = min(runs, key=lambda r: r[1])
            text = f"PyMaxflow {peer:.3f} s, ratio {own / peer:.2f}, flows differ by {abs(flow - other) / other:.1e}"
        except ImportError:
            text = "PyMaxflow is not installed"
        row(f"min-cut {megapixels} MP, build + solve", f"{own:.3f} s", "ratio <= 0.8", text)


def by_grab_cut(photo: np.ndarray) -> None:
    """One round of OpenCV's GrabCut from the same box."""
    import cv2

    rect = [int(BOX[0]), int(BOX[1]), int(BOX[2] - BOX[0]), int(BOX[3] - BOX[1])]
    cv2.grabCut(np.ascontiguousarray(photo[..., ::-1]), np.zeros(photo.shape[:2], np.uint8), rect, np.zeros((1, 65)),
                np.zeros((1, 65)), 1, cv2.GC_INIT_WITH_RECT)


def corrections(mask: np.ndarray, count: int) -> list[tuple[np.ndarray, int]]:
    """Short strokes just inside and outside of the boundary: (points, label)."""
    import cv2

    outline = max(cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)[:, 0]
    rng, centre, out = np.random.default_rng(0), outline.mean(0), []
    for i in range(count):
        start = int(rng.integers(len(outline) - 150))
        points = outline[start:start + 120:10].astype(float)
        away = points - centre
        points += away / np.linalg.norm(away, axis=1)[:, None] * (25 if i % 2 else -25)
        out.append((points.astype(np.int32), i % 2))
    return out


SIX_MEGAPIXELS = """
import re, numpy as np
from segcore.energy import mincut
rss = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
mincut.solve_grid(*(np.ones(s, np.float32) for s in ((8, 8), (8, 8), (4, 8, 8))))
shape, rng, before = (2000, 3000), np.random.default_rng(0), rss()
source, sink = (rng.random(shape, np.float32) for _ in range(2))
mincut.solve_grid(source, sink, np.full((4, *shape), .2, np.float32))
print((rss() - before) / source.size)
"""


def solver_memory() -> None:
    """Peak of a fresh process that cuts 6 MP, inputs included."""
    found = subprocess.run([sys.executable, "-c", SIX_MEGAPIXELS], capture_output=True, text=True, check=True,
                           cwd=Path(__file__).parents[1])
    row("min-cut: peak memory, inputs included", f"{float(found.stdout):.0f} B/pixel", "<= 80", "PyMaxflow about 400")


def large_photo(photo: np.ndarray) -> None:
    """First mask, strokes, agreement and memory at 14 MP."""
    import cv2

    from segcore.segmenters import SEGMENTERS
    from segcore.types import Prompt

    segmenter: Any = SEGMENTERS["grab_cut"]()
    base = memory()
    _, opening = timed(lambda: segmenter.set_image(photo))
    row("14 MP: set_image (pyramid)", f"{1e3 * opening:.0f} ms")
    clock = time.perf_counter()
    found, first = timed(lambda: segmenter.predict(Prompt(box=BOX)))
    clock = time.perf_counter() - clock
    extra = memory() - base
    peer = timed(lambda: by_grab_cut(photo))[1] if "--peer" in sys.argv else math.nan
    row("14 MP: first mask from the box", f"{1e3 * first:.0f} ms", "<= 400", f"wall {1e3 * clock:.0f} ms; cv2, one round of "
        f"five: {peer:.1f} s, ratio {first / peer:.3f} (nan: run with --peer)")
    row("14 MP: extra memory", f"{extra:.0f} MB", "<= 600", "cv2 2,500 MB, PyMaxflow 4,500 MB")
    exact, seconds = timed(segmenter.exact)
    compare(found.mask, exact.mask, seconds)
    segmenter.set_image(photo)
    segmenter.predict(Prompt(box=BOX))
    marks, times, walls, previews = np.full(photo.shape[:2], -1, np.int8), [], [], []
    for points, label in corrections(found.mask, 20):
        drawn = np.zeros(photo.shape[:2], np.uint8)
        cv2.polylines(drawn, [points], False, 1, 12)
        marks = np.where(drawn > 0, np.int8(label), marks)
        prompt = Prompt(box=BOX, scribble=marks)
        previews.append(timed(lambda prompt=prompt: segmenter.preview(prompt))[1])
        clock = time.perf_counter()
        times.append(timed(lambda prompt=prompt: segmenter.predict(prompt))[1])
        walls.append(time.perf_counter() - clock)
    for name, values, target in (("stroke", times, ("<= 50", "<= 100")), ("stroke, wall", walls, ("<= 50", "<= 100")),
                                 ("coarse preview", previews, ("<= 33", "<= 33"))):
        for share, goal in zip((.5, .95), target, strict=True):
            row(f"14 MP: {name}, p{100 * share:.0f} of 20", f"{1e3 * np.quantile(values, share):.0f} ms", goal)


def compare(mask: np.ndarray, exact: np.ndarray, seconds: float) -> None:
    """Agreement of the band cut with the exact one, with the islands dropped that the band cut drops too."""
    from segcore.energy.coarse import without_islands

    one = without_islands(exact, np.zeros_like(exact), .05)
    peer = f"the exact cut takes {seconds:.1f} s; islands counted: {(mask & exact).sum() / (mask | exact).sum():.4f}"
    row("14 MP: IoU with the exact cut of the same energy", f"{(mask & one).sum() / (mask | one).sum():.4f}", ">= 0.99", peer)


def growth(photo: np.ndarray) -> None:
    """Time of the first mask from 1 to 50 MP, same object; the exponent over the number of pixels."""
    import cv2

    from segcore.segmenters import SEGMENTERS
    from segcore.types import Prompt

    sizes, times = [], []
    for megapixels in (1, 4, 14, 50):
        scale = math.sqrt(megapixels * 1e6 / (photo.shape[0] * photo.shape[1]))
        image = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        segmenter = SEGMENTERS["grab_cut"]()
        segmenter.set_image(image)
        prompt = Prompt(box=tuple(v * scale for v in BOX))  # type: ignore[arg-type]
        sizes.append(image.shape[0] * image.shape[1])
        times.append(timed(lambda segmenter=segmenter, prompt=prompt: segmenter.predict(prompt))[1])
    slope = np.polyfit(np.log(sizes), np.log(times), 1)[0]
    row("growth 1, 4, 14, 50 MP: " + ", ".join(f"{1e3 * t:.0f}" for t in times) + " ms", f"exponent {slope:.2f}", "<= 0.60")


def quality() -> None:
    """Robot users on the GrabCut set."""
    from segcore import robot
    from segcore.segmenters import SEGMENTERS

    folder = DATA / "grabcut"
    for name in ("grab_cut", "graph_cut"):
        for title, prompts, targets in (("box", robot.boxes, (">= 0.88", "<= 100")), ("strokes", robot.strokes, ("", ""))):
            *_, last = robot.evaluate_prompts(SEGMENTERS[name], folder, prompts)
            found = last.value
            peer = "cv2.grabCut 0.837, boundary 0.645, 600 ms" if title == "box" else ""
            score = f"{found['iou']:.3f} ({found['boundary_iou']:.3f})"
            row(f"GrabCut set, {name}, {title}: IoU (boundary IoU)", score, targets[0], peer)
            row("  wall time of an answer", f"{1e3 * found['seconds']:.0f} ms", targets[1])
    for jitter in (False, True):
        *_, last = robot.evaluate_clicks(SEGMENTERS["graph_cut"], folder, jitter=jitter)
        found = last.value
        row(f"GrabCut set, graph_cut, {'jittered ' if jitter else ''}clicks to 85 / 90 %",
            f"{found['noc85']:.2f} / {found['noc90']:.2f}", "" if jitter else "<= 5.0 / 6.2",
            "cv2.grabCut 6.6 / 7.8, GSC 7.1 / 9.1")
        row("  wall time of a click, mean (p95)",
            f"{1e3 * found['seconds_per_click']:.0f} ({1e3 * found['seconds_p95']:.0f}) ms", "<= 50", "cv2.grabCut 680 ms")


def main() -> None:
    """Print everything that can be measured with the data that is there."""
    if not PHOTO.is_file():
        print("skipped: ../shared/data is not there")
        return
    from segcore.energy.warmup import warm_up
    from segcore.image_io import read_image

    list(warm_up())
    photo = read_image(PHOTO).pixels
    large_photo(photo)
    solver(photo)
    solver_memory()
    growth(photo)
    quality()


if __name__ == "__main__":
    main()
