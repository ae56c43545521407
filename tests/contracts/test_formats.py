"""What every format must keep: a whole folder or none, honest counts, and the same classes when read back."""
from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pillow

from segcore.errors import FormatError, PromptError, StorageError
from segcore.formats import FORMATS
from segcore.project import Project
from segcore.types import Annotation, Region

ALL = [pytest.param(cls, id=cls.name) for cls in FORMATS]


def run(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture
def project(tmp_path):
    """Three labelled photos, one of them upright only by its EXIF entry, and one without labels."""
    (tmp_path / "photos").mkdir()
    exif = Pillow.Exif()
    exif[0x0112] = 8
    for k in range(4):
        pixels = np.random.default_rng(k).integers(0, 256, (30, 44, 3), np.uint8)
        options = {"exif": exif} if k == 1 else {}
        Pillow.fromarray(pixels).save(tmp_path / "photos" / f"photo {k}.jpg", **options)
    project = Project.create(tmp_path / "project", images=tmp_path / "photos")
    for k, entry in enumerate(list(project.images)[:3]):
        project.write_annotation(entry, annotation((44, 30) if k == 1 else (30, 44), k))
    project.save()
    yield project
    project.close()


def annotation(shape, seed):
    """A ring with an island in its hole, two touching parts of another class, one of two pieces, a strip one pixel thin."""
    result = Annotation(shape, {k: Region(k, c) for k, c in enumerate((12, 15, 12, 3, 7), 1)})
    area = result.region_map
    area[2:14, 2:14] = 1
    area[5:11, 5:11] = 0
    area[7:9, 7:9] = 2
    area[16:22, 2:8], area[16:22, 8:14] = 3, 4
    area[24:27, 2:5] = 4
    area[28 - seed, 1:29] = 5
    return result


def classes_of(project, name):
    return project.read_annotation(project.entry(name)).class_map(0)


@pytest.mark.parametrize("cls", ALL)
def test_there_and_back(cls, project, tmp_path):
    report = run(cls().export(project, tmp_path / "out"))
    assert (report.read, report.converted, report.images, report.skipped) == (3, 3, 3, []) and report.regions >= 15
    assert report.folder == tmp_path / "out"
    other = Project.create(tmp_path / "other", images=tmp_path / "photos")
    report = run(cls().load(tmp_path / "out", other))
    assert report.read == report.converted + len(report.skipped) and report.converted == 3, report.skipped
    assert len(other.images) == 4
    for entry in project.images[:3]:
        np.testing.assert_array_equal(classes_of(other, entry.name), classes_of(project, entry.name))
    assert report.pixels_per_class["dog"] == sum((classes_of(project, e.name) == 12).sum() for e in project.images[:3])


@pytest.mark.parametrize("cls", ALL)
def test_stopping_leaves_no_folder(cls, project, tmp_path):
    steps = cls().export(project, tmp_path / "out")
    next(steps)
    steps.close()
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("cls", ALL)
def test_nothing_to_export_is_a_sentence(cls, tmp_path):
    project = Project.create(tmp_path / "empty")
    with pytest.raises(FormatError) as caught:
        run(cls().export(project, tmp_path / "out"))
    assert str(caught.value).endswith(".") and not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("cls", ALL)
def test_a_used_folder_is_refused(cls, project, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(StorageError):
        run(cls().export(project, tmp_path / "out"))
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine"]


@pytest.mark.parametrize("cls", ALL)
def test_missing_photo_is_skipped_and_the_rest_goes_on(cls, project, tmp_path):
    project.image_path(project.images[0]).unlink()
    report = run(cls().export(project, tmp_path / "out"))
    assert report.read == 3 and report.converted == 2 and report.skipped[0][0] == "photo 0.jpg"


@pytest.mark.parametrize("cls", ALL)
def test_existing_labels_are_kept(cls, project, tmp_path):
    run(cls().export(project, tmp_path / "out"))
    project.write_annotation(project.images[0], Annotation((30, 44), {1: Region(1, 5)}))
    report = run(cls().load(tmp_path / "out", project))
    assert report.converted == 0 and len(report.skipped) == report.read == 3
    report = run(cls(existing="replace").load(tmp_path / "out", project))
    assert report.converted == 3 and (classes_of(project, "photo 0.jpg") == 12).any()


@pytest.mark.parametrize("cls", ALL)
def test_nothing_to_import_is_a_sentence(cls, project, tmp_path):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(FormatError) as caught:
        run(cls().load(tmp_path / "nothing", project))
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("cls", ALL)
def test_preview_has_the_size_and_shows_classes(cls, project):
    colors = cls().preview(project, project.read_annotation(project.images[0]))
    assert colors.shape == (30, 44, 3) and colors.dtype == np.uint8 and not (colors[3, 3] == colors[20, 20]).all()


@pytest.mark.parametrize("cls", ALL)
def test_declaration(cls):
    assert cls.name and cls.title and cls.summary()
    with pytest.raises(PromptError):
        cls(no_such_option=1)
