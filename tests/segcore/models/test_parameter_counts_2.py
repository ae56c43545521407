"""The larger networks: parameter counts to the last one, output strides, variants that the contract leaves out."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from segcore.models import MODELS
from segcore.models.blocks.attention import ChannelAttention, NonLocal, PositionAttention, SqueezeExcitation
from segcore.models.blocks.duc import DUC
from segcore.models.blocks.gcn import GlobalConvolution
from segcore.models.blocks.hrnet import HRNetOCRModule, ObjectContext
from segcore.models.blocks.refinenet import ChainedPooling

COUNTS: list[tuple[str, int, dict[str, Any], int]] = [
    ("pspnet", 21, {}, 46_716_373), ("pspnet", 21, {"aux": True}, 49_081_578), ("pspnet", 19, {}, 46_715_347),
    ("pspnet", 21, {"backbone": "resnet101"}, 65_708_501),
    ("pspnet", 21, {"backbone": "resnet101", "aux": True}, 68_073_706),
    ("deeplab_v3plus", 21, {}, 39_761_845), ("deeplab_v3plus", 21, {"backbone": "resnet101"}, 58_753_973),
    ("deeplab_v3plus", 21, {"backbone": "mobilenet_v2"}, 5_225_717),
    ("deeplab_v3plus", 21, {"backbone": "xception"}, 37_050_525),
    ("bisenet", 19, {}, 13_275_539), ("bisenet", 19, {"aux": True}, 13_425_721),
    *[("drn", 19, {"variant": variant}, backbone + 19 * (width + 1)) for variant, backbone, width in (
        ("a50", 23_508_032, 2048), ("c26", 20_613_584, 512), ("c42", 30_721_744, 512), ("c58", 41_078_608, 512),
        ("d22", 15_880_752, 512), ("d38", 25_988_912, 512), ("d54", 35_296_176, 512), ("d105", 54_288_304, 512))],
    ("danet", 21, {}, 47_465_729), ("danet", 21, {"backbone": "resnet101"}, 66_457_857),
    ("deeplab_v1", 21, {}, 20_505_429), ("deeplab_v1", 21, {"variant": "4x4"}, 65_140_565),
    ("deeplab_v1", 21, {"variant": "7x7"}, 134_346_581),
    ("deeplab_v2", 21, {}, 44_048_532), ("deeplab_v2", 21, {"backbone": "vgg16", "variant": "large_fov"}, 20_505_429),
    ("gcn", 21, {}, 24_733_844), ("gcn", 21, {"backbone": "resnet101"}, 43_725_972),
    ("gcn", 21, {"backbone": "resnet152"}, 59_369_620), ("deconvnet", 21, {}, 251_805_653), ("refinenet", 21, {}, 118_052_437),
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
    ("drn", {"variant": "a50"}), ("drn", {"variant": "c26"}), ("drn", {"variant": "c58"}), ("drn", {"variant": "d105"}),
    ("danet", {}),
    ("deeplab_v1", {"variant": "4x4"}), ("deeplab_v1", {"variant": "7x7", "multiscale": True}),
    ("deeplab_v2", {"multiscale": "attention"}), ("deeplab_v2", {"variant": "aspp_s", "multiscale": "max"}),
    ("deeplab_v2", {"backbone": "vgg16", "variant": "large_fov", "multiscale": "max"}),
    ("hdc_duc", {}), ("hdc_duc", {"dilation": "rf", "aspp": False}), ("hdc_duc", {"dilation": "plain"}),
    ("gcn", {"kernel": 15}), ("deconvnet", {}), ("deconvnet", {"fc6": False}), ("refinenet", {}), ("resnet38", {}),
    ("resnet38", {"head_convs": 1}), ("hrnet_ocr", {"width": 48, "small": False, "ocr_width": 256}),
]


@pytest.mark.parametrize("name, options", VARIANTS, ids=lambda v: v if isinstance(v, str) else "-".join(map(str, v.values())))
def test_large_variants_keep_the_size_of_the_image(name: str, options: dict[str, Any]) -> None:
    module = on_paper(name, 4, options)
    outputs = module(torch.empty(2, 3, 65, 49, device="meta"))
    assert {o.shape for o in (outputs if isinstance(outputs, tuple) else (outputs,))} == {(2, 4, 65, 49)}


@pytest.mark.parametrize("name, options, stride", [
    ("pspnet", {}, 8), ("deeplab_v3plus", {"backbone": "xception"}, 16),
    ("deeplab_v3plus", {"backbone": "xception65", "output_stride": 8}, 8), ("bisenet", {}, 32),
    ("bisenet", {"backbone": "xception39"}, 32), ("drn", {"variant": "a50"}, 8), ("danet", {}, 8), ("deeplab_v2", {}, 8),
    ("hdc_duc", {}, 8), ("resnet38", {}, 8), ("gcn", {}, 32), ("refinenet", {}, 32)])
def test_output_strides(name: str, options: dict[str, Any], stride: int) -> None:
    backbone = on_paper(name, 21, options).backbone
    features = backbone(torch.empty(1, 3, 64, 96, device="meta"))
    assert features[-1].shape[-2:] == (64 // stride, 96 // stride)
    assert [f.shape[1] for f in features] == list(backbone.channels)


def test_click_network_has_the_published_count() -> None:
    """HRNet-18s with OCR, one class, and a branch for two click maps and the mask before."""
    with torch.device("meta"):
        module = HRNetOCRModule(1, width=18, small=True, ocr_width=48, extra=3)
        assert module(torch.empty(2, 6, 65, 49))[0].shape == (2, 1, 65, 49)
    assert sum(p.numel() for p in module.parameters()) == 4_220_047


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small layers on a busy machine are faster without threads that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name, options", [
    ("pspnet", {"backbone": "resnet18", "width": 8, "aux": True}),
    ("danet", {"backbone": "resnet18", "width": 8}),
    ("bisenet", {"backbone": "xception39", "aux": True}),
    ("deconvnet", {"width": 64}), ("hrnet_ocr", {"width": 8, "ocr_width": 16})])
@pytest.mark.usefixtures("one_thread")
def test_a_single_image_can_be_trained_on(name: str, options: dict[str, Any]) -> None:
    """A mean over the whole of one image has no variance."""
    outputs = MODELS[name](**options).build(3).train()(torch.randn(1, 3, 65, 49))
    assert all(torch.isfinite(o).all() for o in (outputs if isinstance(outputs, tuple) else (outputs,)))


def test_dilations_of_hdc_leave_no_gaps() -> None:
    """Their group must cover every offset: with 1, 2, 5 the sums of -1, 0, 1 times each rate are all of -8 to 8."""
    backbone = on_paper("hdc_duc", 19, {}).backbone
    rates = [[block.conv2.dilation[0] for block in stage] for stage in (backbone.layer3, backbone.layer4)]
    assert rates == [[1, 2, 5, 9] * 5 + [1, 2, 5], [5, 9, 17]]
    plain = on_paper("hdc_duc", 19, {"dilation": "plain"}).backbone
    assert {block.conv2.dilation[0] for block in plain.layer3} == {2}


@pytest.mark.usefixtures("one_thread")
def test_dense_upsampling_puts_channels_into_the_pixels_of_a_cell() -> None:
    head = DUC(1, classes=2, factor=2, rates=(1,))
    with torch.no_grad():
        head[0][0].weight.zero_()
        head[0][0].bias.copy_(torch.arange(8.0))
        logits = head(torch.zeros(1, 1, 3, 4))
    assert logits.shape == (1, 2, 6, 8)
    assert logits[0, 0, 2:4, 4:6].tolist() == [[0, 1], [2, 3]] and logits[0, 1, :2, :2].tolist() == [[4, 5], [6, 7]]


@pytest.mark.usefixtures("one_thread")
def test_attentions_are_the_sums_of_the_paper() -> None:
    """Against loops over positions and channels, equations 1-2 and 3-4."""
    position, channel = PositionAttention(32, gate=0.5), ChannelAttention(gate=0.5)
    x = torch.randn(1, 32, 3, 2)
    with torch.no_grad():
        query, key, value = (part(x)[0].flatten(1) for part in (position.query, position.key, position.value))
        expected = x[0].flatten(1).clone()
        for j in range(6):
            weights = torch.tensor([float(query[:, j] @ key[:, i]) for i in range(6)]).exp()
            expected[:, j] += 0.5 * sum(value[:, i] * weights[i] / weights.sum() for i in range(6))
        torch.testing.assert_close(position(x)[0].flatten(1), expected)
        flat = x[0].flatten(1)
        expected = flat.clone()
        for j in range(32):
            weights = torch.tensor([float(-(flat[j] @ flat[i])) for i in range(32)]).exp()
            expected[j] += 0.5 * sum(flat[i] * weights[i] / weights.sum() for i in range(32))
        torch.testing.assert_close(channel(x)[0].flatten(1), expected)


@pytest.mark.usefixtures("one_thread")
def test_the_maximum_over_scales_is_fused() -> None:
    network = MODELS["deeplab_v2"](backbone="vgg16", width=4, multiscale="max").build(3).train()
    fused, *single = network(torch.randn(1, 3, 65, 49))
    assert len(single) == 3 and all(s.shape == fused.shape for s in single)
    network.eval()
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        full, alone = network(image), network.network(image)
    assert (full >= alone - 1e-5).all() and (full > alone).any()


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("make", [lambda: NonLocal(6), lambda: SqueezeExcitation(6, 2)], ids=["non-local", "squeeze"])
def test_other_attentions_keep_shapes_and_learn(make: Callable[[], torch.nn.Module]) -> None:
    torch.manual_seed(0)      # with three hidden units, some starts leave all of them dead
    block, x = make(), torch.randn(2, 6, 5, 7)
    y = block(x)
    assert y.shape == x.shape
    y.square().sum().backward()
    # A bias of the key shifts all scores of a position alike, which softmax does not see.
    assert [n for n, p in block.named_parameters() if not p.grad.abs().any() and n != "key.bias"] == []


@pytest.mark.usefixtures("one_thread")
def test_large_kernel_sees_a_square() -> None:
    layer = GlobalConvolution(1, 1, 7)
    with torch.no_grad():
        for p in layer.parameters():
            p.fill_(1.0 if p.ndim > 1 else 0.0)
        image = torch.zeros(1, 1, 15, 15)
        image[..., 7, 7] = 1
        answer = layer(image)[0, 0]
    expected = torch.zeros(15, 15)
    expected[4:11, 4:11] = 2
    assert torch.equal(answer, expected)


@pytest.mark.usefixtures("one_thread")
def test_chained_pooling_adds_every_link() -> None:
    """With convolutions that copy, each link is the maximum over a square 4 pixels wider than the last."""
    chain = ChainedPooling(1, 2)
    with torch.no_grad():
        for conv in chain.links:
            conv.weight.zero_()
            conv.weight[0, 0, 1, 1] = 1
        image = torch.zeros(1, 1, 13, 13)
        image[..., 6, 6] = 1
        answer = chain(image)[0, 0]
    assert answer[6].tolist() == [0, 0, 1, 1, 2, 2, 3, 2, 2, 1, 1, 0, 0]


@pytest.mark.usefixtures("one_thread")
def test_object_context_is_a_weighted_sum_per_class() -> None:
    """With a first guess that is sure of one pixel per class, only these pixels describe the classes to the others."""
    context = ObjectContext(4, 16).eval()
    x, guess = torch.randn(1, 4, 3, 3), torch.zeros(1, 2, 3, 3)
    guess[0, 0, 0, 0] = guess[0, 1, 2, 2] = 1e4

    def changes(row: int, column: int) -> bool:
        """Whether another feature there changes the answer in the corner at the top right."""
        changed = x.clone()
        changed[..., row, column] += 5
        with torch.no_grad():
            return not torch.allclose(context(x, guess)[..., 0, 2], context(changed, guess)[..., 0, 2])
    assert changes(0, 0) and changes(2, 2) and not changes(1, 1)
