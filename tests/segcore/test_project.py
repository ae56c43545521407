"""Projects on disk: what is written comes back, nothing is overwritten that should not be, and bad folders are survived."""
from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from segcore.errors import ImageError, ProjectError
from segcore.project import ImageEntry, Project, SizeMismatch
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
