"""labelme files: exact regions there and back, every shape that labelme draws, and files that lie."""
from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image as Pillow

from segcore.errors import FormatError
from segcore.formats import FORMATS
from segcore.project import Project
from segcore.types import Annotation, Region

Labelme = FORMATS["labelme"]


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


def png(mask):
    buffer = io.BytesIO()
    Pillow.fromarray(np.asarray(mask, np.uint8) * 255).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def write(folder, shapes, **more):
    photo(folder / "a.jpg")
    content = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": "a.jpg", "imageHeight": 30, "imageWidth": 40}
    (folder / "a.json").write_text(json.dumps(content | more))


def shape(label, kind, points, **more):
    return {"label": label, "shape_type": kind, "points": points, "group_id": None, "flags": {}, **more}


def load(folder, **options):
    project = Project.create(folder / "project", classes="empty")
    report = run(Labelme(**options).load(folder, project))
    return project, report


def test_regions_come_back_exactly(tmp_path):
    project = Project.create(tmp_path / "one", images=[photo(tmp_path / "photos" / "a.jpg")])
    annotation = Annotation((30, 40), {1: Region(1, 12), 2: Region(2, 12), 3: Region(3, 0)})
    annotation.region_map[2:20, 2:20] = 1
    annotation.region_map[5:10, 5:10], annotation.region_map[25:28, 1:9], annotation.region_map[21, 30:33] = 3, 2, 2
    project.write_annotation(project.images[0], annotation)
    assert run(Labelme().export(project, tmp_path / "out")).regions == 3
    kinds = [s["shape_type"] for s in json.loads((tmp_path / "out" / "a.json").read_text())["shapes"]]
    assert kinds == ["mask", "mask", "polygon"]
    other = Project.create(tmp_path / "other", classes="empty")
    run(Labelme().load(tmp_path / "out", other))
    back = other.read_annotation(other.images[0])
    np.testing.assert_array_equal(back.region_map, annotation.region_map)
    assert [r.class_id for r in back.regions.values()] == [12, 12, 0] and not other.class_by_id(0).is_thing


def test_every_shape_that_covers_an_area(tmp_path):
    write(tmp_path, [
        shape("box", "rectangle", [[30, 20], [35, 5]]), shape("Round", "circle", [[10, 10], [10, 14]]),
        shape("star", "polygon", [[20, 20], [26, 20], [26, 26], [20, 26]], group_id=4),
        shape("star", "polygon", [[1, 25], [4, 25], [4, 28], [1, 28]], group_id=4),
        shape("spot", "mask", [[36, 1], [38, 3]], mask=png(np.eye(3))), shape("round", "point", [[3, 3]]),
        shape("path", "linestrip", [[1, 1], [9, 9], [9, 1]]), shape("__ignore__", "rectangle", [[30, 5], [35, 6]])])
    project, report = load(tmp_path)
    annotation = project.read_annotation(project.images[0])
    name_of = {c.id: c.name for c in project.classes}
    names = np.array([name_of.get(k, "") for k in range(256)])[annotation.class_map()]
    counts = dict(zip(*np.unique(names, return_counts=True), strict=True))
    assert counts["box"] == 70 and counts["star"] == 36 + 9 and counts["spot"] == 3
    assert counts["Round"] == sum((x + .5 - 10) ** 2 + (y + .5 - 10) ** 2 <= 16 for x in range(40) for y in range(30))
    assert len(annotation.regions) == 4 and (names[20, 20], names[26, 2], names[2, 37]) == ("star", "star", "spot")
    text = "\n".join(report.warnings)
    assert "“point” covers no area" in text and "“linestrip” covers no area" in text


@pytest.mark.parametrize("bad", [
    shape("x", "polygon", [[1, 2], [3]]), shape("x", "polygon", "zzz"), 7, shape("x", "circle", [[0, 0], [1, 1], [2, 2]]),
    shape("x", "polygon", [[0, 0], [float("nan"), 1], [4, 4]]), shape("x", "polygon", [[100, 100], [120, 100], [120, 120]]),
    shape("x", "polygon", [[0, 0], [1e300, 1], [4, 4]]), shape("x", "rectangle", [[0, 0]]), shape("", "polygon", [[0, 0]] * 3),
    shape("x", "mask", [[0, 0], [3, 3]], mask="@@"), shape("x", "mask", [[0, 0], [3, 3]], mask=png(np.ones((31, 5)))),
    shape("x", "mask", [[90, 0], [93, 3]], mask=png(np.ones((3, 3)))),
    shape("x", "mask", [[0, 0], [3, 3]], mask=png(np.ones((3, 3)))[:50])])
def test_bad_shapes_are_left_out_and_reported(tmp_path, bad):
    write(tmp_path, [shape("good", "rectangle", [[1, 1], [5, 5]]), bad])
    project, report = load(tmp_path)
    assert report.converted == 1 and report.regions == 1 and any("Shape 2" in w for w in report.warnings), report


def test_bad_files_are_skipped_with_reasons(tmp_path):
    write(tmp_path, [shape("good", "rectangle", [[1, 1], [5, 5]])])
    for name, content in (("broken", "{"), ("other", '{"a": 1}'), ("deep", "[" * 100_000), ("empty", '{"shapes": []}'),
                          ("size", '{"shapes": [], "imageHeight": 3, "imageWidth": 4}')):
        photo(tmp_path / f"{name}.jpg")
        (tmp_path / f"{name}.json").write_text(content)
    (tmp_path / "nowhere.json").write_text('{"shapes": [], "imagePath": "../../etc/passwd"}')
    for name, path in (("long", "x" * 5000), ("half", "\\ud800"), ("zero", "a\\u0000b"), ("dots", "../..")):
        (tmp_path / f"{name}.json").write_text(f'{{"shapes": [], "imagePath": "{path}"}}')
    project, report = load(tmp_path)
    assert report.read == 11 and report.converted == 1 and len(report.skipped) == 10
    reasons = dict(report.skipped)
    assert "no JSON" in reasons["broken"] and "no shapes" in reasons["other"] and "4×3" in reasons["size"]
    assert "no image" in reasons["nowhere"] and "no shape" in reasons["empty"]


def test_no_files_is_a_sentence(tmp_path):
    with pytest.raises(FormatError, match="no labelme files"):
        load(tmp_path)
