"""Files of weights that are not what they should be: each is one plain sentence, and none runs code."""
from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from segcore import checkpoint
from segcore.errors import ModelError
from segcore.model_zoo import ModelCard, read_card
from segcore.models import MODELS
from segcore.types import LabelClass

CLASSES = tuple(LabelClass(i, f"class {i}", (i, 0, 0)) for i in range(3))
CARD = ModelCard("tiny", "swiftnet", CLASSES, params={"width": 8})


def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return MODELS["swiftnet"](width=8).build(3).state_dict()


@pytest.fixture
def card(tmp_path: Path) -> ModelCard:
    return checkpoint.save_model(CARD, state(), tmp_path)


def test_what_is_saved_is_loaded(card: ModelCard) -> None:
    assert read_card(card.folder / "tiny.json") == card
    assert card.bytes == card.weights_path.stat().st_size and len(card.sha256) == 64
    module = checkpoint.load_model(card)
    assert not module.training
    for name, value in state().items():
        torch.testing.assert_close(module.state_dict()[name], value)


def damage_missing(card: ModelCard) -> None:
    card.weights_path.unlink()


def damage_truncated(card: ModelCard) -> None:
    card.weights_path.write_bytes(card.weights_path.read_bytes()[:-1000])


def damage_empty(card: ModelCard) -> None:
    card.weights_path.write_bytes(b"")


def damage_web_page(card: ModelCard) -> None:
    card.weights_path.write_bytes(b"\n<!DOCTYPE html><html>404</html>")


def damage_noise(card: ModelCard) -> None:
    card.weights_path.write_bytes(bytes(range(256)) * 40)


def damage_one_byte(card: ModelCard) -> None:
    data = bytearray(card.weights_path.read_bytes())
    data[-5] ^= 1
    card.weights_path.write_bytes(bytes(data))


@pytest.mark.parametrize("damage, words", [
    (damage_missing, "missing"), (damage_truncated, "damaged"), (damage_empty, "empty"), (damage_web_page, "web page"),
    (damage_noise, "damaged"), (damage_one_byte, "not the file that its card")],
    ids=lambda v: getattr(v, "__name__", ""))
def test_damaged_files_are_plain_sentences(card: ModelCard, damage, words: str) -> None:
    damage(card)
    with pytest.raises(ModelError, match=words) as error:
        checkpoint.load_model(card)
    assert "\n" not in error.value.message and str(card.folder) not in error.value.message


def test_not_a_number_is_refused(tmp_path: Path) -> None:
    bad = state()
    bad["classifier.weight"][1, 2] = float("nan")
    card = checkpoint.save_model(CARD, bad, tmp_path)
    with pytest.raises(ModelError, match="not numbers"):
        checkpoint.load_model(card)


def test_another_network_is_refused(card: ModelCard) -> None:
    with pytest.raises(ModelError, match="another network"):
        checkpoint.load_model(replace(card, params={"width": 16}))
    with pytest.raises(ModelError, match="another network") as error:
        checkpoint.fill(torch.nn.Conv2d(1, 1, 1), state(), "tiny.safetensors")
    assert "2 of its 2 parts are missing" in error.value.hint


def test_another_number_of_classes_is_said(card: ModelCard) -> None:
    with pytest.raises(ModelError, match="trained for 3 classes, but 2 are wanted"):
        checkpoint.load_model(replace(card, classes=CLASSES[:2]))


@pytest.mark.parametrize("changes", [{"model": "transformer9000"}, {"params": {"wings": 2}}, {"params": {"width": -4}}])
def test_unknown_networks_and_options_are_said(card: ModelCard, changes: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="no network|options"):
        checkpoint.load_model(replace(card, **changes))


class Hostile:
    """Unpickling it would make a folder."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_pickled_code_is_refused_and_does_not_run(card: ModelCard, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save({**state(), "extra": Hostile(tmp_path / "trace")}, buffer)
    (tmp_path / "tiny.pt").write_bytes(buffer.getvalue())
    with pytest.raises(ModelError, match="could run code"):
        checkpoint.load_model(replace(card, weights="tiny.pt", sha256=""))
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"state_dict": s}, lambda s: {f"module.{k}": v for k, v in s.items()}])
def test_pytorch_files_of_plain_weights_are_read(card: ModelCard, wrap) -> None:
    buffer = io.BytesIO()
    torch.save(wrap(state()), buffer)
    (card.folder / "tiny.pth").write_bytes(buffer.getvalue())
    module = checkpoint.load_model(replace(card, weights="tiny.pth", sha256=""))
    torch.testing.assert_close(module.state_dict()["classifier.weight"], state()["classifier.weight"])


@pytest.mark.parametrize("content", [[1, 2], {}, {"a": 3}])
def test_other_pytorch_files_are_refused(content: object) -> None:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with pytest.raises(ModelError, match="does not hold the weights"):
        checkpoint.parse_weights(buffer.getvalue(), "x.pt")


def test_the_state_of_a_run_comes_back(tmp_path: Path) -> None:
    assert checkpoint.load_state(tmp_path / "resume.pt") is None
    checkpoint.save_state(tmp_path / "sub" / "resume.pt", {"steps": 3, "module": {"w": torch.ones(2)}, "classes": ["a"]})
    again = checkpoint.load_state(tmp_path / "sub" / "resume.pt")
    assert again["steps"] == 3 and again["classes"] == ["a"] and torch.equal(again["module"]["w"], torch.ones(2))
    (tmp_path / "resume.pt").write_bytes(b"PK broken")
    with pytest.raises(ModelError, match="state of the training"):
        checkpoint.load_state(tmp_path / "resume.pt")
