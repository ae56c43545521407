"""The embedded network on real photos, and prediction when memory, device or photo are not as hoped."""
from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from segcore import inference
from segcore.errors import ModelError
from segcore.image_io import read_image, read_index_mask
from segcore.inference import LoadedModel
from segcore.model_zoo import ModelCard, find_model
from segcore.types import LabelClass, Prediction, Progress

CLASSES = tuple(LabelClass(i, name, (i, i, i)) for i, name in enumerate(("red", "green", "blue")))
CARD = ModelCard("colours", "swiftnet", CLASSES, working_size=(60, 80))


class ColourNet(nn.Module):
    """Finds the strongest colour; runs out of memory on more than `limit` pixels."""

    def __init__(self, limit: int = 10**9) -> None:
        super().__init__()
        self.limit, self.seen = limit, []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(tuple(x.shape[-2:]))
        if x.shape[-1] * x.shape[-2] > self.limit:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")
        return 20 * x


def loaded(module: nn.Module, **card: Any) -> LoadedModel:
    card = replace(CARD, **card)
    return LoadedModel(card, card.classes, module, torch.device("cpu"))


def finish(steps: Generator[Progress, None, Prediction]) -> tuple[Prediction, list[Progress]]:
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as stop:
            return stop.value, seen


def stripes(height: int, width: int) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    for c in range(3):
        image[:, c * width // 3:(c + 1) * width // 3, c] = 200
    image.setflags(write=False)
    return image


@pytest.mark.parametrize("shape", [(60, 80), (45, 333), (1000, 700), (7, 5), (1, 1)])
def test_ordinary_photos_get_a_probability_for_every_pixel(shape: tuple[int, int]) -> None:
    module = ColourNet()
    prediction, steps = finish(inference.predict(loaded(module), stripes(*shape)))
    assert prediction.prob.shape == (3, *shape) and prediction.prob.dtype == np.float32
    np.testing.assert_allclose(prediction.prob.sum(0), 1, atol=1e-4)
    assert prediction.mask.shape == shape and prediction.mask.dtype == np.uint8
    if min(shape) > 6:
        expected = stripes(*shape).argmax(2)
        assert (prediction.mask == expected).mean() > 0.97
    assert (prediction.class_ids, prediction.made_by, prediction.message) == ((0, 1, 2), "model:colours", "")
    seen = module.seen[0][0] * module.seen[0][1]
    assert seen == pytest.approx(4800, rel=0.1) or max(shape) > 10 * min(shape) or shape[0] < 8
    assert [s.done for s in steps] == [1, 2]


def test_large_photos_are_answered_compactly() -> None:
    prediction, _ = finish(inference.predict(loaded(ColourNet()), stripes(1500, 2000)))
    assert prediction.prob.shape == (3, 60, 80) and prediction.mask.shape == (1500, 2000)
    assert (prediction.mask == stripes(1500, 2000).argmax(2)).mean() > 0.98


def test_the_cards_normalisation_is_used() -> None:
    seen = {}

    class Peek(ColourNet):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen["x"] = x.clone()
            return x
    model = loaded(Peek(), mean=(0.1, 0.2, 0.3), std=(0.5, 1.0, 2.0))
    finish(inference.predict(model, np.full((60, 80, 3), (51, 102, 255), np.uint8)))
    np.testing.assert_allclose(seen["x"][0, :, 5, 5].numpy(), [(0.2 - 0.1) / 0.5, 0.4 - 0.2, (1 - 0.3) / 2], rtol=1e-5)


def test_out_of_memory_is_answered_smaller_and_said() -> None:
    module = ColourNet(limit=3000)
    prediction, steps = finish(inference.predict(loaded(module), stripes(60, 80)))
    assert module.seen == [(60, 80), (42, 56)]
    assert "Memory ran out" in prediction.message and "smaller" in prediction.message
    assert any("ran out" in s.message for s in steps) and prediction.mask.shape == (60, 80)


def test_out_of_memory_on_another_device_goes_to_the_processor() -> None:
    model = loaded(ColourNet(limit=0))
    model.device = torch.device("meta")     # stands for a card: every rung of the ladder is visible
    assert [(d.type, f) for d, f in inference._ladder(model.device)] == [("meta", 1), ("meta", 0.7), ("cpu", 1), ("cpu", 0.7)]
    with pytest.raises(ModelError, match="not enough memory"):
        finish(inference.predict(loaded(ColourNet(limit=0)), stripes(60, 80)))


def test_other_errors_are_not_hidden() -> None:
    class Broken(ColourNet):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("shapes do not match")
    with pytest.raises(RuntimeError, match="shapes"):
        finish(inference.predict(loaded(Broken()), stripes(60, 80)))


def test_not_a_number_is_said() -> None:
    class Empty(ColourNet):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * float("nan")
    with pytest.raises(ModelError, match="not numbers"):
        finish(inference.predict(loaded(Empty()), stripes(60, 80)))


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)),
                                   np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_photo_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ModelError, match="photo"):
        finish(inference.predict(loaded(ColourNet()), image))


def test_devices() -> None:
    assert inference.choose_device("cpu").type == "cpu"
    assert inference.choose_device().type in ("cuda", "mps", "cpu")
    for name in ("cuda", "toaster"):
        if name == "toaster" or not torch.cuda.is_available():
            with pytest.raises(ModelError, match="not available"):
                inference.choose_device(name)


@pytest.mark.parametrize("error, expected", [
    (MemoryError(), True), (torch.OutOfMemoryError("x"), True), (RuntimeError("CUDA out of memory. Tried"), True),
    (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True), (RuntimeError("bad"), False)])
def test_memory_errors_are_known(error: BaseException, expected: bool) -> None:
    assert inference.is_out_of_memory(error) is expected


def test_streets_sees_a_street(data: Path) -> None:
    """On validation photos of CamVid the embedded network is as good as its card says, roughly."""
    from segcore.metrics import METRICS
    model, metric = inference.load_model("streets", "cpu"), METRICS["pixel_accuracy"]()
    for photo in sorted((data / "camvid" / "val").iterdir())[::25]:
        prediction, _ = finish(inference.predict(model, read_image(photo).pixels))
        metric.update(prediction.mask, read_index_mask(data / "camvid" / "valannot" / f"{photo.stem}.png"))
    assert metric.value() > 0.85


def test_streets_on_a_sample_photo() -> None:
    """The outdoor sample has sky above and no road in it."""
    samples = Path(__file__).parents[2] / "resources" / "samples"
    photo = next(p for p in sorted(samples.rglob("*.jpg")) if "temple" in p.name)
    model = inference.load_model("streets", "cpu")
    prediction, _ = finish(inference.predict(model, read_image(photo).pixels))
    names = [c.name for c in find_model("streets").classes]
    top, rest = prediction.mask[:60], prediction.mask[120:]
    assert (top == names.index("sky")).mean() > 0.5
    assert np.isin(rest, [names.index("building"), names.index("tree")]).mean() > 0.4
    assert prediction.made_by == "model:streets"
