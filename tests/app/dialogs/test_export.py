"""Export and import: the preview tells the truth, the report adds up, stopping leaves nothing."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.dialogs.export_preview import look
from app.dialogs.report import balance
from segcore.formats import FORMATS, Report
from segcore.types import Annotation, Region


@pytest.fixture
def dialog(opened, paint):
    paint()
    return opened.dialogs.show("export")


def test_export_writes_what_the_preview_shows(opened, dialog, qtbot, tmp_path):
    qtbot.waitUntil(lambda: dialog.preview.picture._image is not None, timeout=10_000)
    shown = dialog.preview.picture._image
    dialog.folder.line.setText(str(tmp_path / "out"))
    dialog._go.click()
    qtbot.waitUntil(lambda: (tmp_path / "out").is_dir(), timeout=20_000)
    written = Image.open(next((tmp_path / "out" / "SegmentationClass").glob("*.png"))).convert("RGB")
    assert written.size == (shown.width(), shown.height())
    for x, y in ((0, 0), (3, 2), (11, 8), (12, 8), (40, 40)):
        assert written.getpixel((x, y)) == shown.pixelColor(x, y).getRgb()[:3]
    qtbot.waitUntil(lambda: opened.dialogs.current is not None and opened.dialogs.current.windowTitle() == "Exported")


def test_a_label_that_is_not_saved_yet_counts(opened, dialog):
    assert opened.workspace.autosave.pending
    assert dialog._counts.text().startswith("1 of 4 images have labels")


def test_changing_an_option_changes_the_preview(dialog, qtbot):
    qtbot.waitUntil(lambda: dialog.preview.picture._image is not None, timeout=10_000)
    before = dialog.preview.picture._image.pixelColor(40, 40)
    dialog._form.controls["unlabelled"].set_value("void")
    dialog._form.changed.emit("unlabelled", "void")
    qtbot.waitUntil(lambda: dialog.preview.picture._image.pixelColor(40, 40) != before, timeout=10_000)


def test_options_are_remembered(opened, dialog, qtbot, tmp_path):
    dialog._form.controls["border"].set_value(3)
    dialog.folder.line.setText(str(tmp_path / "out"))
    dialog._go.click()
    qtbot.waitUntil(lambda: (tmp_path / "out").is_dir(), timeout=20_000)
    again = opened.dialogs.show("export")
    assert again._form.values()["border"] == 3
    again.reject()


def test_a_folder_that_exists_is_refused_in_the_dialog(dialog, qtbot, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("precious")
    dialog.folder.line.setText(str(tmp_path / "out"))
    dialog._go.click()
    qtbot.waitUntil(lambda: bool(dialog.problem.text()), timeout=10_000)
    assert (tmp_path / "out" / "mine.txt").read_text() == "precious"
    assert not dialog.strip.running


def test_without_a_folder_nothing_starts(dialog):
    dialog.folder.line.setText("  ")
    dialog._go.click()
    assert "where" in dialog.problem.text() and not dialog.strip.running


def test_import_of_an_export_gives_the_labels_back(opened, dialog, qtbot, tmp_path):
    wanted = opened.workspace.document.annotation.class_map(0)
    dialog.folder.line.setText(str(tmp_path / "out"))
    dialog._go.click()
    qtbot.waitUntil(lambda: (tmp_path / "out").is_dir() and not dialog.strip.running, timeout=20_000)
    opened.dialogs.current.reject()
    opened.run("delete_region")
    imported = opened.dialogs.show("import_labels")
    imported.folder.line.setText(str(tmp_path / "out"))
    imported._form.controls["existing"].set_value("replace")
    imported._import()
    qtbot.waitUntil(lambda: opened.dialogs.current is not None and opened.dialogs.current.windowTitle() == "Imported",
                    timeout=20_000)
    qtbot.waitUntil(lambda: opened.workspace.document is not None)
    assert np.array_equal(opened.workspace.document.annotation.class_map(0), wanted)


def test_import_of_a_wrong_folder_is_one_sentence(opened, qtbot, tmp_path):
    dialog = opened.dialogs.show("import_labels")
    dialog.folder.line.setText(str(tmp_path))
    dialog._import()
    qtbot.waitUntil(lambda: bool(dialog.problem.text()), timeout=10_000)
    assert "Traceback" not in dialog.problem.text()


def test_legend_shares_and_meaning(opened):
    project = opened.workspace.project
    annotation = Annotation((10, 20), {1: Region(1, 12)})
    annotation.region_map[:, :5] = 1
    found = look(FORMATS["voc"](unlabelled="void"), project, annotation)
    rows = {row.name: row.share for row in found.rows}
    assert rows == {"unlabelled → 255, void": 0.75, "dog (12) → 12": 0.25}


def test_large_images_are_previewed_small(opened):
    annotation = Annotation((3000, 4000), {})
    assert max(look(FORMATS["voc"](), opened.workspace.project, annotation).pixels.shape) <= 900


def test_report_says_that_read_is_converted_plus_skipped(opened):
    report = Report(images=2, regions=3, read=3, converted=2, skipped=[("bad.jpg", "It is damaged.")], folder=Path("."))
    assert "3 read: 2 converted, 1 left out" in balance(report)
    dialog = opened.dialogs.show("report", report=report, title="Imported")
    dialog.reject()
