"""The live wire on pictures whose outline is known."""
from __future__ import annotations

import numpy as np
import pytest

from segcore.errors import PromptError
from segcore.segmenters import SEGMENTERS
from segcore.types import Prompt


def disc(size: int, radius: float) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:size, :size]
    truth = (x + .5 - size / 2) ** 2 + (y + .5 - size / 2) ** 2 < radius ** 2
    image = np.where(truth[..., None], np.uint8(190), np.uint8(60)).repeat(3, axis=2)
    noise = np.random.default_rng(0).integers(-8, 9, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), truth


def clicks(size: int, radius: float, angles: list[float]) -> Prompt:
    points = [(size / 2 + radius * np.cos(a), size / 2 + radius * np.sin(a)) for a in np.radians(angles)]
    return Prompt(points=np.array(points, np.float32), labels=np.ones(len(points), np.uint8))


@pytest.mark.parametrize("size", [160, 1600])
def test_three_clicks_follow_a_disc(size: int) -> None:
    image, truth = disc(size, size * 0.35)
    wire = SEGMENTERS["live_wire"](snap=6.0)
    wire.set_image(image)
    prompt = clicks(size, size * 0.35 + 2, [0, 110, 230])
    mask = wire.predict(prompt).mask
    assert (mask & truth).sum() / (mask | truth).sum() > 0.96
    coarse = wire.preview(prompt).mask
    assert (coarse & truth).sum() / (coarse | truth).sum() > 0.9


def test_clicks_snap_to_the_edge_near_them() -> None:
    image, _ = disc(200, 70)
    wire = SEGMENTERS["live_wire"](snap=8.0)
    wire.set_image(image)
    x, y = wire.outline(wire._corners(clicks(200, 75, [0])))[0]
    assert abs(np.hypot(x + .5 - 100, y + .5 - 100) - 70) < 2


def test_a_line_has_no_inside_and_no_point_is_a_sentence() -> None:
    image, _ = disc(100, 30)
    wire = SEGMENTERS["live_wire"]()
    wire.set_image(image)
    two = wire.predict(Prompt(points=np.float32([[10, 10], [60, 10]]), labels=np.uint8([1, 1]))).mask
    assert two[10, 10] and two[10, 60] and 51 <= two.sum() < 120
    with pytest.raises(PromptError, match="outline"):
        wire.predict(Prompt())
