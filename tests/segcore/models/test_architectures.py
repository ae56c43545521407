"""The networks are those of their papers: parameter counts to the last one, and published layouts."""
from __future__ import annotations

from typing import Any

import pytest
import torch

from segcore.errors import PromptError
from segcore.models import MODELS
from segcore.models.blocks.fcn import FCNModule
from segcore.models.blocks.vgg import upsampling

COUNTS: list[tuple[str, int, dict[str, Any], int]] = [
    ("fcn", 21, {"variant": "fcn32s"}, 136_152_917), ("fcn", 21, {"variant": "fcn16s"}, 134_815_994),
    ("fcn", 21, {"variant": "fcn8s"}, 134_489_759), ("fcn", 21, {"variant": "fcn8s_at_once"}, 134_489_759),
    ("fcn", 21, {"backbone": "resnet50"}, 32_957_013), ("fcn", 21, {"backbone": "resnet50", "aux": True}, 35_322_218),
    ("fcn", 21, {"backbone": "resnet101"}, 51_949_141), ("fcn", 21, {"backbone": "resnet101", "aux": True}, 54_314_346),
    ("segnet", 11, {}, 29_449_355), ("segnet", 12, {}, 29_449_932), ("segnet", 21, {}, 29_455_125),
    ("segnet", 11, {"bias": False}, 29_441_419), ("segnet", 21, {"bias": False}, 29_447_189),
    ("unet", 1, {}, 31_031_745), ("unet", 2, {}, 31_031_810), ("unet", 21, {"padding": "valid"}, 31_033_045),
    ("unet", 2, {"norm": True}, 31_037_698), ("unet", 21, {"norm": True}, 31_038_933),
    ("deeplab_v3", 21, {}, 39_638_869), ("deeplab_v3", 21, {"aux": True}, 42_004_074),
    ("deeplab_v3", 21, {"backbone": "resnet101"}, 58_630_997),
    ("deeplab_v3", 21, {"backbone": "resnet101", "aux": True}, 60_996_202),
    ("deeplab_v3", 21, {"backbone": "mobilenet_v2"}, 5_113_877),
    ("deeplab_v3", 21, {"backbone": "mobilenet_v3_large"}, 11_025_477),
    ("deeplab_v3", 21, {"backbone": "mobilenet_v3_large", "aux": True}, 11_029_328),
    ("fc_densenet", 11, {}, 1_376_795), ("fc_densenet", 11, {"layers": 67}, 3_463_243),
    ("fc_densenet", 11, {"layers": 103}, 9_322_091), ("fc_densenet", 12, {"layers": 103}, 9_322_348),
    ("lraspp", 21, {}, 3_221_538), ("espnet", 12, {}, 354_517)]


def test_other_depths_of_fc_densenet_are_refused() -> None:
    with pytest.raises(PromptError, match="60 layers"):
        MODELS["fc_densenet"](layers=60).build(3)


def on_paper(name: str, classes: int, options: dict[str, Any]) -> torch.nn.Module:
    """The network without memory for its weights."""
    with torch.device("meta"):
        return MODELS[name](**options).build(classes)


@pytest.mark.parametrize("name, classes, options, count", COUNTS, ids=lambda v: str(v) if isinstance(v, str | int) else "")
def test_parameter_counts(name: str, classes: int, options: dict[str, Any], count: int) -> None:
    assert sum(p.numel() for p in on_paper(name, classes, options).parameters()) == count


@pytest.mark.parametrize("name, options, entries, some", [
    ("fcn", {"backbone": "resnet50", "aux": True}, 334, {"backbone.layer3.5.conv2.weight": (256, 256, 3, 3),
                                                         "classifier.0.weight": (512, 2048, 3, 3),
                                                         "aux_classifier.4.bias": (21,)}),
    ("deeplab_v3", {"aux": True}, 370, {"classifier.0.convs.3.0.weight": (256, 2048, 3, 3),
                                        "classifier.0.convs.4.1.weight": (256, 2048, 1, 1),
                                        "classifier.0.project.0.weight": (256, 1280, 1, 1), "classifier.4.bias": (21,)}),
    ("deeplab_v3", {"backbone": "mobilenet_v3_large", "aux": True}, 360, {"aux_classifier.0.weight": (10, 40, 3, 3),
                                                                          "backbone.16.0.weight": (960, 160, 1, 1)}),
    ("lraspp", {}, 319, {"classifier.cbr.0.weight": (128, 960, 1, 1), "classifier.scale.1.weight": (128, 960, 1, 1),
                         "classifier.low_classifier.weight": (21, 40, 1, 1), "backbone.4.block.2.fc1.weight": (24, 72, 1, 1)})],
    ids=["fcn", "deeplab_v3", "mobilenet", "lraspp"])
def test_layouts_are_those_of_the_published_checkpoints(name, options, entries, some) -> None:
    state = on_paper(name, 21, options).state_dict()
    assert len(state) == entries
    assert {key: tuple(state[key].shape) for key in some} == some


@pytest.mark.parametrize("name, options, stride", [
    ("deeplab_v3", {"backbone": "resnet50", "output_stride": 8}, 8), ("deeplab_v3", {"backbone": "resnet101"}, 16),
    ("deeplab_v3", {"backbone": "mobilenet_v2"}, 16), ("deeplab_v3", {"backbone": "mobilenet_v2", "output_stride": 8}, 8),
    ("deeplab_v3", {"backbone": "mobilenet_v3_large"}, 16), ("fcn", {"backbone": "resnet50"}, 8)])
def test_output_strides(name: str, options: dict[str, Any], stride: int) -> None:
    backbone = on_paper(name, 21, options).backbone
    features = backbone(torch.empty(1, 3, 64, 96, device="meta"))
    assert features[-1].shape[-2:] == (64 // stride, 96 // stride)
    assert [f.shape[1] for f in features] == list(backbone.channels)


@pytest.mark.parametrize("variant", ["fcn32s", "fcn16s", "fcn8s", "fcn8s_at_once"])
def test_fcn_on_vgg_takes_any_size(variant: str) -> None:
    module = on_paper("fcn", 3, {"variant": variant})
    for size in ((64, 64), (37, 91), (1, 2), (500, 333)):
        assert module(torch.empty(1, 3, *size, device="meta")).shape == (1, 3, *size)


def test_fcn_on_vgg_learns_in_every_layer() -> None:
    module = FCNModule("fcn8s", 3, fixed=False, width=8)
    module(torch.randn(1, 3, 20, 30)).square().mean().backward()
    assert [name for name, p in module.named_parameters() if not p.grad.any()] == []


def test_fixed_upsampling_is_bilinear_and_does_not_learn() -> None:
    layer = upsampling(2, 4, learned=False)
    assert not layer.weight.requires_grad
    ramp = torch.arange(6.0).repeat(6, 1).expand(1, 2, 6, 6)
    with torch.no_grad():
        inner = layer(ramp)[0, 0, 10, 8:18]
    torch.testing.assert_close(inner.diff(), torch.full((9,), 0.25))
    trainable = [p.requires_grad for p in FCNModule("fcn16s", 3, fixed=True, width=8).upsamplings.parameters()]
    assert trainable == [True, False]


def test_valid_unet_sees_no_zeros_and_stays_in_place() -> None:
    """At least the paper's margin (572 pixels for 388); on a uniform image the answer repeats every 16 pixels to the border."""
    torch.manual_seed(0)
    valid, same = (MODELS["unet"](padding=p, width=4).build(2).eval() for p in ("valid", "same"))
    with torch.no_grad():
        assert valid.mirrored(torch.zeros(1, 3, 384, 384)).shape[-1] == 572
        assert repeats(valid(torch.full((1, 3, 48, 64), 0.7)))
        assert not repeats(same(torch.full((1, 3, 48, 64), 0.7)))


def repeats(logits: torch.Tensor) -> bool:
    """Whether a pattern of 16 x 16 pixels fills the plane."""
    return all(torch.allclose(logits, logits.roll(16, dim), atol=1e-5) for dim in (-1, -2))
