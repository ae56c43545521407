"""Prompts of one gesture: strokes hold, changes stay local, growing prompts give what a fresh start gives."""
from __future__ import annotations

import numpy as np
import pytest

from segcore.segmenters import SEGMENTERS, Segmenter
from segcore.types import Prompt


def scene(height: int = 360, width: int = 480) -> tuple[np.ndarray, np.ndarray]:
    """Two blobs of the same colours on a patterned ground; the truth is the left one."""
    y, x = np.mgrid[:height, :width]
    rng = np.random.default_rng(0)
    left, right = (np.hypot((y - 180) / 1.2, x - cx) < 70 for cx in (150, 350))
    ground = np.where((x // 12 + y // 12)[..., None] % 2 == 0, (90, 120, 80), (110, 140, 90))
    image = np.where((left | right)[..., None], (190, 80, 60), ground) + rng.normal(0, 10, (height, width, 3))
    return np.clip(image, 0, 255).astype(np.uint8), left


def opened(name: str, image: np.ndarray, **params) -> Segmenter:
    segmenter = SEGMENTERS[name](**params)
    segmenter.set_image(image)
    return segmenter


def stroke(shape: tuple[int, int], *parts: tuple[slice, slice, int]) -> np.ndarray:
    out = np.full(shape, -1, np.int8)
    for rows, cols, label in parts:
        out[rows, cols] = label
    return out


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / (a | b).sum()


def test_a_box_finds_the_object() -> None:
    image, truth = scene()
    found = opened("grab_cut", image).predict(Prompt(box=(70, 85, 230, 275)))
    assert iou(found.mask, truth) > .97 and found.message == ""


@pytest.mark.parametrize("name", ["grab_cut", "graph_cut"])
def test_strokes_are_kept_pixel_by_pixel(name: str) -> None:
    image, truth = scene()
    marks = stroke(truth.shape, (slice(178, 183), slice(100, 200), 1), (slice(20, 24), slice(20, 300), 0),
                   (slice(150, 160), slice(140, 150), 0))
    found = opened(name, image).predict(Prompt(scribble=marks)).mask
    assert found[marks == 1].all() and not found[marks == 0].any()
    assert found[truth].mean() > .8


def test_a_later_stroke_changes_only_what_touches_it() -> None:
    image, truth = scene()
    segmenter = opened("grab_cut", image)
    box = (40.0, 60.0, 460.0, 300.0)
    before = segmenter.predict(Prompt(box=box)).mask
    assert before[180, 150] and before[180, 350]
    marks = stroke(truth.shape, (slice(120, 240), slice(340, 360), 0))
    after = segmenter.predict(Prompt(box=box, scribble=marks)).mask
    assert not after[marks == 0].any()
    assert (after == before)[:, :230].all()


def test_preview_leaves_no_trace() -> None:
    image, truth = scene()
    marks = stroke(truth.shape, (slice(178, 183), slice(100, 200), 1))
    prompt = Prompt(box=(70, 85, 230, 275))
    plain, watched = opened("grab_cut", image), opened("grab_cut", image)
    plain.predict(prompt)
    watched.predict(prompt)
    rough = watched.preview(Prompt(box=prompt.box, scribble=marks))
    assert iou(rough.mask, truth) > .9
    more = Prompt(box=prompt.box, scribble=stroke(truth.shape, (slice(178, 183), slice(100, 202), 1)))
    assert (plain.predict(more).mask == watched.predict(more).mask).mean() > .9995


def test_an_existing_mask_is_the_start() -> None:
    image, truth = scene()
    rough = np.roll(truth, 6, axis=1)
    found = opened("graph_cut", image).predict(Prompt(prior=rough.astype(np.float32)))
    assert iou(found.mask, truth) > max(.97, iou(rough, truth))


def test_clicks_reach_the_object() -> None:
    image, truth = scene()
    points = np.array([[150, 180], [350, 180], [20, 20]], np.float32)
    found = opened("graph_cut", image).predict(Prompt(points=points, labels=np.array([1, 0, 0], np.uint8)))
    assert iou(found.mask, truth) > .9


@pytest.mark.parametrize("name", ["grab_cut", "graph_cut"])
def test_an_empty_side_is_explained(name: str) -> None:
    image, truth = scene()
    segmenter = opened(name, image)
    assert "object" in segmenter.predict(Prompt()).message
    found = segmenter.predict(Prompt(scribble=np.ones(truth.shape, np.int8)))
    assert found.mask.all() and found.message


def test_strokes_outside_the_box_widen_it() -> None:
    image, truth = scene()
    marks = stroke(truth.shape, (slice(175, 185), slice(340, 360), 1))
    found = opened("grab_cut", image).predict(Prompt(box=(70, 85, 230, 275), scribble=marks)).mask
    assert found[marks == 1].all() and iou(found[:, :240], truth[:, :240]) > .9


def test_the_same_prompts_give_the_same_masks() -> None:
    image, _ = scene()
    prompt = Prompt(box=(70, 85, 230, 275))
    assert (opened("grab_cut", image).predict(prompt).mask == opened("grab_cut", image).predict(prompt).mask).all()
