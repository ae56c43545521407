"""How errors are worded for the user, and the log that keeps what the wording leaves out."""
from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from segcore.errors import SegcoreError

LOGGER = logging.getLogger("segdesk")
LOG_BYTES, LOG_FILES = 1 << 20, 3


def log_file() -> Path:
    """Where the log is: segdesk.log in the user's own state folder."""
    import platformdirs
    return Path(platformdirs.user_state_dir("segdesk", appauthor=False)) / "segdesk.log"


def start_log() -> None:
    """Write warnings and errors to the log file from now on, at most a few megabytes; without a writable folder, to stderr."""
    from logging.handlers import RotatingFileHandler
    handler: logging.Handler
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(log_file(), maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True)
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for old in LOGGER.handlers[:]:
        LOGGER.removeHandler(old)
        old.close()
    LOGGER.addHandler(handler)
    LOGGER.propagate = False


def describe(error: BaseException) -> str:
    """The sentence to show for an error; an unexpected one goes to the log, and its sentence says where that is."""
    if isinstance(error, SegcoreError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. Close other programs or use a smaller image."
    LOGGER.error("%s", type(error).__name__, exc_info=(type(error), error, error.__traceback__))
    if isinstance(error, OSError) and error.strerror:
        name = f" ({_printable(error.filename)})" if error.filename else ""
        return f"{error.strerror}{name}. Details are in {log_file()}."
    return f"Something went wrong inside the program ({type(error).__name__}); your work is safe. Details are in {log_file()}."


def catch_unexpected(show: Callable[[str], None]) -> None:
    """Show what nobody caught as one sentence instead of ending the program; Ctrl+C still ends it."""
    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        show(describe(error.with_traceback(trace)))
    sys.excepthook = hook


def _printable(name: object) -> str:
    return str(name).encode("utf-8", "backslashreplace").decode()
