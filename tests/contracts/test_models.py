"""What every network promises: builds, keeps the image's size, even an odd one, learns in all its parts, saves and loads."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from segcore import checkpoint
from segcore.classes import CLASS_SETS
from segcore.errors import ModelError
from segcore.model_zoo import ModelCard, read_card
from segcore.models import MODELS, Model

SMALL: dict[str, dict[str, object]] = {"swiftnet": {"width": 16}, "unet": {"width": 8}, "fcn": {"backbone": "resnet50"},
                                          "deeplab_v3": {"backbone": "mobilenet_v2", "width": 0.5},
                                          "pspnet": {"backbone": "resnet18", "width": 16, "aux": True},
                                          "deeplab_v3plus": {"backbone": "mobilenet_v2", "width": 0.5},
                                          "bisenet": {"backbone": "xception39", "aux": True},
                                          "danet": {"backbone": "resnet18", "width": 16, "gate": 0.5},
                                          "deeplab_v1": {"width": 8, "multiscale": True},
                                          "deeplab_v2": {"backbone": "vgg16", "width": 8, "multiscale": "attention"},
                                          "hdc_duc": {"backbone": "resnet50", "width": 8},
                                          "gcn": {"backbone": "resnet18", "width": 16}, "deconvnet": {"width": 256},
                                          "refinenet": {"backbone": "resnet50", "width": 8}, "resnet38": {"width": 4},
                                          "hrnet_ocr": {"width": 8, "ocr_width": 16}}
"""Options that make a network quick to test; what these leave out is tested in tests/segcore/models."""

ALL = pytest.mark.parametrize("cls", list(MODELS), ids=lambda c: c.name)


@pytest.fixture(autouse=True)
def one_thread_and_seed() -> Iterator[None]:
    """Small layers on a busy machine are faster without threads that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def build(cls: type[Model], classes: int = 5) -> torch.nn.Module:
    return cls(**SMALL.get(cls.name, {})).build(classes)


def main(outputs: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
    return outputs[0] if isinstance(outputs, tuple) else outputs


@ALL
@pytest.mark.parametrize("size", [(64, 64), (61, 83), (33, 40)])
def test_gives_logits_of_the_images_size(cls: type[Model], size: tuple[int, int]) -> None:
    module = build(cls).eval()
    with torch.no_grad():
        logits = main(module(torch.randn(1, 3, *size)))
    assert logits.shape == (1, 5, *size) and torch.isfinite(logits).all()


@ALL
@pytest.mark.parametrize("classes", [1, 2, 3])
def test_few_classes_are_enough(cls: type[Model], classes: int) -> None:
    with torch.no_grad():
        assert main(build(cls, classes).eval()(torch.randn(1, 3, 40, 40))).shape == (1, classes, 40, 40)


@ALL
def test_every_parameter_learns(cls: type[Model]) -> None:
    module = build(cls).train()
    outputs = module(torch.randn(2, 3, 72, 80))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    sum(torch.nn.functional.cross_entropy(o, torch.randint(0, 5, (2, 72, 80))) for o in outputs).backward()
    idle = [name for name, p in module.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.abs().any())]
    assert idle == []


@ALL
def test_saved_and_loaded_it_answers_the_same(cls: type[Model], tmp_path) -> None:
    module, options = build(cls, 11).eval(), SMALL.get(cls.name, {})
    card = ModelCard("mine", cls.name, tuple(CLASS_SETS["camvid"]), params=dict(options), mean=cls.mean, std=cls.std)
    checkpoint.save_model(card, module.state_dict(), tmp_path)
    again = checkpoint.load_model(read_card(tmp_path / "mine.json"))
    image = torch.randn(1, 3, 40, 56)
    with torch.no_grad():
        torch.testing.assert_close(main(again(image)), main(module(image)))


@ALL
def test_weights_for_other_classes_are_refused(cls: type[Model], tmp_path) -> None:
    card = ModelCard("mine", cls.name, tuple(CLASS_SETS["camvid"][:5]), params=dict(SMALL.get(cls.name, {})))
    card = checkpoint.save_model(card, build(cls, 7).state_dict(), tmp_path)
    with pytest.raises(ModelError, match="trained for 7 classes, but 5"):
        checkpoint.load_model(card)


@ALL
def test_says_what_it_is(cls: type[Model]) -> None:
    assert cls.title and cls.paper and cls.summary().endswith(".")
