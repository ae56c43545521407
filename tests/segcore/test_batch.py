"""Batches never touch hand-made regions, go on where they stopped, and report every image."""
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image as Pillow

from segcore import batch
from segcore.errors import ModelError, ProjectError
from segcore.project import Project
from segcore.refiners import REFINERS
from segcore.types import Annotation, LabelClass, Prediction, Region


@pytest.fixture
def project(tmp_path):
    (tmp_path / "photos").mkdir()
    for k in range(3):
        pixels = np.random.default_rng(k).integers(0, 256, (20, 30, 3), np.uint8)
        Pillow.fromarray(pixels).save(tmp_path / "photos" / f"{k}.png")
    project = Project.create(tmp_path / "project", images=tmp_path / "photos")
    yield project
    project.close()


@pytest.fixture
def model(monkeypatch):
    """A network that says: left half dog, right half (unknown to the project) dragon; counts its calls."""
    inference = pytest.importorskip("segcore.inference")
    calls = []

    def predict(model, pixels):
        calls.append(pixels.shape)
        prob = np.zeros((3, *pixels.shape[:2]), np.float32)
        prob[1, :, :15], prob[2, :, 15:] = 0.9, 0.9
        prob[0] = 1 - prob.sum(axis=0)
        yield from ()
        return Prediction(prob, prob.argmax(axis=0).astype(np.uint8))

    monkeypatch.setattr(inference, "predict", predict)
    classes = (LabelClass(0, "cat", (1, 1, 1)), LabelClass(1, "Dog", (2, 2, 2)), LabelClass(2, "dragon", (3, 3, 3)))
    return SimpleNamespace(card=SimpleNamespace(name="net"), classes=classes, calls=calls)


def run(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_hand_made_regions_stay_and_known_classes_are_added(project, model):
    regions = Region(4, 15), Region(5, 3, source="model:old"), Region(6, 3, locked=True, source="model:old")
    annotation = Annotation((20, 30), {r.id: r for r in regions})
    annotation.region_map[:10], annotation.region_map[10:12], annotation.region_map[12:14] = 4, 5, 6
    project.write_annotation(project.images[0], annotation)
    report = run(batch.prelabel(project, project.images, model))
    assert (report.read, report.changed, report.unchanged, report.skipped) == (3, 3, 0, [])
    assert len(report.warnings) == 1 and "dragon" in report.warnings[0]
    after = project.read_annotation(project.images[0])
    expected = np.full((20, 30), 255)
    expected[10:, :15], expected[:10], expected[12:14] = 12, 15, 3
    np.testing.assert_array_equal(after.class_map(), expected)
    assert (after.region_map[:10] == 4).all() and after.regions[4] == Region(4, 15) and after.regions[6].locked
    assert {r.source for r in after.regions.values()} == {"hand", "model:net", "model:old"}
    assert len(project.versions(project.images[0])) == 1


def test_a_stopped_run_goes_on_and_done_images_are_left_alone(project, model):
    project.update_entry("2.png", state="done")
    steps = batch.prelabel(project, project.images, model)
    next(steps), next(steps)
    steps.close()
    assert len(model.calls) == 1
    report = run(batch.prelabel(project, project.images, model))
    assert len(model.calls) == 2
    assert (report.read, report.changed, report.unchanged) == (3, 1, 1)
    assert report.skipped == [("2.png", "It is marked as done.")]
    run(batch.prelabel(project, project.images, model, again=True))
    assert len(model.calls) == 4


def test_a_threshold_leaves_the_doubtful_unlabelled(project, model):
    run(batch.prelabel(project, project.images[:1], model, threshold=0.95))
    assert not project.read_annotation(project.images[0]).region_map.any()


def test_one_bad_image_does_not_stop_the_rest(project, model, tmp_path):
    (tmp_path / "photos" / "1.png").write_bytes(b"broken")
    report = run(batch.prelabel(project, project.images, model))
    assert report.changed == 2 and [name for name, _ in report.skipped] == ["1.png"] and report.read == 3


def test_a_project_without_the_networks_classes_is_told_so(project, model):
    project.set_classes([LabelClass(0, "stone", (0, 0, 0))])
    with pytest.raises(ModelError, match="dragon"):
        run(batch.prelabel(project, project.images, model))
    added = batch.add_classes(project, model.classes)
    assert [(c.id, c.name) for c in added] == [(1, "cat"), (2, "Dog"), (3, "dragon")]
    assert batch.add_classes(project, model.classes) == []
    report = run(batch.prelabel(project, project.images, model))
    assert report.changed == 3 and project.read_annotation(project.images[0]).class_map()[0, ::29].tolist() == [2, 3]


def holed():
    annotation = Annotation((20, 30), {1: Region(1, 12), 2: Region(2, 15), 3: Region(3, 5, locked=True)})
    annotation.region_map[2:12, 2:12] = 1
    annotation.region_map[4, 4] = 0
    annotation.region_map[6, 6] = 2
    annotation.region_map[14:18, 14:18] = 3
    annotation.region_map[15, 15] = 0
    return annotation


def test_region_refiners_take_only_what_nobody_has(project):
    project.write_annotation(project.images[0], holed())
    report = run(batch.refine_stored(project, project.images, REFINERS["fill_holes"]()))
    assert (report.read, report.changed, report.pixels) == (1, 1, 1)
    after, expected = project.read_annotation(project.images[0]), holed()
    expected.region_map[4, 4] = 1
    np.testing.assert_array_equal(after.region_map, expected.region_map)
    again = run(batch.refine_stored(project, project.images, REFINERS["fill_holes"]()))
    assert (again.changed, again.unchanged) == (0, 1) and len(project.versions(project.images[0])) == 1


def test_specks_become_unlabelled(project):
    project.write_annotation(project.images[0], holed())
    run(batch.refine_stored(project, project.images, REFINERS["remove_specks"](min_area=5)))
    assert project.read_annotation(project.images[0]).region_map[6, 6] == 0


def test_joint_refiners_weigh_regions_together_and_spare_locked_ones(project):
    project.write_annotation(project.images[0], holed())
    run(batch.refine_stored(project, project.images, REFINERS["dense_crf"](w1=0, w2=10, sigma_gamma=1)))
    after = project.read_annotation(project.images[0]).region_map
    assert after[4, 4] == 1 and after[6, 6] == 1 and (after[holed().region_map == 3] == 3).all()


def test_locked_regions_gain_nothing(project):
    annotation = holed()
    height, width = annotation.shape
    annotation.region_map[:] = 1
    annotation.region_map[:, width // 2:] = 3
    annotation.region_map[height // 2, width // 2:width // 2 + 4] = 1         # a thorn that smoothing would give to region 3
    before = annotation.region_map == 3
    assert annotation.regions[3].locked
    project.write_annotation(project.images[0], annotation)
    run(batch.refine_stored(project, project.images, REFINERS["dense_crf"](w1=0, w2=30, sigma_gamma=4)))
    after = project.read_annotation(project.images[0]).region_map
    np.testing.assert_array_equal(after == 3, before)


def test_patterns(project):
    assert [e.name for e in batch.entries_matching(project, "[01].*")] == ["0.png", "1.png"]
    assert len(batch.entries_matching(project, "")) == 3
    with pytest.raises(ProjectError, match="nothing"):
        batch.entries_matching(project, "nothing*")
