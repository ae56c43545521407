"""Going from image to image, saving in the background, and coming back: nothing is lost, nothing crosses images."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from app.opening import open_path
from app.workspace import Workspace
from segcore.errors import SegcoreError
from segcore.project import Project
from segcore.types import LabelClass


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(4):
        Pillow.fromarray(rng.integers(0, 255, (40 + i, 60, 3), np.uint8)).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def workspace(qtbot, photos: Path):
    workspace = Workspace()
    workspace.messages = []
    workspace.said.connect(lambda text, kind: workspace.messages.append((kind, text)))
    workspace.open_path(photos)
    qtbot.waitUntil(lambda: workspace.document is not None)
    yield workspace
    workspace.shutdown()


def show(qtbot, workspace: Workspace, index: int) -> None:
    workspace.go_to(index)
    qtbot.waitUntil(lambda: workspace.document is not None and workspace.document.entry.name == f"{index}.png")


def stroke(workspace: Workspace, box: tuple[slice, slice], title: str = "Stroke") -> None:
    document = workspace.document
    with document.edit(title) as edit:
        area = document.annotation.region_map[box]
        edit.paint(box, np.ones(area.shape, bool), edit.new_region(3))


def test_a_folder_gets_its_project_inside_and_finds_it_again(qtbot, workspace: Workspace, photos: Path) -> None:
    assert workspace.project.folder == photos / "segdesk"
    assert [entry.name for entry in workspace.project.images] == [f"{i}.png" for i in range(4)]
    assert any(str(photos / "segdesk") in text for _, text in workspace.messages)
    stroke(workspace, (slice(0, 5), slice(0, 5)))
    workspace.close_project()
    Pillow.new("RGB", (10, 10)).save(photos / "new.png")
    workspace.open_path(photos)
    qtbot.waitUntil(lambda: workspace.document is not None)
    assert [entry.name for entry in workspace.project.images] == [*(f"{i}.png" for i in range(4)), "new.png"]
    assert workspace.document.annotation.region_map[:5, :5].all()


def test_one_photo_opens_its_folder_at_that_photo(qtbot, photos: Path) -> None:
    workspace = Workspace()
    open_path(workspace, photos / "2.png")
    qtbot.waitUntil(lambda: workspace.document is not None and workspace.document.entry.name == "2.png")
    workspace.shutdown()


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_what_cannot_be_opened_is_said_and_keeps_what_was_open(workspace: Workspace, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    before = workspace.project
    workspace.open_path(tmp_path / name)
    kind, text = workspace.messages[-1]
    assert kind == "error" and text and workspace.project is before and not before.read_only


def test_edits_are_saved_by_themselves_and_undo_steps_survive_leaving(qtbot, workspace: Workspace) -> None:
    stroke(workspace, (slice(3, 9), slice(5, 20)), "First")
    expected = workspace.document.annotation.region_map.copy()
    show(qtbot, workspace, 1)
    assert workspace.document.history.titles() == [] and not workspace.document.annotation.region_map.any()
    stroke(workspace, (slice(0, 2), slice(0, 2)), "Second")
    show(qtbot, workspace, 0)
    assert np.array_equal(workspace.document.annotation.region_map, expected)
    assert workspace.document.history.titles() == ["First"]
    workspace.document.undo()
    workspace.document.redo()
    qtbot.waitUntil(lambda: workspace.saved_text() == "All saved", timeout=10_000)
    on_disk = Project.open(workspace.project.folder, read_only=True)
    assert np.array_equal(on_disk.read_annotation(on_disk.entry("0.png")).region_map, expected)
    assert on_disk.read_annotation(on_disk.entry("1.png")).region_map.sum() == 4 * 1


def test_an_image_left_unsaved_comes_back_as_it_was_and_is_saved_once_it_can(qtbot, workspace: Workspace, monkeypatch) -> None:
    real = type(workspace.project).write_annotation

    def full(self, *args, **kwargs):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(type(workspace.project), "write_annotation", full)
    stroke(workspace, (slice(0, 10), slice(0, 10)))
    show(qtbot, workspace, 1)
    qtbot.waitUntil(lambda: workspace.saved_text().startswith("Not saved"), timeout=10_000)
    assert sum(kind == "error" for kind, _ in workspace.messages) == 1
    show(qtbot, workspace, 0)
    assert workspace.document.annotation.region_map[:10, :10].all()
    assert workspace.document.dirty
    monkeypatch.setattr(type(workspace.project), "write_annotation", real)
    workspace.save_now()
    qtbot.waitUntil(lambda: workspace.saved_text() == "All saved", timeout=10_000)
    assert not workspace.document.dirty


def test_classes_are_undone_with_the_image_they_were_changed_on(workspace: Workspace) -> None:
    before = list(workspace.project.classes)
    workspace.set_classes([*before, LabelClass(40, "kiwi", (1, 2, 3))], "Add class kiwi")
    assert workspace.class_of(40).name == "kiwi"
    workspace.document.undo()
    assert workspace.project.classes == before and workspace.class_of(40).name == "unknown-40"
    workspace.document.redo()
    assert workspace.project.classes[-1].name == "kiwi" and 40 in workspace.document.classes


def test_an_unreadable_image_is_said_and_the_rest_goes_on(qtbot, workspace: Workspace, photos: Path) -> None:
    (photos / "1.png").write_bytes(b"not a picture")
    workspace.cache.clear()
    workspace.go_to(1)
    qtbot.waitUntil(lambda: not workspace.loading)
    assert workspace.document is None and workspace.messages[-1][0] == "error" and "1.png" in workspace.messages[-1][1]
    show(qtbot, workspace, 2)


def test_a_second_window_reads_only_and_says_who_holds_the_project(qtbot, workspace: Workspace, photos: Path) -> None:
    stroke(workspace, (slice(0, 5), slice(0, 5)))
    other = Workspace()
    other.open_path(photos / "segdesk")
    qtbot.waitUntil(lambda: other.document is not None)
    assert other.project.read_only and other.saved_text() == "Read only"
    with pytest.raises(Exception, match="read only"):
        other.document.edit("x")
    other.shutdown()
    assert not workspace.project.read_only


def test_stepping_stops_at_the_ends_and_skips(qtbot, workspace: Workspace) -> None:
    workspace.set_state("1.png", "done")
    workspace.step(1, lambda entry: entry.state != "done")
    qtbot.waitUntil(lambda: workspace.document is not None and workspace.document.entry.name == "2.png")
    workspace.step(2)
    assert workspace.index == 2 and "last image" in workspace.messages[-1][1]


def test_a_second_edit_waits_for_the_first(workspace: Workspace) -> None:
    document = workspace.document
    stroke(workspace, (slice(0, 2), slice(0, 2)))
    with document.edit("Long stroke") as edit:
        edit.paint((slice(0, 9), slice(0, 9)), np.ones((9, 9), bool), 1)
        for refused in (lambda: document.edit("x"), lambda: document.remove_region(1), document.undo, document.redo):
            with pytest.raises(SegcoreError, match="still going on"):
                refused()
    assert document.history.titles() == ["Stroke", "Long stroke"] and (document.annotation.region_map[:9, :9] == 1).all()
    document.undo()
