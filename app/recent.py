"""The projects that were open lately, for the start page and the File menu."""
from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.settings import Settings

if TYPE_CHECKING:
    from segcore.project import Project

KEY = "project/recent"
KEPT = 8


@dataclass(frozen=True, slots=True)
class Recent:
    """One project as the list remembers it: folder, name, a photo to show, how many photos there are."""

    folder: str
    name: str = ""
    photo: str = ""
    count: int = 0

    @property
    def path(self) -> Path:
        return Path(_decoded(self.folder))

    @property
    def photo_path(self) -> Path:
        return Path(_decoded(self.photo))


def remember(settings: Settings, project: Project) -> None:
    """Put a project at the head of the list."""
    photo = _encoded(project.image_path(project.images[0])) if project.images else ""
    first = Recent(_encoded(project.folder), title(project.folder), photo, len(project.images))
    rest = [item for item in _stored(settings) if item.folder != first.folder]
    settings.set(KEY, [asdict(item) for item in (first, *rest)][:KEPT])


def projects(settings: Settings) -> list[Recent]:
    """Those that are still there, newest first."""
    return [item for item in _stored(settings) if (item.path / "project.json").is_file()]


def title(folder: Path) -> str:
    """What a project is called: its folder, or the folder of photos that it lies in."""
    name = folder.parent.name if folder.name == "segdesk" else folder.name
    return name.encode("utf-8", "replace").decode()


def _stored(settings: Settings) -> list[Recent]:
    value = settings.get(KEY, [])
    items = value if isinstance(value, list) else []
    fields = Recent.__dataclass_fields__
    return [Recent(**{k: v for k, v in item.items() if k in fields}) for item in items
            if isinstance(item, dict) and isinstance(item.get("folder"), str)]


def _encoded(path: Path) -> str:
    # Names of files need not be UTF-8; the settings file is. JSON keeps the escaped form.
    return os.fspath(path).encode("utf-8", "surrogateescape").decode("latin-1")


def _decoded(text: str) -> str:
    return text.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
