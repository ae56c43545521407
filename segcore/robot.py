"""A robot user that corrects masks by clicks, strokes or a box, so that segmenters can be compared without people.

The protocol is the one that published figures use: each click goes to the point of the largest error that is farthest from its
boundary; the number of clicks (NoC) to reach 85 % or 90 % IoU is counted, at most 20.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcore.errors import ProjectError
from segcore.segmenters import Segmenter
from segcore.types import Progress, Prompt

LIMIT = 20
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Example:
    """One photo of a test set: `truth` bool (H, W), `valid` False where the truth is not known; `scribble` as in Prompt."""

    name: str
    image: NDArray[np.uint8]
    truth: Mask
    valid: Mask
    scribbles: tuple[NDArray[np.int8], ...] = ()


def distances(mask: Mask) -> NDArray[np.float32]:
    """float32 (H, W) Euclidean distance of every True pixel to the nearest False one; outside of the image counts as False."""
    import cv2

    padded = np.pad(mask, 1).astype(np.uint8)
    return cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]


def next_click(truth: Mask, found: Mask, valid: Mask, clicked: Mask,
               jitter: np.random.Generator | None = None) -> tuple[int, int, bool] | None:
    """Where the robot clicks: (x, y, is it object?), or None when there is no error left.

    With `jitter` the point is drawn from the inner quarter of the error region instead of being its centre.
    """
    missed, extra = truth & ~found & valid, ~truth & found & valid
    inner = [np.where(clicked, 0, distances(error)) for error in (missed, extra)]
    positive = bool(inner[0].max() > inner[1].max())
    depth, error = (inner[0], missed) if positive else (inner[1], extra)
    if depth.max() <= 0:
        return None
    if jitter is None:
        y, x = divmod(int(depth.argmax()), depth.shape[1])
    else:
        y, x = _inner_point(depth, error, jitter)
    return x, y, positive


def _inner_point(depth: NDArray[np.float32], error: Mask, jitter: np.random.Generator) -> tuple[int, int]:
    import cv2

    _, parts = cv2.connectedComponents(error.astype(np.uint8))
    part = depth * (parts == parts.flat[int(depth.argmax())])
    order = np.argsort(part, axis=None)[::-1]
    quarter = order[:max(1, int((part > 0).sum()) // 4)]
    y, x = divmod(int(jitter.choice(quarter)), depth.shape[1])
    return y, x


def iou(found: Mask, truth: Mask, valid: Mask) -> float:
    """Intersection over union where the truth is known; 1 when both are empty."""
    both, either = (found & truth & valid).sum(), ((found | truth) & valid).sum()
    return float(both / either) if either else 1.0


def boundary_iou(found: Mask, truth: Mask, valid: Mask, share: float = .02) -> float:
    """IoU of the two masks' inner bands, `share` of the image's diagonal wide (Cheng et al., CVPR 2021)."""
    width = max(1.0, round(share * float(np.hypot(*truth.shape))))
    return iou(found & (distances(found) <= width), truth & (distances(truth) <= width), valid)


@dataclass(slots=True)
class Session:
    """What came of one photo: IoU and boundary IoU after each click, seconds per click, and for opening the image."""

    name: str
    ious: list[float] = field(default_factory=list)
    boundary: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    opening: float = 0.0

    def clicks_to(self, target: float) -> int:
        """Clicks until `target` IoU was reached first; LIMIT if never."""
        return next((k + 1 for k, value in enumerate(self.ious) if value >= target), LIMIT)


def click_session(segmenter: Segmenter, example: Example, target: float = .9, seed: int | None = None) -> Session:
    """Let the robot click until `target` IoU or 20 clicks. `seed` makes it click off-centre."""
    session = Session(example.name)
    jitter = None if seed is None else np.random.default_rng(seed)
    start = time.perf_counter()
    segmenter.set_image(example.image)
    session.opening = time.perf_counter() - start
    found, clicked = np.zeros_like(example.truth), np.zeros_like(example.truth)
    points: list[tuple[float, float]] = []
    labels: list[int] = []
    while len(points) < LIMIT and (not session.ious or session.ious[-1] < target):
        click = next_click(example.truth, found, example.valid, clicked, jitter)
        if click is None:
            break
        x, y, positive = click
        clicked[y, x] = True
        points.append((x + .5, y + .5))
        labels.append(int(positive))
        start = time.perf_counter()
        found = segmenter.predict(Prompt(np.array(points, np.float32), np.array(labels, np.uint8))).mask
        session.seconds.append(time.perf_counter() - start)
        session.ious.append(iou(found, example.truth, example.valid))
        session.boundary.append(boundary_iou(found, example.truth, example.valid))
    return session


def prompt_session(segmenter: Segmenter, example: Example, prompt: Prompt) -> Session:
    """One answer to one prompt."""
    segmenter.set_image(example.image)
    start = time.perf_counter()
    found = segmenter.predict(prompt).mask
    return Session(example.name, [iou(found, example.truth, example.valid)],
                   [boundary_iou(found, example.truth, example.valid)], [time.perf_counter() - start])


def truth_box(example: Example, margin: float = .05) -> tuple[float, float, float, float]:
    """The object's bounding box grown by `margin` of its size on every side, cut to the image; xyxy."""
    ys, xs = np.nonzero(example.truth)
    x0, x1, y0, y1 = float(xs.min()), float(xs.max() + 1), float(ys.min()), float(ys.max() + 1)
    dx, dy = margin * (x1 - x0), margin * (y1 - y0)
    height, width = example.truth.shape
    return max(0.0, x0 - dx), max(0.0, y0 - dy), min(float(width), x1 + dx), min(float(height), y1 + dy)


def read_examples(folder: Path) -> Iterator[Example]:
    """Examples from `images/`, `masks/` (0 background, 255 object, 128 not known) and, if there, `scribbles/NAME*`.

    Raises ProjectError when the folder holds none.
    """
    from segcore.image_io import read_image

    pictures = sorted(p for p in (folder / "images").glob("*") if p.is_file())
    masks = {p.stem: p for p in sorted((folder / "masks").glob("*"))}
    if not any(p.stem in masks for p in pictures):
        raise ProjectError(f"{folder} holds no photos with masks.", "It needs the folders images and masks with equal names.")
    for path in pictures:
        if path.stem in masks:
            grey = read_image(masks[path.stem]).pixels[..., 0]
            drawn = sorted((folder / "scribbles").glob(path.stem + "_*"))
            scribbles = tuple(_read_scribble(read_image(p).pixels) for p in drawn)
            yield Example(path.stem, read_image(path).pixels, grey > 192, np.abs(grey.astype(int) - 128) > 64, scribbles)


def _read_scribble(pixels: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Light yellow strokes lie on the object, red ones on the background, black is neither."""
    out = np.full(pixels.shape[:2], -1, np.int8)
    red, green = pixels[..., 0].astype(int), pixels[..., 1].astype(int)
    out[(red > 128) & (green < 96)] = 0
    out[(red > 128) & (green > 160)] = 1
    return out


def evaluate_clicks(make: Callable[[], Segmenter], folder: Path, *,
                    jitter: bool = False) -> Generator[Progress, None, dict[str, Any]]:
    """Let the robot click through every example; returns the summary, which the last Progress carries as its value too.

    Raises ProjectError when the folder has no examples.
    """
    total = len(list((folder / "images").glob("*")))
    sessions: list[Session] = []
    for example in read_examples(folder):
        session = click_session(make(), example, seed=len(sessions) if jitter else None)
        sessions.append(session)
        yield Progress(len(sessions), total, f"{example.name}: {len(session.ious)} clicks")
    if not sessions:
        raise ProjectError(f"There are no examples in “{folder}”.", "It must hold images/ and masks/ with the same names.")
    summary = summarise_clicks(sessions)
    yield Progress(total, total, "done", summary)
    return summary


def evaluate_prompts(make: Callable[[], Segmenter], folder: Path,
                     prompts: Callable[[Example], list[Prompt]]) -> Iterator[Progress]:
    """Answer the prompts of every example (`boxes` or `strokes`); the last Progress carries the summary as its value."""
    total = len(list((folder / "images").glob("*")))
    sessions: list[Session] = []
    for done, example in enumerate(read_examples(folder), 1):
        sessions += [prompt_session(make(), example, prompt) for prompt in prompts(example)]
        yield Progress(done, total, example.name)
    yield Progress(total, total, "done", summarise_prompts(sessions))


def boxes(example: Example) -> list[Prompt]:
    """The truth's box grown by 5 %."""
    return [Prompt(box=truth_box(example))]


def strokes(example: Example) -> list[Prompt]:
    """Each set of strokes that comes with the example."""
    return [Prompt(scribble=scribble) for scribble in example.scribbles]


def summarise_clicks(sessions: list[Session]) -> dict[str, Any]:
    """NoC at 85 and 90 % IoU, samples that failed, mean IoU by clicks (the last value is kept after success), seconds."""
    seconds = np.array([s for session in sessions for s in session.seconds])
    by_click = np.array([[s.ious[min(k, len(s.ious) - 1)] for k in range(LIMIT)] for s in sessions])
    return {"images": len(sessions), "noc85": float(np.mean([s.clicks_to(.85) for s in sessions])),
            "noc90": float(np.mean([s.clicks_to(.90) for s in sessions])),
            "failed85": sum(max(s.ious) < .85 for s in sessions), "failed90": sum(max(s.ious) < .90 for s in sessions),
            "iou_at": {k: float(by_click[:, k - 1].mean()) for k in (1, 2, 3, 5, 10, 20)},
            "boundary_iou": float(np.mean([s.boundary[-1] for s in sessions])),
            "seconds_per_click": float(seconds.mean()), "seconds_p95": float(np.quantile(seconds, .95))}


def summarise_prompts(sessions: list[Session]) -> dict[str, Any]:
    """Mean IoU, boundary IoU and seconds of single answers."""
    return {"answers": len(sessions), "iou": float(np.mean([s.ious[0] for s in sessions])),
            "boundary_iou": float(np.mean([s.boundary[0] for s in sessions])),
            "seconds": float(np.mean([s.seconds[0] for s in sessions]))}
