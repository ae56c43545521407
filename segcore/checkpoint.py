"""Weights on disk: written whole with their card, and read so that a wrong file is a plain sentence and never runs code."""
from __future__ import annotations

import hashlib
import io
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from segcore.errors import ModelError, PromptError
from segcore.model_zoo import ModelCard
from segcore.safe_io import put

State = dict[str, Tensor]
Shapes = dict[str, torch.Size]


def save_model(card: ModelCard, state: State, folder: Path) -> ModelCard:
    """Write the weights as safetensors and their card beside them into `folder`; returns the card with size and hash filled in.

    Raises StorageError when the disk is full or the folder cannot be written; older files are then still whole.
    """
    data = save({name: value.detach().cpu().contiguous() for name, value in state.items()})
    digest = hashlib.sha256(data).hexdigest()
    card = replace(card, weights=f"{card.name}.safetensors", sha256=digest, bytes=len(data), folder=folder)
    put(card.weights_path, data)
    put(folder / f"{card.name}.json", card.to_json().encode())
    return card


def load_model(card: ModelCard) -> nn.Module:
    """The network of a card with its weights, in evaluation mode; raises ModelError, saying what is wrong with the file."""
    data = _read(card.weights_path)
    state = parse_weights(data, card.weights_path.name)
    if card.sha256 and hashlib.sha256(data).hexdigest() != card.sha256:
        raise ModelError(f"“{card.weights_path.name}” is not the file that its card describes.", "Copy or download it again.")
    _check_classes(card, state)
    return fill(build(card, len(card.classes)), state, card.weights_path.name).eval()


def build(card: ModelCard, classes: int) -> nn.Module:
    """The network of a card without weights, for so many classes; raises ModelError when this program does not know it."""
    from segcore.models import MODELS
    if card.model not in MODELS:
        raise ModelError(f"This version of the program has no network “{card.model}”.", "Install a newer version.")
    try:
        return MODELS[card.model](**card.params).build(classes)
    except (PromptError, TypeError) as error:
        raise ModelError(f"The card of “{card.name}” has options that the network does not know.", str(error)) from None


def parse_weights(data: bytes, name: str) -> State:
    """The tensors in the bytes of a safetensors or PyTorch file; `name` is for the message of the ModelError."""
    if data[:200].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise ModelError(f"“{name}” is a web page, not a network.", "Its download went wrong; download it again.")
    try:
        state = load(data) if name.endswith(".safetensors") else torch.load(io.BytesIO(data), "cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise ModelError(f"“{name}” holds more than weights and is refused, because it could run code.",
                         "Ask for it as safetensors.") from None
    except (SafetensorError, RuntimeError, EOFError, ValueError, KeyError, OSError):
        raise ModelError(f"“{name}” is damaged or not a file of weights.", "Copy or download it again.") from None
    for key in ("state_dict", "model", "model_state_dict"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not state or not all(isinstance(v, Tensor) for v in state.values()):
        raise ModelError(f"“{name}” does not hold the weights of a network.")
    return {key.removeprefix("module."): value for key, value in state.items()}


def fill(module: nn.Module, state: State, name: str) -> nn.Module:
    """Load a state dict into a network; raises ModelError for another architecture, or values that are not numbers."""
    wanted, found = _shapes(module.state_dict()), _shapes(state)
    if wanted.keys() != found.keys():
        raise ModelError(f"“{name}” holds the weights of another network.",
                         f"{len(wanted.keys() - found.keys())} of its {len(wanted)} parts are missing, "
                         f"{len(found.keys() - wanted.keys())} are unknown.")
    for key in wanted:
        if wanted[key] != found[key]:
            raise ModelError(f"“{name}” holds the weights of another network.",
                             f"“{key}” is {tuple(found[key])} instead of {tuple(wanted[key])}.")
    if not all(torch.isfinite(value).all() for value in state.values() if value.is_floating_point()):
        raise ModelError(f"“{name}” holds values that are not numbers.", "Its training failed; use an earlier file.")
    module.load_state_dict(state)
    return module


def _check_classes(card: ModelCard, state: State) -> None:
    """Raise ModelError when the weights would fit the network of the card with another number of classes."""
    wanted, found = _shapes(_empty(card, len(card.classes)).state_dict()), _shapes(state)
    if wanted.keys() != found.keys() or wanted == found:
        return
    differing = [(found[key][0], wanted[key][0]) for key in wanted if found[key] and wanted[key] and wanted[key] != found[key]]
    # A layer may have several channels per class.
    for number in sorted({n for n, _ in differing} | {n * len(card.classes) // other for n, other in differing if other} - {0}):
        if _shapes(_empty(card, number).state_dict()) == found:
            raise ModelError(f"“{card.weights_path.name}” was trained for {number} classes, "
                             f"but {len(card.classes)} are wanted.", "Use it with its own card.")


def _empty(card: ModelCard, classes: int) -> nn.Module:
    with torch.device("meta"):
        return build(card, classes)


def _shapes(state: State) -> Shapes:
    return {key: value.shape for key, value in state.items()}


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write what a training run needs to go on; raises StorageError."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    put(path, buffer.getvalue())


def load_state(path: Path) -> dict[str, Any] | None:
    """What `save_state` wrote, or None when there is nothing; raises ModelError when the file is damaged."""
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(io.BytesIO(_read(path)), "cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError):
        raise ModelError(f"The state of the training in “{path.name}” is damaged.", "Remove it to start again.") from None
    return state


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"The weights “{path.name}” are missing.", "Copy or download them again.") from None
    except OSError as error:
        raise ModelError(f"The weights “{path.name}” cannot be read.", error.strerror or "") from None
    if not data:
        raise ModelError(f"The weights “{path.name}” are an empty file.", "Copy or download them again.")
    return data
