"""The list of images: thumbnails when seen, filter, states, current row; ten thousand rows cost nothing."""
from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest

from app.jobs import Jobs
from app.thumbnails import QUEUE, Thumbnails
from segcore.project import ImageEntry


@pytest.fixture
def panel(opened):
    return opened.panel("images")


def names(panel) -> list[str]:
    return [panel.model.index(row).data() for row in range(panel.model.rowCount())]


def test_lists_the_project_and_follows_the_document(opened, panel, qtbot):
    assert names(panel) == [f"photo {n}.png" for n in range(4)]
    assert panel.view.currentIndex().row() == 0
    opened.workspace.go_to(2)
    qtbot.waitUntil(lambda: opened.workspace.document is not None and panel.view.currentIndex().row() == 2)


def test_a_click_opens_the_image(opened, panel, qtbot):
    place = panel.view.visualRect(panel.model.index(1)).center()
    QTest.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened.workspace.index == 1


def test_filter_by_words_and_by_state(opened, panel):
    panel.search.setText("PHOTO 2")
    panel.apply_filter()
    assert names(panel) == ["photo 2.png"]
    panel.search.setText("")
    opened.workspace.set_state("photo 3.png", "flagged")
    panel.states.setCurrentIndex(panel.states.findData("flagged"))
    assert names(panel) == ["photo 3.png"]
    assert panel.model.place(0) == 3
    assert "1 shown" in panel.counter.text()


def test_a_row_hidden_by_the_filter_selects_nothing(opened, panel):
    panel.search.setText("photo 3")
    panel.apply_filter()
    assert not panel.view.selectionModel().hasSelection()


def test_states_are_words_too_and_counted(opened, panel, paint):
    paint()
    opened.workspace.set_state("photo 1.png", "done")
    index = panel.model.index(1)
    assert "done" in index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert panel.counter.text() == "2 of 4 labelled, 1 done"


def test_thumbnails_arrive(panel, qtbot):
    qtbot.waitUntil(lambda: "photo 0.png" in panel.thumbnails._pictures, timeout=10_000)
    assert not panel.thumbnails.get("photo 0.png", panel.workspace.project.image_path(panel.model.entry(0))).isNull()


def test_odd_file_names_are_one_printable_line(panel, opened):
    opened.workspace.project.images[0] = ImageEntry("new\nline \udcff.png", "x.png")
    panel.model.read_names()
    panel.apply_filter()
    text = panel.model.index(0).data()
    assert "\n" not in text and text.encode("utf-8")


def test_ten_thousand_rows_touch_neither_disk_nor_thumbnails(opened, panel, monkeypatch):
    project = opened.workspace.project
    asked: list[str] = []
    project.images[:] = [ImageEntry(f"frame {n:05}.jpg", f"frame {n:05}.jpg") for n in range(10_000)]
    monkeypatch.setattr(type(project), "image_path", lambda self, entry: asked.append(entry.name))
    monkeypatch.setattr(type(project), "has_annotation", lambda self, entry: pytest.fail("asked for a file per row"))
    monkeypatch.setattr(panel.thumbnails, "get", lambda name, path: None)
    panel.model.read_names()
    panel.apply_filter()
    panel.view.repaint()
    assert panel.model.rowCount() == 10_000
    assert len(asked) < 100
    panel.search.setText("frame 0999")
    panel.apply_filter()
    assert panel.model.rowCount() == 11    # 00999 and 09990 to 09999


def test_arrow_keys_open_images(opened, panel):
    panel.view.setFocus()
    QTest.keyClick(panel.view, Qt.Key.Key_Down)
    assert opened.workspace.index == 1
    QTest.keyClick(panel.view, Qt.Key.Key_End)
    assert opened.workspace.index == 3


def test_letters_do_not_search_the_list(opened, panel):
    before = panel.view.currentIndex().row()
    panel.view.keyboardSearch("photo 3")
    assert panel.view.currentIndex().row() == before


# the cache of thumbnails


class Later(Jobs):
    """Runs nothing; keeps what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[SimpleNamespace] = []

    def call(self, title, function, **options):
        self.asked.append(SimpleNamespace(function=function, **options))


def test_the_newest_wish_is_read_first_and_old_wishes_are_dropped(qapp, tmp_path):
    jobs = Later()
    cache = Thumbnails(jobs, 40)
    for number in range(QUEUE + 20):
        assert cache.get(str(number), tmp_path / str(number)) is None
    assert len(jobs.asked) == 1
    arrived: list[str] = []
    cache.ready.connect(arrived.append)
    for _ in range(QUEUE + 20):
        if len(jobs.asked) > len(arrived):
            jobs.asked[len(arrived)].on_done(None)
    assert arrived[0] == "0" and arrived[1] == str(QUEUE + 19)
    assert len(arrived) <= QUEUE + 1


def test_the_cache_keeps_to_its_bytes(qapp, tmp_path):
    cache = Thumbnails(Later(), 40, limit_bytes=20_000)
    for number in range(30):
        cache._keep(str(number), QPixmap(20, 20))
    assert cache.nbytes <= 20_000
    assert cache.get("29", tmp_path) is not None
    assert cache.get("0", tmp_path) is None


def test_what_arrives_after_clear_is_dropped(qapp, tmp_path):
    jobs = Later()
    cache = Thumbnails(jobs, 40)
    cache.get("a", tmp_path)
    cache.clear()
    jobs.asked[0].on_done(None)
    assert not cache._pictures


def test_an_unreadable_photo_is_tried_once(qapp, tmp_path):
    jobs = Later()
    cache = Thumbnails(jobs, 40)
    cache.get("a", tmp_path)
    jobs.asked[0].on_error(ValueError())
    assert cache.get("a", tmp_path).isNull()
    assert len(jobs.asked) == 1
