"""Weights that others trained, in our networks: the proof that these are what they claim to be."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PILImage

from segcore.dataset import FolderPair
from segcore.image_io import read_image
from segcore.metrics import METRICS
from segcore.models import MODELS

EPS = 1e-5


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small layers on a busy machine are faster without threads that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def fold(state: dict[str, torch.Tensor], conv: str, norm: str | None, weights: np.ndarray, bias: np.ndarray) -> None:
    """Put a convolution with folded normalisation into a pair of both: the normalisation then only adds the bias."""
    if norm is None:
        state[f"{conv}.bias"] = torch.from_numpy(bias)
    else:
        state[f"{norm}.weight"] = torch.full((len(bias),), (1 + EPS) ** 0.5)
        state[f"{norm}.bias"] = torch.from_numpy(bias)
        state[f"{norm}.running_mean"], state[f"{norm}.running_var"] = torch.zeros(len(bias)), torch.ones(len(bias))
        state[f"{norm}.num_batches_tracked"] = torch.tensor(0)
    state[f"{conv}.weight"] = torch.from_numpy(np.ascontiguousarray(weights))


def mobile_state(arrays: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """The state dict of deeplab_v3 from arrays in TensorFlow's layout."""
    state: dict[str, torch.Tensor] = {}

    def take(source: str, conv: str, norm: str | None) -> None:
        fold(state, conv, norm, arrays[f"{source}|weights"].transpose(0, 3, 1, 2), arrays[f"{source}|Conv2D_bias"])
    take("MobilenetV2|Conv", "backbone.features.0.0", "backbone.features.0.1")
    for block in range(17):
        source = f"MobilenetV2|expanded_conv{f'_{block}' if block else ''}"
        target, part = f"backbone.features.{block + 1}.conv", 0
        if block:
            take(f"{source}|expand", f"{target}.0.0", f"{target}.0.1")
            part = 1
        fold(state, f"{target}.{part}.0", f"{target}.{part}.1",
             arrays[f"{source}|depthwise|depthwise_weights"].transpose(3, 0, 1, 2),
             arrays[f"{source}|depthwise|depthwise_bias"])
        take(f"{source}|project", f"{target}.{part + 1}", f"{target}.{part + 2}")
    take("aspp0", "classifier.0.convs.0.0", "classifier.0.convs.0.1")
    take("image_pooling", "classifier.0.convs.1.1", "classifier.0.convs.1.2")
    take("concat_projection", "classifier.0.project.0", "classifier.0.project.1")
    take("logits|semantic", "classifier.1", None)
    return state


def test_deeplab_v3_answers_like_the_reference(data: Path) -> None:
    """Argmax of the reference on 32 photos of VOC: at least 99.9 % of the pixels; logits of one to its half precision.

    The reference's features lie on a 33 x 33 grid: output stride 8.
    """
    weights = np.load(data / "weights" / "deeplabv3_mnv2_dm05_voc21.npz")
    expected = np.load(data / "weights" / "deeplabv3_mnv2_dm05_voc21_expected.npz")
    module = MODELS["deeplab_v3"](backbone="mobilenet_v2", output_stride=8, width=0.5, mobile_head=True).build(21).eval()
    # The reference joins image pooling first, then the 1x1 branch.
    state = mobile_state(dict(weights))
    joined = state["classifier.0.project.0.weight"]
    state["classifier.0.project.0.weight"] = torch.cat([joined[:, 256:], joined[:, :256]], 1)
    module.load_state_dict(state)
    same = []
    for name in [n for n in expected.files if n.startswith("argmax_")]:
        photo = next((data / "voc").rglob(f"{name.removeprefix('argmax_')}.jpg"))
        small = PILImage.fromarray(read_image(photo).pixels).resize((257, 257), PILImage.Resampling.BILINEAR)
        pixels = np.asarray(small, np.float32)
        with torch.no_grad():
            logits = module(torch.from_numpy(pixels / 127.5 - 1).permute(2, 0, 1)[None])[0].numpy()
        same.append((logits.argmax(0) == expected[name]).mean())
        if f"logits{name.removeprefix('argmax')}" in expected:
            reference = expected[f"logits{name.removeprefix('argmax')}"].astype(np.float32).transpose(2, 0, 1)
            assert np.abs(logits - reference).max() < 0.02
    assert len(same) == 32 and np.mean(same) >= 0.999


def test_espnet_reaches_its_figure_on_camvid(data: Path) -> None:
    """The published weights, for BGR scaled in the authors' way, on every 24th test photo of CamVid (57.2 on all 233)."""
    module = MODELS["espnet"](p=2, q=8).build(12).eval()
    module.load_state_dict(torch.load(data / "weights" / "espnet_p_2_q_8_camvid.pth", map_location="cpu", weights_only=True))
    samples = FolderPair(data / "camvid" / "test", data / "camvid" / "testannot", [str(i) for i in range(11)])
    mean, std = np.array([110.3, 108.4, 105.0]), np.array([72.0, 72.7, 70.0])
    metric = METRICS["mean_iou"]()
    for index in range(0, len(samples), 24):
        pixels, target = samples[index]
        image = ((pixels[..., ::-1] - mean) / std / 255).astype(np.float32)
        with torch.no_grad():
            logits = module(torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None])[0, :11]
        metric.update(logits.argmax(0).numpy().astype(np.uint8), target)
    assert metric.value() == pytest.approx(0.57, abs=0.05)
