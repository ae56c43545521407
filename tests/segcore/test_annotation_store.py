"""The annotation store: versions, damaged files, failed saves, threads."""
from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from segcore import safe_io
from segcore.annotation_io import encode_annotation
from segcore.errors import StorageError
from segcore.project import CorruptAnnotation, Project
from segcore.types import Annotation, Region

SHAPE = (12, 16)


def photo(path: Path, color: str = "red", size: tuple[int, int] = SHAPE[::-1]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pil.new("RGB", size, color).save(path, "PNG")
    return path


def drawn(number: int, shape: tuple[int, int] = SHAPE) -> Annotation:
    annotation = Annotation(shape, {number: Region(number, 3, source=f"take {number}")})
    annotation.region_map[2:5, 3:9] = number
    return annotation


def same(a: Annotation, b: Annotation) -> bool:
    return np.array_equal(a.region_map, b.region_map) and a.regions == b.regions


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for name in ("a10.png", "a9.png", "sub/a9.png"):
        photo(tmp_path / "photos" / name)
    return Project.create(tmp_path / "p", images=tmp_path / "photos")


def test_annotations_keep_their_last_ten_versions(project: Project) -> None:
    entry = project.images[0]
    for number in range(1, 15):
        project.write_annotation(entry, drawn(number))
    versions = project.versions(entry)
    assert [v.number for v in versions] == list(range(4, 14))
    assert [same(project.read_version(v), drawn(v.number)) for v in versions] == [True] * 10
    assert all(a.saved_at <= b.saved_at for a, b in zip(versions, versions[1:], strict=False)) and versions[0].saved_at > 1e9
    meta = project.annotations.meta(entry.name)
    assert meta is not None and meta.generation == 14
    project.write_annotation(entry, drawn(15), keep_version=False, generation=40)
    assert len(project.versions(entry)) == 10 and project.versions(entry)[-1].number == 13
    assert project.annotations.meta(entry.name).generation == 40  # type: ignore[union-attr]


def test_autosaves_keep_a_version_now_and_then(project: Project) -> None:
    entry, store = project.images[0], project.annotations
    for number in range(1, 6):
        project.write_annotation(entry, drawn(number), keep_version=store.version_due(entry.name))
    assert [same(project.read_version(v), drawn(1)) for v in project.versions(entry)] == [True]
    assert store.version_due(entry.name, seconds=0.0) and not store.version_due(entry.name) and store.version_due("other")


def test_a_failed_save_keeps_the_file_and_trying_again_adds_no_version(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = project.images[0]
    project.write_annotation(entry, drawn(1))
    real = safe_io.put

    def full(path: Path, data: bytes) -> None:
        if Path(path).parent.name == "annotations":
            raise StorageError("the disk is full")
        real(path, data)

    for _ in range(5):
        monkeypatch.setattr(safe_io, "put", full)
        with pytest.raises(StorageError):
            project.write_annotation(entry, drawn(2))
        assert same(project.read_annotation(entry), drawn(1))
    monkeypatch.undo()
    project.write_annotation(entry, drawn(2))
    assert same(project.read_annotation(entry), drawn(2)) and len(project.versions(entry)) == 1


def test_damaged_annotations_are_kept_aside_and_reported(project: Project) -> None:
    entry = project.images[0]
    project.write_annotation(entry, drawn(1))
    path = project.annotation_path(entry)
    whole = path.read_bytes()
    for damaged in (b"", whole[:-9], whole[:40] + bytes(9) + whole[49:], b"<html>", bytes(300)):
        path.write_bytes(damaged)
        for _ in range(2):
            with pytest.raises(CorruptAnnotation, match="a9.png") as caught:
                project.read_annotation(entry, SHAPE)
            assert "annotations/corrupt" in caught.value.hint
        assert path.read_bytes() == damaged
        kept = [p.read_bytes() for p in (project.folder / "annotations" / "corrupt").iterdir()]
        assert kept.count(damaged) == 1
    project.close()
    path.write_bytes(b"another damage, written over without having been read")
    again = Project.open(project.folder)
    again.write_annotation(entry, drawn(2))
    assert b"another damage" in b"".join(p.read_bytes() for p in (project.folder / "annotations" / "corrupt").iterdir())
    assert same(again.read_annotation(entry), drawn(2))


def test_threads_may_save_at_once(project: Project) -> None:
    entries = project.images
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            for i in range(1, 6):
                project.write_annotation(entries[(number + i) % 3], drawn(number * 10 + i))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(project.annotations.meta(e.name).generation for e in entries) in ([6, 7, 7], [5, 7, 8])  # type: ignore[union-attr]


def test_an_annotation_put_there_by_somebody_is_not_lost(project: Project) -> None:
    entry = project.images[0]
    project.write_annotation(entry, drawn(1))
    project.annotation_path(entry).write_bytes(encode_annotation(drawn(9), generation=77))
    project.write_annotation(entry, drawn(2))
    assert same(project.read_version(project.versions(entry)[-1]), drawn(9))
    assert project.annotations.meta(entry.name).generation == 78  # type: ignore[union-attr]


def test_different_images_are_written_at_the_same_time(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both writes must be waiting for the disk at once, or neither gets past the barrier."""
    entries = project.images[:2]
    barrier = threading.Barrier(2, timeout=10)
    sync = safe_io.FS.sync

    def meet(fd: int) -> None:
        barrier.wait()
        sync(fd)
    monkeypatch.setattr(safe_io.FS, "sync", meet)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda entry: project.write_annotation(entry, drawn(5)), entries))
    assert all(same(project.read_annotation(entry, SHAPE), drawn(5)) for entry in entries)
