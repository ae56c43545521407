"""The class sets against published tables, and class files good and bad."""
from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image as Pil

from segcore.classes import CLASS_SETS, check_classes, class_from_json, class_to_json, load_classes, voc_palette
from segcore.errors import ProjectError
from segcore.types import LabelClass

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"


def test_the_palette_is_that_of_the_voc_devkit() -> None:
    palette = voc_palette().tolist()
    known = {
        0: (0, 0, 0),
        1: (128, 0, 0),
        2: (0, 128, 0),
        3: (128, 128, 0),
        7: (128, 128, 128),
        8: (64, 0, 0),
        15: (192, 128, 128),
        20: (0, 64, 128),
        21: (128, 64, 128),
        64: (32, 0, 0),
        254: (96, 224, 192),
        255: (224, 224, 192),
    }
    assert {i: tuple(palette[i]) for i in known} == known
    assert len({tuple(color) for color in palette}) == 256


@pytest.mark.data
def test_the_palette_is_that_of_real_voc_masks() -> None:
    masks = sorted((DATA / "voc" / "SegmentationClass").glob("*.png"))[:3]
    if not masks:
        pytest.skip("the shared VOC data is not there")
    for mask in masks:
        stored = Pil.open(mask).getpalette()
        assert stored is not None
        used = voc_palette().reshape(-1).tolist()[:len(stored)]
        assert stored[:63] == used[:63] and stored[-3:] == used[-3:]


def test_the_sets_have_their_official_sizes_names_and_colours() -> None:
    assert {name: len(classes) for name, classes in CLASS_SETS.items()} == {
        "voc": 21,
        "camvid": 11,
        "cityscapes": 19,
        "empty": 0,
    }
    for classes in CLASS_SETS.values():
        assert [c.id for c in check_classes(classes)] == list(range(len(classes)))
        assert len({c.color for c in classes}) == len(classes)
    voc, camvid, city = (CLASS_SETS[name] for name in ("voc", "camvid", "cityscapes"))
    assert (voc[0].name, voc[15].name, voc[20].name) == ("background", "person", "tvmonitor")
    assert [c.name for c in camvid][:4] == ["sky", "building", "pole", "road"] and camvid[8].color == (64, 0, 128)
    assert city[11] == LabelClass(11, "person", (220, 20, 60), True) and city[0] == LabelClass(0, "road", (128, 64, 128), False)
    assert [c.is_thing for c in voc] == [False] + [True] * 20 and [c.name for c in city if c.is_thing][0] == "person"
    assert sum(c.is_thing for c in city) == 8


def test_a_class_survives_json() -> None:
    for c in CLASS_SETS["cityscapes"]:
        assert class_from_json(json.loads(json.dumps(class_to_json(c))), 0) == c


def test_classes_from_files(tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_text("\ufeffbackground\n# a comment\n\ncat\n dog \n", "utf-8")
    assert [(c.id, c.name, c.is_thing) for c in load_classes(path)] == [
        (0, "background", False),
        (1, "cat", True),
        (2, "dog", True),
    ]
    assert load_classes(path)[1].color == (128, 0, 0)
    path.write_text('{"classes": ["road", {"name": "tree", "id": 7, "color": [1, 2, 3], "is_thing": false}]}')
    assert load_classes(path)[1] == LabelClass(7, "tree", (1, 2, 3), False)
    path.write_text('[{"name": "tree", "color": "#0a0B0c"}, {"name": "sky", "color": "#zzzzzz"}]')
    assert [c.color for c in load_classes(path)] == [(10, 11, 12), (128, 0, 0)]
    assert load_classes("voc") == CLASS_SETS["voc"] and load_classes("voc") is not CLASS_SETS["voc"]


@pytest.mark.parametrize(
    "content",
    [
        b"a\nA\n",
        b"[1, 2]",
        b'["a", "a"]',
        b'[{"name": "a", "id": 255}]',
        b'[{"name": "a", "id": -1}]',
        b'[{"name": "a", "id": true}]',
        b'[{"id": 1}]',
        b'{"x": 1}',
        b"[" * 100000,
        b"[1,",
        b"\xff\xfea",
        b'[{"name": "a", "id": 1}, {"name": "b", "id": 1}]',
        b'[" "]',
        b"\n".join(b"c%d" % i for i in range(256)),
    ],
    ids=range(14),
)
def test_bad_class_files_are_one_plain_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(ProjectError):
        load_classes(tmp_path / "bad")


def test_an_unknown_set_names_the_known_ones() -> None:
    for source in ("coco", os.fsdecode(b"\xff"), "a\0b"):
        with pytest.raises(ProjectError, match="voc, camvid, cityscapes"):
            load_classes(source)
