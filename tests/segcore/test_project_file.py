"""project.json and names: damaged files, files of other versions, and image names and folders of every kind."""
from __future__ import annotations

import contextlib
import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from segcore.errors import ProjectError
from segcore.project import Project
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
        {"name": "n", "path": "a\0b"},
        {"name": "n", "path": "\ud800"},
        {"name": "\ud800", "path": "x"},
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


def test_fields_of_others_stay_with_their_image(project: Project) -> None:
    project.close()
    path = project.folder / "project.json"
    top = json.loads(path.read_bytes())
    top["images"][1]["camera"] = {"iso": [100, "\u00e9"]}
    path.write_text(json.dumps(top))
    again = Project.open(project.folder)
    again.update_entry(again.images[1].name, split="val")
    again.save()
    rows = json.loads(path.read_bytes())["images"]
    assert rows[1]["camera"] == {"iso": [100, "\u00e9"]} and rows[1]["split"] == "val" and "camera" not in rows[0]


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
