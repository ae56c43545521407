"""The rounds in PyTorch give what the compiled ones give."""
from __future__ import annotations

import numpy as np
import pytest

from segcore.energy import mean_field, mean_field_torch

OPTIONS = {"w1": 4.0, "sigma_alpha": 30.0, "sigma_beta": 8.0, "w2": 3.0, "sigma_gamma": 1.5, "iterations": 5}


def scene(classes, height=40, width=50):
    rng = np.random.default_rng(0)
    blocks = np.kron(rng.integers(0, 256, (height // 10, width // 10, 3)), np.ones((10, 10, 1)))
    image = (blocks + rng.normal(0, 6, blocks.shape)).clip(0, 255).astype(np.uint8)
    return image, rng.dirichlet(np.ones(classes), (height, width)).astype(np.float32).transpose(2, 0, 1).copy()


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("changed", [{}, {"w1": 0.0}, {"w2": 0.0}, {"iterations": 0}])
def test_same_to_a_thousandth(classes, changed):
    image, prob = scene(classes)
    fixed = np.full(prob.shape[1:], -1)
    fixed[5, 5:9], fixed[20, 20] = 1, 0
    options = OPTIONS | changed
    ours = mean_field_torch.infer(image, prob, **options, fixed=fixed)
    np.testing.assert_allclose(ours, mean_field.infer(image, prob, **options, fixed=fixed), atol=1e-3)
    assert changed or np.abs(ours - prob).max() > 0.2
