"""Samples from folders and projects: what is labelled, with which class index, at which size."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PILImage

from segcore.dataset import Cached, FolderPair, ProjectSamples, class_weights, count_classes, scaled, split_project
from segcore.errors import ModelError
from segcore.project import Project
from segcore.types import Annotation, LabelClass, Region

CLASSES = [LabelClass(3, "sky", (0, 0, 200)), LabelClass(7, "road", (90, 90, 90))]


def photo(path: Path, size: tuple[int, int] = (8, 6)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PILImage.new("RGB", size, (10, 20, 30)).save(path)


def mask(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PILImage.fromarray(values.astype(np.uint8)).save(path)


def test_folder_pairs(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.png", "unlabelled.jpg", "note.txt"):
        photo(tmp_path / "images" / name) if not name.endswith("txt") else (tmp_path / "images" / name).write_text("x")
    values = np.arange(48).reshape(6, 8)
    mask(tmp_path / "masks" / "a.png", values)
    mask(tmp_path / "masks" / "b.png", values * 0)
    data = FolderPair(tmp_path / "images", tmp_path / "masks", ["x", "y", "z"])
    assert len(data) == 2
    pixels, target = data[0]
    assert pixels.shape == (6, 8, 3) and target.dtype == np.uint8
    np.testing.assert_array_equal(target, np.where(values < 3, values, 255))
    assert not data[1][1].any()


def test_folder_pairs_that_do_not_fit_are_said(tmp_path: Path) -> None:
    photo(tmp_path / "images" / "a.png")
    mask(tmp_path / "masks" / "b.png", np.zeros((6, 8)))
    with pytest.raises(ModelError, match="No photo"):
        FolderPair(tmp_path / "images", tmp_path / "masks", ["x"])
    with pytest.raises(ModelError, match="does not exist"):
        FolderPair(tmp_path / "images", tmp_path / "nowhere", ["x"])
    mask(tmp_path / "masks" / "a.png", np.zeros((6, 9)))
    with pytest.raises(ModelError, match="“a.png” is not of its photo's size"):
        FolderPair(tmp_path / "images", tmp_path / "masks", ["x"])[0]


@pytest.fixture
def project(tmp_path: Path):
    for i in range(12):
        photo(tmp_path / "photos" / f"{i:02}.png")
    project = Project.create(tmp_path / "project", images=tmp_path / "photos", classes=CLASSES)
    yield project
    project.close()


def label(project: Project, count: int) -> None:
    for entry in project.images[:count]:
        annotation = Annotation((6, 8), {1: Region(1, 7), 2: Region(2, 3)})
        annotation.region_map[:2] = 1
        annotation.region_map[2:4] = 2
        project.write_annotation(entry, annotation)


def test_projects_give_their_labelled_images(project: Project) -> None:
    label(project, 3)
    data = ProjectSamples(project)
    assert len(data) == 3 and data.class_names == ("sky", "road") and data.class_colors[0] == (0, 0, 200)
    pixels, target = data[1]
    assert pixels.shape == (6, 8, 3)
    assert [int(target[y, 0]) for y in range(6)] == [1, 1, 0, 0, 255, 255]


def test_nothing_labelled_is_said(project: Project) -> None:
    for make in (ProjectSamples, split_project):
        with pytest.raises(ModelError, match="labels yet"):
            make(project)


def names(samples: ProjectSamples) -> set[str]:
    return {e.name for e in samples.entries}


def test_splits(project: Project) -> None:
    label(project, 3)
    train, validation = split_project(project)
    assert names(train) == names(validation) and len(train) == 3
    label(project, 10)
    train, validation = split_project(project, seed=1)
    assert len(train) == 8 and len(validation) == 2 and not names(train) & names(validation)
    assert names(split_project(project, seed=1)[1]) == names(validation)
    for i, split in enumerate(("val", "test", "train")):
        project.update_entry(project.images[i].name, split=split)
    train, validation = split_project(project)
    assert names(validation) == {project.images[0].name} and len(train) == 8
    assert project.images[1].name not in names(train)
    assert len(ProjectSamples(project, ["test"])) == 1


class Few:
    class_names = ("a", "b", "c", "never")

    def __init__(self) -> None:
        self.reads = 0
        self.targets = [np.array([[0, 0, 0, 1]], np.uint8), np.array([[0, 255, 2, 2]], np.uint8)]

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int):
        self.reads += 1
        return np.zeros((1, 4, 3), np.uint8), self.targets[index]


def test_class_counts_and_weights() -> None:
    pixels, present = count_classes(Few())
    assert pixels.tolist() == [4, 1, 2, 0] and present.tolist() == [7, 4, 3, 0]
    frequency = np.array([4 / 7, 1 / 4, 2 / 3])
    expected = np.median(frequency) / frequency
    np.testing.assert_allclose(class_weights("median_frequency", Few()), [*expected, 1], rtol=1e-6)
    np.testing.assert_allclose(class_weights("sqrt", Few()), [*np.sqrt(expected), 1], rtol=1e-6)
    assert class_weights("none", Few()).tolist() == [1, 1, 1, 1]


def test_cache_reads_once_while_there_is_room() -> None:
    few = Few()
    for limit, reads in ((10**6, 2), (20, 3)):
        few.reads = 0
        cached = Cached(few, limit=limit)
        for index in (0, 1, 0, 1):
            np.testing.assert_array_equal(cached[index][1], few.targets[index])
        assert few.reads == reads and len(cached) == 2


def test_scaling_keeps_labels_on_their_pixels() -> None:
    target = np.kron(np.arange(12).reshape(3, 4), np.ones((50, 50), int)).astype(np.uint8)
    pixels = np.repeat((20 * target)[..., None], 3, 2)
    for area in (30000 // 4, 30000 * 4, 12345):
        small, labels = scaled(pixels, target, area)
        assert small.shape[:2] == labels.shape and labels.size == pytest.approx(area, rel=0.03)
        assert (np.rint(small[..., 0] / 20) == labels).mean() > 0.95
    assert scaled(pixels, target, 30000)[0] is pixels
