"""The journal against the session that it logs: whatever of it reached the disk, the last whole edit comes back."""
from __future__ import annotations

import os
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pil

from segcore import safe_io
from segcore.errors import StorageError
from segcore.history import Edit, History, Patch
from segcore.journal import Journal, Recovered
from segcore.project import Project
from segcore.types import Annotation

SHAPE = (40, 60)


class Session:
    """A window in small: documents, saves and the journal, which may end at any moment."""

    def __init__(self, folder: Path) -> None:
        self.project = Project.open(folder, take_over=True)
        self.journal = Journal.open(self.project, folder / "state")
        self.annotations = {e.name: self.project.read_annotation(e, SHAPE) for e in self.project.images}
        self.histories = {e.name: History() for e in self.project.images}
        self.revisions = {e.name: 0 for e in self.project.images}
        self.copies: dict[str, tuple[Annotation, int]] = {}

    def commit(self, name: str) -> Callable[[Patch], None]:
        def log(patch: Patch) -> None:
            self.revisions[name] += 1
            self.journal.append(name, patch, SHAPE, self.revisions[name])
        return log

    def paint(self, name: str, seed: int) -> None:
        rng = np.random.default_rng(seed)
        commit = self.commit(name)
        with Edit(
            self.annotations[name], f"Edit {seed}", on_commit=lambda p: (self.histories[name].push(p), commit(p))
        ) as edit:
            region = edit.new_region(seed % 20, "hand") if rng.random() < 0.5 or not edit.regions else next(iter(edit.regions))
            y, x = int(rng.integers(0, 30)), int(rng.integers(0, 40))
            edit.paint((slice(y, y + 8), slice(x, x + 14)), rng.random((8, 14)) < 0.7, region)

    def undo(self, name: str) -> None:
        patch = self.histories[name].undo(self.annotations[name])
        if patch is not None:
            self.commit(name)(patch)

    def begin_save(self, name: str) -> None:
        """Take the copy that will be written; edits may follow before it is."""
        self.copies.setdefault(name, (self.annotations[name].copy(), self.revisions[name]))

    def save(self, name: str, *, noted: bool) -> None:
        self.begin_save(name)
        copy, revision = self.copies.pop(name)
        self.project.write_annotation(self.project.entry(name), copy)
        if noted:
            self.journal.saved(name, revision)


def same(a: Annotation, b: Annotation) -> bool:
    return np.array_equal(a.region_map, b.region_map) and a.regions == b.regions


def states(session: Session, found: list[Recovered]) -> dict[str, Annotation]:
    """What the user has after accepting everything."""
    stored = {e.name: session.project.read_annotation(e, SHAPE) for e in session.project.images}
    return {**stored, **{item.name: item.annotation for item in found}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png"):
        Pil.new("RGB", SHAPE[::-1]).save(tmp_path / name)
    Project.create(tmp_path / "p", images=[tmp_path / "a.png", tmp_path / "b.png"]).close()
    return tmp_path / "p"


def test_unsaved_edits_of_an_ended_session_come_back(folder: Path) -> None:
    session = Session(folder)
    for seed in range(5):
        session.paint("a.png", seed)
    after = Session(folder)
    found = after.journal.recover(after.project)
    assert [item.name for item in found] == ["a.png"] and found[0].edits == 5 and found[0].last_title == "Edit 4"
    assert found[0].saved_at > 1e9 and same(found[0].annotation, session.annotations["a.png"])
    assert not after.project.has_annotation(after.project.entry("a.png")), "nothing is written before the user says so"
    assert len(Session(folder).journal.recover()) == 1, "it is offered until it is taken or put aside"
    after.journal.restore(found)
    assert same(Session(folder).annotations["a.png"], session.annotations["a.png"]) and Session(folder).journal.recover() == []


def test_what_was_declined_is_kept_aside(folder: Path) -> None:
    session = Session(folder)
    session.paint("a.png", 1)
    after = Session(folder)
    assert after.journal.recover()
    after.journal.put_aside()
    assert after.journal.recover() == [] and len(list((after.journal.folder / "aside").iterdir())) == 1


def test_saved_sessions_leave_nothing(folder: Path) -> None:
    session = Session(folder)
    session.journal.close()
    for seed in range(3):
        session.paint("a.png", seed)
        session.paint("b.png", seed)
    session.save("a.png", noted=True)
    assert len(os.listdir(session.journal.folder)) == 1
    session.save("b.png", noted=True)
    session.journal.close()
    assert os.listdir(session.journal.folder) == []
    session.paint("a.png", 9)
    session.save("a.png", noted=False)
    session.journal.close()
    assert Session(folder).journal.recover() == [] and os.listdir(session.journal.folder) == []


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["paint", "paint", "undo", "begin", "save", "note", "crash"]), st.booleans()), max_size=25
    ),
    seed=st.integers(0, 999),
)
def test_no_order_of_edits_saves_and_crashes_loses_a_commit(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bool]], seed: int
) -> None:
    place = tmp_path_factory.mktemp("session")
    for name in ("a.png", "b.png"):
        Pil.new("RGB", SHAPE[::-1]).save(place / name)
    Project.create(place / "p", images=[place / "a.png", place / "b.png"]).close()
    session = Session(place / "p")
    for number, (step, second) in enumerate([*steps, ("crash", False)]):
        name = "b.png" if second else "a.png"
        if step == "paint":
            session.paint(name, seed + number)
        elif step == "undo":
            session.undo(name)
        elif step == "begin":
            session.begin_save(name)
        elif step in ("save", "note"):
            session.save(name, noted=step == "note")
        else:
            truth = session.annotations
            session = Session(place / "p")
            found = session.journal.recover()
            back = states(session, found)
            assert all(same(back[name], truth[name]) for name in truth)
            session.journal.restore(found)
            session = Session(place / "p")


@pytest.mark.parametrize("noted", [True, False])
def test_edits_made_while_a_save_was_running_come_back(folder: Path, noted: bool) -> None:
    session = Session(folder)
    for seed in range(3):
        session.paint("a.png", 2 * seed)
        session.begin_save("a.png")
        session.paint("a.png", 2 * seed + 1)
        session.save("a.png", noted=noted)
        found = Session(folder).journal.recover()
        assert [item.name for item in found] == ["a.png"] and same(found[0].annotation, session.annotations["a.png"])


def test_a_torn_end_costs_only_the_edit_that_was_being_written(folder: Path) -> None:
    session = Session(folder)
    truth = []
    for seed in range(4):
        session.paint("a.png", seed)
        truth.append(session.annotations["a.png"].copy())
    (path,) = session.journal.folder.iterdir()
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == 10]
    rng = random.Random(0)
    for cut in sorted(rng.sample(range(len(whole)), 25)):
        path.write_bytes(whole[:cut])
        found = Session(folder).journal.recover()
        done = sum(end - 1 <= cut for end in ends)
        assert (same(found[0].annotation, truth[done - 1]) if found else done == 0), cut
        path.write_bytes(whole)


def test_garbage_between_the_lines_is_passed_over(folder: Path) -> None:
    session = Session(folder)
    session.paint("a.png", 1)
    (path,) = session.journal.folder.iterdir()
    line = path.read_bytes()
    path.write_bytes(b"\n\nnoise\0\xff\n" + b"00000000 {}\n" + line + b"ffffffff " + b"[" * 9999 + b"\n" + bytes(99))
    with open(path, "ab") as file:
        for body in (b"[]", b"3", b'{"n": 1, "saved": Infinity}', b'{"n": 1, "r": Infinity, "g": 0, "s": []}'):
            file.write(b"%08x " % zlib.crc32(body) + body + b"\n")
    (path.parent / "noise.journal").write_bytes(os.urandom(999))
    (path.parent / "folder.journal").mkdir()
    assert same(Session(folder).journal.recover()[0].annotation, session.annotations["a.png"])


def test_images_that_are_gone_damaged_or_of_another_size_are_left_alone(folder: Path) -> None:
    session = Session(folder)
    session.paint("a.png", 1)
    session.paint("b.png", 1)
    session.project.write_annotation(session.project.entry("a.png"), Annotation((3, 3)))
    session.project.remove_image("b.png")
    assert session.journal.recover() == []
    after = Project.open(folder, take_over=True)
    assert Journal.open(after, folder / "state").recover() == []
    (kept,) = (session.journal.folder / "aside").iterdir()
    assert kept.read_bytes().count(b"\n") == 2, "what cannot be compared is not thrown away"


def test_a_full_disk_is_said_and_what_was_logged_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(folder)
    session.paint("a.png", 1)
    truth = session.annotations["a.png"].copy()

    class Full(safe_io.FileSystem):
        def write(self, fd: int, data: memoryview) -> int:
            if len(data) > 5:
                return super().write(fd, data[:5])
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(safe_io, "FS", Full())
    with pytest.raises(StorageError, match="disk is full"):
        session.paint("a.png", 2)
    monkeypatch.undo()
    assert same(Session(folder).journal.recover()[0].annotation, truth)


def test_long_sessions_are_cut_into_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segcore.journal.SEGMENT_BYTES", 2000)
    monkeypatch.setattr("segcore.journal.IDLE_BYTES", 0)
    session = Session(folder)
    for seed in range(20):
        session.paint("a.png", seed)
    assert len(os.listdir(session.journal.folder)) > 2
    assert same(Session(folder).journal.recover()[0].annotation, session.annotations["a.png"])
    session.save("a.png", noted=True)
    assert os.listdir(session.journal.folder) == [], "what is saved is not kept beyond its use"


def test_a_project_has_its_own_journal_in_the_users_state_folder(folder: Path, tmp_path: Path) -> None:
    project = Project.open(folder)
    journal = Journal.open(project)
    assert folder not in journal.folder.parents and "journals" in journal.folder.parts
    other = Project.create(tmp_path / "other")
    assert Journal.open(other).folder != journal.folder and not journal.folder.exists()
