"""What is on the disk after kills, power cuts, a full disk and missing rights: never half a file, never a lost commit."""
from __future__ import annotations

import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from segcore import safe_io
from segcore.journal import Journal
from segcore.project import Project
from segcore.types import Annotation

CHILD = Path(__file__).with_name("storage_child.py")
_spec = importlib.util.spec_from_file_location("storage_child", CHILD)
assert _spec is not None and _spec.loader is not None
child = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(child)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Pil.new("RGB", child.SHAPE[::-1]).save(tmp_path / child.NAME)
    Project.create(tmp_path / "p", images=[tmp_path / child.NAME]).close()
    return tmp_path / "p"


def start(what: str, folder: Path, *more: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, str(CHILD), what, str(folder), *map(str, more)], stdout=subprocess.PIPE, text=True)


def kill_after(process: subprocess.Popen[str], seconds: float) -> int:
    """Kill some time after the first acknowledgement; returns the last whole one."""
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    rest = process.stdout.read()
    process.wait()
    return int((first + rest).split("\n")[-2])


def leftovers(folder: Path) -> list[Path]:
    return list(folder.rglob(".segdesk-*"))


def test_a_kill_during_saves_leaves_every_file_whole(folder: Path) -> None:
    rng = random.Random(1)
    for _ in range(8):
        acked = kill_after(start("save", folder), rng.uniform(0, 0.08))
        project = Project.open(folder)
        assert not project.read_only, "the lock of a dead process is taken over"
        annotation, meta = project.annotations.read(child.NAME)  # type: ignore[misc]
        assert meta.generation in (acked, acked + 1)
        assert np.array_equal(annotation.region_map, child.pattern(meta.generation).region_map)
        for version in project.versions(project.entry(child.NAME)):
            project.read_version(version)
        project.close()
        assert leftovers(folder / "annotations") == []


def test_a_kill_during_edits_loses_nothing_that_was_committed(folder: Path) -> None:
    rng = random.Random(2)
    for _ in range(8):
        acked = kill_after(start("edit", folder), rng.uniform(0, 0.15))
        project = Project.open(folder)
        found = Journal.open(project, folder / "state").recover()
        state = found[0].annotation if found else project.read_annotation(project.entry(child.NAME), child.SHAPE)
        assert revision_of(state, acked) >= acked
        project.annotations.set_aside(child.NAME)
        Journal.open(project, folder / "state").put_aside()
        project.close()


def revision_of(state: Annotation, acked: int) -> int:
    """Which of the session's states this is; -1 when it is none of them."""
    model = Annotation(child.SHAPE)
    for revision in range(1, acked + 2):
        child.paint(model, revision)
        if revision >= acked and np.array_equal(model.region_map, state.region_map) and model.regions == state.regions:
            return revision
    return -1


def test_a_kill_before_any_call_to_the_disk(folder: Path) -> None:
    project = Project.open(folder)
    entry = project.entry(child.NAME)
    project.write_annotation(entry, child.pattern(1), generation=1)
    original = project.annotation_path(entry).read_bytes()
    project.close()
    saved = False
    for nth in range(1, 40):
        safe_io.put(project.annotation_path(entry), original)
        shutil.rmtree(folder / "versions", ignore_errors=True)
        process = start("crash", folder, nth)
        saved = process.communicate()[0] == "saved\n"
        again = Project.open(folder)
        annotation, meta = again.annotations.read(child.NAME)  # type: ignore[misc]
        assert np.array_equal(annotation.region_map, child.pattern(meta.generation).region_map)
        assert meta.generation == 2 or not saved
        again.close()
        if saved:
            break
        assert process.returncode == -signal.SIGKILL
    assert saved and nth > 10


def test_a_full_disk_is_said_and_loses_nothing(folder: Path) -> None:
    project = Project.open(folder)
    project.write_annotation(project.entry(child.NAME), child.pattern(1), generation=1)
    project.add_images([f"/nowhere/{i}.png" for i in range(200)])
    project.close()
    before = (folder / "project.json").read_bytes()
    lines = start("full", folder).communicate()[0].splitlines()
    assert [("disk is full" in line and " bytes are needed" in line) for line in lines[:3]] == [True] * 3
    committed, end = int(lines[3]), lines[4]
    assert committed > 3 and end == "retried"
    assert (folder / "project.json").read_bytes() == before
    project = Project.open(folder)
    assert np.array_equal(project.read_annotation(project.entry(child.NAME)).region_map, child.pattern(2).region_map)
    assert len(project.versions(project.entry(child.NAME))) == 1 and leftovers(folder) == []
    project.annotations.set_aside(child.NAME)
    found = Journal.open(project, folder / "state").recover()
    assert revision_of(found[0].annotation, committed) == committed
    project.close()


def test_a_read_only_folder_opens_read_only_with_a_notice() -> None:
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        folder = Path(place) / "p"
        Pil.new("RGB", child.SHAPE[::-1]).save(Path(place) / child.NAME)
        project = Project.create(folder, images=[Path(place) / child.NAME])
        project.write_annotation(project.entry(child.NAME), child.pattern(1))
        project.close()
        folder.chmod(0o555)
        lines = start("read_only", folder).communicate()[0].splitlines()
        folder.chmod(0o755)
    assert lines[0] == "True" and "cannot be written" in lines[1] and lines[2] == "True" and "write-protected" in lines[3]


# Power cuts cannot be made here, so the disks they may leave are worked out from the order of calls: what was not synced may be
# there, be empty, torn or full of zeros, and of the changes of a folder since its last sync any first part may have happened.


class Recording(safe_io.FileSystem):
    """Notes the calls, in order; `deaf` ones are swallowed, as a writer that forgets them would."""

    def __init__(self, deaf: str = "") -> None:
        self.calls: list[tuple[str, str, str | bytes]] = []
        self.deaf, self._paths = deaf, {}

    def create(self, path: str, mode: int = 0o666) -> int:
        fd = super().create(path, mode)
        self._paths[fd] = path
        self.calls.append(("create", path, ""))
        return fd

    def write(self, fd: int, data: memoryview) -> int:
        self.calls.append(("write", self._paths[fd], bytes(data)))
        return super().write(fd, data)

    def sync(self, fd: int) -> None:
        if self.deaf != "sync":
            self.calls.append(("sync", self._paths[fd], ""))

    def replace(self, source: str, target: str) -> None:
        self.calls.append(("replace", source, target))
        super().replace(source, target)

    def sync_folder(self, folder: str) -> None:
        if self.deaf != "sync_folder":
            self.calls.append(("sync_folder", folder, ""))


def disks(calls: list[tuple[str, str, str | bytes]], target: str) -> Iterator[bytes | None]:
    """Every content that `target` may have when the power goes after these calls."""
    written: dict[str, bytes] = {}
    synced: set[str] = set()
    names: list[tuple[str, str]] = []
    settled = 0
    for kind, path, other in calls:
        if kind == "write":
            written[path] = written.get(path, b"") + bytes(other)  # type: ignore[arg-type]
        elif kind == "sync":
            synced.add(path)
        elif kind in ("create", "replace"):
            names.append((path, str(other) if kind == "replace" else path))
        elif kind == "sync_folder":
            settled = len(names)
    loose = [path for path in written if path not in synced]
    for upto in range(settled, len(names) + 1):
        for fates in product(("whole", "empty", "torn", "zeros"), repeat=len(loose)):
            content = dict(written)
            for path, fate in zip(loose, fates, strict=True):
                data = written[path]
                content[path] = {"whole": data, "empty": b"", "torn": data[:len(data) // 2], "zeros": bytes(len(data))}[fate]
            held: dict[str, str] = {}
            for source, name in names[:upto]:
                held[name] = held.pop(source, source)
            yield content.get(held[target], b"") if target in held else None


def lost_after_power_cuts(folder: Path, deaf: str = "") -> tuple[int, int]:
    """(disks on which the file is neither version, disks on which a finished save is undone) of two saves in a row."""
    disk, target, versions = Recording(deaf), str(folder / "mask.png"), [b"first" * 9, b"second" * 9]
    original, safe_io.FS = safe_io.FS, disk
    ends = []
    try:
        for data in versions:
            safe_io.put(target, data)
            ends.append(len(disk.calls))
    finally:
        safe_io.FS = original
    broken = undone = 0
    for cut in range(len(disk.calls) + 1):
        finished = sum(end <= cut for end in ends)
        for content in disks(disk.calls[:cut], target):
            whole = content is None or content in versions
            broken += not whole
            undone += whole and (versions.index(content) + 1 if content is not None else 0) < finished
    return broken, undone


def test_a_power_cut_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    assert lost_after_power_cuts(tmp_path) == (0, 0)


def test_the_power_cut_model_catches_a_writer_that_forgets_to_sync(tmp_path: Path) -> None:
    assert lost_after_power_cuts(tmp_path, "sync")[0] > 0
    assert lost_after_power_cuts(tmp_path, "sync_folder")[1] > 0
