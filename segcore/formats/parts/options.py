"""Options that several formats share. The metadata entry “when” says whether a form is for “export” or for “import”."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from segcore.params import param


def only(when: str, declared: Any) -> Any:
    """The same declared option, shown only in the form of an “export” or of an “import”."""
    return field(default=declared.default, metadata={**declared.metadata, "when": when})


@dataclass
class Options:
    """What every format can be told."""

    which: str = only("export", param(
        "labelled", choices=("labelled", "done"), label="Images", help="Every labelled image, or only those marked as done"))
    existing: str = only("import", param(
        "keep", choices=("keep", "replace"), label="Images that have labels",
        help="Keep their labels, or replace them; the old ones stay as earlier versions"))
    copy: bool = only("import", param(
        False, label="Copy images", help="Copy photos into the project instead of referring to them"))


@dataclass
class MaskOptions(Options):
    """What formats made of index masks can be told."""

    unlabelled: str = only("export", param(
        "auto", choices=("auto", "background", "void"), label="Unlabelled pixels become",
        help="background: 0. void: 255, which training ignores. auto: background, but void in images where background was "
             "painted and for class sets without a background"))
    objects: str = only("import", param(
        "class", choices=("class", "parts"), label="Without object masks",
        help="One region per class, or one per connected part of every class of things"))
