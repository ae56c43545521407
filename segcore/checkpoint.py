"""Weights on disk."""
from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from segcore.safe_io import put


def save_weights(path: Path, state: dict[str, Tensor]) -> None:
    """Write a state dict as safetensors."""
    put(path, save({k: v.contiguous() for k, v in state.items()}))


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write what a training run needs to go on."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    put(path, buffer.getvalue())


def load_state(path: Path) -> dict[str, Any] | None:
    """The state that save_state wrote, or None when there is none."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(io.BytesIO(path.read_bytes()), weights_only=True)
    return state
