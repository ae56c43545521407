"""VOC out and in: exact indices, honest reports, refusals before writing, and other people's trees."""
from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as Pillow

from segcore.classes import CLASS_SETS, voc_palette
from segcore.errors import FormatError, StorageError
from segcore.formats import FORMATS
from segcore.project import Project
from segcore.types import Annotation, LabelClass, Region

Voc = FORMATS["voc"]


def run(steps):
    """Exhaust a generator; its return value and what it yielded."""
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return end.value, seen


def save_photo(path: Path, width=40, height=30, seed=0, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Pillow.fromarray(pixels).save(path, **options)
    return path


def save_palette(path: Path, mask) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Pillow.fromarray(np.asarray(mask, np.uint8), "P")
    image.putpalette(voc_palette().tobytes())
    image.save(path)


def indices(path: Path):
    with Pillow.open(path) as image:
        assert image.mode == "P" and image.getpalette() == voc_palette().ravel().tolist()
        return np.array(image)


def region_annotation(region_map, classes: dict[int, int]) -> Annotation:
    region_map = np.asarray(region_map, np.uint16)
    annotation = Annotation(region_map.shape, {k: Region(k, c) for k, c in classes.items()})
    annotation.region_map[:] = region_map
    return annotation


def two_objects() -> Annotation:
    region_map = np.zeros((30, 40), int)
    region_map[5:15, 5:20], region_map[10:25, 20:40], region_map[0, 0] = 3, 7, 9
    return region_annotation(region_map, {3: 12, 7: 15, 9: 255, 11: 8})


@pytest.fixture
def project(tmp_path):
    project = Project.create(tmp_path / "project", images=[save_photo(tmp_path / "photos" / "a.jpg")])
    project.write_annotation(project.images[0], two_objects())
    yield project
    project.close()


def test_files_of_an_export(project, tmp_path):
    report, seen = run(Voc().export(project, tmp_path / "out"))
    out = tmp_path / "out"
    classes, objects = indices(out / "SegmentationClass" / "a.png"), indices(out / "SegmentationObject" / "a.png")
    expected = np.zeros((30, 40), int)
    expected[5:15, 5:20], expected[10:25, 20:40], expected[0, 0] = 12, 15, 255
    np.testing.assert_array_equal(classes, expected)
    np.testing.assert_array_equal(objects, np.select([expected == 12, expected == 15, expected == 255], [1, 2, 255]))
    assert (out / "JPEGImages" / "a.jpg").read_bytes() == (tmp_path / "photos" / "a.jpg").read_bytes()
    root = ElementTree.parse(out / "Annotations" / "a.xml").getroot()
    assert [root.findtext(f"size/{k}") for k in ("width", "height", "depth")] == ["40", "30", "3"]
    tags = ("name", "bndbox/xmin", "bndbox/ymin", "bndbox/xmax", "bndbox/ymax", "truncated")
    boxes = [[item.findtext(tag) for tag in tags] for item in root.iterfind("object")]
    assert boxes == [["dog", "6", "6", "20", "15", "0"], ["person", "21", "11", "40", "25", "1"]]
    assert (out / "labels.txt").read_text().splitlines() == [c.name for c in CLASS_SETS["voc"]]
    assert json.loads((out / "names.json").read_text()) == {"a": "a.jpg"}
    assert sorted(p.name for p in (out / "ImageSets" / "Segmentation").iterdir()) == ["train.txt", "trainval.txt", "val.txt"]
    assert (report.read, report.converted, report.images, report.regions, report.skipped) == (1, 1, 1, 2, [])
    assert report.pixels_per_class == {"background": 1200 - 150 - 300 - 1, "dog": 150, "person": 300, "void": 1}
    assert seen and not (tmp_path / "out.partial").exists()


@pytest.mark.parametrize(("choice", "painted", "expected"), [("auto", False, 0), ("auto", True, 255), ("background", True, 0),
                                                              ("void", False, 255)])
def test_what_unlabelled_becomes(project, choice, painted, expected):
    annotation = two_objects()
    if painted:
        annotation.regions[20] = Region(20, 0)
        annotation.region_map[29, :] = 20
    colors = Voc(unlabelled=choice).preview(project, annotation)
    np.testing.assert_array_equal(colors[0, 5], voc_palette()[expected])
    np.testing.assert_array_equal(colors[8, 8], voc_palette()[12])
    np.testing.assert_array_equal(colors[29, 0], voc_palette()[0 if painted else expected])


def test_class_sets_without_background_have_no_zero_by_accident(tmp_path):
    project = Project.create(tmp_path / "p", images=[save_photo(tmp_path / "a.jpg")], classes="camvid")
    np.testing.assert_array_equal(Voc().preview(project, Annotation((30, 40)))[0, 0], voc_palette()[255])


def test_preview_is_what_is_written(project, tmp_path):
    voc = Voc(border=2)
    colors = voc.preview(project, project.read_annotation(project.images[0]))
    run(voc.export(project, tmp_path / "out"))
    np.testing.assert_array_equal(voc_palette()[indices(tmp_path / "out" / "SegmentationClass" / "a.png")], colors)


def test_void_border_has_its_width(project):
    mask = np.zeros((30, 40), int)
    mask[:, 20:] = 1
    annotation = region_annotation(mask, {1: 12})
    row = Voc(border=3).preview(project, annotation)[15]
    void = (row == voc_palette()[255]).all(axis=1)
    assert np.flatnonzero(void).tolist() == list(range(17, 23))


pairs = arrays(np.uint8, (7, 9), elements=st.sampled_from([0, 1, 2, 12, 20, 255]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(classes=pairs, objects=arrays(np.uint8, (7, 9), elements=st.integers(1, 4)), with_objects=st.booleans())
def test_masks_come_back_exactly(tmp_path_factory, classes, objects, with_objects):
    """In and out again by default: the class mask always, the object mask when it counts 1, 2, 3 … as VOC's do."""
    tmp_path = tmp_path_factory.mktemp("voc")
    tree = tmp_path / "tree"
    save_photo(tree / "JPEGImages" / "x.jpg", 9, 7)
    save_palette(tree / "SegmentationClass" / "x.png", classes)
    if with_objects:
        thing = (classes != 0) & (classes != 255)
        present, numbers = np.unique(classes.astype(int) * 10 + objects, return_inverse=True)
        ranks = np.unique(numbers.reshape(classes.shape)[thing], return_inverse=True)[1]
        objects = np.where(classes == 255, 255, 0)
        objects[thing] = ranks + 1
        save_palette(tree / "SegmentationObject" / "x.png", objects)
    project = Project.create(tmp_path / "project")
    report, _ = run(Voc().load(tree, project))
    assert report.converted == 1, report.skipped
    run(Voc().export(project, tmp_path / "out"))
    project.close()
    np.testing.assert_array_equal(indices(tmp_path / "out" / "SegmentationClass" / "x.png"), classes)
    if with_objects:
        np.testing.assert_array_equal(indices(tmp_path / "out" / "SegmentationObject" / "x.png"), objects)


def test_export_import_export_is_the_same(project, tmp_path):
    run(Voc().export(project, tmp_path / "one"))
    other = Project.create(tmp_path / "other", classes="empty")
    report, _ = run(Voc().load(tmp_path / "one", other))
    assert report.converted == report.read == 1 and [c.name for c in other.classes] == [c.name for c in CLASS_SETS["voc"]]
    run(Voc().export(other, tmp_path / "two"))
    for kind in ("SegmentationClass/a.png", "SegmentationObject/a.png", "JPEGImages/a.jpg", "Annotations/a.xml", "labels.txt",
                 "ImageSets/Segmentation/train.txt"):
        assert (tmp_path / "one" / kind).read_bytes() == (tmp_path / "two" / kind).read_bytes(), kind


def test_splits_are_kept_or_seeded(tmp_path):
    photos = [save_photo(tmp_path / "photos" / f"{k:02}.jpg", 8, 8) for k in range(20)]
    project = Project.create(tmp_path / "project", images=photos)
    for entry in list(project.images):
        project.write_annotation(entry, region_annotation(np.ones((8, 8)), {1: 1}))
    for k, split in ((0, "test"), (1, "val"), (2, "train")):
        project.update_entry(f"{k:02}.jpg", split=split)
    def lists(name, **options):
        run(Voc(**options).export(project, tmp_path / name))
        return {p.stem: p.read_text().split() for p in (tmp_path / name / "ImageSets" / "Segmentation").iterdir()}
    kept = lists("kept", val_share=0.25)
    assert kept["test"] == ["00"] and "01" in kept["val"] and "02" in kept["train"]
    assert len(kept["val"]) == 1 + round(17 * 0.25) and kept["trainval"] == sorted(kept["train"] + kept["val"])
    assert lists("again", val_share=0.25) == kept != lists("other", val_share=0.25, seed=1)
    assert "test" not in lists("random", split="random")
    back = Project.create(tmp_path / "back")
    run(Voc().load(tmp_path / "kept", back))
    assert {e.name[:2]: e.split for e in back.images} == {n: s for s in ("train", "val", "test") for n in kept[s]}
    back.close()
    assert Project.open(tmp_path / "back", read_only=True).entry("00.jpg").split == "test"


def test_names_that_would_collide_or_be_refused(tmp_path):
    names = ["x/1.jpg", "y/1.jpg", "y/1.png", "y/1.JPEG", "a b.jpg", "line\nbreak.jpg", "CON.jpg", "\u00e9.jpg", "e\u0301.jpg",
             "tail..jpg", "q?.jpg", "-dash.jpg"]
    photos = [save_photo(tmp_path / "photos" / n, 8, 8, seed=k, format="PNG" if n.endswith("png") else "JPEG")
              for k, n in enumerate(names)]
    project = Project.create(tmp_path / "project", images=photos)
    for k, entry in enumerate(list(project.images)):
        project.write_annotation(entry, region_annotation(np.ones((8, 8)), {1: k + 1}))
    report, _ = run(Voc().export(project, tmp_path / "out"))
    assert report.converted == len(names)
    files = [p.name for p in (tmp_path / "out" / "SegmentationClass").iterdir()]
    assert len({f.casefold() for f in files}) == len(names)
    assert not any(set(f) & set(' \n?:*"<>|') or f.upper().startswith("CON.") or f.startswith("-") for f in files)
    mapping = json.loads((tmp_path / "out" / "names.json").read_text())
    assert sorted(mapping.values()) == sorted(e.name for e in project.images)
    for entry in list(project.images):
        project.write_annotation(entry, Annotation((8, 8)))
    report, _ = run(Voc(existing="replace").load(tmp_path / "out", project))
    assert report.converted == len(names) == len(project.images)
    for k, entry in enumerate(project.images):
        assert project.read_annotation(entry).class_map()[0, 0] == k + 1, entry.name


def test_photos_that_are_no_upright_jpeg_are_encoded(tmp_path):
    exif = Pillow.Exif()
    exif[0x0112] = 6
    turned = save_photo(tmp_path / "photos" / "turned.jpg", 40, 30, exif=exif)
    png = save_photo(tmp_path / "photos" / "drawn.png", 40, 30)
    project = Project.create(tmp_path / "project", images=[turned, png])
    project.write_annotation(project.entry("turned.jpg"), region_annotation(np.ones((40, 30)), {1: 1}))
    project.write_annotation(project.entry("drawn.png"), region_annotation(np.ones((30, 40)), {1: 1}))
    report, _ = run(Voc().export(project, tmp_path / "out"))
    assert report.converted == 2
    with Pillow.open(tmp_path / "out" / "JPEGImages" / "turned.jpg") as image:
        assert image.size == (30, 40) and image.getexif().get(0x0112, 1) == 1
    with Pillow.open(tmp_path / "out" / "JPEGImages" / "drawn.jpg") as image:
        assert image.format == "JPEG" and image.size == (40, 30)
        original = Pillow.open(png).convert("RGB").reduce(4)
        assert np.abs(np.array(image.reduce(4)).astype(int) - np.array(original)).mean() < 8


def test_refusals_come_before_anything_is_written(project, tmp_path):
    entry, out = project.images[0], tmp_path / "out"
    def refused(match):
        with pytest.raises(FormatError, match=match) as caught:
            run(Voc().export(project, out))
        assert not out.exists() and not (tmp_path / "out.partial").exists() and "\n" not in str(caught.value)
    many = np.arange(1200).reshape(30, 40).clip(0, 255)
    project.write_annotation(entry, region_annotation(many, dict.fromkeys(range(1, 256), 1)))
    refused("255 objects")
    project.write_annotation(entry, region_annotation(np.ones((30, 40)), {1: 77}))
    refused("class number 77")
    project.classes.append(LabelClass(300, "far", (0, 0, 0)))
    refused("number 300")
    project.classes.pop()
    project.remove_image(entry.name)
    refused("No image of the project is labelled")


def test_254_objects_fit_and_empty_regions_do_not_count(project, tmp_path):
    region_map = np.arange(1200).reshape(30, 40)
    region_map[region_map > 254] = 0
    project.write_annotation(project.images[0], region_annotation(region_map, {k: 1 + k % 20 for k in range(1, 400)}))
    report, _ = run(Voc().export(project, tmp_path / "out"))
    assert report.regions == 254 and indices(tmp_path / "out" / "SegmentationObject" / "a.png").max() == 254


def test_stopping_leaves_nothing(project, tmp_path):
    steps = Voc().export(project, tmp_path / "out")
    next(steps)
    assert (tmp_path / "out.partial").exists()
    steps.close()
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.partial").exists()


def test_a_full_folder_is_not_touched(project, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(StorageError):
        run(Voc().export(project, tmp_path / "out"))
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_what_cannot_be_exported_is_reported_and_the_rest_goes_on(project, tmp_path):
    for name in ("gone.jpg", "size.jpg", "damaged.jpg"):
        entry, = project.add_images([save_photo(tmp_path / "photos" / name)])
        project.write_annotation(entry, two_objects())
    (tmp_path / "photos" / "gone.jpg").unlink()
    save_photo(tmp_path / "photos" / "size.jpg", 20, 20)
    project.annotation_path(project.entry("damaged.jpg")).write_bytes(b"not a png")
    report, _ = run(Voc().export(project, tmp_path / "out"))
    assert report.read == 4 == report.converted + len(report.skipped) and report.converted == 1
    assert [name for name, _ in report.skipped] == ["gone.jpg", "size.jpg", "damaged.jpg"]
    assert all(reason.endswith(".") for _, reason in report.skipped)
    assert [p.stem for p in (tmp_path / "out" / "JPEGImages").iterdir()] == ["a"]


def broken_tree(root: Path) -> None:
    good = np.zeros((30, 40))
    good[5:10] = 12
    for k, name in enumerate(("good", "no_mask", "size", "jpeg", "class", "xml", "rgb", "truncated", "empty")):
        save_photo(root / "JPEGImages" / f"{name}.jpg", seed=k)
        if name != "no_mask":
            save_palette(root / "SegmentationClass" / f"{name}.png", good)
    masks = root / "SegmentationClass"
    save_palette(masks / "no_image.png", good)
    save_palette(masks / "size.png", good[:-1])
    save_palette(masks / "class.png", good + 40)
    Pillow.fromarray(good.astype(np.uint8)).save(masks / "jpeg.png", format="JPEG")
    rgb = voc_palette()[good.astype(int)]
    rgb[20, :7], rgb[21, :3] = (1, 2, 3), (9, 9, 9)
    Pillow.fromarray(rgb).save(masks / "rgb.png")
    (masks / "truncated.png").write_bytes((masks / "good.png").read_bytes()[:60])
    (masks / "empty.png").write_bytes(b"")
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><annotation>&c;</annotation>'
    (root / "Annotations").mkdir()
    (root / "Annotations" / "xml.xml").write_bytes(bomb)
    (root / "Annotations" / "good.xml").write_bytes(b"<annotation><size><width>7</width><height>7</height></size></annotation>")


def test_bad_items_are_skipped_with_reasons(tmp_path):
    broken_tree(tmp_path / "devkit" / "VOC2012")
    project = Project.create(tmp_path / "project")
    report, _ = run(Voc().load(tmp_path / "devkit", project))
    assert report.read == 10 == report.converted + len(report.skipped)
    reasons = dict(report.skipped)
    assert set(reasons) == {"no_mask", "no_image", "size", "jpeg", "class", "truncated", "empty"}
    for name, word in (("no_mask", "no mask"), ("no_image", "no image"), ("size", "40×29"), ("jpeg", "JPEG"),
                       ("class", "40, 52")):
        assert word in reasons[name], reasons[name]
    assert {e.name for e in project.images} == {"good.jpg", "xml.jpg", "rgb.jpg"}
    text = "\n".join(report.warnings)
    assert "10 pixels" in text and "2 unknown colours" in text and "#010203" in text and "entities" in text and "7×7" in text
    np.testing.assert_array_equal(np.unique(project.read_annotation(project.entry("rgb.jpg")).class_map()), [0, 12, 255])


def test_labels_are_kept_unless_told_otherwise(project, tmp_path):
    tree = tmp_path / "tree"
    save_palette(tree / "SegmentationClass" / "a.png", np.full((30, 40), 5))
    report, _ = run(Voc().load(tree, project))
    assert report.converted == 0 and "has labels already" in report.skipped[0][1]
    np.testing.assert_array_equal(project.read_annotation(project.images[0]).region_map, two_objects().region_map)
    report, _ = run(Voc(existing="replace").load(tree, project))
    assert report.converted == 1 and (project.read_annotation(project.images[0]).class_map() == 5).all()
    assert len(project.versions(project.images[0])) == 1


def test_parts_become_objects_when_asked(tmp_path):
    tree = tmp_path / "tree"
    mask = np.zeros((30, 40))
    mask[2:5, 2:5] = mask[10:12, 20:30] = 12
    mask[20:, :] = 255
    save_photo(tree / "JPEGImages" / "a.jpg")
    save_palette(tree / "SegmentationClass" / "a.png", mask)
    project = Project.create(tmp_path / "project")
    run(Voc(objects="parts").load(tree, project))
    annotation = project.read_annotation(project.images[0])
    assert sorted(r.class_id for r in annotation.regions.values()) == [0, 12, 12]
    np.testing.assert_array_equal(annotation.class_map(), mask)


def test_classes_are_matched_by_name(tmp_path):
    tree = tmp_path / "tree"
    save_photo(tree / "JPEGImages" / "a.jpg")
    mask = np.zeros((30, 40))
    mask[:, 10:20], mask[:, 20:30] = 1, 2
    save_palette(tree / "SegmentationClass" / "a.png", mask)
    (tree / "labels.txt").write_text("background\nwolf\nDog\n")
    project = Project.create(tmp_path / "project")
    report, _ = run(Voc().load(tree, project))
    annotation = project.read_annotation(project.images[0])
    wolf = next(c for c in project.classes if c.name == "wolf")
    assert wolf.id == 21 and annotation.class_map()[0, ::10].tolist() == [0, 21, 12, 0]
    assert any("wolf" in w for w in report.warnings) and any("2" in w and "12" in w for w in report.warnings)


def test_classes_that_find_no_free_number_are_one_sentence(tmp_path):
    tree = tmp_path / "tree"
    save_photo(tree / "JPEGImages" / "a.jpg")
    save_palette(tree / "SegmentationClass" / "a.png", np.full((30, 40), 30))
    (tree / "labels.txt").write_text("".join(f"kind {k}\n" for k in range(255)))
    project = Project.create(tmp_path / "project")
    report, _ = run(Voc().load(tree, project))
    assert [w for w in report.warnings if "free class number" in w] == [
        "There is no free class number for 21 classes, such as “kind 0”."]
    assert report.converted == 1 and len(project.classes) == 255


def test_cvat_labelmap_colours(tmp_path):
    tree = tmp_path / "tree"
    save_photo(tree / "JPEGImages" / "a.jpg")
    mask = np.zeros((30, 40, 3), np.uint8)
    mask[:, 20:] = (250, 50, 83)
    (tree / "SegmentationClass").mkdir()
    Pillow.fromarray(mask).save(tree / "SegmentationClass" / "a.png")
    (tree / "labelmap.txt").write_text("# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:250,50,83::\n")
    project = Project.create(tmp_path / "project", classes="empty")
    report, _ = run(Voc().load(tree, project))
    assert report.converted == 1 and [c.name for c in project.classes] == ["background", "cat"]
    assert project.read_annotation(project.images[0]).class_map()[0, ::20].tolist() == [0, 1]


def test_no_tree_is_a_sentence(tmp_path):
    project = Project.create(tmp_path / "project")
    with pytest.raises(FormatError, match="no VOC data set"):
        run(Voc().load(tmp_path, project))
    (tmp_path / "SegmentationClass").mkdir()
    with pytest.raises(FormatError, match="no masks"):
        run(Voc().load(tmp_path, project))


def test_real_voc_comes_back_exactly(data, tmp_path):
    masks = sorted((data / "voc" / "SegmentationClass").iterdir())[::60]
    tree = tmp_path / "tree"
    for folder in ("JPEGImages", "SegmentationClass"):
        (tree / folder).mkdir(parents=True)
    for mask in masks:
        (tree / "SegmentationClass" / mask.name).symlink_to(mask)
        (tree / "JPEGImages" / f"{mask.stem}.jpg").symlink_to(data / "voc" / "JPEGImages" / f"{mask.stem}.jpg")
    project = Project.create(tmp_path / "project")
    report, _ = run(Voc().load(tree, project))
    assert report.read == report.converted == len(masks), report.skipped
    report, _ = run(Voc().export(project, tmp_path / "out"))
    assert report.read == report.converted == len(masks)
    for mask in masks:
        with Pillow.open(mask) as image:
            np.testing.assert_array_equal(indices(tmp_path / "out" / "SegmentationClass" / mask.name), np.array(image))


def test_png_of_an_index_mask_keeps_every_index():
    from segcore.formats.parts.labels import mask_png
    mask = np.arange(256, dtype=np.uint8).reshape(16, 16)
    with Pillow.open(io.BytesIO(mask_png(mask))) as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.array(image), mask)
