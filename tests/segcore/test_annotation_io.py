"""Annotation files: exact both ways, readable by others, and every damage noticed."""
from __future__ import annotations

import io
import json
import random
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pil

from segcore.annotation_io import decode_annotation, encode_annotation, peek_meta, read_meta
from segcore.errors import ProjectError
from segcore.types import Annotation, Region


def sample(shape: tuple[int, int] = (20, 30)) -> Annotation:
    annotation = Annotation(shape, {1: Region(1, 3), 700: Region(700, 15, True, "model:\N{CAT FACE}\udcff")})
    annotation.region_map[2:9, 3:7] = 1
    annotation.region_map[4:6, 1:20] = 700
    return annotation


regions = st.dictionaries(st.integers(1, 65535), st.tuples(st.integers(0, 255), st.booleans(), st.text(max_size=8)), max_size=6)


@settings(max_examples=60, deadline=None)
@given(regions, st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32), st.booleans())
def test_every_annotation_comes_back_exactly(table: dict[int, tuple[int, bool, str]], height: int, width: int, seed: int,
                                             noisy: bool) -> None:
    annotation = Annotation((height, width), {i: Region(i, *rest) for i, rest in table.items()})
    rng = np.random.default_rng(seed)
    annotation.region_map[:] = rng.integers(0, 65536, (height, width)) if noisy else rng.choice([0, *table])
    data = encode_annotation(annotation, image_sha256="f" * 64, generation=seed, saved_at=1.25)
    again, meta = decode_annotation(data)
    assert again.region_map.dtype == np.uint16 and np.array_equal(again.region_map, annotation.region_map)
    assert again.regions == annotation.regions and again.region_map.flags.writeable
    assert (meta.image_sha256, meta.generation, meta.saved_at, meta.shape) == ("f" * 64, seed, 1.25, (height, width))
    assert read_meta(data) == meta


def test_other_programs_see_the_region_numbers() -> None:
    annotation = sample()
    data = encode_annotation(annotation, generation=5)
    picture = Pil.open(io.BytesIO(data))
    assert picture.mode == "I;16" and np.array_equal(np.asarray(picture), annotation.region_map)
    assert json.loads(picture.text["segdesk"])["regions"][0] == [1, 3, 0, "hand"]
    assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), annotation.region_map)


def test_a_part_of_the_map_can_be_written() -> None:
    annotation = sample()
    annotation.region_map = annotation.region_map[::2, 1::3]
    assert np.array_equal(decode_annotation(encode_annotation(annotation))[0].region_map, annotation.region_map)


def test_the_most_regions_an_image_can_hold() -> None:
    annotation = Annotation((256, 256), {i: Region(i, i % 255) for i in range(1, 65536)})
    annotation.region_map[:] = np.arange(65536).reshape(256, 256)
    again, _ = decode_annotation(encode_annotation(annotation))
    assert again.regions == annotation.regions and np.array_equal(again.region_map, annotation.region_map)


def test_every_truncation_and_every_flipped_byte_is_noticed() -> None:
    data = encode_annotation(sample(), image_sha256="a", generation=2)
    for cut in range(len(data)):
        with pytest.raises(ProjectError):
            decode_annotation(data[:cut])
    rng = random.Random(0)
    for at in range(len(data)):
        broken = bytearray(data)
        broken[at] ^= rng.randrange(1, 256)
        with pytest.raises(ProjectError):
            decode_annotation(bytes(broken))


def rebuilt(table: object, *, header: tuple[int, ...] = (4, 3, 16, 0, 0, 0, 0), pixels: bytes = bytes(27)) -> bytes:
    """A PNG with correct checksums and whatever content."""
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    text = (
        b""
        if table is None
        else chunk(b"tEXt", b"segdesk\0" + (table if isinstance(table, bytes) else json.dumps(table).encode()))
    )
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", *header)) + text
            + (chunk(b"IDAT", zlib.compress(pixels)) if pixels else b"") + chunk(b"IEND", b""))


GOOD = {"format": 1, "generation": 3, "image_sha256": "", "saved_at": 0, "regions": [[1, 2, 0, "hand"]]}


def test_a_rebuilt_file_is_read() -> None:
    annotation, meta = decode_annotation(rebuilt(GOOD))
    assert annotation.shape == (3, 4) and meta.generation == 3


@pytest.mark.parametrize("saved_at", [float("nan"), float("inf"), -1e300, 1e300])
def test_an_impossible_time_is_an_unknown_one(saved_at: float) -> None:
    assert read_meta(rebuilt({**GOOD, "saved_at": saved_at})).saved_at == 0.0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x" * 100,
        rebuilt(None),
        rebuilt(b"{"),
        rebuilt(b"[" * 100000),
        rebuilt([]),
        rebuilt({}),
        rebuilt({**GOOD, "format": 2}),
        rebuilt({**GOOD, "regions": 3}),
        rebuilt({**GOOD, "regions": [[1, 2]]}),
        rebuilt({**GOOD, "regions": [[0, 2, 0, ""]]}),
        rebuilt({**GOOD, "regions": [[65536, 2, 0, ""]]}),
        rebuilt({**GOOD, "regions": [[1, 256, 0, ""]]}),
        rebuilt({**GOOD, "regions": [[1, 2, 0, ""], [1, 3, 0, ""]]}),
        rebuilt({**GOOD, "regions": [["1", 2, 0, ""]]}),
        rebuilt({**GOOD, "generation": "x"}),
        rebuilt({**GOOD, "generation": float("inf")}),
        rebuilt({**GOOD, "generation": float("nan")}),
        rebuilt({**GOOD, "regions": [[1, float("nan"), 0, ""]]}),
        rebuilt(GOOD, header=(4, 3, 8, 0, 0, 0, 0)),
        rebuilt(GOOD, header=(4, 3, 16, 2, 0, 0, 0)),
        rebuilt(GOOD, header=(60000, 60000, 16, 0, 0, 0, 0)),
        rebuilt(GOOD, header=(0, 3, 16, 0, 0, 0, 0)),
        rebuilt(GOOD, pixels=b""),
        rebuilt(GOOD, pixels=b"\0" * 9),
    ],
    ids=range(25),
)
def test_what_is_no_annotation_is_refused(data: bytes) -> None:
    with pytest.raises(ProjectError):
        decode_annotation(data)


def test_the_head_of_a_file_is_enough_for_its_meta() -> None:
    data = encode_annotation(sample(), generation=9, saved_at=2.0)
    meta = peek_meta(data[:500])
    assert meta is not None and meta.generation == 9 and meta.shape == (20, 30)
    assert peek_meta(data[:60]) is None and peek_meta(b"") is None
