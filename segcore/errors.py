"""Errors that are the user's to read: the message says what happened, the hint says what to do about it."""
from __future__ import annotations


class SegcoreError(Exception):
    """Base of every error that segcore raises on purpose.

    `message` is one plain sentence for the user; `hint` (may be empty) says what they can do.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[type[SegcoreError], tuple[str, str]]:
        # The default would drop the hint on its way out of the worker process.
        return type(self), (self.message, self.hint)


class ImageError(SegcoreError):
    """An image cannot be read: unreadable, truncated, too large, or of a format we do not know."""


class StorageError(SegcoreError):
    """A file or folder cannot be written: full disk, missing rights, vanished drive."""


class ProjectError(SegcoreError):
    """A project or one of its annotations cannot be opened or is not what it claims to be."""


class FormatError(SegcoreError):
    """A data set cannot be exported or imported."""


class PromptError(SegcoreError):
    """A prompt, probability map or parameter is not usable."""


class ModelError(SegcoreError):
    """A network cannot be built, loaded or run."""
