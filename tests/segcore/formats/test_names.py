"""Names of exported files: safe on every system, and never two that fall together."""
from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from segcore.formats.parts.names import LONGEST, names_to_json, read_names, safe_name, stem, unique_names


@given(st.lists(st.one_of(st.text(alphabet="aAbÉé\u0301 ./\\:*?\n", max_size=6), st.text(max_size=200)), max_size=12))
def test_names_are_safe_and_apart(names):
    result = unique_names(names)
    assert len({unicodedata.normalize("NFC", n).casefold() for n in result}) == len(names)
    for name in result:
        assert name and not set(name) & set('<>:"/\\|?*\n\t ') and name[-1] not in ". " and name[0] not in ".-"
        assert name.isprintable() and len(name.encode()) <= LONGEST + 8


def test_examples():
    assert unique_names(["a", "A", "a", "é", "e\u0301"]) == ["a", "A_2", "a_3", "é", "é_2"]
    expected = {"con": "_con", "COM1.x": "_COM1.x", "": "_", "..": "_", "x.": "x", "lpt¹": "_lpt¹", "\udcff": "_"}
    assert {name: safe_name(name) for name in expected} == expected
    assert stem("sub/a.b.jpg") == "sub_a.b"


def test_the_names_file_keeps_any_name(tmp_path):
    mapping = {"a": "line\nbreak.jpg", "b": "raw\udcff.jpg", "c": "é.jpg"}
    (tmp_path / "names.json").write_bytes(names_to_json(mapping))
    assert read_names(tmp_path) == mapping and read_names(tmp_path / "nowhere") == {}
