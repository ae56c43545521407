"""What users read of errors, and what the log keeps."""
from __future__ import annotations

import errno
import sys

from app import messages
from segcore.errors import StorageError


def test_our_own_errors_are_shown_in_their_own_words():
    assert messages.describe(StorageError("The disk is full.", "Free some space.")) == "The disk is full. Free some space."


def test_an_unexpected_error_is_one_sentence_and_its_details_are_in_the_log():
    messages.start_log()
    try:
        raise KeyError("inner detail")
    except KeyError as error:
        text = messages.describe(error)
    assert "KeyError" in text and str(messages.log_file()) in text and "inner detail" not in text and "\n" not in text
    log = messages.log_file().read_text()
    assert "inner detail" in log and "Traceback" in log


def test_errors_of_the_system_name_the_file_even_when_its_name_is_not_text():
    text = messages.describe(OSError(errno.EACCES, "Permission denied", "bad \udcff.png"))
    assert "Permission denied" in text and text.encode()


def test_a_state_folder_that_cannot_be_made_does_not_stop_the_program(monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setattr(messages, "log_file", lambda: blocked / "segdesk.log")
    messages.start_log()
    assert messages.describe(ValueError("x"))


def test_what_nobody_catches_is_shown(monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    shown: list[str] = []
    messages.catch_unexpected(shown.append)
    error = ValueError("x")
    sys.excepthook(ValueError, error, None)
    assert len(shown) == 1 and "ValueError" in shown[0]
