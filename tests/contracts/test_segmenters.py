"""Every interactive segmenter, on every odd shape: a mask of the image's size or a plain sentence, never anything else."""
from __future__ import annotations

import numpy as np
import pytest

from segcore.errors import PromptError
from segcore.segmenters import SEGMENTERS
from segcore.types import Prompt

NAMES = [cls.name for cls in SEGMENTERS if not cls.needs_torch]
SHAPES = [(1, 1), (1, 40), (40, 1), (2, 2), (8, 8), (48, 64)]


def picture(shape: tuple[int, int], kind: str) -> np.ndarray:
    rng = np.random.default_rng(3)
    if kind == "uniform":
        return np.full((*shape, 3), 90, np.uint8)
    image = np.full((*shape, 3), (30, 60, 160), np.uint8)
    image[shape[0] // 4:shape[0] - shape[0] // 4, shape[1] // 4:shape[1] - shape[1] // 4] = (200, 120, 40)
    image = np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)
    return np.repeat(image[..., :1], 3, axis=2) if kind == "grey" else image


def prompts(shape: tuple[int, int]) -> dict[str, Prompt]:
    h, w = shape
    centre = np.array([[w / 2, h / 2]], np.float32)
    one, none = np.array([1], np.uint8), np.array([0], np.uint8)
    everything = np.ones(shape, np.int8)
    stroke = np.full(shape, -1, np.int8)
    stroke[h // 2] = 1
    stroke[0] = 0
    return {
        "empty": Prompt(),
        "click": Prompt(points=centre, labels=one),
        "background click": Prompt(points=centre, labels=none),
        "click outside": Prompt(points=centre + 1000, labels=one),
        "contradicting clicks": Prompt(points=np.repeat(centre, 2, 0), labels=np.array([1, 0], np.uint8)),
        "box": Prompt(box=(w * .2, h * .2, w * .8 + .5, h * .8 + .5)),
        "box over the edge": Prompt(box=(-50, -50, w + 50, h + 50)),
        "stroke": Prompt(scribble=stroke),
        "all object": Prompt(scribble=everything),
        "all background": Prompt(scribble=everything * 0),
        "prior": Prompt(prior=np.linspace(0, 1, h * w, dtype=np.float32).reshape(shape)),
        "all at once": Prompt(points=centre, labels=one, box=(0, 0, w, h), scribble=stroke,
                              prior=np.full(shape, .5, np.float32)),
    }


@pytest.mark.parametrize("kind", ["colour", "grey", "uniform"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_answers_every_prompt(name: str, shape: tuple[int, int], kind: str) -> None:
    segmenter = SEGMENTERS[name]()
    segmenter.set_image(picture(shape, kind))
    for prompt in prompts(shape).values():
        try:
            found = segmenter.predict(prompt)
        except PromptError as error:
            assert error.message
            continue
        assert found.mask.shape == shape and found.mask.dtype == bool
        assert found.prob.shape == shape and found.prob.dtype == np.float32
        assert np.isfinite(found.prob).all() and found.prob.min() >= 0 and found.prob.max() <= 1
        assert found.made_by == name


@pytest.mark.parametrize("bad", [
    Prompt(box=(500, 500, 600, 600)), Prompt(box=(5, 5, 5, 9)), Prompt(box=(0, 0, float("nan"), 5)),
    Prompt(prior=np.full((20, 30), np.nan, np.float32)), Prompt(prior=np.zeros((3, 4), np.float32)),
    Prompt(scribble=np.zeros((9, 9), np.int8)), Prompt(points=np.zeros((2, 2), np.float32), labels=np.ones(1, np.uint8)),
    Prompt(points=np.full((1, 2), np.nan, np.float32), labels=np.ones(1, np.uint8)),
], ids=["outside", "flat", "nan box", "nan prior", "prior shape", "scribble shape", "labels missing", "nan point"])
@pytest.mark.parametrize("name", NAMES)
def test_refuses_what_does_not_fit(name: str, bad: Prompt) -> None:
    segmenter = SEGMENTERS[name]()
    segmenter.set_image(picture((20, 30), "colour"))
    with pytest.raises(PromptError):
        segmenter.predict(bad)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_needed_first(name: str) -> None:
    with pytest.raises(PromptError):
        SEGMENTERS[name]().predict(Prompt(box=(0, 0, 4, 4)))


@pytest.mark.parametrize("name", NAMES)
def test_image_and_prompt_are_left_alone(name: str) -> None:
    image = picture((48, 64), "colour")
    prompt = prompts((48, 64))["all at once"]
    before, stroke, prior = image.copy(), prompt.scribble.copy(), prompt.prior.copy()
    image.setflags(write=False)
    segmenter = SEGMENTERS[name]()
    segmenter.set_image(image)
    segmenter.predict(prompt)
    assert (image == before).all() and (prompt.scribble == stroke).all() and (prompt.prior == prior).all()
