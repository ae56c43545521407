"""What every loss promises: a finite scalar, finite gradients, 255 ignored, better for better answers."""
from __future__ import annotations

import pytest
import torch

from segcore.losses import LOSSES, Loss

ALL = pytest.mark.parametrize("cls", list(LOSSES), ids=lambda c: c.name)


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 4, 7, 9, generator=generator).requires_grad_()
    target = torch.randint(0, 4, (2, 7, 9), generator=generator)
    target[:, :2] = 255
    return logits, target


@ALL
def test_gives_a_finite_scalar_with_finite_gradients(cls: type[Loss]) -> None:
    logits, target = batch()
    loss = cls()(logits, target)
    assert loss.ndim == 0 and torch.isfinite(loss)
    loss.backward()
    assert torch.isfinite(logits.grad).all() and logits.grad.abs().sum() > 0


@ALL
def test_ignores_void(cls: type[Loss]) -> None:
    logits, target = batch()
    before = cls()(logits, target)
    changed = logits.detach().clone()
    changed[:, :, :2] = 17 * torch.randn(2, 4, 2, 9)
    torch.testing.assert_close(cls()(changed, target), before.detach())
    before.backward()
    assert logits.grad[:, :, :2].abs().max() == 0


@ALL
def test_nothing_labelled_is_no_loss(cls: type[Loss]) -> None:
    logits, target = batch()
    loss = cls()(logits, torch.full_like(target, 255))
    assert loss == 0
    loss.backward()


@ALL
def test_right_answers_cost_less(cls: type[Loss]) -> None:
    _, target = batch()
    right = torch.nn.functional.one_hot(target.clamp(max=3), 4).movedim(-1, 1).float()
    costs = [float(cls()(factor * right, target)) for factor in (-5.0, 0.0, 2.0, 20.0)]
    assert costs == sorted(costs, reverse=True) and costs[-1] < 1e-3


@ALL
def test_survives_certainty(cls: type[Loss]) -> None:
    logits = torch.full((1, 3, 4, 4), -1e4)
    logits[:, 0] = 1e4
    logits.requires_grad_()
    loss = cls()(logits, torch.ones(1, 4, 4, dtype=torch.long))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(logits.grad).all()
