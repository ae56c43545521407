"""COCO files as pycocotools reads them, other people's files, and files that lie."""
from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image as Pillow

from segcore.errors import FormatError
from segcore.formats import FORMATS
from segcore.project import Project
from segcore.types import Annotation, Region

Coco = FORMATS["coco"]


def run(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def photo(path, width=40, height=30):
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(np.zeros((height, width, 3), np.uint8)).save(path)
    return path


@pytest.fixture
def project(tmp_path):
    project = Project.create(tmp_path / "project", images=[photo(tmp_path / "photos" / "a.jpg")])
    annotation = Annotation((30, 40), {1: Region(1, 12), 2: Region(2, 12), 3: Region(3, 15), 4: Region(4, 255)})
    area = annotation.region_map
    area[2:20, 2:20] = 1
    area[5:10, 5:10] = 0
    area[6, 6] = 3
    area[22:25, 3:9], area[27, 1:30], area[29, 39] = 2, 2, 4
    area[12, 25:30] = area[13, 28:35] = 3
    project.write_annotation(project.images[0], annotation)
    yield project
    project.close()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # within pycocotools
@pytest.mark.parametrize("shape", ["auto", "rle"])
def test_pycocotools_sees_the_same_masks(project, tmp_path, shape):
    coco = pytest.importorskip("pycocotools.coco", reason="needs pycocotools")
    report = run(Coco(shape=shape).export(project, tmp_path / "out"))
    assert report.regions == 3 and "void" in report.warnings[0]
    theirs = coco.COCO(str(tmp_path / "out" / "annotations.json"))
    annotation = project.read_annotation(project.images[0])
    found = theirs.loadAnns(theirs.getAnnIds())
    assert [theirs.loadCats(a["category_id"])[0]["name"] for a in found] == ["dog", "dog", "person"]
    for number, item in enumerate(found, 1):
        mask = annotation.region_map == number
        np.testing.assert_array_equal(theirs.annToMask(item), mask)
        rows, columns = np.nonzero(mask)
        assert item["area"] == mask.sum() and item["iscrowd"] == 0
        assert item["bbox"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
    assert isinstance(found[1]["segmentation"], list) == (shape == "auto") and isinstance(found[0]["segmentation"], dict)


def test_regions_come_back_as_regions(project, tmp_path):
    run(Coco().export(project, tmp_path / "out"))
    other = Project.create(tmp_path / "other", classes="empty")
    report = run(Coco().load(tmp_path / "out", other))
    assert (report.read, report.converted, report.regions) == (1, 1, 3)
    before, after = project.read_annotation(project.images[0]), other.read_annotation(other.images[0])
    expected = np.where(before.region_map == 4, 0, before.region_map)
    np.testing.assert_array_equal(after.region_map, expected)
    assert {r.class_id for r in after.regions.values()} == {12, 15} and other.class_by_id(12).name == "dog"


def test_more_than_254_objects_fit(tmp_path):
    project = Project.create(tmp_path / "project", images=[photo(tmp_path / "a.jpg")])
    annotation = Annotation((30, 40), {k: Region(k, 1) for k in range(1, 1001)})
    annotation.region_map.ravel()[:1000] = np.arange(1, 1001)
    project.write_annotation(project.images[0], annotation)
    assert run(Coco().export(project, tmp_path / "out")).regions == 1000


def write(folder, annotations, images=({"id": 1, "file_name": "a.jpg", "width": 40, "height": 30},)):
    folder.mkdir(parents=True, exist_ok=True)
    categories = [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}]
    content = {"images": list(images), "annotations": annotations, "categories": categories}
    (folder / "instances.json").write_text(json.dumps(content))


def square(x, y, size):
    return [[x, y, x + size, y, x + size, y + size, x, y + size]]


def test_other_peoples_files(tmp_path):
    photo(tmp_path / "set" / "val" / "a.jpg")
    write(tmp_path / "set" / "annotations", [
        {"id": 1, "image_id": 1, "category_id": 1, "segmentation": square(4, 4, 5)},
        {"id": 2, "image_id": 1, "category_id": 18, "segmentation": square(2, 2, 20)},
        {"id": 3, "image_id": 1, "category_id": 18, "iscrowd": 1, "segmentation": {"size": [30, 40], "counts": [1195, 5]}}])
    project = Project.create(tmp_path / "project")
    report = run(Coco().load(tmp_path / "set", project))
    assert report.converted == 1 and "25 pixels" in "".join(report.warnings)
    annotation = project.read_annotation(project.images[0])
    classes = annotation.class_map()
    assert (classes == 15).sum() == 25 and (classes == 12).sum() == 400 - 25 + 5


@pytest.mark.parametrize("bad", [
    {"segmentation": []}, {}, {"segmentation": None}, {"segmentation": [[1, 2, 3]]}, {"segmentation": [["a"] * 6]},
    {"segmentation": [[0, 0, float("nan"), 4, 4, 4]]}, {"segmentation": {"size": [30, 40], "counts": [7]}},
    {"segmentation": {"size": [3, 4], "counts": [12]}}, {"segmentation": {"size": [30, 40], "counts": "~~"}},
    {"segmentation": {"size": [30, 40], "counts": [-5, 1205]}}, {"segmentation": square(900, 900, 5)},
    {"segmentation": square(2, 2, 5), "category_id": 77}, {"segmentation": square(2, 2, 5), "category_id": "dog"},
    {"segmentation": [[1e8, 0, 1e308, 1e308, -1e308, 1e308, 1e9]]}])
def test_bad_annotations_are_left_out_and_reported(tmp_path, bad):
    photo(tmp_path / "set" / "images" / "a.jpg")
    good = {"id": 1, "image_id": 1, "category_id": 18, "segmentation": square(2, 2, 5)}
    lost = {"id": 3, "image_id": 99, "category_id": 18}
    write(tmp_path / "set", [good, {"id": 2, "image_id": 1, "category_id": 18, **bad}, lost])
    project = Project.create(tmp_path / "project")
    report = run(Coco().load(tmp_path / "set", project))
    assert report.converted == 1 and report.regions == 1
    text = "\n".join(report.warnings)
    assert "Annotation 2" in text and "1 annotations belong to no image" in text
    write(tmp_path / "set", [{"id": 2, "image_id": 1, "category_id": 18, **bad}])
    report = run(Coco(existing="replace").load(tmp_path / "set", project))
    assert report.converted == 0 and "None of its annotations" in report.skipped[0][1]


def test_photos_outside_the_folder_are_not_taken(tmp_path):
    photo(tmp_path / "secret.jpg")
    names = "../secret.jpg", str(tmp_path / "secret.jpg"), "..\\secret.jpg", "", "x" * 5000, "a\0b", "\ud800", "."
    items = [{"id": k, "image_id": k, "category_id": 18, "segmentation": square(2, 2, 5)} for k in range(len(names))]
    write(tmp_path / "set", items, [{"id": k, "file_name": name} for k, name in enumerate(names)])
    report = run(Coco().load(tmp_path / "set", Project.create(tmp_path / "project")))
    assert report.read == len(names) == len(report.skipped)


def test_a_file_too_large_to_be_read_is_refused_by_its_size(tmp_path):
    with open(tmp_path / "x.json", "wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(FormatError, match="larger than 1 GB"):
        run(Coco().load(tmp_path, Project.create(tmp_path / "project")))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"images": 3}', "[" * 100_000])
def test_what_is_no_coco_file_is_a_sentence(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(FormatError, match="no readable COCO file"):
        run(Coco().load(tmp_path, Project.create(tmp_path / "project")))
