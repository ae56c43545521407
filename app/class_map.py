"""Which class of the project each class of a network becomes: found by name, changed by the user, remembered per project."""
from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from segcore.errors import SegcoreError
from segcore.model_zoo import ModelCard
from segcore.types import LabelClass

if TYPE_CHECKING:
    from app.workspace import Workspace

SAME = (("car", "vehicle", "automobile"), ("person", "pedestrian", "people", "human"), ("bicyclist", "cyclist", "rider"),
        ("bicycle", "bike"), ("motorbike", "motorcycle"), ("aeroplane", "airplane", "plane"), ("pavement", "sidewalk"),
        ("road", "street"), ("tree", "trees", "vegetation"), ("sign", "trafficsign", "signsymbol"), ("pole", "columnpole"),
        ("sofa", "couch"), ("tv", "tvmonitor", "monitor"), ("diningtable", "table"), ("pottedplant", "plant"))
"""Names that mean the same class, without spaces; each name is looked for as it is first."""


def match_classes(names: Sequence[str], classes: Sequence[LabelClass]) -> dict[int, int | None]:
    """The project's class for every plane of a network, by name (case, spaces, _ and - ignored) or synonym, or None."""
    by_name: dict[str, int] = {}
    for label in classes:
        by_name.setdefault(_plain(label.name), label.id)
    synonyms = {name: group for group in SAME for name in group}
    found: dict[int, int | None] = {}
    for plane, name in enumerate(names):
        candidates = (_plain(name), *synonyms.get(_plain(name), ()))
        found[plane] = next((by_name[c] for c in candidates if c in by_name), None)
    return found


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c not in " _-/")


class ClassMap:
    """The class maps of the open project, kept in the user's settings as far as they differ from what the names say."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def mapping(self, card: ModelCard) -> dict[int, int | None]:
        """The project's class of each plane of a network; None where it has none, or the user wants none."""
        mapping = match_classes(card.class_names, self._classes)
        known, stored = {c.id for c in self._classes}, self._stored.get(reference(card), {})
        for plane, name in enumerate(card.class_names):
            chosen = stored.get(name, mapping[plane])
            mapping[plane] = chosen if chosen in known else None
        return mapping

    def missing(self, card: ModelCard) -> list[int]:
        """Planes that have no class in the project, except those that the user chose to ignore."""
        ignored = {name for name, chosen in self._stored.get(reference(card), {}).items() if chosen is None}
        return [p for p, class_id in self.mapping(card).items() if class_id is None and card.class_names[p] not in ignored]

    def set(self, card: ModelCard, plane: int, class_id: int | None) -> None:
        """Let a class of the network become this class of the project, or nothing."""
        chosen = {**self._stored.get(reference(card), {}), card.class_names[plane]: class_id}
        self._workspace.settings.set(self._key, {**self._stored, reference(card): chosen})

    def add(self, card: ModelCard, planes: Collection[int]) -> None:
        """Add classes of the network to the project, with their names and colours, as one undo step, and map them."""
        used = {c.id for c in self._classes}
        free = (i for i in range(1, 255) if i not in used)
        added: list[LabelClass] = []
        for plane in planes:
            label, class_id = card.classes[plane], next(free, None)
            if class_id is None:
                raise SegcoreError("A project can have at most 255 classes.", "Remove some first.")
            added.append(LabelClass(class_id, label.name, label.color, label.is_thing))
        self._workspace.set_classes([*self._classes, *added], "Add classes of the network")
        for plane, new in zip(planes, added, strict=True):
            self.set(card, plane, new.id)

    @property
    def _classes(self) -> list[LabelClass]:
        return list(self._workspace.project.classes) if self._workspace.project else []

    @property
    def _key(self) -> str:
        return f"model/mapping/{self._workspace.project.folder if self._workspace.project else ''}"

    @property
    def _stored(self) -> dict[str, dict[str, int | None]]:
        stored = self._workspace.settings.get(self._key, {})
        return stored if isinstance(stored, dict) else {}


def reference(card: ModelCard) -> str:
    """What names a network for `load_model`: its name, or the path of its weights when they were opened from a file."""
    return card.name if card.origin in ("embedded", "project") else str(card.weights_path)
