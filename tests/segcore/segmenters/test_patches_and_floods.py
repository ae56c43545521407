"""Wand, watershed and superpixels against slow references and known pictures."""
from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from segcore.errors import PromptError
from segcore.segmenters import SEGMENTERS
from segcore.types import Prompt


def click(*points: tuple[float, float, int], **fields) -> Prompt:
    return Prompt(np.float32([p[:2] for p in points]).reshape(-1, 2), np.uint8([p[2] for p in points]), **fields)


@pytest.fixture
def discs() -> np.ndarray:
    """Two red discs on green, with a little noise."""
    y, x = np.mgrid[:120, :200]
    image = np.empty((120, 200, 3), np.uint8)
    image[:] = (40, 160, 60)
    for cx in (50, 150):
        image[(x + .5 - cx) ** 2 + (y + .5 - 60) ** 2 < 30 ** 2] = (200, 40, 40)
    noise = np.random.default_rng(0).integers(-3, 4, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def red(discs: np.ndarray) -> np.ndarray:
    return discs[..., 0] > 120


def test_wand_takes_the_connected_disc_or_both(discs: np.ndarray) -> None:
    wand = SEGMENTERS["wand"](tolerance=15.0)
    wand.set_image(discs)
    near = wand.predict(click((50, 60, 1))).mask
    assert np.array_equal(near[:, :100], red(discs)[:, :100]) and not near[:, 100:].any()
    anywhere = SEGMENTERS["wand"](tolerance=15.0, contiguous=False)
    anywhere.set_image(discs)
    assert np.array_equal(anywhere.predict(click((50, 60, 1))).mask, red(discs))
    boxed = anywhere.predict(click((50, 60, 1), box=(100, 0, 200, 120))).mask
    assert not boxed[:, :100].any() and np.array_equal(boxed[:, 100:], red(discs)[:, 100:])
    taken = anywhere.predict(click((50, 60, 1), (150, 60, 0))).mask
    assert not taken.any()


def test_wand_tolerance_is_a_distance_in_lab() -> None:
    """Against Little CMS's own conversion, on a ramp of greys and colours."""
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (40, 60, 3), np.uint8)
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB", 6504), "RGB", "LAB",
                                     renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC)
    lab = np.asarray(ImageCms.applyTransform(Pillow.fromarray(image), to_lab)).astype(float)
    lab[..., 0] *= 100 / 255
    lab[..., 1:] = (lab[..., 1:] + 128) % 256
    image[19:22, 29:32] = image[20, 30]     # the wand takes the median around the click
    distance = np.sqrt(((lab - lab[20, 30]) ** 2).sum(-1))
    wand = SEGMENTERS["wand"](tolerance=40.0, contiguous=False)
    wand.set_image(image)
    mask = wand.predict(click((30, 20, 1))).mask
    clear = np.abs(distance - 40) > 4       # the two conversions differ by roundings
    clear[19:22, 29:32] = False
    assert (mask == (distance < 40))[clear].mean() > 0.99


def test_watershed_meets_at_the_edge(discs: np.ndarray) -> None:
    watershed = SEGMENTERS["watershed"]()
    watershed.set_image(discs)
    mask = watershed.predict(click((50, 60, 1), (100, 60, 0))).mask
    truth = red(discs) & (np.arange(200) < 100)
    assert (mask & truth).sum() / (mask | truth).sum() > 0.93
    strokes = np.full((120, 200), -1, np.int8)
    strokes[60, 40:60], strokes[5, :] = 1, 0
    by_stroke = watershed.predict(Prompt(scribble=strokes)).mask
    assert by_stroke[strokes == 1].all() and not by_stroke[strokes == 0].any()
    with pytest.raises(PromptError, match="on the object"):
        watershed.predict(click((100, 60, 0)))


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_superpixels_partition_the_image_and_are_taken_whole(discs: np.ndarray, size: str) -> None:
    tool = SEGMENTERS["superpixel"](size=size)
    tool.set_image(discs)
    patches = tool.patches()
    assert patches.shape == (120, 200) and patches.min() == 0 and len(np.unique(patches)) == patches.max() + 1 > 10
    mask = tool.predict(click((50, 60, 1), (150, 60, 1))).mask
    assert {int(patches[60, 50]), int(patches[60, 150])} == set(np.unique(patches[mask]).tolist())
    painted = tool.predict(Prompt(scribble=np.where(red(discs), 1, -1).astype(np.int8))).mask
    assert (painted & red(discs)).sum() == red(discs).sum()
    if size != "large":
        assert painted.sum() < red(discs).sum() * 1.15      # patches keep to the discs' edges
    again = tool.predict(Prompt(prior=painted.astype(np.float32)))
    assert np.array_equal(again.mask, painted)


@pytest.mark.parametrize("name", ["wand", "watershed", "superpixel"])
def test_without_image_or_usable_click_there_is_a_sentence(name: str) -> None:
    tool = SEGMENTERS[name]()
    with pytest.raises(PromptError, match="No image"):
        tool.predict(click((1, 1, 1)))
    tool.set_image(np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(PromptError):
        tool.predict(click((50, 50, 1)))
