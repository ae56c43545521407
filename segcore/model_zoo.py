"""The networks that are ready to use, as cards: those that come with the program, those trained in a project. No torch."""
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from segcore.errors import ModelError
from segcore.types import LabelClass

EMBEDDED = Path(__file__).resolve().parent.parent / "resources" / "models"
WEIGHT_SUFFIXES = (".safetensors", ".pt", ".pth")


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What there is to know about trained weights; stored as JSON beside them, under the same stem.

    `model` and `params` say which network of `segcore.models` to build; `mean` and `std` are of RGB in 0..1; `working_size` is
    the height and width the network was made for. `figures` holds measured results, `recipe` how it was trained, `origin` where
    the weights come from (“embedded”, “project”, a file's name); `sha256` and `bytes` are of the weights file.
    """

    name: str
    model: str
    classes: tuple[LabelClass, ...]
    title: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    working_size: tuple[int, int] = (360, 480)
    weights: str = ""
    sha256: str = ""
    bytes: int = 0
    data: str = ""
    licence: str = ""
    recipe: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    hardware: str = ""
    seed: int = 0
    origin: str = ""
    folder: Path = field(default=Path(), compare=False)

    @property
    def class_names(self) -> list[str]:
        """The names of the classes, in the order of the network's outputs."""
        return [c.name for c in self.classes]

    @property
    def weights_path(self) -> Path:
        """Where the weights are."""
        return self.folder / (self.weights or f"{self.name}.safetensors")

    def to_json(self) -> str:
        """The text of the card's file."""
        values = {k: v for k, v in asdict(self).items() if k != "folder"}
        values["classes"] = [{"name": c.name, "color": list(c.color), "is_thing": c.is_thing} for c in self.classes]
        return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def read_card(path: Path) -> ModelCard:
    """The card in a JSON file; raises ModelError when it is missing, not JSON or lacks what is needed to build the network."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return _card(values, path.parent)
    except FileNotFoundError:
        raise ModelError(f"“{path.stem}” has no card.", f"The file “{path.name}” belongs beside the weights.") from None
    except OSError as error:
        raise ModelError(f"The card “{path.name}” cannot be read.", error.strerror or "") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ModelError(f"“{path.name}” is not the card of a network.", "Export the network again.") from None


def _card(values: Mapping[str, Any], folder: Path) -> ModelCard:
    known = {k: v for k, v in values.items() if k in ModelCard.__dataclass_fields__ and k != "folder"}
    known["classes"] = tuple(LabelClass(i, str(c["name"]), (int(c["color"][0]), int(c["color"][1]), int(c["color"][2])),
                                        bool(c.get("is_thing", True))) for i, c in enumerate(values["classes"]))
    for name in ("mean", "std", "working_size"):
        if name in known:
            known[name] = tuple(known[name])
    if Path(known.get("weights", "")).name != known.get("weights", ""):
        raise ValueError("weights lie beside their card")
    if not all(isinstance(known[name], str) for name in ("name", "model")):
        raise ValueError("a card names a network")
    return ModelCard(**known, folder=folder)


def list_models(project_folder: Path | str | None = None) -> list[ModelCard]:
    """Cards of the embedded networks and of those in the `models` folder of a project; unreadable ones are left out."""
    cards = []
    for path in _card_files(project_folder):
        try:
            cards.append(read_card(path))
        except ModelError:
            continue        # `find_model` says what is wrong when it is asked for by name
    return cards


def find_model(name: str | Path, project_folder: Path | str | None = None) -> ModelCard:
    """The card of a network by its name, or by the path of its weights or card.

    A network of the project goes before an embedded one of the same name. Raises ModelError, saying which names there are.
    """
    path = Path(name)
    if path.suffix == ".json" or path.suffix in WEIGHT_SUFFIXES:
        return _card_of_file(path)
    found = [p for p in _card_files(project_folder) if p.stem == str(name)]
    if found:
        return read_card(found[-1])
    names = sorted({card.name for card in list_models(project_folder)})
    raise ModelError(f"There is no network “{name}”.", f"There are: {', '.join(names) or 'none'}.")


def _card_of_file(path: Path) -> ModelCard:
    if not path.exists():
        raise ModelError(f"The file “{path.name}” does not exist.", "Check its name and folder.")
    card = read_card(path.with_suffix(".json"))
    if path.suffix in WEIGHT_SUFFIXES and card.weights_path.name != path.name:
        raise ModelError(f"The card beside “{path.name}” is of other weights.", f"It describes “{card.weights_path.name}”.")
    return card


def _card_files(project_folder: Path | str | None) -> Iterator[Path]:
    yield from sorted(EMBEDDED.glob("*.json"))
    if project_folder is not None:
        yield from sorted(path for path in Path(project_folder).glob("models/*/*.json") if path.stem == path.parent.name)
