"""Programs that the fault tests start and kill: `python storage_child.py WHAT FOLDER [ARGUMENT]`, acknowledging on stdout."""
from __future__ import annotations

import itertools
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from segcore import safe_io
from segcore.errors import StorageError
from segcore.history import Edit, Patch
from segcore.journal import Journal
from segcore.project import Project
from segcore.types import Annotation, Region

SHAPE = (48, 64)
NAME = "a.png"


def ack(value: object) -> None:
    os.write(1, f"{value}\n".encode())


def pattern(generation: int) -> Annotation:
    """An annotation that can be told from all others."""
    annotation = Annotation(SHAPE, {7: Region(7, generation % 200)})
    annotation.region_map[:] = np.random.default_rng(generation).integers(0, 65536, SHAPE)
    return annotation


def paint(annotation: Annotation, revision: int, on_commit: Callable[[Patch], None] = lambda patch: None) -> None:
    """The edit number `revision` of a session that anybody can repeat."""
    rng = np.random.default_rng(revision)
    with Edit(annotation, f"Edit {revision}", on_commit=on_commit) as edit:
        region = edit.new_region(revision % 20, "hand") if revision % 3 == 1 else int(rng.choice(sorted(edit.regions)))
        y, x = int(rng.integers(0, 40)), int(rng.integers(0, 50))
        edit.paint((slice(y, y + 8), slice(x, x + 14)), rng.random((8, 14)) < 0.7, region)


def save(folder: Path) -> None:
    project = Project.open(folder)
    meta = project.annotations.meta(NAME)
    for generation in itertools.count((meta.generation if meta else 0) + 1):
        project.write_annotation(project.entry(NAME), pattern(generation), generation=generation)
        ack(generation)


def edit(folder: Path) -> None:
    project = Project.open(folder)
    journal = Journal.open(project, folder / "state")
    annotation = Annotation(SHAPE)
    for revision in itertools.count(1):
        paint(annotation, revision, lambda patch: journal.append(NAME, patch, SHAPE, revision))  # noqa: B023
        ack(revision)
        if revision % 7 == 0:
            project.write_annotation(project.entry(NAME), annotation)
            if revision % 2:
                journal.saved(NAME, revision)


class Killing(safe_io.FileSystem):
    """Kills the process just before the n-th call to the disk."""

    def __init__(self, nth: int) -> None:
        self.left = nth

    def __getattribute__(self, name: str) -> object:
        if name in ("create", "write", "sync", "read", "link", "replace", "sync_folder"):
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return object.__getattribute__(self, name)


def crash(folder: Path, nth: int) -> None:
    project = Project.open(folder)
    safe_io.FS = Killing(nth)
    project.write_annotation(project.entry(NAME), pattern(2), generation=2)
    ack("saved")


def full(folder: Path) -> None:
    project = Project.open(folder)
    journal = Journal.open(project, folder / "state")
    annotation = Annotation(SHAPE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
    for attempt in (lambda: project.write_annotation(project.entry(NAME), pattern(2)), project.save):
        try:
            attempt()
        except StorageError as error:
            ack(error.message)
    revisions = itertools.count(1)
    try:
        while True:
            revision = next(revisions)
            paint(annotation, revision, lambda patch: journal.append(NAME, patch, SHAPE, revision))  # noqa: B023
    except StorageError as error:
        ack(error.message)
        ack(revision - 1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    project.write_annotation(project.entry(NAME), pattern(2), generation=2)
    ack("retried")


def read_only(folder: Path) -> None:
    import encodings.utf_8_sig  # noqa: F401  (whom we become may not be allowed to import any more)

    import cv2  # noqa: F401
    if os.getuid() == 0:  # root may write everything
        os.setuid(65534)
    project = Project.open(folder)
    ack(project.read_only)
    ack(" ".join(project.notices))
    ack(project.read_annotation(project.entry(NAME)).shape == SHAPE)
    try:
        safe_io.put(folder / "project.json", b"")
    except StorageError as error:
        ack(error.message)


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]), *map(int, sys.argv[3:]))
