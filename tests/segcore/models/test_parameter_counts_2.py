"""The larger networks: parameter counts to the last one, output strides, variants that the contract leaves out."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from segcore.models import MODELS

COUNTS: list[tuple[str, int, dict[str, Any], int]] = [
    ("pspnet", 21, {}, 46_716_373), ("pspnet", 21, {"aux": True}, 49_081_578), ("pspnet", 19, {}, 46_715_347),
    ("pspnet", 21, {"backbone": "resnet101"}, 65_708_501),
    ("pspnet", 21, {"backbone": "resnet101", "aux": True}, 68_073_706),
    ("deeplab_v3plus", 21, {}, 39_761_845), ("deeplab_v3plus", 21, {"backbone": "resnet101"}, 58_753_973),
    ("deeplab_v3plus", 21, {"backbone": "mobilenet_v2"}, 5_225_717),
    ("deeplab_v3plus", 21, {"backbone": "xception"}, 37_050_525),
    ("bisenet", 19, {}, 13_275_539), ("bisenet", 19, {"aux": True}, 13_425_721),
]


def on_paper(name: str, classes: int, options: dict[str, Any]) -> torch.nn.Module:
    """The network without memory for its weights."""
    with torch.device("meta"):
        return MODELS[name](**options).build(classes)


@pytest.mark.parametrize("name, classes, options, count", COUNTS, ids=lambda v: str(v) if isinstance(v, str | int) else "")
def test_parameter_counts(name: str, classes: int, options: dict[str, Any], count: int) -> None:
    assert sum(p.numel() for p in on_paper(name, classes, options).parameters()) == count


VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("pspnet", {"backbone": "resnet101", "aux": True}),
    ("deeplab_v3plus", {"backbone": "xception"}),
    ("deeplab_v3plus", {"backbone": "xception65", "decoder_convs": 2, "separable": True, "output_stride": 8}),
    ("deeplab_v3plus", {"backbone": "resnet50", "output_stride": 8}),
    ("bisenet", {"backbone": "resnet18", "aux": True}),
]


@pytest.mark.parametrize("name, options", VARIANTS, ids=lambda v: v if isinstance(v, str) else "-".join(map(str, v.values())))
def test_large_variants_keep_the_size_of_the_image(name: str, options: dict[str, Any]) -> None:
    module = on_paper(name, 4, options)
    for size in ((65, 49), (96, 128)):
        outputs = module(torch.empty(2, 3, *size, device="meta"))
        assert {o.shape for o in (outputs if isinstance(outputs, tuple) else (outputs,))} == {(2, 4, *size)}


@pytest.mark.parametrize("name, options, stride", [
    ("pspnet", {}, 8), ("deeplab_v3plus", {"backbone": "xception"}, 16),
    ("deeplab_v3plus", {"backbone": "xception65", "output_stride": 8}, 8), ("bisenet", {}, 32),
    ("bisenet", {"backbone": "xception39"}, 32)])
def test_output_strides(name: str, options: dict[str, Any], stride: int) -> None:
    backbone = on_paper(name, 21, options).backbone
    features = backbone(torch.empty(1, 3, 64, 96, device="meta"))
    assert features[-1].shape[-2:] == (64 // stride, 96 // stride)
    assert [f.shape[1] for f in features] == list(backbone.channels)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small layers on a busy machine are faster without threads that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name, options", [
    ("pspnet", {"backbone": "resnet18", "width": 8, "aux": True}), ("bisenet", {"backbone": "xception39", "aux": True})])
@pytest.mark.usefixtures("one_thread")
def test_a_single_image_can_be_trained_on(name: str, options: dict[str, Any]) -> None:
    """A mean over the whole of one image has no variance."""
    outputs = MODELS[name](**options).build(3).train()(torch.randn(1, 3, 65, 49))
    assert all(torch.isfinite(o).all() for o in (outputs if isinstance(outputs, tuple) else (outputs,)))
