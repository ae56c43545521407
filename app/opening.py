"""What happens when the user opens a path: a project, a folder of photos, one photo, or the sample project."""
from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore.errors import ProjectError, SegcoreError
from segcore.journal import Journal, Recovered
from segcore.project import Project

if TYPE_CHECKING:
    from app.workspace import Workspace

PROJECT_FILE = "project.json"
OWN_FOLDER = "segdesk"
"""Where the labels of an opened folder of photos are kept, inside that folder."""
SAMPLES = Path(__file__).parents[1] / "resources" / "samples"


def open_path(workspace: Workspace, path: Any) -> None:
    """Open whatever `path` is. Raises SegcoreError, in plain words, when it is nothing we know."""
    path = Path(path).absolute()
    if path.is_dir():
        workspace.use_project(Project.open(path) if (path / PROJECT_FILE).is_file() else _project_for(workspace, path))
    elif path.name == PROJECT_FILE and path.is_file():
        workspace.use_project(Project.open(path.parent))
    elif path.is_file():
        project = _project_for(workspace, path.parent)
        workspace.use_project(project)
        for index, entry in enumerate(project.images):
            if project.image_path(entry) == path:
                workspace.go_to(index)
    else:
        raise ProjectError(f"There is nothing at {path}.", "Choose a folder of photos or a project.")


def open_sample(workspace: Workspace) -> None:
    """Open the sample project, made in the user's data folder at first use."""
    import platformdirs
    folder = Path(platformdirs.user_data_dir("segdesk", appauthor=False)) / "Sample project"
    if not (folder / PROJECT_FILE).is_file():
        Project.create(folder, images=SAMPLES, classes=SAMPLES / "classes.json", copy=True).close()
    workspace.use_project(Project.open(folder))


def create_project(workspace: Workspace, folder: Path, images: Any, classes: Any, copy: bool) -> None:
    """Make a project and open it."""
    Project.create(folder, images=images, classes=classes, copy=copy).close()
    workspace.use_project(Project.open(folder))


def open_journal(project: Project, report: Callable[[Exception], None]) -> tuple[Journal | None, list[Recovered]]:
    """The journal of a project and what an earlier session left in it; none for a project that is only read."""
    if project.read_only:
        return None, []
    try:
        journal = Journal.open(project)
        return journal, journal.recover(project)
    except (SegcoreError, OSError) as error:
        report(error)
        return None, []


def _project_for(workspace: Workspace, images: Path) -> Project:
    """The project that keeps the labels of a folder of photos: found again, or made inside it."""
    for folder in (images / OWN_FOLDER, _private_folder(images)):
        if (folder / PROJECT_FILE).is_file():
            project = Project.open(folder)
            _add_new_photos(project, images)
            return project
    folder = images / OWN_FOLDER if os.access(images, os.W_OK) else _private_folder(images)
    Project.create(folder, images=images, classes="voc").close()
    workspace.say(f"Labels of these photos are kept in {folder}.")
    return Project.open(folder)


def _add_new_photos(project: Project, images: Path) -> None:
    """Photos that came into the folder since it was opened last."""
    from segcore.project import find_images
    if project.read_only:
        return
    known = {os.fspath(project.image_path(entry)) for entry in project.images}
    fresh = [path for path in find_images(images) if os.fspath(path) not in known]
    if fresh:
        project.add_images(fresh)
        project.save()


def _private_folder(images: Path) -> Path:
    """In the user's data folder, for photos on read-only media."""
    import hashlib

    import platformdirs
    key = hashlib.sha256(os.fsencode(images)).hexdigest()[:12]
    return Path(platformdirs.user_data_dir("segdesk", appauthor=False)) / "folders" / f"{images.name}-{key}"
