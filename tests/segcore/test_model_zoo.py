"""Cards of networks: found by name and by file, project before program, never with torch."""
from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from segcore.classes import CLASS_SETS
from segcore.errors import ModelError
from segcore.model_zoo import EMBEDDED, ModelCard, find_model, list_models, read_card
from segcore.types import LabelClass

CLASSES = (LabelClass(0, "sky", (128, 128, 128), False), LabelClass(1, "grün", (0, 200, 0)))
ROOT = Path(__file__).parents[2]


def put_card(folder: Path, name: str, **values: object) -> ModelCard:
    card = ModelCard(name, "swiftnet", CLASSES, params={"width": 8}, figures={"mean_iou": 0.5}, **values)
    target = folder / "models" / name
    target.mkdir(parents=True)
    (target / f"{name}.json").write_text(card.to_json(), encoding="utf-8")
    (target / f"{name}.safetensors").write_bytes(b"weights")
    return card


def test_a_card_survives_its_file(tmp_path: Path) -> None:
    card = put_card(tmp_path, "mine", working_size=(200, 300))
    assert read_card(tmp_path / "models" / "mine" / "mine.json") == card


def test_lists_embedded_and_project_networks(tmp_path: Path) -> None:
    put_card(tmp_path, "mine")
    put_card(tmp_path, "broken")
    (tmp_path / "models" / "broken" / "broken.json").write_text("{")
    assert [c.name for c in list_models()] == ["streets"]
    assert [c.name for c in list_models(tmp_path)] == ["streets", "mine"]


def test_finds_by_name_and_by_file(tmp_path: Path) -> None:
    card = put_card(tmp_path, "mine")
    folder = tmp_path / "models" / "mine"
    for name in ("mine", folder / "mine.json", folder / "mine.safetensors", str(folder / "mine.safetensors")):
        assert find_model(name, tmp_path) == card
    assert find_model("mine", tmp_path).weights_path == folder / "mine.safetensors"


def test_the_projects_network_goes_first(tmp_path: Path) -> None:
    put_card(tmp_path, "streets")
    assert find_model("streets", tmp_path).folder == tmp_path / "models" / "streets"
    assert find_model("streets").folder == EMBEDDED


@pytest.mark.parametrize("name, words", [("nothing", "no network “nothing”.*streets"), ("x/nothing.pt", "does not exist")])
def test_unknown_networks_are_said(name: str, words: str) -> None:
    with pytest.raises(ModelError) as error:
        find_model(name)
    assert __import__("re").search(words, str(error.value))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "x", "model": "unet", "classes": 4}', '"x"',
                                  '{"name": "x", "model": ["unet"], "classes": []}',
                                  '{"name": "x", "model": "unet", "classes": [], "weights": "../../other.safetensors"}'])
def test_cards_that_are_none_are_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ModelError, match="not the card"):
        read_card(tmp_path / "x.json")


def test_weights_without_a_card_are_said(tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(b"")
    with pytest.raises(ModelError, match="no card"):
        find_model(tmp_path / "x.pt")


def test_the_embedded_card_is_complete_and_true() -> None:
    card = find_model("streets")
    data = card.weights_path.read_bytes()
    assert list(card.classes) == CLASS_SETS["camvid"]
    assert hashlib.sha256(data).hexdigest() == card.sha256 and len(data) == card.bytes <= 10 * 2**20
    assert "CC BY-NC" in card.licence and card.origin == "embedded" and card.data and card.title
    assert json.loads(card.to_json())["sha256"] == card.sha256


def test_listing_needs_no_torch() -> None:
    code = ("import sys\nfrom segcore.model_zoo import list_models\nlist_models()\nfrom segcore.models import MODELS\n"
            "from segcore.losses import LOSSES\nfrom segcore.metrics import METRICS\n[*MODELS, *LOSSES, *METRICS]\n"
            "print('torch' in sys.modules, 'cv2' in sys.modules)")
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout.split() == ["False", "False"], result.stderr
