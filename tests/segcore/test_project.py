"""Projects on disk: what is written comes back, nothing is overwritten that should not be, and bad folders are survived."""
from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from segcore import safe_io
from segcore.annotation_io import encode_annotation
from segcore.errors import ImageError, ProjectError, StorageError
from segcore.project import CorruptAnnotation, ImageEntry, Project, SizeMismatch
from segcore.types import Annotation, LabelClass, Region

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


def test_create_lists_images_in_natural_order_with_unique_names(project: Project, tmp_path: Path) -> None:
    assert [e.name for e in project.images] == ["a9.png", "a10.png", "a9~2.png"]
    assert [project.image_path(e) for e in project.images] == [
        tmp_path / "photos" / n for n in ("a9.png", "a10.png", "sub/a9.png")
    ]
    assert len(project.classes) == 21 and project.name == "p" and not project.read_only and project.holder == ""
    assert [project.index(e.name) for e in project.images] == [0, 1, 2] and project.entry("a10.png").state == "new"
    assert project.class_by_id(15).name == "person" and not project.has_annotation(project.images[0])
    for wrong in (
        lambda: project.entry("x"),
        lambda: project.class_by_id(99),
        lambda: project.update_entry("a9.png", state="?"),
        lambda: project.update_entry("a9.png", split="?"),
    ):
        with pytest.raises(ProjectError):
            wrong()


def test_everything_comes_back_after_reopening(project: Project) -> None:
    project.update_entry("a9.png", split="val", state="flagged")
    project.set_classes([LabelClass(5, "h\u00e9ron", (1, 2, 3), False)])
    project.write_annotation(project.entry("a10.png"), drawn(4))
    project.save()
    project.close()
    again = Project.open(project.folder)
    assert again.entry("a9.png") == ImageEntry("a9.png", project.entry("a9.png").path, "val", "flagged")
    assert again.classes == [LabelClass(5, "h\u00e9ron", (1, 2, 3), False)] and again.notices == []
    assert again.entry("a10.png").state == "labelled" and again.has_annotation(again.entry("a10.png"))
    assert same(again.read_annotation(again.entry("a10.png"), SHAPE), drawn(4))
    empty = again.read_annotation(again.entry("a9.png"))
    assert empty.shape == SHAPE and not empty.regions
    assert again.read_image(again.entry("a9.png")).shape == SHAPE


def test_images_inside_the_folder_are_stored_relative_and_move_with_it(tmp_path: Path) -> None:
    photo(tmp_path / "p" / "photos" / "a.png")
    project = Project.create(tmp_path / "p", images=tmp_path / "p")
    assert project.images[0].path == "photos/a.png"
    project.write_annotation(project.images[0], drawn(1))
    project.close()
    (tmp_path / "p").rename(tmp_path / "moved")
    moved = Project.open(tmp_path / "moved")
    assert moved.read_image(moved.images[0]).shape == SHAPE and same(moved.read_annotation(moved.images[0]), drawn(1))


def test_copies_are_made_on_request_and_sources_never_change(tmp_path: Path) -> None:
    before = photo(tmp_path / "photos" / "a.png").read_bytes()
    project = Project.create(tmp_path / "p", images=[tmp_path / "photos" / "a.png"], copy=True, classes="empty")
    assert project.images[0].path == "images/a.png" and (tmp_path / "p" / "images" / "a.png").read_bytes() == before
    assert project.add_images([tmp_path / "p" / "images" / "a.png"]) == []
    with pytest.raises(ProjectError, match="cannot be copied"):
        project.add_images([tmp_path / "missing.png"], copy=True)
    assert (tmp_path / "photos" / "a.png").read_bytes() == before


def test_a_project_made_anew_in_the_folder_finds_its_annotations(project: Project, tmp_path: Path) -> None:
    project.write_annotation(project.entry("a9.png"), drawn(1))
    project.close()
    (project.folder / "project.json").write_bytes(b"{damaged")
    with pytest.raises(ProjectError, match="damaged"):
        Project.open(project.folder)
    with pytest.raises(ProjectError, match="already is a project"):
        Project.create(project.folder, images=tmp_path / "photos")
    assert (project.folder / "project.json").read_bytes() == b"{damaged"
    (project.folder / "project.json").rename(project.folder / "project.json.bad")
    again = Project.create(project.folder, images=tmp_path)
    assert [e.state for e in again.images] == ["labelled", "new", "new"], "annotations and versions are no photos"


def test_folders_without_images_or_project_are_one_plain_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("no image")
    for images in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ProjectError):
            Project.create(tmp_path / "p", images=images)
    for folder in (tmp_path, tmp_path / "missing", tmp_path / "text.txt"):
        with pytest.raises(ProjectError):
            Project.open(folder)
    assert not (tmp_path / "p").exists()


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


def test_an_annotation_of_another_size_is_refused_and_stays(project: Project) -> None:
    entry = project.images[0]
    for shape, word in ((SHAPE[::-1], "swapped"), ((5, 5), "Restore")):
        project.write_annotation(entry, drawn(1, shape))
        before = project.annotation_path(entry).read_bytes()
        with pytest.raises(SizeMismatch, match=word):
            project.read_annotation(entry, SHAPE)
        assert project.annotation_path(entry).read_bytes() == before


def test_an_image_that_changed_since_is_said_until_it_is_annotated_again(project: Project) -> None:
    entry = project.images[0]
    assert project.read_image(entry).notices == ()
    project.write_annotation(entry, drawn(1))
    photo(project.image_path(entry), "blue")
    project.close()
    again = Project.open(project.folder)
    assert any("changed" in notice for notice in again.read_image(entry).notices)
    assert same(again.read_annotation(entry, SHAPE), drawn(1))
    again.write_annotation(entry, drawn(2))
    assert again.read_image(entry).notices == ()


def test_removing_an_image_keeps_its_annotation_as_a_version(project: Project, tmp_path: Path) -> None:
    entry = project.images[0]
    project.write_annotation(entry, drawn(1))
    project.remove_image(entry.name)
    assert [e.name for e in project.images] == ["a10.png", "a9~2.png"] and project.index("a9~2.png") == 1
    assert not project.annotation_path(entry).exists() and project.image_path(entry).exists()
    assert same(project.read_version(project.versions(entry)[-1]), drawn(1))
    assert project.add_images([tmp_path / "photos" / "a9.png"])[0].name == "a9.png"


def test_a_second_opening_is_read_only_and_names_the_holder(project: Project) -> None:
    entry = project.images[0]
    second = Project.open(project.folder)
    assert second.read_only and str(os.getpid()) in second.holder and socket.gethostname() in second.holder
    assert second.holder in second.notices[0]
    for change in (lambda: second.write_annotation(entry, drawn(1)), second.save, lambda: second.remove_image(entry.name),
                   lambda: second.set_classes([]), lambda: second.add_images([])):
        with pytest.raises(ProjectError, match="read-only.*" + str(os.getpid())):
            change()
    second.close()
    assert Project.open(project.folder).read_only
    taken = Project.open(project.folder, take_over=True)
    assert not taken.read_only
    taken.close()
    project.close()
    third = Project.open(project.folder)
    assert not third.read_only and Project.open(project.folder, read_only=True).notices == []


def test_what_a_newer_version_wrote_is_kept_and_not_changed(project: Project) -> None:
    project.close()
    path = project.folder / "project.json"
    top = json.loads(path.read_bytes())
    top["reviewers"] = {"a": [1]}
    top["images"].append({"name": "later", "path": "x.png", "state": "reviewed"})
    path.write_text(json.dumps(top))
    again = Project.open(project.folder)
    assert len(again.images) == 3 and len(again.notices) == 1
    again.save()
    again.close()
    kept = json.loads(path.read_bytes())
    assert kept["reviewers"] == {"a": [1]} and kept["images"][-1] == top["images"][-1]
    path.write_text(json.dumps({**top, "format": 2}))
    newest = Project.open(project.folder)
    assert newest.read_only and "newer version" in newest.notices[0]


@pytest.mark.parametrize(
    "row",
    [
        None,
        3,
        {},
        {"name": "a"},
        {"name": 3, "path": "x"},
        {"name": "../../etc/x", "path": "x"},
        {"name": "a/b", "path": "x"},
        {"name": "..", "path": "x"},
        {"name": "", "path": "x"},
        {"name": "a9.png", "path": "x"},
        {"name": "n", "path": ""},
        {"name": "n", "path": "x", "split": []},
    ],
)
def test_a_damaged_entry_is_said_and_the_rest_goes_on(project: Project, row: object) -> None:
    project.close()
    path = project.folder / "project.json"
    top = json.loads(path.read_bytes())
    top["images"].append(row)
    path.write_text(json.dumps(top))
    again = Project.open(project.folder)
    assert len(again.images) == 3 and "1 damaged" in again.notices[0]
    again.save()
    assert row in json.loads(path.read_bytes())["images"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"[" * 100000,
        b'{"format": 1, "images": NaN}',
        b"\xff\xfe\0",
        bytes(99),
        b'{"format": 1, "images": []',
        b'{"format": 1, "images": {}}',
        b'{"format": "1", "images": []}',
        b'{"format": 1, "images": [], "classes": [{"name": "a", "id": 999}]}',
        b'{"format": ' + b"9" * 5000 + b', "images": []}',
    ],
    ids=range(13),
)
def test_a_damaged_project_file_is_one_plain_sentence_and_stays(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "project.json").write_bytes(content)
    with pytest.raises(ProjectError):
        Project.open(tmp_path)
    assert (tmp_path / "project.json").read_bytes() == content and os.listdir(tmp_path) == ["project.json"]


def test_a_byte_order_mark_does_no_harm(project: Project) -> None:
    project.close()
    path = project.folder / "project.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(Project.open(project.folder).images) == 3


NAMES = [
    b"\xff\xfe.png",
    "e\u0301.png".encode(),
    "\u00e9.png".encode(),
    b"a b.png",
    b"a\nb.png",
    b"-rf.png",
    b"%41.png",
    b"a#?.png",
    "\N{CAT FACE}.png".encode(),
    b"IMG.png",
    b"img.PNG",
    b"CON.png",
    b"a:b.png",
    b"n" * 250 + b".png",
    b"a..png",
    b"annotations.png",
]


def test_names_of_every_kind_can_be_annotated(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for name in NAMES:
        photo(Path(os.fsdecode(bytes(tmp_path / "photos") + b"/" + name)))
    project = Project.create(tmp_path / "p", images=tmp_path / "photos")
    assert len(project.images) == len(NAMES)
    for number, entry in enumerate(project.images, 1):
        assert project.read_image(entry).shape == SHAPE
        project.write_annotation(entry, drawn(number))
    project.close()
    again = Project.open(project.folder)
    assert again.images == project.images and len(os.listdir(project.folder / "annotations")) == len(NAMES)
    for number, entry in enumerate(again.images, 1):
        assert same(again.read_annotation(entry, SHAPE), drawn(number)) and again.image_path(entry).exists()
        entry.name.encode("utf-8")
    assert len({entry.name.casefold() for entry in again.images}) == len(NAMES)
    assert all(not set('<>:"/\\|?*\n') & set(entry.name) for entry in again.images)
    assert {entry.name for entry in again.images} >= {
        "a b.png",
        "-rf.png",
        "%41.png",
        "\N{CAT FACE}.png",
        "_CON.png",
        "%FF%FE.png",
    }


def test_odd_folders_end_and_only_regular_files_are_listed(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "dangling.png").symlink_to("nowhere")
    (tmp_path / "self.png").symlink_to("self.png")
    (tmp_path / "link.png").symlink_to("a.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    photo(tmp_path / ".hidden" / "b.png")
    photo(tmp_path / "half.partial" / "c.png")
    photo(tmp_path / "/".join("d" * 40) / "deep.png")
    (tmp_path / "._a.png").write_bytes(b"what another system leaves")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as end:
        old = os.getcwd()
        os.chdir(tmp_path)
        end.bind("socket.png")
        os.chdir(old)
    project = Project.create(tmp_path / "p", images=tmp_path)
    assert [e.name for e in project.images] == ["a.png", "deep.png", "link.png"]


def test_an_image_that_is_gone_is_the_decoders_sentence(project: Project) -> None:
    project.image_path(project.images[0]).unlink()
    with pytest.raises(ImageError, match="a9.png"):
        project.read_image(project.images[0])


def test_opening_looks_at_no_image_and_sweeps_what_a_kill_left(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write_annotation(project.images[0], drawn(1))
    project.close()
    left = project.folder / "annotations" / ".segdesk-3999999-01234567.part"
    left.write_bytes(b"half")
    touched: list[str] = []
    real = os.stat
    monkeypatch.setattr(os, "stat", lambda path, *a, **k: touched.append(str(path)) or real(path, *a, **k))
    again = Project.open(project.folder)
    assert not [path for path in touched if path.endswith(".png")] and again.has_annotation(again.images[0])
    assert not left.exists()


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
